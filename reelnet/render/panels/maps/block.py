"""One layer's cells: its heading, its labels, its maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.render.canvas import fill_box, write
from reelnet.render.panels.maps.colorbar import Legend, LegendDrawing
from reelnet.render.panels.maps.grid import (
    GUTTER_GAP,
    Cells,
    column_labels,
    gutter,
    header,
    rounded,
    row_labels,
)
from reelnet.render.panels.maps.pictures import Pictures
from reelnet.render.typography import body_style, shorten_text
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Size
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, LevelMaps
from reelnet.scene.tap_view import Limits, TapView, format_channel_numbers

RULE = 8
"""Pixels between the samples and the first channel."""

HEADING = 14
"""Ems that a heading may take over a block that is narrower."""


@dataclass(frozen=True)
class Block:
    """What is shown of one layer.

    Attributes:
        view: The layer.
        channels: Which channels, in their order.
        gap: Pixels between two channels.
        labels: Whether channels are numbered.
        heading: The line above; None for none.
        colorbar: Whether the layer's colours are explained under the heading.
        inputs: Whether the samples stand above the cells, or left of them where rows are samples.
        first: Whether its rows have their labels; blocks to the right of another one share that one's.
    """

    context: SceneContext
    view: TapView
    channels: tuple[int, ...]
    gap: int
    labels: bool
    heading: str | None
    inputs: bool
    first: bool = True
    colorbar: bool = False

    @property
    def numbers(self) -> list[str]:
        """The channels' own numbers in the network; the first and the last where all are cells of one map."""
        own = self.view.tap.channels
        if self.view.tap.fold is not None:
            several = self.view.tap.map_shape[0] > 1
            return (
                [str(channel) for channel in self.channels]
                if several
                else [format_channel_numbers(self.view.tap)]
            )
        return [str(channel if own is None else own[channel]) for channel in self.channels]

    @property
    def left(self) -> int:
        """Pixels left of the cells."""
        labels = gutter(self.context, labels=self.labels and self.first)
        if self.context.transposed:
            return labels + self.view.cell.size + RULE if self.inputs else 0
        return labels

    @property
    def above(self) -> int:
        """Pixels above the cells."""
        top = self.headed
        if self.legend is not None:
            top += rounded(self.legend.height + 4)
        if self.context.transposed:
            return top + header(self.context, labels=self.labels)
        side = self.view.cell.size
        return top + (header(self.context, labels=self.labels) + side + RULE if self.inputs else 0)

    @property
    def headed(self) -> int:
        """Pixels that the heading takes."""
        return rounded(body_style(self.context.theme, bold=True).line_height + 4) if self.heading else 0

    @property
    def legend(self) -> Legend | None:
        """The layer's colours between their limits."""
        return Legend.of(self.context, self.view.limits) if self.colorbar else None

    @property
    def title(self) -> str:
        """The heading, shortened to the room that it has; short blocks make room for short headings."""
        style = body_style(self.context.theme, bold=True)
        cells = self.cells(0, 0).whole
        return shorten_text(self.heading or "", max(cells.width, HEADING * style.size), style)

    def cells(self, x: int, y: int) -> Cells:
        """The cells of a block whose corner is at (x, y)."""
        rows, columns = len(self.channels), len(self.context.sample_indices)
        down, across = self.gap, self.context.samples.gap
        if self.context.transposed:
            rows, columns, down, across = columns, rows, across, down
        return Cells(x + self.left, y + self.above, self.view.cell.size, rows, columns, down, across)

    @property
    def size(self) -> Size:
        """Of the block, in pixels."""
        whole = self.cells(0, 0).whole
        title = body_style(self.context.theme, bold=True).width(self.title)
        legend = self.legend.least if self.legend is not None else 0
        return Size(max(whole.right, whole.x + max(title, legend)), whole.bottom)


class BlockDrawing:
    """A block with its corner at (x, y)."""

    def __init__(self, block: Block, x: int, y: int, palette: PaletteBuilder) -> None:
        context, theme = block.context, block.context.theme
        self._block, self._context, self._x, self._y = block, context, x, y
        self._cells = block.cells(x, y)
        self._ink = palette.ramp(theme.ink, theme.background)
        self._muted = palette.ramp(theme.muted, theme.background)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        self._missing = palette.ramp(theme.missing, theme.missing, 1)
        self._blank = palette.ramp(theme.background, theme.background, 1)
        self._map = palette.colormap(block.view.anchors)
        whole = tuple(range(block.view.tap.shape[0])), tuple(range(block.view.tap.map_shape[0]))
        shown = context.sample_indices, block.channels
        self._select = None if shown == whole else np.ix_(*shown)
        self._pictures = Pictures(context, self._inputs(), palette) if block.inputs else None
        self._legend = self._bar(palette)

    def _bar(self, palette: PaletteBuilder) -> LegendDrawing | None:
        """The layer's colours, as long as its cells are wide."""
        block, legend = self._block, self._block.legend
        if legend is None:
            return None
        width = max(legend.least, self._cells.whole.width)
        box = Box(self._cells.x, self._y + block.headed, width, legend.height)
        return LegendDrawing(legend, self._context, block.view, box, palette)

    def _inputs(self) -> Cells:
        """Where the samples stand."""
        side, gap, count = self._cells.side, self._context.samples.gap, len(self._context.sample_indices)
        if self._context.transposed:
            return Cells(self._cells.x - RULE - side, self._cells.y, side, count, 1, gap, 0)
        return Cells(self._cells.x, self._cells.y - RULE - side, side, 1, count, 0, gap)

    @property
    def tap(self) -> str:
        """Name of the layer."""
        return self._block.view.name

    def level_maps(self) -> LevelMaps:
        """The maps that the block shows, for quantization over time."""
        tap = self._block.view.tap
        return LevelMaps(
            tap=self.tap,
            colors=self._map.colors,
            shape=(tap.shape[0], *tap.map_shape),
            samples=self._context.sample_indices,
            channels=self._block.channels,
            positions=self.places,
            rows_are_samples=self._context.transposed,
        )

    def folded(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Recorded values of the layer as the maps that are shown."""
        return self._block.view.tap.fold_values(values)

    def levels(self, values: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Values of the layer as levels of its colormap."""
        return to_levels(values, self._block.view.limits, len(self._map.indices))

    def places(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """Recorded values of the layer as places among the levels of its colormap, as they are shown."""
        return to_places(self.folded(values), self._block.view.limits, len(self._map.indices))

    def at(self, channel: int, column: int) -> Box:
        """The box of the cell of a channel and a sample, by its position among those that are shown."""
        row = self._block.channels.index(channel)
        place = (column, row) if self._context.transposed else (row, column)
        return self._cells.at(*place)

    def draw_still(self, canvas: Canvas) -> None:
        """Write heading and labels, and draw a hairline around the cells, which may be all of the paper's colour."""
        block, theme = self._block, self._context.theme
        if block.heading:
            write(canvas, block.title, self._ink, self._cells.x, self._y, body_style(theme, bold=True))
        if self._legend is not None:
            self._legend.draw(canvas)
        if self._pictures is not None:
            self._pictures.draw(canvas)
            if block.labels:
                self._pictures.write_labels(canvas, self._muted)
            if block.labels and block.first:
                self._pictures.write_name(canvas, self._muted)
        if block.labels:
            for field in self._cells.framed():
                fill_box(canvas, field.expand(1), self._faint)
                fill_box(canvas, field, self._blank)
            zero = self._map.indices_for(canvas)[self.levels(np.zeros(1))[0]]
            for field in self._cells.fields():
                canvas[field.y : field.bottom, field.x : field.right] = zero
            self._write_numbers(canvas)

    def _write_numbers(self, canvas: Canvas) -> None:
        block, style = self._block, body_style(self._context.theme)
        numbers = block.numbers
        if self._context.transposed:
            across = self._cells.pitch[1]
            for column, label in column_labels(numbers, style, self._cells.side, across).items():
                box = self._cells.at(0, column)
                y = box.y - header(self._context, labels=True)
                write(canvas, label, self._muted, box.x + box.width // 2, y, style, anchor="middle")
            return
        if not block.first:
            return
        for label, y in row_labels(numbers, self._cells, style.line_height):
            write(canvas, label, self._muted, self._cells.x - GUTTER_GAP, y, style, anchor="right")

    def draw_maps(
        self, canvas: Canvas, values: NDArray[np.generic], levels: NDArray[np.uint8] | None = None
    ) -> None:
        """Draw maps (samples, channels, height, width), of which the block shows some.

        Args:
            canvas: Where to.
            values: The recorded ones.
            levels: What to draw where the values are finite; the values' own levels by default.
        """
        values = self.folded(values)
        if self._select is not None:
            values = values[self._select]
            levels = levels[self._select] if levels is not None else None
        indices = self._map.indices_for(canvas).take(self.levels(values) if levels is None else levels)
        if not (finite := np.isfinite(values)).all():
            indices[~finite] = self._missing.indices[0]
        if self._block.view.tap.fold is not None:
            indices[:, :, self._block.view.tap.blank_mask] = self._blank.indices[0]
        if not self._context.transposed:
            indices = indices.transpose(1, 0, 2, 3)
        self._cells.put(canvas, indices, self._block.view.cell)


def to_levels(values: NDArray[np.generic], limits: Limits, levels: int) -> NDArray[np.uint8]:
    """Values as levels of a colormap of `levels` colours from `limits.low` to `limits.high`.

    The nearest level is taken; values beyond the limits, and infinite ones, get the last level on their side;
    NaN gets any. With symmetric limits and an odd number of levels, 0 is the middle level exactly.
    """
    places = to_places(values, limits, levels)
    nearest: NDArray[np.uint8] = np.rint(places, out=places).astype(np.uint8)
    return nearest


def to_places(values: NDArray[np.generic], limits: Limits, levels: int) -> NDArray[np.float64]:
    """Values as places among the levels, from 0 to `levels` - 1, not rounded; see `to_levels`."""
    # In double precision: single precision cannot hold the span of all that it can hold.
    scaled = values.astype(np.float64)
    scaled -= limits.low
    scaled *= (levels - 1) / ((limits.high - limits.low) or 1.0)
    # One number tells whether all are finite, and spares a look at each for what it is.
    with np.errstate(invalid="ignore", over="ignore"):
        finite = np.isfinite(scaled.sum())
    if not finite:
        np.nan_to_num(scaled, copy=False, nan=0.0, posinf=levels - 1, neginf=0.0)
    return np.clip(scaled, 0, levels - 1, out=scaled)
