"""Starting the measures, each in a process of its own.

This side imports nothing heavy: a process starts with the peak memory of the one that started it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

HERE = Path(__file__).parent

Figures = dict[str, float]


@dataclass(frozen=True)
class CompletedCommand:
    """A process that ran to its end.

    Attributes:
        seconds: From its start to its end.
        peak: The most memory it had, in bytes; zero where the system does not tell.
    """

    seconds: float
    peak: float


def measure_in_process(kind: str, name: str, run: Path, folder: Path) -> Figures:
    """Run one measure of `measure_in_process.py` in a new process."""
    command = [sys.executable, str(HERE / "measure.py"), kind, name, str(run), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{kind} {name} failed:\n{done.stderr}")
    return cast(Figures, json.loads(done.stdout.splitlines()[-1]))


def measure_in_temporary_folder(kind: str, name: str, run: Path) -> Figures:
    """`measure_in_process` with a folder of its own for what is written, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="reelnet-bench-") as folder:
        return measure_in_process(kind, name, run, Path(folder))


def run_command(command: list[str]) -> CompletedCommand:
    """Run a command that must succeed, without its output."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}")
    return CompletedCommand(seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
