"""The panel `race`: how certain the network is of the right answer, a lane per sample, in the order of success."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reelnet.render.canvas import draw_picture, fill_box, polyline, stamp, write
from reelnet.render.panels.answers.answer_panel import AnswerPanel, answer_style, rasterize_mark
from reelnet.render.panels.answers.class_ring import break_name
from reelnet.render.panels.answers.heads import draw_curve
from reelnet.render.panels.charts.axis import MIN_PLOT_STEPS, Axis, StepScaleOption, fit_step_axis
from reelnet.render.panels.charts.line import split_points
from reelnet.render.panels.maps.inputs import PHOTO_COLORS, GrayPictures, are_ink_on_white, fit_pictures
from reelnet.render.typography import TextStyle, shorten_text, text_style
from reelnet.scene.answers.sample_choice import find_right_since
from reelnet.scene.class_scores import UNKNOWN_CLASS, ClassScores, find_top_class
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure, Size
from reelnet.scene.palette.palette import FixedPicture, Ink, PaletteBuilder
from reelnet.scene.panel import Canvas

Floats = NDArray[np.float64]

MAX_SAMPLES = 24
"""More lanes would be too low."""
MAX_NAME_EMS = 8
"""Width at which names are cut, in sizes of their font."""
NAME_SHARE = 0.75
"""Size of names, relative to the pitch of crowded lanes."""
LANE_SHARE = 0.78
"""Part of a lane's pitch that its curve takes."""
MAX_PITCH_EMS, MIN_PITCH_EMS = 8.0, 0.9
"""Largest and smallest pitch of the lanes, relative to the text's size."""
MAX_PICTURE_EMS = 4.5
"""Largest height of a sample's picture, likewise."""
NATURAL_EMS, NATURAL_ROWS_EMS, CROWDED_EMS = 2.5, 25.0, 1.2
"""Pitch and height of all lanes that the panel asks for, and the pitch if there are too many for these."""
FILL, GHOST_FILL = 0.42, 0.45
"""How strong the area below a curve is, of 1 for the curve: of the past, and of what is to come."""
SMALL = 0.8
"""Size of captions and numbers of steps, relative to the text's."""
MIN_NUMBERED = 1.4
"""Height of a lane, relative to that of the number of a step, from which on it has room for one."""
CAPTION = "certainty of the right answer, 0 to 100%:"
SAYS = "it says"


class Race(AnswerPanel):
    """How certain the network is of the right answer, step by step: a lane per sample, with the future as a ghost.

    The sample that it is right about for good first is on top, and a line marks that step. It takes a recorded class
    output, and samples whose labels are classes. Of fewer than five steps, each has a bar.
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
        around = 2 * small_style(context).line_height
        count = len(context.sample_indices)
        ems = min(count * NATURAL_EMS, max(NATURAL_ROWS_EMS, count * CROWDED_EMS))
        return Measure(40 * text, round(ems * text) + around, 24 * text)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> RaceDrawing:
        """Put the lanes into order."""
        return RaceDrawing(self, context, box, palette)


def small_style(context: SceneContext, *, bold: bool = False) -> TextStyle:
    """The font of captions and of steps."""
    return text_style(context.theme, SMALL * context.theme.text, bold=bold)


@dataclass(frozen=True)
class Lane:
    """One sample.

    Attributes:
        sample: Its position among the shown ones.
        since: The index of the step from which on it is right for good; None if it is not right in the end.
        box: Of its curve.
    """

    sample: int
    since: int | None
    box: Box


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
        self._small = small_style(context)
        text, count = theme.text, len(context.sample_indices)
        around = self._small.line_height
        pitch = min((box.height - 2 * around) / count, MAX_PITCH_EMS * text)
        if pitch < MIN_PITCH_EMS * text:
            raise ValueError(
                f"has {box.height} pixels for {count} samples; give it more, or show fewer samples"
            )
        self._style = text_style(theme, min(text, NAME_SHARE * pitch), bold=True)
        self._gap = round(0.5 * self._style.size)
        answers = scores.answers(context)
        certainty = find_certainty(scores, context)
        height = max(1, int(LANE_SHARE * pitch))
        picture_height = min(height, round(MAX_PICTURE_EMS * text))
        self._picture_box = Size(round(1.6 * picture_height), picture_height)
        pictures = context.pictures
        self._is_curve = pictures.ndim == 3 and 1 in pictures.shape[1:] and max(pictures.shape[1:]) > 1
        self._pictures, self._scale = self._place_pictures(palette)
        self._names = self._break_names(pitch)
        labels = [self._names[each] for each in scores.truth]
        self._label_width = max(map(self._measure_name, labels))
        self._mark_size = round(0.8 * self._style.size)
        name_width = max(map(self._measure_name, self._names))
        answer_width = max(name_width + self._mark_size + self._gap, self._small.width(SAYS))
        left = box.x + self._picture_width + self._label_width + 3 * self._gap
        right = box.right - answer_width - 2 * self._gap
        if right - left < 8 * text:
            raise ValueError(f"has {box.width}×{box.height} pixels; give it more")
        self._answer_x = right + 2 * self._gap
        total = round(count * pitch)
        top = box.y + around + max(0, (box.height - 2 * around - total) // 2)
        self._plot = Box(left, top, right - left, total)
        self._lanes = []
        for number, (sample, since) in enumerate(order_lanes(answers, scores.truth, certainty)):
            bottom = top + round((number + 1) * pitch)
            self._lanes.append(Lane(sample, since, Box(left, bottom - height, right - left, height)))
        self._axis: Axis = fit_step_axis(context.steps, 5, panel.x)
        columns = np.rint(self._axis.to_fraction(context.steps) * (self._plot.width - 1))
        self._starts = self._ends = columns
        if self._has_bars:
            # A curve through few steps would suggest a course that nobody recorded: each step has a bar.
            edges = np.linspace(0, self._plot.width + self._bar_gap, len(context.steps) + 1).round()
            self._starts, self._ends = edges[:-1], edges[1:] - self._bar_gap - 1
        self._certainty, self._answers = certainty, answers
        background = theme.background
        self._background = palette.ramp(background, background, 1)
        self._right, self._wrong = (palette.ramp(each, background, 12) for each in (theme.right, theme.wrong))
        self._faint = palette.ramp(theme.faint, background, 12)
        self._ink, self._muted = palette.ramps(background, theme.ink, theme.muted)

    @property
    def _has_bars(self) -> bool:
        """Whether there are too few steps for curves."""
        return len(self._context.steps) < MIN_PLOT_STEPS

    @property
    def _bar_gap(self) -> int:
        """Pixels between two bars."""
        return self._context.px(3)

    def _break_names(self, pitch: float) -> list[tuple[str, ...]]:
        """The lines of each class's name: two if lanes are high enough."""
        style, width = self._style, MAX_NAME_EMS * self._style.size
        if 2 * style.line_height > pitch:
            return [(shorten_text(name, width, style),) for name in self._scores.classes]
        return [break_name(name, width, style) for name in self._scores.classes]

    def _measure_name(self, lines: tuple[str, ...]) -> int:
        return max(map(self._style.width, lines))

    def _write_name(
        self, canvas: Canvas, lines: tuple[str, ...], ink: Ink, x: int, lane: Lane, anchor: str
    ) -> None:
        """Write a name beside a lane, in its middle."""
        y = lane.box.y + (lane.box.height - len(lines) * self._style.line_height) // 2
        for line in lines:
            write(canvas, line, ink, x, y, self._style, anchor=anchor)
            y += self._style.line_height

    def _place_pictures(self, palette: PaletteBuilder) -> tuple[GrayPictures | FixedPicture | None, int]:
        """The samples as large as has room in a lane; None for sequences, which are drawn as curves."""
        pictures, box = self._context.pictures, self._picture_box
        if self._is_curve:
            self._picture_width = box.width
            return None, 1
        fitted, scale = fit_pictures(pictures, box)
        self._picture_width = fitted.shape[2] * scale
        if pictures.ndim == 4:
            return palette.picture(fitted, PHOTO_COLORS), scale
        background = self._theme.background if are_ink_on_white(pictures) else None
        return GrayPictures(fitted, background, palette), scale

    def draw_still(self, canvas: Canvas) -> None:
        """Draw pictures, labels, the axis, and all curves as ghosts."""
        self._draw_words(canvas)
        for lane in self._lanes:
            self._draw_picture(canvas, lane)
            lines = self._names[self._scores.truth[lane.sample]]
            self._write_name(canvas, lines, self._ink, lane.box.x - 2 * self._gap, lane, "right")
        plot = self._plot
        region = canvas[plot.y : plot.bottom, plot.x : plot.right]
        self._past = np.full_like(region, self._right.indices[0])
        for lane in self._lanes:
            self._draw_lane(region, lane)

    def _draw_words(self, canvas: Canvas) -> None:
        """Write what the curves are, above them, and the steps below."""
        plot, small = self._plot, self._small
        y = plot.y - small.line_height
        x = plot.x
        bold = small_style(self._context, bold=True)
        words = [("right", self._right, bold), ("wrong", self._wrong, bold)]
        needed = sum(style.width(word) + self._gap for word, _, style in words)
        if needed + small.width(CAPTION) <= plot.width:
            words.insert(0, (CAPTION, self._muted, small))
        for word, ink, style in words:
            write(canvas, word, ink, x, y, style)
            x += style.width(word) + self._gap
        write(canvas, SAYS, self._muted, self._answer_x, y, small)
        last = plot.right
        places = np.rint(self._axis.to_fraction(self._axis.ticks) * (plot.width - 1)).astype(int).tolist()
        texts = list(zip(places, self._axis.tick_labels, strict=True))
        if self._has_bars:
            steps = [f"{step:,}" for step in self._context.steps]
            middles = ((self._starts + self._ends) / 2).astype(int).tolist()
            texts = list(zip(middles, steps, strict=True))
        texts[0] = texts[0][0], f"step {texts[0][1]}"
        free = plot.x - small.size
        for place, text in [texts[0], *texts[:0:-1]] if len(texts) > 1 else texts:
            width = small.width(text)
            x = plot.x if place == 0 else plot.x + min(place - width // 2, plot.width - width)
            if x >= free and x + width <= last:
                write(canvas, text, self._muted, x, plot.bottom, small)
                if text == texts[0][1]:
                    free = x + width + small.size
                else:
                    last = x - small.size

    def _draw_picture(self, canvas: Canvas, lane: Lane) -> None:
        right = lane.box.x - 3 * self._gap - self._label_width
        if self._pictures is None:
            values = self._context.pictures[lane.sample].ravel()
            mask = draw_curve(values, (self._picture_box.width, self._picture_box.height))
            y = lane.box.y + (lane.box.height - mask.shape[0]) // 2
            stamp(canvas, mask, self._ink, right - mask.shape[1], y)
            return
        picture = self._pictures.indices_for(canvas)[lane.sample]
        height, width = picture.shape[0] * self._scale, picture.shape[1] * self._scale
        x, y = right - width, lane.box.y + (lane.box.height - height) // 2
        draw_picture(canvas, picture, Box(x, y, width, height))

    def _draw_lane(self, region: Canvas, lane: Lane) -> None:
        """Draw a lane's curve as a ghost onto the plot, and in its colors onto the past."""
        box = lane.box
        values, answers, columns = self._certainty[:, lane.sample], self._answers[:, lane.sample], self._ends
        if self._has_bars:
            values, answers = values.repeat(2), answers.repeat(2)
            columns = np.stack([self._starts, self._ends], axis=1).ravel()
        known = ~np.isnan(values) & ~np.isnan(columns)
        width = max(1.5, self._theme.text / 13)
        rows = (1 - values) * (box.height - width) + width / 2
        breaks = (np.isnan(values) & ~np.isnan(columns)).cumsum()
        if self._has_bars:
            breaks = np.arange(len(values)) // 2
        cover = np.zeros((box.height, box.width), np.uint8)
        fill = np.zeros((box.height, box.width))
        for points in split_points(columns[known] + 0.5, rows[known], breaks[known], width):
            cover = np.maximum(cover, polyline(points, width, (box.width, box.height)))
            x, y = np.array(points).T
            inside = slice(max(0, int(x[0])), int(x[-1]) + 1)
            tops = np.interp(np.arange(box.width)[inside] + 0.5, x, y)
            fill[:, inside] = np.clip(np.arange(box.height)[:, None] + 1 - tops, 0, 1)
        line = cover / 255
        fill[-1] = np.maximum(fill[-1], 0.9)
        at = slice(box.y - self._plot.y, box.bottom - self._plot.y)
        region[at] = look_up(self._faint, np.maximum(line, GHOST_FILL * fill))
        latest = np.searchsorted(np.nan_to_num(columns, nan=-1), np.arange(box.width), side="right") - 1
        is_right = answers[np.maximum(latest, 0)] == self._scores.truth[lane.sample]
        strength = np.maximum(line, FILL * fill)
        self._past[at] = np.where(is_right, look_up(self._right, strength), look_up(self._wrong, strength))

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Reveal the curves up to the current step, and write what the network says now."""
        plot, index = self._plot, state.step_index
        column = self._ends[index]
        if not np.isnan(column):
            end = int(column) + 1
            canvas[plot.y : plot.bottom, plot.x : plot.x + end] = self._past[:, :end]
            cursor = max(1, self._context.px(1))
            fill_box(canvas, Box(plot.x + end - cursor, plot.y, cursor, plot.height), self._muted)
        rows = self._scores.to_probabilities(np.asarray(state.snapshot.taps[self._scores.tap]))
        for lane in self._lanes:
            if lane.since is not None and 0 < lane.since <= index and not self._has_bars:
                self._draw_success(canvas, lane, lane.since)
            self._write_answer(canvas, lane, find_top_class(rows[lane.sample]))

    def _draw_success(self, canvas: Canvas, lane: Lane, since: int) -> None:
        """Mark the step from which on a sample is right for good."""
        box, width = lane.box, max(2, round(self._theme.text / 10))
        x = box.x + int(self._starts[since])
        fill_box(canvas, Box(x - width // 2, box.y, width, box.height), self._ink)
        if box.height < MIN_NUMBERED * self._small.line_height:
            return
        text = f"{self._context.steps[since]:,}"
        gap = width + self._small.size // 4
        left = x - gap - self._small.width(text)
        anchor, place = ("right", x - gap) if left >= box.x else ("left", x + gap)
        text_width = self._small.width(text)
        left = place - text_width if anchor == "right" else place
        margin = self._context.px(2)
        plate = Box(left - margin, box.y, text_width + 2 * margin, self._small.line_height)
        fill_box(canvas, plate, self._background)
        write(canvas, text, self._ink, left, box.y, self._small)

    def _write_answer(self, canvas: Canvas, lane: Lane, top: int) -> None:
        """Write what the network takes a sample for, with a tick or a cross."""
        x, box = self._answer_x, lane.box
        name_x = x + self._mark_size + self._gap
        if top == UNKNOWN_CLASS:
            self._write_name(canvas, ("–",), self._muted, name_x, lane, "left")
            return
        right = top == self._scores.truth[lane.sample]
        ink = self._right if right else self._wrong
        mask = rasterize_mark(self._mark_size, right=right)
        stamp(canvas, mask, ink, x, box.y + (box.height - self._mark_size + 1) // 2)
        self._write_name(canvas, self._names[top], ink, name_x, lane, "left")


def look_up(ink: Ink, strength: Floats) -> Canvas:
    """The palette indices of shades of an ink, from 0 for the background to 1."""
    found: Canvas = ink.indices[np.rint(strength * (len(ink.indices) - 1)).astype(np.intp)]
    return found


def find_certainty(scores: ClassScores, context: SceneContext) -> Floats:
    """The probability of the right answer of each sample at each recorded step, (steps, samples)."""
    classes = sorted({int(each) for each in scores.truth})
    shares = scores.shares(context, classes)
    columns = [classes.index(int(each)) for each in scores.truth]
    certainty: Floats = shares[:, np.arange(len(columns)), columns]
    return certainty
