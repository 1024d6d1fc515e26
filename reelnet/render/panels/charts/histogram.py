"""The histogram panel: how a layer's values are distributed at each step."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reelnet.config.diagnostics import ErrorCollector
from reelnet.config.spec import PositivePixels
from reelnet.render.canvas import fill_box, write
from reelnet.render.description.described_canvas import described_by
from reelnet.render.description.items import RectItem
from reelnet.render.panels.charts.axis import Axis, nice_ticks
from reelnet.render.panels.charts.chart import title_style
from reelnet.render.panels.maps.grid import thin_labels
from reelnet.render.panels.maps.levels import to_levels
from reelnet.render.typography import body_style
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel

LABEL_GAP = 8
"""Pixels of the layout between the vertical axis and its labels."""


class Histogram(Panel):
    """The values of a layer at the current step, in bins that stay the same over the run."""

    default_grow: ClassVar[float] = 1.0

    tap: str | None = Field(None, description="The layer; by default the reel's.")
    bins: int = Field(41, ge=2, le=512, description="Number of bars; an odd number centers one on 0.")
    log: bool = Field(False, description="Use a logarithmic vertical axis, so that rare values are visible.")
    colored: bool = Field(True, description="Give bars the colors of their values; muted otherwise.")
    title: str | None = Field(
        None,
        max_length=200,
        description="The line above; by default `Values of` and the layer. Empty for none.",
    )
    chart_width: PositivePixels | None = Field(
        None, description="Minimum width in pixels; by default 20 times the theme's text."
    )
    chart_height: PositivePixels | None = Field(
        None, description="Height in pixels, including title and axes; by default 13 times the theme's text."
    )

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        """The layer."""
        return (self.tap or context.layer,)

    def choose_title(self, context: SceneContext) -> str:
        """The line above the chart; empty for none."""
        return f"Values of {self.taps(context)[0]}" if self.title is None else self.title

    def fit_axis(self, context: SceneContext) -> Axis:
        """Fit the vertical axis to all steps."""
        tap = self.taps(context)[0]
        limits, total = context.view(tap).limits, math.prod(context.require(tap).shape)
        peak = context.statistics.max_bin_count(tap, self.bins, limits.low, limits.high)
        return fit_share_axis(1 / total, peak / total, log=self.log)

    def measure(self, context: SceneContext) -> Measure:
        """By default as large as a chart of curves."""
        size, title_width, errors = context.theme.text, 0, ErrorCollector()
        height, min_height = self.chart_height or 13 * size, context.px(80) + 2 * size
        width = self.chart_width or 20 * size
        with errors.collect("chart_height"):
            if height < min_height:
                least = context.to_layout(min_height)
                raise ValueError(f"{height // context.density}: give at least {least} pixels")
        with errors.collect("title"):
            title_width = body_style(context.theme).width(self.choose_title(context))
        with errors.collect("tap"):
            context.require(self.taps(context)[0])
            min_width = axis_width(self.fit_axis(context), context) + context.px(self.bins)
            with errors.collect("chart_width"):
                if self.chart_width and width < min_width:
                    least = context.to_layout(min_width)
                    raise ValueError(
                        f"{width // context.density}: {self.bins} bins need at least {least} pixels"
                    )
            width = max(width, min_width)
        errors.raise_errors()
        return Measure(max(width, title_width), height)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> HistogramDrawing:
        """Fit the axes into the box."""
        return HistogramDrawing(self, context, box, palette)


class HistogramDrawing:
    """The bars in their box."""

    def __init__(self, panel: Histogram, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme, view = context.theme, context.view(panel.taps(context)[0])
        self._box, self._view, self._title, self._px = box, view, panel.choose_title(context), context.px
        self._style, self._title_style = body_style(theme), title_style(theme)
        self._axis = panel.fit_axis(context)
        self._ink, self._muted = palette.ramps(theme.background, theme.ink, theme.muted)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        self._map = palette.colormap(view.anchors) if panel.colored else None
        left, line_height = axis_width(self._axis, context), self._style.line_height
        top = self._title_style.line_height + context.px(10) if self._title else line_height // 2
        below = line_height + context.px(5)
        self._plot = Box(box.x + left, box.y + top, box.width - left, box.height - top - below)
        # Edges of the bars in columns of the plot; bars of equal whole widths would leave a margin on the right.
        self._edges = np.rint(np.linspace(0, self._plot.width, panel.bins + 1)).astype(np.intp)

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the title and the axes."""
        plot, style = self._plot, self._style
        write(canvas, self._title, self._ink, self._box.x, self._box.y, self._title_style)
        tick_distance = plot.height // (len(self._axis.ticks) - 1)
        labels = thin_labels(self._axis.tick_labels, tick_distance, style.line_height)
        for number, label in labels.items():
            y = plot.bottom - round(float(self._axis.to_fraction(self._axis.ticks[number])) * plot.height)
            fill_box(canvas, Box(plot.x, y, plot.width, self._px(1)), self._faint)
            top = y - style.line_height // 2
            write(canvas, label, self._muted, plot.x - self._px(LABEL_GAP), top, style, anchor="right")
        for label, x, anchor in self.limit_labels():
            write(canvas, label, self._muted, x, plot.bottom + self._px(5), style, anchor=anchor)

    def limit_labels(self) -> list[tuple[str, int, str]]:
        """Text, x and anchor of the labels below the plot: the limits, and 0 if it fits between them."""
        plot, style, limits = self._plot, self._style, self._view.limits
        # The outer bars count the values beyond the limits.
        low, high = limits.labels
        counted = f"{high} {limits.beyond}".strip()
        if style.width(low) + style.width(counted) + self._px(8) <= plot.width:
            high = counted
        labels = [(low, plot.x, "left"), (high, plot.right, "right")]
        fraction = -limits.low / ((limits.high - limits.low) or 1.0)
        zero_x, space = plot.x + round(fraction * plot.width), style.width("0") + self._px(8)
        if plot.x + style.width(low) + space < zero_x < plot.right - style.width(high) - space:
            labels.append(("0", zero_x, "middle"))
        return labels

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw the bars of one step; finite values beyond the limits count in the outer bars."""
        plot, limits, bins = self._plot, self._view.limits, len(self._edges) - 1
        values = np.asarray(state.snapshot.taps[self._view.name], np.float64)
        ends = limits.low, limits.high
        finite = values[np.isfinite(values)]
        counts, bin_edges = np.histogram(np.clip(finite, *ends), bins, ends)
        fractions = np.nan_to_num(self._axis.to_fraction(counts / values.size))
        # The bar of a single value is visible, too.
        heights = np.maximum(np.rint(fractions * plot.height), counts > 0).astype(np.intp)
        levels = None
        if self._map is not None:
            levels = to_levels((bin_edges[1:] + bin_edges[:-1]) / 2, limits, len(self._map.indices))
        self._draw_bars(canvas, heights, levels)

    def _describe_bars(self, heights: NDArray[np.intp], levels: NDArray[np.uint8] | None) -> list[RectItem]:
        """The bars, from left to right, with their outline if they have colors."""
        plot, edges, line = self._plot, self._edges.tolist(), self._px(1)
        around, items = [0, *heights.tolist(), 0], []
        for number, (left, right) in enumerate(pairwise(edges)):
            before, height, after = around[number : number + 3]
            box = Box(plot.x + left, plot.bottom - height, right - left, height)
            if self._map is None or levels is None:
                items.append(RectItem(box, self._muted))
                continue
            items.append(RectItem(box, self._map.cut(int(levels[number]) + 1)))
            items.append(RectItem(replace(box, height=min(line, height)), self._muted))
            if before < height:
                items.append(RectItem(replace(box, width=line, height=height - before), self._muted))
            if after < height:
                edge = replace(box, x=box.right - line, width=line, height=height - after)
                items.append(RectItem(edge, self._muted))
        return items

    @described_by(_describe_bars)
    def _draw_bars(self, canvas: Canvas, heights: NDArray[np.intp], levels: NDArray[np.uint8] | None) -> None:
        """Draw bars of some heights in pixels, in the colors of levels if there are any."""
        plot, widths = self._plot, np.diff(self._edges)
        bars = np.arange(plot.height, 0, -1)[:, None] <= heights.repeat(widths)
        region = canvas[plot.y : plot.bottom, plot.x : plot.right]
        if self._map is None or levels is None:
            region[bars] = self._muted.indices[-1]
            return
        np.copyto(region, self._map.indices_for(canvas)[levels].repeat(widths), where=bars)
        # Values near 0 have the color of the background, so bars get an outline.
        region[bars & ~find_interior(bars, self._px(1))] = self._muted.indices[-1]


def fit_share_axis(smallest: float, peak: float, *, log: bool) -> Axis:
    """Fit an axis to shares of all values.

    Args:
        smallest: The smallest share above 0: that of a single value.
        peak: The greatest share; 0 without any finite value.
        log: Whether the scale is logarithmic.
    """
    peak = peak or 1.0
    if not log:
        ticks = nice_ticks(0.0, peak)
        return Axis(ticks[0], ticks[-1], tuple(ticks), percent=True)
    first = math.floor(math.log10(smallest) + 1e-9)
    last = max(first + 1, math.ceil(math.log10(peak) - 1e-9))
    powers = tuple(float(f"1e{power}") for power in range(first, last + 1))
    return Axis(powers[0], powers[-1], powers, log=True, percent=True)


def axis_width(axis: Axis, context: SceneContext) -> int:
    """Pixels that the labels of an axis take left of the plot."""
    return max(body_style(context.theme).width(label) for label in axis.tick_labels) + context.px(LABEL_GAP)


def find_interior(bars: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """The pixels of bars that have bars above, left and right of them at a distance of `width` pixels, too."""
    padded = np.pad(bars, ((width, 0), (width, width)))
    inside = padded[width:, width:-width]
    interior: NDArray[np.bool_] = (
        inside & padded[:-width, width:-width] & padded[width:, : -2 * width] & padded[width:, 2 * width :]
    )
    return interior
