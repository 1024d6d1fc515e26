"""Trails: the paths of points over the steps, of which the latest part is the brightest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reelnet.render.canvas import move_points
from reelnet.render.description.coverage import Coverage
from reelnet.render.description.described_canvas import described_by
from reelnet.render.description.items import LineItem
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink
from reelnet.scene.panel import Canvas

Floats = NDArray[np.float64]

PIECE = 4.0
"""Longest part of a path, in pixels, that is rasterized at once."""
MAX_POINTS = 1500
"""Points of a path; those of longer runs are thinned evenly."""
OLD_STRENGTH = 0.42
"""How strong the old part of a trail is, of 1 for the latest."""
FADING_SHARE, MIN_FADING = 0.16, 5
"""Part of the run's steps, and number of steps, over which a trail fades."""
FADING_LEVELS = 4
"""Shades through which a trail fades. With few shades, pixels change less often, and files are 5 % smaller."""
MIN_COVER = 6
"""A shade of a trail hides lines of the background from this one on, as part of 1/`MIN_COVER` of its shades."""
MIN_COVERAGE = 0.02
"""Pixels of which a trail covers less are not part of it."""
MAX_PATHS = 32
"""Paths of one drawing; their numbers take five bits."""


class Trails:
    """The trails of several points. All pixels are found once; a frame looks up how old each is.

    Args:
        paths: Places (steps, points, 2) in pixels of the canvas; NaN where there is none.
        widths: Width in pixels of the old part, and of the latest.
        box: What the trails are clipped to.
        inks: A ramp from the background per point, all with the same number of shades.
    """

    def __init__(self, paths: Floats, widths: tuple[float, float], box: Box, inks: Sequence[Ink]) -> None:
        self._steps, count = paths.shape[:2]
        self._levels = len(inks[0].indices)
        self._colors = np.zeros((MAX_PATHS, self._levels), inks[0].indices.dtype)
        self._colors[:count] = [ink.indices for ink in inks]
        self._background = inks[0].indices[0]
        self._fading = max(MIN_FADING, round(FADING_SHARE * self._steps))
        self._lines = [_choose_points(paths[:, number]) for number in range(count)]
        self._widths, self._box, self._inks = widths, box, inks
        found = [_rasterize_path(paths[:, number], widths, box) for number in range(count)]
        owner = np.repeat(np.arange(count), [len(pixels) for pixels, _, _ in found])
        pixels = np.concatenate([pixels for pixels, _, _ in found])
        births = np.concatenate([births for _, births, _ in found])
        covers = np.concatenate([covers for _, _, covers in found])
        order = np.argsort(pixels, kind="stable")
        pixels, self._births = pixels[order], births[order]
        self._owner = owner[order].astype(np.uint16)
        self._thin, self._thick = covers[order].T.astype(np.float32) / 255
        self._starts = np.flatnonzero(np.diff(pixels, prepend=-1))
        unique = pixels[self._starts]
        self._rows, self._columns = box.y + unique // box.width, box.x + unique % box.width
        ages = np.arange(self._steps)
        fresh = np.ceil(FADING_LEVELS * np.clip(1 - ages / self._fading, 0, 1)) / FADING_LEVELS
        self._fresh = np.concatenate([fresh, np.zeros(self._steps)]).astype(np.float32)
        # Ages below 0 are of pixels to come, and count from the end.
        self._old = np.concatenate([np.full(self._steps, OLD_STRENGTH), np.zeros(self._steps)]).astype(
            np.float32
        )

    def describe(self, step_index: int) -> Iterator[LineItem]:
        """The paths up to a recorded step, counted from 0: pieces of equal age, the oldest first."""
        thin, thick = self._widths
        for (known, points), ink in zip(self._lines, self._inks, strict=True):
            births, lines = known[1:], (tuple(map(tuple, points.tolist())),)
            fresh = self._fresh[step_index - births[births <= step_index]]
            cuts = [0, *(np.flatnonzero(np.diff(fresh)) + 1).tolist(), len(fresh)]
            for start, stop in pairwise(cuts):
                if start == stop:
                    continue
                for width, strength in ((thick, fresh[start]), (thin, OLD_STRENGTH)):
                    shade = round(float(strength) * (self._levels - 1))
                    if shade and (width == thick or strength > fresh[start]):
                        yield LineItem(
                            lines,
                            width,
                            ink.cut(shade + 1),
                            self._box,
                            span=(start, stop + 1),
                            has_round_ends=True,
                        )

    @described_by(describe)
    def draw(self, canvas: Canvas, step_index: int) -> None:
        """Draw the paths up to a recorded step, counted from 0."""
        if not len(self._starts):
            return
        ages = step_index - self._births
        strength = np.maximum(self._thin * np.maximum(self._old[ages], self._fresh[ages]), 0)
        strength = np.maximum(strength, self._thick * self._fresh[ages])
        shades = np.rint(strength * (self._levels - 1)).astype(np.uint16)
        # Where trails cross, the strongest is on top.
        best = np.maximum.reduceat(shades * MAX_PATHS + self._owner, self._starts)
        shade, owner = best // MAX_PATHS, best % MAX_PATHS
        below = canvas[self._rows, self._columns]
        drawn = shade > 0
        drawn &= (below == self._background) | (shade * MIN_COVER >= self._levels)
        canvas[self._rows[drawn], self._columns[drawn]] = self._colors[owner[drawn], shade[drawn]]


def _choose_points(path: Floats) -> tuple[NDArray[np.intp], Floats]:
    """The steps at which a path (steps, 2) has a place, thinned evenly if there are many, and these places."""
    known = np.flatnonzero(np.isfinite(path).all(axis=1))
    if len(known) > MAX_POINTS:
        known = known[np.rint(np.linspace(0, len(known) - 1, MAX_POINTS)).astype(np.intp)]
    return known, path[known]


def _rasterize_path(
    path: Floats, widths: tuple[float, float], box: Box
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.uint8]]:
    """The pixels of a path (steps, 2).

    Returns:
        Per pixel and piece of the path: the pixel's number in the box, the step at which it is reached, and its
        coverage (n, 2) by the thin and by the thick line.
    """
    known, points = _choose_points(path)
    empty = np.empty(0, np.intp), np.empty(0, np.intp), np.empty((0, 2), np.uint8)
    if len(points) < 2:
        return empty
    lengths = np.hypot(*np.diff(points, axis=0).T)
    pieces = np.ceil(lengths / PIECE).astype(np.intp)
    segment = np.repeat(np.arange(len(lengths)), pieces)
    if not len(segment):
        return empty
    within = np.arange(len(segment)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    start, whole = points[segment], np.diff(points, axis=0)[segment]
    part = whole / pieces[segment][:, None]
    start = start + within[:, None] * part
    births = known[segment + 1]
    thin, thick = widths
    reach = int(np.ceil(PIECE / 2 + thick / 2 + 1))
    middle = np.floor(start + part / 2).astype(np.intp)
    window = np.arange(-reach, reach + 1)
    # Axes: pieces, rows, columns.
    x, y = (middle[:, 0, None] + window)[:, None], (middle[:, 1, None] + window)[:, :, None]
    from_x, from_y = x + 0.5 - start[:, 0, None, None], y + 0.5 - start[:, 1, None, None]
    part_x, part_y = part[:, 0, None, None], part[:, 1, None, None]
    squared = np.maximum(part_x**2 + part_y**2, 1e-12)
    along = np.clip((from_x * part_x + from_y * part_y) / squared, 0, 1)
    distance = np.hypot(from_x - along * part_x, from_y - along * part_y)
    x, y = x - box.x, y - box.y
    inside = np.clip(thick / 2 + 0.5 - distance, 0, min(1, thick)) > MIN_COVERAGE
    inside &= (x >= 0) & (x < box.width) & (y >= 0) & (y < box.height)
    piece, row, column = np.nonzero(inside)
    distance = distance[piece, row, column]
    pixels = y[piece, row, 0] * box.width + x[piece, 0, column]
    levels = np.stack(
        [np.rint(255 * np.clip(width / 2 + 0.5 - distance, 0, min(1, width))) for width in (thin, thick)],
        axis=1,
    ).astype(np.uint8)
    # A pixel that several pieces of one step touch counts once.
    keys = pixels * len(path) + births[piece]
    order = np.argsort(keys)
    keys, levels = keys[order], levels[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    keys = keys[first]
    return keys // len(path), keys % len(path), np.maximum.reduceat(levels, first, axis=0)


def rasterize_line(
    start: tuple[float, float], end: tuple[float, float], width: float
) -> tuple[NDArray[np.uint8], int, int]:
    """The coverage (height, width) of a straight line, and the column and row of its upper left corner."""
    reach = width / 2 + 1
    left, top = (int(np.floor(min(pair) - reach)) for pair in zip(start, end, strict=True))
    right, bottom = (int(np.ceil(max(pair) + reach)) for pair in zip(start, end, strict=True))
    x, y = np.arange(left, right)[None] + 0.5 - start[0], np.arange(top, bottom)[:, None] + 0.5 - start[1]
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
    distance = np.hypot(x - along * dx, y - along * dy)
    cover = np.clip(width / 2 + 0.5 - distance, 0, min(1, width))
    points = [(start[0] - left, start[1] - top), (end[0] - left, end[1] - top)]
    mask = Coverage.of_shape(
        np.rint(255 * cover).astype(np.uint8),
        lambda x, y, ink: [LineItem((move_points(points, x, y),), width, ink, has_round_ends=True)],
    )
    return mask, left, top
