"""A run folder is locked for one recorder, in this process and in others."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reelnet.errors import UsageError
from reelnet.reel import Run
from tests.runs.steps import check_run, snapshot, writer

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def test_a_second_recorder_is_refused(tmp_path: Path) -> None:
    first = writer(tmp_path / "run")
    first.commit(snapshot(0))
    for more in ({}, {"force": True}, {"resume": 0}):
        with pytest.raises(UsageError, match=rf"is being recorded by this process since {TIME}; choose"):
            writer(tmp_path / "run", **more)
    script = (
        "import sys, numpy as np\n"
        "from reelnet.runs.header import TapInfo\n"
        "from reelnet.runs.writer import RunWriter\n"
        "from reelnet.errors import UsageError\n"
        "for force in (False, True):\n"
        "    try:\n"
        "        RunWriter(sys.argv[1], taps={'a': TapInfo((1, 1, 1, 1), 'float32')}, force=force,\n"
        "                  inputs=np.zeros((1, 1)), pictures=np.zeros((1, 2, 2), np.uint8))\n"
        "    except UsageError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "run")], capture_output=True, text=True
    )
    expected = re.escape(f"is being recorded by process {os.getpid()} on {platform.node()} since ") + TIME
    assert len(re.findall(expected, done.stdout)) == 2, done.stderr
    first.commit(snapshot(1))
    first.close()
    check_run(Run(tmp_path / "run"), [0, 1])
    assert not (tmp_path / "run" / "lock").exists()


def test_a_lock_file_of_a_killed_process_is_ignored(tmp_path: Path) -> None:
    writer(tmp_path / "run").close()
    (tmp_path / "run" / "lock").write_text("123456\n")
    writer(tmp_path / "run", force=True).close()
    empty = tmp_path / "new"
    empty.mkdir()
    (empty / "lock").write_text("123456\n")
    writer(empty).close()
