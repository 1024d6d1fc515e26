"""The predictions panel: what the network predicts for each sample, aligned with the samples' cells."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from reelnet.config.diagnostics import ErrorCollector
from reelnet.render.canvas import fill_box, polyline, stamp, write
from reelnet.render.panels.maps.grid import LABEL_GAP, column_label_height, row_label_width, thin_positions
from reelnet.render.panels.predictions.scores import UNKNOWN_CLASS, ClassScores, ScoreKind
from reelnet.render.typography import body_style, shorten_text
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Drawing, Panel

ROW_LABEL = "says"
GAP = 4
"""Pixels between a name and its mark, and around a text in its column."""
NOTCH_HEIGHT = 4
"""Pixels below a chart's baseline, in which a notch marks the correct class."""

TICK_STROKES = (((0.12, 0.54), (0.39, 0.81), (0.90, 0.20)),)
"""Corners (x, y) of a tick in a unit square."""
CROSS_STROKES = ((0.17, 0.17), (0.83, 0.83)), ((0.17, 0.83), (0.83, 0.17))
"""The two strokes of a cross in a unit square."""


class Predictions(Panel):
    """What the network predicts for each sample, below its column: the most likely class, or all classes."""

    is_sample_strip: ClassVar[bool] = True
    has_cells: ClassVar[bool] = True

    tap: str | None = Field(
        None, description="The layer that gives one score per class; by default the only one that does."
    )
    show: Literal["top", "bars"] = Field(
        "top",
        description="`top`: the name of the class with the highest score, with a tick if it matches the sample's "
        "label and a cross if not. `bars`: the probabilities of all classes, with a notch below the correct one.",
    )
    classes: tuple[str, ...] | None = Field(
        None,
        description="Names of the classes, in the order of the scores; by default those of the run, or numbers.",
    )
    scores: ScoreKind | None = Field(
        None,
        description="Whether the layer gives logits, which a softmax turns into probabilities, or probabilities; by "
        "default whichever its values look like.",
    )
    percent: bool = Field(False, description="Write the highest probability, if the cells are wide enough.")
    labels: bool = Field(True, description="Write `says` beside the row, and leave space for row labels.")

    @field_validator("classes", mode="before")
    @classmethod
    def _accept_numbers(cls, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return tuple(str(each) if type(each) is int else each for each in value)

    def find_scores(self, context: SceneContext) -> ClassScores | None:
        """Find the scores; None if the run has none."""
        return ClassScores.find(context, self.tap, self.classes, self.scores)

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        """The layer that gives the scores."""
        scores = self.find_scores(context)
        return (scores.tap,) if scores is not None else ()

    def measure(self, context: SceneContext) -> Measure | None:
        """Measure one line or chart per sample; None if nothing gives scores."""
        scores = self.find_scores(context)
        if scores is None:
            return None
        errors = ErrorCollector()
        for number, name in enumerate(self.classes or ()):
            with errors.collect("classes", number):
                body_style(context.theme).width(name)
        errors.raise_errors()
        layout, extent = PredictionLayout(self, context, scores), context.samples_extent
        if context.transposed:
            return Measure(layout.width, column_label_height(context, labels=self.labels) + extent)
        return Measure(row_label_width(context, labels=self.labels) + extent, layout.height)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Drawing:
        """Divide the box among the samples."""
        kind = ProbabilityBarsDrawing if self.show == "bars" else ClassNamesDrawing
        return kind(self, context, box, palette)


class PredictionLayout:
    """How much of each prediction fits.

    Attributes:
        mark_size: Side of a mark in pixels; 0 without marks.
        name_width: Pixels for a name.
        named_samples: The samples whose names are written, counted from 0 among the shown ones.
        inline: Whether the mark is beside the name, not below it.
        percent: Whether the probability is written.
        width: Pixels that a sample takes beside its row of cells, or in its column.
        height: Pixels that a sample takes below its column of cells, or in its row.

    Raises:
        ValueError: The font lacks a character of a class name.
    """

    def __init__(self, panel: Predictions, context: SceneContext, scores: ClassScores) -> None:
        self.scores, self.style = scores, body_style(context.theme)
        style, cell_size, bars = self.style, context.cell.size, panel.show == "bars"
        longest, percent_width = max(map(style.width, scores.classes)), style.width("100 %")
        has_marks = not bars and bool((scores.truth != UNKNOWN_CLASS).any())
        self.mark_size = round(0.8 * style.size) if has_marks else 0
        mark_width = self.mark_size + GAP if has_marks else 0
        self.inline, self.percent = True, panel.percent
        self.width = self.height = cell_size
        self.named_samples: Sequence[int]
        if context.transposed:
            count = len(context.sample_indices)
            self.name_width = min(longest, 8 * style.size)
            self.named_samples = thin_positions(count, context.cell_pitch, style.line_height)
            self.width = max(2 * cell_size, 4 * style.size) if bars else mark_width + self.name_width
            self.width += 2 * GAP + percent_width if self.percent else 0
            self.mark_size = max(0, min(self.mark_size, cell_size - 2))
            return
        self.inline = longest + mark_width <= cell_size - GAP
        if percent_width + (0 if self.inline else mark_width) > cell_size - GAP:
            self.percent = False
        self.named_samples, self.name_width = choose_named_columns(longest, context)
        lines = 1 + (self.percent or (has_marks and not self.inline))
        self.height = lines * style.line_height
        if bars:
            self.height = 3 * style.size + NOTCH_HEIGHT + self.percent * style.line_height
        self.mark_size = min(self.mark_size, max(3, context.cell_pitch - 2))


def choose_named_columns(longest: int, context: SceneContext) -> tuple[Sequence[int], int]:
    """Choose the columns that have space for names, and the width of a name.

    Args:
        longest: Width of the longest name in pixels.
        context: The run.
    """
    style, pitch, size = body_style(context.theme), context.cell_pitch, context.cell.size
    count = len(context.sample_indices)
    if longest + GAP <= pitch or pitch >= 3 * style.size:
        return range(count), pitch - GAP
    name_width = min(longest, 8 * style.size)
    # A name centered in its column may reach over the neighboring columns, but not over the ends of the row.
    overhang = (name_width - size) // 2
    first, last = overhang - GAP, context.samples_extent + GAP - size - overhang
    columns = thin_positions(count, pitch, name_width + GAP)
    return [column for column in columns if first <= column * pitch <= last], name_width


def format_percent(probability: float) -> str:
    """Format a probability; a dash stands for NaN."""
    return f"{100 * probability:.0f} %" if np.isfinite(probability) else "–"


def find_top_class(probabilities: NDArray[np.float64]) -> int:
    """The number of the most likely class, or `UNKNOWN_CLASS` if a probability is NaN."""
    return UNKNOWN_CLASS if np.isnan(probabilities).any() else int(probabilities.argmax())


class PredictionsDrawing(ABC):
    """The base of names and bars: the box of each sample, the inks, and the row label."""

    def __init__(self, panel: Predictions, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        scores = panel.find_scores(context)
        if scores is None:
            raise AssertionError("a panel without a measure is not placed")
        theme, size, pitch = context.theme, context.cell.size, context.cell_pitch
        self.layout, self.transposed = PredictionLayout(panel, context, scores), context.transposed
        samples, width = range(len(context.sample_indices)), self.layout.width
        left, top = box.x, box.y
        if context.transposed:
            top += column_label_height(context, labels=panel.labels)
            self.slots = [Box(left, top + number * pitch, width, size) for number in samples]
        else:
            left += row_label_width(context, labels=panel.labels)
            self.slots = [Box(left + number * pitch, top, width, box.height) for number in samples]
        self._label_box = Box(box.x, box.y, left - box.x, top - box.y if context.transposed else box.height)
        self._has_label = panel.labels
        self.ink, self.muted = palette.ramps(theme.background, theme.ink, theme.muted)
        # As many shades as curves have, which often share these colors.
        self.right = palette.ramp(theme.right, theme.background, 12)
        self.wrong = palette.ramp(theme.wrong, theme.background, 12)

    def draw_still(self, canvas: Canvas) -> None:
        """Write the label beside the row, or above the column, if it fits."""
        style, box = self.layout.style, self._label_box
        if not self._has_label or box.height < style.line_height:
            return
        if self.transposed:
            write(canvas, ROW_LABEL, self.muted, box.x, box.y, style)
        else:
            right, y = box.right - LABEL_GAP, self.label_y(box)
            write(canvas, ROW_LABEL, self.muted, right, y, style, anchor="right")

    @abstractmethod
    def label_y(self, slot: Box) -> int:
        """Top of the text line that is level with the row label."""

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw the predictions of one step."""
        for number, (slot, row) in enumerate(zip(self.slots, self.read_probabilities(state), strict=True)):
            self.draw_sample(canvas, number, slot, row, find_top_class(row))

    def read_probabilities(self, state: FrameState) -> NDArray[np.float64]:
        """The probabilities (samples, classes) at one step."""
        scores = self.layout.scores
        return scores.to_probabilities(np.asarray(state.snapshot.taps[scores.tap]))

    @abstractmethod
    def draw_sample(self, canvas: Canvas, number: int, slot: Box, row: NDArray[np.float64], top: int) -> None:
        """Draw one sample's probabilities (classes,), of which the class `top` has the highest."""

    def write_percent(self, canvas: Canvas, percent: str, x: int, y: int, anchor: str) -> None:
        """Write a probability."""
        write(canvas, percent, self.muted, x, y, self.layout.style, anchor=anchor)


class ClassNamesDrawing(PredictionsDrawing):
    """The name of each sample's most likely class, with a mark if the correct class is known."""

    def cache_key(self, state: FrameState) -> Hashable:
        """The predicted classes, and their probabilities if they are written."""
        rows = self.read_probabilities(state)
        percents = tuple(format_percent(float(row.max())) for row in rows) if self.layout.percent else ()
        return tuple(map(find_top_class, rows)), percents

    def label_y(self, slot: Box) -> int:
        """Top of the first line; beside a row of cells the line is centered."""
        return slot.y + (slot.height - self.layout.style.line_height) // 2 if self.transposed else slot.y

    def draw_sample(self, canvas: Canvas, number: int, slot: Box, row: NDArray[np.float64], top: int) -> None:
        """Write one sample's class, mark and probability."""
        layout, name, right = self.layout, "", None
        truth = int(layout.scores.truth[number])
        if number in layout.named_samples:
            name = "–"
            if top != UNKNOWN_CLASS:
                name = shorten_text(layout.scores.classes[top], layout.name_width, layout.style)
        if layout.mark_size and UNKNOWN_CLASS not in (top, truth):
            right = top == truth
        draw = self._draw_beside if self.transposed else self._draw_below
        draw(canvas, slot, name, right, format_percent(float(row.max())) if layout.percent else "")

    def _draw_beside(self, canvas: Canvas, slot: Box, name: str, right: bool | None, percent: str) -> None:
        """Write on one line beside a row of cells; `right` is None without a mark."""
        layout, y = self.layout, self.label_y(slot)
        x = slot.x + (layout.mark_size + GAP if layout.mark_size else 0)
        self._draw_mark(canvas, slot.x, slot.y + (slot.height - layout.mark_size) // 2, right)
        write(canvas, name, self.ink, x, y, layout.style)
        if name:
            self.write_percent(canvas, percent, slot.right, y, "right")

    def _draw_below(self, canvas: Canvas, slot: Box, name: str, right: bool | None, percent: str) -> None:
        """Write on one or two lines below a column of cells; `right` is None without a mark."""
        layout, style, y = self.layout, self.layout.style, slot.y
        mark_size = layout.mark_size if right is not None else 0
        mark_width = mark_size + GAP if mark_size else 0
        mark_offset = (style.line_height - mark_size + 1) // 2
        middle, second_y = slot.x + slot.width // 2, slot.y + style.line_height
        if layout.inline:
            left = middle - (style.width(name) + mark_width) // 2
            write(canvas, name, self.ink, left, y, style)
            self._draw_mark(canvas, left + style.width(name) + GAP, y + mark_offset, right)
            self.write_percent(canvas, percent, middle, second_y, "middle")
            return
        write(canvas, name, self.ink, middle, y, style, anchor="middle")
        left = middle - mark_size // 2
        if percent:
            left = middle - (mark_width + style.width(percent)) // 2
            self.write_percent(canvas, percent, left + mark_width, second_y, "left")
        self._draw_mark(canvas, left, second_y + mark_offset, right)

    def _draw_mark(self, canvas: Canvas, x: int, y: int, right: bool | None) -> None:
        if right is not None:
            mask = rasterize_mark(self.layout.mark_size, right=right)
            stamp(canvas, mask, self.right if right else self.wrong, x, y)


class ProbabilityBarsDrawing(PredictionsDrawing):
    """The probabilities of all classes as bars, with a notch below the correct class."""

    def __init__(self, panel: Predictions, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        super().__init__(panel, context, box, palette)
        self._faint = palette.ramp(context.theme.faint, context.theme.faint, 1)
        self._notch_height = min(NOTCH_HEIGHT, self.slots[0].height // 4)

    def label_y(self, slot: Box) -> int:
        """Top of a line centered in the chart."""
        return (slot.y + self._chart_box(slot).bottom - self.layout.style.line_height) // 2

    def _chart_box(self, slot: Box) -> Box:
        """The box of the bars; where possible, each class gets a whole number of pixels."""
        layout = self.layout
        below, beside, inset = layout.style.line_height * layout.percent, 0, min(3, slot.width // 16)
        if self.transposed:
            below, beside, inset = 0, (2 * GAP + layout.style.width("100 %")) * layout.percent, 0
        available = max(1, slot.width - beside - 2 * inset)
        count = len(layout.scores.classes)
        width = available // count * count or available
        x = slot.x + inset + (0 if self.transposed else (available - width) // 2)
        return Box(x, slot.y, width, max(1, slot.height - self._notch_height - below))

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the baselines, with notches below the correct classes."""
        super().draw_still(canvas)
        for slot, truth in zip(self.slots, self.layout.scores.truth, strict=True):
            chart = self._chart_box(slot)
            fill_box(canvas, Box(chart.x, chart.bottom, chart.width, 1), self._faint)
            if truth != UNKNOWN_CLASS:
                left, right = self._bar_span(chart, int(truth))
                notch = Box(left, chart.bottom + 1, right - left, self._notch_height - 1)
                fill_box(canvas, notch, self.right)

    def draw_sample(self, canvas: Canvas, number: int, slot: Box, row: NDArray[np.float64], top: int) -> None:
        """Draw one sample's bars; where classes share a pixel, the important ones are drawn last."""
        layout, chart, truth = self.layout, self._chart_box(slot), int(self.layout.scores.truth[number])
        heights = np.rint(np.nan_to_num(row) * chart.height).astype(np.intp)
        important = [each for each in (top, truth) if each != UNKNOWN_CLASS]
        # Of a thousand classes, most have no visible bar.
        others = [each for each in np.flatnonzero(heights).tolist() if each not in important]
        for each in [*others, *important]:
            left, right = self._bar_span(chart, each)
            ink = self.muted
            if each == truth:
                ink = self.right
            elif each == top:
                ink = self.ink if truth == UNKNOWN_CLASS else self.wrong
            height = int(heights[each])
            fill_box(canvas, Box(left, chart.bottom - height, right - left, height), ink)
        percent = format_percent(float(row.max())) if layout.percent else ""
        if not self.transposed:
            middle, y = slot.x + slot.width // 2, chart.bottom + self._notch_height
            self.write_percent(canvas, percent, middle, y, "middle")
        elif number in layout.named_samples:
            y = slot.y + (slot.height - layout.style.line_height) // 2
            self.write_percent(canvas, percent, slot.right, y, "right")

    def _bar_span(self, chart: Box, number: int) -> tuple[int, int]:
        """First column of a class's bar, and the first column after it."""
        count = len(self.layout.scores.classes)
        left = chart.x + number * chart.width // count
        right = chart.x + (number + 1) * chart.width // count
        return left, max(left + 1, right - (chart.width >= 4 * count))


@lru_cache(maxsize=32)
def rasterize_mark(size: int, *, right: bool) -> NDArray[np.uint8]:
    """Coverage (size, size) of a tick if `right`, else of a cross. Few fonts have these marks."""
    strokes = TICK_STROKES if right else CROSS_STROKES
    width = max(1.2, 0.15 * size)
    drawn = [polyline([(x * size, y * size) for x, y in stroke], width, (size, size)) for stroke in strokes]
    mask: NDArray[np.uint8] = np.maximum.reduce(drawn)
    mask.flags.writeable = False
    return mask
