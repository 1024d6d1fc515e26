"""Curves: where values are drawn, on every kind of axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.make_run import noise, write_run
from tests.render.panels.charts.curves import (
    BARE,
    THIRD,
    TRAIN,
    WHITE,
    Curves,
    find_columns,
    find_pixels,
    last_frame,
    make_curves,
)
from tests.render.panels.drawing import lay_out
from tests.rendering import to_pixels

FAINT = (222, 225, 229)
LOSS = [1.0, 0.8, 0.5, 0.3, 0.2, 0.1]


@pytest.fixture
def curves(tmp_path: Path) -> Curves:
    return make_curves(tmp_path)


COUNT = 41


def straight(found: NDArray[np.intp], falling: bool) -> float:
    """Greatest distance in pixels from the diagonal of the bounding box."""
    top, bottom = found[:, 0].min(), found[:, 0].max()
    left, right = found[:, 1].min(), found[:, 1].max()
    part = (found[:, 1] - left) / (right - left)
    line = top + part * (bottom - top) if falling else bottom - part * (bottom - top)
    assert bottom - top > 80
    assert right - left > 200
    return float(np.abs(found[:, 0] - line).max())


def test_a_curve_runs_through_its_values(curves: Curves) -> None:
    reel = curves({"accuracy": [n / (COUNT - 1) for n in range(COUNT)]}, BARE)
    assert straight(find_pixels(last_frame(reel)), falling=False) <= 4


def test_a_log_axis_makes_an_exponential_straight(curves: Curves) -> None:
    metrics = {"loss": [10.0 ** (-3 * n / (COUNT - 1)) for n in range(COUNT)]}
    assert straight(find_pixels(last_frame(curves(metrics, {**BARE, "y": "log"}))), falling=True) <= 4
    assert straight(find_pixels(last_frame(curves(metrics, BARE))), falling=True) > 40


def test_log_axes_make_a_power_law_straight(curves: Curves) -> None:
    steps = list(range(25, 1001, 25))
    metrics = {"loss": [step**-0.5 for step in steps]}
    reel = curves(metrics, {**BARE, "x": "log", "y": "log", "range": [1000**-0.5, 25**-0.5]}, steps=steps)
    assert straight(find_pixels(last_frame(reel)), falling=True) <= 4


def test_steps_that_are_spaced_as_logarithms_get_a_log_axis_with_step_0(curves: Curves) -> None:
    steps = [0, *(2**n for n in range(12))]
    metrics = {"loss": [-math.log(step + 1) for step in steps]}
    assert straight(find_pixels(last_frame(curves(metrics, BARE, steps=steps))), falling=True) <= 4
    linear = find_pixels(last_frame(curves(metrics, {**BARE, "x": "linear"}, steps=steps)))
    assert straight(linear, falling=True) > 40


def test_a_log_axis_omits_values_up_to_0(curves: Curves) -> None:
    wanted = last_frame(curves({"loss": [None, 0.5, None, 0.1, 0.2]}, {**BARE, "y": "log"}))
    assert (last_frame(curves({"loss": [0.0, 0.5, None, 0.1, 0.2]}, {**BARE, "y": "log"})) == wanted).all()


def test_a_right_axis_has_its_own_range_and_color(curves: Curves) -> None:
    metrics = {"train_loss": [0.0, 1.0], "train_lr": [2000.0, 500.0]}
    bare = {**BARE, "right": ["train_lr"], "ticks": 0}
    plain, marked = last_frame(curves(metrics, bare)), last_frame(curves(metrics, {**bare, "ticks": 3}))
    left, right = find_pixels(plain, TRAIN), find_pixels(plain, THIRD)
    assert np.ptp(left[:, 0]) > 150
    # The axis runs from 0 to 2000, so the curve takes three quarters of it.
    assert np.ptp(right[:, 0]) == pytest.approx(0.75 * np.ptp(left[:, 0]), abs=5)
    # Tick labels have the colors of the curves on their side: orange has little blue, violet little green.
    field = find_columns(marked, TRAIN)
    # The labels of the steps are gray.
    marked = marked[: find_pixels(marked, TRAIN)[:, 0].max() + 1]
    for side, least in ((marked[:, : field.min() - 2], 2), (marked[:, field.max() + 10 :], 1)):
        written = side[(side != WHITE).any(axis=2)]
        assert len(written) > 50
        assert (written.argmin(axis=1) == least).all()


def test_values_out_of_range_are_not_shown(curves: Curves) -> None:
    reel = curves({"loss": [0.0, 0.5, 9.0, 0.5, -math.inf]}, {**BARE, "range": [0, 1]})
    assert len(find_pixels(last_frame(reel))) > 100
    # The value of step 2 is out of range, so it has no dot.
    assert np.ptp(find_pixels(to_pixels(reel.frame(2)))[:, 1]) < np.ptp(
        find_pixels(to_pixels(reel.frame(3)))[:, 1]
    )


@pytest.mark.parametrize("metrics", [{"loss": LOSS}, {"loss": LOSS, "accuracy": LOSS}])
@pytest.mark.parametrize("arrange", ["row", "column"])
def test_plots_have_the_edges_of_the_maps(
    tmp_path: Path, metrics: Mapping[str, Sequence[float]], arrange: str
) -> None:
    run = write_run(tmp_path / "run", noise(len(LOSS), 8, 2, 14), metrics=metrics)
    laid_out = lay_out(run, {"channels": {}, "curve": {"arrange": arrange}}, theme={"cell": 112})
    boxes = [box for region in laid_out.scene.cell_regions for box in region.boxes]
    grid = find_columns(laid_out.panel("curve", 0)[8:], FAINT) + laid_out.box("curve").x
    assert (grid.min(), grid.max() + 1) == (min(box.x for box in boxes), max(box.right for box in boxes))


def test_fewer_than_five_steps_have_values_only(curves: Curves) -> None:
    for count in (1, 4, 5):
        reel = curves({"loss": LOSS[:count], "accuracy": LOSS[:count]})
        ((_, box),) = reel.scene.boxes
        assert (box.height > 60) == (count == 5)
        assert len(find_pixels(last_frame(reel))) > 0


def test_curves_break_over_gaps_that_are_longer_than_usual(curves: Curves) -> None:
    every = [float(number % 2) for number in range(40)]
    gap = [None if 10 <= number < 30 else value for number, value in enumerate(every)]
    sparse = [value if number % 10 == 0 else None for number, value in enumerate(every)]
    columns = [
        set(find_pixels(last_frame(curves({"loss": values}, BARE)))[:, 1]) for values in (every, gap, sparse)
    ]
    whole, broken, connected = (len(each) / len(columns[0]) for each in columns)
    assert whole == 1
    assert broken == pytest.approx(0.5, abs=0.1)
    assert connected > 0.7
