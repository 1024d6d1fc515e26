"""The panel `tally`: how many samples the network is right about now, and its accuracy in tests."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from reelnet.config.spec import FontSize
from reelnet.render.canvas import write
from reelnet.render.panels.answers.answer_panel import format_percent
from reelnet.render.panels.charts.metric_names import is_accuracy, is_held_out, split_metric
from reelnet.render.typography import TextStyle, text_style
from reelnet.scene.class_scores import count_right, explain_missing_truth
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel


class Tally(Panel):
    """How many samples the network is right about now, as in `7 of 10 right`, and below it the test accuracy.

    The second line needs a metric such as `test_accuracy` or `val_accuracy`, and the first a class output.
    """

    size: FontSize | None = Field(None, description="Font size in pixels; by default the theme's text.")
    align: Literal["left", "right"] = Field("left", description="Alignment of the lines in the box.")

    def measure(self, context: SceneContext) -> Measure | None:
        """Measure the lines that the run has data for; None if there is none."""
        styles = self.line_styles(context)
        lines = list(zip(self.longest_lines(context), styles, strict=True))
        lines = [(text, style) for text, style in lines if text]
        if not lines:
            return None
        width = max(style.max_width(text) for text, style in lines)
        return Measure(width, sum(style.line_height for _, style in lines))

    def absence(self, context: SceneContext) -> str:
        """Why it is not known what is right."""
        return explain_missing_truth(context)

    def line_styles(self, context: SceneContext) -> tuple[TextStyle, TextStyle]:
        """The fonts of both lines."""
        size = self.size or context.theme.text
        return text_style(context.theme, size, bold=True), text_style(
            context.theme, max(0.85 * size, context.theme.min_text or 0)
        )

    def longest_lines(self, context: SceneContext) -> tuple[str, str]:
        """Both lines at their longest; empty for those without data."""
        count = len(context.sample_indices)
        right = "" if explain_missing_truth(context) else format_right(count, count)
        metric = find_accuracy(context)
        return right, format_accuracy(metric, 1.0) if metric else ""

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> TallyDrawing:
        """Count the right answers of all steps."""
        return TallyDrawing(self, context, box, palette)


class TallyDrawing:
    """The tally in its box."""

    def __init__(self, panel: Tally, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme, self._align = context.theme, panel.align
        self._x, self._y = (box.x if panel.align == "left" else box.right), box.y
        self._styles, self._context = panel.line_styles(context), context
        self._count = len(context.sample_indices)
        self._metric = find_accuracy(context)
        self._right = None if explain_missing_truth(context) else count_right(context)
        self._all, self._some = (
            palette.ramp(color, theme.background, 12) for color in (theme.right, theme.wrong)
        )
        self._muted = palette.ramp(theme.muted, theme.background)

    def draw_still(self, canvas: Canvas) -> None:
        """Draw nothing: numbers change."""

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Write the numbers of one step."""
        (bold, plain), y = self._styles, self._y
        if self._right is not None:
            right = int(self._right[state.step_index])
            ink = self._all if right == self._count else self._some
            write(canvas, format_right(right, self._count), ink, self._x, y, bold, anchor=self._align)
            y += bold.line_height
        if self._metric:
            values = self._context.metrics[self._metric][: state.step_index + 1]
            known = np.flatnonzero(self._context.measured[self._metric][: state.step_index + 1])
            if len(known):
                text = format_accuracy(self._metric, float(values[known[-1]]))
                write(canvas, text, self._muted, self._x, y, plain, anchor=self._align)


def format_right(right: int, count: int) -> str:
    """`7 of 10 right`."""
    return f"{right} of {count} right"


def format_accuracy(metric: str, value: float) -> str:
    """`81% in tests`, or what the metric was measured on."""
    return f"{format_percent(value)} in {'tests' if split_metric(metric)[0] == 'test' else 'validation'}"


def find_accuracy(context: SceneContext) -> str:
    """The accuracy on a test or validation set; empty if there is none that is a share."""
    for name, values in context.metrics.items():
        known = values[context.measured[name]]
        known = known[np.isfinite(known)]
        is_share = len(known) and known.min() >= 0 and known.max() <= 1
        if is_share and is_accuracy(split_metric(name)[1]) and is_held_out(name):
            return name
    return ""
