"""Statistics over a run: values that are NaN or infinite count as what they are, not as 0."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reelnet.scene.statistics import RunStatistics
from tests.make_run import noise, write_run


@pytest.fixture
def half_nan(tmp_path: Path) -> RunStatistics:
    """Values from 1 to 10, of which every second channel is NaN and one value infinite."""
    maps = np.tile(np.linspace(1, 10, 1000, dtype=np.float32), (2, 1, 2, 1, 1))
    maps[:, :, 1] = np.nan
    maps[1, 0, 1, 0, 0] = np.inf
    return RunStatistics.for_run(write_run(tmp_path / "run", maps))


def test_nan_does_not_lower_a_percentile(half_nan: RunStatistics) -> None:
    assert half_nan.percentile("conv1", 50) == pytest.approx(5.5, abs=0.05)
    assert half_nan.percentile("conv1", 99) == pytest.approx(9.91, abs=0.05)


def test_only_finite_values_are_outside(half_nan: RunStatistics) -> None:
    assert half_nan.fraction_outside("conv1", 0, 5.5) == pytest.approx(0.5, abs=0.002)
    assert half_nan.fraction_outside("conv1", 0.5, 20) == 0


def test_only_finite_values_make_bars_taller(half_nan: RunStatistics) -> None:
    assert half_nan.max_bin_count("conv1", 9, 1, 10) == pytest.approx(112, abs=1)
    assert half_nan.max_bin_count("conv1", 11, -10, 10) < 210
    assert half_nan.max_bin_count("conv1", 1, 1, 10) == 1000


def test_a_channel_does_not_change_most_because_it_is_nan_at_times(tmp_path: Path) -> None:
    maps = noise(6, 1, 3, 4)
    maps[:, :, 0] = 5.0
    maps[::2, :, 0] = np.nan
    maps[3, :, 1, 0, 0] = np.inf
    changes = RunStatistics.for_run(write_run(tmp_path / "run", maps)).changes("conv1")
    assert changes.by_channel[0] == 0
    assert np.isfinite(changes.by_channel).all()
    assert np.isfinite(changes.by_step).all()


def test_the_changes_of_a_long_run_are_shared_by_the_steps_between(tmp_path: Path) -> None:
    count = 1200
    maps = np.repeat(np.linspace(0, 3, count, dtype=np.float32), 4).reshape(count, 1, 1, 2, 2)
    maps[600:] += 50
    by_step = RunStatistics.for_run(write_run(tmp_path / "run", maps)).changes("conv1").by_step
    assert by_step.shape == (count,)
    assert by_step[0] == 0
    assert by_step.sum() == pytest.approx(53, rel=1e-5)
    assert by_step.argmax() in (598, 599, 600, 601, 602)


def test_differences_between_steps_are_those_of_the_colors_of_the_chosen_maps(tmp_path: Path) -> None:
    maps = noise(3, 4, 5, 6)
    maps[1, 2, 0, 0, 0] = np.nan
    statistics = RunStatistics(write_run(tmp_path / "run", maps))
    bounds = (-1.0, 1.0), (-0.5, 0.5)
    found = statistics.differences("conv1", (2, 0), (0, 3), (0, 1, 2), bounds)
    chosen = maps[:, [2, 0]][:, :, [0, 3]].astype(np.float64)
    chosen[:, :, 0] = np.clip(chosen[:, :, 0], -1, 1) / 2
    chosen[:, :, 1] = np.clip(chosen[:, :, 1], -0.5, 0.5)
    wanted = [[np.nan_to_num(np.abs(one - other)).mean() for other in chosen] for one in chosen]
    assert found == pytest.approx(np.array(wanted))


def test_differences_of_large_maps_are_those_of_a_sample(tmp_path: Path) -> None:
    maps = noise(1, 4, 8, 20) * np.array([0.0, 0.5, 2.0], np.float32)[:, None, None, None, None]
    statistics = RunStatistics(write_run(tmp_path / "run", maps))
    found = statistics.differences(
        "conv1", tuple(range(4)), tuple(range(8)), (0, 1, 2), ((-100.0, 100.0),) * 8
    )
    assert found[0, 2] == pytest.approx(4 * found[0, 1])
    assert found[0, 1] == pytest.approx(np.abs(maps[1]).mean() / 200, rel=0.1)


def test_a_channel_that_is_the_same_for_every_input_at_the_end_is_dead(tmp_path: Path) -> None:
    maps = noise(4, 2, 5, 4)
    # One never changes, one dies, one hardly differs, and one is silent at the beginning only.
    maps[:, :, 0], maps[2:, :, 1], maps[-1, :, 2], maps[:-1, :, 3] = 0.3, 0.0, 1e-3 * maps[-1, :, 2], 0.0
    dead = RunStatistics.for_run(write_run(tmp_path / "run", maps)).find_dead("conv1")
    assert dead.tolist() == [True, True, True, False, False]


@pytest.mark.parametrize("shape", [(4, 1, 3, 1, 1), (4, 1, 3, 4, 4)])
def test_of_a_single_sample_dead_channels_are_those_that_never_change(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    maps = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    maps[:, :, 1], maps[-1, :, 2] = 0.5, 0.0
    run = write_run(tmp_path / "run", maps)
    assert RunStatistics.for_run(run).find_dead("conv1").tolist() == [False, True, False]
