"""Adding metrics of other tools to a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import reelnet
from reelnet.errors import ReelnetError, RunError, UsageError
from tests.cli.calls import call, call_expecting_error
from tests.interop.arrays import small


@pytest.fixture
def run(tmp_path: Path) -> Path:
    arrays = small()
    maps = {"conv1": arrays["taps/conv1"]}
    made = reelnet.write_run(
        tmp_path / "run", steps=[0, 1, 10], samples=arrays["samples"], taps=maps, metrics={"loss": [3, 2, 1]}
    )
    return made.path


def test_metrics_of_a_csv_file_are_drawn(run: Path, tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}
    plain = reelnet.open(run).reel("article", layer="conv1").frame(10)
    (tmp_path / "log.csv").write_text(
        "step,val_loss,val_accuracy\n0,2.5,\n1,2,0.5\n5,9,9\n7,9,9\n10,1.5,0.75\n"
    )
    result = call("metrics", run, tmp_path / "log.csv")
    assert result.stdout == "val_loss: 3 of 3 steps\nval_accuracy: 2 of 3 steps\n"
    assert result.stderr == f"{tmp_path / 'log.csv'}: skipped 2 steps, the run has not recorded step 5\n"
    opened = reelnet.open(run)
    assert list(opened.metrics) == ["loss", "val_loss", "val_accuracy"]
    assert opened.metrics["val_loss"].tolist() == [2.5, 2, 1.5]
    np.testing.assert_array_equal(opened.metrics["val_accuracy"], [np.nan, 0.5, 0.75])
    assert list(opened.recorded_metrics) == ["loss"]
    assert {file: file.read_bytes() for file in before} == before
    assert opened.reel("article", layer="conv1").frame(10).tobytes() != plain.tobytes()
    assert "val_loss" in call("inspect", run).stdout


def test_several_files_with_options(run: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("batch,loss,lr\n1,2,3\n")
    (tmp_path / "b.jsonl").write_text('{"batch": 10, "loss": 4, "other": 5}\n')
    call(
        "metrics",
        run,
        tmp_path / "a.csv",
        tmp_path / "b.jsonl",
        "--step-column",
        "batch",
        "--prefix",
        "wandb/",
        "--only",
        "lo*",
    )
    opened = reelnet.open(run)
    assert list(opened.metrics) == ["loss", "wandb/loss"]
    np.testing.assert_array_equal(opened.metrics["wandb/loss"], [np.nan, np.nan, 4])
    assert opened.metrics["loss"].tolist() == [3, 2, 1]


def test_metrics_from_a_mapping(run: Path) -> None:
    opened = reelnet.open(run)
    assert "val" not in opened.metrics
    added = reelnet.add_metrics(opened, {"val": {0: 1, 3: 2, 2: 2}, "late": {99: 1.0}})
    assert (added.counts, added.left_out) == ({"val": 1, "late": 0}, [2, 3, 99])
    assert opened.metrics["val"][0] == 1
    assert [opened.snapshot(step, []).metrics for step in (0, 1)] == [{"loss": 3, "val": 1}, {"loss": 2}]
    with pytest.raises(ReelnetError, match="values for step 2, which the run has not recorded"):
        reelnet.add_metrics(run, {"late": {2: 1.0}})
    reelnet.add_metrics(run, {"val": {1: float("inf")}})
    np.testing.assert_array_equal(reelnet.open(run).metrics["val"], [np.nan, np.inf, np.nan])


def test_tensorboard_files(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(tmp_path / "events"))
    for step in range(12):
        writer.add_scalar("val/loss", step / 4, step)
    writer.close()
    result = call("metrics", run, tmp_path / "events")
    assert result.stdout == "val/loss: 3 of 3 steps\n"
    assert "skipped 9 steps" in result.stderr
    assert reelnet.open(run).metrics["val/loss"].tolist() == [0, 0.25, 2.5]


def test_errors(run: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("step,loss\n1,2\n")
    (tmp_path / "b.csv").write_text("step,lose\n3,2\n4,2\n")
    expected = call_expecting_error(2, "metrics", run, tmp_path / "a.csv")
    assert "metric 'loss' was recorded with the run and cannot be replaced" in expected
    expected = call_expecting_error(1, "metrics", run, tmp_path / "b.csv")
    assert "values for steps 3 to 4, which the run has not recorded; it has steps 0 to 10" in expected
    assert "did you mean 'lose'" in call_expecting_error(
        2, "metrics", run, tmp_path / "b.csv", "--only", "loss"
    )
    call_expecting_error(4, "metrics", tmp_path / "none", tmp_path / "b.csv")
    call_expecting_error(2, "metrics", run, tmp_path / "b.xlsx")
    call_expecting_error(2, "metrics", run, tmp_path / "no.csv")
    with pytest.raises(UsageError, match="no metric 'x'"):
        reelnet.add_metrics(run, {"a": {0: 1.0}}, only=["x"])
    with pytest.raises(ReelnetError, match="give a mapping of steps to numbers"):
        reelnet.add_metrics(run, {"a": {0: "high"}})  # type: ignore[dict-item]
    assert not (run / "metrics.json").exists()


def test_damaged_metrics_file(run: Path) -> None:
    reelnet.add_metrics(run, {"val": {0: 1.0}})
    (run / "metrics.json").write_text('{"val": {"steps": [0, 1], "values": [1]}}')
    with pytest.raises(
        RunError, match=r"metrics.json: not a metrics file .*; remove it, and import the metrics again"
    ):
        _ = reelnet.open(run).metrics


def test_replacing_a_run_removes_imported_metrics(run: Path) -> None:
    reelnet.add_metrics(run, {"val": {0: 1.0}})
    arrays = small()
    made = reelnet.write_run(
        run, steps=[0, 1, 10], samples=arrays["samples"], taps={"a": arrays["taps/half"]}, force=True
    )
    assert list(made.metrics) == []


def test_what_is_not_used_or_replaced_is_reported(run: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("step,val,late\n0,3,\n?,2,\n10,inf,\n3,,1\n")
    second.write_text("step,val\n1,2\n")
    result = call("metrics", run, first, second)
    assert result.stdout == "val: 2 of 3 steps\nlate: 0 of 3 steps\nval: 1 of 3 steps\n"
    assert result.stderr == (
        f"{first}: skipped 1 step, the run has not recorded step 3\n"
        f"{first}: skipped 1 row without a step; the first is line 3 ('?')\n"
        f"{second}: replaced what was added before: val\n"
    )
    np.testing.assert_array_equal(reelnet.open(run).metrics["val"], [np.nan, 2, np.nan])
    reelnet.add_metrics(run, first)
    np.testing.assert_array_equal(reelnet.open(run).metrics["val"], [3, np.nan, np.inf])
    with pytest.raises(ReelnetError, match=r"step 1\.5 is not an integer"):
        reelnet.add_metrics(run, {"val": {1.5: 1.0}})  # type: ignore[dict-item]
    with pytest.raises(ReelnetError, match="'x' is not a step"):
        reelnet.add_metrics(run, {"val": {"x": 1.0}})  # type: ignore[dict-item]
