"""The root finder meets a size on any curve within the encodes of a search."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelnet.export.rate_control.root_finder import SizeRootFinder

CURVES: dict[str, Callable[[float], float]] = {
    "as predicted": lambda position: 5 - position,
    "half as fast": lambda position: 5 - 0.5 * position,
    "with a kink": lambda position: 5 - (2 * position if position < 0.5 else 1 + 0.3 * (position - 0.5)),
    "slowly at first": lambda position: 5 - position**2,
    "with a cliff": lambda position: 5 - 0.2 * position - 0.9 / (1 + math.exp(-12 * (position - 0.9))),
}
"""The logarithm of the size by position."""


@pytest.mark.parametrize("name", CURVES)
def test_six_trials_meet_a_size(name: str) -> None:
    curve, missed = CURVES[name], 1.0
    target = curve(1.1)
    finder = SizeRootFinder(2.0, target + 0.015, target)
    finder.observe(0.0, 5.0)
    for _ in range(6):
        if abs(missed) > 0.015:
            position = finder.predict()
            assert position is not None
            finder.observe(position, curve(position))
            missed = curve(position) - target
    assert abs(missed) <= 0.015


@given(
    seed=st.integers(0, 10_000),
    steepness=st.floats(0.3, 2),
    noise=st.floats(0, 0.02),
    jumps=st.integers(0, 3),
    plateau=st.booleans(),
    part=st.floats(0.02, 1),
)
def test_trials_close_in_on_the_cap(
    seed: int, steepness: float, noise: float, jumps: int, plateau: bool, part: float
) -> None:
    """Whatever the curve, positions stay on the ladder, and the bracket around the cap shrinks with every trial."""
    random = np.random.default_rng(seed)
    places = random.uniform(0, 3, jumps)

    def size(position: float) -> float:
        if plateau:
            position = math.ceil(position * 8) / 8
        return float(9 - steepness * position - 0.5 * (places < position).sum() + random.normal(0, noise))

    cap = 9 - part * 3 * steepness
    finder, over, under = SizeRootFinder(3.0, cap, cap - 0.015), 0.0, math.inf
    finder.observe(0.0, max(size(0.0), cap + 0.001), measured=False)
    for _ in range(8):
        position = finder.predict()
        if position is None:
            assert over == 3.0
            break
        assert 0 <= position <= 3
        assert over <= position <= under
        log_size = size(position)
        finder.observe(position, log_size)
        over, under = (position, under) if log_size > cap else (over, min(under, position))


def test_a_ladder_that_does_not_suffice_ends() -> None:
    finder = SizeRootFinder(1.0, 3.0, 2.985)
    finder.observe(0.0, 5.0)
    assert finder.predict() == 1.0
    assert not finder.reached_end
    finder.observe(1.0, 4.2)
    assert (finder.predict(), finder.reached_end) == (None, True)
    finder.end = 2.0
    assert finder.end_size == pytest.approx(3.2)
    assert 1.0 < (finder.predict() or 0) <= 2.0


def test_an_estimate_is_no_bound_of_the_steepness() -> None:
    """One estimate and one measured size: the next position follows from the measured one alone."""
    finder = SizeRootFinder(4.0, 2.0, 1.985)
    finder.observe(0.0, 5.0, measured=False)
    finder.observe(2.0, 3.5)
    assert finder.predict() == pytest.approx(2.0 + 3.5 - 1.985)


def test_samples_with_a_bias_take_two_measured_sizes() -> None:
    """Samples are off by about the same ratio; the first measured size corrects the others."""
    finder, curve = SizeRootFinder(3.0, 8.0, 7.985), CURVES["with a kink"]

    def sample(position: float) -> float:
        return 4.2 + curve(position) - 0.005 * position

    def approach() -> float:
        for _ in range(8):
            position = finder.find_sampled(on_target=True)
            if position is not None:
                return position
            position = finder.predict()
            assert position is not None
            finder.sample(position, sample(position))
        raise AssertionError("eight samples do not suffice")

    finder.sample(0.0, sample(0.0))
    missed = []
    for _ in range(2):
        position = approach()
        assert finder.is_sampled(position)
        finder.observe(position, 4.0 + curve(position))
        missed.append(abs(4.0 + curve(position) - finder.target))
    assert missed[0] > 0.05
    assert missed[1] <= 0.015


def test_samples_alone_can_rule_a_ladder_out() -> None:
    finder = SizeRootFinder(1.0, 3.0, 2.985)
    finder.sample(0.0, 5.0)
    finder.sample(1.0, 3.4)
    assert finder.predict() is None
    assert finder.find_sampled(on_target=False) is None
    finder.sample(1.0, 2.5)
    assert finder.find_sampled(on_target=False) == 1.0
