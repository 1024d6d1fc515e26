"""The weights of a layer themselves: one row an output channel, one column an input channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reelnet.config.diagnostics import error_context
from reelnet.config.spec import Pixels, PositivePixels
from reelnet.render.canvas import fill_box, write
from reelnet.render.panels.maps.block import to_levels
from reelnet.render.panels.maps.grid import Cells, rounded, row_labels, thinned
from reelnet.render.typography import body_style
from reelnet.runs.header import TapKind
from reelnet.scene.context import FrameState, SceneContext, pick_indices
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel
from reelnet.scene.tap_view import DEFAULT_CELL_SIZE, Cell, Limits
from reelnet.template.selector import Selector, SelectorField

LABEL_GAP = 8
"""Pixels between a row's number and its cells."""


class Weights(Panel):
    """A layer's weights as they are learnt: rows are output channels, columns input channels."""

    tap: str | None = Field(
        None, description="The recorded weight, such as conv1.weight; by default that of the reel's layer."
    )
    show: SelectorField = Field(
        Selector(),
        description="Which output channels: all, a list, a range such as 0-5, {first: 8}, or {top: 8} for those that "
        "change most from the first step to the last.",
    )
    cell: PositivePixels | None = Field(
        None, description="Most pixels for a side of one filter; by default half of the theme's cell."
    )
    gap: Pixels = Field(2, description="Pixels between two filters.")
    heading: bool = Field(True, description="Write the weight's name above the cells.")
    labels: bool = Field(
        True, description="Number the output channels at the left, the input channels above."
    )

    def found(self, context: SceneContext) -> str | None:
        """The weight that is shown, if there is one.

        Raises:
            ValueError: The one that is named was not recorded, or is no weight.
        """
        if self.tap is not None:
            with error_context("tap"):
                if context.require(self.tap).kind is TapKind.ACTIVATION:
                    raise ValueError(
                        f"{self.tap!r} is what a layer gives; a weight is named as in conv1.weight"
                    )
            return self.tap
        usual = context.taps.get(f"{context.layer}.weight")
        return f"{context.layer}.weight" if usual is not None and usual.kind is TapKind.WEIGHT else None

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        """The weight."""
        tap = self.found(context)
        return () if tap is None else (tap,)

    def outputs(self, context: SceneContext, tap: str) -> tuple[int, ...]:
        """The output channels that are shown."""
        change = None
        if self.show.top is not None:
            first, last = (
                np.nan_to_num(np.asarray((context.statistics.read_step(step, [tap]) or {})[tap], np.float64))
                for step in (context.steps[0], context.steps[-1])
            )
            change = np.abs(last - first).mean(axis=(1, 2, 3))
        with error_context("show"):
            return pick_indices(self.show, context.require(tap).shape[0], "output channel", change)

    def cells(self, context: SceneContext, tap: str, x: int, y: int) -> Cells:
        """The cells of a panel whose corner is at (x, y)."""
        rows, columns = len(self.outputs(context, tap)), context.require(tap).shape[1]
        y += self.headed(context)
        if self.labels:
            style = body_style(context.theme)
            numbers = self.outputs(context, tap)
            x += rounded(max(style.width(str(number)) for number in numbers) + LABEL_GAP)
            y += rounded(style.line_height + 2)
        return Cells(x, y, self.fit(context, tap).size, rows, columns, self.gap, self.gap)

    def headed(self, context: SceneContext) -> int:
        """Pixels that the heading takes."""
        return rounded(body_style(context.theme, bold=True).line_height + 4) if self.heading else 0

    def fit(self, context: SceneContext, tap: str) -> Cell:
        """A filter's cell."""
        height, width = context.require(tap).shape[2:]
        scale = Cell.fit(
            height, width, self.cell or max(1, (context.theme.cell or DEFAULT_CELL_SIZE) // 2)
        ).scale
        # No margin beside the values: it would look like a wider gap on two sides.
        return Cell(max(height, width) * scale, scale)

    def measure(self, context: SceneContext) -> Measure | None:
        """The cells, and room for their numbers; None where no weight was recorded."""
        tap = self.found(context)
        if tap is None:
            return None
        whole = self.cells(context, tap, 0, 0).whole
        title = body_style(context.theme, bold=True).width(tap) if self.heading else 0
        return Measure(max(whole.right, title), whole.bottom)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> WeightsDrawing:
        """Put the cells into their box."""
        return WeightsDrawing(self, context, box, palette)


class WeightsDrawing:
    """The cells in their box."""

    def __init__(self, panel: Weights, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        tap = panel.found(context)
        if tap is None:
            raise AssertionError("a panel that measures nothing is not placed")
        info, theme = context.require(tap), context.theme
        self._tap, self._labels, self._style = tap, panel.labels, body_style(theme)
        self._heading, self._bold = tap if panel.heading else "", body_style(theme, bold=True)
        self._top = box.y + panel.headed(context)
        self._outputs, self._cells = panel.outputs(context, tap), panel.cells(context, tap, box.x, box.y)
        self._cell, self._box = panel.fit(context, tap), box
        self._limits = Limits.symmetric(max(abs(info.min or 0.0), abs(info.max or 0.0)) or 1.0)
        self._map = palette.colormap(theme.diverging)
        self._ink = palette.ramp(theme.ink, theme.background)
        self._muted = palette.ramp(theme.muted, theme.background)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        self._missing = palette.ramp(theme.missing, theme.missing, 1)

    def draw_still(self, canvas: Canvas) -> None:
        """Write the words, and draw hairlines around the cells, which may be all of the paper's colour."""
        write(canvas, self._heading, self._ink, self._box.x, self._box.y, self._bold)
        for field in self._cells.fields():
            fill_box(canvas, field.expand(1), self._faint)
        if not self._labels:
            return
        style, side, across = self._style, self._cells.side, self._cells.pitch[1]
        for text, y in row_labels([str(output) for output in self._outputs], self._cells, style.line_height):
            write(canvas, text, self._muted, self._cells.x - LABEL_GAP, y, style, anchor="right")
        inputs = [str(number) for number in range(self._cells.columns)]
        for column, text in thinned(inputs, across, style.width(inputs[-1]) + 4).items():
            x = self._cells.at(0, column).x + side // 2
            write(canvas, text, self._muted, x, self._top, style, anchor="middle")

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw the weights of one step."""
        values: NDArray[np.generic] = np.asarray(state.snapshot.taps[self._tap])[list(self._outputs)]
        indices = self._map.indices_for(canvas)[to_levels(values, self._limits, len(self._map.indices))]
        indices[~np.isfinite(values)] = self._missing.indices[0]
        self._cells.put(canvas, indices, self._cell)
