"""Segmentation against brute force and plain dynamic programming."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reelnet.export.quantize.potts import segment_series


def least_cost(series: Any, change_costs: Any, low: Any, high: Any, longest: int, places: list[int]) -> float:
    """The cost of the best segmentation with some possible starts, by trying all of them."""
    last, costs = len(series) - 1, []
    for count in range(len(places)):
        for cuts in combinations(places[1:], count):
            ends = [*cuts, len(series)]
            costs.append(sum(change_costs[list(cuts)]))
            for start, end in zip([0, *cuts], ends, strict=True):
                spanned = sum(start <= place < end for place in places)
                allowed = low[start:end].max() <= high[start:end].min() and spanned <= longest
                cost = segment_cost(series[start:end], start == 0, end > last)
                costs[-1] += cost if allowed else np.inf
    return float(min(costs))


def segment_cost(part: Any, first: bool, last: bool) -> float:
    at = part[0] if first else part[-1] if last else part.mean()
    return float(((part - at) ** 2).sum())


@given(
    series=st.lists(st.integers(0, 20), min_size=1, max_size=8),
    change_costs=st.lists(st.floats(0, 60), min_size=8, max_size=8),
    most=st.integers(0, 6) | st.just(255),
    longest=st.integers(1, 8),
    some=st.sets(st.integers(1, 7)),
)
def test_segmentation_is_optimal(
    series: list[int], change_costs: list[float], most: int, longest: int, some: set[int]
) -> None:
    levels, change_cost = np.array(series)[:, None], np.array(change_costs[: len(series)], np.float32)
    low, high = np.maximum(levels - most, 0).astype(np.uint8), np.minimum(levels + most, 255).astype(np.uint8)
    low[[0, -1]] = high[[0, -1]] = levels[[0, -1]]
    places, allowed = levels.astype(np.float32), np.array(sorted({0} | some & set(range(len(series)))))
    tight = np.maximum.reduceat(low, allowed) > np.minimum.reduceat(high, allowed)
    allowed = np.arange(len(series)) if tight.any() else allowed
    starts = np.flatnonzero(
        segment_series(places, low, high, change_cost[:, None], max_stretches=longest, starts=allowed)[:, 0]
    )
    ends, exact = [*starts[1:], len(series)], levels[:, 0].astype(float)
    cost = sum(change_cost[starts[1:]]) + sum(
        segment_cost(exact[start:end], start == 0, end == len(series))
        for start, end in zip(starts, ends, strict=True)
    )
    best = least_cost(exact, change_cost, low[:, 0], high[:, 0], longest, allowed.tolist())
    assert starts[0] == 0
    assert set(starts) <= set(allowed)
    assert cost == pytest.approx(best, rel=1e-3, abs=1e-2)


def test_long_series_are_nearly_optimal() -> None:
    """Rebased sums and pruned starts change the cost by next to nothing."""
    places = np.random.default_rng(4).normal(0, 8, (300, 5)).cumsum(axis=0).astype(np.float32)
    low, high = np.zeros(places.shape, np.uint8), np.full(places.shape, 255, np.uint8)
    cuts = segment_series(
        places, low, high, np.full((300, 1), 400, np.float32), max_stretches=40, starts=np.arange(300)
    )
    for number in range(5):
        starts = np.flatnonzero(cuts[:, number])
        parts = np.split(places[:, number].astype(float), starts[1:])
        cost = 400 * (len(starts) - 1) + sum(
            segment_cost(part, k == 0, k == len(parts) - 1) for k, part in enumerate(parts)
        )
        assert cost == pytest.approx(programmed_cost(places[:, number].astype(float), 400, 40), rel=1e-3)


def programmed_cost(series: NDArray[np.float64], change_cost: float, longest: int) -> float:
    """The least cost, by plain dynamic programming in double precision."""
    count, best = len(series), [-change_cost]
    for end in range(1, count + 1):
        best.append(
            min(
                best[start] + change_cost + segment_cost(series[start:end], start == 0, end == count)
                for start in range(max(0, end - longest), end)
            )
        )
    return best[-1]
