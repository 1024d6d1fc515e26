"""The weights panel: a layer's filters, one row per output channel and one column per input channel."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reelnet.config.diagnostics import error_context
from reelnet.config.spec import Pixels, PositivePixels
from reelnet.render.canvas import write
from reelnet.render.description.items import CellLevels
from reelnet.render.panels.maps.grid import CellGrid, heading_height, thin_labels
from reelnet.render.panels.maps.hatching import Hatching, find_missing
from reelnet.render.panels.maps.levels import to_levels
from reelnet.render.typography import body_style
from reelnet.runs.header import TapKind
from reelnet.scene.cell import DEFAULT_CELL_SIZE, Cell, describe_means
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.layout.snap import MIN_PREFERRED
from reelnet.scene.limits import Limits
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel
from reelnet.template.selector import Selector, SelectorField, select_indices

MAX_WHOLE_SIDE = 128
"""Most rows or columns of a filter of which every weight is shown, even if that makes its cells larger."""

LABEL_GAP = 8
"""Pixels of the layout between a row's number and its cells."""


class Weights(Panel):
    """A layer's weights as they are learned: rows are output channels, columns input channels."""

    has_cells: ClassVar[bool] = True

    tap: str | None = Field(
        None, description="The recorded weight, such as conv1.weight; by default that of the reel's layer."
    )
    show: SelectorField = Field(
        Selector(),
        description="Which output channels: all, a list, a range such as 0-5, {first: 8}, or {top: 8} for those that "
        "change most from the first step to the last.",
    )
    cell: PositivePixels | None = Field(
        None, description="Largest side of one filter in pixels; by default half of the theme's cell."
    )
    gap: Pixels | None = Field(
        None, description="Pixels between two filters; by default 3 to 8, by their size."
    )
    heading: bool = Field(True, description="Write the weight's name above the cells.")
    labels: bool = Field(True, description="Number the output channels (left) and input channels (above).")

    def find_weight(self, context: SceneContext) -> str | None:
        """Name of the weight; None if the reel's layer has none.

        Raises:
            ValueError: The author's weight was not recorded, or is not a weight.
        """
        if self.tap is not None:
            with error_context("tap"):
                if context.require(self.tap).kind is TapKind.ACTIVATION:
                    raise ValueError(f"{self.tap!r} is an activation; name a weight, such as conv1.weight")
            return self.tap
        name = f"{context.layer}.weight"
        info = context.taps.get(name)
        return name if info is not None and info.kind is TapKind.WEIGHT else None

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        """The weight."""
        tap = self.find_weight(context)
        return () if tap is None else (tap,)

    def color_limits(self, context: SceneContext) -> dict[str, Limits]:
        """The limits of the weight."""
        return {tap: context.view(tap).limits for tap in self.taps(context)}

    def measure(self, context: SceneContext) -> Measure | None:
        """Measure the cells with their numbers; None if no weight was recorded."""
        tap = self.find_weight(context)
        if tap is None:
            return None
        layout = WeightsLayout(self, context, tap)
        bounds = layout.grid_at(0, 0).bounds
        heading_width = body_style(context.theme, bold=True).width(layout.heading)
        return Measure(max(bounds.right, heading_width), bounds.bottom)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> WeightsDrawing:
        """Place the cells in their box."""
        return WeightsDrawing(self, context, box, palette)


class WeightsLayout:
    """The cells of a weight.

    Attributes:
        outputs: The output channels that are shown.
        cell: The cell of one filter.
        heading: The weight's name, and what its pixels are if it is reduced; empty without a heading.
        heading_height: Pixels that the heading takes.
    """

    def __init__(self, panel: Weights, context: SceneContext, tap: str) -> None:
        outputs, self._inputs, height, width = context.require(tap).shape

        def select_changed(count: int) -> list[int]:
            first, last = (
                np.nan_to_num(np.asarray(context.statistics.read_step(step, [tap])[tap], np.float64))
                for step in (context.steps[0], context.steps[-1])
            )
            change = np.abs(last - first).mean(axis=(1, 2, 3))
            return sorted(np.argsort(-change, kind="stable")[:count].tolist())

        with error_context("show"):
            self.outputs = select_indices(panel.show, outputs, "output channel", select_top=select_changed)
        max_size = panel.cell or max(1, (context.theme.cell or context.px(DEFAULT_CELL_SIZE)) // 2)
        grid = context.grid
        max_size = max(max_size, min(max(height, width), MAX_WHOLE_SIDE))
        self.cell = Cell.fit(height, width, max_size, grid, reduce=True)
        if panel.cell is None and self.cell.scale > 1:
            scale = self.cell.scale
            scale = grid.prefer_scale(scale, scale * MIN_PREFERRED, Fraction(scale))
            self.cell = Cell.at_scale(height, width, scale, grid)
        means = describe_means(self.cell) and f", {describe_means(self.cell)}"
        self.heading = tap + means if panel.heading else ""
        self.heading_height = heading_height(context) if panel.heading else 0
        cell = self.cell
        self._column_gap = context.choose_gap(cell.width, cell, cell.grid_x, panel.gap)
        self._row_gap = context.choose_gap(cell.height, cell, cell.grid_y, panel.gap)
        self._left, self._top = 0, self.heading_height
        if panel.labels:
            style = body_style(context.theme)
            label_width = max(style.width(str(number)) for number in self.outputs)
            self._left = grid.round_up(label_width + context.px(LABEL_GAP))
            self._top += grid.round_up(style.line_height + context.px(2))

    def grid_at(self, x: int, y: int) -> CellGrid:
        """The cells of a panel whose upper left corner is at (x, y)."""
        x, y, size = x + self._left, y + self._top, (self.cell.width, self.cell.height)
        return CellGrid(x, y, *size, len(self.outputs), self._inputs, self._row_gap, self._column_gap)


class WeightsDrawing:
    """The filters in their box."""

    def __init__(self, panel: Weights, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        tap = panel.find_weight(context)
        if tap is None:
            raise AssertionError("a panel without a measure is not placed")
        theme, layout = context.theme, WeightsLayout(panel, context, tap)
        self._tap, self._box, self._labels, self._px = tap, box, panel.labels, context.px
        self._style, self._heading_style = body_style(theme), body_style(theme, bold=True)
        self._heading, self._label_y = layout.heading, box.y + layout.heading_height
        self._outputs, self._cell, self._grid = layout.outputs, layout.cell, layout.grid_at(box.x, box.y)
        self._limits, self._hatching = context.view(tap).limits, Hatching(theme, palette, context.density)
        self._map = palette.colormap(theme.diverging)
        self._ink, self._muted = palette.ramps(theme.background, theme.ink, theme.muted)

    def cell_regions(self) -> list[CellRegion]:
        """The filters."""
        return [self._grid.map_region(self._cell, changes=True)]

    def draw_still(self, canvas: Canvas) -> None:
        """Write heading and labels."""
        write(canvas, self._heading, self._ink, self._box.x, self._box.y, self._heading_style)
        if not self._labels:
            return
        grid, style = self._grid, self._style
        grid.write_row_labels(canvas, list(map(str, self._outputs)), self._muted, style, self._px(LABEL_GAP))
        inputs = [str(number) for number in range(grid.columns)]
        fitted = thin_labels(inputs, grid.column_pitch, style.width(inputs[-1]) + self._px(4))
        grid.write_column_labels(canvas, fitted, self._muted, self._label_y, style)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw the weights of one step."""
        values = self._cell.reduce(np.asarray(state.snapshot.taps[self._tap])[list(self._outputs)])
        levels = to_levels(values, self._limits, len(self._map.indices))
        indices = self._map.indices_for(canvas)[levels]
        describe = partial(self._describe_levels, levels)
        self._grid.draw_maps(canvas, indices, self._cell, find_missing(values), self._hatching, describe)

    def _describe_levels(self, levels: NDArray[np.uint8]) -> CellLevels:
        """The filters; a weight's second axis has the place of a layer's channels, and its first that of samples."""
        outputs, inputs = np.ix_(self._outputs, range(levels.shape[1]))
        return CellLevels(
            levels,
            self._map,
            self._tap,
            inputs[..., None, None],
            outputs[..., None, None],
            self._limits,
            self._cell.reduction,
        )
