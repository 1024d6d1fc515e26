"""The next save removes what killed processes left behind, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from reelnet._support.atomic_path import MIN_LEFTOVER_AGE
from reelnet.reel import Run
from tests.make_run import noise, write_run

DAY = 86_400

KILLED_SAVE = """
import os, signal, sys
import reelnet
def kill(done, every):
    if done == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
reelnet.open(sys.argv[1]).reel().save(sys.argv[2], progress=kill, max_size=int(sys.argv[4]) or None)
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return write_run(tmp_path / "run", noise(70, 2, 2, 7), metrics={"loss": np.linspace(3, 1, 70).tolist()})


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def make_old(folder: Path) -> None:
    """Set the time of the last write of every hidden file to a day ago."""
    for path in folder.rglob("*"):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            os.utime(path, (time.time() - DAY,) * 2)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize(
    ("name", "cap"), [("a.gif", 0), ("a.mp4", 0), ("a-%05d.png", 0), ("a.gif", 200_000), ("a.webp", 200_000)]
)
def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path, run: Run, name: str, cap: int) -> None:
    out = tmp_path / "out"
    out.mkdir()
    command = [
        sys.executable,
        "-c",
        KILLED_SAVE,
        str(run.path),
        str(out / name),
        "1" if cap else "70",
        str(cap),
    ]
    done = subprocess.run(command, check=False)
    assert done.returncode == -signal.SIGKILL
    left = names(out)
    assert left
    assert all(each.startswith(".a") for each in left)
    run.reel().save(out / name)
    assert set(left) < set(names(out)), "too young: a process of another machine may still write it"
    make_old(out)
    run.reel().save(out / name)
    assert not [each for each in names(out) if each.startswith(".")]


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be asked there")
def test_other_files_stay(tmp_path: Path, run: Run) -> None:
    out, dead = tmp_path / "out", _start_and_end_process()
    out.mkdir()
    others = [
        f".a.reelnet-{os.getppid()}-0123abcd.gif",
        f".b.reelnet-{dead}-0123abcd.gif",
        f"a.reelnet-{dead}-0123abcd.gif",
        f".a.b.reelnet-{dead}-0123abcd.gif",
        f".a.{dead}.gif",
        f".a.{dead}.notes.txt",
        ".a.gif",
    ]
    for each in others:
        (out / each).write_bytes(b"someone's")
        os.utime(out / each, (time.time() - DAY,) * 2)
    scrap = out / f".a.reelnet-{dead}-89abcdef.gif"
    scrap.write_bytes(b"a scrap")
    os.utime(scrap, (time.time() - MIN_LEFTOVER_AGE - 60,) * 2)
    run.reel().save(out / "a.gif")
    assert names(out) == sorted([*others, "a.gif"])


def _start_and_end_process() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid
