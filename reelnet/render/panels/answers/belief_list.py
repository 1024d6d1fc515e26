"""What the network takes one sample for at few steps: a line of values per step, in place of curves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reelnet.render.canvas import stamp, write
from reelnet.render.panels.answers.answer_panel import answer_style, format_percent, rasterize_mark
from reelnet.render.panels.charts.chart import title_style
from reelnet.render.typography import body_style, shorten_text
from reelnet.scene.class_scores import UNKNOWN_CLASS, ClassScores, find_top_class
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas

RIGHT_ANSWER = "right:"
"""Before the right answer, beside a wrong one."""
MAX_NAME_EMS = 10
"""Width at which names are cut."""


class BeliefList:
    """The lines, before they have a box.

    Args:
        scores: The class output.
        context: The run.
        position: The sample, counted from 0 among the shown ones.
        title: Above the lines; empty for none.
    """

    def __init__(self, scores: ClassScores, context: SceneContext, position: int, title: str) -> None:
        theme = context.theme
        self.scores, self.context, self.title = scores, context, title
        self.beliefs, self.truth = scores.beliefs(context, position), int(scores.truth[position])
        self.bold, self.body, self.title_style = answer_style(theme), body_style(theme), title_style(theme)
        self.gap = round(0.5 * theme.text)
        self.mark_size = round(0.8 * theme.text) if self.truth != UNKNOWN_CLASS else 0
        self.steps = [f"step {step:,}" for step in context.steps]
        self.step_width = max(map(self.body.width, self.steps)) + 2 * self.gap
        self.pitch = round(1.5 * self.body.line_height)
        self.top = self.title_style.line_height + context.px(4) if title else 0

    def choose_answers(self, row: NDArray[np.float64]) -> list[int]:
        """The network's answer and the true class, of one step's probabilities."""
        top = find_top_class(row)
        known = [number for number in (top, self.truth) if number != UNKNOWN_CLASS]
        return list(dict.fromkeys(known)) if top != UNKNOWN_CLASS else []

    def shorten_name(self, number: int) -> str:
        """The name of a class."""
        return shorten_text(self.scores.classes[number], MAX_NAME_EMS * self.bold.size, self.bold)

    def answer_width(self, number: int, share: float, *, given: bool) -> int:
        """Pixels of a class with its mark, or the word before it, and its probability, and of the space after it."""
        name, percent = self.bold.width(self.shorten_name(number)), self.body.width(format_percent(share))
        before = self.mark_size if given else self.body.width(RIGHT_ANSWER)
        mark = before + self.gap if before else 0
        return mark + name + self.gap + percent + 3 * self.gap

    def measure(self) -> Measure:
        """Measure a line per step."""
        widths = [
            sum(
                self.answer_width(number, float(row[number]), given=not place)
                for place, number in enumerate(self.choose_answers(row))
            )
            for row in self.beliefs
        ]
        width = max(self.step_width + max(widths), self.title_style.width(self.title) if self.title else 0)
        return Measure(width, self.top + len(self.steps) * self.pitch)


class BeliefListDrawing:
    """The lines in their box."""

    def __init__(self, layout: BeliefList, box: Box, palette: PaletteBuilder) -> None:
        theme = layout.context.theme
        self._layout, self._box = layout, box
        self._ink, self._muted = palette.ramps(theme.background, theme.ink, theme.muted)
        wrong = theme.ink if layout.truth == UNKNOWN_CLASS else theme.wrong
        self._right, self._wrong = (palette.ramp(each, theme.background, 12) for each in (theme.right, wrong))

    def draw_still(self, canvas: Canvas) -> None:
        """Write the title."""
        write(canvas, self._layout.title, self._ink, self._box.x, self._box.y, self._layout.title_style)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Write the lines up to the present step."""
        layout = self._layout
        for number in range(state.step_index + 1):
            y = self._box.y + layout.top + number * layout.pitch
            ink = self._ink if number == state.step_index else self._muted
            write(canvas, layout.steps[number], ink, self._box.x, y, layout.body)
            self._write_answers(canvas, layout.beliefs[number], y)

    def _write_answers(self, canvas: Canvas, row: NDArray[np.float64], y: int) -> None:
        layout, gap = self._layout, self._layout.gap
        x = self._box.x + layout.step_width
        for place, number in enumerate(layout.choose_answers(row)):
            right, share, left = number == layout.truth, float(row[number]), x
            ink, name = self._right if right else self._wrong, layout.shorten_name(number)
            if place:
                write(canvas, RIGHT_ANSWER, self._muted, left, y, layout.body)
                left += layout.body.width(RIGHT_ANSWER) + gap
            elif layout.mark_size:
                mask = rasterize_mark(layout.mark_size, right=right)
                stamp(canvas, mask, ink, left, y + (layout.bold.line_height - layout.mark_size + 1) // 2)
                left += layout.mark_size + gap
            write(canvas, name, ink, left, y, layout.bold)
            left += layout.bold.width(name) + gap
            write(canvas, format_percent(share), self._muted, left, y, layout.body)
            x += layout.answer_width(number, share, given=not place)
