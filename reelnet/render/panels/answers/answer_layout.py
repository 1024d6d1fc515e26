"""How much of each answer fits below a column of cells or beside a row: its name, its mark, its bar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reelnet.render.panels.answers.answer_panel import answer_style, measure_percent
from reelnet.render.panels.maps.labels import Labels, list_sizes
from reelnet.render.typography import body_style
from reelnet.scene.class_scores import UNKNOWN_CLASS, ClassScores
from reelnet.scene.context import SceneContext

ROW_LABEL = "says"
GAP = 4
"""Pixels of the layout around a text in its column."""
MARK_GAP = 3 / 8
"""Ems between a name and its mark."""
BAR_GAP = 2
"""Pixels of the layout between a name and its bar below a column."""
MIN_INLINE_MARK = 0.5
"""Side of a mark in ems down to which it shrinks to stand beside a name."""
MIN_BAR_HEIGHT = 2
"""Pixels of the layout of the thinnest bar, beside a low row."""
MIN_BAR_EMS = 3
"""Ems of a bar beside a row at a certainty of 1."""
NAME_EMS = 6, 8, 11, 14, 20
"""Ems that names beside rows may take, and more if they do not fit."""
NOTCH_HEIGHT = 4
"""Pixels of the layout below a chart's baseline, in which a notch marks the correct class."""


class AnswerLayout:
    """How the answers of all samples in the frame are written: all in the same way, at all steps.

    Args:
        context: The run, with some of these samples.
        scores: The class output.
        has_bars: Whether the probabilities of all classes are shown, without names.
        bar: Whether the certainty is shown as a bar, if it fits.
        percent: Whether the certainty is written, if it fits.

    Attributes:
        style: Font of percentages.
        names: The names of all classes that are an answer at some step; none if they do not all fit.
        has_names: Whether names are written. An answer that is not known is a dash.
        mark_size: Side of a mark in pixels; 0 without marks.
        mark_gap: Pixels between a name and its mark.
        bar_height: Pixels of the bar; 0 without bars.
        names_height: Pixels of the names below a column; they are below the marks and bars if they are turned.
        inline: Whether the mark is beside the name, not below it.
        percent: Whether the probability is written.
        width: Pixels that a sample takes beside its row of cells, or in its column.
        height: Pixels that a sample takes below its column of cells, or in its row; 0 if nothing fits.

    Raises:
        ValueError: The font lacks a character of a class name.
    """

    def __init__(
        self, context: SceneContext, scores: ClassScores, *, has_bars: bool, bar: bool, percent: bool
    ) -> None:
        self.scores, self.style, self.px = scores, body_style(context.theme), context.px
        self.gap, self._context = context.px(GAP), context
        self.mark_gap = max(self.gap, round(MARK_GAP * self.style.size))
        self._name_style = answer_style(context.theme)
        has_marks = not has_bars and bool((scores.truth != UNKNOWN_CLASS).any())
        self.mark_size = round(0.8 * self.style.size) if has_marks else 0
        self.bar_height = max(context.px(3), round(self.style.size / 4)) if bar and not has_bars else 0
        self.percent, self.inline = percent, True
        self.width = self.height = context.cell_extent
        given = [] if has_bars else find_given(context, scores)
        self._places = {each: place for place, each in enumerate(given)}
        texts = [scores.classes[each] for each in given]
        if context.transposed:
            self.names = self._fit_rows(texts, has_bars=has_bars)
        else:
            self.names = self._fit_columns(texts)
        self.has_names = not has_bars and (bool(self.names.lines) or not given)
        self.names_height = 0
        if context.transposed:
            return
        if self.has_names:
            self.names_height = max(self.names.height, self.style.line_height)
        if has_bars:
            self.height = 3 * self.style.size + context.px(NOTCH_HEIGHT) + percent * self.style.line_height
            return
        has_second_line = self.percent or (has_marks and not self.inline)
        bar_height = context.px(BAR_GAP) + self.bar_height if self.bar_height else 0
        self.height = self.names_height + has_second_line * self.style.line_height + bar_height

    def find_name(self, number: int) -> int | None:
        """The place of a class among the names; None if it is not written."""
        return self._places.get(number) if self.names.lines else None

    @property
    def overhang(self) -> int:
        """Pixels by which turned names reach over the right edge of the cells."""
        if not self.names.is_turned:
            return 0
        context = self._context
        longest = max(self.names.lines, key=lambda lines: self.names.style.width(*lines))
        last = Labels((longest,), self.names.style, is_turned=True)
        return last.overhang(context.cell_pitch, context.cell_extent)

    def _fit_rows(self, texts: list[str], *, has_bars: bool) -> Labels:
        """The names beside rows. Bars, percentages and marks are adapted to the height of a row."""
        context, style, cell_size = self._context, self.style, self._context.cell_extent
        least = min(smaller.line_height for smaller in list_sizes(self._name_style))
        if self.bar_height:
            thinner = min(self.bar_height, cell_size - least)
            self.bar_height = thinner if thinner >= context.px(MIN_BAR_HEIGHT) else 0
        # Names shrink for their bars, but not for the gap between both.
        bar_height = self.bar_height and min(self.bar_height + self.gap, cell_size - least)
        height = min(max(cell_size - bar_height, least), context.cell_pitch)
        ways = (Labels.fit_rows(texts, self._name_style, ems * style.size, height) for ems in NAME_EMS)
        names = next((way for way in ways if way.lines), Labels((), self._name_style))
        self.percent = self.percent and style.line_height <= context.cell_pitch
        mark_width = self.mark_size + self.mark_gap if self.mark_size else 0
        self.width = max(2 * cell_size, 4 * style.size) if has_bars else mark_width + names.width
        self.width += 2 * self.gap + measure_percent(style) if self.percent else 0
        self.width = max(self.width, MIN_BAR_EMS * style.size if self.bar_height else style.width(ROW_LABEL))
        self.mark_size = max(0, min(self.mark_size, cell_size - self.bar_height - context.px(2)))
        return names

    def _fit_columns(self, texts: list[str]) -> Labels:
        """The names below columns. Percentages and marks are adapted to the width of a column."""
        context, style, gap, pitch = self._context, self.style, self.gap, self._context.cell_pitch
        longest = max(map(self._name_style.width, texts), default=0)
        # A mark must be nearer to its name than to the next one.
        self.mark_gap = max(gap, min(self.mark_gap, (pitch - int(longest) - self.mark_size) // 3))
        # A mark may be a little smaller, if it is beside the name then.
        beside = pitch - gap - self.mark_gap - longest
        if self.mark_size and MIN_INLINE_MARK * style.size <= beside < self.mark_size:
            self.mark_size = beside
        mark_width = self.mark_size + self.mark_gap if self.mark_size else 0
        self.inline = longest + mark_width <= pitch - gap
        if self.inline:
            names = Labels(tuple((text,) for text in texts), self._name_style)
        else:
            may_turn = context.may_turn_answers
            names = Labels.fit_columns(texts, self._name_style, pitch, gap, may_turn=may_turn)
        beside_percent = 0 if self.inline else mark_width
        self.percent = self.percent and measure_percent(style) + beside_percent <= context.cell_extent - gap
        self.mark_size = min(self.mark_size, max(context.px(3), pitch - context.px(2)))
        return names


def find_given(context: SceneContext, scores: ClassScores) -> list[int]:
    """The classes that are the answer to a sample in the frame at some step, ascending."""
    whole = replace(scores, sample_indices=context.whole.sample_indices)
    key = "given answers", whole.tap, whole.logits, whole.sample_indices
    found = context.get_cached(key, lambda: np.unique(whole.answers(context)))
    return [int(each) for each in found if each != UNKNOWN_CLASS]
