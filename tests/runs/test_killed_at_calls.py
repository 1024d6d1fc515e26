"""Processes killed at a call that changes a file leave a run that is whole, and that can be continued."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from reelnet.reel import Run
from reelnet.runs import recovery, verify
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.verify import repair_run, verify_run
from tests.runs.steps import SHAPES, writer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")

AUDITED = ("os.rename", "os.remove", "os.rmdir", "os.mkdir")


def snapshot(step: int, training: int) -> Snapshot:
    arrays: dict[str, Any] = {
        "conv1": np.full(SHAPES["conv1"], training, np.float32),
        "b": np.full(SHAPES["b"], step, np.float64),
        "flags": np.zeros(SHAPES["flags"], np.bool_),
    }
    return Snapshot(step, arrays, {"loss": float(training)})


def record(path: Path, steps: range, training: int, **more: object) -> None:
    with writer(path, steps_each=4, **more) as opened:
        for step in steps:
            opened.commit(snapshot(step, training))


def trainings(path: Path) -> dict[int, int]:
    """Which training each step of a run is from."""
    run = Run(path)
    for step in run.steps:
        found = run.snapshot(step)
        assert found.taps["b"].max() == step
        assert found.metrics["loss"] == found.taps["conv1"].max()
    return {step: int(run.snapshot(step).metrics["loss"]) for step in run.steps}


def die_at_call(number: int) -> None:
    """End this process, as a kill would, at the next call but `number` that changes a file."""
    left = number

    def count() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            exit_now(137)

    def audit(event: str, words: tuple[Any, ...]) -> None:
        if event in AUDITED or (event == "open" and words[2] & (os.O_WRONLY | os.O_RDWR)):
            count()

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any) -> Any:
            count()
            return function(*words)

        return call

    sys.addaudithook(audit)
    for name in ("write", "fsync", "ftruncate"):
        setattr(os, name, counted(getattr(os, name)))


def exit_now(code: int) -> NoReturn:
    os._exit(code)


def kill_at_calls(
    path: Path, before: Path | None, action: Callable[[], object], *, every: int
) -> Iterator[None]:
    """Yield with the run as a kill at some calls left it, and once as it is without one."""
    code, number = 137, 0
    while code == 137:
        shutil.rmtree(path, ignore_errors=True)
        if before is not None:
            shutil.copytree(before, path)
        if (child := os.fork()) == 0:
            try:
                die_at_call(number)
                action()
                exit_now(0)
            finally:
                exit_now(1)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, 137)
        yield
        number += every
    assert number > 10


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (recovery, verify):
        monkeypatch.setattr(module, "COMMIT_SECONDS", 0)


def test_a_new_recording(tmp_path: Path) -> None:
    path = tmp_path / "run"
    last = 0
    for _ in kill_at_calls(path, None, lambda: record(path, range(5), 1), every=4):
        if not (path / "run.json").exists():
            # What was left does not keep anyone from recording here.
            record(path, range(1), 2)
            continue
        assert len(verify_run(path).problems()) <= 1
        repair_run(path)
        steps = list(trainings(path))
        assert steps == list(range(len(steps)))
        assert len(steps) >= last
        last = len(steps)
    assert last == 5


def test_resuming_before_the_end(tmp_path: Path) -> None:
    path, before = tmp_path / "run", tmp_path / "before"
    record(before, range(10), 1)
    states = set()
    for _ in kill_at_calls(path, before, lambda: record(path, range(6, 8), 2, resume=5), every=3):
        repair_run(path)
        assert verify_run(path).is_intact
        found = trainings(path)
        states.add((*found.values(),))
        assert list(found) == list(range(len(found)))
    # Steps of the old training after step 5 never stand beside new ones.
    assert states == {(1,) * 10, (1,) * 6, (1,) * 6 + (2,), (1,) * 6 + (2,) * 2}


def test_replacing_a_run(tmp_path: Path) -> None:
    path, before = tmp_path / "run", tmp_path / "before"
    record(before, range(6), 1)
    for _ in kill_at_calls(path, before, lambda: record(path, range(1), 2, force=True), every=3):
        record(path, range(2), 3, force=True)
        assert trainings(path) == {0: 3, 1: 3}


def test_repairing(tmp_path: Path) -> None:
    path, before = tmp_path / "run", tmp_path / "before"
    record(before, range(6), 1)
    damaged = before / "steps" / "00000005.safetensors"
    data = damaged.read_bytes()
    damaged.write_bytes(data[:-1] + b"x")
    log = (before / "log.jsonl").read_bytes()
    (before / "log.jsonl").write_bytes(log[:3] + b"x" + log[4:])
    for _ in kill_at_calls(path, before, lambda: repair_run(path), every=1):
        repair_run(path)
        assert verify_run(path).is_intact
        assert list(trainings(path)) == [0, 1, 2, 3, 4]
        # Whatever is removed for its damage is kept.
        assert (path / "damaged" / "steps-00000005.safetensors").read_bytes() == data[:-1] + b"x"
        assert (path / "damaged" / "log.jsonl").exists()
