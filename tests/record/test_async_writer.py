"""Writing in the background of the training: in order, in a bounded queue, with a log message when training waits."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from reelnet.errors import ReelnetError
from reelnet.record.async_writer import BackgroundWorker
from reelnet.record.recorder import Recorder
from reelnet.reel import Run
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter


def test_jobs_are_done_in_order_and_all_before_the_end(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []
    worker = BackgroundWorker("here")
    for number in range(100):
        worker.put(lambda number=number: done.append(number), 1)  # type: ignore[misc]
    worker.close()
    assert done == list(range(100))
    assert not caplog.messages


def test_what_waits_is_bounded_and_that_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    held, most = 0, 0

    def job() -> None:
        nonlocal held
        time.sleep(0.01)
        held -= 10

    worker = BackgroundWorker("here", max_queued_bytes=30)
    for _ in range(10):
        worker.put(job, 10)
        held += 10
        most = max(most, held)
    worker.close()
    assert held == 0
    # A job may be through before it has left the queue.
    assert most <= 30
    first, last = caplog.messages
    assert first == "here: the disk is slower than the training, which waits for it"
    assert last.startswith("here: training waited 0.")
    assert last.endswith(" s for the disk in total")


def test_a_job_larger_than_the_room_is_done_alone() -> None:
    worker, done = BackgroundWorker("here", max_queued_bytes=10), []
    for number in range(3):
        worker.put(lambda number=number: done.append(number), 100)  # type: ignore[misc]
    worker.close()
    assert done == [0, 1, 2]


def test_a_defect_in_a_job_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    worker, done = BackgroundWorker("here"), []
    worker.put(lambda: 1 / 0, 0)  # type: ignore[arg-type]
    worker.put(lambda: done.append(1), 0)
    worker.flush()
    assert done == [1]
    assert "here: writing failed" in caplog.text
    worker.close()
    worker.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_neither_records_nor_hangs_nor_ends_the_recording(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3))
    with Recorder(tmp_path / "run", model, samples=torch.rand(2, 1, 6, 6), on_error="raise") as recorder:
        recorder.step()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                recorder.flush()
                with pytest.raises(ReelnetError, match="a forked process cannot record"):
                    recorder.step()
                recorder.__exit__(None, None, None)
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        recorder.step()
    assert Run(tmp_path / "run").steps == [0, 1, 2]


def test_an_error_behind_the_training_is_raised_at_the_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = RunWriter.commit

    def failing(self: RunWriter, snapshot: Snapshot) -> None:
        if snapshot.step == 2:
            raise ReelnetError("step 2 is lost")
        commit(self, snapshot)

    monkeypatch.setattr(RunWriter, "commit", failing)
    model = nn.Sequential(nn.Conv2d(1, 2, 3))
    with Recorder(tmp_path / "run", model, samples=torch.rand(2, 1, 6, 6), on_error="raise") as recorder:
        recorder.step()
        with pytest.raises(ReelnetError, match="step 2 is lost"):
            step_and_flush(recorder)
        recorder.step()
    assert Run(tmp_path / "run").steps == [0, 1, 3]
    recorder = Recorder(tmp_path / "last", model, samples=torch.rand(2, 1, 6, 6), on_error="raise")
    monkeypatch.setattr(RunWriter, "commit", commit)
    recorder.__enter__()
    recorder.step()
    recorder.flush()
    monkeypatch.setattr(RunWriter, "commit", failing)
    with pytest.raises(ReelnetError, match="step 2 is lost"):
        step_and_leave(recorder)
    assert Run(tmp_path / "last").steps == [0, 1]


def step_and_flush(recorder: Recorder) -> None:
    recorder.step()
    recorder.flush()


def step_and_leave(recorder: Recorder) -> None:
    recorder.step()
    recorder.__exit__(None, None, None)


def test_the_training_does_not_wait_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, commit = threading.Event(), RunWriter.commit

    def held_up(self: RunWriter, snapshot: Snapshot) -> None:
        if snapshot.step:
            assert gate.wait(30)
        commit(self, snapshot)

    monkeypatch.setattr(RunWriter, "commit", held_up)
    model = nn.Sequential(layer := nn.Conv2d(1, 2, 3))
    samples = torch.rand(2, 1, 6, 6)
    with Recorder(tmp_path / "run", model, samples=samples, taps=["0", "0.weight"]) as recorder:
        with torch.no_grad():
            for step in range(1, 4):
                layer.weight.fill_(step)
                recorder.step()
            layer.weight.fill_(-1)
        gate.set()
    run = Run(tmp_path / "run")
    # What waits is as it was at its step, though the weights have moved on.
    np.testing.assert_array_equal(run.read("0.weight")[1:, 0, 0, 0, 0], [1, 2, 3])
