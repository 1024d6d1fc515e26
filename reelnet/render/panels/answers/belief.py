"""The panel `belief`: the probabilities of one sample over the steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reelnet.config.diagnostics import ErrorCollector
from reelnet.render.canvas import stamp, write
from reelnet.render.description.described_canvas import described_by
from reelnet.render.description.items import Item
from reelnet.render.panels.answers.answer_panel import (
    AnswerPanel,
    answer_style,
    format_percent,
    measure_percent,
    rasterize_mark,
)
from reelnet.render.panels.answers.belief_list import BeliefList, BeliefListDrawing
from reelnet.render.panels.charts.axis import MIN_PLOT_STEPS, Axis, StepScaleOption, fit_step_axis
from reelnet.render.panels.charts.chart import Chart, title_style
from reelnet.render.panels.charts.chart_drawing import ChartDrawing
from reelnet.render.panels.charts.line import (
    BLEED,
    CurveLine,
    CurveReveal,
    Ghosts,
    Series,
    Sprite,
    clip_curve,
    compose_sprites,
)
from reelnet.render.typography import TextStyle, body_style, shorten_text, text_style
from reelnet.scene.answers.sample_choice import (
    HARDEST,
    SampleOption,
    find_right_since,
    find_sample,
    is_for_good,
)
from reelnet.scene.class_scores import UNKNOWN_CLASS, ClassScores, find_top_class
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import Ink, PaletteBuilder
from reelnet.scene.panel import Canvas, Drawing
from reelnet.template.color import Rgb, mix_colors
from reelnet.template.theme import Theme

MAX_CLASSES = 20
"""Classes with a curve, besides the true one and all answers: those that are most likely at some step."""
MAX_NAME_EMS = 10
"""Width at which the names at the ends of curves are cut."""
NOTE_SIZE = 0.88
"""Size of the note, as a fraction of the theme's text."""
PAST_STRENGTH = 0.6
"""How strong the past of gray curves is, of 1 for text."""
GHOST_STRENGTH = 0.7
"""How strong curves to come are, of 1 for rules: pale enough for labels upon them to have a contrast of AA."""
GAP = 4
"""Layout pixels between the parts of a label."""
PROBABILITY_AXIS = Axis(0, 1, (0, 0.5, 1), percent=True)


class Belief(AnswerPanel):
    """The probabilities of one sample over the steps: a curve per class, with future steps as ghost lines.

    The current answer and the true class have colors and their names at the cursor; all others are gray. Of many
    classes, those that are never likely have no curve. Of fewer than five steps, there are values only.
    """

    default_grow: ClassVar[float] = 1.0

    sample: SampleOption = HARDEST
    title: str | None = Field(
        None,
        max_length=200,
        description="Title of the chart; by default it names the sample. Empty for none.",
    )
    x: StepScaleOption = "log"

    def find_title(self, context: SceneContext) -> str:
        """The title; empty for none."""
        if self.title is not None:
            return " ".join(self.title.split())
        position = self.find_position(context)
        label = context.labels[position] if context.labels is not None else ""
        name = f"“{label}”" if label else f"sample {context.sample_indices[position]}"
        return f"What the network takes {name} for"

    def list_beliefs(self, scores: ClassScores, context: SceneContext) -> BeliefList:
        """The values of few steps."""
        return BeliefList(scores, context, self.find_position(context), self.find_title(context))

    def find_position(self, context: SceneContext) -> int:
        """The position of the sample among the shown ones.

        Raises:
            OptionError: The sample is not shown.
        """
        return find_sample(self.sample, context, self.find_scores(context))

    def make_chart(self, context: SceneContext) -> Chart:
        """The title and the axes; the curves are drawn by `BeliefDrawing`."""
        step_axis = fit_step_axis(context.steps, 4, self.x)
        return Chart(
            self.find_title(context),
            (),
            PROBABILITY_AXIS,
            None,
            step_axis,
            context.theme,
            context.density,
            legend=False,
            values=False,
            cursor=True,
        )

    def write_note(self, scores: ClassScores, context: SceneContext) -> tuple[str, ...]:
        """The lines that say from which step on the answer is right for good; empty if it is not, or always was."""
        since = self.find_since(scores, context)
        return ("right for good", f"from step {context.steps[since]:,}") if since else ()

    def find_since(self, scores: ClassScores, context: SceneContext) -> int | None:
        """The index of the step from which on the answer is right for good; None if it never is."""
        position = self.find_position(context)
        since = find_right_since(scores.answers(context)[:, position], int(scores.truth[position]))
        return since if is_for_good(since, len(context.steps)) else None

    def measure(self, context: SceneContext) -> Measure | None:
        """Measure a chart with labels right of it; None if nothing gives scores."""
        scores = self.find_scores(context)
        if scores is None:
            return None
        self.check_names(context)
        chart, size = self.make_chart(context), context.theme.text
        errors = ErrorCollector()
        with errors.collect("title"):
            title_style(context.theme).width(chart.title)
        errors.raise_errors()
        if len(context.steps) < MIN_PLOT_STEPS:
            return self.list_beliefs(scores, context).measure()
        label_width = measure_labels(scores, context, self.write_note(scores, context))
        header = chart.header.height_at(chart.natural_width)
        height = max(10 * size, chart.min_height(header))
        return Measure(
            max(40 * size, chart.natural_width + label_width), height, chart.min_width + label_width
        )

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Drawing:
        """Find the curves, or write the values of few steps."""
        scores = self.find_scores(context)
        if scores is None:
            raise AssertionError("a panel without a measure is not placed")
        if len(context.steps) < MIN_PLOT_STEPS:
            return BeliefListDrawing(self.list_beliefs(scores, context), box, palette)
        return BeliefDrawing(self, scores, context, box, palette)


def measure_labels(scores: ClassScores, context: SceneContext, note: Sequence[str]) -> int:
    """Pixels right of the plot for the name and the probability of a class, and for a note right of these.

    Args:
        scores: Its classes have the names.
        context: The run.
        note: Lines that stand there as well, where no label hides them.
    """
    style, gap = answer_style(context.theme), context.px(GAP)
    name_width = min(max(map(style.width, scores.classes)), MAX_NAME_EMS * style.size)
    percent_width = measure_percent(body_style(context.theme))
    label_width = 6 * gap + round(0.8 * style.size) + name_width + percent_width
    return label_width + max((2 * gap + note_style(context.theme).width(line) for line in note), default=0)


def note_style(theme: Theme) -> TextStyle:
    """The font of the note right of the plot."""
    return text_style(theme, NOTE_SIZE * theme.text)


def choose_curves(beliefs: NDArray[np.float64], truth: int) -> list[int]:
    """The classes that have a curve: the true one, every answer, and those that are most likely at some step.

    Args:
        beliefs: The probabilities (steps, classes).
        truth: The number of the true class, or `UNKNOWN_CLASS`.
    """
    peaks = np.nan_to_num(beliefs).max(axis=0)
    likely = np.argsort(-peaks, kind="stable")[:MAX_CLASSES].tolist()
    needed = {find_top_class(row) for row in beliefs} | {truth}
    return sorted((needed | set(likely)) - {UNKNOWN_CLASS})


class BeliefDrawing:
    """The chart in its box."""

    def __init__(
        self, panel: Belief, scores: ClassScores, context: SceneContext, box: Box, palette: PaletteBuilder
    ) -> None:
        theme, chart = context.theme, panel.make_chart(context)
        position = panel.find_position(context)
        note = panel.write_note(scores, context)
        label_width = measure_labels(scores, context, note)
        left = chart.side_widths[0]
        chart_box = Box(box.x, box.y, box.width - label_width, box.height)
        plot = chart.plot_box(chart_box, (left, 0), chart.header.height_at(box.width))
        if plot.height < 2 * theme.text or chart_box.width < chart.min_width:
            raise ValueError(f"has {context.format_size((box.width, box.height))} pixels; give it more")
        self._plot, self._classes, self._style = plot, scores.classes, answer_style(theme)
        self._plain_style = body_style(theme)
        self._chart = ChartDrawing(chart, context, chart_box, chart_box, plot, palette, with_steps=False)
        self._beliefs, self._truth = scores.beliefs(context, position), int(scores.truth[position])
        self._columns = np.rint(chart.step_axis.to_fraction(context.steps) * (plot.width - 1))
        ghost = mix_colors(theme.faint, theme.background, GHOST_STRENGTH)
        self._ghost = palette.ramp(ghost, theme.background, 12)
        self._ink = palette.ramp(theme.ink, theme.background)
        self._right = palette.ramp(theme.right, theme.background, 12)
        color = theme.ink if self._truth == UNKNOWN_CLASS else theme.wrong
        self._answer = palette.ramp(color, theme.background, 12)
        gray = mix_colors(theme.muted, theme.background, PAST_STRENGTH)
        self._past_ink, self._muted = (
            palette.ramp(gray, theme.background, 12),
            palette.ramp(theme.muted, theme.background),
        )
        self._scale, self._gap = chart.line_scale, context.px(GAP)
        self._note, self._note_style = note, note_style(theme)
        self._since = panel.find_since(scores, context)
        self._curves = [
            self._make_line(number, self._past_ink, gray, bold=False)
            for number in choose_curves(self._beliefs, self._truth)
        ]
        colored = {find_top_class(row) for row in self._beliefs} - {UNKNOWN_CLASS, self._truth}
        self._reveals = {
            number: CurveReveal([self._make_line(number, self._answer, color, bold=True)], plot)
            for number in colored
        }
        if self._truth != UNKNOWN_CLASS:
            line = self._make_line(self._truth, self._right, theme.right, bold=True)
            self._reveals[self._truth] = CurveReveal([line], plot)

    def _make_line(self, number: int, ink: Ink, color: Rgb, *, bold: bool) -> CurveLine:
        """The curve of a class."""
        values = self._beliefs[:, number]
        measured = np.ones(len(values), np.bool_)
        series = Series("", values, measured, values, None, color, (1, 0), bold, PROBABILITY_AXIS)
        return CurveLine(series, self._columns, self._plot, ink, self._scale)

    def step_axes(self) -> list[tuple[Box, NDArray[np.float64]]]:
        """The plot."""
        return [(self._plot, self._columns)]

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the title, the axes, and all curves as ghost lines."""
        self._chart.draw_still(canvas)
        coverages = [line.coverage for line in self._curves]
        Ghosts(self._curves, self._plot, self._ghost).draw(canvas)
        past = [Sprite.from_coverage(coverage, self._past_ink) for coverage in coverages]
        self._past = compose_sprites(coverages, past)
        for reveal in self._reveals.values():
            reveal.look_up_colors(self._ghost)

    def _write_note(self, canvas: Canvas) -> None:
        """Write the note right of the label that stands at the end of the true class's curve at the last step."""
        plot, style, answer = self._plot, self._note_style, self._style
        name = shorten_text(self._classes[self._truth], MAX_NAME_EMS * answer.size, answer)
        x = plot.right + 7 * self._gap + round(self._scale) + round(0.8 * answer.size) + answer.width(name)
        x += measure_percent(self._plain_style)
        row = plot.y + round((1 - self._beliefs[-1, self._truth]) * (plot.height - 1))
        height = len(self._note) * style.line_height
        y = min(row - self._style.line_height // 2, plot.bottom - height)
        for number, text in enumerate(self._note):
            top = y + number * style.line_height
            write(canvas, text, self._muted, x, top, style)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Reveal the curves up to the current step, and write what the network takes the sample for now."""
        self._chart.draw(canvas, state)
        column, row = self._columns[state.step_index], self._beliefs[state.step_index]
        if math.isnan(column):
            return
        self._draw_past(canvas, int(column))
        top = find_top_class(row)
        shown = [number for number in (top, self._truth) if number != UNKNOWN_CLASS]
        shown = list(dict.fromkeys(shown))
        for number in shown:
            self._reveals[number].draw(canvas, state.step_index)
        if top != UNKNOWN_CLASS:
            self._write_labels(canvas, shown, row, int(column))
        if self._since and self._since <= state.step_index:
            self._write_note(canvas)

    def _describe_past(self, column: int) -> list[Item]:
        clip = clip_curve(self._plot, column)
        return [replace(line.shape, clip=clip) for line in self._curves]

    @described_by(_describe_past)
    def _draw_past(self, canvas: Canvas, column: int) -> None:
        """Draw all curves up to a column of the plot."""
        self._past.draw_columns(canvas, self._plot.x, self._plot.y - BLEED, 0, column)

    def _write_labels(
        self, canvas: Canvas, shown: Sequence[int], row: NDArray[np.float64], column: int
    ) -> None:
        """Write names and probabilities of classes beside the ends of their curves, without overlaps."""
        plot, style, line = self._plot, self._style, self._style.line_height
        tops = [plot.y + round((1 - row[number]) * (plot.height - 1)) - line // 2 for number in shown]
        # The answer is first, so its label is the upper one.
        if len(tops) > 1 and tops[1] - tops[0] < line:
            tops[0] = min(tops[0], max(plot.y - line // 2, (tops[0] + tops[1] - line) // 2))
            tops[1] = tops[0] + line
        overlap = max(0, tops[-1] + line - plot.bottom)
        mark_size = round(0.8 * style.size) if self._truth != UNKNOWN_CLASS else 0
        x, gap = plot.x + column + 2 * self._gap + round(self._scale), self._gap
        for number, y in zip(shown, (top - overlap for top in tops), strict=True):
            name = shorten_text(self._classes[number], MAX_NAME_EMS * style.size, style)
            percent, name_x = format_percent(float(row[number])), x + (mark_size + gap if mark_size else 0)
            percent_x = name_x + style.width(name) + 2 * gap
            right = number == self._truth
            ink = self._right if right else self._answer
            # A tick is for an answer that is right, so the right one beside a wrong answer has none.
            if mark_size and number == shown[0]:
                mask = rasterize_mark(mark_size, right=right)
                stamp(canvas, mask, ink, x, y + (line - mark_size + 1) // 2)
            write(canvas, name, ink, name_x, y, style)
            write(canvas, percent, self._ink, percent_x, y, self._plain_style)
