"""A command that is stopped half-way, by Ctrl-C or by SIGTERM, ends in order."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from reelnet.cli.app import Terminated, describe_exit, raise_on_sigterm
from reelnet.reel import Run
from tests.cli.calls import call, program_command
from tests.make_run import write_run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals work otherwise there")

STOPS = [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]


def run_and_stop(words: list[str], sign: signal.Signals, under_way: Callable[[], bool]) -> tuple[int, str]:
    """Exit code and stderr of a call that gets a signal once it is under way."""
    process = subprocess.Popen([*program_command(), *words], stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not under_way():
            assert process.poll() is None, "it ended by itself"
            assert time.monotonic() < deadline, "it does not begin"
            time.sleep(0.005)
        process.send_signal(sign)
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
        process.wait()
    return process.returncode, said


@pytest.mark.slow
@pytest.mark.parametrize(("sign", "code", "word"), STOPS)
def test_stopped_training_leaves_a_run_that_renders(
    sign: signal.Signals, code: int, word: str, tmp_path: Path
) -> None:
    run, log = tmp_path / "my run", tmp_path / "my run" / "log.jsonl"
    words = ["train", "--run", str(run), "--steps", "100000", "--batch-size", "64"]
    returned, said = run_and_stop(words, sign, lambda: log.exists() and log.read_bytes().count(b"\n") > 3)
    assert returned == code
    assert said.count("\n") == 1
    assert re.match(rf"reelnet: {word} after step \d+; .*reelnet render '.*/my run' -o '\{{layer\}}", said)
    opened = Run(run)
    assert opened.steps == list(range(len(opened.steps)))
    assert len(opened.read("conv6")) == len(opened.steps) >= 4
    assert not list(run.rglob(".*"))
    assert call("render", run, "-o", tmp_path / "a.gif", "--scale", 1).exit_code == 0


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "run"
    write_run(path, taps={"conv1": (10, 16, 14, 14)}, steps=range(600))
    return path


@pytest.mark.parametrize("suffix", ["gif", "mp4"])
@pytest.mark.parametrize(("sign", "code", "word"), STOPS)
def test_stopped_rendering_leaves_nothing(
    sign: signal.Signals, code: int, word: str, suffix: str, long_run: Path, tmp_path: Path
) -> None:
    words = ["render", str(long_run), "-o", str(tmp_path / f"a.{suffix}")]
    begun = run_and_stop(words, sign, lambda: any(file.stat().st_size > 0 for file in tmp_path.iterdir()))
    assert begun == (code, f"reelnet: {word}\n")
    assert list(tmp_path.iterdir()) == []


def test_stopped_rendering_keeps_what_lay_there(long_run: Path, tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_text("before")
    words = ["render", str(long_run), "-o", str(tmp_path / "a.gif")]
    code, _ = run_and_stop(words, signal.SIGTERM, lambda: len(list(tmp_path.iterdir())) > 1)
    assert code == 143
    assert [file.read_text() for file in tmp_path.iterdir()] == ["before"]


@pytest.fixture
def default_sigterm() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("default_sigterm")
def test_a_second_sigterm_at_once_does_not_disturb() -> None:
    with raise_on_sigterm():
        with pytest.raises(Terminated):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.usefixtures("default_sigterm")
def test_a_caller_has_its_own_way_with_sigterm() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with raise_on_sigterm():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    failed: list[Exception] = []

    def enter() -> None:
        try:
            with raise_on_sigterm():
                pass
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert failed == []


@pytest.mark.parametrize(
    ("cause", "end"), [(KeyboardInterrupt(), "interrupted"), (Terminated(), "terminated")]
)
def test_a_stop_before_the_command_runs_is_told_alike(cause: BaseException, end: str) -> None:
    aborted = click.Abort()
    aborted.__cause__ = cause
    assert describe_exit(aborted, "reelnet") == (f"reelnet: {end}", 143 if end == "terminated" else 130)


def test_a_stop_that_broke_off_inside_a_lock_is_told_as_a_stop() -> None:
    complaint = RuntimeError("cannot release un-acquired lock")
    assert describe_exit(complaint, "reelnet") is None
    complaint.__context__ = Terminated()
    assert describe_exit(complaint, "reelnet") == ("reelnet: terminated", 143)
