"""The panel `says`: what the network takes each sample for, aligned with the samples' cells."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reelnet.render.canvas import fill_box, stamp, write
from reelnet.render.panels.answers.answer_panel import (
    AnswerPanel,
    answer_style,
    format_percent,
    measure_percent,
    rasterize_mark,
)
from reelnet.render.panels.maps.grid import LABEL_GAP, column_label_height, row_label_width, thin_positions
from reelnet.render.panels.maps.labels import Labels
from reelnet.render.typography import TextStyle, body_style, shorten_text
from reelnet.scene.class_scores import (
    UNKNOWN_CLASS,
    ClassScores,
    find_top_class,
)
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Drawing

ROW_LABEL = "says"
GAP = 4
"""Pixels of the layout between a name and its mark, and around a text in its column."""
BAR_GAP, BAR_INSET = 2, 2
"""Pixels of the layout between a name and its bar below a column, and left and right of such a bar, so that bars do
not touch."""
MIN_INLINE_MARK = 0.5
"""Side of a mark in ems down to which it shrinks to stand beside a name."""
MIN_BAR_EMS = 3
"""Ems of a bar beside a row at a certainty of 1."""
NAME_EMS = 6, 8, 11, 14
"""Ems that names beside rows may take, and more if they do not fit."""
NOTCH_HEIGHT = 4
"""Pixels of the layout below a chart's baseline, in which a notch marks the correct class."""


class Says(AnswerPanel):
    """What the network takes each sample for: its answer with a tick or a cross and its certainty, or all classes.

    An answer stands below its sample's column of cells, or beside its row. It takes a recorded class output, and the
    names of the classes.
    """

    is_sample_strip: ClassVar[bool] = True
    has_cells: ClassVar[bool] = True

    show: Literal["top", "bars"] = Field(
        "top",
        description="`top`: the name of the most likely class, with a tick if it is the sample's label and a cross "
        "if not. There are none unless all labels of the run are names of classes. `bars`: the probabilities of all "
        "classes, with a notch below the correct one.",
    )
    bar: bool = Field(
        True,
        description="Draw the certainty below each answer of `top`, its probability, as a bar, if the cells are high "
        "enough. The full width is 100 %.",
    )
    percent: bool = Field(False, description="Write the certainty, if the cells are wide enough.")
    labels: bool = Field(True, description="Write `says` beside the row, and leave space for row labels.")

    def measure(self, context: SceneContext) -> Measure | None:
        """Measure one line or chart per sample; None if nothing gives scores."""
        scores = self.find_scores(context)
        if scores is None:
            return None
        self.check_names(context)
        layout, extent = AnswerLayout(self, context, scores), context.samples_extent
        if context.transposed:
            return Measure(layout.width, column_label_height(context, labels=self.labels) + extent)
        return Measure(row_label_width(context, labels=self.labels) + extent, layout.height)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Drawing:
        """Divide the box among the samples."""
        kind = ProbabilityBarsDrawing if self.show == "bars" else ClassNamesDrawing
        return kind(self, context, box, palette)


class AnswerLayout:
    """How much of each prediction fits.

    Attributes:
        style: Font of percentages.
        name_style: Font of names.
        name_lines: The lines of each name beside a row, by class.
        mark_size: Side of a mark in pixels; 0 without marks.
        bar_height: Pixels of the bar; 0 without bars.
        name_width: Pixels for a name.
        named_samples: The samples whose names are written, counted from 0 among the shown ones.
        inline: Whether the mark is beside the name, not below it.
        percent: Whether the probability is written.
        width: Pixels that a sample takes beside its row of cells, or in its column.
        height: Pixels that a sample takes below its column of cells, or in its row.

    Raises:
        ValueError: The font lacks a character of a class name.
    """

    def __init__(self, panel: Says, context: SceneContext, scores: ClassScores) -> None:
        self.scores, self.style = scores, body_style(context.theme)
        self.name_style, self.px = answer_style(context.theme), context.px
        self.gap = gap = context.px(GAP)
        style, cell_size, bars = self.style, context.cell_extent, panel.show == "bars"
        longest, percent_width = max(map(self.name_style.width, scores.classes)), measure_percent(style)
        has_bar = panel.bar and not bars
        self.bar_height = max(context.px(3), round(style.size / 4)) if has_bar else 0
        has_marks = not bars and bool((scores.truth != UNKNOWN_CLASS).any())
        self.mark_size = round(0.8 * style.size) if has_marks else 0
        mark_width = self.mark_size + gap if has_marks else 0
        self.inline, self.percent = True, panel.percent
        self.width = self.height = cell_size
        self.named_samples: Sequence[int]
        self.name_lines: dict[int, tuple[str, ...]]
        if context.transposed:
            count = len(context.sample_indices)
            free = cell_size - (self.bar_height + gap if self.bar_height else 0)
            self.name_lines, self.name_style = self._fit_names(context, max(free, style.line_height))
            widths = (self.name_style.width(line) for lines in self.name_lines.values() for line in lines)
            self.name_width = max(widths, default=0)
            self.named_samples = [
                number
                for number in thin_positions(count, context.cell_pitch, style.line_height)
                # Where cells are lower than a line, the last name would reach below the panel.
                if number * context.cell_pitch + (cell_size + style.line_height) // 2
                <= context.samples_extent
                or cell_size >= style.line_height
            ]
            self.width = max(2 * cell_size, 4 * style.size) if bars else mark_width + self.name_width
            self.width += 2 * gap + percent_width if self.percent else 0
            if cell_size < style.line_height + self.bar_height:
                self.bar_height = 0
            self.width = max(self.width, MIN_BAR_EMS * style.size if self.bar_height else 0)
            self.mark_size = max(0, min(self.mark_size, cell_size - context.px(2)))
            return
        self.name_lines = {}
        # A mark may be a little smaller, if it is beside the name then.
        beside = context.cell_pitch - 2 * gap - longest
        if self.mark_size and MIN_INLINE_MARK * style.size <= beside < self.mark_size:
            self.mark_size = beside
            mark_width = beside + gap
        self.inline = longest + mark_width <= context.cell_pitch - gap
        if percent_width + (0 if self.inline else mark_width) > cell_size - gap:
            self.percent = False
        self.named_samples, self.name_width = choose_named_columns(longest, context)
        lines = 1 + (self.percent or (has_marks and not self.inline))
        self.height = lines * style.line_height + (context.px(BAR_GAP) + self.bar_height if has_bar else 0)
        if bars:
            self.height = 3 * style.size + context.px(NOTCH_HEIGHT) + self.percent * style.line_height
        self.mark_size = min(self.mark_size, max(context.px(3), context.cell_pitch - context.px(2)))

    def _fit_names(self, context: SceneContext, height: int) -> tuple[dict[int, tuple[str, ...]], TextStyle]:
        """The lines of each name that is an answer at some step, beside rows with `height` pixels for them."""
        style, scores = self.name_style, self.scores
        given = [int(each) for each in np.unique(scores.answers(context)) if each != UNKNOWN_CLASS]
        names = [scores.classes[each] for each in given]
        ways = (Labels.fit_rows(names, style, ems * style.size, height) for ems in NAME_EMS)
        fitted = next((way for way in ways if way.lines), None)
        if fitted is not None:
            return dict(zip(given, fitted.lines, strict=True)), fitted.style
        cut = (shorten_text(name, NAME_EMS[-1] * style.size, style) for name in names)
        return {each: (name,) for each, name in zip(given, cut, strict=True)}, style


def choose_named_columns(longest: int, context: SceneContext) -> tuple[Sequence[int], int]:
    """Choose the columns that have space for names, and the width of a name.

    Args:
        longest: Width of the longest name in pixels.
        context: The run.
    """
    style, pitch, size = answer_style(context.theme), context.cell_pitch, context.cell_extent
    count, gap = len(context.sample_indices), context.px(GAP)
    if longest + gap <= pitch or pitch >= 3 * style.size:
        return range(count), pitch - gap
    name_width = min(longest, 8 * style.size)
    # A name centered in its column may reach over the neighboring columns, but not over the ends of the row.
    overhang = (name_width - size) // 2
    first, last = overhang - gap, context.samples_extent + gap - size - overhang
    columns = thin_positions(count, pitch, name_width + gap)
    return [column for column in columns if first <= column * pitch <= last], name_width


class SaysDrawing(ABC):
    """The base of names and bars: the box of each sample, the inks, and the row label."""

    def __init__(self, panel: Says, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        scores = panel.find_scores(context)
        if scores is None:
            raise AssertionError("a panel without a measure is not placed")
        theme, size, pitch = context.theme, context.cell_extent, context.cell_pitch
        self.layout, self.transposed = AnswerLayout(panel, context, scores), context.transposed
        samples, width = range(len(context.sample_indices)), self.layout.width
        left, top = box.x, box.y
        if context.transposed:
            top += column_label_height(context, labels=panel.labels)
            width = max(width, box.width if self.layout.bar_height else 0)
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
            right, y = box.right - self.layout.px(LABEL_GAP), self.label_y(box)
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


class ClassNamesDrawing(SaysDrawing):
    """The name of each sample's most likely class, with a mark if the correct class is known, and its certainty."""

    def __init__(self, panel: Says, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        super().__init__(panel, context, box, palette)
        self._track = palette.ramp(context.theme.faint, context.theme.faint, 1)

    def cache_key(self, state: FrameState) -> Hashable:
        """The answers, and their certainties as far as they are shown."""
        rows = self.read_probabilities(state)
        percents = tuple(format_percent(float(row.max())) for row in rows) if self.layout.percent else ()
        bars = tuple(self._bar_length(slot, row) for slot, row in zip(self.slots, rows, strict=True))
        return tuple(map(find_top_class, rows)), percents, bars

    def label_y(self, slot: Box) -> int:
        """Top of the first line; beside a row of cells the line is centered above the bar."""
        free = slot.height - self.layout.bar_height - self.layout.style.line_height
        return slot.y + free // 2 if self.transposed else slot.y

    def _bar_box(self, slot: Box) -> Box:
        """The box of a bar at a certainty of 1."""
        inset = 0 if self.transposed else self.layout.px(BAR_INSET)
        height = self.layout.bar_height
        return Box(slot.x + inset, slot.bottom - height, max(1, slot.width - 2 * inset), height)

    def _bar_length(self, slot: Box, row: NDArray[np.float64]) -> int:
        """Pixels of a bar; 0 without one."""
        if not self.layout.bar_height or np.isnan(row).any():
            return 0
        return round(float(row.max()) * self._bar_box(slot).width)

    def draw_still(self, canvas: Canvas) -> None:
        """Write the label, and draw what the bars fill."""
        super().draw_still(canvas)
        for slot in self.slots if self.layout.bar_height else ():
            fill_box(canvas, self._bar_box(slot), self._track)

    def draw_sample(self, canvas: Canvas, number: int, slot: Box, row: NDArray[np.float64], top: int) -> None:
        """Write one sample's class, mark and probability."""
        layout, name, right = self.layout, "", None
        truth = int(layout.scores.truth[number])
        if number in layout.named_samples:
            name = "–"
            if top in layout.name_lines:
                name = "\n".join(layout.name_lines[top])
            elif top != UNKNOWN_CLASS:
                name = shorten_text(layout.scores.classes[top], layout.name_width, layout.name_style)
        if layout.mark_size and UNKNOWN_CLASS not in (top, truth):
            right = top == truth
        if length := self._bar_length(slot, row):
            bar = self._bar_box(slot)
            ink = self.muted if right is None else self.right if right else self.wrong
            fill_box(canvas, Box(bar.x, bar.y, length, bar.height), ink)
        draw = self._draw_beside if self.transposed else self._draw_below
        draw(canvas, slot, name, right, format_percent(float(row.max())) if layout.percent else "")

    def _draw_beside(self, canvas: Canvas, slot: Box, name: str, right: bool | None, percent: str) -> None:
        """Write on one line beside a row of cells; `right` is None without a mark."""
        layout, y, lines = self.layout, self.label_y(slot), name.split("\n")
        mark_x, style = slot.right - layout.mark_size, layout.name_style
        middle = y + layout.style.line_height // 2
        self._draw_mark(canvas, mark_x, middle - layout.mark_size // 2, right)
        for number, line in enumerate(lines):
            top = middle - len(lines) * style.line_height // 2 + number * style.line_height
            write(canvas, line, self.ink, slot.x, top, style)
        if name:
            end = mark_x - (layout.gap if layout.mark_size else 0)
            self.write_percent(canvas, percent, end, y, "right")

    def _draw_below(self, canvas: Canvas, slot: Box, name: str, right: bool | None, percent: str) -> None:
        """Write on one or two lines below a column of cells; `right` is None without a mark."""
        layout, style, y = self.layout, self.layout.name_style, slot.y
        mark_size = layout.mark_size if right is not None else 0
        mark_width = mark_size + layout.gap if mark_size else 0
        mark_offset = (style.line_height - mark_size + 1) // 2
        middle, second_y = slot.x + slot.width // 2, slot.y + style.line_height
        if layout.inline:
            left = middle - (style.width(name) + mark_width) // 2
            write(canvas, name, self.ink, left, y, style)
            self._draw_mark(canvas, left + style.width(name) + layout.gap, y + mark_offset, right)
            self.write_percent(canvas, percent, middle, second_y, "middle")
            return
        write(canvas, name, self.ink, middle, y, style, anchor="middle")
        left = middle - mark_size // 2
        if percent:
            left = middle - (mark_width + layout.style.width(percent)) // 2
            self.write_percent(canvas, percent, left + mark_width, second_y, "left")
        self._draw_mark(canvas, left, second_y + mark_offset, right)

    def _draw_mark(self, canvas: Canvas, x: int, y: int, right: bool | None) -> None:
        if right is not None:
            mask = rasterize_mark(self.layout.mark_size, right=right)
            stamp(canvas, mask, self.right if right else self.wrong, x, y)


class ProbabilityBarsDrawing(SaysDrawing):
    """The probabilities of all classes as bars, with a notch below the correct class."""

    def __init__(self, panel: Says, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        super().__init__(panel, context, box, palette)
        self._faint = palette.ramp(context.theme.faint, context.theme.faint, 1)
        self._notch_height = min(self.layout.px(NOTCH_HEIGHT), self.slots[0].height // 4)

    def label_y(self, slot: Box) -> int:
        """Top of a line centered in the chart."""
        return (slot.y + self._chart_box(slot).bottom - self.layout.style.line_height) // 2

    def _chart_box(self, slot: Box) -> Box:
        """The box of the bars; where possible, each class gets a whole number of pixels."""
        layout = self.layout
        below, beside, inset = (
            layout.style.line_height * layout.percent,
            0,
            min(layout.px(3), slot.width // 16),
        )
        if self.transposed:
            below, beside, inset = 0, (2 * layout.gap + measure_percent(layout.style)) * layout.percent, 0
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
            fill_box(canvas, Box(chart.x, chart.bottom, chart.width, self.layout.px(1)), self._faint)
            if truth != UNKNOWN_CLASS:
                left, right = self._bar_span(chart, int(truth))
                line = self.layout.px(1)
                notch = Box(left, chart.bottom + line, right - left, self._notch_height - line)
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
        line = self.layout.px(1)
        return left, max(left + 1, right - line * (chart.width >= 4 * line * count))
