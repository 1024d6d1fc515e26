"""Frames are streamed: memory does not grow with their number."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.rendering import noise, write_run

RENDER = """
import re, sys
from pathlib import Path
import reelnet
reelnet.open(sys.argv[1]).reel("plain").save(sys.argv[2])
# Not ru_maxrss: it begins with what the process had that started this one.
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def peak(run: Path, file: Path) -> float:
    """Most memory, in MB, that a process needs that renders a run."""
    done = subprocess.run(
        [sys.executable, "-c", RENDER, run, file], capture_output=True, text=True, check=True
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
