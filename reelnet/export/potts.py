"""Where to cut many series into constant segments: least squared error + a price for each cut.

The sum is known as the Potts functional; dynamic programming over the last cut finds its minimum: F. Friedrich,
A. Kempe, V. Liebscher, G. Winkler, "Complexity penalized M-estimation: fast computation", Journal of
Computational and Graphical Statistics 17 (2008). Here all series of a chunk are solved in step, so that numpy's
loops are long.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


def cut(
    levels: Bytes, places: Floats, prices: Floats, *, most: int | None, longest: int
) -> NDArray[np.bool_]:
    """The frames at which segments begin, bool (frames, count); the first one always.

    The sum of squared distances from each segment's best place, and of the prices paid, is the least that is
    possible. The segment of the first frame lies at the first frame's place exactly, that of the last frame at
    the last one's.

    Args:
        levels: (frames, count), one column a series.
        places: Where each level lies on a line, float32 (levels,), ascending.
        prices: Of a segment that begins at a frame, at least 0: (frames, count) or (frames, 1).
        most: Levels by which a segment's own level may miss one of those that it replaces; None for any number.
        longest: Frames that one segment may span, at least 1.
    """
    frames, count = levels.shape
    open_segments = _Open(levels, places, most, min(longest, frames))
    begun = np.empty((frames, count), np.int32)
    total, series = np.zeros(count, np.float32), np.arange(count)
    for frame in range(frames):
        open_segments.begin(frame, total + prices[frame] if frame else total)
        costs = open_segments.costs(frame)
        slot = costs.argmin(axis=0)
        total = costs[slot, series]
        begun[frame] = open_segments.start[slot]
    return _traced(begun)


def _traced(begun: NDArray[np.int32]) -> NDArray[np.bool_]:
    """The cuts, from where the best last segment of every beginning of the series begins."""
    cuts = np.zeros(begun.shape, bool)
    start = begun[-1]
    for frame in range(len(begun) - 1, -1, -1):
        cuts[frame] = start == frame
        if frame:
            start = np.where(cuts[frame], begun[frame - 1], start)
    return cuts


class _Open:
    """The segments that reach up to the present frame, one for each of the last frames to begin at.

    Their sums are kept in a ring, a row for each beginning, and grow in place. Distances are taken from the first
    place of each segment: sums over a whole series would not fit single precision.

    Attributes:
        start: The frame at which the segment of each row begins.
    """

    def __init__(self, levels: Bytes, places: Floats, most: int | None, rows: int) -> None:
        shape = rows, levels.shape[1]
        self._levels, self._places, self._most = levels, places, most
        self.start = np.zeros(rows, np.int32)
        self._origin, self._sum, self._cost, self._scratch = (np.zeros(shape, np.float32) for _ in range(4))
        self._low, self._high = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)

    def begin(self, frame: int, before: Floats) -> None:
        """Open a segment at a frame; `before` is the cost of all before it, and of the cut."""
        row = frame % len(self.start)
        self.start[row] = frame
        self._origin[row], self._sum[row], self._cost[row] = self._places[self._levels[frame]], 0, before
        self._low[row] = self._high[row] = self._levels[frame]

    def costs(self, frame: int) -> Floats:
        """Go on to a frame; the cost of the whole series up to it for each last segment, (rows, count)."""
        rows = min(frame + 1, len(self.start))
        place = self._places[self._levels[frame]]
        total, cost, scratch = self._sum[:rows], self._cost[:rows], self._scratch[:rows]
        np.subtract(place, self._origin[:rows], out=scratch)
        total += scratch
        scratch *= scratch
        cost += scratch
        if self._most is not None:
            self._bound(frame, rows, self._most)
        lengths = (frame + 1 - self.start[:rows, None]).astype(np.float32)
        if frame == len(self._levels) - 1:
            away = place - self._origin[:rows]
            scratch[...] = cost + away * (lengths * away - 2 * total)
        else:
            # A sum of squares about the mean is that about the origin, less the squared sum / the length.
            np.multiply(total, total, out=scratch)
            scratch *= -1 / lengths
            scratch += cost
        if self.start[0] == 0:
            scratch[0] = cost[0]
            if frame == len(self._levels) - 1:
                scratch[0, self._levels[0] != self._levels[-1]] = np.inf
        return scratch

    def _bound(self, frame: int, rows: int, most: int) -> None:
        """Give up the segments that span too many levels; a longer one would span more."""
        present, low, high = self._levels[frame], self._low[:rows], self._high[:rows]
        np.minimum(low, present, out=low)
        np.maximum(high, present, out=high)
        np.copyto(self._cost[:rows], np.inf, where=high - low > min(2 * most, 255))
        if self.start[0] == 0:
            self._cost[0, _beyond(self._levels[0], low[0], high[0], most)] = np.inf
        if frame == len(self._levels) - 1:
            np.copyto(self._cost[:rows], np.inf, where=_beyond(present, low, high, most))


def _beyond(level: Bytes, low: Bytes, high: Bytes, most: int) -> NDArray[np.bool_]:
    """Whether a level misses the least or the greatest by more than `most`, where low <= level <= high."""
    missed: NDArray[np.bool_] = np.maximum(high - level, level - low) > most
    return missed
