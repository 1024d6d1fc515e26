"""Where to cut many series into constant segments: least squared error + a price for each cut.

The sum is known as the Potts functional; dynamic programming over the last cut finds its minimum: F. Friedrich,
A. Kempe, V. Liebscher, G. Winkler, "Complexity penalized M-estimation: fast computation", Journal of
Computational and Graphical Statistics 17 (2008). Beginnings that cannot be the best any more are dropped as in
R. Killick, P. Fearnhead, I. Eckley, "Optimal detection of changepoints with a linear computational cost", Journal of
the American Statistical Association 107 (2012). Here all series of a chunk are solved in step, so that numpy's loops
are long.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

DROPPED = 4
"""Every so many stretches beginnings are dropped; looking costs as much as going on by half a stretch."""

REBASED = 64
"""Every so many stretches sums begin anew: single precision would not hold them over a long series."""


def cut(
    places: Floats,
    low: Bytes,
    high: Bytes,
    prices: Floats,
    *,
    longest: int,
    begins: NDArray[np.intp],
) -> NDArray[np.bool_]:
    """Where segments begin, bool (frames, count); the first one always.

    The sum of squared distances from each segment's best place, and of the prices paid, is the least that is
    possible at these beginnings, up to rounding. The segment of the first frame lies at the first frame's place
    exactly, that of the last frame at the last one's. Each segment has a level that all of its frames allow.

    Args:
        places: (frames, count), one column a series.
        low: The lowest level that each frame allows, of the same shape.
        high: The highest, at least `low`.
        prices: Of a segment that begins at a frame, at least 0: (frames, count) or (frames, 1).
        longest: Stretches that one segment may span, at least 1.
        begins: The frames at which segments may begin, in ascending order, the first one among them. From one to the
            next is a stretch; its frames must allow a level together.
    """
    stretches, count = len(begins), places.shape[1]
    segments = _Open(_Stretches(places, low, high, begins), min(longest, stretches), prices)
    prices = prices[begins]
    begun = np.empty((stretches, count), np.int32)
    for number in range(stretches):
        segments.begin(number, prices[number] if number else np.float32(0))
        begun[number] = segments.best(number)
        if number + 1 < stretches:
            if number % DROPPED == DROPPED - 1:
                segments.drop(prices[number + 1])
            if number % REBASED == REBASED - 1:
                segments.rebase(number)
    cuts = np.zeros(places.shape, bool)
    cuts[begins] = _traced(begun)
    return cuts


def along(reduce: np.ufunc, rows: NDArray[Any], begins: NDArray[np.intp]) -> NDArray[Any]:
    """Rows from each beginning up to the next in one, as `reduce.reduceat` does, whole rows at a time."""
    lengths, found = np.diff(begins, append=len(rows)), rows[begins]
    for step in range(1, int(lengths.max())):
        some = np.flatnonzero(lengths > step)
        found[some] = reduce(found[some], rows[begins[some] + step])
    return found


def _traced(begun: NDArray[np.int32]) -> NDArray[np.bool_]:
    """The cuts, from where the best last segment of every beginning of the series begins."""
    cuts: NDArray[np.bool_] = np.zeros(begun.shape, bool)
    start = begun[-1]
    for frame in range(len(begun) - 1, -1, -1):
        cuts[frame] = start == frame
        if frame:
            start = np.where(cuts[frame], begun[frame - 1], start)
    return cuts


class _Stretches:
    """What is needed of the frames between one possible beginning and the next.

    Attributes:
        lengths: Frames of each.
        sums: Of their places about each series' mean, (stretches, count).
        squares: Of the same.
        first: Squared distances from the first frame's place.
        last: The last frame's place.
        low: The lowest level that all of its frames allow.
        high: The highest.
    """

    def __init__(self, places: Floats, low: Bytes, high: Bytes, begins: NDArray[np.intp]) -> None:
        centred = places - places.mean(axis=0, dtype=np.float32)
        self.lengths = np.diff(begins, append=len(places)).astype(np.float32)
        self.sums, self.squares = along(np.add, centred, begins), along(np.add, centred * centred, begins)
        self.first, self.last = along(np.add, (centred - centred[0]) ** 2, begins), centred[-1]
        self.low, self.high = along(np.maximum, low, begins), along(np.minimum, high, begins)


class _Open:
    """The segments that reach up to the present stretch, one for each at which the last cut may lie.

    For each there is what all before it cost less the squares up to it, so that the present sums alone tell what
    the whole costs. All costs are kept above 0: then their bits are ordered as whole numbers are, and the lowest
    bits have room for the row, so that one minimum gives both the least and where it is.
    """

    def __init__(self, stretches: _Stretches, longest: int, prices: Floats) -> None:
        shape, count = stretches.sums.shape, stretches.sums.shape[1]
        self._stretches, self._longest = stretches, longest
        self._ends = np.cumsum(stretches.lengths, dtype=np.float32)
        self._before, self._sums = np.empty(shape, np.float32), np.empty(shape, np.float32)
        self._costs, self._barred = np.empty((longest, count), np.float32), np.empty((longest, count), bool)
        self._rows = np.arange(longest, dtype=np.int32)[:, None]
        self._mark = np.int32((1 << max(1, (longest - 1).bit_length())) - 1)
        self._floor = np.float32(max(1.0, float(prices.max(initial=0))))
        self._sum, self._square = np.zeros(count, np.float32), np.zeros(count, np.float32)
        self._least = np.full(count, self._floor, np.float32)
        self._first = self._least.copy()
        self._start, self._end = 0, 0

    def begin(self, number: int, price: Floats | np.float32) -> None:
        """Open a segment at a stretch, and take the stretch into all that are open."""
        some = self._stretches
        self._sums[number] = self._sum
        np.subtract(self._least + price, self._square, out=self._before[number])
        self._start, self._end = max(self._start, number + 1 - self._longest), number + 1
        self._sum = self._sum + some.sums[number]
        self._square = self._square + some.squares[number]
        self._first += some.first[number]
        older = slice(self._start, number)
        low, high, barred = some.low[older], some.high[older], self._barred[: number - self._start]
        np.maximum(low, some.low[number], out=low)
        np.minimum(high, some.high[number], out=high)
        np.greater(low, high, out=barred)
        # What bars a segment bars a longer one too.
        np.copyto(self._before[older], np.inf, where=barred)

    def best(self, number: int) -> NDArray[np.int32]:
        """For each series where the last segment begins in the best solution up to the end of a stretch."""
        rows, ends = self._end - self._start, self._ends
        opened = slice(self._start, self._end)
        lengths = (ends[number] - ends[opened] + self._stretches.lengths[opened])[:, None]
        costs = self._costs[:rows]
        np.subtract(self._sum, self._sums[opened], out=costs)
        if number == len(ends) - 1:
            # The sum of (x - p)^2 is that of x^2, less p times (twice the sum of x, less p times the length).
            place = self._stretches.last
            costs[...] = place * (2 * costs - lengths * place)
        else:
            # That about the mean is less the squared sum / the length.
            costs *= costs
            costs *= 1 / lengths
        np.subtract(self._before[opened], costs, out=costs)
        costs += self._square
        if self._start == 0:
            costs[0] = np.where(np.isinf(self._before[0]), np.inf, self._first)
        bits = costs.view(np.int32)
        bits &= ~self._mark
        bits |= self._rows[:rows]
        least = np.minimum.reduce(bits, axis=0)
        found: NDArray[np.int32] = (least & self._mark) + np.int32(self._start)
        self._least = (least & ~self._mark).view(np.float32)
        return found

    def drop(self, price: Floats) -> None:
        """Forget the oldest segments, if none of a row is cheaper than a cut after the present stretch."""
        dear: NDArray[np.bool_] = self._costs[: self._end - self._start] < self._least + price
        wanted = np.logical_or.reduce(dear, axis=1)
        wanted[-1] = True
        self._start += int(wanted.argmax())

    def rebase(self, number: int) -> None:
        """Count sums from here, and costs from the least."""
        opened = slice(self._start, number + 1)
        off = self._least - self._floor
        self._sums[opened] -= self._sum
        self._before[opened] += self._square - off
        self._first -= off
        self._sum, self._square = np.zeros_like(self._sum), np.zeros_like(self._square)
        self._least = np.full_like(self._least, self._floor)
