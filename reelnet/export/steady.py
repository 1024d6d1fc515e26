"""Values held steady over time, so that fewer of them change from frame to frame.

Most bytes of an animation are values that move by one or two levels. Each value's series is replaced by constant
segments, with the least squared error in colour for the changes that are left. Changes are then made to meet:
what a change costs in a file depends on its company.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.export.potts import Bytes, Floats, cut

LONGEST = 128
"""Frames of a segment at most; twice as many take twice the time and save next to nothing."""

NEIGHBOUR = 0.4
"""Part of a change's price that is waived for each of the two neighbours in the row that changes with it.

A GIF pays about 15 bytes for a run of changed cells, and 14 for each cell in it (an 8-fold upscaled map)."""

RHYTHM = 0.3
"""Part of the price that a change costs more in every second frame, in every second one of the others, and so on.

A frame in which anything changes costs a GIF about a kilobyte, and a change less where there are many."""

ROUND = 0.12
"""Part of a price that a level costs more if its distance from the commonest level is odd, if half of it is, and
so on: what a GIF says twice in a frame, it says shorter."""

DEPTH = 3
"""Halvings that `RHYTHM` and `ROUND` know of."""

CHUNK = 1024
"""Values that are fitted at a time: what they need fits into a processor's cache."""

MOST_WORKERS = 8


@dataclass(frozen=True)
class Loss:
    """What holding values costs, and what it saves.

    Attributes:
        most: Greatest error of a value in a frame, in levels.
        mean: Mean error over all values and frames, in levels.
        changed: For each frame the number of values that differ from the frame before; 0 for the first.
    """

    most: int
    mean: float
    changed: tuple[int, ...]


class Steady:
    """The series of many values, to be held as steady as is asked.

    The first and the last frame stay exact, no value ever changes more often than before, and none misses its
    own level by more than the bound.

    Args:
        levels: uint8 (frames, values), the level of each value in each frame; may lie on disk. It stays as it is.
        colours: The colours of the levels, (levels, 3) from 0 to 255.
        most: Bound on the error, in levels; None for none.
        width: Values side by side in a row; each `width` values in turn make one.
        longest: Frames that a value may be held for.
    """

    def __init__(
        self,
        levels: Bytes,
        colours: NDArray[np.uint8],
        most: int | None,
        *,
        width: int = 1,
        longest: int = LONGEST,
    ) -> None:
        self._levels, self._most, self._longest, self._width = levels, most, longest, width
        # Along the line of the colours neighbours are as far apart as in RGB; where it bends, far ones are further.
        steps = np.linalg.norm(np.diff(colours.astype(np.float64), axis=0), axis=1)
        self._places = np.concatenate([[0], np.cumsum(steps)]).astype(np.float32)
        self._rough = _twos_missing(np.arange(len(colours)) - _commonest(levels))

    def fit(self, price: float, out: Bytes | None = None) -> Bytes:
        """The levels held steady, uint8 (frames, values).

        Args:
            price: What a change costs, in squared distances of RGB, at least 0; the more, the fewer changes. At 0
                everything stays as it is.
            out: Where to put the levels; a new array by default.
        """
        fitted: Bytes = np.empty(self._levels.shape, np.uint8) if out is None else out

        def fit_chunk(chunk: slice) -> None:
            exact = np.ascontiguousarray(self._levels[:, chunk])
            fitted[:, chunk] = self._fit(exact, np.float32(price)) if price > 0 else exact

        with ThreadPoolExecutor(min(MOST_WORKERS, os.cpu_count() or 1)) as pool:
            for _ in pool.map(fit_chunk, self._chunks()):
                pass
        return fitted

    def loss(self, fitted: Bytes) -> Loss:
        """What `fitted` costs."""
        worst, total, changed = 0, 0, [0]
        for frame, (exact, held) in enumerate(zip(self._levels, fitted, strict=True)):
            error = np.maximum(exact, held) - np.minimum(exact, held)
            worst, total = max(worst, int(error.max(initial=0))), total + int(error.sum(dtype=np.int64))
            if frame:
                changed.append(int(np.count_nonzero(held != fitted[frame - 1])))
        return Loss(worst, total / max(1, fitted.size), tuple(changed[: len(fitted)]))

    def _chunks(self) -> Iterator[slice]:
        """Whole rows, where they are short enough."""
        count = self._levels.shape[1]
        size = max(1, CHUNK // self._width) * self._width if self._width <= CHUNK else CHUNK
        for begin in range(0, count, size):
            yield slice(begin, min(count, begin + size))

    def _fit(self, exact: Bytes, price: np.float32) -> Bytes:
        """Hold the values of one chunk, each by itself first; then every second of a row beside its neighbours."""
        prices = price * rhythm(len(exact))[:, None]
        held = self._segmented(exact, prices, price)
        columns = np.arange(exact.shape[1]) % self._width
        for odd in (0, 1) if self._width > 1 else ():
            some = np.flatnonzero(columns % 2 == odd)
            if len(some):
                beside = _changes_beside(held, columns)[:, some]
                beside *= -NEIGHBOUR
                beside += 1
                beside *= prices
                held[:, some] = self._segmented(np.ascontiguousarray(exact[:, some]), beside, price)
        # Two cheap changes can be had for one dear one, where frames differ in price.
        more = _changes(held).sum(axis=0) > _changes(exact).sum(axis=0)
        held[:, more] = exact[:, more]
        return held

    def _segmented(self, exact: Bytes, prices: Floats, price: np.float32) -> Bytes:
        """Constant segments at the prices of each frame and value."""
        cuts = cut(exact, self._places, prices, most=self._most, longest=self._longest)
        # From here on a series lies in a row, and all of them one behind the other.
        frames, series = len(exact), np.ascontiguousarray(exact.T).ravel()
        begins = np.flatnonzero(cuts.T)
        lengths = np.diff(begins, append=len(series))
        means = np.add.reduceat(self._places[series], begins, dtype=np.float64) / lengths
        most, last = len(self._places) if self._most is None else self._most, len(self._places) - 1
        low = np.maximum(np.maximum.reduceat(series, begins).astype(np.intp) - most, 0)
        high = np.minimum(np.minimum.reduceat(series, begins).astype(np.intp) + most, last)
        levels = self._nearest(means, lengths, low, high, price)
        opening, closing = begins % frames == 0, (begins + lengths) % frames == 0
        levels[opening] = series[begins[opening]]
        levels[closing] = series[begins[closing] + lengths[closing] - 1]
        return np.ascontiguousarray(np.repeat(levels.astype(np.uint8), lengths).reshape(-1, frames).T)

    def _nearest(
        self,
        means: NDArray[np.float64],
        lengths: NDArray[np.intp],
        low: NDArray[np.intp],
        high: NDArray[np.intp],
        price: np.float32,
    ) -> NDArray[np.intp]:
        """The level for each segment: near its mean place, round where that costs little."""
        between = (self._places[1:] + self._places[:-1]) / 2
        nearest, reach = np.searchsorted(between, means), 2 ** (DEPTH - 1)
        best, least = nearest, np.full(len(means), np.inf)
        for offset in range(-reach, reach + 1):
            level = np.clip(nearest + offset, low, high)
            cost = lengths * (self._places[level] - means) ** 2 + ROUND * price * self._rough[level]
            best, least = np.where(cost < least, level, best), np.minimum(cost, least)
        return best


def rhythm(frames: int) -> Floats:
    """The price of a change in each frame, at least 1; the last frame changes anyway."""
    prices = 1 + RHYTHM * _twos_missing(np.arange(frames))
    prices[-1] = 1
    return prices.astype(np.float32)


def _twos_missing(numbers: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many of `DEPTH` halvings each whole number does not allow."""
    missing: NDArray[np.intp] = (numbers[:, None] % 2 ** np.arange(1, DEPTH + 1) != 0).sum(axis=1)
    return missing


def _commonest(levels: Bytes) -> int:
    """The level that most values of the last frame have."""
    return int(np.bincount(np.ravel(levels[-1])).argmax()) if levels.size else 0


def _changes(levels: Bytes) -> NDArray[np.bool_]:
    """Where values differ from the frame before, (frames - 1, values)."""
    changed: NDArray[np.bool_] = levels[1:] != levels[:-1]
    return changed


def _changes_beside(levels: Bytes, columns: NDArray[np.intp]) -> Floats:
    """How many neighbours of each value change in each frame, 0 to 2, (frames, values)."""
    beside = np.zeros(levels.shape, np.float32)
    changed = _changes(levels)
    beside[1:, 1:] += changed[:, :-1] & (columns[1:] > 0)
    beside[1:, :-1] += changed[:, 1:] & (columns[1:] > 0)
    return beside
