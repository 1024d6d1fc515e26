"""Optimal segmentation of many series at once: least squared error plus a cost per change.

The sum is known as the Potts functional. Dynamic programming over the last cut finds its minimum: F. Friedrich,
A. Kempe, V. Liebscher, G. Winkler, "Complexity penalized M-estimation: fast computation", Journal of
Computational and Graphical Statistics 17 (2008). Cuts that can no longer be optimal are pruned as in R. Killick,
P. Fearnhead, I. Eckley, "Optimal detection of changepoints with a linear computational cost", Journal of the American
Statistical Association 107 (2012). All series of a chunk advance together, so that numpy's loops are long.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.uint8]
Floats = NDArray[np.float32]

PRUNE_INTERVAL = 4
"""Stretches between two prunings; one pruning costs as much time as half a stretch."""

REBASE_INTERVAL = 64
"""Stretches after which running sums restart, because single precision would not hold them over a long series."""


def segment_series(
    values: Floats,
    low: Levels,
    high: Levels,
    change_costs: Floats,
    *,
    max_stretches: int,
    starts: NDArray[np.intp],
) -> NDArray[np.bool_]:
    """Find where the segments of each series start.

    The squared distances from each segment's mean plus the costs of the changes are minimal among all segmentations
    with these possible starts, up to rounding. The first segment takes the first frame's value and the last segment
    the last frame's value. For each segment there is a level that all of its frames allow.

    Args:
        values: float32 (frames, count), one series per column.
        low: The lowest level that each frame allows, of the same shape.
        high: The highest level that each frame allows, at least `low`.
        change_costs: The cost of a segment that starts at a frame, at least 0: (frames, count) or (frames, 1).
        max_stretches: The most stretches in one segment, at least 1.
        starts: The frames at which segments may start, ascending, the first of them 0. The frames from one start to
            the next are a stretch; they must allow a common level.

    Returns:
        True where a segment starts, bool (frames, count). The first row is True.
    """
    stretches, count = len(starts), values.shape[1]
    segments = _OpenSegments(
        _Stretches(values, low, high, starts), min(max_stretches, stretches), change_costs
    )
    change_costs = change_costs[starts]
    last_starts = np.empty((stretches, count), np.int32)
    for number in range(stretches):
        segments.open(number, change_costs[number] if number else np.float32(0))
        last_starts[number] = segments.find_best_starts(number)
        if number + 1 < stretches:
            if number % PRUNE_INTERVAL == PRUNE_INTERVAL - 1:
                segments.prune(change_costs[number + 1])
            if number % REBASE_INTERVAL == REBASE_INTERVAL - 1:
                segments.rebase(number)
    cuts = np.zeros(values.shape, bool)
    cuts[starts] = _trace_cuts(last_starts)
    return cuts


def reduce_stretches(reduce: np.ufunc, rows: NDArray[Any], starts: NDArray[np.intp]) -> NDArray[Any]:
    """Reduce the rows of each stretch to one, as `reduce.reduceat` does, but whole rows at a time."""
    lengths, reduced = np.diff(starts, append=len(rows)), rows[starts]
    for step in range(1, int(lengths.max())):
        longer = np.flatnonzero(lengths > step)
        reduced[longer] = reduce(reduced[longer], rows[starts[longer] + step])
    return reduced


def _trace_cuts(last_starts: NDArray[np.int32]) -> NDArray[np.bool_]:
    """The cuts, from the start of the best last segment up to each stretch."""
    cuts: NDArray[np.bool_] = np.zeros(last_starts.shape, bool)
    start = last_starts[-1]
    for number in range(len(last_starts) - 1, -1, -1):
        cuts[number] = start == number
        if number:
            start = np.where(cuts[number], last_starts[number - 1], start)
    return cuts


class _Stretches:
    """Sums over the frames of each stretch.

    Attributes:
        lengths: The number of frames.
        sums: Of the values minus the mean of their series, (stretches, count).
        squares: Of the squares of the same.
        first: Squared distances from the first frame's value.
        last: The last frame's value.
        low: The lowest level that all frames allow.
        high: The highest level that all frames allow.
    """

    def __init__(self, values: Floats, low: Levels, high: Levels, starts: NDArray[np.intp]) -> None:
        centered = values - values.mean(axis=0, dtype=np.float32)
        self.lengths = np.diff(starts, append=len(values)).astype(np.float32)
        self.sums = reduce_stretches(np.add, centered, starts)
        self.squares = reduce_stretches(np.add, centered * centered, starts)
        self.first = reduce_stretches(np.add, (centered - centered[0]) ** 2, starts)
        self.last = centered[-1]
        self.low, self.high = (
            reduce_stretches(np.maximum, low, starts),
            reduce_stretches(np.minimum, high, starts),
        )


class _OpenSegments:
    """The candidates for the last segment up to the present stretch, one per possible last cut.

    For each candidate the cost of everything before it minus the squares up to it is stored, so that the running
    sums alone give the total. All costs are positive: then their bits sort like integers, and the lowest bits have
    room for the row number, so that a single minimum gives both the least cost and its row.
    """

    def __init__(self, stretches: _Stretches, max_stretches: int, change_costs: Floats) -> None:
        shape, count = stretches.sums.shape, stretches.sums.shape[1]
        self._stretches, self._max_stretches = stretches, max_stretches
        self._ends = np.cumsum(stretches.lengths, dtype=np.float32)
        self._before, self._sums = np.empty(shape, np.float32), np.empty(shape, np.float32)
        self._costs = np.empty((max_stretches, count), np.float32)
        self._barred = np.empty((max_stretches, count), bool)
        self._rows = np.arange(max_stretches, dtype=np.int32)[:, None]
        self._row_mask = np.int32((1 << max(1, (max_stretches - 1).bit_length())) - 1)
        self._floor = np.float32(max(1.0, float(change_costs.max(initial=0))))
        self._sum, self._square = np.zeros(count, np.float32), np.zeros(count, np.float32)
        self._least = np.full(count, self._floor, np.float32)
        self._first = self._least.copy()
        self._start, self._end = 0, 0

    def open(self, number: int, change_cost: Floats | np.float32) -> None:
        """Open a segment at a stretch, and add the stretch to all open segments."""
        stretches = self._stretches
        self._sums[number] = self._sum
        np.subtract(self._least + change_cost, self._square, out=self._before[number])
        self._start, self._end = max(self._start, number + 1 - self._max_stretches), number + 1
        self._sum = self._sum + stretches.sums[number]
        self._square = self._square + stretches.squares[number]
        self._first += stretches.first[number]
        older = slice(self._start, number)
        low, high, barred = stretches.low[older], stretches.high[older], self._barred[: number - self._start]
        np.maximum(low, stretches.low[number], out=low)
        np.minimum(high, stretches.high[number], out=high)
        np.greater(low, high, out=barred)
        # A segment without a common level cannot get one by growing.
        np.copyto(self._before[older], np.inf, where=barred)

    def find_best_starts(self, number: int) -> NDArray[np.int32]:
        """The start of the last segment in each series' best segmentation up to the end of a stretch."""
        rows, ends = self._end - self._start, self._ends
        opened = slice(self._start, self._end)
        lengths = (ends[number] - ends[opened] + self._stretches.lengths[opened])[:, None]
        costs = self._costs[:rows]
        np.subtract(self._sum, self._sums[opened], out=costs)
        if number == len(ends) - 1:
            # sum((x - p)^2) = sum(x^2) - p * (2 * sum(x) - n * p)
            last = self._stretches.last
            costs[...] = last * (2 * costs - lengths * last)
        else:
            # sum((x - mean)^2) = sum(x^2) - sum(x)^2 / n
            costs *= costs
            costs *= 1 / lengths
        np.subtract(self._before[opened], costs, out=costs)
        costs += self._square
        if self._start == 0:
            costs[0] = np.where(np.isinf(self._before[0]), np.inf, self._first)
        bits = costs.view(np.int32)
        bits &= ~self._row_mask
        bits |= self._rows[:rows]
        least = np.minimum.reduce(bits, axis=0)
        best: NDArray[np.int32] = (least & self._row_mask) + np.int32(self._start)
        self._least = (least & ~self._row_mask).view(np.float32)
        return best

    def prune(self, change_cost: Floats) -> None:
        """Drop the oldest segments if each of them is more expensive than a cut after the present stretch."""
        useful: NDArray[np.bool_] = self._costs[: self._end - self._start] < self._least + change_cost
        needed = np.logical_or.reduce(useful, axis=1)
        needed[-1] = True
        self._start += int(needed.argmax())

    def rebase(self, number: int) -> None:
        """Restart the running sums at this stretch, and measure costs from the least one."""
        opened = slice(self._start, number + 1)
        offset = self._least - self._floor
        self._sums[opened] -= self._sum
        self._before[opened] += self._square - offset
        self._first -= offset
        self._sum, self._square = np.zeros_like(self._sum), np.zeros_like(self._square)
        self._least = np.full_like(self._least, self._floor)
