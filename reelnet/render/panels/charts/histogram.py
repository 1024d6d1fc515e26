"""How a layer's values are distributed, at each step."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reelnet.config.diagnostics import ErrorCollector
from reelnet.config.spec import PositivePixels
from reelnet.render.canvas import fill_box, write
from reelnet.render.panels.charts.axis import Axis, nice_ticks
from reelnet.render.panels.charts.head import heading
from reelnet.render.panels.maps.block import to_levels
from reelnet.render.panels.maps.grid import thinned
from reelnet.render.typography import body_style, format_limit
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel

TICK_GAP = 8
"""Pixels between the vertical axis and its marks."""


class Histogram(Panel):
    """The values of a layer at the present step, over bins that stay the same over the run."""

    default_grow: ClassVar[float] = 1.0

    tap: str | None = Field(None, description="The layer; by default the reel's.")
    bins: int = Field(
        41,
        ge=2,
        le=512,
        description="Bars from one limit to the other; with an odd number one stands over 0.",
    )
    log: bool = Field(
        False, description="Shares of values on a logarithmic axis, so that rare values show, too."
    )
    colored: bool = Field(
        True, description="Bars in the colours that their values have in the cells; otherwise muted."
    )
    title: str | None = Field(
        None,
        max_length=200,
        description="The line above; by default `Values of` and the layer. Empty for none.",
    )
    chart_width: PositivePixels | None = Field(
        None, description="Least width in pixels; by default 20 times the theme's text."
    )
    chart_height: PositivePixels | None = Field(
        None, description="Height in pixels, with title and axes; by default 13 times the theme's text."
    )

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        """The layer."""
        return (self.tap or context.layer,)

    def heading(self, context: SceneContext) -> str:
        """The line above."""
        return f"Values of {self.taps(context)[0]}" if self.title is None else self.title

    def axis(self, context: SceneContext) -> Axis:
        """The vertical axis, the same for all steps."""
        tap = self.taps(context)[0]
        limits, total = context.view(tap).limits, math.prod(context.require(tap).shape)
        peak = context.statistics.max_bin_count(tap, self.bins, limits.low, limits.high) / total
        return shares(1 / total, peak, log=self.log)

    def measure(self, context: SceneContext) -> Measure:
        """A chart as large as those of the curves."""
        size, title, errors = context.theme.text, 0, ErrorCollector()
        height, least = self.chart_height or 13 * size, 80 + 2 * size
        width = self.chart_width or 20 * size
        with errors.collect("chart_height"):
            if height < least:
                raise ValueError(f"{height}: give at least {least} pixels")
        with errors.collect("title"):
            title = body_style(context.theme).width(self.heading(context))
        with errors.collect("tap"):
            context.require(self.taps(context)[0])
            narrowest = left_of(self.axis(context), context) + self.bins
            with errors.collect("chart_width"):
                if self.chart_width and width < narrowest:
                    raise ValueError(f"{width}: {self.bins} bins need at least {narrowest} pixels")
            width = max(width, narrowest)
        errors.raise_errors()
        return Measure(max(width, title), height)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> HistogramDrawing:
        """Settle the axes."""
        return HistogramDrawing(self, context, box, palette)


class HistogramDrawing:
    """The bars in their box."""

    def __init__(self, panel: Histogram, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme, view = context.theme, context.view(panel.taps(context)[0])
        self._box, self._view, self._title = box, view, panel.heading(context)
        self._style, self._bold = body_style(theme), heading(theme)
        self._axis = panel.axis(context)
        self._ink = palette.ramp(theme.ink, theme.background)
        self._muted = palette.ramp(theme.muted, theme.background)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        self._map = palette.colormap(view.anchors) if panel.colored else None
        self._plot = self._inner(context)
        # Edges of the bars, in columns of the plot: bars of a whole width each would leave a margin on the right.
        self._edges = np.rint(np.linspace(0, self._plot.width, panel.bins + 1)).astype(np.intp)

    def _inner(self, context: SceneContext) -> Box:
        line, left = self._style.line_height, left_of(self._axis, context)
        top = self._bold.line_height + 10 if self._title else line // 2
        return Box(
            self._box.x + left, self._box.y + top, self._box.width - left, self._box.height - top - line - 5
        )

    def draw_still(self, canvas: Canvas) -> None:
        """Draw title and axes."""
        plot, style = self._plot, self._style
        write(canvas, self._title, self._ink, self._box.x, self._box.y, self._bold)
        each = plot.height // (len(self._axis.ticks) - 1)
        for number, text in thinned(self._axis.texts, each, style.line_height).items():
            y = plot.bottom - round(float(self._axis.part(self._axis.ticks[number])) * plot.height)
            fill_box(canvas, Box(plot.x, y, plot.width, 1), self._faint)
            write(
                canvas,
                text,
                self._muted,
                plot.x - TICK_GAP,
                y - style.line_height // 2,
                style,
                anchor="right",
            )
        for text, x, anchor in self._limits():
            write(canvas, text, self._muted, x, plot.bottom + 5, style, anchor=anchor)

    def _limits(self) -> list[tuple[str, int, str]]:
        """What stands below the axis: the limits, and 0 where it has room between them."""
        plot, style, limits = self._plot, self._style, self._view.limits
        low, high = format_limit(limits.low), format_limit(limits.high)
        found = [(low, plot.x, "left"), (high, plot.right, "right")]
        part = -limits.low / ((limits.high - limits.low) or 1.0)
        zero, room = plot.x + round(part * plot.width), style.width("0") + 8
        if plot.x + style.width(low) + room < zero < plot.right - style.width(high) - room:
            found.append(("0", zero, "middle"))
        return found

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw the bars of one step; what lies beyond the limits is in the end bars."""
        plot, limits, bins = self._plot, self._view.limits, len(self._edges) - 1
        values = np.asarray(state.snapshot.taps[self._view.name], np.float64)
        counts, bounds = np.histogram(
            np.clip(values, limits.low, limits.high), bins, (limits.low, limits.high)
        )
        parts = np.nan_to_num(self._axis.part(counts / values.size))
        # A bar of a single value is seen, too.
        rows = np.maximum(np.rint(parts * plot.height), counts > 0).astype(np.intp)
        wide = np.diff(self._edges)
        bar = np.arange(plot.height, 0, -1)[:, None] <= rows.repeat(wide)
        field = canvas[plot.y : plot.bottom, plot.x : plot.right]
        if self._map is None:
            field[bar] = self._muted.indices[-1]
            return
        levels = to_levels((bounds[1:] + bounds[:-1]) / 2, limits, len(self._map.indices))
        np.copyto(field, self._map.indices_for(canvas)[levels].repeat(wide), where=bar)
        # Values near 0 have the paper's colour, so bars have an edge.
        field[bar & ~inner(bar)] = self._muted.indices[-1]


def shares(least: float, peak: float, *, log: bool) -> Axis:
    """An axis for parts of all values, of which the smallest is `least` and the greatest `peak`."""
    if not log:
        ticks = nice_ticks(0.0, peak)
        return Axis(ticks[0], ticks[-1], tuple(ticks), percent=True)
    first = math.floor(math.log10(least) + 1e-9)
    last = max(first + 1, math.ceil(math.log10(peak) - 1e-9))
    powers = tuple(float(f"1e{power}") for power in range(first, last + 1))
    return Axis(powers[0], powers[-1], powers, log=True, percent=True)


def left_of(axis: Axis, context: SceneContext) -> int:
    """Pixels left of an axis."""
    return max(body_style(context.theme).width(text) for text in axis.texts) + TICK_GAP


def inner(shape: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels of a shape that stands on its foot whose neighbours above and beside belong to it."""
    around = np.pad(shape, ((1, 0), (1, 1)))
    within: NDArray[np.bool_] = around[:-1, 1:-1] & around[1:, :-2] & around[1:, 2:]
    return within
