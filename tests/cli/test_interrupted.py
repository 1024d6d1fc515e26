"""A command that is stopped half-way ends in order."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.calls import call, program


@pytest.mark.skipif(os.name == "nt", reason="signals work otherwise there")
def test_interrupted_training_leaves_a_run_that_renders(tmp_path: Path) -> None:
    run, log = tmp_path / "my run", tmp_path / "my run" / "log.jsonl"
    words = ["train", "--run", str(run), "--steps", "100000", "--batch-size", "64"]
    training = subprocess.Popen([*program(), *words], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (log.exists() and log.read_bytes().count(b"\n") > 3) and time.monotonic() < deadline:
        time.sleep(0.02)
    training.send_signal(signal.SIGINT)
    said = training.communicate(timeout=60)[1]
    assert training.returncode == 130
    assert said.count("\n") == 1
    assert re.match(r"reelnet: interrupted after step \d+; .*reelnet render '.*/my run' -o '\{layer\}", said)
    assert call("render", run, "-o", tmp_path / "a.gif", "--scale", 1).exit_code == 0
