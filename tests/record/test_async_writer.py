"""Writing in the background: in order, from a bounded queue, with a log message when the training waits."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from reelnet.errors import ReelnetError
from reelnet.record.async_writer import BackgroundWorker
from reelnet.record.recorder import Recorder
from reelnet.reel import Run


def test_jobs_run_in_order_and_all_before_the_end(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []
    worker = BackgroundWorker("here")
    for number in range(100):
        worker.put(lambda number=number: done.append(number), 1)  # type: ignore[misc]
    worker.close()
    assert done == list(range(100))
    assert not caplog.messages


def test_queued_bytes_are_bounded_and_waiting_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    held, peak = 0, 0

    def job() -> None:
        nonlocal held
        time.sleep(0.01)
        held -= 10

    worker = BackgroundWorker("here", max_queued_bytes=30)
    for _ in range(10):
        worker.put(job, 10)
        held += 10
        peak = max(peak, held)
    worker.close()
    assert held == 0
    # A job may be through before it has left the queue.
    assert peak <= 30
    first, last = caplog.messages
    assert first == "here: the disk is slower than the training, which waits for it"
    assert last.startswith("here: training waited 0.")
    assert last.endswith(" s for the disk in total")


def test_a_job_larger_than_the_queue_runs_alone() -> None:
    worker, done = BackgroundWorker("here", max_queued_bytes=10), []
    for number in range(3):
        worker.put(lambda number=number: done.append(number), 100)  # type: ignore[misc]
    worker.close()
    assert done == [0, 1, 2]


def test_a_bug_in_a_job_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    worker, done = BackgroundWorker("here"), []
    worker.put(lambda: 1 / 0, 0)  # type: ignore[arg-type]
    worker.put(lambda: done.append(1), 0)
    worker.flush()
    assert done == [1]
    assert "here: writing failed" in caplog.text
    worker.close()
    worker.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
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


def test_an_error_in_the_background_is_raised_at_the_next_step(tmp_path: Path) -> None:
    model, samples = nn.Sequential(nn.Conv2d(1, 2, 3)), torch.rand(2, 1, 6, 6)
    steps, away = tmp_path / "run" / "steps", tmp_path / "away"
    with Recorder(tmp_path / "run", model, samples=samples, on_error="raise") as recorder:
        recorder.step()
        recorder.flush()
        steps.rename(away)
        with pytest.raises(ReelnetError, match="cannot write step 2"):
            step_and_flush(recorder)
        away.rename(steps)
        recorder.step()
    assert Run(tmp_path / "run").steps == [0, 1, 3]


def test_an_error_in_writing_the_last_step_is_raised_on_leaving(tmp_path: Path) -> None:
    model, samples = nn.Sequential(nn.Conv2d(1, 2, 3)), torch.rand(2, 1, 6, 6)
    steps, away = tmp_path / "run" / "steps", tmp_path / "away"
    recorder = Recorder(tmp_path / "run", model, samples=samples, on_error="raise")
    recorder.__enter__()
    recorder.step()
    recorder.flush()
    steps.rename(away)
    with pytest.raises(ReelnetError, match="cannot write step 2"):
        step_and_leave(recorder)
    away.rename(steps)
    assert Run(tmp_path / "run").steps == [0, 1]


def step_and_flush(recorder: Recorder) -> None:
    recorder.step()
    recorder.flush()


def step_and_leave(recorder: Recorder) -> None:
    recorder.step()
    recorder.__exit__(None, None, None)


def test_training_does_not_wait_for_the_disk() -> None:
    fsspec = pytest.importorskip("fsspec")
    gate = threading.Event()

    class GatedFileSystem(fsspec.get_filesystem_class("memory")):  # type: ignore[misc]
        """Keeps files in memory, and writes no step but the first before the gate opens."""

        protocol = "gated"
        store: ClassVar[dict[str, Any]] = {}
        pseudo_dirs: ClassVar[list[str]] = [""]

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return str(super()._strip_protocol(path.replace("gated://", "memory://")))

        def makedirs(self, path: str, exist_ok: bool = False) -> None:
            """Do nothing, as in an object store."""

        def pipe_file(self, path: str, value: bytes, **options: Any) -> None:
            assert "/steps/" not in path or path.endswith("00000000.safetensors") or gate.wait(30)
            super().pipe_file(path, value, **options)

    fsspec.register_implementation("gated", GatedFileSystem, clobber=True)
    model = nn.Sequential(layer := nn.Conv2d(1, 2, 3))
    samples = torch.rand(2, 1, 6, 6)
    with Recorder("gated://run", model, samples=samples, taps=["0", "0.weight"]) as recorder:
        with torch.no_grad():
            for step in range(1, 4):
                layer.weight.fill_(step)
                recorder.step()
            layer.weight.fill_(-1)
        assert Run("gated://run").steps == [0]
        gate.set()
    run = Run("gated://run")
    # A waiting snapshot stays as it was at its step, though the weights have changed since.
    np.testing.assert_array_equal(run.read("0.weight")[1:, 0, 0, 0, 0], [1, 2, 3])
