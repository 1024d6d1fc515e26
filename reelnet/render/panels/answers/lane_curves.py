"""The lanes of a race over many steps: certainties as curves, with the future as a ghost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reelnet.render.canvas import fill_box, move_points, polyline, write
from reelnet.render.description.described_canvas import described_by
from reelnet.render.description.items import Item, LineItem, Point, PolygonItem, RectItem
from reelnet.render.panels.charts.axis import Axis
from reelnet.render.panels.charts.line import split_points
from reelnet.render.typography import TextStyle
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink, PaletteBuilder
from reelnet.scene.panel import Canvas

Floats = NDArray[np.float64]

FILL, GHOST_FILL = 0.42, 0.45
"""How strong the area below a curve is, of 1 for the curve: of the past, and of what is to come."""
BASE_SHARE = 0.9
"""How strong the last row of a lane is at least, of 1 for the area below its curve."""
NUMBER_EMS, MIN_NUMBERED_EMS = 0.9, 1.5
"""Gap above a lane that has room for a number, and the height from which on a lane has one, in sizes of its font."""
MIN_RULED_EMS, MIN_LABELED_EMS = 5, 10
"""Height of a lane from which on rules mark 0, 50 and 100 %, and from which on numbers stand beside them."""
RULES = (1.0, "100%"), (0.5, ""), (0.0, "0%")
"""Where rules are, and their numbers; the middle is the name's."""


@dataclass(frozen=True)
class Lane:
    """One sample.

    Attributes:
        sample: Its position among the shown ones.
        since: The index of the step from which on it is right for good; None if it never is.
        box: Of its curve or bar.
        gap: Free pixels above the box.
    """

    sample: int
    since: int | None
    box: Box
    gap: int


@dataclass(frozen=True)
class LaneValues:
    """What the lanes show.

    Attributes:
        certainty: Probability of the right answer (steps, samples).
        lead: By how much that exceeds the probability of any other answer (steps, samples); above 0 if and only if
            the right answer is the network's.
    """

    certainty: Floats
    lead: Floats

    @property
    def is_right(self) -> NDArray[np.bool_]:
        """Whether the network gives the right answer (steps, samples)."""
        return self.lead > 0


@dataclass(frozen=True)
class Lanes:
    """All lanes, from the top.

    Attributes:
        context: The run.
        values: What they show.
        lanes: Where.
        style: The font of numbers.
    """

    context: SceneContext
    values: LaneValues
    lanes: Sequence[Lane]
    style: TextStyle


@dataclass(frozen=True)
class LaneCurve:
    """A lane's curve with the area below it.

    Attributes:
        lines: The points between its breaks, on the canvas.
        width: Of its line, in pixels.
        box: Of the lane.
        is_right: Whether the answer is right, for each column of the lane.
    """

    lines: tuple[tuple[Point, ...], ...]
    width: float
    box: Box
    is_right: NDArray[np.bool_]

    def describe(self, start: int, stop: int, ink: Ink, fill: float) -> Iterator[Item]:
        """Its part from one column to before another, with an area of a strength of 0 to 1."""
        box, last = self.box, len(ink.indices) - 1
        clip = Box(box.x + start, box.y, stop - start, box.height)
        area = ink.cut(round(fill * last) + 1)
        for line in self.lines:
            x, y = np.array(line).T
            left, right = max(clip.x, int(x[0])), min(clip.right, int(x[-1]) + 1)
            if left < right:
                inner = (x > left) & (x < right)
                middle = zip(x[inner].tolist(), y[inner].tolist(), strict=True)
                ends = np.interp([left, right], x, y).tolist()
                top = ((left, ends[0]), *middle, (right, ends[1]))
                yield PolygonItem((*top, (right, box.bottom), (left, box.bottom)), area)
        base = Box(clip.x, box.bottom - 1, clip.width, 1)
        yield RectItem(base, ink.cut(round(BASE_SHARE * fill * last) + 1))
        yield LineItem(self.lines, self.width, ink, clip)


class LaneCurves:
    """The curves of all lanes.

    Args:
        lanes: What they show, and where.
        axis: Of the steps.
        palette: Where inks come from.
    """

    def __init__(self, lanes: Lanes, axis: Axis, palette: PaletteBuilder) -> None:
        context, theme = lanes.context, lanes.context.theme
        background = theme.background
        self._context, self._values, self._lanes, self._style = (
            context,
            lanes.values,
            lanes.lanes,
            lanes.style,
        )
        self._axis = axis
        first, last = self._lanes[0].box, self._lanes[-1].box
        self._plot = Box(first.x, first.y, first.width, last.bottom - first.y)
        self._columns = np.rint(axis.to_fraction(context.steps) * (first.width - 1))
        self._background = palette.ramp(background, background, 1)
        self._right, self._wrong = (palette.ramp(each, background, 12) for each in (theme.right, theme.wrong))
        self._faint = palette.ramp(theme.faint, background, 12)
        self._ink, self._muted = palette.ramps(background, theme.ink, theme.muted)

    @property
    def step_axis(self) -> tuple[Box, NDArray[np.float64]]:
        """The plot of all lanes, and the column of each recorded step in it."""
        return self._plot, self._columns

    def draw_still(self, canvas: Canvas) -> None:
        """Draw all curves as ghosts, and the numbers of the steps."""
        plot = self._plot
        region = canvas[plot.y : plot.bottom, plot.x : plot.right]
        for lane in self._lanes:
            self._draw_rules(canvas, lane.box)
        self._past = region.copy()
        self._draw_ghosts(canvas)
        places = np.rint(self._axis.to_fraction(self._axis.ticks) * (plot.width - 1)).astype(int).tolist()
        self._write_steps(canvas, list(zip(places, self._axis.tick_labels, strict=True)))

    def _draw_rules(self, canvas: Canvas, box: Box) -> None:
        text = self._context.theme.text
        for number, rule in self._list_rules(box):
            fill_box(canvas, rule, self._faint)
            if box.height >= MIN_LABELED_EMS * text:
                top = rule.y - self._style.line_height // 2
                write(canvas, number, self._muted, box.x - text // 2, top, self._style, anchor="right")

    def _list_rules(self, box: Box) -> Iterator[tuple[str, Box]]:
        """The rules of a lane with their numbers."""
        width = self._context.px(1)
        for part, number in RULES if box.height >= MIN_RULED_EMS * self._context.theme.text else ():
            y = box.y + round((1 - part) * (box.height - width))
            yield number, Box(box.x, y, box.width, width)

    def _write_steps(self, canvas: Canvas, texts: list[tuple[int, str]]) -> None:
        plot, style = self._plot, self._style
        first_width = style.width(texts[0][1])
        texts[0] = texts[0][0], f"step {texts[0][1]}"
        # The number is below its place, and the word left of it, if there is room for it below the names.
        start = plot.x + first_width // 2 - style.width(texts[0][1])
        start = start if start >= style.size else plot.x
        free, last = start, plot.right
        for place, text in [texts[0], *texts[:0:-1]] if len(texts) > 1 else texts:
            width = style.width(text)
            x = start if place == 0 else plot.x + min(place - width // 2, plot.width - width)
            if x >= free and x + width <= last:
                write(canvas, text, self._muted, x, plot.bottom, style)
                if text == texts[0][1]:
                    free = x + width + style.size
                else:
                    last = x - style.size

    def _describe_ghosts(self) -> Iterator[Item]:
        for curve in self._curves:
            yield from curve.describe(0, self._plot.width, self._faint, GHOST_FILL)

    @described_by(_describe_ghosts)
    def _draw_ghosts(self, canvas: Canvas) -> None:
        """Draw all curves as ghosts, and in their colors onto the past."""
        plot = self._plot
        region = canvas[plot.y : plot.bottom, plot.x : plot.right]
        self._curves = [self._draw_lane(region, lane) for lane in self._lanes]

    def _draw_lane(self, region: Canvas, lane: Lane) -> LaneCurve:
        """Draw a lane's curve as a ghost onto the plot, and in its colors onto the past."""
        box, columns = lane.box, self._columns
        values, lead = self._values.certainty[:, lane.sample], self._values.lead[:, lane.sample]
        known = ~np.isnan(values) & ~np.isnan(columns)
        width = max(1.5, self._context.theme.text / 13)
        rows: Floats = (1 - values) * (box.height - width) + width / 2
        breaks = (np.isnan(values) & ~np.isnan(columns)).cumsum()
        cover = np.zeros((box.height, box.width), np.uint8)
        fill = np.zeros((box.height, box.width))
        lines = tuple(map(tuple, split_points(columns[known] + 0.5, rows[known], breaks[known], width)))
        for points in lines:
            cover = np.maximum(cover, polyline(points, width, (box.width, box.height)))
            x, y = np.array(points).T
            inside = slice(max(0, int(x[0])), int(x[-1]) + 1)
            tops = np.interp(np.arange(box.width)[inside] + 0.5, x, y)
            fill[:, inside] = np.clip(np.arange(box.height)[:, None] + 1 - tops, 0, 1)
        line = cover / 255
        fill[-1] = np.maximum(fill[-1], BASE_SHARE)
        at = slice(box.y - self._plot.y, box.bottom - self._plot.y)
        ghost = look_up(self._faint, np.maximum(line, GHOST_FILL * fill))
        # Between two steps, the color changes where the curves of the two answers would cross: a certainty of more
        # than 50 % is never wrong.
        is_right = np.zeros(box.width, np.bool_)
        if known.any():
            is_right = np.interp(np.arange(box.width), columns[known], lead[known]) > 0
        strength = np.maximum(line, FILL * fill)
        right, wrong = look_up(self._right, strength), look_up(self._wrong, strength)
        past = np.where(is_right, right, wrong)
        drawn = strength > 0
        np.copyto(region[at], ghost, where=drawn)
        np.copyto(self._past[at], past.astype(region.dtype), where=drawn)
        return LaneCurve(tuple(move_points(points, box.x, box.y) for points in lines), width, box, is_right)

    def _describe_past(self, end: int) -> Iterator[Item]:
        plot = self._plot
        yield RectItem(Box(plot.x, plot.y, end, plot.height), self._background)
        for curve in self._curves:
            for _, rule in self._list_rules(curve.box):
                yield RectItem(replace(rule, width=end), self._faint)
            cuts = [0, *(np.flatnonzero(np.diff(curve.is_right[:end])) + 1).tolist(), end]
            for start, stop in pairwise(cuts):
                ink = self._right if curve.is_right[start] else self._wrong
                yield from curve.describe(start, stop, ink, FILL)

    @described_by(_describe_past)
    def _draw_past(self, canvas: Canvas, end: int) -> None:
        """Draw the curves in their colors up to a column of the plot."""
        plot = self._plot
        canvas[plot.y : plot.bottom, plot.x : plot.x + end] = self._past[:, :end]

    def draw(self, canvas: Canvas, index: int) -> None:
        """Reveal the curves up to a recorded step, and mark from when on answers are right for good."""
        plot, column = self._plot, self._columns[index]
        if not np.isnan(column):
            end = int(column) + 1
            self._draw_past(canvas, end)
            cursor = max(1, self._context.px(1))
            fill_box(canvas, Box(plot.x + end - cursor, plot.y, cursor, plot.height), self._muted)
        for lane in self._lanes:
            if lane.since is not None and 0 < lane.since <= index:
                self._draw_success(canvas, lane, lane.since)

    def _draw_success(self, canvas: Canvas, lane: Lane, since: int) -> None:
        """Mark the step from which on a sample is right for good."""
        box, width, style = lane.box, max(2, round(self._context.theme.text / 10)), self._style
        x = box.x + int(self._columns[since])
        fill_box(canvas, Box(x - width // 2, box.y, width, box.height), self._ink)
        if lane.gap < round(NUMBER_EMS * style.size):
            return
        text = f"{self._context.steps[since]:,}"
        text_width, margin, height = style.width(text), self._context.px(2), round(NUMBER_EMS * style.size)
        left = min(max(box.x, x - text_width // 2), box.right - text_width)
        # Nothing but the line at the current step is in the gap between lanes.
        plate = Box(left - margin, box.y - height, text_width + 2 * margin, height)
        fill_box(canvas, plate, self._background)
        y = box.y - 2 * margin - style.ascent
        write(canvas, text, self._ink, left, y, style)


def look_up(ink: Ink, strength: Floats) -> Canvas:
    """The palette indices of shades of an ink, from 0 for the background to 1."""
    found: Canvas = ink.indices[np.rint(strength * (len(ink.indices) - 1)).astype(np.intp)]
    return found
