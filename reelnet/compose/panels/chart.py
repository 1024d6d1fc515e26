"""One chart: axes drawn once, curves revealed column by column, present values in its head."""

from __future__ import annotations

import numpy as np

from reelnet.compose.canvas import disc, fill_box, polyline, stamp, write
from reelnet.compose.panels.series import Chart, Series
from reelnet.compose.text import text_size
from reelnet.scene.facts import Facts, Moment
from reelnet.scene.layout import Box
from reelnet.scene.palette import Ink, Palette
from reelnet.scene.panel import Canvas

TITLE = 13
GAP = 6
RADIUS = 3.5
"""Of the dot at a curve's head, in pixels."""
WIDTH = 1.8
"""Of a curve, in pixels."""


class ChartDrawing:
    """A chart in its box."""

    def __init__(self, chart: Chart, facts: Facts, box: Box, palette: Palette) -> None:
        theme = facts.theme
        self._chart, self._facts, self._box, self._size = chart, facts, box, theme.text
        self._ink = palette.ramp(theme.ink, theme.background)
        self._muted = palette.ramp(theme.muted, theme.background)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        self._inked = [
            (each, palette.ramp(theme.test if each.held else theme.train, theme.background, 12))
            for each in chart.series
        ]
        self._rooms = {each.label: self._room(each) for each in chart.series}
        self._legend = box.y + (text_size("0", TITLE).height - text_size("0", theme.text).height + 1) // 2
        self._plot = self._inner()
        self._columns = [self._column(step) for step in facts.steps]
        self._curves: Canvas | None = None

    def _inner(self) -> Box:
        """The field of the curves: the box without title and axis labels."""
        line = text_size("0", self._size).height
        left = max(text_size(self._chart.tick(tick), self._size).width for tick in self._chart.ticks) + 8
        top = text_size("0", TITLE).height + 10
        return Box(
            self._box.x + left, self._box.y + top, self._box.width - left, self._box.height - top - line - 4
        )

    def _column(self, step: int) -> int:
        """The column of the field where a step stands, from 0."""
        first, last = self._facts.steps[0], self._facts.steps[-1]
        return round((step - first) / ((last - first) or 1) * (self._plot.width - 1))

    def _row(self, value: float) -> float:
        """The row of the field where a value stands, from 0 at the top; infinite values stand at the ends."""
        low, high = self._chart.ticks[0], self._chart.ticks[-1]
        part = min(max((value - low) / (high - low), 0.0), 1.0)
        return (1 - part) * (self._plot.height - 1)

    def draw_still(self, canvas: Canvas) -> None:
        """Draw title and axes, and keep a copy of the field with the whole curves."""
        plot, size = self._plot, self._size
        write(canvas, self._chart.title, self._ink, self._box.x, self._box.y, size=TITLE, bold=True)
        line = text_size("0", size).height
        for tick in self._chart.ticks:
            y = plot.y + round(self._row(tick))
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
        write(canvas, last, self._muted, plot.right, plot.bottom + 4, size=size, anchor="right")
        field = self._field(canvas).copy()
        for series, colour in self._inked:
            known = np.flatnonzero(~np.isnan(series.values))
            margin = int(RADIUS) + 1
            points = [(self._columns[at] + 0.5, self._row(series.values[at]) + 0.5 + margin) for at in known]
            stamp(field, polyline(points, WIDTH, (field.shape[1], field.shape[0])), colour, 0, 0)
        self._curves = field

    def _field(self, canvas: Canvas) -> Canvas:
        """The canvas where curves may be, with room above and below for their width."""
        plot, margin = self._plot, int(RADIUS) + 1
        return canvas[plot.y - margin : plot.bottom + margin, plot.x : plot.right]

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        """Reveal the curves up to the moment's step, with their present values."""
        assert self._curves is not None, "draw_still comes first"
        shown = self._columns[moment.number] + 1
        self._field(canvas)[:, :shown] = self._curves[:, :shown]
        right = self._box.right
        for series, colour in reversed(self._inked):
            right = self._write_value(canvas, series, moment.number, colour, right)
        for series, colour in self._inked:
            self._draw_head(canvas, series, moment.number, colour)

    def _draw_head(self, canvas: Canvas, series: Series, number: int, colour: Ink) -> None:
        """Put a dot where the curve has come to."""
        known = np.flatnonzero(~np.isnan(series.values[: number + 1]))
        if not len(known):
            return
        mask = disc(RADIUS)
        left = self._plot.x + self._columns[known[-1]] - mask.shape[1] // 2
        top = self._plot.y + round(self._row(series.values[known[-1]])) - mask.shape[0] // 2
        stamp(canvas, mask, colour, left, top)

    def _write_value(self, canvas: Canvas, series: Series, number: int, colour: Ink, right: int) -> int:
        """Write a series' label and present value so that they end at `right`; gives where they begin."""
        text = self._chart.written(float(series.last[number]))
        write(canvas, text, colour, right, self._legend, size=self._size, bold=True, anchor="right")
        left = right - self._rooms[series.label] - 4
        write(canvas, series.label, colour, left, self._legend, size=self._size, anchor="right")
        return left - text_size(series.label, self._size).width - 14

    def _room(self, series: Series) -> int:
        """Pixels that the widest value of a series needs, so that nothing moves while digits change."""
        texts = {self._chart.written(float(value)) for value in series.last}
        return max(text_size(text, self._size, bold=True).width for text in texts)
