"""The last column of a table of layers: what the network takes each sample for, and how sure it is."""

from __future__ import annotations

import numpy as np

from reelnet.render.canvas import fill_box, stamp, write
from reelnet.render.panels.answers.answer_layout import find_given
from reelnet.render.panels.answers.answer_panel import answer_style, format_percent, rasterize_mark
from reelnet.render.panels.answers.says import UNKNOWN
from reelnet.render.panels.flow.arrangement import Caption
from reelnet.render.panels.maps.labels import Labels
from reelnet.render.typography import text_style
from reelnet.scene.class_scores import UNKNOWN_CLASS, ClassScores, find_top_class
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas

NAME_EMS = 5, 6, 8, 11, 14
"""Ems that names may take, and more if they do not fit."""
MIN_BAR_EMS = 4
"""Ems of a bar at a certainty of 1."""
MARK_EMS, BAR_EMS, GAP_EMS = 0.8, 0.3, 0.35
"""Side of a mark, height of a bar, and the gap between a name and either."""


class AnswerColumn:
    """The answers of all samples, each in the row of its sample.

    Args:
        context: The run.
        scores: The class output.
    """

    caption = Caption("says", "")

    def __init__(self, context: SceneContext, scores: ClassScores) -> None:
        theme, self.context, self.scores = context.theme, context, scores
        self.style, self.detail = answer_style(theme), text_style(theme, 0.88 * theme.text)
        self.gap, self.bar_height = round(GAP_EMS * theme.text), round(BAR_EMS * theme.text)
        has_truth = bool((scores.truth != UNKNOWN_CLASS).any())
        self.mark_size = round(MARK_EMS * theme.text) if has_truth else 0
        self.given = find_given(context, scores)

    @property
    def min_height(self) -> int:
        """Pixels of a name on one line with its bar."""
        return self.style.line_height + self.gap + self.bar_height

    def fit_names(self, height: int) -> Labels:
        """The names of all answers on one or two lines in rows of this height; none if they do not fit."""
        texts = [self.scores.classes[each] for each in self.given]
        room = max(self.style.line_height, height - self.gap - self.bar_height)
        ways = (Labels.fit_rows(texts, self.style, round(ems * self.style.size), room) for ems in NAME_EMS)
        return next((way for way in ways if way.lines), Labels((), self.style))

    def width_at(self, height: int) -> int:
        """Pixels across in rows of this height."""
        mark = self.gap + self.mark_size if self.mark_size else 0
        return max(self.fit_names(height).width + mark, MIN_BAR_EMS * self.style.size)


class AnswerColumnDrawing:
    """The answers in their boxes, one per sample."""

    def __init__(self, column: AnswerColumn, boxes: list[Box], palette: PaletteBuilder) -> None:
        theme, self._column, self._boxes = column.context.theme, column, boxes
        self._names = column.fit_names(boxes[0].height)
        self._places = {each: place for place, each in enumerate(column.given)}
        self._ink, self._muted = palette.ramps(theme.background, theme.ink, theme.muted)
        self._track = palette.ramp(theme.faint, theme.faint, 1)
        self._right = palette.ramp(theme.right, theme.background, 12)
        self._wrong = palette.ramp(theme.wrong, theme.background, 12)
        lines = max(map(len, self._names.lines), default=1)
        names, detail = lines * self._names.style.line_height, column.detail.line_height
        bar = column.gap + column.bar_height
        self._has_percent = names + bar + detail <= boxes[0].height
        self._names_height = names
        self._height = names + bar + detail * self._has_percent

    def _bar_box(self, box: Box) -> Box:
        y = box.y + (box.height - self._height) // 2 + self._names_height + self._column.gap
        return Box(box.x, y, box.width, self._column.bar_height)

    def draw_still(self, canvas: Canvas) -> None:
        """Draw what the bars fill."""
        for box in self._boxes:
            fill_box(canvas, self._bar_box(box), self._track)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Write the answers of the current step, and draw their bars."""
        column, scores = self._column, self._column.scores
        rows = scores.to_probabilities(np.asarray(state.snapshot.taps[scores.tap]))
        for box, row, truth in zip(self._boxes, rows, scores.truth, strict=False):
            answer, bar = find_top_class(row), self._bar_box(box)
            is_known = column.mark_size and UNKNOWN_CLASS not in (answer, truth)
            mark = (self._right if answer == truth else self._wrong) if is_known else self._muted
            place = self._places.get(answer) if self._names.lines else None
            lines = self._names.lines[place] if place is not None else (UNKNOWN,) * (answer == UNKNOWN_CLASS)
            style, bottom = self._names.style, bar.y - column.gap
            y = bottom - len(lines) * style.line_height
            for number, line in enumerate(lines):
                write(canvas, line, self._ink, box.x, y + number * style.line_height, style)
            if is_known:
                top = (y + bottom - column.mark_size) // 2
                mask = rasterize_mark(column.mark_size, right=bool(answer == truth))
                stamp(canvas, mask, mark, box.right - column.mark_size, top)
            if answer != UNKNOWN_CLASS:
                fill_box(canvas, Box(bar.x, bar.y, round(float(row.max()) * bar.width), bar.height), mark)
            if self._has_percent:
                text = format_percent(float(row.max()))
                write(canvas, text, self._muted, box.x, bar.bottom, column.detail)
