"""Cells in rows and columns: where they stand, and how maps get into them.

What the panels of cells share: where their labels go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from numpy.lib.stride_tricks import as_strided

from reelnet.render.typography import TextStyle, body_style, shorten_text, text_style
from reelnet.runs.header import displayable_layers
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import LAYOUT_GRID, Box
from reelnet.scene.panel import Canvas
from reelnet.scene.tap_view import Cell, format_channel_numbers


@dataclass(frozen=True)
class Cells:
    """Square cells in rows and columns.

    Attributes:
        x: Column of the canvas where the first cell begins.
        y: Row of the canvas where the first cell begins.
        side: Of a cell, in pixels.
        rows: How many.
        columns: How many.
        gap_down: Pixels between two rows.
        gap_across: Pixels between two columns.
    """

    x: int
    y: int
    side: int
    rows: int
    columns: int
    gap_down: int = 0
    gap_across: int = 0

    @property
    def pitch(self) -> tuple[int, int]:
        """Pixels from one row, and from one column, to the next."""
        return self.side + self.gap_down, self.side + self.gap_across

    @property
    def whole(self) -> Box:
        """The rectangle of all cells."""
        down, across = self.pitch
        width, height = self.columns * across - self.gap_across, self.rows * down - self.gap_down
        return Box(self.x, self.y, width, height)

    def at(self, row: int, column: int) -> Box:
        """The box of one cell."""
        down, across = self.pitch
        return Box(self.x + column * across, self.y + row * down, self.side, self.side)

    def fields(self) -> list[Box]:
        """The rectangles in which cells touch each other: all of them, or each on its own."""
        if not self.gap_down and not self.gap_across:
            return [self.whole]
        return [self.at(row, column) for row in range(self.rows) for column in range(self.columns)]

    def framed(self) -> list[Box]:
        """The rectangles around which there is a hairline: the fields, or all of them where they are well apart."""
        narrow = any(0 < gap < LAYOUT_GRID for gap in (self.gap_down, self.gap_across))
        return self.fields() if narrow else [self.whole]

    def put(self, canvas: Canvas, indices: Canvas, cell: Cell) -> None:
        """Draw maps of palette indices (rows, columns, height, width) upscaled by a whole factor."""
        rows, columns, height, width = indices.shape
        above, beside = cell.center_offset(height, width)
        down, across = self.pitch
        step, pixel = canvas.strides
        # Upscale along the rows first; then each row is copied whole, which is what memory likes.
        wide = indices.transpose(0, 2, 1, 3).repeat(cell.scale, axis=3)
        corner = canvas[self.y + above :, self.x + beside :]
        self._require(canvas)
        target = as_strided(
            corner,
            (rows, height, cell.scale, columns, width * cell.scale),
            (down * step, cell.scale * step, step, across * pixel, pixel),
        )
        target[...] = wide[:, :, None]

    def _require(self, canvas: Canvas) -> None:
        # Strided views know no bounds.
        whole = self.whole
        if min(whole.x, whole.y) < 0 or whole.bottom > canvas.shape[0] or whole.right > canvas.shape[1]:
            raise AssertionError(f"cells {whole} reach over a canvas of {canvas.shape}")


INPUT_LABEL = "input"
GUTTER_GAP = 10
"""Pixels between a row's label and its cells."""


FEWEST = 4
"""Characters, the ellipsis among them, of which a shortened label must have more to tell anything."""
LEAST, SMALLEST = 0.65, 12
"""Part of the usual type, and pixels, below which labels of columns are not made smaller."""
OVERHANG = 8
"""Pixels by which a column's label may reach over the left edge of the cells."""


def gutter(context: SceneContext, *, labels: bool) -> int:
    """Pixels left of the cells for labels of rows; the same for all panels of cells, so that they line up."""
    if not labels:
        return 0
    style, longest = (
        body_style(context.theme),
        max(context.taps[name].map_shape[0] for name in displayable_layers(context.taps)) - 1,
    )
    folded = [tap for tap in context.taps.values() if tap.fold is not None and tap.map_shape[0] == 1]
    texts = [INPUT_LABEL, str(longest), *map(format_channel_numbers, folded)]
    if context.transposed and context.labels is not None:
        texts = [shorten_text(label, 8 * style.size, style) for label in context.labels]
    return rounded(max(style.width(text) for text in texts) + GUTTER_GAP)


def header(context: SceneContext, *, labels: bool) -> int:
    """Pixels above the cells for labels of columns."""
    if not labels or (context.labels is None and not context.transposed):
        return 0
    return rounded(body_style(context.theme).line_height + 2)


def rounded(pixels: int) -> int:
    """The next multiple of eight, for video's transform blocks."""
    return -(-pixels // LAYOUT_GRID) * LAYOUT_GRID


def thinned(labels: Sequence[str], each: int, room: int) -> dict[int, str]:
    """Every so manieth label, so that each has the `room` it needs in cells of `each` pixels."""
    apart = max(1, -(-room // each))
    return {number: labels[number] for number in range(0, len(labels), apart)}


def row_labels(labels: Sequence[str], cells: Cells, line: int) -> Iterator[tuple[str, int]]:
    """Labels of rows, thinned to what has room beside the cells, each with the top of its line."""
    for row, label in thinned(labels, cells.pitch[0], line).items():
        # Where cells are lower than a line, the first label would reach over the panel.
        y = max(cells.y, cells.at(row, 0).y + (cells.side - line) // 2)
        if y + line <= cells.whole.bottom:
            yield label, y


def column_type(labels: Sequence[str], context: SceneContext, pitch: int) -> TextStyle:
    """The type of labels over columns `pitch` apart: the usual one, or a smaller one in which all have room."""
    usual = body_style(context.theme)
    for size in range(usual.size, max(SMALLEST, round(LEAST * usual.size)) - 1, -1):
        style = text_style(context.theme, size)
        if max(style.width(label) for label in labels) + 4 <= pitch:
            return style
    return usual


def column_labels(labels: Sequence[str], style: TextStyle, side: int, pitch: int) -> dict[int, str]:
    """Labels by column, shortened and thinned to what has room over cells of `side` that stand `pitch` apart."""
    widest = max(style.width(label) for label in labels)
    if widest + 4 <= pitch or pitch >= 3 * style.size:
        return {column: shorten_text(label, pitch - 4, style) for column, label in enumerate(labels)}
    room = min(widest + 4, 8 * style.size)
    kept = {
        column: shorten_text(text, room - 4, style) for column, text in thinned(labels, pitch, room).items()
    }
    # The first label must not reach far to the left, where another block may end.
    kept[0] = shorten_text(labels[0], min(room, side + 2 * OVERHANG), style)
    right = (len(labels) - 1) * pitch + side
    return {
        at: text
        for at, text in kept.items()
        if at * pitch + (side + style.width(text)) // 2 <= right
        and (text == labels[at] or len(text) > FEWEST)
    }
