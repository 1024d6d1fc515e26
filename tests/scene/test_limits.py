"""Limits of the colormap, fixed over the whole run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.reel import Run
from reelnet.scene.tap_view import Limits
from tests.rendering import TANH, pixels, write_run

RED, WHITE, BLUE, GREY = (103, 0, 31), (255, 255, 255), (5, 48, 97), (150, 150, 150)


def run_of(path: Path, *steps: list[float], bounds: tuple[float, float] | None = None) -> Run:
    """A run with one map of 1×1 a sample, in each step those values."""
    maps = np.array(steps, np.float32)[:, :, None, None, None]
    return write_run(path / "run", maps, bounds=bounds)


def limits_of(run: Run) -> Limits:
    """Those of the layer."""
    context = run.reel().scene.context
    return context.view(context.layer).limits


def cells(run: Run, step: int = 0) -> list[tuple[int, ...]]:
    """The colour of each sample's cell."""
    shown = pixels(run.reel("plain").frame(step))[56:]
    middles: NDArray[np.uint8] = shown[28, 28::56]
    return [tuple(map(int, rgb)) for rgb in middles]


def test_tanh_has_limits_of_one_whatever_the_values(tmp_path: Path) -> None:
    run = run_of(tmp_path, [0.5, -0.25, 0.0], bounds=TANH)
    limits = limits_of(run)
    assert (limits.low, limits.high) == (-1, 1)
    assert cells(run)[0] not in (BLUE, WHITE)


def test_signed_values_have_symmetric_limits(tmp_path: Path) -> None:
    run = run_of(tmp_path, [-4.0, 0.0, 4.0, 2.0])
    assert cells(run)[:3] == [RED, WHITE, BLUE]
    run = run_of(tmp_path / "b", [-1.0, 0.0, 4.0, -4.0], [-1.0, 0.0, 1.0, 1.0])
    limits = limits_of(run)
    assert (limits.low, limits.high) == (-4, 4)


def test_limits_are_those_of_the_run_and_not_of_the_step(tmp_path: Path) -> None:
    run = run_of(tmp_path, [-0.5, 0.0, 1.0], [-8.0, 0.0, 1.0])
    assert cells(run, 1)[0] == RED
    assert cells(run, 0)[2] == cells(run, 1)[2]
    assert cells(run, 0)[2] != BLUE


def test_values_above_zero_use_one_half_of_the_map(tmp_path: Path) -> None:
    run = run_of(tmp_path, [0.0, 3.0, 6.0])
    white, middle, blue = cells(run)
    assert (white, blue) == (WHITE, BLUE)
    # Half way from white to blue: between the anchors (146, 197, 222) and (67, 147, 195).
    assert np.abs(np.array(middle) - (106.5, 172, 208.5)).max() <= 2


def test_zero_stays_white_when_no_value_is_near_it(tmp_path: Path) -> None:
    limits = limits_of(run_of(tmp_path, [5.0, 6.0]))
    assert (limits.low, limits.high) == (0, 6)


def test_values_below_zero_use_the_other_half(tmp_path: Path) -> None:
    run = run_of(tmp_path, [-6.0, -3.0, 0.0])
    assert cells(run)[0] == RED
    assert cells(run)[2] == WHITE
    assert np.abs(np.array(cells(run)[1]) - (229, 130.5, 103.5)).max() <= 2


def test_nothing_but_zero_is_white(tmp_path: Path) -> None:
    assert cells(run_of(tmp_path, [0.0, 0.0])) == [WHITE, WHITE]


def test_values_that_are_not_finite(tmp_path: Path) -> None:
    run = run_of(tmp_path, [np.nan, np.inf, -np.inf, 2.0, -2.0, 0.0])
    *strange, last, least, zero = cells(run)
    assert strange == [GREY, GREY, GREY]
    assert [last, least, zero] == [BLUE, RED, WHITE]


def test_nothing_but_nan(tmp_path: Path) -> None:
    assert cells(run_of(tmp_path, [np.nan, np.nan])) == [GREY, GREY]


@pytest.mark.parametrize("end", [1e-30, 1e-44, 1e30, 3e38])
def test_tiny_and_huge_values(tmp_path: Path, end: float) -> None:
    assert cells(run_of(tmp_path, [-end, 0.0, end])) == [RED, WHITE, BLUE]
