"""Which levels of a colormap are enough where some must be given up, and how far off values then are.

The rhythm in which changes meet, and the frames at which a series may change at all.

What changes together costs less in a file. So changes are cheaper in some frames than in others, and where a series
drifts slowly, it is never worth its while to change in one of the dear ones: then what lies between two cheap frames
can be taken together, in a fraction of the time.

Values held steady over time, so that fewer of them change from frame to frame.

Most bytes of an animation are values that move by one or two levels. Each value's series is replaced by constant
segments, with the least squared error in colour for the changes that are left. Changes are then made to meet:
what a change costs in a file depends on its company.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from reelnet.export.quantize.potts import Bytes, Floats, along, cut

LIMIT = 240
"""Levels in which errors are told, whatever number a palette has room for."""


def enough(count: int, levels: int | None) -> NDArray[np.intp]:
    """So many of `count` levels, spread evenly from the first to the last, in ascending order; None for all."""
    some = count if levels is None else min(max(2, levels), count)
    return np.rint(np.linspace(0, count - 1, some)).astype(np.intp)


def coarseness(count: int, levels: int | None) -> float:
    """How much further a value may be from the nearest of so many of `count` levels than from the nearest of all.

    It is told in 240ths of the colormap's range.
    """
    gaps = np.diff(enough(count, levels))
    return float((gaps.max(initial=1) - 1) / 2 * LIMIT / max(1, count - 1))


LAYOUT_GRID = 0.3
"""Part of the price that a change costs more in every second frame, in every second one of the others, and so on.

What moves much still changes at once, since waiting costs more than this; small drifts wait for each other. With a
rhythm of its own for each row of cells files were up to a quarter larger at the same error."""

DEPTH = 3
"""Halvings that the rhythm knows of."""

SLOW = 0.06, 0.18, 0.5
"""Most that a place may move in a frame, in square roots of the price, for a change to wait: from the middle of four
frames' way to the next eighth frame, of two frames' to the next fourth, and of one frame's to the next second.

A drift by s a frame is cut at a price P into segments of (6 P / s^2)^(1/3) frames; a cut k frames off its best place
then costs s^(4/3) (6 P)^(1/3) k^2, and what waiting saves is `LAYOUT_GRID` P. That gives 0.032, 0.092 and 0.26 for a
drift. Series that are cut together differ, and the quickest of them tells: with twice as much files have the same
bytes within 0.2 % (conv1 to conv6), in two thirds of the time."""


def rhythm(frames: int) -> Floats:
    """The price of a change in each frame, at least 1; the last frame changes anyway."""
    some = 1 + LAYOUT_GRID * twos_missing(np.arange(frames))
    some[-1] = 1
    return some.astype(np.float32)


def twos_missing(numbers: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many of `DEPTH` halvings each whole number does not allow."""
    missing: NDArray[np.intp] = (numbers[..., None] % 2 ** np.arange(1, DEPTH + 1) != 0).sum(axis=-1)
    return missing


def beginnings(places: Floats, low: Bytes, high: Bytes, price: float) -> NDArray[np.intp]:
    """The frames at which any of some series may change, in ascending order, the first and the last among them.

    Between two of them all frames of each series allow a level together.

    Args:
        places: (frames, count), one column a series.
        low: The lowest level that each frame allows, of the same shape.
        high: The highest, at least `low`.
        price: Of a change, in squared places.
    """
    missing, moved = twos_missing(np.arange(len(places))), np.zeros(len(places), np.float32)
    moved[1:] = np.abs(np.diff(places, axis=0)).max(axis=1)
    wanted = missing == 0
    wanted[-1] = True
    for halvings, slow in enumerate(SLOW, start=1):
        # From a frame as far as the next one at which a change is cheaper, to both sides.
        reach = 2 ** (DEPTH - halvings)
        around = sliding_window_view(np.pad(moved, (reach - 1, reach)), 2 * reach).max(axis=1)
        wanted |= (missing == halvings) & (around > slow * price**0.5)
    for halvings in range(1, DEPTH + 1):
        begins = np.flatnonzero(wanted)
        tight = (along(np.maximum, low, begins) > along(np.minimum, high, begins)).any(axis=1)
        if not tight.any():
            break
        wanted |= np.repeat(tight, np.diff(begins, append=len(places))) & (missing == halvings)
    return np.flatnonzero(wanted)


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
