"""One chart: axes drawn once, curves revealed column by column, present values in its head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reelnet.compose.canvas import disc, fill_box, polyline, stamp, write
from reelnet.compose.panels.series import Chart, Series
from reelnet.compose.text import text_size
from reelnet.scene.facts import Facts, Moment
from reelnet.scene.layout import Box
from reelnet.scene.palette import Palette
from reelnet.scene.panel import Canvas

TITLE = 13
MARGIN = 4
"""Pixels around the field of the curves that dots and the curves' width may reach into."""
APART = 14
"""Pixels between two entries of the head."""


class ChartDrawing:
    """A chart in its box."""

    def __init__(self, chart: Chart, facts: Facts, box: Box, palette: Palette) -> None:
        theme = facts.theme
        self._chart, self._facts, self._box, self._size = chart, facts, box, theme.text
        self._ink = palette.ramp(theme.ink, theme.background)
        self._muted = palette.ramp(theme.muted, theme.background)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        self._plot = self._inner()
        columns = np.array([self._column(step) for step in facts.steps])
        # The training set's curve is the thinner one and lies on top, so that both can be seen.
        self._lines = [
            Line(each, columns, self._rows(each.values), self._plot, facts, palette)
            for each in reversed(chart.series)
        ]

    def _inner(self) -> Box:
        """The field of the curves: the box without title and axis labels."""
        line = text_size("0", self._size).height
        left = max(text_size(self._chart.tick(tick), self._size).width for tick in self._chart.ticks) + 8
        top = text_size("0", TITLE).height + 10
        height = self._box.height - top - line - 4
        return Box(self._box.x + left, self._box.y + top, self._box.width - left, height)

    def _column(self, step: int) -> int:
        """The column of the field where a step stands, from 0."""
        first, last = self._facts.steps[0], self._facts.steps[-1]
        return round((step - first) / ((last - first) or 1) * (self._plot.width - 1))

    def _rows(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The rows of the field where values stand, from 0 at the top; infinite values stand at the ends."""
        low, high = self._chart.ticks[0], self._chart.ticks[-1]
        part = (np.clip(values, low, high) - low) / (high - low)
        rows: NDArray[np.float64] = (1 - part) * (self._plot.height - 1)
        return rows

    def draw_still(self, canvas: Canvas) -> None:
        """Draw title and axes."""
        plot, size = self._plot, self._size
        write(canvas, self._chart.title, self._ink, self._box.x, self._box.y, size=TITLE, bold=True)
        line = text_size("0", size).height
        for tick, row in zip(self._chart.ticks, self._rows(np.array(self._chart.ticks)), strict=True):
            y = plot.y + round(row)
            fill_box(canvas, Box(plot.x, y, plot.width, 1), self._faint)
            write(
                canvas,
                self._chart.tick(tick),
                self._muted,
                plot.x - 8,
                y - line // 2,
                size=size,
                anchor="right",
            )
        first, last = f"step {self._facts.steps[0]:,}", f"{self._facts.steps[-1]:,}"
        write(canvas, first, self._muted, plot.x, plot.bottom + 4, size=size)
        if len(self._facts.steps) > 1:
            write(canvas, last, self._muted, plot.right, plot.bottom + 4, size=size, anchor="right")

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        """Reveal the curves up to the moment's step, with their present values."""
        right = self._box.right
        y = self._box.y + (text_size("0", TITLE).height - text_size("0", self._size).height + 1) // 2
        for line in self._lines:
            line.draw(canvas, moment.number)
        for line in self._lines:
            series, text = line.series, self._chart.written(float(line.series.last[moment.number]))
            write(canvas, text, line.ink, right, y, size=self._size, bold=True, anchor="right")
            right -= value_width(self._chart, series, self._size) + 4
            write(canvas, series.label, line.ink, right, y, size=self._size, anchor="right")
            right -= text_size(series.label, self._size).width + APART


class Line:
    """One series as a curve in its field, drawn once and shown as far as its values are known."""

    def __init__(
        self,
        series: Series,
        columns: NDArray[np.intp],
        rows: NDArray[np.float64],
        plot: Box,
        facts: Facts,
        palette: Palette,
    ) -> None:
        theme = facts.theme
        self.series, self._plot, self._columns, self._rows = series, plot, columns, rows
        self.ink = palette.ramp(theme.test if series.held else theme.train, theme.background, 12)
        self._known = np.flatnonzero(~np.isnan(rows))
        points = [(columns[at] + 0.5, rows[at] + 0.5 + MARGIN) for at in self._known]
        width = 2.2 if series.held else 1.4
        self._coverage = polyline(points, width, (plot.width, plot.height + 2 * MARGIN))
        self._dot = disc(3.5 if series.held else 2.5)

    def draw(self, canvas: Canvas, number: int) -> None:
        """Show the curve up to its last value that is known at the `number`th recorded step."""
        known = self._known[: np.searchsorted(self._known, number, side="right")]
        if not len(known):
            return
        column, row = self._columns[known[-1]], self._rows[known[-1]]
        stamp(canvas, self._coverage[:, : column + 1], self.ink, self._plot.x, self._plot.y - MARGIN)
        left = self._plot.x + column - self._dot.shape[1] // 2
        stamp(canvas, self._dot, self.ink, left, self._plot.y + round(row) - self._dot.shape[0] // 2)


def value_width(chart: Chart, series: Series, size: int) -> int:
    """Pixels that the widest value of a series needs, so that nothing moves while digits change."""
    longest = max((chart.written(float(value)) for value in series.last), key=len)
    return text_size(longest, size, bold=True).width


def head_width(chart: Chart, size: int) -> int:
    """Pixels that a chart's title and the present values beside it need."""
    entries = [
        text_size(each.label, size).width + 4 + value_width(chart, each, size) for each in chart.series
    ]
    return text_size(chart.title, TITLE, bold=True).width + sum(entries) + APART * len(entries)
