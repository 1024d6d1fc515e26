"""The end of a flow: the probability of each class as a bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.render.canvas import fill_box, write
from reelnet.render.panels.answers.answer_panel import answer_style
from reelnet.render.panels.flow.arrangement import Caption, Part, Spacing, keep_together
from reelnet.render.typography import body_style, shorten_text
from reelnet.scene.class_scores import UNKNOWN_CLASS, ClassScores, find_top_class
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Size
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas
from reelnet.template.color import Rgb

MAX_BARS, MAX_LISTED = 12, 10
"""Most classes of which each has a bar, and how many have one if there are more; the rest then share a last bar."""
MAX_NAME_EMS, MIN_BAR_EMS, BAR_EMS = 9, 4, 7
"""Width of the names, at most, and of the bars, at least and at most."""
MIN_PITCH_EMS, GOOD_PITCH_EMS, MAX_PITCH_EMS = 1.15, 1.6, 2.2
"""From one bar to the next."""
MAX_SHARE = 0.7
"""Fraction of the height of the room up to which bars are farther apart than they must."""


class ProbabilityPart(Part):
    """What the network says of one sample.

    Args:
        context: The run.
        scores: The class output.
        position: The sample, counted from 0 among the shown ones.
    """

    def __init__(self, context: SceneContext, scores: ClassScores, position: int) -> None:
        self.context, self.scores = context, scores
        self.beliefs, self.truth = scores.beliefs(context, position), int(scores.truth[position])
        self.listed = choose_classes(self.beliefs, self.truth)
        self.style, self.bold = body_style(context.theme), answer_style(context.theme)
        widest = max(map(self.bold.width, self.names))
        self.name_width = min(widest, MAX_NAME_EMS * self.style.size)
        self.name_gap = round(0.6 * self.style.size)

    @property
    def others(self) -> int:
        """How many classes share the last bar."""
        return len(self.scores.classes) - len(self.listed)

    @property
    def names(self) -> list[str]:
        """The names of the bars."""
        names = [self.scores.classes[number] for number in self.listed]
        return [*names, f"{self.others:,} others"] if self.others else names

    def size_at(self, spacing: Spacing) -> Size:
        """As high as the cells if that is enough for the names."""
        ems = len(self.names) * self.style.size
        good, most = round(GOOD_PITCH_EMS * ems), round(MAX_PITCH_EMS * ems)
        width = self.name_width + self.name_gap + MIN_BAR_EMS * self.style.size
        roomy = min(good, round(MAX_SHARE * spacing.room))
        return Size(width, max(self.min_height, roomy, min(spacing.height, most)))

    @property
    def min_height(self) -> int:
        """Least height at which the names can be read."""
        return round(len(self.names) * MIN_PITCH_EMS * self.style.size)

    def widen(self, size: Size, room: Size) -> Size:
        """Longer bars."""
        longest = size.width + (BAR_EMS - MIN_BAR_EMS) * self.style.size
        return Size(max(size.width, min(longest, room.width)), size.height)

    def caption_at(self, spacing: Spacing) -> Caption:
        """What the bars are."""
        return Caption(keep_together("what it says"), keep_together("as probability"))


def choose_classes(beliefs: NDArray[np.float64], truth: int) -> list[int]:
    """The classes with a bar of their own: all if they are few, or else the true one, answers, and the likeliest.

    Args:
        beliefs: The probabilities (steps, classes).
        truth: The number of the true class, or `UNKNOWN_CLASS`.
    """
    count = beliefs.shape[1]
    if count <= MAX_BARS:
        return list(range(count))
    likeliest = np.argsort(-np.nan_to_num(beliefs).max(axis=0), kind="stable").tolist()
    answers = {find_top_class(row) for row in beliefs} - {UNKNOWN_CLASS}
    known = [truth] if truth != UNKNOWN_CLASS else []
    first = [*known, *(each for each in likeliest if each in answers), *likeliest]
    return sorted(list(dict.fromkeys(first))[:MAX_LISTED])


@dataclass(frozen=True)
class _Bar:
    """One bar in its place."""

    name: str
    name_y: int
    track: Box


class ProbabilityDrawing:
    """The bars in their box."""

    def __init__(self, part: ProbabilityPart, box: Box, palette: PaletteBuilder, track: Rgb) -> None:
        theme = part.context.theme
        self._part = part
        self._muted, self._ink = palette.ramps(theme.background, theme.muted, theme.ink)
        self._track, self._right, self._wrong = palette.solids(track, theme.right, theme.wrong)
        gray: Rgb = tuple((one + other) // 2 for one, other in zip(theme.muted, track, strict=True))  # type: ignore[assignment]
        (self._gray,) = palette.solids(gray)
        self._bars, count = [], len(part.names)
        left = box.x + part.name_width + part.name_gap
        for number, name in enumerate(part.names):
            top, bottom = (box.y + box.height * each // count for each in (number, number + 1))
            thickness = max(3, round(0.58 * (bottom - top)))
            middle = (top + bottom) // 2
            self._bars.append(
                _Bar(
                    shorten_text(name, part.name_width, part.bold),
                    middle - part.style.line_height // 2,
                    Box(left, middle - thickness // 2, box.right - left, thickness),
                )
            )

    def draw_still(self, canvas: Canvas) -> None:
        """Draw empty bars."""
        for bar in self._bars:
            fill_box(canvas, bar.track, self._track)

    def _is(self, number: int, answer: int) -> bool:
        listed = self._part.listed
        return answer != UNKNOWN_CLASS and number < len(listed) and listed[number] == answer

    def _write_name(self, canvas: Canvas, number: int, *, bold: bool) -> None:
        bar, part = self._bars[number], self._part
        style, ink = (part.bold, self._ink) if bold else (part.style, self._muted)
        write(canvas, bar.name, ink, bar.track.x - part.name_gap, bar.name_y, style, anchor="right")

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Write the names, and fill the bars."""
        part, row = self._part, self._part.beliefs[state.step_index]
        top = find_top_class(row)
        shares = row[part.listed]
        if part.others:
            shares = np.append(shares, max(0.0, row.sum() - shares.sum()))
        for number, share in enumerate(np.nan_to_num(shares).tolist()):
            bar, ink = self._bars[number], self._gray
            is_true, is_top = self._is(number, part.truth), self._is(number, top)
            if is_true:
                ink = self._right
            elif is_top:
                ink = self._ink if part.truth == UNKNOWN_CLASS else self._wrong
            self._write_name(canvas, number, bold=is_true or is_top)
            width = round(share * bar.track.width)
            fill_box(canvas, Box(bar.track.x, bar.track.y, max(width, share > 0), bar.track.height), ink)
