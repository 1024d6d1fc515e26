"""A preview beside a training: it shows the run as it grows, ends with the training, and never disturbs it."""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
import torch
from torch import nn

from reelnet.record.preview_process import PreviewProcess
from reelnet.record.recorder import Recorder

SCRIPT = """
import os, sys, time
import torch
from torch import nn
import reelnet

with reelnet.Recorder(sys.argv[1], nn.Sequential(nn.Conv2d(1, 2, 3)), samples=torch.rand(2, 1, 8, 8), preview=True):
    if os.fork() == 0:
        # Workers of a data loader have all that was open, too, and may live longer.
        time.sleep(60)
        os._exit(0)
    time.sleep(60)
"""


def ask(address: str, method: str) -> Any:
    """The answer of a call without arguments."""
    request = urllib.request.Request(f"{address}call/{method}", b"{}", {"Origin": address.rsplit("/", 2)[0]})
    with urllib.request.urlopen(request) as response:
        content = response.read()
    return json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")])


def wait_until(is_true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.05)


def answers(address: str) -> bool:
    try:
        ask(address, "open")
    except OSError:
        return False
    return True


def read_address(text: str) -> str:
    return text.partition(": preview at ")[2].strip()


def test_it_grows_with_the_recording_and_ends_with_the_recorder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ""
    model = nn.Sequential(nn.Conv2d(1, 2, 3))
    recorder = Recorder(tmp_path / "run", model, samples=torch.rand(2, 1, 8, 8), preview=True)

    def has_address() -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return said.endswith("\n")

    with recorder:
        wait_until(has_address)
        address = read_address(said)
        assert said == f"{tmp_path / 'run'}: preview at {address}\n"
        assert ask(address, "open")["run"]["steps"] == [0]
        for _ in range(3):
            recorder.step(loss=1.0)
        recorder.flush()
        wait_until(lambda: ask(address, "open")["run"]["steps"] == [0, 1, 2, 3])
    # The page stays after the recording.
    assert answers(address)
    process = recorder._preview_process
    assert process is not None
    started = process._process
    del recorder, process
    gc.collect()
    assert not answers(address)
    assert started.returncode == 0
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_it_ends_with_a_training_that_is_killed(tmp_path: Path) -> None:
    training = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "run")],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert training.stderr is not None
        address = read_address(training.stderr.readline())
        assert answers(address)
        training.kill()
        training.wait()
        wait_until(lambda: not answers(address), 5)
    finally:
        os.killpg(training.pid, signal.SIGKILL)
        training.wait()
        if training.stderr is not None:
            training.stderr.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_all_of_it_has_the_lowest_priority(recorded_run: Path) -> None:
    addresses: Queue[str] = Queue()
    preview = PreviewProcess(str(recorded_run), addresses.put, addresses.put)
    assert addresses.get(timeout=60).startswith("http://127.0.0.1:")
    number = preview._process.pid
    stats = [file.read_text() for file in Path(f"/proc/{number}/task").glob("*/stat")]
    assert len(stats) >= 3
    # What follows the name: the priority is the 16th, the nice value the 17th.
    assert {stat.rpartition(") ")[2].split()[16] for stat in stats} == {"19"}
    environment = Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
    assert b"OMP_NUM_THREADS=1" in environment
    preview.close()
    assert not Path(f"/proc/{number}").exists()


def test_several_have_several_ports(recorded_run: Path) -> None:
    addresses: Queue[str] = Queue()
    previews = [PreviewProcess(str(recorded_run), addresses.put, addresses.put) for _ in range(2)]
    found = [addresses.get(timeout=60) for _ in previews]
    assert all(map(answers, found))
    for preview in previews:
        preview.close()
    assert not any(map(answers, found))


def test_why_it_cannot_start(tmp_path: Path) -> None:
    reasons: Queue[str] = Queue()
    preview = PreviewProcess(str(tmp_path / "nothing"), pytest.fail, reasons.put)
    assert "nothing: no such folder" in reasons.get(timeout=60)
    preview.wait()
    assert reasons.empty()
    preview.close()


def test_a_training_that_ends_before_the_preview_begins_says_nothing(recorded_run: Path) -> None:
    said: Queue[str] = Queue()
    preview = PreviewProcess(str(recorded_run), said.put, said.put)
    preview.close()
    time.sleep(0.2)
    assert said.empty() or said.get().startswith("http://")


@pytest.mark.parametrize("program", ["/nothing/python", "/bin/false"])
def test_a_training_goes_on_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, program: str
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    model = nn.Sequential(nn.Conv2d(1, 2, 3))
    with (
        caplog.at_level(logging.WARNING, "reelnet"),
        Recorder(tmp_path / "run", model, samples=torch.rand(2, 1, 8, 8), preview=True) as recorder,
    ):
        recorder.step()
        wait_until(lambda: bool(caplog.messages))
    (message,) = caplog.messages
    assert message.startswith(f"{tmp_path / 'run'}: no preview: ")
