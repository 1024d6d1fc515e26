"""The panel `race`: how certain the network is of the right answer, a lane per sample, in the order of success."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reelnet.render.canvas import draw_picture, stamp, write
from reelnet.render.panels.answers.answer_panel import AnswerPanel, answer_style, rasterize_mark
from reelnet.render.panels.answers.class_ring import break_name
from reelnet.render.panels.answers.heads import draw_curve
from reelnet.render.panels.answers.lane_bars import LaneBars
from reelnet.render.panels.answers.lane_curves import (
    MIN_NUMBERED_EMS,
    NUMBER_EMS,
    Lane,
    LaneCurves,
    Lanes,
    LaneValues,
)
from reelnet.render.panels.charts.axis import MIN_PLOT_STEPS, StepScaleOption, fit_step_axis
from reelnet.render.panels.maps.inputs import (
    PHOTO_COLORS,
    GrayPictures,
    choose_paper,
    fit_pictures,
    list_originals,
)
from reelnet.render.typography import TextStyle, shorten_text, small_style, text_style, wrap_text
from reelnet.scene.answers.sample_choice import find_right_since, is_for_good
from reelnet.scene.class_scores import UNKNOWN_CLASS, ClassScores, find_top_class
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure, Size
from reelnet.scene.palette.palette import FixedPicture, Ink, PaletteBuilder
from reelnet.scene.panel import Canvas

Floats = NDArray[np.float64]

MAX_SAMPLES = 24
"""More lanes would be too low."""
MAX_NAME_EMS = 9
"""Width at which names are cut, in sizes of their font."""
NAME_SHARE = 0.75
"""Size of names, relative to the pitch of crowded lanes."""
NAME_LEADING = 1.15
"""From one line of a name to the next, in sizes of their font."""
LANE_SHARE, MAX_GAP_EMS = 0.78, 1.25
"""Part of a lane's pitch that its curve takes, at least, and the gap between two lanes, at most."""
MAX_PITCH_EMS, MIN_PITCH_EMS = 28.0, 0.9
"""Largest and smallest pitch of the lanes, relative to the text's size."""
MAX_PICTURE_EMS, MIN_PICTURE_EMS = 4.5, 2.5
"""Largest height of a sample's picture, likewise, and the smallest of one that stands above its label."""
NATURAL_EMS, NATURAL_ROWS_EMS, CROWDED_EMS = 2.5, 25.0, 1.2
"""Pitch and height of all lanes that the panel asks for, and the pitch if there are too many for these."""
SMALL = 0.8
"""Size of captions and numbers of steps, relative to the text's."""
MIN_PLOT_EMS = 8
"""Least width of the lanes."""
SAYS = "it says"


class Race(AnswerPanel):
    """How certain the network is of the right answer, step by step: a lane per sample, with the future drawn faintly.

    The sample that it is right about for good first is on top, and a line marks that step. It takes a recorded class
    output, and samples whose labels are classes. Of fewer than five steps, a bar shows the certainty now.
    """

    default_grow: ClassVar[float] = 1.0
    can_shrink: ClassVar[bool] = True

    x: StepScaleOption = "log"

    def require_scores(self, context: SceneContext) -> ClassScores:
        """The class output.

        Raises:
            ValueError: There is none, it is not known which answers are right, or there are too many samples.
        """
        scores = self.find_scores(context)
        if scores is None:
            raise ValueError(self.absence(context))
        if (scores.truth == UNKNOWN_CLASS).any():
            raise ValueError(
                "not all labels of the samples are names of classes, so it is not known what is right"
            )
        count = len(context.sample_indices)
        if count > MAX_SAMPLES:
            advice = f"show at most {MAX_SAMPLES} with samples: {{show: {{first: {MAX_SAMPLES}}}}}"
            raise ValueError(f"{count} samples are too many; {advice}")
        return scores

    def measure(self, context: SceneContext) -> Measure:
        """Measure lanes of three times the text's size.

        Raises:
            ValueError: The run cannot be shown; see `require_scores`.
        """
        scores, text = self.require_scores(context), context.theme.text
        self.check_names(context)
        for name in scores.classes:
            answer_style(context.theme).width(name)
        caption = describe_lanes([1] * len(context.sample_indices), context, len(context.steps) - 1)
        lines = len(wrap_text(caption, 40 * text, caption_style(context)))
        around = round((lines + 2.5) * caption_style(context).line_height)
        count = len(context.sample_indices)
        ems = min(count * NATURAL_EMS, max(NATURAL_ROWS_EMS, count * CROWDED_EMS))
        return Measure(40 * text, round(ems * text) + around, 24 * text)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> RaceDrawing:
        """Put the lanes into order."""
        return RaceDrawing(self, context, box, palette)


def caption_style(context: SceneContext, *, bold: bool = False) -> TextStyle:
    """The font of captions and of steps."""
    return small_style(context.theme, SMALL, bold=bold)


def order_lanes(
    answers: NDArray[np.intp], truth: NDArray[np.intp], certainty: Floats
) -> list[tuple[int, int | None]]:
    """The samples from the first that is right for good to the last, then those that never are.

    Args:
        answers: (steps, samples).
        truth: The right answers (samples,).
        certainty: Probability of the right answer (steps, samples); it decides between equals, by its mean.

    Returns:
        Each sample's position, with the index of the step from which on it is right.
    """
    since = [find_right_since(answers[:, each], int(right)) for each, right in enumerate(truth)]
    means = np.nan_to_num(certainty).mean(axis=0)

    def key(sample: int) -> tuple[bool, int, float]:
        start = since[sample]
        return start is None, start or 0, -float(means[sample])

    return [(sample, since[sample]) for sample in sorted(range(len(since)), key=key)]


class RaceDrawing:
    """The lanes in their box."""

    def __init__(self, panel: Race, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        scores, theme = panel.require_scores(context), context.theme
        self._context, self._scores, self._theme = context, scores, theme
        self._small = caption_style(context)
        text, count, line = theme.text, len(context.sample_indices), self._small.line_height
        certainty, answers = find_certainty(scores, context), scores.answers(context)
        order = order_lanes(answers, scores.truth, certainty)
        steps = len(context.steps)
        starts = [since if is_for_good(since, steps) else None for _, since in order]
        self._captions = [
            wrap_text(describe_lanes(starts, context, each), box.width, self._small) for each in range(steps)
        ]
        self._caption_corner = box.x, box.y
        above = (max(map(len, self._captions)) + 1) * line + line // 2
        pitch = min((box.height - above - line) / count, MAX_PITCH_EMS * text)
        if pitch < MIN_PITCH_EMS * text:
            raise ValueError(
                f"has {box.height} pixels for {count} samples; give it more, or show fewer samples"
            )
        self._style = text_style(theme, min(text, max(NAME_SHARE * pitch, theme.min_text or 0)), bold=True)
        self._gap = round(0.5 * self._style.size)
        gap = min((1 - LANE_SHARE) * pitch, MAX_GAP_EMS * text)
        if not has_bars(context) and pitch >= (NUMBER_EMS + MIN_NUMBERED_EMS) * self._small.size:
            gap = max(gap, round(NUMBER_EMS * self._small.size))
        height = max(1, int(pitch - gap))
        self._leading = round(NAME_LEADING * self._style.size)
        self._names = self._break_names(pitch)
        labels = [self._names[each] for each in scores.truth]
        self._label_width = max(map(self._measure_name, labels))
        above_label = height - max(map(self._measure_height, labels)) - self._gap
        self._is_stacked = above_label >= MIN_PICTURE_EMS * text
        picture_height = min(above_label if self._is_stacked else height, round(MAX_PICTURE_EMS * text))
        self._picture_box = Size(round(1.6 * picture_height), picture_height)
        pictures = context.pictures
        self._is_curve = pictures.ndim == 3 and 1 in pictures.shape[1:] and max(pictures.shape[1:]) > 1
        self._pictures, self._scale = self._place_pictures(palette)
        self._mark_size = round(0.8 * self._style.size)
        name_width = max(self._measure_name(self._names[each]) for each in find_answers(answers, scores))
        answer_width = max(name_width + self._mark_size + self._gap, self._small.width(SAYS))
        left = box.x + 2 * self._gap
        if self._is_stacked:
            left += max(self._picture_width, self._label_width)
        else:
            left += self._picture_width + self._label_width + self._gap
        right = box.right - answer_width - 2 * self._gap
        if right - left < MIN_PLOT_EMS * text:
            raise ValueError(f"has {context.format_size((box.width, box.height))} pixels; give it more")
        self._answer_x = right + 2 * self._gap
        total = round(count * pitch)
        top = box.y + above + max(0, (box.height - above - line - total) // 2)
        self._legend_corner = left, top - line
        self._lanes = []
        for number, ((sample, _), since) in enumerate(zip(order, starts, strict=True)):
            bottom = top + round((number + 1) * pitch)
            self._lanes.append(
                Lane(sample, since, Box(left, bottom - height, right - left, height), int(gap))
            )
        values = LaneValues(certainty, find_lead(scores, context))
        lanes = Lanes(context, values, self._lanes, self._small)
        self._plots: LaneCurves | LaneBars
        if has_bars(context):
            self._plots = LaneBars(lanes, palette)
        else:
            axis = fit_step_axis(context.steps, 5, panel.x)
            self._plots = LaneCurves(lanes, axis, palette)
        self._right, self._wrong = (
            palette.ramp(each, theme.background, 12) for each in (theme.right, theme.wrong)
        )
        self._ink, self._muted = palette.ramps(theme.background, theme.ink, theme.muted)

    def _break_names(self, pitch: float) -> list[tuple[str, ...]]:
        """The lines of each class's name: two if lanes are high enough."""
        style, width = self._style, MAX_NAME_EMS * self._style.size
        if 2 * self._leading > pitch:
            return [(shorten_text(name, width, style),) for name in self._scores.classes]
        return [break_name(name, width, style) for name in self._scores.classes]

    def _measure_name(self, lines: tuple[str, ...]) -> int:
        return max(map(self._style.width, lines))

    def _measure_height(self, lines: tuple[str, ...]) -> int:
        return self._style.line_height + (len(lines) - 1) * self._leading

    def _write_name(
        self, canvas: Canvas, lines: tuple[str, ...], ink: Ink, place: tuple[int, int], anchor: str
    ) -> None:
        """Write a name whose top is at a place (x, y)."""
        x, y = place
        for line in lines:
            write(canvas, line, ink, x, y, self._style, anchor=anchor)
            y += self._leading

    def _place_pictures(self, palette: PaletteBuilder) -> tuple[GrayPictures | FixedPicture | None, int]:
        """The samples as large as has room in a lane; None for sequences, which are drawn as curves."""
        pictures, box = self._context.pictures, self._picture_box
        if self._is_curve:
            self._picture_width = box.width
            return None, 1
        fitted, scale = fit_pictures(pictures, box)
        background = choose_paper(self._context)
        self._originals = list_originals(pictures, background)
        self._picture_width = fitted.shape[2] * scale
        if pictures.ndim == 4:
            return palette.picture(fitted, PHOTO_COLORS), scale
        return GrayPictures(fitted, background, palette), scale

    def step_axes(self) -> list[tuple[Box, NDArray[np.float64]]]:
        """The plot, if there are curves."""
        return [self._plots.step_axis] if isinstance(self._plots, LaneCurves) else []

    def draw_still(self, canvas: Canvas) -> None:
        """Draw words, pictures, labels, and what does not change of the lanes."""
        self._draw_words(canvas)
        for lane in self._lanes:
            box, lines = lane.box, self._names[self._scores.truth[lane.sample]]
            right, label_height = box.x - 2 * self._gap, self._measure_height(lines)
            if self._is_stacked:
                together = self._picture_box.height + self._gap + label_height
                top = box.y + (box.height - together) // 2
                self._draw_picture(canvas, lane.sample, right, top + self._picture_box.height // 2)
                place = right, top + together - label_height
            else:
                middle = box.y + box.height // 2
                self._draw_picture(canvas, lane.sample, right - self._label_width - self._gap, middle)
                place = right, middle - label_height // 2
            self._write_name(canvas, lines, self._ink, place, "right")
        self._plots.draw_still(canvas)

    def _draw_words(self, canvas: Canvas) -> None:
        """Write above the lanes what the colors mean."""
        x, y = self._legend_corner
        bold = caption_style(self._context, bold=True)
        for word, ink in (("right", self._right), ("wrong", self._wrong)):
            write(canvas, word, ink, x, y, bold)
            x += bold.width(word) + self._gap
        write(canvas, SAYS, self._muted, self._answer_x, y, self._small)

    def _draw_picture(self, canvas: Canvas, sample: int, right: int, middle: int) -> None:
        """Draw a sample left of a column, in the middle around a row."""
        if self._pictures is None:
            values = self._context.pictures[sample].ravel()
            mask = draw_curve(values, (self._picture_box.width, self._picture_box.height))
            stamp(canvas, mask, self._ink, right - mask.shape[1], middle - mask.shape[0] // 2)
            return
        picture = self._pictures.indices_for(canvas)[sample]
        height, width = picture.shape[0] * self._scale, picture.shape[1] * self._scale
        x, y = right - width, middle - height // 2
        box = Box(x, y, width, height)
        draw_picture(canvas, picture, box, original=self._originals[sample])

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Show the certainty up to the current step, and write what the lanes show and what the network says now."""
        x, y = self._caption_corner
        for number, line in enumerate(self._captions[state.step_index]):
            write(canvas, line, self._muted, x, y + number * self._small.line_height, self._small)
        self._plots.draw(canvas, state.step_index)
        rows = self._scores.to_probabilities(np.asarray(state.snapshot.taps[self._scores.tap]))
        for lane in self._lanes:
            self._write_answer(canvas, lane, find_top_class(rows[lane.sample]))

    def _write_answer(self, canvas: Canvas, lane: Lane, top: int) -> None:
        """Write what the network takes a sample for, with a tick or a cross."""
        x, middle = self._answer_x, lane.box.y + lane.box.height // 2
        lines = ("–",) if top == UNKNOWN_CLASS else self._names[top]
        place = x + self._mark_size + self._gap, middle - self._measure_height(lines) // 2
        if top == UNKNOWN_CLASS:
            self._write_name(canvas, lines, self._muted, place, "left")
            return
        right = top == self._scores.truth[lane.sample]
        ink = self._right if right else self._wrong
        mask = rasterize_mark(self._mark_size, right=right)
        stamp(canvas, mask, ink, x, middle - self._mark_size // 2)
        self._write_name(canvas, lines, ink, place, "left")


def has_bars(context: SceneContext) -> bool:
    """Whether there are too few steps for curves."""
    return len(context.steps) < MIN_PLOT_STEPS


def describe_lanes(since: Sequence[int | None], context: SceneContext, index: int) -> str:
    """What the lanes show at a step, and what their order and their lines mean.

    Args:
        since: Per lane the index of the step from which on it is right for good; None if it never is.
        context: The run.
        index: The recorded step.
    """
    if has_bars(context):
        before = f" Thin line: at step\u00a0{context.steps[index - 1]:,}." if index else ""
        return f"Length: certainty of the right answer, 0 to 100%.{before}"
    height = "Height: certainty of the right answer, 0 to 100%."
    first_on_top = len(since) > 1 and any(each is not None for each in since)
    if any(each is not None and 0 < each <= index for each in since):
        return f"{height} Bold line: right from there on{', the first on top' if first_on_top else ''}."
    return f"{height}{' On top: right for good first.' if first_on_top else ''}"


def find_answers(answers: NDArray[np.intp], scores: ClassScores) -> list[int]:
    """The classes that are the answer at some step, or the first one if there is none."""
    found = [int(each) for each in np.unique(answers) if each != UNKNOWN_CLASS]
    return found or [int(scores.truth[0])]


def find_certainty(scores: ClassScores, context: SceneContext) -> Floats:
    """The probability of the right answer of each sample at each recorded step, (steps, samples)."""
    classes = sorted({int(each) for each in scores.truth})
    shares = scores.shares(context, classes)
    columns = [classes.index(int(each)) for each in scores.truth]
    certainty: Floats = shares[:, np.arange(len(columns)), columns]
    return certainty


def find_lead(scores: ClassScores, context: SceneContext) -> Floats:
    """By how much the right answer is more likely than any other, at each step for each sample (steps, samples).

    It is above 0 if and only if the network gives the right answer, also where two are as likely.
    """
    columns = []
    for position, truth in enumerate(scores.truth.tolist()):
        beliefs = scores.beliefs(context, position)
        lead = np.abs(beliefs[:, truth] - np.delete(beliefs, truth, axis=1).max(axis=1))
        is_right = scores.answers(context)[:, position] == truth
        columns.append(np.where(is_right, np.maximum(lead, np.finfo(np.float64).tiny), -lead))
    return np.stack(columns, axis=1)
