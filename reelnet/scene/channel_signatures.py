"""How the channels of a layer differ over a run: which are worth showing, and which belong side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_EXACT_TOUR = 128
"""Channels up to which the order is improved until no reversal of a part shortens it."""
MAX_STARTS = 32
"""Channels from which an order is tried to begin."""


@dataclass(frozen=True)
class ChannelSignatures:
    """What the channels of a layer do over a run.

    Attributes:
        distances: How much two channels differ, float64 (channels, channels): 0 for channels that do the same, up to
            1 for strong channels that do the opposite.
        strengths: How much each channel changes from sample to sample, place to place and step to step: its spread,
            float64 (channels,).
        dead: Which channels are the same for every input; see `RunStatistics.find_dead`; bool (channels,).
    """

    distances: NDArray[np.float64]
    strengths: NDArray[np.float64]
    dead: NDArray[np.bool_]

    @classmethod
    def from_values(cls, values: NDArray[np.floating], dead: NDArray[np.bool_]) -> ChannelSignatures:
        """Compare channels by their values, (channels, values), at the same samples, positions and steps.

        A channel is its deviation from its mean in units of its spread, so that twelve copies of the strongest
        channel count once. The unit is at least the median spread of the layer: a channel that hardly ever fires is
        close to all others that hardly do, not a rarity.

        Args:
            values: Values that are not finite count as the mean of their channel.
            dead: Which channels are the same for every input.
        """
        known = np.isfinite(values)
        values = np.where(known, values, 0.0)
        mean = values.sum(axis=1, keepdims=True) / np.maximum(1, known.sum(axis=1, keepdims=True))
        deviations = np.where(known, values - mean, 0.0)
        spread = np.sqrt((deviations**2).mean(axis=1))
        alive = spread[~dead & (spread > 0)]
        unit = np.maximum(spread, np.median(alive) if alive.size else 1.0)
        signatures = deviations / unit[:, None] / np.sqrt(max(1, values.shape[1]))
        # The law of cosines; the largest squared distance of two signatures of length 1 is 4.
        squares = (signatures**2).sum(axis=1)
        gaps = squares[:, None] + squares - 2 * (signatures @ signatures.T)
        return cls(np.sqrt(np.maximum(gaps, 0.0) / 4), spread.astype(np.float64), dead)

    def select_different(self, count: int) -> list[int]:
        """The channels that differ most from each other, at most `count`, ascending.

        Dead channels are not among them, unless `count` is that of all channels, or all are dead.

        The first is the strongest; each next one is the one that is farthest from those chosen (Gonzalez, Clustering
        to minimize the maximum intercluster distance, 1985). Distances count in proportion to the root of a channel's
        strength: one that hardly changes differs from all others, but there is little to see of it.
        """
        alive, dead = np.flatnonzero(~self.dead), np.flatnonzero(self.dead)
        weights = np.sqrt(self.strengths[alive])
        nearest = np.ones(len(alive))
        chosen: list[int] = []
        while len(chosen) < min(count, len(alive)):
            place = int(np.argmax(nearest * weights))
            chosen.append(int(alive[place]))
            nearest = np.minimum(nearest, self.distances[alive[place], alive])
            weights[place] = -1.0
            nearest[place] = 1.0
        is_whole = count >= len(self.dead) or not len(alive)
        return sorted([*chosen, *(map(int, dead[: max(0, count - len(chosen))]) if is_whole else [])])

    def order_by_similarity(self, channels: Sequence[int]) -> list[int]:
        """The same channels with similar ones side by side, and dead ones last.

        This is seriation as a short path through all channels: each goes on to its nearest neighbor, from several
        starts, and the best path is shortened by reversing parts of it (2-opt: Croes, A method for solving
        traveling-salesman problems, 1958; see Hahsler et al., Getting things in order, 2008).
        """
        alive = [channel for channel in channels if not self.dead[channel]]
        dead = [channel for channel in channels if self.dead[channel]]
        if len(alive) > 2:
            path = find_short_path(self.distances[np.ix_(alive, alive)])
            alive = [alive[place] for place in path]
        # A path has no direction: it begins at the end with the smaller number.
        if alive and alive[-1] < alive[0]:
            alive.reverse()
        return [*alive, *dead]


def find_short_path(distances: NDArray[np.float64]) -> list[int]:
    """A short path through all points, given their distances (n, n) with n of 2 or more."""
    count = len(distances)
    starts = np.unique(np.linspace(0, count - 1, min(count, MAX_STARTS)).astype(np.intp))
    paths = np.empty((len(starts), count), np.intp)
    rows, free = np.arange(len(starts)), np.zeros((len(starts), count))
    paths[:, 0] = starts
    for place in range(1, count):
        free[rows, paths[:, place - 1]] = np.inf
        paths[:, place] = np.argmin(distances[paths[:, place - 1]] + free, axis=1)
    lengths = distances[paths[:, :-1], paths[:, 1:]].sum(axis=1)
    return shorten_path(paths[np.argmin(lengths)], distances)


def shorten_path(path: NDArray[np.intp], distances: NDArray[np.float64]) -> list[int]:
    """Reverse parts of a path as long as that shortens it."""
    count = len(path)
    # A point that is near all others joins both ends, so that the ends are free.
    padded = np.zeros((count + 1, count + 1))
    padded[:count, :count] = distances
    cycle = np.array([count, *path, count])
    for _ in range(count * count if count <= MAX_EXACT_TOUR else count // 4):
        before, after = cycle[:-1], cycle[1:]
        kept = padded[before, after]
        swapped = padded[np.ix_(before, before)] + padded[np.ix_(after, after)]
        gains = np.triu(kept[:, None] + kept - swapped, 2)
        first, second = divmod(int(np.argmax(gains)), count + 1)
        if gains[first, second] <= 1e-12:
            break
        cycle[first + 1 : second + 1] = cycle[first + 1 : second + 1][::-1].copy()
    return [int(point) for point in cycle[1:-1]]
