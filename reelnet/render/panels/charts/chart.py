"""One chart: its series, its axes, its header, and the space that they need."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from reelnet.render.panels.charts.axis import Axis, select_widest_values
from reelnet.render.panels.charts.axis_drawing import TICK_LENGTH
from reelnet.render.panels.charts.line import Series
from reelnet.render.typography import TextStyle, body_style, shorten_text, text_style
from reelnet.scene.layout.boxes import Box
from reelnet.scene.text_fields import NAN_VALUE
from reelnet.template.theme import Theme

DASH_SAMPLE_WIDTH = 20
"""Layout pixels of a curve's sample in the legend, in charts with dashed curves."""
MAX_LABEL_EMS = 16
MIN_GAP = 8
"""Least layout pixels between the plot and the tick labels beside it."""


@dataclass(frozen=True)
class LegendEntry:
    """One curve's name and current value, on one line.

    Attributes:
        number: Number of the series in its chart.
        label: Its name; empty for none.
        sample_width: Pixels for a sample of the curve.
        value_width: Pixels for the value, so that nothing moves when digits change.
        step_width: Pixels for the step at which the value was measured; 0 if it is not written.
        x: Pixels from the left of the header.
        y: Pixels from the top of the header.
        width: Total width in pixels.
    """

    number: int
    label: str
    sample_width: int
    value_width: int
    step_width: int = 0
    x: int = 0
    y: int = 0
    width: int = 0


class ChartHeader:
    """A title, with the legend entries right of it or below it."""

    def __init__(self, chart: Chart) -> None:
        theme, self.title, self.title_style = chart.theme, chart.title, title_style(chart.theme)
        self.label_style, self.value_style = body_style(theme), body_style(theme, bold=True)
        self.step_style = text_style(theme, 0.85 * theme.text)
        # Pixels between the parts of an entry, and between two entries.
        self.part_gap, self._entry_gap = round(theme.text / 3), round(theme.text * 7 / 6)
        max_label_width = MAX_LABEL_EMS * theme.text
        has_dashes = chart.legend and any(each.dash[1] for each in chart.series)
        entries = []
        for number, series in enumerate(chart.series):
            steps = series.measured_steps if chart.values else None
            entry = LegendEntry(
                number,
                shorten_text(series.label, max_label_width, self.label_style) if chart.legend else "",
                DASH_SAMPLE_WIDTH * chart.density if has_dashes else 0,
                max_value_width(series, self.value_style) if chart.values else 0,
                self.step_style.max_width(format_measured_step(max(steps))) if steps else 0,
            )
            entries.append(self._with_width(entry))
        self._entries_with_steps = [each for each in entries if each.width]
        self._entries = [self._with_width(replace(each, step_width=0)) for each in self._entries_with_steps]
        # Without a plot that is as wide, the entries follow the title.
        self._is_compact = not chart.has_plot

    def _with_width(self, entry: LegendEntry) -> LegendEntry:
        label_width = self.label_style.width(entry.label) if entry.label else 0
        parts = [entry.sample_width, label_width, entry.value_width, entry.step_width]
        gaps = max(0, sum(part > 0 for part in parts) - 1)
        return replace(entry, width=sum(parts) + self.part_gap * gaps)

    @property
    def natural_width(self) -> int:
        """Pixels that everything takes on one line, without measured steps."""
        return self._line_width(self._entries, self._entry_gap)

    def _line_width(self, entries: Sequence[LegendEntry], gap: int) -> int:
        """Pixels that the title and entries take on one line."""
        title = self.title_style.width(self.title) if self.title else 0
        return title + total_width(entries, gap) + (gap if title and entries else 0)

    @property
    def _entries_top(self) -> int:
        """First row of entries below the title."""
        return self.title_style.line_height + 2 if self.title else 0

    def height_at(self, width: int) -> int:
        """Height in pixels at a width."""
        bottoms = [each.y + self.label_style.line_height for each in self.lay_out(width)]
        return max([*bottoms, self.title_style.line_height if self.title else 0])

    def has_space_for_steps(self, width: int) -> bool:
        """Whether all measured steps fit at a width without a further line."""
        pairs = zip(self.lay_out(width), self._entries_with_steps, strict=True)
        return all(fitted.step_width == wanted.step_width for fitted, wanted in pairs)

    def lay_out(self, width: int, *, with_steps: bool = True) -> list[LegendEntry]:
        """Place the entries: right of the title if everything fits, or else in columns below it.

        Args:
            width: Available pixels.
            with_steps: Whether to include the measured steps, if they need no further line.
        """
        gaps = [round(part * self._entry_gap) for part in (1, 0.8, 0.65)]
        ways = [(self._entries, gap) for gap in gaps]
        if with_steps:
            ways = [*((self._entries_with_steps, gap) for gap in gaps[:2]), *ways]
        for entries, gap in ways:
            if self._line_width(entries, gap) <= width:
                lines = self.title_style.line_height - self.label_style.line_height
                y = (lines + 1) // 2 if self.title else 0
                left = width - total_width(entries, gap) if self.title else 0
                if self._is_compact:
                    left = self._line_width(entries, gap) - total_width(entries, gap)
                return list(place_on_line(entries, left, y, gap))
        for entries, gap in ways:
            if total_width(entries, gap) <= width:
                return list(place_on_line(entries, 0, self._entries_top, gap))
        return list(self._place_in_columns(width))

    def _place_in_columns(self, width: int) -> Iterator[LegendEntry]:
        column_width = min(width, max((entry.width for entry in self._entries), default=0))
        columns = max(1, (width + self._entry_gap) // (column_width + self._entry_gap))
        for number, entry in enumerate(self._entries):
            row, column = divmod(number, columns)
            label_width = column_width - (entry.width - self.label_style.width(entry.label))
            yield replace(
                entry,
                label=shorten_text(entry.label, label_width, self.label_style) if entry.label else "",
                x=column * (column_width + self._entry_gap),
                y=self._entries_top + row * self.label_style.line_height,
                width=column_width,
            )


def title_style(theme: Theme) -> TextStyle:
    """The font of a chart's title."""
    return text_style(theme, 1.1 * theme.text, bold=True)


def total_width(entries: Sequence[LegendEntry], gap: int) -> int:
    """Pixels that entries take on one line."""
    return sum(each.width for each in entries) + gap * max(0, len(entries) - 1)


def place_on_line(entries: Sequence[LegendEntry], x: int, y: int, gap: int) -> Iterator[LegendEntry]:
    """Place entries on one line."""
    for entry in entries:
        yield replace(entry, x=x, y=y)
        x += entry.width + gap


def format_measured_step(step: int) -> str:
    """Say when a value was measured."""
    return f"at {step:,}"


def max_value_width(series: Series, style: TextStyle) -> int:
    """Pixels that the widest value of a series takes."""
    texts = [series.format_value(value) for value in select_widest_values(series.latest)]
    if np.isnan(series.latest[series.first_measured :]).any():
        texts.append(NAN_VALUE)
    return max(map(style.max_width, texts))


def choose_line_scale(theme: Theme, density: int) -> float:
    """The factor for line widths and dots, 1 for 12-pixel text at density 1."""
    return min(max(theme.text / 12, density), 3.0 * density)


@dataclass(frozen=True)
class Chart:
    """Metrics over the same steps, and the space that they need, before the chart has a box.

    Attributes:
        title: For example `Loss`; empty for none.
        series: In the order of the legend.
        left_axis: The axis on the left.
        right_axis: The axis on the right, or None.
        step_axis: The axis along the bottom.
        theme: Colors and sizes.
        density: Output pixels per layout pixel.
        legend: Whether the header has the names of the series.
        values: Whether the header has their current values.
        cursor: Whether a line marks the current step.
        has_plot: Whether there are enough steps for curves; there are only values otherwise.
    """

    title: str
    series: Sequence[Series]
    left_axis: Axis
    right_axis: Axis | None
    step_axis: Axis
    theme: Theme
    density: int
    legend: bool
    values: bool
    cursor: bool
    has_plot: bool = True

    @cached_property
    def header(self) -> ChartHeader:
        """The title and the legend."""
        return ChartHeader(self)

    @property
    def line_scale(self) -> float:
        """Factor for line widths and dots, 1 for 12-pixel text."""
        return choose_line_scale(self.theme, self.density)

    @property
    def dot_space(self) -> int:
        """Pixels that the dot at a curve's end needs around it."""
        return math.ceil(3.5 * self.line_scale)

    @property
    def label_gap(self) -> int:
        """Pixels between the plot and the tick labels; a dot at the edge of the plot reaches into them."""
        return max(MIN_GAP * self.density, self.dot_space + 2 * self.density)

    @property
    def side_widths(self) -> tuple[int, int]:
        """Pixels left and right of the plot."""
        style, widths = body_style(self.theme), []
        for axis in (self.left_axis, self.right_axis):
            labels = [style.width(text) for text in axis.tick_labels] if axis is not None else []
            widths.append(max(labels) + self.label_gap if labels else self.dot_space)
        return widths[0], widths[1]

    @property
    def space_above(self) -> int:
        """Pixels between the header and the plot; half of the top tick label reaches into them."""
        return max(self.dot_space, body_style(self.theme).line_height // 2) + 2

    @property
    def space_below(self) -> int:
        """Pixels below the plot."""
        label = body_style(self.theme).line_height + TICK_LENGTH * self.density
        return label if self.step_axis.ticks else self.dot_space

    @property
    def min_width(self) -> int:
        """Least readable width."""
        if not self.has_plot:
            return min(self.header.natural_width, 12 * self.theme.text)
        style, ticks = body_style(self.theme), self.step_axis.ticks
        end_ticks = (ticks[:1] + ticks[-1:])[: len(ticks)]
        end_labels = sum(style.width(f"step {tick:,.0f}") for tick in end_ticks) + 2 * MIN_GAP * self.density
        return max(sum(self.side_widths) + max(6 * self.theme.text, end_labels), 12 * self.theme.text)

    @property
    def natural_width(self) -> int:
        """Preferred width: the header on one line, unless it is long."""
        size = self.theme.text
        header = min(self.header.natural_width, 30 * size)
        return max(self.min_width, 20 * size, header) if self.has_plot else header

    def min_height(self, header_height: int) -> int:
        """Least readable height with a header of a given height."""
        if not self.has_plot:
            return header_height
        return header_height + self.space_above + 4 * self.theme.text + self.space_below

    def plot_box(self, box: Box, side_widths: tuple[int, int], header_height: int) -> Box:
        """The box of the curves in the box of the chart."""
        width, top = box.width - sum(side_widths), header_height + self.space_above
        return Box(box.x + side_widths[0], box.y + top, width, box.height - top - self.space_below)
