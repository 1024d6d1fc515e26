"""The curve panel as a strip: one metric with its present value large at the left, and its plot at the right."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reelnet.render.canvas import fill_box, write
from reelnet.render.panels.charts.axis import Axis, select_widest_values
from reelnet.render.panels.charts.axis_drawing import TICK_LENGTH, draw_step_axis, place_value_ticks
from reelnet.render.panels.charts.chart import choose_line_scale, title_style
from reelnet.render.panels.charts.line import CurveLine, CurveReveal, Ghosts, Series
from reelnet.render.typography import (
    TextStyle,
    body_style,
    drop_to_baseline,
    shorten_text,
    text_style,
    wrap_text,
)
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box
from reelnet.scene.number_text import format_percent
from reelnet.scene.palette.palette import Ink, PaletteBuilder
from reelnet.scene.panel import Canvas
from reelnet.scene.text_fields import NAN_VALUE
from reelnet.template.color import Rgb

MIN_TEXT_EMS, MAX_TEXT_EMS = 5, 11
"""Width of the column of text at the left."""
MIN_PLOT_EMS = 16
"""Least width of a plot beside text."""
MIN_PLOT_SHARE = 0.5
"""Least part of the width that a plot with the edges of the maps has; below narrower maps it fills the width."""
MIN_PLOT_LINES = 1.5
"""Least height of a plot below text."""
MAX_AGE = 0.05
"""Part of the step axis by which a value may be older than the present without a note."""
COMMA = 0.99
"""Percentages beyond this one have a digit after the decimal point."""


@dataclass(frozen=True)
class Strip:
    """What a strip shows, before it has a box.

    Attributes:
        title: What is measured, such as `Accuracy`; empty for none.
        main: The bold curve, whose value is written.
        others: Curves that are thin and gray, such as that of the training set.
        step_axis: The axis along the bottom.
        dataset: What the value is measured on, as far as the metric's name tells: `in tests`; else empty.
        legend: What the thin curve is, likewise.
        right: How many of the shown samples the network is right about, (steps,); None if that is not known.
        samples: The samples in words: "these 10" beside their maps, else "10 samples".
        steps: The recorded steps, ascending.
        has_plot: Whether there are enough steps for a plot.
    """

    title: str
    main: Series
    others: Sequence[Series]
    step_axis: Axis
    dataset: str
    legend: str
    right: NDArray[np.intp] | None
    samples: str
    steps: tuple[int, ...]
    has_plot: bool

    @property
    def value_axis(self) -> Axis:
        """The axis at the right, on which all curves are."""
        return self.main.axis

    def format_value(self, value: float) -> str:
        """The large value."""
        if not self.value_axis.percent or not math.isfinite(value):
            return self.main.format_value(value)
        values = self.main.values[np.isfinite(self.main.values)]
        return "100%" if value == 1 else format_percent(value, int(((values > COMMA) & (values < 1)).any()))

    @property
    def tick_labels(self) -> list[str]:
        """The ticks of the values as text; the uppermost alone has the unit."""
        *labels, top = [*self.value_axis.tick_labels, ""][: max(1, len(self.value_axis.ticks))]
        return [*(label.removesuffix("%") for label in labels), top]

    @cached_property
    def widest_value(self) -> Sequence[str]:
        """Texts that are as wide as any value."""
        texts = [self.format_value(value) for value in select_widest_values(self.main.latest)]
        is_nan = np.isnan(self.main.latest[self.main.first_measured :]).any()
        return [*texts, *[NAN_VALUE] * bool(is_nan)] or ["–"]

    def write_sentence(self, step_index: int, way: SentenceWay) -> str:
        """The muted sentence at a recorded step, counted from 0."""
        parts = ["", "" if self.right is None else f"{self.right[step_index]:,} of {self.samples}"]
        if way.dataset:
            parts[0] = self.dataset
            if self.main.measured_steps is not None:
                measured = self.main.measured_steps[step_index]
                age = float(np.diff(self.step_axis.to_fraction([measured, self.steps[step_index]]))[0])
                if measured >= 0 and age > MAX_AGE:
                    parts[0] = f"{self.dataset} at step {measured:,}".strip()
        return "; ".join(
            part
            for part, is_wanted in zip(
                (*parts, self.legend), (way.dataset, way.count, way.legend), strict=True
            )
            if part and is_wanted
        )

    def list_sentences(self, way: SentenceWay) -> set[str]:
        """The sentences of all steps."""
        return {self.write_sentence(index, way) for index in range(len(self.main.values))}


@dataclass(frozen=True)
class SentenceWay:
    """Which parts a strip's sentence has.

    Attributes:
        dataset: What the value is measured on, and when if that is long ago.
        count: How many samples are right.
        legend: What the thin curve is.
    """

    dataset: bool = True
    count: bool = True
    legend: bool = True


SENTENCE_WAYS = (
    SentenceWay(),
    SentenceWay(count=False),
    SentenceWay(legend=False),
    SentenceWay(count=False, legend=False),
    SentenceWay(dataset=False, count=False, legend=False),
)
"""The parts of a sentence, the best first: without its key, the thin curve is not drawn either."""


class StripLayout:
    """Where the parts of a strip are in its box.

    The text is left of the plot if it fits left of the maps, so that the plot has the maps' edges, or if there are no
    maps above or below; else it is on a line above the plot.

    Args:
        strip: What is shown.
        context: The run.
        box: The box of the strip.

    Attributes:
        text: The box of the text.
        tick_labels: The ticks of the values as text.
        plot: The box of the curves; None for values only.
        beside: Whether the text is left of the plot.
        axis_start: The column at which the labels below the plot may begin.
    """

    def __init__(self, strip: Strip, context: SceneContext, box: Box) -> None:
        theme, size = context.theme, context.theme.text
        self.label, self.title, self.px = body_style(theme), title_style(theme), context.px
        self._strip, self._theme = strip, theme
        self.dot_space = math.ceil(4 * choose_line_scale(theme, context.density))
        self.label_gap = max(context.px(8), self.dot_space + context.px(2))
        span = find_span(context, box)
        self.tick_labels, self.right = strip.tick_labels, self._measure_ticks(strip.tick_labels)
        if span is not None and span[1] + self.right > box.right:
            # The value has the unit, too.
            bare = [label.removesuffix("%") for label in strip.tick_labels]
            if span[1] + self._measure_ticks(bare) <= box.right:
                self.tick_labels, self.right = bare, self._measure_ticks(bare)
        self.bottom = self.label.line_height + context.px(TICK_LENGTH)
        self.plot: Box | None = None
        self.axis_start = box.x
        self.beside = strip.has_plot and self._fits_beside(box, span)
        if self.beside and span is not None:
            # A strip too low for text above its plot takes room for it from the left edge of the maps.
            span = max(span[0], box.x + self.min_text_width + size), span[1]
        self.value = text_style(theme, (1.8 if self.beside else 1.4) * size, bold=True)
        if not strip.has_plot:
            self.text = box
            return
        right = box.right - self.right
        if span is not None and span[1] + self.right <= box.right:
            right = span[1]
        # Half of the tick label at the top reaches above the plot.
        above = max(self.dot_space, self.label.line_height // 2)
        # The dot at the start of the curve stays in the box, unless the plot has the edge of the maps.
        left, top = box.x + self.dot_space if span is None else span[0], box.y + above
        if self.beside:
            # Where the maps begin too near for the text, the plot begins after it.
            room = 0 if span is None else span[0] - size - box.x
            has_edge = room >= self.min_text_width
            width = min(self.text_width, room) if has_edge else self.text_width
            self.text = Box(box.x, box.y, width, box.height)
            left = span[0] if span is not None and has_edge else box.x + width + size
        else:
            x = box.x if span is None else span[0]
            self.text = Box(x, box.y, box.right - x, self.header_height)
            top = self.text.bottom + above
        self.axis_start = self.text.right + context.px(4) if self.beside else box.x
        self.plot = Box(left, top, right - left, box.bottom - self.bottom - top)

    def _measure_ticks(self, labels: Sequence[str]) -> int:
        """Pixels right of the plot for the labels of its ticks, or for the dot without them."""
        return max(map(self.label.width, labels)) + self.label_gap if labels else self.dot_space

    @property
    def shown_title(self) -> str:
        """The title, shortened so that the value fits beside it."""
        value = 0 if self.beside else max(map(self.value.max_width, self._strip.widest_value))
        width = self.text.width - (value + self.title.size // 2 if value else 0)
        return shorten_text(self._strip.title, width, self.title)

    @property
    def header_height(self) -> int:
        """Height of a line of text above the plot, or of values only."""
        return self.value.line_height

    @cached_property
    def text_width(self) -> int:
        """Width of a column of text beside the plot."""
        size = self._theme.text
        return max(
            self.min_text_width,
            min(max(map(self.label.width, self._strip.list_sentences(SentenceWay()))), MAX_TEXT_EMS * size),
        )

    @cached_property
    def sentence_way(self) -> SentenceWay:
        """The most parts with which the sentence of every step fits."""
        return next(way for way in SENTENCE_WAYS if all(map(self._fits, self._strip.list_sentences(way))))

    def _fits(self, sentence: str) -> bool:
        if not sentence:
            return True
        if not self.beside:
            return self.sentence_start + self.label.width(sentence) <= self.text.right
        lines = self.wrap_sentence(sentence)
        room = self.text.bottom - self.sentence_top
        is_low = len(lines) * self.label.line_height <= room
        return is_low and all(self.label.width(line) <= self.text.width for line in lines)

    def wrap_sentence(self, sentence: str) -> list[str]:
        """The lines of a sentence beside the plot."""
        return wrap_text(sentence, self.text.width, self.label)

    @property
    def value_start(self) -> int:
        """The column at which the value begins on a line of text."""
        gap = self.title.size // 2
        return self.text.x + (self.title.width(self.shown_title) + gap if self._strip.title else 0)

    @property
    def sentence_start(self) -> int:
        """The column at which the sentence begins on a line of text."""
        return (
            self.value_start + max(map(self.value.max_width, self._strip.widest_value)) + self.title.size // 2
        )

    @property
    def sentence_top(self) -> int:
        """The top of the sentence beside the plot."""
        title = self.title.line_height if self._strip.title else 0
        return self.text.y + title + self.value.line_height

    @property
    def min_text_width(self) -> int:
        """The least width of a column of text beside the plot."""
        value = text_style(self._theme, 1.8 * self._theme.text, bold=True)
        title = self.title.width(self._strip.title) if self._strip.title else 0
        return max(title, MIN_TEXT_EMS * self._theme.text, *map(value.max_width, self._strip.widest_value))

    def _fits_beside(self, box: Box, span: tuple[int, int] | None) -> bool:
        size = self._theme.text
        if box.width < self.min_text_width + size + MIN_PLOT_EMS * size + self.right:
            return False
        if span is None or span[0] - box.x >= self.min_text_width + size:
            return True
        above = text_style(self._theme, 1.4 * size, bold=True).line_height + self.label.line_height // 2
        return box.height - above - self.bottom < MIN_PLOT_LINES * self.label.line_height


def find_span(context: SceneContext, box: Box) -> tuple[int, int] | None:
    """The first column of the maps and the one after the last, if a plot in a box can have these edges."""
    span = context.map_span
    if span is None or not box.x <= span[0] < span[1] <= box.right:
        return None
    least = max(MIN_PLOT_EMS * context.theme.text, MIN_PLOT_SHARE * box.width)
    return span if span[1] - span[0] >= least else None


class StripDrawing:
    """A strip in its box.

    Attributes:
        layout: Where its parts are.

    Raises:
        ValueError: The box is too small.
    """

    def __init__(self, strip: Strip, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme, layout = context.theme, StripLayout(strip, context, box)
        self._strip, self.layout, self._density = strip, layout, context.density
        self._ink, self._muted = palette.ramps(theme.background, theme.ink, theme.muted)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        self._color = palette.ramp(strip.main.color, theme.background, 12)
        self._missing = palette.ramp(theme.missing, theme.background, 12)
        plot = layout.plot
        if plot is None:
            return
        if plot.height < theme.text or plot.width < 6 * theme.text:
            raise ValueError(
                f"has {context.format_size((box.width, box.height))} pixels; give it more, or hide it"
            )
        thin, scale = palette.ramp(mix_gray(theme.muted, theme.background), theme.background, 12), 1.1
        scale *= choose_line_scale(theme, context.density)
        self._columns = np.rint(strip.step_axis.to_fraction(context.steps) * (plot.width - 1))
        thin_lines = [
            CurveLine(replace(each, held_out=False), self._columns, plot, thin, scale)
            for each in (strip.others if layout.sentence_way.legend or not strip.legend else ())
        ]
        line = CurveLine(replace(strip.main, held_out=True), self._columns, plot, self._color, scale)
        self._lines, self._rows, self._ends = [*thin_lines, line], line.dot_rows, line.end_columns
        self._ghost = palette.ramp(theme.faint, theme.background, 12)
        self._reveals = [CurveReveal(thin_lines, plot, dots=False), CurveReveal([line], plot)]

    def step_axes(self) -> list[tuple[Box, NDArray[np.float64]]]:
        """The plot, if there is room for one."""
        return [] if self.layout.plot is None else [(self.layout.plot, self._columns)]

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the axes, and all curves as ghost lines."""
        layout, plot, axis = self.layout, self.layout.plot, self._strip.value_axis
        write(
            canvas,
            layout.shown_title,
            self._ink,
            layout.text.x,
            layout.text.y + self._title_drop,
            layout.title,
        )
        if plot is None:
            return
        label, density = layout.label, self._density
        for text, row in place_value_ticks(axis, plot, label, layout.tick_labels):
            fill_box(canvas, Box(plot.x, row, plot.width, density), self._faint)
            write(
                canvas, text, self._muted, plot.right + layout.label_gap, row - label.line_height // 2, label
            )
        inks = (self._muted, self._faint)
        draw_step_axis(
            canvas, self._strip.step_axis, plot, (layout.axis_start, plot.right), inks, label, density
        )
        Ghosts(self._lines, plot, self._ghost).draw(canvas)
        for reveal in self._reveals:
            reveal.look_up_colors(self._ghost)

    @property
    def _title_drop(self) -> int:
        """Pixels by which the title is lower than the value beside it, so that both stand on one line."""
        layout = self.layout
        return 0 if layout.beside else drop_to_baseline(layout.title, layout.value)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Reveal the curves up to the current step, and write the current value."""
        index, plot, density = state.step_index, self.layout.plot, self._density
        if plot is not None:
            row, column = max(0, int(self._rows[index])), self._columns[index]
            if not math.isnan(column):
                top, x = row if self._ends[index] == column else 0, plot.x + int(column)
                fill_box(canvas, Box(x, plot.y + top, density, plot.height - top), self._muted)
            for reveal in self._reveals:
                reveal.draw(canvas, index)
        for text, ink, x, y, style in self.current_texts(index):
            write(canvas, text, ink, x, y, style)

    def current_texts(self, step_index: int) -> Iterator[tuple[str, Ink, int, int, TextStyle]]:
        """The texts that change: the value, and what it is measured on.

        Yields:
            The text, its ink, x, y and style.
        """
        strip, layout, box = self._strip, self.layout, self.layout.text
        value, style = float(strip.main.latest[step_index]), layout.label
        text, ink = strip.format_value(value), self._color
        if math.isnan(value) and step_index >= strip.main.first_measured:
            text, ink = NAN_VALUE, self._missing
        sentence = strip.write_sentence(step_index, layout.sentence_way)
        if layout.beside:
            yield text, ink, box.x, layout.sentence_top - layout.value.line_height, layout.value
            for number, line in enumerate(layout.wrap_sentence(sentence) if sentence else []):
                yield line, self._muted, box.x, layout.sentence_top + number * style.line_height, style
            return
        yield text, ink, layout.value_start, box.y, layout.value
        if sentence:
            y = box.y + drop_to_baseline(style, layout.value)
            yield sentence, self._muted, layout.sentence_start, y, style


def mix_gray(color: Rgb, background: Rgb) -> Rgb:
    """The color of thin curves: halfway to the background."""
    red, green, blue = ((one + other) // 2 for one, other in zip(color, background, strict=True))
    return red, green, blue
