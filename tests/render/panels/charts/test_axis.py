"""Axes: their ends and ticks, and formatted numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelnet.render.panels.charts.axis import Axis, fit_step_axis, fit_value_axis
from reelnet.render.panels.charts.axis_drawing import choose_labeled

FINITE = st.floats(-1e300, 1e300)
POSITIVE = st.floats(1e-300, 1e300)


def mantissa(value: float) -> float:
    return value / 10.0 ** math.floor(math.log10(value) + 1e-9)


@given(st.lists(FINITE, min_size=1, max_size=5), st.integers(1, 20))
def test_a_linear_axis_spans_its_values_in_even_steps(values: list[float], about: int) -> None:
    axis = fit_value_axis(np.array(values), about)
    assert (axis.low, axis.high) == (axis.ticks[0], axis.ticks[-1])
    places = axis.to_fraction(values)
    assert places.min() >= -1e-6
    assert places.max() <= 1 + 1e-6
    assert len(axis.ticks) <= 3 * about + 3
    apart = np.diff(axis.ticks)
    assert apart == pytest.approx(apart[0])
    assert len(set(axis.tick_labels)) == len(axis.tick_labels)


@given(st.lists(POSITIVE, min_size=1, max_size=5), st.integers(1, 20))
def test_a_log_axis_spans_its_values_and_has_round_ticks(values: list[float], about: int) -> None:
    axis = fit_value_axis(np.array([*values, 0.0, -1.0]), about, log=True)
    assert 0 < axis.low <= min(values) * (1 + 1e-6)
    assert max(values) <= axis.high * (1 + 1e-6)
    assert axis.ticks
    assert all(min(abs(mantissa(tick) / each - 1) for each in (1, 2, 5, 10)) < 1e-6 for tick in axis.ticks)


@pytest.mark.parametrize(
    ("values", "about", "texts"),
    [
        ([1, 10], 4, ["1", "2", "5", "10"]),
        ([0.06, 2.3], 4, ["0.05", "0.1", "0.2", "0.5", "1", "2", "5"]),
        ([1e-6, 1], 4, ["0.000001", "0.00001", "0.0001", "0.001", "0.01", "0.1", "1"]),
        ([1e-12, 1e12], 4, ["10^−12", "10^−8", "0.0001", "1", "10,000", "10⁸", "10¹²"]),
        ([3], 4, ["2", "5"]),
        ([2], 4, ["1", "2", "5"]),
    ],
)
def test_ticks_of_log_axes(values: list[float], about: int, texts: list[str]) -> None:
    assert fit_value_axis(np.array(values, float), about, log=True).tick_labels == texts


@pytest.mark.parametrize(
    ("values", "options", "texts"),
    [
        ([0.06, 2.3], {}, ["0", "1", "2", "3"]),
        ([0.2, 1.4], {}, ["0.0", "0.5", "1.0", "1.5"]),
        ([0.1, 0.98], {"percent": True}, ["0%", "50%", "100%"]),
        ([-3, -1], {}, ["−3", "−2", "−1", "0"]),
        ([20_000, 160_000], {}, ["0", "100,000", "200,000"]),
        ([1, 9], {"limits": (0.0, 30.0)}, ["0", "10", "20", "30"]),
        ([0.9], {"limits": (0.95, 1.0), "percent": True}, ["95%", "96%", "97%", "98%", "99%", "100%"]),
    ],
)
def test_ticks_of_linear_axes(values: list[float], options: dict[str, object], texts: list[str]) -> None:
    axis = fit_value_axis(np.array(values, float), 4, **options)  # type: ignore[arg-type]
    assert axis.tick_labels == texts


def test_the_ends_do_not_depend_on_ticks() -> None:
    some, none = fit_value_axis(np.array([0.2, 3.0]), 4), fit_value_axis(np.array([0.2, 3.0]), 0)
    assert none.ticks == ()
    assert (none.low, none.high) == (some.low, some.high)


def test_fractions() -> None:
    assert Axis(2, 6).to_fraction([2, 3, 6]).tolist() == [0, 0.25, 1]
    assert Axis(1, 100, log=True).to_fraction([1, 10, 100]).tolist() == pytest.approx([0, 0.5, 1])
    assert np.isnan(Axis(1, 100, log=True).to_fraction([0, -1, math.nan])).all()
    assert np.isfinite(Axis(0, 1e-300).to_fraction([math.inf, -math.inf, 1e300])).all()


def test_the_step_axis_has_ticks_at_both_ends() -> None:
    assert fit_step_axis((0, 3, 290), 4).ticks == (0, 100, 200, 290)
    assert fit_step_axis((0, 1, 290), 4, "log").ticks == (0, 1, 3, 10, 30, 100, 290)
    assert fit_step_axis((7,), 4).ticks == (7,)
    # Steps are whole numbers.
    assert fit_step_axis((0, 1, 2), 20).ticks == (0, 1, 2)


@pytest.mark.parametrize(
    ("ticks", "width", "log", "wanted"),
    [
        ((50, 100, 150, 200, 250), 20, False, (50, 100, 150, 200, 250)),
        ((50, 100, 150, 200, 250), 60, False, (100, 200)),
        ((50, 100, 150, 200, 250), 90, False, (150,)),
        ((1, 3, 10, 30, 100), 20, True, (1, 3, 10, 30, 100)),
        ((1, 3, 10, 30, 100), 60, True, (1, 10, 100)),
        ((1, 10, 100, 1000, 10_000), 60, True, (1, 100, 10_000)),
        ((), 60, False, ()),
    ],
)
def test_labels_of_steps_are_left_out_evenly(
    ticks: tuple[int, ...], width: int, log: bool, wanted: tuple[int, ...]
) -> None:
    columns = [45 * number for number in range(len(ticks))]
    chosen = choose_labeled(
        (0, *ticks, 20_000), columns, [width // 2] * len(ticks), 4, (-1000, 1000), log=log
    )
    assert tuple(ticks[number] for number in chosen) == wanted


def test_powers_of_ten_are_labeled_up_to_the_last_one_at_equal_distances() -> None:
    ticks = (0, 1, 10, 100, 1000, 10_000, 100_000)
    columns = [40, 80, 120, 160, 200]
    # There is no room beside the label of the last step.
    chosen = choose_labeled(ticks, columns, [15] * 5, 4, (20, 190), log=True)
    assert [ticks[number + 1] for number in chosen] == [10, 1000]
