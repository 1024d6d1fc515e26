"""Where series may change: seldom where they drift, everywhere where they leap or are bound."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reelnet.export.quantize.temporal import beginnings, rhythm

ALL = 255


def bounds(places: NDArray[np.float32], most: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    levels = np.rint(places)
    low, high = np.clip([levels - most, levels + most], 0, ALL).astype(np.uint8)
    return low, high


@given(
    seed=st.integers(0, 1000),
    frames=st.integers(1, 70),
    step=st.floats(0, 20),
    most=st.integers(0, 40),
    price=st.floats(1, 3e4),
)
def test_stretches_are_allowed(seed: int, frames: int, step: float, most: int, price: float) -> None:
    places = (
        np.random.default_rng(seed)
        .normal(0, step, (frames, 3))
        .cumsum(axis=0)
        .clip(0, ALL)
        .astype(np.float32)
    )
    low, high = bounds(places, most)
    begins = beginnings(places, low, high, price)
    assert begins[0] == 0
    assert begins[-1] == frames - 1
    assert (np.diff(begins) > 0).all()
    assert set(range(0, frames, 8)) <= set(begins)
    for first, end in zip(begins, [*begins[1:], frames], strict=True):
        assert (low[first:end].max(axis=0) <= high[first:end].min(axis=0)).all()


def test_what_drifts_changes_in_every_eighth_frame() -> None:
    places = np.linspace(100, 101, 65, dtype=np.float32)[:, None].repeat(4, axis=1)
    assert beginnings(places, *bounds(places, 20), price=100).tolist() == list(range(0, 65, 8))


def test_what_leaps_changes_at_once() -> None:
    places = np.full((65, 4), 100, np.float32)
    places[35:, 2] = 160
    begins = beginnings(places, *bounds(places, 20), price=100)
    assert 35 in begins
    assert len(begins) < 20


def test_the_cheaper_a_change_the_more_frames() -> None:
    places = np.random.default_rng(3).normal(0, 0.3, (64, 5)).cumsum(axis=0).astype(np.float32) + 100
    low, high = np.zeros(places.shape, np.uint8), np.full(places.shape, ALL, np.uint8)
    counts = [len(beginnings(places, low, high, price)) for price in (1, 10, 100, 1000)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 50
    assert counts[-1] == 9


def test_changes_are_cheapest_in_every_eighth_frame() -> None:
    some = rhythm(17)
    assert np.flatnonzero(some == 1).tolist() == [0, 8, 16]
    assert (some[[4, 12]] < some[[2, 6, 10, 14]].min()).all()
    assert (some[1::2] == some.max()).all()
