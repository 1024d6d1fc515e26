"""The panel `says`: what the network takes each sample for, aligned with the samples' cells."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reelnet.render.canvas import fill_box, stamp, write
from reelnet.render.panels.answers.answer_layout import NOTCH_HEIGHT, ROW_LABEL, AnswerLayout
from reelnet.render.panels.answers.answer_panel import (
    AnswerPanel,
    format_percent,
    measure_percent,
    rasterize_mark,
)
from reelnet.render.panels.maps.grid import (
    LABEL_GAP,
    column_heading_height,
    column_label_height,
    row_label_width,
)
from reelnet.scene.class_scores import UNKNOWN_CLASS, find_top_class
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Drawing

UNKNOWN = "–"
"""Stands for the name of an answer that is not known."""
TALL_LINES = 6
"""Lines of text in the height of a row from which on the bar is below the name, not below the row."""
BAR_INSET = 2
"""Pixels of the layout left and right of a bar below a column, so that bars do not touch."""


NO_ROOM = "has no room for the names of the answers; show fewer samples, or give a larger canvas"


class Says(AnswerPanel):
    """The network's answer for each sample, with a tick or a cross and its certainty, or all classes.

    An answer stands below its sample's column of cells, or beside its row. It takes a recorded class output, and the
    names of the classes.
    """

    is_sample_strip: ClassVar[bool] = True
    has_cells: ClassVar[bool] = True

    show: Literal["top", "bars"] = Field(
        "top",
        description="`top`: the name of the most likely class, with a tick if it is the sample's label and "
        "a cross if not; neither is drawn unless all labels of the run are names of classes. `bars`: the "
        "probabilities of all classes, with a notch below the correct one.",
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
        layout, extent = self.lay_out(context), context.samples_extent
        if layout is None or not layout.height:
            return None
        if context.transposed:
            return Measure(layout.width, column_label_height(context, labels=self.labels) + extent)
        width = row_label_width(context, labels=self.labels) + extent + layout.overhang
        return Measure(width, layout.height)

    def lay_out(self, context: SceneContext) -> AnswerLayout | None:
        """How much of each answer fits; None if nothing gives scores."""
        scores = self.find_scores(context)
        if scores is None:
            return None
        self.check_names(context)
        has_bars = self.show == "bars"
        return AnswerLayout(context, scores, has_bars=has_bars, bar=self.bar, percent=self.percent)

    def absence(self, context: SceneContext) -> str:
        """Why there is no class output, or no room."""
        return super().absence(context) if self.find_scores(context) is None else NO_ROOM

    def notes(self, context: SceneContext) -> tuple[str, ...]:
        """Whether the names of the answers do not fit."""
        layout = self.lay_out(context) if self.show == "top" else None
        return () if layout is None or layout.has_names else (NO_ROOM,)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Drawing:
        """Divide the box among the samples."""
        kind = ProbabilityBarsDrawing if self.show == "bars" else ClassNamesDrawing
        return kind(self, context, box, palette)


class SaysDrawing(ABC):
    """The base of names and bars: the box of each sample, the inks, and the row label."""

    def __init__(self, panel: Says, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        layout = panel.lay_out(context)
        if layout is None:
            raise AssertionError("a panel without a measure is not placed")
        theme, size, pitch = context.theme, context.cell_extent, context.cell_pitch
        self.layout, self.transposed = layout, context.transposed
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
        self._has_label, self.heading_height = panel.labels, column_heading_height(context)
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
            write(canvas, ROW_LABEL, self.muted, box.x, box.bottom - self.heading_height, style)
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
        """Top of a line in the middle of the names, or level with the marks above turned ones, or above the bar."""
        layout, line = self.layout, self.layout.style.line_height
        if self.transposed:
            return slot.y + (slot.height - layout.bar_height - line) // 2
        if layout.names.is_turned:
            return slot.y
        # Beside names on two lines, there may be no room for it, but beside marks there is.
        is_beside_marks = layout.mark_size and not layout.inline
        return slot.y + (layout.names_height if is_beside_marks else max(0, layout.names_height - line) // 2)

    def _bar_box(self, slot: Box) -> Box:
        """The box of a bar at a certainty of 1."""
        inset = 0 if self.transposed else self.layout.px(BAR_INSET)
        height = self.layout.bar_height
        bottom, names = (
            slot.bottom - (self.layout.names_height if self.layout.names.is_turned else 0),
            self.layout.names,
        )
        if self.transposed and slot.height >= TALL_LINES * self.layout.style.line_height:
            lines = max(map(len, names.lines), default=1) * names.style.line_height
            bottom = slot.y + (slot.height + height + lines) // 2 + self.layout.gap
        return Box(slot.x + inset, bottom - height, max(1, slot.width - 2 * inset), height)

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
        layout, right = self.layout, None
        truth = int(layout.scores.truth[number])
        if layout.mark_size and UNKNOWN_CLASS not in (top, truth):
            right = top == truth
        if length := self._bar_length(slot, row):
            bar = self._bar_box(slot)
            ink = self.muted if right is None else self.right if right else self.wrong
            fill_box(canvas, Box(bar.x, bar.y, length, bar.height), ink)
        draw = self._draw_beside if self.transposed else self._draw_below
        draw(canvas, slot, top, right, format_percent(float(row.max())) if layout.percent else "")

    def _draw_beside(self, canvas: Canvas, slot: Box, answer: int, right: bool | None, percent: str) -> None:
        """Write on one line beside a row of cells; `right` is None without a mark."""
        layout, y = self.layout, self.label_y(slot)
        mark_x, style = slot.right - layout.mark_size, layout.names.style
        middle = y + layout.style.line_height // 2
        self._draw_mark(canvas, mark_x, middle - layout.mark_size // 2, right)
        place = layout.find_name(answer)
        lines = layout.names.lines[place] if place is not None else (UNKNOWN,) * (answer == UNKNOWN_CLASS)
        for number, line in enumerate(lines):
            top = middle - len(lines) * style.line_height // 2 + number * style.line_height
            write(canvas, line, self.ink, slot.x, top, style)
        end = mark_x - (layout.mark_gap if layout.mark_size else 0)
        self.write_percent(canvas, percent, end, y, "right")

    def _draw_below(self, canvas: Canvas, slot: Box, answer: int, right: bool | None, percent: str) -> None:
        """Write below a column of cells; `right` is None without a mark."""
        layout, style, y = self.layout, self.layout.names.style, slot.y
        mark_size = layout.mark_size if right is not None else 0
        mark_width = mark_size + layout.mark_gap if mark_size else 0
        mark_offset = (layout.style.line_height - mark_size + 1) // 2
        middle = slot.x + slot.width // 2
        second_y = y if layout.names.is_turned else y + layout.names_height
        place = layout.find_name(answer)
        if layout.inline:
            name = layout.names.lines[place][0] if place is not None else UNKNOWN
            left = middle - (style.width(name) + mark_width) // 2
            write(canvas, name, self.ink, left, y, style)
            self._draw_mark(canvas, left + style.width(name) + layout.mark_gap, y + mark_offset, right)
            self.write_percent(canvas, percent, middle, second_y, "middle")
            return
        if layout.names.is_turned:
            self._draw_falling(canvas, place, middle, slot.bottom - layout.names_height)
        elif place is not None:
            layout.names.draw_column(canvas, place, middle, second_y, self.ink)
        elif answer == UNKNOWN_CLASS:
            y = max(y, second_y - style.line_height)
            write(canvas, UNKNOWN, self.ink, middle, y, style, anchor="middle")
        left = middle - mark_size // 2
        if percent:
            left = middle - (mark_width + layout.style.width(percent)) // 2
            self.write_percent(canvas, percent, left + mark_width, second_y, "left")
        self._draw_mark(canvas, left, second_y + mark_offset, right)

    def _draw_falling(self, canvas: Canvas, place: int | None, middle: int, top: int) -> None:
        """Write a name, or the dash for none, from the middle of a column to the lower right."""
        names = self.layout.names
        if place is None:
            write(canvas, UNKNOWN, self.ink, middle, top, names.style, anchor="middle")
        else:
            names.draw_falling(canvas, place, middle, top, self.ink)

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
        else:
            y = slot.y + (slot.height - layout.style.line_height) // 2
            self.write_percent(canvas, percent, slot.right, y, "right")

    def _bar_span(self, chart: Box, number: int) -> tuple[int, int]:
        """First column of a class's bar, and the first column after it."""
        count = len(self.layout.scores.classes)
        left = chart.x + number * chart.width // count
        right = chart.x + (number + 1) * chart.width // count
        line = self.layout.px(1)
        return left, max(left + 1, right - line * (chart.width >= 4 * line * count))
