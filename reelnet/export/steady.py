"""Values held steady over time, so that fewer of them change from frame to frame.

Most bytes of an animation are values that move by one or two levels. Each value's series is replaced by constant
segments, with the least squared error in colour for the changes that are left. Changes are then made to meet:
what a change costs in a file depends on its company.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.export.levels import LIMIT, enough
from reelnet.export.potts import Bytes, Floats, cut
from reelnet.export.rhythm import DEPTH, beginnings, rhythm, twos_missing

Fine = NDArray[np.uint16]
"""Values as places among the levels of a colormap, in 256ths of a level; see `fine`."""

PART = 256
"""Parts of a level that `Fine` tells apart."""

LONGEST = 64
"""Stretches between two possible changes that a segment spans at most; a value may keep its level over several
segments. With four times as many files have the same bytes within 0.1 %."""

NEIGHBOUR = 0.4
"""Part of a change's price that is waived for each of the two neighbours in the row that changes with it.

A GIF pays about 15 bytes for a run of changed cells, and 14 for each cell in it (an 8-fold upscaled map)."""

ROUND = 0.12
"""Part of a price that a level costs more if its distance from the commonest level is odd, if half of it is, and
so on: what a GIF says twice in a frame, it says shorter."""

LEAST = 1.0
"""The lowest price at which all values are held. Whatever the price, values that go to and fro over the edge of two
levels come to rest for next to no error, and a tenth of the bytes goes at once; below it some rows are left as they
are, so that any size can be met."""

TURNS = (1, False), (0, True), (1, True)
"""The even (0) or odd (1) columns in turn, beside their neighbours once these are held. Two more turns take two
thirds more time and save 0.4 % of the bytes at the same error."""

SCATTER = (5**0.5 - 1) / 2
"""Multiples of the golden ratio, without their whole part, lie evenly between 0 and 1 however many there are."""

CHUNK = 1024
"""Series that are cut at a time: what they need fits into a processor's cache."""

AT_ONCE = 250_000
"""Values of the series that are cut at a time, each frame's counted: each takes some 40 bytes meanwhile."""


@dataclass(frozen=True)
class Loss:
    """What holding values costs, and what it saves.

    Errors are the distances of the values that are shown from those that were recorded, in 240ths of the colormap's
    range. A value in its own colour, the one that it has without loss, counts as 0.

    Attributes:
        most: Greatest error of a value in a frame.
        mean: Mean error over all values and frames.
        changed: For each frame the number of values that differ from the frame before; 0 for the first.
    """

    most: float
    mean: float
    changed: tuple[int, ...]


class Steady:
    """Holds the series of values as steady as is asked.

    The first and the last frame stay in their own colours, no value ever changes more often than before, and none is
    further off than the bound. With fewer levels a value takes one of these once it leaves its own first level, and
    until it comes to its last one.

    Args:
        colours: The colours of the levels, (levels, 3) from 0 to 255.
        most: Bound on the error, in 240ths of the colormap; None for none.
        width: Values side by side in a row; each `width` values in turn make one.
        common: The level that costs least; the one that most values have.
        longest: Stretches that a segment may span.
        levels: How many of the levels are enough between the first frame and the last; by default all. One that
            is nearest to a value is within the bound, whatever that is.
    """

    def __init__(
        self,
        colours: NDArray[np.uint8],
        most: float | None,
        *,
        width: int = 1,
        common: int = 0,
        longest: int = LONGEST,
        levels: int | None = None,
    ) -> None:
        self._width, self._longest, count = width, longest, len(colours)
        self._enough = enough(count, levels)
        self._coarse = len(self._enough) < count
        # Along the line of the colours neighbours are as far apart as in RGB; where it bends, far ones are further.
        steps = np.linalg.norm(np.diff(colours.astype(np.float64), axis=0), axis=1)
        self._places = np.concatenate([[0], np.cumsum(steps)]).astype(np.float32)
        self._rough = self._roughness(count, common)
        at = np.arange(PART * count) / PART
        self._place_of = np.interp(at, np.arange(count), self._places).astype(np.float32)
        self._unit = LIMIT / max(1, count - 1) / PART
        # A place is rounded by half a part; with that, too, no value may be beyond the bound.
        reach = np.inf if most is None else most / (PART * self._unit) - 0.5 / PART
        self._least = np.maximum(0, np.ceil(at - reach))
        self._most = np.minimum(count - 1, np.floor(at + reach))
        self._bound()

    def _bound(self) -> None:
        """The lowest and the highest level of those that are enough, for each place."""
        some = self._enough
        at = np.arange(len(self._place_of)) / PART
        near = some[np.searchsorted((some[1:] + some[:-1]) / 2, at, "right")]
        low = some[np.minimum(np.searchsorted(some, self._least), len(some) - 1)]
        high = some[np.maximum(np.searchsorted(some, self._most, "right") - 1, 0)]
        self._low, self._high = (
            np.minimum(near, low).astype(np.uint8),
            np.maximum(near, high).astype(np.uint8),
        )

    def _roughness(self, count: int, common: int) -> NDArray[np.intp]:
        """How little each level is liked; those that are not enough least of all."""
        rough = np.full(count, DEPTH + 1)
        rank = np.arange(len(self._enough))
        rough[self._enough] = twos_missing(rank - np.abs(self._enough - common).argmin())
        return rough

    def fit(self, exact: Fine, price: float, first: int = 0) -> Bytes:
        """The levels held steady, uint8 (frames, values).

        Args:
            exact: (frames, values), whole rows.
            price: What a change costs, in squared distances of RGB, at least 0; the more, the fewer changes. Below
                `LEAST` it is the part of the rows that are held, at that price; at 0 everything stays as it is.
            first: Position of the first of these values among all, which tells its row.
        """
        held = nearest(exact)
        # What never changes needs no search.
        moving = (held != held[0]).any(axis=0)
        if price < LEAST:
            rows = np.arange(first, first + exact.shape[1]) // self._width
            moving &= rows * SCATTER % 1 < price / LEAST
            price = LEAST
        if not moving.any():
            return held
        columns, chunk = np.arange(exact.shape[1]) % self._width, max(1, min(CHUNK, AT_ONCE // len(exact)))
        pulse = np.float32(price) * rhythm(len(exact))[:, None]
        # The odd columns by themselves first, so that the even ones have neighbours to go with.
        for odd, beside in TURNS if self._width > 1 else ((0, False),):
            some = np.flatnonzero(moving & (columns % 2 == odd))
            # Alike series are cut together: how far back one must look depends on how much it moves.
            order = some[np.argsort(_travelled(exact, some), kind="stable")]
            for begin in range(0, len(order), chunk):
                part = order[begin : begin + chunk]
                prices = pulse
                if beside:
                    prices = pulse * (1 - NEIGHBOUR * _changes_beside(held, part, columns[part], self._width))
                held[:, part] = self._segmented(exact[:, part], prices, np.float32(price))
        # Two cheap changes can be had for one dear one, where frames differ in price.
        own = nearest(exact)
        more = _changes(held).sum(axis=0) > _changes(own).sum(axis=0)
        held[:, more] = own[:, more]
        return held

    def errors(self, exact: Fine, held: Bytes) -> Floats:
        """How far each value is off, (frames, values), in 240ths of the colormap's range.

        Args:
            exact: As recorded.
            held: The levels that are shown.
        """
        # No value is 255.5 levels off, and half a level is told apart from none.
        off = np.abs(exact.astype(np.int32) - PART * held.astype(np.int32))
        off[nearest(exact) == held] = 0
        errors: Floats = (off * self._unit).astype(np.float32)
        return errors

    def _segmented(self, exact: Fine, prices: Floats, price: np.float32) -> Bytes:
        """Constant segments at the prices of each frame and value."""
        frames = len(exact)
        places, low, high = self._place_of[exact], self._low[exact], self._high[exact]
        ends = [nearest(exact[end]) for end in (0, -1)]
        for own in ends if self._coarse else ():
            # Where a value begins and where it ends is enough for it, too.
            within = (self._least[exact] <= own) & (own <= self._most[exact])
            np.minimum(low, own, out=low, where=within)
            np.maximum(high, own, out=high, where=within)
        for end, own in zip((0, -1), ends, strict=True):
            places[end], low[end], high[end] = self._places[own], own, own
        some = beginnings(places, low, high, float(price))
        cuts = cut(places, low, high, prices, longest=self._longest, begins=some)
        # From here on a series lies in a row, and all of them one behind the other.
        begins = np.flatnonzero(cuts.T)
        lengths = np.diff(begins, append=exact.size)
        means = np.add.reduceat(places.T.ravel(), begins, dtype=np.float64) / lengths
        lowest = np.maximum.reduceat(low.T.ravel(), begins).astype(np.intp)
        highest = np.minimum.reduceat(high.T.ravel(), begins).astype(np.intp)
        levels = self._nearest(means, lengths, lowest, highest, price).astype(np.uint8)
        return np.ascontiguousarray(np.repeat(levels, lengths).reshape(-1, frames).T)

    def _nearest(
        self,
        means: NDArray[np.float64],
        lengths: NDArray[np.intp],
        low: NDArray[np.intp],
        high: NDArray[np.intp],
        price: np.float32,
    ) -> NDArray[np.intp]:
        """The level for each segment: near its mean place, round where that costs little."""
        some, last, reach = self._enough, len(self._enough) - 1, 2 ** (DEPTH - 1)
        places = self._places[some]
        around = np.searchsorted((places[1:] + places[:-1]) / 2, means)
        best, least = some[around], np.full(len(means), np.inf)
        for offset in range(-reach, reach + 1):
            level = np.clip(some[np.clip(around + offset, 0, last)], low, high)
            cost = lengths * (self._places[level] - means) ** 2 + ROUND * price * self._rough[level]
            best, least = np.where(cost < least, level, best), np.minimum(cost, least)
        return best


def fine(places: NDArray[np.float64]) -> Fine:
    """Places among levels, from 0 to the last level, in 256ths; each stays nearest to the level that it was."""
    level = np.rint(places)
    parts = np.clip(np.rint((places - level) * PART), -PART // 2, PART // 2 - 1)
    found: Fine = (PART * level + parts).astype(np.uint16)
    return found


def nearest(exact: Fine | NDArray[np.intp]) -> Bytes:
    """The levels of values: the colours that they have without loss."""
    levels: Bytes = ((exact.astype(np.int32) + PART // 2) // PART).astype(np.uint8)
    return levels


def _travelled(exact: Fine, some: NDArray[np.intp]) -> NDArray[np.int64]:
    """How far some of the series go in all, to and fro."""
    series = exact[:, some].astype(np.int32)
    way: NDArray[np.int64] = np.abs(np.diff(series, axis=0)).sum(axis=0)
    return way


def _changes(levels: Bytes) -> NDArray[np.bool_]:
    """Where values differ from the frame before, (frames - 1, values)."""
    changed: NDArray[np.bool_] = levels[1:] != levels[:-1]
    return changed


def _changes_beside(
    held: Bytes, part: NDArray[np.intp], columns: NDArray[np.intp], width: int
) -> NDArray[np.float32]:
    """How many neighbours of some values change in each frame, 0 to 2, (frames, values)."""
    beside, last = np.zeros((len(held), len(part)), np.float32), held.shape[1] - 1
    for step, there in ((-1, columns > 0), (1, columns < width - 1)):
        changed = _changes(held[:, np.clip(part + step, 0, last)])
        beside[1:] += changed & (there & (part + step <= last))
    return beside
