"""The cut of a series into segments, beside the best there is."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reelnet.export.quantize.potts import cut


def least_cost(series: Any, prices: Any, low: Any, high: Any, longest: int, places: list[int]) -> float:
    """Of all ways to cut a series at some places, the cheapest, by trying them all."""
    last, costs = len(series) - 1, []
    for count in range(len(places)):
        for cuts in combinations(places[1:], count):
            ends = [*cuts, len(series)]
            costs.append(sum(prices[list(cuts)]))
            for begin, end in zip([0, *cuts], ends, strict=True):
                spanned = sum(begin <= place < end for place in places)
                allowed = low[begin:end].max() <= high[begin:end].min() and spanned <= longest
                cost = segment_cost(series[begin:end], begin == 0, end > last)
                costs[-1] += cost if allowed else np.inf
    return float(min(costs))


def segment_cost(part: Any, first: bool, last: bool) -> float:
    at = part[0] if first else part[-1] if last else part.mean()
    return float(((part - at) ** 2).sum())


@given(
    series=st.lists(st.integers(0, 20), min_size=1, max_size=8),
    prices=st.lists(st.floats(0, 60), min_size=8, max_size=8),
    most=st.integers(0, 6) | st.just(255),
    longest=st.integers(1, 8),
    some=st.sets(st.integers(1, 7)),
)
def test_cut_is_the_best(
    series: list[int], prices: list[float], most: int, longest: int, some: set[int]
) -> None:
    levels, price = np.array(series)[:, None], np.array(prices[: len(series)], np.float32)
    low, high = np.maximum(levels - most, 0).astype(np.uint8), np.minimum(levels + most, 255).astype(np.uint8)
    low[[0, -1]] = high[[0, -1]] = levels[[0, -1]]
    places, allowed = levels.astype(np.float32), np.array(sorted({0} | some & set(range(len(series)))))
    tight = np.maximum.reduceat(low, allowed) > np.minimum.reduceat(high, allowed)
    allowed = np.arange(len(series)) if tight.any() else allowed
    begins = np.flatnonzero(cut(places, low, high, price[:, None], longest=longest, begins=allowed)[:, 0])
    ends, exact = [*begins[1:], len(series)], levels[:, 0].astype(float)
    cost = sum(price[begins[1:]]) + sum(
        segment_cost(exact[begin:end], begin == 0, end == len(series))
        for begin, end in zip(begins, ends, strict=True)
    )
    best = least_cost(exact, price, low[:, 0], high[:, 0], longest, allowed.tolist())
    assert begins[0] == 0
    assert set(begins) <= set(allowed)
    assert cost == pytest.approx(best, rel=1e-3, abs=1e-2)


def test_long_series_stay_near_the_best() -> None:
    """Sums that begin anew, and beginnings that are dropped, cost next to nothing: plain programming beside it."""
    places = np.random.default_rng(4).normal(0, 8, (300, 5)).cumsum(axis=0).astype(np.float32)
    low, high = np.zeros(places.shape, np.uint8), np.full(places.shape, 255, np.uint8)
    cuts = cut(places, low, high, np.full((300, 1), 400, np.float32), longest=40, begins=np.arange(300))
    for number in range(5):
        begins = np.flatnonzero(cuts[:, number])
        parts = np.split(places[:, number].astype(float), begins[1:])
        cost = 400 * (len(begins) - 1) + sum(
            segment_cost(part, k == 0, k == len(parts) - 1) for k, part in enumerate(parts)
        )
        assert cost == pytest.approx(programmed(places[:, number].astype(float), 400, 40), rel=1e-3)


def programmed(series: NDArray[np.float64], price: float, longest: int) -> float:
    """The least cost, one segment after the other in double precision."""
    count, best = len(series), [-price]
    for end in range(1, count + 1):
        best.append(
            min(
                best[begin] + price + segment_cost(series[begin:end], begin == 0, end == count)
                for begin in range(max(0, end - longest), end)
            )
        )
    return best[-1]
