"""Metrics as curves: each is drawn once and then revealed up to the current step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reelnet.render.canvas import clip_to_canvas, move_points, polylines, rasterize_disc
from reelnet.render.description.described_canvas import described_by
from reelnet.render.description.items import DiscItem, Item, LineItem
from reelnet.render.panels.charts.axis import Axis
from reelnet.scene.layout.boxes import Box
from reelnet.scene.number_text import format_value
from reelnet.scene.palette.palette import Ink
from reelnet.scene.panel import Canvas
from reelnet.template.color import Rgb

Floats = NDArray[np.float64]

BLEED = 4
"""Rows above and below the plot that a curve's width may reach into."""
MAX_GAP = 4
"""Times the usual distance of two values over which a curve connects them."""
HALF_COVERAGE = 128
"""Coverage from which a curve hides what is below it."""


@dataclass(frozen=True)
class Series:
    """One metric in its chart.

    Attributes:
        label: Its name in the legend; empty if the chart's title is enough.
        values: One per recorded step, NaN if there is none, infinite beyond what an axis can show.
        measured: Whether each recorded step has a value, bool (steps,); the value may be NaN.
        latest: For each recorded step the latest measured value, NaN before the first.
        measured_steps: For each recorded step the step of the latest value, −1 before the first; None if every step
            from the first value on has one.
        color: Color of its curve.
        dash: Columns of its curve that are drawn and left blank, in turn.
        held_out: Whether it is from a test or validation set.
        axis: The axis of its values.
    """

    label: str
    values: Floats
    measured: NDArray[np.bool_]
    latest: Floats
    measured_steps: tuple[int, ...] | None
    color: Rgb
    dash: tuple[int, int]
    held_out: bool
    axis: Axis

    @property
    def first_measured(self) -> int:
        """The first recorded step with a value, counted from 0; the number of steps if there is none."""
        return int(np.argmax(self.measured)) if self.measured.any() else len(self.measured)

    @property
    def has_line(self) -> bool:
        """Whether there are two values that the axis shows, between which a curve can be seen."""
        fraction = self.axis.to_fraction(self.values)
        return bool(((fraction >= 0) & (fraction <= 1)).sum() >= 2)

    @cached_property
    def _tiny(self) -> float:
        """A value between 0 and the axis's floor; 0 if there is none."""
        tiny = self.latest[(self.latest > 0) & (self.latest < self.axis.value_floor)]
        return float(tiny[0]) if len(tiny) else 0.0

    def format_value(self, value: float) -> str:
        """A value as the header writes it; a 0 among values below the floor is one of these, rounded."""
        return format_value(value or self._tiny, percent=self.axis.percent, floor=self.axis.value_floor)

    @property
    def has_nonfinite(self) -> bool:
        """Whether a value is NaN, infinite, or beyond what an axis can show."""
        return bool(np.isinf(self.values).any() or not np.isfinite(self.latest[self.first_measured :]).all())


@dataclass(frozen=True)
class Sprite:
    """Pixels ready to be copied.

    Attributes:
        indices: Palette indices (height, width).
        mask: Which pixels are drawn, bool (height, width).
    """

    indices: Canvas
    mask: NDArray[np.bool_]

    @classmethod
    def from_coverage(cls, coverage: NDArray[np.uint8], ink: Ink) -> Sprite:
        """Look up the shades of an ink, once the palette is frozen."""
        shades = (np.arange(256) * (len(ink.indices) - 1) + 127) // 255
        mask = coverage >= np.searchsorted(shades, 1)
        # Most pixels of a plot are background.
        indices = np.full(coverage.shape, ink.indices[0])
        indices[mask] = ink.indices[shades][coverage[mask]]
        return cls(indices, mask)

    def draw_columns(self, canvas: Canvas, x: int, y: int, start: int, stop: int) -> None:
        """Draw the columns from `start` to before `stop`; (x, y) is the upper left corner of the whole sprite."""
        indices, region = clip_to_canvas(canvas, self.indices[:, start:stop], x + start, y)
        mask, _ = clip_to_canvas(canvas, self.mask[:, start:stop], x + start, y)
        np.copyto(region, indices, where=mask)


class EndDot:
    """The dot at a curve's end, once the palette is frozen.

    On top of another color it has no soft edges; they would be a rim of background there. Ghost lines count as
    background.
    """

    def __init__(self, coverage: NDArray[np.uint8], ink: Ink, ghost: Ink) -> None:
        self._sprite, self._opaque = Sprite.from_coverage(coverage, ink), coverage >= HALF_COVERAGE
        self._backgrounds, self._full = np.append(ghost.indices, ink.indices[0]), ink.indices[-1]

    def draw(self, canvas: Canvas, x: int, y: int) -> None:
        """Draw the dot with its upper left corner at (x, y), clipped to the canvas."""
        indices, region = clip_to_canvas(canvas, self._sprite.indices, x, y)
        mask, _ = clip_to_canvas(canvas, self._sprite.mask, x, y)
        opaque, _ = clip_to_canvas(canvas, self._opaque, x, y)
        on_background = np.isin(region, self._backgrounds)
        np.copyto(region, indices, where=on_background & mask)
        np.copyto(region, self._full, where=opaque > on_background)


class CurveLine:
    """One series as a curve in its plot.

    The curve connects values over steps at which nothing was measured, unless they are many more than usual. It also
    breaks where a value was measured that has no position: NaN, or 0 on a log axis.

    Args:
        series: What the curve shows.
        columns: Column of the plot for each recorded step; NaN for steps outside the axis.
        plot: The box of the curves.
        ink: Shades of the curve's color.
        scale: Factor for the width of the curve and the dot at its end.

    Attributes:
        coverage: Of the whole curve, uint8 (plot height + 2 × BLEED, plot width).
        shape: The whole curve on the canvas.
        dot_radius: Of the dot at its end, in pixels.
        end_columns: For each recorded step the column up to which the curve is known, −1 for nothing.
        dot_rows: For each recorded step the row of the latest value, −1 if it lies outside.
        end_spans: For each recorded step the first row that the curve covers in its end column by then, and the row
            after the last; the rest of that column belongs to later steps.
    """

    def __init__(self, series: Series, columns: Floats, plot: Box, ink: Ink, scale: float) -> None:
        width, radius = (2.2, 3.5) if series.held_out else (1.4, 2.5)
        self.ink, self.dot_radius, self.dot = ink, radius * scale, rasterize_disc(radius * scale)
        fraction = series.axis.to_fraction(series.values)
        rows = (1 - fraction) * (plot.height - 1)
        known = ~np.isnan(rows) & ~np.isnan(columns)
        # Pieces are numbered by the breaks before them.
        breaks = series.measured & ~known & ~np.isnan(columns)
        breaks[find_long_gaps(series.measured)] = True
        pieces = breaks.astype(np.intp).cumsum()[known]
        pairs = split_points(columns[known] + 0.5, rows[known] + 0.5 + BLEED, pieces, width * scale)
        lines, size = tuple(map(tuple, pairs)), (plot.width, plot.height + 2 * BLEED)
        self.coverage = rasterize_curve(lines, width * scale, size, series.dash)
        moved = tuple(move_points(points, plot.x, plot.y - BLEED) for points in lines)
        self.shape = LineItem(moved, width * scale, ink, dash=series.dash if series.dash[1] else None)
        last = find_latest(known)
        inside = known & (fraction >= -1e-9) & (fraction <= 1 + 1e-9)
        self.end_columns = np.where(known, columns, -1).astype(np.intp)[last]
        # A value that has no position also hides the dot of the value before it.
        dot_rows = np.where(inside, np.rint(rows), -1).astype(np.intp)
        self.dot_rows = dot_rows[find_latest(series.measured)]
        spans = np.clip(find_end_spans(columns[known], rows[known], pieces), 0, plot.height).astype(np.intp)
        self.end_spans = spans[np.maximum(np.cumsum(known) - 1, 0)] if known.any() else spans
        self.end_columns[last < 0] = self.dot_rows[last < 0] = -1


@lru_cache(maxsize=32)
def rasterize_curve(
    lines: tuple[tuple[tuple[float, float], ...], ...],
    width: float,
    size: tuple[int, int],
    dash: tuple[int, int],
) -> NDArray[np.uint8]:
    """The coverage (height, width) of the lines between the breaks of a curve; see `polylines`.

    Args:
        lines: The points (x, y) of each.
        width: Width of the lines in pixels.
        size: (width, height) of the result.
        dash: Columns that are drawn and that are left out, in turn.
    """
    coverage = polylines(lines, width, size)
    coverage[:, np.arange(size[0]) % sum(dash) >= dash[0]] = 0
    coverage.flags.writeable = False
    return coverage


def find_long_gaps(measured: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The first recorded step of each gap without values that is much longer than those between most values.

    Args:
        measured: Whether each recorded step has a value, bool (steps,).
    """
    places = np.flatnonzero(measured)
    distances = np.diff(places)
    if not len(distances):
        return places[:0]
    starts: NDArray[np.intp] = places[:-1][distances > MAX_GAP * np.median(distances)] + 1
    return starts


def find_latest(known: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For each position the last known position up to it, −1 before the first."""
    latest: NDArray[np.intp] = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
    return latest


def split_points(
    columns: Floats, rows: Floats, pieces: NDArray[np.intp], width: float
) -> Iterator[list[tuple[float, float]]]:
    """Split the points of a curve into the lines between its breaks.

    Args:
        columns: x of each point.
        rows: y of each point.
        pieces: Number of each point's piece, ascending.
        width: Length of the line that stands for a point between two breaks.
    """
    points = list(zip(columns.tolist(), rows.tolist(), strict=True))
    cuts = [0, *(np.flatnonzero(np.diff(pieces)) + 1).tolist(), len(points)]
    for start, stop in pairwise(cuts):
        line = points[start:stop]
        if len(line) == 1 and len(points) > 1:
            ((x, y),) = line
            line = [(x - width / 2, y), (x + width / 2, y)]
        yield line


def find_end_spans(columns: Floats, rows: Floats, pieces: NDArray[np.intp]) -> Floats:
    """For each point of a curve the rows (first, last + 1) that the curve up to it covers in its column.

    The arguments are those of `split_points`.
    """
    spans: list[tuple[int, int]] = []
    low, high, before = np.inf, -np.inf, None
    for point in zip(columns.tolist(), rows.tolist(), pieces.tolist(), strict=True):
        column, row, piece = point
        if before is not None and column > before[0]:
            low = high = row
            if piece == before[2]:
                # The curve enters the column half a pixel before the point in its middle.
                low = high = row + (before[1] - row) * 0.5 / (column - before[0])
        low, high, before = min(low, row), max(high, row), point
        spans.append((round(low), round(high) + 1))
    return np.array(spans, np.float64).reshape(-1, 2)


class CurveReveal:
    """All curves of a chart, shown up to a step.

    Where curves cross, the later one is on top, without a rim: its soft edge yields to whatever covers more there.

    Args:
        lines: The curves, from bottom to top.
        plot: The box of the curves.
        dots: Whether a dot marks the end of each curve.
    """

    def __init__(self, lines: Sequence[CurveLine], plot: Box, *, dots: bool = True) -> None:
        self._lines = [line for line in lines if (line.end_columns >= 0).any()]
        self._plot, self._has_dots = plot, dots
        ends = [line.end_columns for line in self._lines]
        self._common_columns = np.min(ends, axis=0) if ends else np.empty(0, np.intp)

    def look_up_colors(self, ghost: Ink) -> None:
        """Look up every pixel's index, once the palette is frozen.

        Args:
            ghost: Of the lines that are drawn below the curves.
        """
        self._sprites = [Sprite.from_coverage(line.coverage, line.ink) for line in self._lines]
        self._dots = [EndDot(line.dot, line.ink, ghost) for line in self._lines]
        self._composite = compose_sprites([line.coverage for line in self._lines], self._sprites)

    def describe(self, step_index: int) -> list[Item]:
        """What is known at a recorded step, counted from 0."""
        items: list[Item] = []
        for line in self._lines:
            if (end := int(line.end_columns[step_index])) >= 0:
                items.append(replace(line.shape, clip=clip_curve(self._plot, end + 1)))
        for line in self._lines if self._has_dots else ():
            if (row := int(line.dot_rows[step_index])) >= 0:
                x, y = self._plot.x + line.end_columns[step_index] + 0.5, self._plot.y + row + 0.5
                items.append(DiscItem(float(x), y, line.dot_radius, line.ink))
        return items

    @described_by(describe)
    def draw(self, canvas: Canvas, step_index: int) -> None:
        """Draw what is known at a recorded step, counted from 0.

        Up to the column that all curves reach, one sprite shows all of them; beyond it, each has its own.
        """
        x, y = self._plot.x, self._plot.y - BLEED
        if not self._lines:
            return
        common = max(0, int(self._common_columns[step_index]))
        self._composite.draw_columns(canvas, x, y, 0, common)
        for line, sprite in zip(self._lines, self._sprites, strict=True):
            end, (top, bottom) = int(line.end_columns[step_index]), line.end_spans[step_index]
            if end >= 0:
                sprite.draw_columns(canvas, x, y, common, end)
                canvas[self._plot.y + top : self._plot.y + bottom, x + end] = line.ink.indices[-1]
        if self._has_dots:
            self._draw_dots(canvas, step_index)

    def _draw_dots(self, canvas: Canvas, step_index: int) -> None:
        x = self._plot.x
        for line, dot in zip(self._lines, self._dots, strict=True):
            if line.dot_rows[step_index] >= 0:
                half = line.dot.shape[0] // 2
                left, top = int(line.end_columns[step_index]) - half, int(line.dot_rows[step_index]) - half
                dot.draw(canvas, x + left, self._plot.y + top)


def clip_curve(plot: Box, columns: int) -> Box:
    """Where the first columns of a curve may be visible."""
    return Box(plot.x, plot.y - BLEED, columns, plot.height + 2 * BLEED)


@dataclass(frozen=True)
class Ghosts:
    """Whole curves, faint, so that one sees what is to come; the past is drawn over them.

    Attributes:
        lines: The curves.
        plot: The box of the curves.
        ink: Shades of their color.
    """

    lines: Sequence[CurveLine]
    plot: Box
    ink: Ink

    def describe(self) -> list[Item]:
        """The whole curves."""
        clip = clip_curve(self.plot, self.plot.width)
        return [replace(line.shape, ink=self.ink, clip=clip) for line in self.lines]

    @described_by(describe)
    def draw(self, canvas: Canvas) -> None:
        """Draw the whole curves."""
        coverages = [line.coverage for line in self.lines]
        ghost = compose_sprites(
            coverages, [Sprite.from_coverage(coverage, self.ink) for coverage in coverages]
        )
        ghost.draw_columns(canvas, self.plot.x, self.plot.y - BLEED, 0, self.plot.width)


def compose_sprites(coverages: Sequence[NDArray[np.uint8]], sprites: Sequence[Sprite]) -> Sprite:
    """Combine curves: a pixel shows the last one that covers half of it, or else the one that covers most."""
    if not sprites:
        empty = np.zeros((0, 0), np.uint8)
        return Sprite(empty, empty.astype(bool))
    strongest = np.zeros(coverages[0].shape, np.uint8)
    indices, mask = np.zeros_like(strongest), np.zeros(strongest.shape, bool)
    for coverage, sprite in zip(coverages, sprites, strict=True):
        wins = sprite.mask & ((coverage >= HALF_COVERAGE) | (coverage >= strongest))
        np.copyto(indices, sprite.indices, where=wins)
        np.copyto(strongest, coverage, where=wins)
        mask |= wins
    return Sprite(indices, mask)
