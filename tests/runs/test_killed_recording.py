"""Recordings that are killed, interrupted or run out of disk space keep every committed step."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from reelnet.reel import Run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX")

WRITER = """
import sys
from pathlib import Path
import numpy as np
from reelnet.errors import ReelnetError
from reelnet.runs.header import TapInfo
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter

shape = (10, 16, SIDE, SIDE)
path = Path(sys.argv[1])
grid = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
form = dict(taps={"conv1": TapInfo(shape, "float32")}, inputs=np.zeros((10, 1, 4, 4), np.float32),
            pictures=np.zeros((10, 4, 4), np.uint8))
def snapshot(step):
    return Snapshot(step, {"conv1": grid + step}, {"loss": step / 7})
"""

ENDLESS = """
writer = RunWriter(path, **form)
for step in range(1_000_000):
    writer.commit(snapshot(step))
"""

RECORDER = """
import sys, torch
from torch import nn
from reelnet.record.recorder import Recorder

torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(inplace=True), nn.Conv2d(16, 16, 3))
with Recorder(sys.argv[1], model, samples=torch.rand(10, 1, 16, 16)) as recorder:
    for step in range(1_000_000):
        recorder.step(loss=step)
"""


def script(body: str, side: int = 12) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(WRITER).replace("SIDE", str(side)) + textwrap.dedent(body)]


def stop_while_it_records(
    command: list[str], path: Path, sign: signal.Signals, pause: float, least: int = 1
) -> int:
    """Start a recording, send it a signal some time after the first steps, and give its return code."""
    process = subprocess.Popen([*command, str(path)], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        log = path / "log.jsonl"
        while not (log.exists() and log.read_bytes().count(b"\n") >= least):
            assert process.poll() is None, "the recording ended by itself"
            assert time.monotonic() < end, "the recording does not begin"
            time.sleep(0.001)
        time.sleep(pause)
        process.send_signal(sign)
        return process.wait(30)
    finally:
        process.kill()
        process.wait()


def check(path: Path) -> Run:
    """Every committed step of `WRITER` is there with its values, and no committed step is missing."""
    run = Run(path)
    assert run.steps == list(range(len(run.steps)))
    grid = np.arange(np.prod(run.taps["conv1"].shape), dtype=np.float32).reshape(run.taps["conv1"].shape)
    for step in run.steps:
        np.testing.assert_array_equal(run.read("conv1", step)[0], grid + np.float32(step))
    if run.steps:
        np.testing.assert_array_equal(run.metrics["loss"], np.array(run.steps) / 7)
    assert run.samples.shape == (10, 4, 4)
    # At most the step that was being written is on disk beyond the log.
    assert len(list((path / "steps").glob("*.safetensors"))) - len(run.steps) in (0, 1)
    return run


@pytest.mark.parametrize("seed", range(8))
def test_killed_recording_keeps_every_committed_step(seed: int, tmp_path: Path) -> None:
    pause = random.Random(seed).uniform(0, 0.1)
    code = stop_while_it_records(script(ENDLESS), tmp_path / "run", signal.SIGKILL, pause)
    assert code == -signal.SIGKILL
    assert len(check(tmp_path / "run").steps) >= 1


def test_force_replaces_a_killed_run_completely(tmp_path: Path) -> None:
    path = tmp_path / "run"
    stop_while_it_records(script(ENDLESS), path, signal.SIGKILL, 0.02)
    (path / "steps" / ".00000099.safetensors.tmp").write_bytes(b"half")
    body = "writer = RunWriter(path, force=True, **form); writer.commit(snapshot(0)); writer.close()"
    subprocess.run([*script(body), str(path)], check=True)
    assert check(path).steps == [0]
    assert sorted(file.name for file in path.rglob("*")) == [
        "00000000.safetensors",
        "log.jsonl",
        "run.json",
        "samples.safetensors",
        "segments",
        "steps",
    ]


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_run_of_stopped_recorder_opens(sign: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "run"
    code = stop_while_it_records([sys.executable, "-c", RECORDER], path, sign, 0.03, least=4)
    assert code != 0
    run = Run(path)
    assert len(run.steps) >= 4
    assert run.steps == list(range(len(run.steps)))
    for name in run.taps:
        read = run.read(name)
        assert read[-1].any()
        np.testing.assert_array_equal(read[0], read[-1])  # the weights do not change in this loop
    if sign is signal.SIGINT:
        assert not list(path.rglob(".*.tmp"))


LIMITED = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
def fails(step):
    try:
        writer.commit(snapshot(step))
    except ReelnetError as error:
        assert not isinstance(error.__cause__, AssertionError)
        print(error)
    else:
        raise SystemExit("written beyond the limit")
"""


def limited(path: Path, body: str, side: int = 12) -> list[str]:
    done = subprocess.run(
        [*script(LIMITED + textwrap.dedent(body), side), str(path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_full_disk_while_writing_a_step_file(tmp_path: Path) -> None:
    body = """
    writer = RunWriter(path, **form)
    for step in range(3): writer.commit(snapshot(step))
    limit(20_000)
    fails(3)
    limit(resource.RLIM_INFINITY)
    writer.commit(snapshot(3))
    """
    lines = limited(tmp_path / "run", body)
    assert len(lines) == 1
    assert "cannot write step 3 (File too large); the 3 steps before it are safe" in lines[0]
    assert check(tmp_path / "run").steps == [0, 1, 2, 3]
    assert not list(tmp_path.rglob("*.tmp"))


def test_full_disk_while_appending_to_the_log(tmp_path: Path) -> None:
    body = """
    writer = RunWriter(path, **form)
    for step in range(30): writer.commit(snapshot(step))
    size = (path / "log.jsonl").stat().st_size
    limit(size + 7)
    fails(30)
    assert (path / "log.jsonl").stat().st_size == size
    limit(resource.RLIM_INFINITY)
    writer.commit(snapshot(30))
    """
    lines = limited(tmp_path / "run", body, side=1)
    assert len(lines) == 1
    assert "cannot write step 30" in lines[0]
    assert "the 30 steps before it are safe" in lines[0]
    assert check(tmp_path / "run").steps == list(range(31))


def test_full_disk_at_the_header_leaves_no_folder(tmp_path: Path) -> None:
    body = """
    limit(100)
    try:
        RunWriter(path, **form)
    except ReelnetError as error:
        print(error)
    """
    lines = limited(tmp_path / "run", body)
    assert len(lines) == 1
    assert "cannot write a run here (File too large)" in lines[0]
    assert list(tmp_path.iterdir()) == []


def test_full_disk_at_the_first_step_leaves_no_folder(tmp_path: Path) -> None:
    body = """
    from torch import nn
    import torch
    from reelnet.record.recorder import Recorder
    limit(20_000)
    try:
        Recorder(path, nn.Sequential(nn.Conv2d(1, 64, 1)), samples=torch.rand(2, 1, 16, 16)).__enter__()
    except ReelnetError as error:
        print(error)
    """
    lines = limited(tmp_path / "run", body)
    assert len(lines) == 1
    assert "cannot write step 0" in lines[0]
    assert list(tmp_path.iterdir()) == []
