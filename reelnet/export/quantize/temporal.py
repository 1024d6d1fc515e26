"""Temporal quantization: map values that change less often, within a bounded error.

Most bytes of an animation are values that move by one or two levels per frame. Each value's series is replaced by
constant segments with the least squared color error for the number of changes. Values then change together where
that is cheap, because the cost of a change in a file depends on what else changes.

Changes are cheaper in some frames than in others (`rhythm_costs`). Where a series drifts slowly, changing in an
expensive frame never pays: all frames between two cheap ones are then handled as one stretch, in a fraction of the
time (`find_possible_starts`).
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from reelnet.export.quantize.potts import Floats, Levels, reduce_stretches, segment_series

FineLevels = NDArray[np.uint16]
"""Exact positions among the levels of a colormap, in 256ths of a level; see `to_fine_levels`."""

FINE_STEPS = 256
"""`FineLevels` per level."""

ERROR_UNITS = 240
"""Errors are given in 240ths of the color range, whatever the number of levels in a palette."""

RHYTHM_SURCHARGE = 0.3
"""Added to the relative cost of a change in every second frame, in every second one of the others, and so on.

Large moves still happen at once, since waiting costs more than this; small drifts wait for each other. With a
separate rhythm per row of cells, files were up to a quarter larger at the same error."""

RHYTHM_DEPTH = 3
"""Halvings in the rhythm: changes are cheapest in every eighth frame."""

MAX_WAITING_DRIFTS = 0.06, 0.18, 0.5
"""The largest move per frame, in square roots of the change cost, at which a change may wait: from the middle of four
frames for the next eighth frame, of two frames for the next fourth, and of one frame for the next second.

At a change cost P, a drift of s per frame is cut into segments of (6 P / s^2)^(1/3) frames; a cut k frames from its
optimum costs s^(4/3) (6 P)^(1/3) k^2, and waiting saves `RHYTHM_SURCHARGE` P. That gives 0.032, 0.092 and 0.26 for a
pure drift. Series that are cut together differ, and the fastest one decides: with twice these values files have the
same size within 0.2 % (conv1 to conv6), in two thirds of the time."""

MAX_STRETCHES = 64
"""The most stretches in one segment; a value may keep its level over several segments. With four times as many, files
have the same size within 0.1 %."""

NEIGHBOR_DISCOUNT = 0.4
"""The fraction of a change's cost that is waived for each of the two neighbors in the row that changes with it.

A GIF spends about 15 bytes on a run of changed cells and 14 on each cell in it (maps upscaled 8 times)."""

ROUNDNESS_COST = 0.12
"""The fraction of the change cost added to a level whose distance from the most common level is odd, and again if
half of that distance is odd, and so on: a GIF stores levels that repeat within a frame in fewer bytes."""

MIN_CHANGE_COST = 1.0
"""The lowest change cost at which all values are quantized. At any cost, values that flicker between two levels
come to rest for almost no error, and a tenth of the bytes is saved at once; below this cost only some rows are
quantized, so that every size can be reached."""

COLUMN_PASSES = (1, False), (0, True), (1, True)
"""The order in which odd (1) and even (0) columns are quantized, and whether their neighbors are quantized already.
Two more passes take two thirds more time and save 0.4 % of the bytes at the same error."""

GOLDEN_RATIO = (5**0.5 - 1) / 2
"""The fractional parts of its multiples are spread evenly between 0 and 1, however many there are."""

CHUNK_SERIES = 1024
"""Series that are segmented together: their working memory fits into a processor's cache."""

CHUNK_VALUES = 250_000
"""The most values in a chunk, all frames counted: each takes some 40 bytes of working memory."""


class TemporalQuantizer:
    """Quantizes series of values over time.

    The first and the last frame keep their exact colors, no value changes more often than before, and no error is
    beyond the bound. With fewer levels, a value takes one of these after it leaves its own first level and until it
    reaches its last one.

    Args:
        colors: The colors of the levels, uint8 (levels, 3).
        max_error: The largest allowed error, in 240ths of the color range; None for any.
        width: Values per row of cells; every `width` consecutive values form a row.
        common_level: The most common level, which is the cheapest.
        levels: The number of levels to use between the first frame and the last; None for all. The level nearest to
            a value is allowed even beyond the bound.
        max_stretches: The most stretches in one segment.
        chunk_series: The number of series that are segmented together.
    """

    def __init__(
        self,
        colors: NDArray[np.uint8],
        max_error: float | None,
        width: int = 1,
        common_level: int = 0,
        levels: int | None = None,
        *,
        max_stretches: int = MAX_STRETCHES,
        chunk_series: int = CHUNK_SERIES,
    ) -> None:
        self._width, self._max_stretches, self._chunk_series = width, max_stretches, chunk_series
        count = len(colors)
        self._used = choose_levels(count, levels)
        # The distance between two levels along the line of the colors. Neighbors are as far apart as in RGB.
        steps = np.linalg.norm(np.diff(colors.astype(np.float64), axis=0), axis=1)
        self._distances = np.concatenate([[0], np.cumsum(steps)]).astype(np.float32)
        self._roughness = np.full(count, RHYTHM_DEPTH + 1)
        rank = np.arange(len(self._used))
        self._roughness[self._used] = _count_missing_halvings(
            rank - np.abs(self._used - common_level).argmin()
        )
        position = np.arange(FINE_STEPS * count) / FINE_STEPS
        self._fine_distances = np.interp(position, np.arange(count), self._distances).astype(np.float32)
        self._error_per_step = ERROR_UNITS / max(1, count - 1) / FINE_STEPS
        # Positions are rounded by up to half a step; the bound holds for the exact ones, too.
        reach = (
            np.inf
            if max_error is None
            else max_error / (FINE_STEPS * self._error_per_step) - 0.5 / FINE_STEPS
        )
        self._min_level = np.maximum(0, np.ceil(position - reach))
        self._max_level = np.minimum(count - 1, np.floor(position + reach))
        used = self._used
        near = used[np.searchsorted((used[1:] + used[:-1]) / 2, position, "right")]
        low = used[np.minimum(np.searchsorted(used, self._min_level), len(used) - 1)]
        high = used[np.maximum(np.searchsorted(used, self._max_level, "right") - 1, 0)]
        self._low = np.minimum(near, low).astype(np.uint8)
        self._high = np.maximum(near, high).astype(np.uint8)

    def quantize(self, exact: FineLevels, change_cost: float, first: int = 0) -> Levels:
        """Quantize whole rows of values.

        Args:
            exact: uint16 (frames, values).
            change_cost: The cost of a change, in squared RGB distances, at least 0; the higher, the fewer changes.
                Below `MIN_CHANGE_COST` it is the fraction of the rows that are quantized at that minimum; at 0 all
                values stay exact.
            first: The index of the first of these values among all, which determines its row.

        Returns:
            The levels, uint8 (frames, values).
        """
        own = round_to_levels(exact)
        quantized = own.copy()
        # Values that never change need no search.
        moving = (own != own[0]).any(axis=0)
        if change_cost < MIN_CHANGE_COST:
            rows = np.arange(first, first + exact.shape[1]) // self._width
            moving &= rows * GOLDEN_RATIO % 1 < change_cost / MIN_CHANGE_COST
            change_cost = MIN_CHANGE_COST
        if not moving.any():
            return own
        columns = np.arange(exact.shape[1]) % self._width
        chunk = max(1, min(self._chunk_series, CHUNK_VALUES // len(exact)))
        frame_costs = np.float32(change_cost) * rhythm_costs(len(exact))[:, None]
        # The odd columns alone come first, so that the even ones have neighbors to change with.
        for odd, with_neighbors in COLUMN_PASSES if self._width > 1 else ((0, False),):
            chosen = np.flatnonzero(moving & (columns % 2 == odd))
            # Similar series are segmented together: the length of the search depends on how much they move.
            order = chosen[np.argsort(_path_lengths(exact, chosen), kind="stable")]
            for begin in range(0, len(order), chunk):
                part, costs = order[begin : begin + chunk], frame_costs
                if with_neighbors:
                    neighbors = _count_changing_neighbors(quantized, part, columns[part], self._width)
                    costs = frame_costs * (1 - NEIGHBOR_DISCOUNT * neighbors)
                quantized[:, part] = self._segment(exact[:, part], costs, np.float32(change_cost))
        # Two cheap changes may replace one expensive change, where frames differ in cost.
        more = _find_changes(quantized).sum(axis=0) > _find_changes(own).sum(axis=0)
        quantized[:, more] = own[:, more]
        return quantized

    def errors(self, exact: FineLevels, quantized: Levels) -> Floats:
        """The error of each value, (frames, values), in 240ths of the color range; 0 for a value's own level.

        Args:
            exact: The recorded values.
            quantized: The levels that are shown.
        """
        # No value is off by 255.5 levels, and half a level differs from none.
        off = np.abs(exact.astype(np.int32) - FINE_STEPS * quantized.astype(np.int32))
        off[round_to_levels(exact) == quantized] = 0
        errors: Floats = (off * self._error_per_step).astype(np.float32)
        return errors

    def _segment(self, exact: FineLevels, costs: Floats, change_cost: np.float32) -> Levels:
        """Replace series by constant segments, with the costs of each frame and value."""
        frames = len(exact)
        distances, low, high = self._fine_distances[exact], self._low[exact], self._high[exact]
        ends = [round_to_levels(exact[end]) for end in (0, -1)]
        for own in ends if len(self._used) < len(self._distances) else ():
            # A value may also take its own first and last level.
            within = (self._min_level[exact] <= own) & (own <= self._max_level[exact])
            np.minimum(low, own, out=low, where=within)
            np.maximum(high, own, out=high, where=within)
        for end, own in zip((0, -1), ends, strict=True):
            distances[end], low[end], high[end] = self._distances[own], own, own
        starts = find_possible_starts(distances, low, high, float(change_cost))
        cuts = segment_series(distances, low, high, costs, max_stretches=self._max_stretches, starts=starts)
        # From here on each series is one row of a flat array.
        begins = np.flatnonzero(cuts.T)
        lengths = np.diff(begins, append=exact.size)
        means = np.add.reduceat(distances.T.ravel(), begins, dtype=np.float64) / lengths
        lowest = np.maximum.reduceat(low.T.ravel(), begins).astype(np.intp)
        highest = np.minimum.reduceat(high.T.ravel(), begins).astype(np.intp)
        levels = self._choose_segment_levels(means, lengths, lowest, highest, change_cost).astype(np.uint8)
        return np.ascontiguousarray(np.repeat(levels, lengths).reshape(-1, frames).T)

    def _choose_segment_levels(
        self,
        means: NDArray[np.float64],
        lengths: NDArray[np.intp],
        low: NDArray[np.intp],
        high: NDArray[np.intp],
        change_cost: np.float32,
    ) -> NDArray[np.intp]:
        """The level of each segment: near its mean, and round where that costs little error."""
        used, last, reach = self._used, len(self._used) - 1, 2 ** (RHYTHM_DEPTH - 1)
        distances = self._distances[used]
        nearest = np.searchsorted((distances[1:] + distances[:-1]) / 2, means)
        best, least = used[nearest], np.full(len(means), np.inf)
        for offset in range(-reach, reach + 1):
            level = np.clip(used[np.clip(nearest + offset, 0, last)], low, high)
            cost = lengths * (self._distances[level] - means) ** 2
            cost = cost + ROUNDNESS_COST * change_cost * self._roughness[level]
            best, least = np.where(cost < least, level, best), np.minimum(cost, least)
        return best


def choose_levels(count: int, levels: int | None) -> NDArray[np.intp]:
    """Choose `levels` of `count` levels, evenly from the first to the last, ascending; None chooses all."""
    chosen = count if levels is None else min(max(2, levels), count)
    return np.rint(np.linspace(0, count - 1, chosen)).astype(np.intp)


def additional_error(count: int, levels: int | None) -> float:
    """By how much the largest error grows if `levels` of `count` levels are used, in 240ths of the color range."""
    gaps = np.diff(choose_levels(count, levels))
    return float((gaps.max(initial=1) - 1) / 2 * ERROR_UNITS / max(1, count - 1))


def to_fine_levels(positions: NDArray[np.float64]) -> FineLevels:
    """Convert positions among levels, 0 to the last level, to 256ths; each stays nearest to the same level."""
    level = np.rint(positions)
    half = FINE_STEPS // 2
    steps = np.clip(np.rint((positions - level) * FINE_STEPS), -half, half - 1)
    fine: FineLevels = (FINE_STEPS * level + steps).astype(np.uint16)
    return fine


def round_to_levels(exact: FineLevels | NDArray[np.intp]) -> Levels:
    """The nearest levels, which give the exact colors."""
    levels: Levels = ((exact.astype(np.int32) + FINE_STEPS // 2) // FINE_STEPS).astype(np.uint8)
    return levels


def rhythm_costs(frames: int) -> Floats:
    """The relative cost of a change in each frame, at least 1; the last frame changes anyway."""
    costs = 1 + RHYTHM_SURCHARGE * _count_missing_halvings(np.arange(frames))
    costs[-1] = 1
    return costs.astype(np.float32)


def find_possible_starts(
    distances: Floats, low: Levels, high: Levels, change_cost: float
) -> NDArray[np.intp]:
    """Find the frames at which any of several series may change, ascending, including the first and the last frame.

    Between two of these frames, all frames of each series allow a common level.

    Args:
        distances: float32 (frames, count), one series per column.
        low: The lowest level that each frame allows, of the same shape.
        high: The highest level that each frame allows, at least `low`.
        change_cost: The cost of a change, in squared distances.
    """
    missing = _count_missing_halvings(np.arange(len(distances)))
    moves = np.zeros(len(distances), np.float32)
    moves[1:] = np.abs(np.diff(distances, axis=0)).max(axis=1)
    possible = missing == 0
    possible[-1] = True
    for halvings, max_drift in enumerate(MAX_WAITING_DRIFTS, start=1):
        # As far as the next frame with cheaper changes, in both directions.
        reach = 2 ** (RHYTHM_DEPTH - halvings)
        around = sliding_window_view(np.pad(moves, (reach - 1, reach)), 2 * reach).max(axis=1)
        possible |= (missing == halvings) & (around > max_drift * change_cost**0.5)
    for halvings in range(1, RHYTHM_DEPTH + 1):
        starts = np.flatnonzero(possible)
        lowest, highest = (
            reduce_stretches(np.maximum, low, starts),
            reduce_stretches(np.minimum, high, starts),
        )
        conflicting = (lowest > highest).any(axis=1)
        if not conflicting.any():
            break
        possible |= np.repeat(conflicting, np.diff(starts, append=len(distances))) & (missing == halvings)
    return np.flatnonzero(possible)


def _count_missing_halvings(numbers: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many of `RHYTHM_DEPTH` halvings each integer does not allow."""
    missing: NDArray[np.intp] = (numbers[..., None] % 2 ** np.arange(1, RHYTHM_DEPTH + 1) != 0).sum(axis=-1)
    return missing


def _path_lengths(exact: FineLevels, columns: NDArray[np.intp]) -> NDArray[np.int64]:
    """The sum of all moves of some series."""
    series = exact[:, columns].astype(np.int32)
    lengths: NDArray[np.int64] = np.abs(np.diff(series, axis=0)).sum(axis=0)
    return lengths


def _find_changes(levels: Levels) -> NDArray[np.bool_]:
    """Where values differ from the frame before, (frames - 1, values)."""
    changed: NDArray[np.bool_] = levels[1:] != levels[:-1]
    return changed


def _count_changing_neighbors(
    levels: Levels, part: NDArray[np.intp], columns: NDArray[np.intp], width: int
) -> Floats:
    """How many neighbors of some values change in each frame, 0 to 2, (frames, values)."""
    neighbors, last = np.zeros((len(levels), len(part)), np.float32), levels.shape[1] - 1
    for step, exists in ((-1, columns > 0), (1, columns < width - 1)):
        changed = _find_changes(levels[:, np.clip(part + step, 0, last)])
        neighbors[1:] += changed & (exists & (part + step <= last))
    return neighbors
