"""Threads may share a recorder or a model: no step is lost, and the model is never left in eval mode."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

import reelnet
from reelnet.errors import ReelnetError
from reelnet.record.recorder import Recorder
from tests.record.cases import pictures
from tests.record.probe.test_zoo import hooks

STEPS, THREADS = 8, 4


class Slow(nn.Module):
    """Takes long enough for another thread to come in between."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.rest = nn.Dropout()

    def forward(self, x: Tensor) -> Tensor:
        found = self.conv(x)
        time.sleep(0.001)
        return cast(Tensor, self.rest(found))


def run_in_threads(*work: Callable[[], None]) -> list[BaseException]:
    """Run functions at the same time; return what they raised."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(len(work))

    def run(function: Callable[[], None]) -> None:
        barrier.wait()
        try:
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return errors


def test_no_step_is_lost_when_threads_share_a_recorder(tmp_path: Path) -> None:
    model = Slow()
    before = torch.get_rng_state()

    def record() -> None:
        for _ in range(STEPS):
            recorder.step(loss=1)

    with Recorder(tmp_path / "run", model, samples=pictures(), on_error="raise") as recorder:
        assert run_in_threads(*[record] * THREADS) == []
    assert reelnet.open(tmp_path / "run").steps == list(range(STEPS * THREADS + 1))
    assert all(module.training for module in model.modules())
    assert hooks(model) == 0
    assert torch.equal(torch.get_rng_state(), before)


def test_recorders_in_threads_can_share_a_model(tmp_path: Path) -> None:
    model = Slow()
    before = torch.get_rng_state()

    def record(path: Path) -> None:
        with Recorder(path, model, samples=pictures(), on_error="raise") as recorder:
            for _ in range(STEPS):
                recorder.step()

    paths = [tmp_path / str(number) for number in range(THREADS)]
    assert run_in_threads(*[lambda path=path: record(path) for path in paths]) == []
    assert all(module.training for module in model.modules())
    assert hooks(model) == 0
    assert torch.equal(torch.get_rng_state(), before)
    for path in paths:
        assert reelnet.open(path).steps == list(range(STEPS + 1))


def test_a_recorder_that_is_closed_by_another_thread(tmp_path: Path) -> None:
    model = Slow()
    recorder = Recorder(tmp_path / "run", model, samples=pictures(), on_error="raise").__enter__()
    taken = []

    def record() -> None:
        for _ in range(50):
            recorder.step()
            taken.append(1)

    def close() -> None:
        while len(taken) < 2:
            time.sleep(0.001)
        recorder.__exit__(None, None, None)

    errors = run_in_threads(record, close)
    assert [str(error).partition(";")[0] for error in errors] == ["the recorder is closed"]
    assert reelnet.open(tmp_path / "run").steps == list(range(len(taken) + 1))
    assert all(module.training for module in model.modules())


def test_a_model_that_calls_step(tmp_path: Path) -> None:
    class Recording(Slow):
        recorder: Any = None

        def forward(self, x: Tensor) -> Tensor:
            if self.recorder is not None:
                self.recorder.step()
            return super().forward(x)

    model = Recording()
    with Recorder(tmp_path / "run", model, samples=pictures(), on_error="raise") as recorder:
        model.recorder = recorder
        with pytest.raises(ReelnetError, match=r"the model calls .* while the samples run through it"):
            recorder.step()
        model.recorder = None
        recorder.step()
    assert reelnet.open(tmp_path / "run").steps == [0, 1]
