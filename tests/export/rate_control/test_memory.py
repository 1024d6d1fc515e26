"""Frames are streamed: memory does not grow with their number."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.make_run import noise, write_run

RENDER = """
import re, sys
from pathlib import Path
import reelnet
reelnet.open(sys.argv[1]).reel("plain", density=1).save(sys.argv[2], max_size=int(sys.argv[3]) or None)
# Not ru_maxrss: it begins with what the process had that started this one.
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def peak(run: Path, file: Path, cap: int = 0) -> float:
    """Most memory, in MB, that a process needs that renders a run, under a cap if there is one."""
    done = subprocess.run(
        [sys.executable, "-c", RENDER, str(run), str(file), str(cap)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_memory_does_not_grow_with_the_frames(tmp_path: Path, suffix: str) -> None:
    # Flat maps are quick to encode; a leak of frames would be as large with them.
    few = np.zeros((60, 10, 8, 7, 7), np.float32)
    few[:, 0] = noise(60, 1, 8, 7)[:, 0]
    many = np.concatenate([few] * 10)
    write_run(tmp_path / "few", few)
    write_run(tmp_path / "many", many)
    less, more = (peak(tmp_path / name, tmp_path / f"{name}{suffix}") for name in ("few", "many"))
    assert more < less + 40
    assert more < 250


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_memory_stays_bounded_in_a_search(tmp_path: Path, suffix: str) -> None:
    few = np.zeros((60, 10, 8, 7, 7), np.float32)
    few[:, 0] = noise(60, 1, 8, 7)[:, 0]
    many = np.concatenate([few] * 10)
    write_run(tmp_path / "few", few)
    write_run(tmp_path / "many", many)
    caps = {".gif": (300_000, 3_000_000), ".mp4": (100_000, 1_000_000)}[suffix]
    less, more = (
        peak(tmp_path / name, tmp_path / f"{name}{suffix}", cap)
        for name, cap in zip(("few", "many"), caps, strict=True)
    )
    assert more < less + 60
    assert more < 250
