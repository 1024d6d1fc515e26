"""One chart: axes drawn once, curves revealed, present values in its head."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reelnet.render.canvas import fill_box, stamp, write
from reelnet.render.panels.charts.axis import Axis, written
from reelnet.render.panels.charts.head import SAMPLE, Entry, Head, dated
from reelnet.render.panels.charts.line import DASHES, Line, Reveal
from reelnet.render.panels.charts.series import Chart
from reelnet.render.typography import body_style
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink, PaletteBuilder
from reelnet.scene.panel import Canvas
from reelnet.template.theme import Theme

GAP = 8
"""Least pixels between the field of the curves and the numbers beside it."""
MARK = 4
"""Length in pixels of an axis' marks, where no line crosses the whole field."""


@dataclass(frozen=True)
class Plan:
    """A chart and what it needs, before it has a box.

    Attributes:
        steps: The axis along the bottom.
        cursor: A line stands at the present step.
    """

    chart: Chart
    steps: Axis
    head: Head
    theme: Theme
    cursor: bool

    @property
    def weight(self) -> float:
        """By which curves are wider, and dots larger, than beside type of 12 pixels."""
        return min(max(self.theme.text / 12, 1.0), 3.0)

    @property
    def reach(self) -> int:
        """Pixels around a curve's end that its dot needs."""
        return math.ceil(3.5 * self.weight)

    @property
    def gap(self) -> int:
        """Pixels between the field and the numbers beside it, into which a dot at its edge reaches."""
        return max(GAP, self.reach + 2)

    @property
    def gutters(self) -> tuple[int, int]:
        """Pixels left and right of the field."""
        style, sides = body_style(self.theme), []
        for axis in (self.chart.left, self.chart.right):
            texts = axis.texts if axis is not None else []
            sides.append(max((style.width(text) for text in texts), default=self.reach - self.gap) + self.gap)
        return sides[0], sides[1]

    @property
    def over(self) -> int:
        """Pixels between the head and the field; half a line of the uppermost number reaches into them."""
        return max(self.reach, body_style(self.theme).line_height // 2) + 2

    @property
    def under(self) -> int:
        """Pixels under the field."""
        return body_style(self.theme).line_height + MARK if self.steps.ticks else self.reach

    @property
    def least(self) -> int:
        """The width below which it cannot be read."""
        style, steps = (
            body_style(self.theme),
            (self.steps.ticks[:1] + self.steps.ticks[-1:])[: len(self.steps.ticks)],
        )
        ends = sum(style.width(f"step {tick:,.0f}") for tick in steps) + 2 * GAP
        return max(sum(self.gutters) + max(6 * self.theme.text, ends), 12 * self.theme.text)

    @property
    def natural(self) -> int:
        """The width that it would like: its head on one line, unless that is long."""
        size = self.theme.text
        return max(self.least, 20 * size, min(self.head.natural, 30 * size))

    def shortest(self, head: int) -> int:
        """The height below which it cannot be read, with a head of so many pixels."""
        return head + self.over + 4 * self.theme.text + self.under


class ChartDrawing:
    """A chart in its box.

    Args:
        gutters: Pixels left and right of the field of the curves.
        head: Pixels of the head.
        dated: Tell when values were measured, if there is room.
    """

    def __init__(
        self,
        plan: Plan,
        context: SceneContext,
        box: Box,
        palette: PaletteBuilder,
        *,
        gutters: tuple[int, int],
        head: int,
        dated: bool,
    ) -> None:
        theme = plan.theme
        self._plan, self._box, self._style = plan, box, body_style(theme)
        self._ink = palette.ramp(theme.ink, theme.background)
        self._muted = palette.ramp(theme.muted, theme.background)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        top, width = head + plan.over, box.width - sum(gutters)
        self._field = Box(box.x + gutters[0], box.y + top, width, box.height - top - plan.under)
        # Lines across the field end with the box, where no numbers stand on the right.
        self._across = self._field.width + (gutters[1] if plan.chart.right is None else 0)
        self._entries = plan.head.entries(box.width, dated=dated)
        self._columns = np.rint(plan.steps.part(context.steps) * (width - 1))
        self._inks = [self._ink_of(each.tone, palette) for each in plan.chart.series]
        # The training set's curve is the thinner one and lies on top, so that both can be seen.
        order = sorted(
            range(len(self._inks)), key=lambda number: (not plan.chart.series[number].held, -number)
        )
        self._reveal = Reveal([self._line(number) for number in order], self._field)

    def _ink_of(self, tone: int, palette: PaletteBuilder) -> Ink:
        theme = self._plan.theme
        return palette.ramp(theme.curves[tone % len(theme.curves)], theme.background, 12)

    def _line(self, number: int) -> Line:
        series, weight = self._plan.chart.series[number], self._plan.weight
        return Line(
            series,
            self._columns,
            self._field,
            self._inks[number],
            width=weight * (2.2 if series.held else 1.4),
            radius=weight * (3.5 if series.held else 2.5),
            dash=self._dash(series.tone),
        )

    def _dash(self, tone: int) -> tuple[int, int]:
        return DASHES[tone // len(self._plan.theme.curves) % len(DASHES)]

    def _rows(self, axis: Axis) -> list[int]:
        """The canvas' rows of an axis' marks."""
        parts = axis.part(axis.ticks)
        return [self._field.bottom - 1 - round(part * (self._field.height - 1)) for part in parts]

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the title, the names of the curves, and the axes."""
        head = self._plan.head
        title = head.fitting(self._box.width)
        write(canvas, title, self._ink, self._box.x, self._box.y, head.heading)
        for entry in self._entries:
            x, y, ink = self._box.x + entry.x, self._box.y + entry.y, self._inks[entry.number]
            if entry.sample:
                self._draw_sample(canvas, x, y, entry.number)
                x += entry.sample + head.near
            write(canvas, entry.label, ink, x, y, self._style)
        self._draw_left(canvas)
        self._draw_right(canvas)
        self._draw_steps(canvas)
        self._reveal.prepare()

    def _draw_sample(self, canvas: Canvas, x: int, y: int, number: int) -> None:
        on, off = self._dash(self._plan.chart.series[number].tone)
        coverage = np.zeros((2, SAMPLE), np.uint8)
        coverage[:, np.arange(SAMPLE) % (on + off) < on] = 255
        stamp(canvas, coverage, self._inks[number], x, y + self._style.line_height // 2)

    def _draw_left(self, canvas: Canvas) -> None:
        field, style, axis = self._field, self._style, self._plan.chart.left
        own = [number for number, each in enumerate(self._plan.chart.series) if each.axis is axis]
        ink = self._inks[own[0]] if self._plan.chart.right is not None and len(own) == 1 else self._muted
        fill_box(canvas, Box(field.x, field.bottom - 1, self._across, 1), self._faint)
        for text, y in apart(axis.texts, self._rows(axis), style.line_height):
            fill_box(canvas, Box(field.x, y, self._across, 1), self._faint)
            write(
                canvas, text, ink, field.x - self._plan.gap, y - style.line_height // 2, style, anchor="right"
            )

    def _draw_right(self, canvas: Canvas) -> None:
        field, style, axis = self._field, self._style, self._plan.chart.right
        if axis is None:
            return
        ink = next(self._inks[k] for k, each in enumerate(self._plan.chart.series) if each.axis is axis)
        for text, y in apart(axis.texts, self._rows(axis), style.line_height):
            fill_box(canvas, Box(field.right, y, MARK, 1), ink)
            write(canvas, text, ink, field.right + self._plan.gap, y - style.line_height // 2, style)

    def _draw_steps(self, canvas: Canvas) -> None:
        """The first and the last step at the field's ends, and round ones where there is room between them."""
        field, style, ticks = self._field, self._style, self._plan.steps.ticks
        if not ticks:
            return
        y = field.bottom + MARK
        first, last = f"step {ticks[0]:,.0f}", f"{ticks[-1]:,.0f}"
        write(canvas, first, self._muted, field.x, y, style)
        if len(ticks) == 1:
            return
        right = field.x + self._across
        write(canvas, last, self._muted, right, y, style, anchor="right")
        free, end = field.x + style.width(first) + 2 * GAP, right - style.width(last) - 2 * GAP
        for tick, part in zip(ticks[1:-1], self._plan.steps.part(ticks[1:-1]), strict=True):
            text, x = f"{tick:,.0f}", field.x + round(part * (field.width - 1))
            half = style.width(text) // 2
            fill_box(canvas, Box(x, field.bottom, 1, MARK), self._faint)
            if free <= x - half and x + half <= end:
                write(canvas, text, self._muted, x, y, style, anchor="middle")
                free = x + half + 2 * GAP

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Reveal the curves up to the moment's step, with their present values."""
        field, column = self._field, self._columns[state.step_index]
        if self._plan.cursor and not np.isnan(column):
            canvas[field.y : field.bottom, field.x + int(column)] = self._muted.indices[8]
        self._reveal.draw(canvas, state.step_index)
        for entry in self._entries:
            if entry.slot:
                self._draw_value(canvas, entry, state.step_index)

    def _draw_value(self, canvas: Canvas, entry: Entry, number: int) -> None:
        """Write the latest value, and when it was measured; digits end where they always end."""
        head, series, y = self._plan.head, self._plan.chart.series[entry.number], self._box.y + entry.y
        value, right = float(series.last[number]), self._box.x + entry.right
        if entry.dated:
            left, right = right - entry.dated, right - entry.dated - head.near
            if series.measured is not None and series.measured[number] >= 0:
                lower = round(0.8 * (head.style.line_height - head.small.line_height))
                write(canvas, dated(series.measured[number]), self._muted, left, y + lower, head.small)
        text = written(value, percent=series.axis.percent)
        # A dash stands in the middle, so that gaps are alike.
        x, anchor = (right - entry.slot // 2, "middle") if math.isnan(value) else (right, "right")
        write(canvas, text, self._inks[entry.number], x, y, head.bold, anchor=anchor)


def apart(texts: Sequence[str], rows: Sequence[int], line: int) -> Iterator[tuple[str, int]]:
    """Marks from the bottom up, without those whose numbers would touch the one below."""
    free = None
    for text, row in zip(texts, rows, strict=True):
        if free is None or row <= free:
            yield text, row
            free = row - round(0.8 * line)
