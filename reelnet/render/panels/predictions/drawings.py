"""The predictions of the samples, each in a slot in step with its cells.

Marks of right and wrong, told apart by their form; few fonts have them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reelnet.render.canvas import fill_box, polyline, stamp, write
from reelnet.render.panels.maps.grid import GUTTER_GAP, thinned
from reelnet.render.panels.predictions.scores import UNKNOWN, Scores
from reelnet.render.typography import TextStyle, body_style, shorten_text
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas

LABEL = "says"
GAP = 4
"""Pixels between a name and its mark, and around a text in its column."""
NOTCH = 4
"""Pixels from a chart's baseline down where the right class is marked."""


@dataclass(frozen=True)
class Form:
    """How much of each prediction has room.

    Attributes:
        side: Of a mark, in pixels; 0 without marks.
        room: Pixels for a name.
        named: The samples whose names are written, counted from 0 among those that are shown.
        inline: Whether the mark stands beside the name, not under it.
        percent: Whether the probability is written.
        width: Pixels that one sample takes beside its row of cells.
        height: Pixels that one sample takes under its column of cells.
    """

    scores: Scores
    style: TextStyle
    side: int
    room: int
    named: tuple[int, ...]
    inline: bool
    percent: bool
    width: int
    height: int

    @classmethod
    def of(cls, context: SceneContext, scores: Scores, *, percent: bool, bars: bool) -> Form:
        """See what fits.

        Raises:
            ValueError: The font lacks a character of a class's name.
        """
        style, box = body_style(context.theme), context.cell.size
        longest, number = max(style.width(name) for name in scores.classes), style.width("100 %")
        side = round(0.8 * style.size) if not bars and (scores.truth != UNKNOWN).any() else 0
        beside = side + GAP if side else 0
        if context.transposed:
            room = min(longest, 8 * style.size)
            width = max(2 * box, 4 * style.size) if bars else beside + room
            width += 2 * GAP + number if percent else 0
            named = tuple(thinned([""] * len(context.sample_indices), context.cell_pitch, style.line_height))
            return cls(scores, style, max(0, min(side, box - 2)), room, named, True, percent, width, box)
        inline = longest + beside <= box - GAP
        percent = percent and number + (0 if inline else beside) <= box - GAP
        named, room = named_columns(longest, context)
        lines = 1 + (percent or (side > 0 and not inline))
        height = lines * style.line_height
        if bars:
            height = 3 * style.size + NOTCH + percent * style.line_height
        side = min(side, max(3, context.cell_pitch - 2))
        return cls(scores, style, side, room, named, inline, percent, context.samples_extent, height)


def named_columns(longest: int, context: SceneContext) -> tuple[tuple[int, ...], int]:
    """The columns that have room for names up to so many pixels long, and that room in pixels."""
    style, pitch, side = body_style(context.theme), context.cell_pitch, context.cell.size
    count = len(context.sample_indices)
    if longest + GAP <= pitch or pitch >= 3 * style.size:
        return tuple(range(count)), pitch - GAP
    room = min(longest, 8 * style.size)
    # A name in the middle of its column reaches over the columns beside it, but not over the row's ends.
    over = (room - side) // 2
    kept = thinned([""] * count, pitch, room + GAP)
    fits = [
        at
        for at in kept
        if over <= at * pitch + GAP and at * pitch + side + over <= context.samples_extent + GAP
    ]
    return tuple(fits), room


def percentage(part: float) -> str:
    """A probability as text; a dash where it is not known."""
    return f"{100 * part:.0f} %" if np.isfinite(part) else "–"


def highest(row: NDArray[np.float64]) -> int:
    """The class of the highest of some probabilities."""
    return UNKNOWN if np.isnan(row).any() else int(row.argmax())


class AnswersDrawing(ABC):
    """What names and bars share: inks, and the word beside the row."""

    def __init__(
        self, form: Form, context: SceneContext, slots: list[Box], label: Box | None, palette: PaletteBuilder
    ) -> None:
        theme = context.theme
        self.form, self.slots, self.label, self.transposed = form, slots, label, context.transposed
        self.ink = palette.ramp(theme.ink, theme.background)
        self.muted = palette.ramp(theme.muted, theme.background)
        # As many shades as curves have, whose colours these often are.
        self.right = palette.ramp(theme.right, theme.background, 12)
        self.wrong = palette.ramp(theme.wrong, theme.background, 12)

    def draw_still(self, canvas: Canvas) -> None:
        """Write the word beside the row, or above the column."""
        style = self.form.style
        if self.label is None or self.label.height < style.line_height:
            return
        if self.transposed:
            if self.slots[0].y > self.label.y:
                write(canvas, LABEL, self.muted, self.label.x, self.label.y, style)
            return
        write(
            canvas,
            LABEL,
            self.muted,
            self.label.right - GUTTER_GAP,
            self.line_y(self.label),
            style,
            anchor="right",
        )

    @abstractmethod
    def line_y(self, slot: Box) -> int:
        """Top of the line that the word beside the row stands on."""

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw what the network says at one step."""
        rows = self.rows(state)
        for number, (slot, row) in enumerate(zip(self.slots, rows, strict=True)):
            self.draw_one(canvas, number, slot, row, highest(row))

    def rows(self, state: FrameState) -> NDArray[np.float64]:
        """The probabilities (samples, classes) at one step."""
        return self.form.scores.distribution(np.asarray(state.snapshot.taps[self.form.scores.tap]))

    @abstractmethod
    def draw_one(self, canvas: Canvas, number: int, slot: Box, row: NDArray[np.float64], top: int) -> None:
        """Draw one sample's probabilities (classes,), of which `top` is the highest."""

    def write_percent(self, canvas: Canvas, part: float, x: int, y: int, anchor: str) -> None:
        """Write a probability."""
        write(canvas, percentage(part), self.muted, x, y, self.form.style, anchor=anchor)


class NamesDrawing(AnswersDrawing):
    """The name of the class with the highest score, with a mark if the right one is known."""

    def cache_key(self, state: FrameState) -> Hashable:
        """The classes that are named, and their probabilities where they are written."""
        rows = self.rows(state)
        written = tuple(percentage(float(row.max())) for row in rows) if self.form.percent else ()
        return tuple(map(highest, rows)), written

    def line_y(self, slot: Box) -> int:
        """Top of the first line; in a row of cells the line stands in its middle."""
        return slot.y + (slot.height - self.form.style.line_height) // 2 if self.transposed else slot.y

    def draw_one(self, canvas: Canvas, number: int, slot: Box, row: NDArray[np.float64], top: int) -> None:
        """Write one sample's."""
        form = self.form
        name = ""
        if number in form.named:
            name = shorten_text(form.scores.classes[top], form.room, form.style) if top != UNKNOWN else "–"
        truth = int(form.scores.truth[number])
        marked = form.side if top != UNKNOWN and truth != UNKNOWN else 0
        if self.transposed:
            self._along(canvas, slot, name, marked, top == truth, float(row.max()))
        else:
            self._under(canvas, slot, name, marked, top == truth, float(row.max()))

    def _along(self, canvas: Canvas, slot: Box, name: str, marked: int, right: bool, part: float) -> None:
        style, y = self.form.style, self.line_y(slot)
        x = slot.x + (self.form.side + GAP if self.form.side else 0)
        self._mark(canvas, slot.x, slot.y + (slot.height - marked) // 2, marked, right)
        write(canvas, name, self.ink, x, y, style)
        if name and self.form.percent:
            self.write_percent(canvas, part, slot.right, y, "right")

    def _under(self, canvas: Canvas, slot: Box, name: str, marked: int, right: bool, part: float) -> None:
        form, style, y = self.form, self.form.style, slot.y
        middle, second = slot.x + slot.width // 2, slot.y + style.line_height
        rise = (style.line_height - marked + 1) // 2
        if form.inline:
            over = marked + GAP if marked else 0
            left = middle - (style.width(name) + over) // 2
            write(canvas, name, self.ink, left, y, style)
            self._mark(canvas, left + style.width(name) + GAP, y + rise, marked, right)
            if form.percent:
                self.write_percent(canvas, part, middle, second, "middle")
            return
        write(canvas, name, self.ink, middle, y, style, anchor="middle")
        if form.percent:
            over = marked + GAP if marked else 0
            left = middle - (over + style.width(percentage(part))) // 2
            self._mark(canvas, left, second + rise, marked, right)
            self.write_percent(canvas, part, left + over, second, "left")
        else:
            self._mark(canvas, middle - marked // 2, second + rise, marked, right)

    def _mark(self, canvas: Canvas, x: int, y: int, side: int, right: bool) -> None:
        if side:
            stamp(canvas, mark(side, right=right), self.right if right else self.wrong, x, y)


class BarsDrawing(AnswersDrawing):
    """The probabilities of all classes as bars; the right class has a notch under it."""

    def __init__(
        self, form: Form, context: SceneContext, slots: list[Box], label: Box | None, palette: PaletteBuilder
    ) -> None:
        super().__init__(form, context, slots, label, palette)
        self._faint = palette.ramp(context.theme.faint, context.theme.faint, 1)
        self._notch = min(NOTCH, slots[0].height // 4)

    def line_y(self, slot: Box) -> int:
        """Top of the line that stands in the chart's middle."""
        return (slot.y + self.chart(slot).bottom - self.form.style.line_height) // 2

    def chart(self, slot: Box) -> Box:
        """The field of the bars: as wide as whole pixels for each class allow."""
        below, beside = self.form.style.line_height * self.form.percent, 0
        if self.transposed:
            below, beside = 0, (2 * GAP + self.form.style.width("100 %")) * self.form.percent
        inset = 0 if self.transposed else min(3, slot.width // 16)
        width = max(1, slot.width - beside - 2 * inset)
        count = len(self.form.scores.classes)
        whole = width // count * count or width
        x = slot.x + inset + (0 if self.transposed else (width - whole) // 2)
        return Box(x, slot.y, whole, max(1, slot.height - self._notch - below))

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the baselines, with notches under the right classes."""
        super().draw_still(canvas)
        for slot, truth in zip(self.slots, self.form.scores.truth, strict=True):
            chart = self.chart(slot)
            fill_box(canvas, Box(chart.x, chart.bottom, chart.width, 1), self._faint)
            if truth != UNKNOWN:
                left, right = self._span(chart, int(truth))
                fill_box(canvas, Box(left, chart.bottom + 1, right - left, self._notch - 1), self.right)

    def draw_one(self, canvas: Canvas, number: int, slot: Box, row: NDArray[np.float64], top: int) -> None:
        """Draw one sample's bars; what matters comes last, where classes share a pixel."""
        chart, truth = self.chart(slot), int(self.form.scores.truth[number])
        tall = np.rint(np.nan_to_num(row) * chart.height).astype(np.intp)
        told = [at for at in (top, truth) if at != UNKNOWN]
        # Of a thousand classes most have no bar that could be seen.
        for at in [*(at for at in np.flatnonzero(tall).tolist() if at not in told), *told]:
            left, right = self._span(chart, at)
            ink = self.muted
            if at == truth:
                ink = self.right
            elif at == top:
                ink = self.ink if truth == UNKNOWN else self.wrong
            fill_box(canvas, Box(left, chart.bottom - int(tall[at]), right - left, int(tall[at])), ink)
        if self.form.percent and (number in self.form.named or not self.transposed):
            if self.transposed:
                y = slot.y + (slot.height - self.form.style.line_height) // 2
                self.write_percent(canvas, float(row.max()), slot.right, y, "right")
            else:
                middle = slot.x + slot.width // 2
                self.write_percent(canvas, float(row.max()), middle, chart.bottom + self._notch, "middle")

    def _span(self, chart: Box, at: int) -> tuple[int, int]:
        """First and last column of a class's bar."""
        count = len(self.form.scores.classes)
        left, right = chart.x + at * chart.width // count, chart.x + (at + 1) * chart.width // count
        return left, max(left + 1, right - (chart.width >= 4 * count))


TICK = ((0.12, 0.54), (0.39, 0.81), (0.90, 0.20))
"""Corners (x, y) of a tick in a square of side 1."""
CROSS = ((0.17, 0.17), (0.83, 0.83)), ((0.17, 0.83), (0.83, 0.17))
"""The two strokes of a cross."""


@lru_cache(maxsize=32)
def mark(side: int, *, right: bool) -> NDArray[np.uint8]:
    """Coverage (side, side) of a tick, or of a cross."""
    strokes = (TICK,) if right else CROSS
    width = max(1.2, 0.15 * side)
    drawn = [polyline([(x * side, y * side) for x, y in stroke], width, (side, side)) for stroke in strokes]
    mask: NDArray[np.uint8] = np.maximum.reduce(drawn)
    mask.flags.writeable = False
    return mask
