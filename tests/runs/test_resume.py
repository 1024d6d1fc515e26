"""A run that is still being recorded: refreshed by a reader, and resumed after a restart."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from reelnet.errors import ReelnetError, RunError, UsageError
from reelnet.record.recorder import Recorder
from reelnet.reel import Run
from reelnet.runs.storage.local import LocalStore
from reelnet.runs.storage.protocol import LogTail
from reelnet.runs.writer import RunWriter
from tests.runs.steps import EACH, INFOS, arrays, check_run, snapshot, writer


def test_new_steps_appear_only_after_refresh(tmp_path: Path) -> None:
    opened = writer(tmp_path / "run", steps_each=10)
    opened.commit(snapshot(0))
    run = Run(tmp_path / "run")
    seen = [0]
    for step in range(1, 36):
        opened.commit(snapshot(step))
        assert run.steps == seen
        # Steps that were packed meanwhile are found in their segment.
        np.testing.assert_array_equal(run.read("conv1"), np.stack([arrays(s)["conv1"] for s in seen]))
        if step % 7 == 0:
            assert run.refresh() == list(range(seen[-1] + 1, step + 1))
            seen = list(range(step + 1))
            check_run(run, seen)
    opened.mark_missing(36, "no more")
    opened.drop([1, 2])
    assert run.refresh() == []
    assert (run.steps[:2], dict(run.missing)) == ([0, 3], {36: "no more"})
    opened.close()
    assert run.refresh() == []
    assert run.read("b").shape[0] == 34


def test_refresh_reads_only_new_lines(tmp_path: Path) -> None:
    opened = writer(tmp_path / "run", steps_each=1000)
    for step in range(20):
        opened.commit(snapshot(step))
    lines_read = []

    class CountingStore(LocalStore):
        def read_log(self, position: object) -> LogTail:
            tail = super().read_log(position)
            lines_read.append(tail.lines.count(b"\n"))
            return tail

    run = Run(CountingStore(tmp_path / "run"))
    run.refresh()
    opened.commit(snapshot(20))
    run.refresh()
    with (tmp_path / "run" / "log.jsonl").open("ab") as log:
        log.write(b'{"step": 21, "half')
    run.refresh()
    assert lines_read == [20, 0, 1, 0]
    assert run.steps == list(range(21))


def network() -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(1, 2, 3)


def record(path: Path, steps: int, **more: object) -> None:
    model = nn.Sequential(layer := network())
    with Recorder(path, model, samples=torch.ones(2, 1, 6, 6), **more) as recorder:  # type: ignore[arg-type]
        for _ in range(steps):
            with torch.no_grad():
                layer.weight += 1
            recorder.step(loss=0.5)


def test_recording_resumes_from_a_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "run"
    record(path, 50)
    before = Run(path).read("0")
    record(path, 3, resume=20)
    run = Run(path)
    assert run.steps == list(range(24))
    np.testing.assert_array_equal(run.read("0")[:21], before[:21])
    # The network starts again, so its first step replaces step 21.
    np.testing.assert_array_equal(run.read("0")[21:], before[1:4])
    record(path, 2, resume=True)
    assert Run(path).steps == list(range(26))
    record(path, 2, resume=100)
    assert Run(path).steps == [*range(26), 101, 102]
    assert not list(path.rglob(".*.tmp"))
    assert len(list((path / "steps").iterdir())) + len(list((path / "segments").iterdir())) <= 28


def test_resuming_after_a_gap_logs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "run"
    record(path, 7)
    record(path, 1, resume=7)
    record(path, 2, resume=True)
    assert not caplog.records
    record(path, 1, resume=100)
    assert caplog.messages == [
        f"{path}: resumed after step 100, but the run ends at step 10; the steps between are not recorded"
    ]
    caplog.clear()
    # Of every fourth step there is none between.
    record(path, 9, every=4, force=True)
    record(path, 3, every=4, resume=11)
    assert (Run(path).steps, caplog.messages) == ([0, 4, 8, 12], [])


def test_resume_true_starts_a_new_run_if_there_is_none(tmp_path: Path) -> None:
    record(tmp_path / "run", 2, resume=True)
    assert Run(tmp_path / "run").steps == [0, 1, 2]


def test_resumed_recording_stays_evenly_thinned(tmp_path: Path) -> None:
    path = tmp_path / "run"
    record(path, 60, max_bytes="30kB")
    kept = Run(path).steps
    stride = kept[1]
    assert stride > 1
    record(path, 20, max_bytes="30kB", resume=True)
    steps = np.diff(Run(path).steps[:-1])
    assert set(steps) == {steps[0]}
    assert Run(path).nbytes <= 30_000


def test_mismatched_resume_is_refused_and_keeps_the_run(tmp_path: Path) -> None:
    path = tmp_path / "run"
    record(path, 3)
    samples = torch.ones(2, 1, 6, 6)
    for form, expected in [
        ({"samples": torch.zeros(2, 1, 6, 6)}, "the samples are different"),
        ({"samples": torch.ones(3, 1, 6, 6)}, r"layer '0' gives float32 \(3, 2, 4, 4\), but the run holds"),
        ({"samples": samples, "dtype": "float16"}, "layer '0' gives float16"),
        ({"samples": samples, "taps": ["0", "0.bias"]}, "layer '0.bias' was not recorded before"),
        ({"samples": samples, "channels": 1}, "layer '0' gives"),
    ]:
        with (
            pytest.raises(UsageError, match=f"cannot resume this run: {expected}"),
            Recorder(path, nn.Sequential(network()), resume=1, **form),  # type: ignore[arg-type]
        ):
            pass
    assert Run(path).steps == [0, 1, 2, 3]
    with pytest.raises(UsageError, match="no run to resume"):
        record(tmp_path / "none", 1, resume=5)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("mine")
    for resume in (5, True):
        with pytest.raises(
            UsageError, match="exists and is not a run, so there is nothing to resume; choose"
        ):
            record(tmp_path / "other", 1, resume=resume)
    with pytest.raises(UsageError, match="resume=-1: give the step of the checkpoint"):
        record(path, 1, resume=-1)
    assert not (tmp_path / "none").exists()


def test_failed_resume_keeps_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run"
    record(path, 3)
    with pytest.raises(UsageError, match="max_bytes"):
        record(path, 1, resume=2, max_bytes="12kB")
    assert Run(path).steps == [0, 1, 2]

    def broken(*_: object, **__: object) -> None:
        raise ReelnetError("no")

    monkeypatch.setattr(RunWriter, "commit", broken)
    record(path, 1, resume=2)
    assert Run(path).steps == [0, 1, 2]


def test_time_goes_on_when_a_recording_is_resumed(tmp_path: Path) -> None:
    with writer(tmp_path / "run", steps_each=4) as opened:
        for step in range(6):
            opened.commit(snapshot(step))
            time.sleep(0.01)
    before = Run(tmp_path / "run").elapsed
    assert (np.diff(before) >= 0.009).all()
    assert before[0] < 5
    time.sleep(1)
    with writer(tmp_path / "run", steps_each=4, resume=3) as again:
        for step in range(4, 9):
            time.sleep(0.01)
            again.commit(snapshot(step))
    after = Run(tmp_path / "run").elapsed
    np.testing.assert_array_equal(after[:4], before[:4])
    # The pause does not count, and the steps that were recorded again have new times.
    assert before[3] < after[4] < before[3] + 1
    assert (np.diff(after[3:]) >= 0.009).all()


def test_layers_in_another_order_can_be_resumed(tmp_path: Path) -> None:
    with writer(tmp_path / "run", steps_each=4) as opened:
        for step in range(6):
            opened.commit(snapshot(step))
    with RunWriter(
        tmp_path / "run",
        taps=dict(reversed(INFOS.items())),
        inputs=np.zeros((3, 1, 4, 4), np.float32),
        pictures=np.zeros((3, 4, 4), np.uint8),
        segment_bytes=4 * EACH,
        resume=5,
    ) as again:
        for step in range(6, 12):
            again.commit(snapshot(step))
    check_run(Run(tmp_path / "run"), list(range(12)))


@pytest.mark.parametrize("resume", [True, 2])
def test_resuming_a_run_with_a_damaged_header_names_the_damage(tmp_path: Path, resume: bool) -> None:
    path = tmp_path / "run"
    record(path, 3)
    header = (path / "run.json").read_bytes()
    for damaged, reason in (
        (header[: len(header) // 2], "not JSON"),
        (header.replace(b"taps", b"tabs"), "altered"),
        (b"", "not JSON"),
    ):
        (path / "run.json").write_bytes(damaged)
        before = sorted(file.name for file in path.rglob("*"))
        with pytest.raises(RunError, match=rf"run\.json: not a run header \({reason}.*restore the file"):
            record(path, 1, resume=resume)
        assert sorted(file.name for file in path.rglob("*")) == before
