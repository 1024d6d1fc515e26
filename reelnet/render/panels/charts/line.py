"""Curves, drawn once and revealed as far as their values are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.render.canvas import clip_to_canvas, polyline, rasterize_disc
from reelnet.render.panels.charts.series import Series, latest
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink
from reelnet.scene.panel import Canvas

BLEED = 2
"""Rows over and under the field that a curve's width may reach into."""
DASHES = ((1, 0), (7, 4), (2, 3), (14, 4))
"""Columns drawn and left blank: of curves in the theme's colours, and of further ones in the same colours."""
HALF = 128
"""Coverage from which a curve hides what is under it."""


@dataclass(frozen=True)
class Shades:
    """Pixels ready to be copied.

    Attributes:
        indices: Of the palette, (height, width).
        mask: Which of them are drawn, bool (height, width).
    """

    indices: Canvas
    mask: NDArray[np.bool_]

    @classmethod
    def of(cls, coverage: NDArray[np.uint8], ink: Ink) -> Shades:
        """A shape in the shades of an ink, once the palette is mixed."""
        shade = (coverage.astype(np.uint16) * (len(ink.indices) - 1) + 127) // 255
        return cls(ink.indices[shade], shade > 0)

    def copy(self, canvas: Canvas, x: int, y: int, first: int = 0, end: int | None = None) -> None:
        """Copy the columns from `first` to before `end`; (x, y) is the upper left corner of the whole."""
        left, right = max(first, -x), min(self.mask.shape[1] if end is None else end, canvas.shape[1] - x)
        top, bottom = max(0, -y), min(self.mask.shape[0], canvas.shape[0] - y)
        if left < right and top < bottom:
            part = np.s_[top:bottom, left:right]
            region = canvas[y + top : y + bottom, x + left : x + right]
            np.copyto(region, self.indices[part], where=self.mask[part])


class Dot:
    """The dot at a curve's end, once the palette is mixed.

    Over another colour it has no soft edges, which would be a rim of paper there.
    """

    def __init__(self, coverage: NDArray[np.uint8], ink: Ink) -> None:
        self._shades, self._strong = Shades.of(coverage, ink).indices, coverage >= HALF
        self._paper, self._full = ink.indices[0], ink.indices[-1]

    def draw(self, canvas: Canvas, x: int, y: int) -> None:
        """Draw it with its upper left corner at (x, y); what reaches over the canvas' edge is cut."""
        shades, region = clip_to_canvas(canvas, self._shades, x, y)
        strong, _ = clip_to_canvas(canvas, self._strong, x, y)
        paper = region == self._paper
        np.copyto(region, shades, where=paper)
        np.copyto(region, self._full, where=strong > paper)


class Line:
    """One series as a curve in its field.

    Args:
        series: What it shows.
        columns: Of the field, one a recorded step; NaN for a step that has no place.
        field: Where steps and values stand.
        width: Of the curve, in pixels.
        radius: Of the dot at its end, in pixels.
        dash: Columns drawn and left blank, in turn.

    Attributes:
        coverage: Of the whole curve, uint8 (field's height + 2 × BLEED, field's width).
        heads: For each recorded step the column up to which the curve is known, −1 for nothing.
        rows: For each recorded step the row of the latest value, −1 where it lies outside.
        tips: For each recorded step the first row and the one after the last that the curve takes in the column
            of its head by then; the rest of that column is yet to come.
    """

    def __init__(
        self,
        series: Series,
        columns: NDArray[np.float64],
        field: Box,
        ink: Ink,
        *,
        width: float,
        radius: float,
        dash: tuple[int, int],
    ) -> None:
        self.ink, self.dot = ink, rasterize_disc(radius)
        part = series.axis.part(series.values)
        rows = (1 - part) * (field.height - 1)
        known = ~np.isnan(rows) & ~np.isnan(columns)
        points = [(columns[at] + 0.5, rows[at] + 0.5 + BLEED) for at in np.flatnonzero(known)]
        self.coverage = polyline(points, width, (field.width, field.height + 2 * BLEED)).copy()
        self.coverage[:, np.arange(field.width) % sum(dash) >= dash[0]] = 0
        last = latest(known)
        inside = known & (part >= -1e-9) & (part <= 1 + 1e-9)
        self.heads = np.where(known, columns, -1).astype(np.intp)[last]
        # A value without a place, 0 on a log axis, has no dot, and neither has the one before it any more.
        self.rows = np.where(inside, np.rint(rows), -1).astype(np.intp)[latest(~np.isnan(series.values))]
        self.tips = np.clip(tips(columns[known], rows[known]), 0, field.height).astype(np.intp)
        self.tips = self.tips[np.maximum(np.cumsum(known) - 1, 0)] if len(points) else self.tips
        self.heads[last < 0] = self.rows[last < 0] = -1


def tips(columns: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each point of a curve what lies before it in its column: the first row and the one after the last."""
    found, low, high = np.empty((len(rows), 2)), np.inf, -np.inf
    for at, (column, row) in enumerate(zip(columns, rows, strict=True)):
        if at and column > columns[at - 1]:
            # Where the curve enters the column, half a pixel before the point in its middle.
            low = high = row + (rows[at - 1] - row) * 0.5 / (column - columns[at - 1])
        low, high = min(low, row), max(high, row)
        found[at] = round(low), round(high) + 1
    return found


class Reveal:
    """All curves of a chart.

    Where curves cross, the later one is on top, without a rim: its edge gives way to what is stronger there.

    Args:
        lines: From the one that lies lowest to the one on top.
        field: Where they stand.
    """

    def __init__(self, lines: Sequence[Line], field: Box) -> None:
        self._lines = [line for line in lines if (line.heads >= 0).any()]
        self._field = field
        heads = [line.heads for line in self._lines]
        self._common = np.min(heads, axis=0) if heads else np.empty(0, np.intp)

    def prepare(self) -> None:
        """Look up every pixel's index, once the palette is mixed."""
        self._shades = [Shades.of(line.coverage, line.ink) for line in self._lines]
        self._dots = [Dot(line.dot, line.ink) for line in self._lines]
        self._together = together([line.coverage for line in self._lines], self._shades)

    def draw(self, canvas: Canvas, number: int) -> None:
        """Show what is known at the `number`th recorded step.

        Up to where all curves are known, they are one copy; ahead of that, each is its own.
        """
        x, y = self._field.x, self._field.y - BLEED
        if not self._lines:
            return
        common = max(0, int(self._common[number]))
        self._together.copy(canvas, x, y, 0, common)
        for line, shades in zip(self._lines, self._shades, strict=True):
            head, (top, bottom) = int(line.heads[number]), line.tips[number]
            if head >= 0:
                shades.copy(canvas, x, y, common, head)
                canvas[self._field.y + top : self._field.y + bottom, x + head] = line.ink.indices[-1]
        for line, dot in zip(self._lines, self._dots, strict=True):
            if line.rows[number] >= 0:
                half = line.dot.shape[0] // 2
                left, top = int(line.heads[number]) - half, int(line.rows[number]) - half
                dot.draw(canvas, x + left, self._field.y + top)


def together(coverages: Sequence[NDArray[np.uint8]], shades: Sequence[Shades]) -> Shades:
    """Curves over each other: of those that cover a pixel by half the last, or else the one that covers most."""
    if not shades:
        nothing = np.zeros((0, 0), np.uint8)
        return Shades(nothing, nothing.astype(bool))
    strength = np.zeros(coverages[0].shape, np.uint8)
    indices, mask = np.zeros_like(strength), np.zeros(strength.shape, bool)
    for coverage, each in zip(coverages, shades, strict=True):
        wins = each.mask & ((coverage >= HALF) | (coverage >= strength))
        np.copyto(indices, each.indices, where=wins)
        np.copyto(strength, coverage, where=wins)
        mask |= wins
    return Shades(indices, mask)
