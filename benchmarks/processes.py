"""Start measurements, each in its own process.

This module imports nothing heavy: a new process starts with the peak memory of the process that started it.
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

from common import HERE

Figures = dict[str, float]


@dataclass(frozen=True)
class CompletedCommand:
    """A process that has ended.

    Attributes:
        seconds: Its duration.
        cpu: Its CPU seconds.
        peak: Its peak memory in bytes; zero where the system does not report it.
    """

    seconds: float
    cpu: float
    peak: float


def measure_in_process(kind: str, name: str, run: Path, folder: Path) -> Figures:
    """Run `measure.py` in a new process and return its figures."""
    command = [sys.executable, str(HERE / "measure.py"), kind, name, str(run), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{kind} {name} failed:\n{done.stderr}")
    return cast(Figures, json.loads(done.stdout.splitlines()[-1]))


def measure_in_temporary_folder(kind: str, name: str, run: Path) -> Figures:
    """`measure_in_process` with a temporary folder for the files that it writes."""
    with tempfile.TemporaryDirectory(prefix="reelnet-bench-") as folder:
        return measure_in_process(kind, name, run, Path(folder))


def run_command(command: list[str]) -> CompletedCommand:
    """Run a command without showing its output; exit if it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return CompletedCommand(seconds, usage.ru_utime + usage.ru_stime, peak)
