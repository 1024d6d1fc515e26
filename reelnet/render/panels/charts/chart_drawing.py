"""Draws a chart: its header with the current values, axes drawn once, and curves that are revealed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from reelnet.render.canvas import fill_box, stamp, write
from reelnet.render.panels.charts.axis import Axis
from reelnet.render.panels.charts.axis_drawing import TICK_LENGTH, draw_step_axis, place_value_ticks
from reelnet.render.panels.charts.chart import Chart, format_measured_step
from reelnet.render.panels.charts.line import CurveLine, CurveReveal, Ghosts
from reelnet.render.typography import TextStyle, body_style, shorten_text
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink, PaletteBuilder
from reelnet.scene.panel import Canvas
from reelnet.scene.text_fields import NAN_VALUE

MARK_LENGTH = 5
"""Pixels of the mark of an infinite value, at the usual size of text."""


class ChartDrawing:
    """A chart in its box.

    Args:
        chart: What is drawn.
        context: The run.
        header: Where the title and the legend are; the height does not count.
        box: The box of the whole chart.
        plot: The box of the curves; None for values only.
        palette: Where inks come from.
        with_steps: Whether to write when values were measured, if it fits.

    Attributes:
        plot: The curves; None for values only.
    """

    def __init__(
        self,
        chart: Chart,
        context: SceneContext,
        header: Box,
        box: Box,
        plot: Box | None,
        palette: PaletteBuilder,
        *,
        with_steps: bool,
    ) -> None:
        theme, self._chart, self._box = chart.theme, chart, header
        self._style = body_style(theme)
        self._ink, self._muted = palette.ramps(theme.background, theme.ink, theme.muted)
        self._entries = chart.header.lay_out(header.width, with_steps=with_steps)
        self._inks = [palette.ramp(each.color, theme.background, 12) for each in chart.series]
        self._missing = None
        if any(each.has_nonfinite for each in chart.series):
            self._missing = palette.ramp(theme.missing, theme.background, 12)
        self.plot = (
            ChartPlot(chart, context, box, plot, self._inks, self._missing, palette)
            if plot is not None
            else None
        )

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the title, the names of the curves, and the axes."""
        header = self._chart.header
        title = shorten_text(header.title, self._box.width, header.title_style)
        write(canvas, title, self._ink, self._box.x, self._box.y, header.title_style)
        for entry in self._entries:
            x, y, ink = self._box.x + entry.x, self._box.y + entry.y, self._inks[entry.number]
            if entry.sample_width:
                drawn, blank = self._chart.series[entry.number].dash
                coverage = np.zeros((2, entry.sample_width), np.uint8)
                coverage[:, np.arange(entry.sample_width) % (drawn + blank) < drawn] = 255
                stamp(canvas, coverage, ink, x, y + self._style.line_height // 2)
                x += entry.sample_width + header.part_gap
            write(canvas, entry.label, ink, x, y, self._style)
        if self.plot is not None:
            self.plot.draw_still(canvas)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Reveal the curves up to the current step, and write their current values."""
        if self.plot is not None:
            self.plot.draw(canvas, state)
        for text, ink, x, y, style, anchor in self.current_texts(state.step_index):
            write(canvas, text, ink, x, y, style, anchor=anchor)

    def current_texts(self, step_index: int) -> Iterator[tuple[str, Ink, int, int, TextStyle, str]]:
        """The texts of the header that change: the latest values, and when they were measured.

        Yields:
            The text, its ink, x, y, style and anchor, as for `write`.
        """
        header, small = self._chart.header, self._chart.header.step_style
        drop = round(0.8 * (header.label_style.line_height - small.line_height))
        for entry in self._entries:
            series, y = self._chart.series[entry.number], self._box.y + entry.y
            right = self._box.x + entry.x + entry.width
            if not entry.value_width:
                continue
            if entry.step_width:
                left, right = right - entry.step_width, right - entry.step_width - header.part_gap
                if series.measured_steps is not None and series.measured_steps[step_index] >= 0:
                    text = format_measured_step(series.measured_steps[step_index])
                    yield text, self._muted, left, y + drop, small, "left"
            value, ink = float(series.latest[step_index]), self._inks[entry.number]
            text = series.format_value(value)
            if step_index < series.first_measured:
                # A dash is centered, so that its gaps on both sides are equal.
                yield text, ink, right - entry.value_width // 2, y, header.value_style, "middle"
                continue
            if self._missing is not None and not math.isfinite(value):
                text, ink = NAN_VALUE if math.isnan(value) else text, self._missing
            yield text, ink, right, y, header.value_style, "right"


class ChartPlot:
    """The axes and the curves of a chart.

    Args:
        chart: What is drawn.
        context: The run.
        box: The box of the whole chart.
        plot: The box of the curves.
        inks: Of each curve.
        missing: Of infinite values; None without any.
        palette: Where further inks come from.
    """

    def __init__(
        self,
        chart: Chart,
        context: SceneContext,
        box: Box,
        plot: Box,
        inks: Sequence[Ink],
        missing: Ink | None,
        palette: PaletteBuilder,
    ) -> None:
        theme, self._chart, self._plot = chart.theme, chart, plot
        self._style, self._inks, self._missing = body_style(theme), inks, missing
        self._muted = palette.ramp(theme.muted, theme.background)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        # Without labels on the right, grid lines extend to the edge of the box.
        self._grid_width = (plot.right if chart.right_axis is not None else box.right) - plot.x
        self._columns = np.rint(chart.step_axis.to_fraction(context.steps) * (plot.width - 1))
        # The training set's curve is thinner and on top, so that both remain visible.
        pairs = list(zip(chart.series, inks, strict=True))[::-1]
        pairs.sort(key=lambda pair: not pair[0].held_out)
        self._lines = [CurveLine(each, self._columns, plot, ink, chart.line_scale) for each, ink in pairs]
        self._ghost = palette.ramp(theme.faint, theme.background, 12)
        self._reveal = CurveReveal(self._lines, plot)

    @property
    def step_axis(self) -> tuple[Box, NDArray[np.float64]]:
        """The box of the curves, and the column in it of each recorded step."""
        return self._plot, self._columns

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the axes, and all curves as ghost lines."""
        self._draw_left_axis(canvas)
        self._draw_right_axis(canvas)
        chart, right = self._chart, self._plot.x + self._grid_width
        inks = (self._muted, self._faint)
        # The word would stand below the labels of the values.
        ends = self._plot.x - self._chart.label_gap, right
        draw_step_axis(canvas, chart.step_axis, self._plot, ends, inks, self._style, chart.density)
        Ghosts(self._lines, self._plot, self._ghost).draw(canvas)
        self._reveal.look_up_colors(self._ghost)

    def _axis_inks(self, axis: Axis) -> list[Ink]:
        """The inks of the series on an axis."""
        return [ink for ink, each in zip(self._inks, self._chart.series, strict=True) if each.axis is axis]

    def _draw_left_axis(self, canvas: Canvas) -> None:
        plot, style, axis = self._plot, self._style, self._chart.left_axis
        own_inks = self._axis_inks(axis)
        one_curve = self._chart.right_axis is not None and len(own_inks) == 1
        ink, right = own_inks[0] if one_curve else self._muted, plot.x - self._chart.label_gap
        width, density = self._grid_width, self._chart.density
        fill_box(canvas, Box(plot.x, plot.bottom - density, width, density), self._faint)
        for label, y in place_value_ticks(axis, plot, style):
            fill_box(canvas, Box(plot.x, y, width, density), self._faint)
            write(canvas, label, ink, right, y - style.line_height // 2, style, anchor="right")

    def _draw_right_axis(self, canvas: Canvas) -> None:
        plot, style, axis = self._plot, self._style, self._chart.right_axis
        if axis is None:
            return
        ink = self._axis_inks(axis)[0]
        for label, y in place_value_ticks(axis, plot, style):
            fill_box(canvas, Box(plot.right, y, TICK_LENGTH * self._chart.density, self._chart.density), ink)
            write(canvas, label, ink, plot.right + self._chart.label_gap, y - style.line_height // 2, style)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Reveal the curves up to the current step."""
        plot, column = self._plot, self._columns[state.step_index]
        if self._chart.cursor and not np.isnan(column):
            left = plot.x + int(column)
            fill_box(canvas, Box(left, plot.y, self._chart.density, plot.height), self._muted.cut(9))
        self._reveal.draw(canvas, state.step_index)
        self._mark_infinite_values(canvas, state.step_index)

    def _mark_infinite_values(self, canvas: Canvas, step_index: int) -> None:
        """Mark each value up to a step that no axis can show, at the edge of the plot that it lies beyond."""
        if self._missing is None:
            return
        plot, scale = self._plot, self._chart.line_scale
        width, height = 2 * round(scale) + 1, round(MARK_LENGTH * scale)
        for series in self._chart.series:
            values = series.values[: step_index + 1]
            for index in np.flatnonzero(np.isinf(values) & ~np.isnan(self._columns[: step_index + 1])):
                x = plot.x + int(self._columns[index]) - width // 2
                y = plot.y if values[index] > 0 else plot.bottom - height
                fill_box(canvas, Box(x, y, width, height), self._missing)
