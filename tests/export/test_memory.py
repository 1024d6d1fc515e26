"""Frames are streamed: memory does not grow with their number."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.rendering import noise, write_run

RENDER = """
import resource, sys
import reelnet
reelnet.open(sys.argv[1]).reel("plain").save(sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(run: Path, file: Path) -> float:
    """Most memory, in MB, that a process needs that renders a run."""
    done = subprocess.run([sys.executable, "-c", RENDER, run, file], capture_output=True, text=True, check=True)
    return int(done.stdout) / (1024 if sys.platform != "darwin" else 1024**2)


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_memory_does_not_grow_with_the_frames(tmp_path: Path, suffix: str) -> None:
    few = noise(60, 10, 16, 7)
    # Ten different frames again and again: an encoder's own memory should not depend on it.
    many = np.concatenate([few] * 10)
    write_run(tmp_path / "few", few)
    write_run(tmp_path / "many", many)
    less, more = (peak(tmp_path / name, tmp_path / f"{name}{suffix}") for name in ("few", "many"))
    assert more < less + 40
    assert more < 250
