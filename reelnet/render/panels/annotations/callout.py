"""Boxes, arrows and words on single cells, drawn over the cells of a panel."""

from __future__ import annotations

from collections.abc import Sequence

from reelnet.config.diagnostics import ErrorCollector, OptionError, error_context
from reelnet.render.canvas import dilate_mask, fill_box, fill_mask, rasterize_arrow, stamp, stroke_box, write
from reelnet.render.panels.annotations import margin
from reelnet.render.panels.annotations.annotation import Side, Target
from reelnet.render.panels.annotations.captions import Span, span
from reelnet.render.panels.annotations.margin import Note
from reelnet.render.typography import TextStyle, body_style, wrap_text
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas

OPPOSITE: dict[Side, Side] = {"left": "right", "right": "left", "above": "below", "below": "above"}
OTHERS: dict[Side, tuple[Side, Side]] = {
    "left": ("above", "below"),
    "right": ("above", "below"),
    "above": ("right", "left"),
    "below": ("right", "left"),
}
"""Where words go that have no room on either side of the cell."""

SHADES = 6
"""Of an annotation's colour: arrows are small."""


class Callouts:
    """The annotations of a panel, ready to be drawn over it.

    Args:
        targets: By their number in the template.
        room: The panel without its margin; no words beside cells stand outside.
        around: Pixels around the panel that frames may cover.
    """

    def __init__(
        self,
        targets: dict[int, Target],
        room: Box,
        around: int,
        context: SceneContext,
        palette: PaletteBuilder,
    ) -> None:
        self._marks: list[Mark] = []
        errors = ErrorCollector()
        for number, target in targets.items():
            with errors.collect("annotations", number):
                kind = Noted if target.spec.apart else Beside
                self._marks.append(kind(target, room, around, context, palette))
        errors.raise_errors()
        noted = [mark for mark in self._marks if isinstance(mark, Noted)]
        notes = margin.on_rows_of_their_own([mark.note for mark in noted])
        with error_context("annotations"):
            notes = margin.stacked(notes, room.y, room.bottom, body_style(context.theme).line_height // 2)
        for mark, note in zip(noted, notes, strict=True):
            mark.note = note

    def draw(self, canvas: Canvas, step: int) -> None:
        """Draw those of a training step: lines to the margin behind all frames, words over them."""
        marks = [mark for mark in self._marks if step in mark.span]
        for mark in marks:
            mark.clear(canvas)
        for mark in marks:
            mark.draw_line(canvas)
        for mark in marks:
            mark.draw_frame(canvas)
        for mark in marks:
            mark.draw_words(canvas)


class Mark:
    """One annotation: what all of them have."""

    def __init__(
        self, target: Target, room: Box, around: int, context: SceneContext, palette: PaletteBuilder
    ) -> None:
        theme, self.spec, self.cell = context.theme, target.spec, target.cell
        self.span: Span = span(target.spec.from_step, target.spec.to_step, context.steps)
        self.room, self._around, self.style = room, around, body_style(theme)
        self._line = 3 if target.cell.width >= 40 else 2
        colour = target.spec.color or theme.accent
        self.colour = palette.ramp(colour, theme.background, SHADES)
        self.ink = palette.ramp(theme.ink, theme.background)
        self.paper = palette.ramp(theme.background, theme.background, 1)

    @property
    def outset(self) -> int:
        """Pixels from the cell to the outer edge of a frame around it: colour between two lines of paper."""
        return self._line + 2

    def draw_line(self, canvas: Canvas) -> None:
        """Draw the line from the cell to the margin."""

    def frame(self, canvas: Canvas) -> Box:
        """The frame around the cell, or inside it where there is no room; the cell itself if there is no frame."""
        outer, room = self.cell.expand(self.outset), self.room.expand(self._around)
        around = (
            min(outer.x - room.x, outer.y - room.y, outer.x, outer.y) >= 0
            and outer.right <= min(room.right, canvas.shape[1])
            and outer.bottom <= min(room.bottom, canvas.shape[0])
        )
        return outer if around and self.spec.box else self.cell

    def clear(self, canvas: Canvas) -> None:
        """Draw the paper on both sides of the frame."""
        if self.spec.box:
            stroke_box(canvas, self.frame(canvas), self.outset, self.paper)

    def draw_frame(self, canvas: Canvas) -> None:
        """Draw the frame."""
        if self.spec.box:
            stroke_box(canvas, self.frame(canvas).expand(-1), self._line, self.colour)

    def draw_words(self, canvas: Canvas) -> None:
        """Draw the arrow, and the words."""

    def draw_arrow(self, canvas: Canvas, side: Side, x: int, y: int, length: int) -> None:
        """Draw an arrow that stands on a side of the cell and points at it, with paper around it.

        Args:
            canvas: Where to.
            side: Of the cell.
            x: The arrow's left edge; of one that points up or down, its middle.
            y: The arrow's upper edge; of one that points left or right, its middle.
            length: From tail to tip.
        """
        width = max(2, round(self.style.size / 6))
        mask = rasterize_arrow(length, width, max(8, round(0.75 * self.style.size)), OPPOSITE[side])
        height, across = mask.shape
        x, y = (x, y - height // 2) if side in ("left", "right") else (x - across // 2, y)
        fill_mask(canvas, dilate_mask(mask), self.paper, x - 1, y - 1)
        stamp(canvas, mask, self.colour, x, y)


class Noted(Mark):
    """Words in the margin, with a line to their cell that runs between two rows of cells and so hides little."""

    def __init__(
        self, target: Target, room: Box, around: int, context: SceneContext, palette: PaletteBuilder
    ) -> None:
        super().__init__(target, room, around, context, palette)
        self._lines = margin.lines(target.spec.text or "", self.style)
        cell, height = self.cell, len(self._lines) * self.style.line_height
        rows = (cell.y + cell.height // 2,) * 2 if target.spec.arrow else (cell.bottom, cell.y)
        # Of a low cell the upper edge: the words have their room on both sides of it.
        below = cell.y + cell.bottom > room.y + room.bottom
        self.note = Note(self.span, rows[::-1] if below else rows, height)

    @property
    def _turn(self) -> int:
        """Where the line leaves its row, if the words had to give way: between the cells and the words."""
        return self.room.right + margin.lead(self.style) // 2

    def _start(self, canvas: Canvas) -> int:
        """Where the line begins: at the cell, at the frame, or behind the tip of its arrow."""
        right = self.frame(canvas).right
        return right + self.style.size // 2 if self.spec.arrow else right - self.spec.box

    def draw_line(self, canvas: Canvas) -> None:
        """Draw it with paper on both sides of it."""
        style, row, start, turn = self.style, self.note.row, self._start(canvas), self._turn
        half, width = style.line_height // 2, max(2, style.size // 10)
        end = max(self.note.top + half, min(row, self.note.bottom - half))
        fill_box(canvas, Box(start, row - width // 2 - 1, self.room.right - start, width + 2), self.paper)
        for part in (
            Box(start, row - width // 2, turn + width - start, width),
            Box(turn, min(row, end) - width // 2, width, abs(end - row) + width),
            Box(turn, end - width // 2, turn - self.room.right - style.size // 3, width),
        ):
            fill_box(canvas, part, self.colour)

    def draw_words(self, canvas: Canvas) -> None:
        """Draw the arrow's head and the words, each at an end of the line."""
        style, left = self.style, self.room.right + margin.lead(self.style)
        if self.spec.arrow:
            start = self.frame(canvas).right + 1
            self.draw_arrow(canvas, "right", start, self.note.row, max(self._turn - start, style.size))
        for number, line in enumerate(self._lines):
            write(canvas, line, self.ink, left, self.note.top + number * style.line_height, style)


class Beside(Mark):
    """Words on a patch of paper beside their cell, or none."""

    def __init__(
        self, target: Target, room: Box, around: int, context: SceneContext, palette: PaletteBuilder
    ) -> None:
        super().__init__(target, room, around, context, palette)
        self._words = lines(target.spec.text, room.width, self.style)
        self._label, self._side = self._stand()

    def _stand(self) -> tuple[Box, Side | None]:
        """Where the words stand, and on which side of the cell; None if they have room only over it."""
        spec, size = self.spec, extent(self._words, self.style)
        if size[0] > self.room.width or size[1] > self.room.height:
            raise OptionError(
                f"needs {size[0]}×{size[1]} pixels, more than the {self.room.width}×{self.room.height} "
                "of its panel; shorten it",
                "text",
            )
        apart = self.outset + (round(2.25 * self.style.size) if spec.arrow else self.style.size // 3)
        for side in (spec.near, OPPOSITE[spec.near], *OTHERS[spec.near]):
            label = beside(self.cell, side, apart, size)
            slid = within(label, self.room)
            if (slid.x == label.x) if side in ("left", "right") else (slid.y == label.y):
                return slid, side
        if not self._words and spec.arrow and not spec.box:
            raise OptionError("has no room on any side of the cell", "arrow")
        return within(beside(self.cell, spec.near, apart, size), self.room), None

    def draw_words(self, canvas: Canvas) -> None:
        """Draw the arrow, and the words on a patch of paper."""
        if self.spec.arrow and self._side is not None:
            self._point(canvas, self._side)
        if not self._words:
            return
        patch = self._label
        fill_box(canvas, patch, self.paper)
        stroke_box(canvas, patch.expand(-1), 1, self.colour)
        across, down = padding(self.style)
        x, y = patch.x + across, patch.y + down
        for number, line in enumerate(self._words):
            write(canvas, line, self.ink, x, y + number * self.style.line_height, self.style)

    def _point(self, canvas: Canvas, side: Side) -> None:
        cell, label, reach = self.cell, self._label, self.outset + 1
        x, y = cell.x + cell.width // 2, cell.y + cell.height // 2
        x, y, length = {
            "right": (cell.right + reach, y, label.x - cell.right),
            "left": (label.right, y, cell.x - label.right),
            "below": (x, cell.bottom + reach, label.y - cell.bottom),
            "above": (x, label.bottom, cell.y - label.bottom),
        }[side]
        self.draw_arrow(canvas, side, x, y, length - reach)


def lines(text: str | None, width: int, style: TextStyle) -> list[str]:
    """The words in lines of some 16 ems at the most, less where the panel is narrower."""
    if text is None:
        return []
    return wrap_text(text, min(16 * style.size, width - 2 * padding(style)[0]), style)


def extent(words: Sequence[str], style: TextStyle) -> tuple[int, int]:
    """Width and height of the patch under the words: paper, a line of colour, and paper around it."""
    if not words:
        return 0, 0
    across, down = padding(style)
    return max(style.width(line) for line in words) + 2 * across, len(words) * style.line_height + 2 * down


def padding(style: TextStyle) -> tuple[int, int]:
    """Pixels from the patch's edge to the words, across and down; two of them are the lines around it."""
    return 2 + round(0.4 * style.size), 2 + round(style.size / 6)


def beside(cell: Box, side: Side, apart: int, size: tuple[int, int]) -> Box:
    """A box of a size beside a cell, in the middle of its side."""
    x, y = cell.x + (cell.width - size[0]) // 2, cell.y + (cell.height - size[1]) // 2
    match side:
        case "left":
            x = cell.x - apart - size[0]
        case "right":
            x = cell.right + apart
        case "above":
            y = cell.y - apart - size[1]
        case "below":
            y = cell.bottom + apart
    return Box(x, y, *size)


def within(box: Box, room: Box) -> Box:
    """The box, moved into the room; it must not be larger."""
    x = max(room.x, min(box.x, room.right - box.width))
    y = max(room.y, min(box.y, room.bottom - box.height))
    return Box(x, y, box.width, box.height)
