"""Warnings of a run about nonfinite values and missing steps, and dropped steps."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from reelnet.interop.metrics import add_metrics
from reelnet.reel import Run
from reelnet.runs.header import TapInfo
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter
from tests.cli.calls import call
from tests.make_run import MakeRun, Maps, noise, write_run

SHAPES = {"conv1": (3, 2, 4, 4), "conv2": (3, 1, 2, 2)}


def strange(step: int) -> Maps:
    values = np.full(SHAPES["conv1"], float(step))
    if step >= 2:
        values[0, 0, 0, :step] = [np.nan, np.inf, -np.inf, np.nan][:step]
    return values


def test_nonfinite_values_are_counted(make_run: MakeRun) -> None:
    run = make_run(taps=SHAPES, values={"conv1": lambda step: strange(step if step != 3 else 1)})
    assert run.nonfinite == {"conv1": (6, 2)}
    (note,) = run.warnings()
    assert note.startswith("conv1: 6 NaN or infinite values, from step 2 on")
    assert run.warnings(["conv2"]) == ()
    assert json.loads(call("inspect", run.path, "--json").stdout)["warnings"] == [note]
    lines = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    assert [line["taps"]["conv1"].get("nonfinite") for line in lines] == [None, None, 2, None, 4]


def test_finite_values_with_an_infinite_sum_are_not_counted(make_run: MakeRun) -> None:
    huge = np.full(SHAPES["conv1"], 1e308)
    assert make_run(values={"conv1": lambda step: huge}, dtype="float64").nonfinite == {}


@pytest.fixture
def gappy(make_run: MakeRun) -> Run:
    """A run of the steps 0, 2 and 4; 5 and 6 are missing, 1 and 3 were dropped."""
    whole = make_run()
    path = whole.path.parent / "gappy"
    writer = RunWriter(
        path, taps={"conv1": TapInfo(SHAPES["conv1"], "float32")}, inputs=whole.inputs, pictures=whole.samples
    )
    for step in range(5):
        writer.commit(Snapshot(step, whole.snapshot(step).taps, {"loss": step}))
    writer.drop([1, 3])
    writer.mark_missing(5, "no more")
    writer.mark_missing(6, "of this")
    assert len(writer.steps) == 3
    writer.close()
    return Run(path)


def test_dropped_steps_are_gone(gappy: Run) -> None:
    assert gappy.steps == [0, 2, 4]
    np.testing.assert_array_equal(gappy.metrics["loss"], [0, 2, 4])
    assert gappy.read("conv1").shape == (3, *SHAPES["conv1"])
    assert [file.name for file in sorted((gappy.path / "steps").iterdir())] == [
        f"0000000{step}.safetensors" for step in (0, 2, 4)
    ]


def test_missing_steps_are_reported(gappy: Run) -> None:
    assert gappy.missing == {5: "no more", 6: "of this"}
    assert gappy.warnings() == ("2 missing steps, the first is 5: no more",)
    assert "note     2 missing steps, the first is 5: no more" in call("inspect", gappy.path).stdout
    assert json.loads(call("inspect", gappy.path, "--json").stdout)["missing"] == {
        "5": "no more",
        "6": "of this",
    }


def test_a_step_recorded_later_is_no_longer_missing(gappy: Run) -> None:
    with RunWriter(
        gappy.path, taps=gappy.taps, inputs=gappy.inputs, pictures=gappy.samples, resume=6
    ) as writer:
        writer.commit(Snapshot(5, gappy.snapshot(4).taps))
    run = Run(gappy.path)
    assert (run.steps, list(run.missing)) == ([0, 2, 4, 5], [6])


def test_render_prints_warnings(gappy: Run) -> None:
    done = call("render", gappy.path, "-o", gappy.path.parent / "a.gif", "--quiet")
    assert "reelnet: note: 2 missing steps" in done.stderr


def test_metrics_that_are_nan_or_infinite(tmp_path: Path) -> None:
    nan, inf = math.nan, math.inf
    metrics: dict[str, list[float | None]] = {}
    metrics |= {"loss": [1.0, nan, None, nan], "lr": [inf, 1.0, 1.0, -inf], "acc": [None, None, nan, 0.5]}
    run = write_run(tmp_path / "run", noise(4, 1, 1, 2), metrics=metrics, steps=[0, 5, 10, 15])
    assert run.warnings() == (
        "loss: 2 values are NaN, from step 5 on",
        "lr: 2 values are infinite, from step 0 on",
        "acc: 1 value is NaN, at step 10",
    )
    assert run.measured["loss"].tolist() == [True, True, False, True]
    assert "loss: 2 values are NaN, from step 5 on" in call("inspect", run.path).stdout
    still = call("frame", run.path, "--step", 10, "-o", tmp_path / "a.png")
    assert "reelnet: note: loss: 2 values are NaN, from step 5 on" in still.stderr


@pytest.mark.parametrize("segment_bytes", [1, 10**9], ids=["segments", "files"])
def test_a_metric_that_is_nan_is_not_one_that_is_missing(
    gappy: Run, tmp_path: Path, segment_bytes: int
) -> None:
    taps, path = {"conv1": TapInfo(SHAPES["conv1"], "float32")}, tmp_path / "run"
    with RunWriter(
        path, taps=taps, inputs=gappy.inputs, pictures=gappy.samples, segment_bytes=segment_bytes
    ) as writer:
        for step, metrics in enumerate(({"loss": 1.0}, {"loss": math.nan}, {}, {"loss": 2.0}, {"lr": 1.0})):
            writer.commit(Snapshot(step, gappy.snapshot(0).taps, metrics))
    run = Run(path)
    assert run.warnings() == ("loss: 1 value is NaN, at step 1",)
    assert run.measured["loss"].tolist() == [True, True, False, True, False]
    assert run.measured["lr"].tolist() == [False, False, False, False, True]


def test_imported_metrics_may_be_nan(gappy: Run) -> None:
    add_metrics(gappy.path, {"val_loss": {0: 1.0, 2: math.nan}})
    gappy.reload_imported_metrics()
    assert gappy.measured["val_loss"].tolist() == [True, True, False]
    assert "val_loss: 1 value is NaN, at step 2" in gappy.warnings()
