"""Which steps are recorded, the plan of a recording, and runs with a largest size."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import reelnet
from reelnet.errors import UsageError
from reelnet.record.recorder import Recorder
from reelnet.record.schedule import CustomSteps, EveryNSteps, ListedSteps, Log, parse_schedule
from reelnet.reel import Run
from tests.record.cases import pictures


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())


def record(path: Path, count: int, **options: Any) -> list[int]:
    with Recorder(
        path, network(), samples=pictures(), metrics={"loss": 0}, on_error="raise", **options
    ) as recorder:
        for step in range(1, count + 1):
            recorder.step(loss=step)
    run = Run(path)
    np.testing.assert_array_equal(run.metrics["loss"], run.steps)
    return run.steps


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, range(26)),
        ({"every": 10}, [0, 10, 20]),
        ({"every": 100}, [0]),
        ({"steps": [3, 21, 4, 400]}, [0, 3, 4, 21]),
        ({"steps": []}, [0]),
        ({"every": lambda step: step % 7 == 3}, [0, 3, 10, 17, 24]),
        ({"every": Log(per_decade=3)}, [0, 1, 2, 5, 10, 22]),
    ],
)
def test_recorded_steps(options: dict[str, Any], expected: Sequence[int], tmp_path: Path) -> None:
    assert record(tmp_path / "run", 25, **options) == list(expected)


def test_logarithmic_steps_are_evenly_spaced() -> None:
    due = [step for step in range(1, 100_001) if Log(per_decade=30).is_due(step)]
    # 30 per decade are too many for the first: there are only whole steps.
    assert due[:18] == list(range(1, 19))
    for decade in (100, 1000, 10_000):
        inside = [step for step in due if decade <= step < 10 * decade]
        assert len(inside) == 30
        np.testing.assert_allclose(np.diff(np.log10(inside)), 1 / 30, atol=0.005)
    assert due[-1] == 100_000
    assert Log(per_decade=30).count_snapshots(100_000) == len(due) + 1
    assert Log(per_decade=30).count_snapshots(1) == 2


def test_seconds_pass_between_two_steps(tmp_path: Path) -> None:
    now = [1000.0]
    every = reelnet.Seconds(30, clock=lambda: now[0])
    with Recorder(tmp_path / "run", network(), samples=pictures(), every=every) as recorder:
        for _ in range(30):
            now[0] += 7
            recorder.step()
    assert Run(tmp_path / "run").steps == [0, 5, 10, 15, 20, 25, 30]


@pytest.mark.parametrize(
    ("schedule", "total", "count"),
    [
        (EveryNSteps(), 290, 291),
        (EveryNSteps(10), 99, 10),
        (ListedSteps(frozenset({0, 1, 5, 9})), 8, 3),
        (CustomSteps(bool), 9, None),
    ],
)
def test_count_snapshots(schedule: Any, total: int, count: int | None) -> None:
    assert schedule.count_snapshots(total) == count


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": 0}, "every=0: give an integer from 1"),
        ({"every": True}, "every=True"),
        ({"every": "often"}, "every='often': give an integer, Log"),
        ({"every": 2, "steps": [1]}, "every= and steps= are both given; give only one"),
        ({"every": 1, "steps": [-1]}, "steps=.-1.: give integers from 0"),
        ({"every": 1, "steps": [1.5]}, "steps="),
    ],
)
def test_invalid_schedules(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_schedule(**{"steps": None, **options})


@pytest.mark.parametrize(
    ("make", "value"), [(reelnet.Log, 0), (reelnet.Seconds, -1), (reelnet.Seconds, float("nan"))]
)
def test_log_and_seconds_need_a_number_above_0(make: Any, value: float) -> None:
    with pytest.raises(UsageError, match="give a number above 0"):
        make(value)


def test_the_plan_predicts_size_and_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "reelnet")
    recorder = Recorder(tmp_path / "run", network(), samples=pictures(), every=5, total_steps=40)
    plan = recorder.plan()
    assert not (tmp_path / "run").exists()
    assert (plan.taps, plan.samples, plan.snapshots) == (1, 3, 9)
    assert plan.seconds == pytest.approx(9 * plan.snapshot_seconds)
    with recorder:
        for _ in range(40):
            recorder.step(loss=0.5)
    run = Run(tmp_path / "run")
    assert len(run.steps) == plan.snapshots
    files = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    assert plan.bytes is not None
    assert plan.bytes > 9 * 3 * 4 * 36 * 4
    # Small maps: their metadata takes nearly as many bytes as their values.
    assert 0.5 * files < plan.bytes < 2 * files
    first = caplog.messages[0]
    assert first.startswith(
        f"{tmp_path / 'run'}: recording 1 tap of 3 samples, every 5 steps: 9 snapshots, about "
    )


def test_a_plan_without_a_known_end_describes_one_snapshot(tmp_path: Path) -> None:
    plan = Recorder(tmp_path / "run", network(), samples=pictures(), every=reelnet.Seconds(30)).plan()
    assert (plan.snapshots, plan.bytes, plan.seconds) == (None, None, None)
    assert str(plan).startswith("1 tap of 3 samples, every 30 s: snapshots of ")


def size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


@pytest.mark.parametrize("steps", [3, 30, 100, 333])
def test_a_run_stays_below_its_size_and_is_thinned_out_evenly(steps: int, tmp_path: Path) -> None:
    path, most = tmp_path / "run", 100_000
    torch.manual_seed(0)
    layer = nn.Conv2d(1, 8, 3)
    model = nn.Sequential(layer)
    with Recorder(path, model, samples=pictures(), max_bytes=most, on_error="raise") as recorder:
        plan = recorder.plan()
        for step in range(1, steps + 1):
            with torch.no_grad():
                layer.weight += 0.01
            recorder.step(loss=step)
            recorder.flush()
            assert size(path) <= most
    assert size(path) <= most
    run = Run(path)
    assert (run.steps[0], run.steps[-1]) == (0, steps)
    gaps = np.diff(run.steps)
    assert (gaps[:-1] == gaps[0]).all()
    assert gaps[-1] <= gaps[0]
    assert plan.max_snapshots is not None
    assert len(run.steps) <= plan.max_snapshots
    if steps < 20:
        assert gaps[0] == 1
    else:
        assert len(run.steps) >= plan.max_snapshots // 4
    # The files of dropped steps are gone; those of the others are intact.
    assert len(list((path / "steps").iterdir())) == len(run.steps)
    values = run.read("0")
    np.testing.assert_array_equal(run.metrics["loss"][1:], run.steps[1:])
    assert len(np.unique(values[:, 0, 0, 0, 0])) == len(run.steps)


def test_a_size_that_is_too_small_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(
            UsageError, match=r"max_bytes: leaves .* for the steps, but one step takes .* at least 4"
        ),
        Recorder(tmp_path / "run", network(), samples=pictures(), max_bytes="12kB"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_thinned_run_of_many_steps_stays_below_its_size_while_steps_are_packed(tmp_path: Path) -> None:
    path, most = tmp_path / "run", 800_000
    model = nn.Sequential(nn.Conv2d(1, 1, 3))
    with Recorder(path, model, samples=torch.rand(1, 1, 6, 6), max_bytes=most, on_error="raise") as recorder:
        for step in range(1, 1500):
            recorder.step(loss=step)
            if step % 25 == 0:
                recorder.flush()
                assert size(path) <= most
    run = Run(path)
    gaps = np.diff(run.steps)
    assert (gaps[:-1] == gaps[0]).all()
    assert (run.steps[-1], len(run.steps) > 300) == (1499, True)
    assert list((path / "segments").iterdir())
    np.testing.assert_array_equal(run.metrics["loss"][1:], run.steps[1:])
