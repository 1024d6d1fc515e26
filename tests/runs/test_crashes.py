"""Processes killed at fifty random moments, also while packing, lose no committed step."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from reelnet.reel import Run
from reelnet.runs.format.log import LogReader
from reelnet.runs.header import read_header
from reelnet.runs.verify import verify_run
from tests.runs.steps import arrays, snapshot, writer
from tests.runs.test_killed_recording import RECORDER

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

WRITER = """
import sys, os
from tests.runs.steps import snapshot, writer
opened = writer(sys.argv[1], steps_each=4, resume=int(sys.argv[2]) if sys.argv[2] != "new" else None)
for step in range(len(opened.steps), 100_000):
    opened.commit(snapshot(step))
    # Every step that is printed is committed.
    os.write(1, b"%d\\n" % step)
"""

KILLS = 45
"""How often the writer is killed and resumed."""


def start(code: str, *words: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code, *map(str, words)], stdout=subprocess.PIPE)


def kill_after(process: subprocess.Popen[bytes], seconds: float) -> int:
    """Kill a writer some time after its first commit; returns the last step that it printed."""
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().splitlines(keepends=True)
    assert process.wait(30) == -signal.SIGKILL
    printed = [first, *(line for line in rest if line.endswith(b"\n"))]
    return int(printed[-1])


def was_packing(path: Path, run: Run) -> bool:
    """Whether a segment was not yet committed, or the files of its steps not yet removed."""
    locations = LogReader(run.store, read_header(run.store)).log.steps
    named = {place[0].file if isinstance(place, tuple) else place.file for place in locations.values()}
    there = [each.relative_to(path).as_posix() for each in path.glob("s*/*")]
    packed = {
        f"steps/{step:08d}.safetensors" for step, place in locations.items() if isinstance(place, tuple)
    }
    return any("segments/" in name and name not in named for name in there) or bool(packed & set(there))


@pytest.mark.slow
def test_repeatedly_killed_writer_loses_nothing(tmp_path: Path) -> None:
    path, rng = tmp_path / "run", random.Random(5)
    last, packing = -1, 0
    # Each process resumes where the previous one was killed, so it finds unfinished packings in every state.
    for _ in range(KILLS):
        last = kill_after(start(WRITER, path, last if last >= 0 else "new"), rng.uniform(0, 0.04))
        run = Run(path)
        # At most the step that was being written is lost; it may have been committed without being printed.
        assert run.steps in (list(range(last + 1)), list(range(last + 2)))
        last = run.steps[-1]
        packing += was_packing(path, run)
        for step in random.Random(last).sample(run.steps, min(4, len(run.steps))):
            np.testing.assert_array_equal(run.snapshot(step).taps["b"], arrays(step)["b"])
    assert packing
    run = Run(path)
    for name in run.taps:
        np.testing.assert_array_equal(run.read(name), np.stack([arrays(step)[name] for step in run.steps]))
    assert len(list((path / "segments").iterdir())) > 3
    assert len(run.reel(layer="conv1").frame(run.steps[-1]).tobytes()) > 0
    with writer(path, resume=last) as again:
        again.commit(snapshot(last + 1))
    # The last kill may have left a file whose line is lost; the resumed recording replaced it.
    assert verify_run(path).is_intact
    assert not list(path.rglob(".*.tmp"))


SEGMENTED = RECORDER.replace(
    "with Recorder(",
    "class SegmentedRecorder(Recorder):\n    segment_bytes = 300_000\n\nwith SegmentedRecorder(",
)


def segments(path: Path) -> list[Path]:
    """The segment files of a run, whose folder may not exist."""
    try:
        return [*(path / "segments").glob("*.safetensors")]
    except FileNotFoundError:
        return []


@pytest.mark.parametrize("seed", range(5))
def test_run_of_killed_recorder_opens_and_renders(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "run"
    process = start(SEGMENTED, path)
    end = time.monotonic() + 60
    while not segments(path):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.002)
    time.sleep(random.Random(seed).uniform(0, 0.2))
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    health = verify_run(path)
    # A kill between the file of the last step and its line leaves a file that `repair` restores.
    if not health.is_intact:
        (problem,) = health.log_problems
        assert "its log line is lost, restored from the file" in problem
        assert not health.damaged_steps
    run = Run(path)
    assert run.steps == list(range(len(run.steps)))
    assert len(run.reel().frame(run.steps[-1]).tobytes()) > 0


def test_writer_does_not_import_heavy_packages() -> None:
    code = "import sys; import reelnet.runs.writer; assert not {'torch', 'fsspec', 'av'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)
