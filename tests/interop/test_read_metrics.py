"""Reading metrics that other tools have logged."""

import json
import sys
from pathlib import Path

import pytest

from reelnet.errors import ReelnetError, UsageError
from reelnet.interop.metrics import read_metrics


@pytest.mark.parametrize("column", ["step", "Step", "global_step", "_step"])
def test_csv(tmp_path: Path, column: str) -> None:
    file = tmp_path / "log.csv"
    file.write_text(f"epoch,{column},loss,note\n0,1,0.5,warm\n0,2,,cold\n1,3,nan,\n1,4,0.25,end\n")
    found = read_metrics(file)
    assert found["loss"] == {1: 0.5, 4: 0.25}
    assert found["epoch"] == {1: 0, 2: 0, 3: 1, 4: 1}
    assert set(found) == {"epoch", "loss"}


def test_step_column_option(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("batches,loss\n10,0.5\n20,0.4\n")
    assert read_metrics(file, "batches") == {"loss": {10: 0.5, 20: 0.4}}
    with pytest.raises(
        UsageError, match=r"no column with steps; the columns are batches, loss.*--step-column"
    ):
        read_metrics(file)
    with pytest.raises(UsageError, match="no column 'n'"):
        read_metrics(file, "n")


def test_csv_of_tensorboards_web_page(tmp_path: Path) -> None:
    file = tmp_path / "train_loss.csv"
    file.write_text("Wall time,Step,Value\n1700000000.1,5,0.75\n1700000001.1,6,0.5\n")
    assert read_metrics(file) == {"train_loss": {5: 0.75, 6: 0.5}}


def test_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text(
        '{"step": 1, "loss": 2}\n\n{"step": 2, "loss": 1.5, "text": "x", "ok": true}\n{"note": "no step"}\n'
    )
    assert read_metrics(file) == {"loss": {1: 2.0, 2: 1.5}, "ok": {2: 1.0}}


def test_trainer_state_of_transformers(tmp_path: Path) -> None:
    file = tmp_path / "trainer_state.json"
    file.write_text(json.dumps({"log_history": [{"step": 5, "loss": 1.0}, {"step": 5, "eval_loss": 2.0}]}))
    assert read_metrics(file) == {"loss": {5: 1.0}, "eval_loss": {5: 2.0}}


@pytest.mark.parametrize("folder", [True, False])
def test_tensorboard_files(tmp_path: Path, folder: bool) -> None:
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(tmp_path))
    for step in range(12000):
        writer.add_scalar("train/loss", 1 / (step + 1), step)
    writer.close()
    found = read_metrics(tmp_path if folder else next(tmp_path.glob("*tfevents*")))
    assert list(found) == ["train/loss"]
    assert list(found["train/loss"]) == list(range(12000))
    assert found["train/loss"][3] == 0.25


def test_tensorboard_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tensorboard", "tensorboard.backend.event_processing.event_accumulator"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ReelnetError, match=r"pip install 'reelnet\[tensorboard\]'"):
        read_metrics(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.xlsx", b"", "metrics are read from .csv"),
        ("a.csv", b"", "no metrics found"),
        ("a.csv", b"step,loss\n1.5,2\n", r"a.csv:2: step 1.5 is not an integer"),
        ("a.csv", b"step,loss\n-1,2\n", r"a.csv:2: step -1 is not an integer"),
        ("a.csv", b"step,loss\n1,\xff\n", "UTF-8"),
        ("a.jsonl", b'{"step": 1, "loss": 2}\n{"step": \n', r"a.jsonl:2: not JSON"),
        ("a.jsonl", b"[1]\n", r"a.jsonl:1: \[1\] is not an object"),
        ("a.json", b'{"a": 1}', "not a list of objects"),
        ("a.json", b"{", "not JSON"),
    ],
)
def test_invalid_files(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReelnetError, match=expected) as caught:
        read_metrics(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ReelnetError, match="no such file"):
        read_metrics(tmp_path / "no.csv")
