"""`reelnet preview` as a program: what it prints, how it begins, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from reelnet.preview.browser import has_display
from tests.cli.calls import call_expecting_error, program_command
from tests.cli.test_reference import WITHOUT_TORCH
from tests.make_run import write_run

STOPS = [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]


@pytest.fixture(scope="module")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "run"
    write_run(path)
    return path


@contextmanager
def running(
    *words: object, command: list[str] | None = None, **options: Any
) -> Iterator[subprocess.Popen[str]]:
    """The program while it runs."""
    process = subprocess.Popen(
        [*(command or program_command()), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_address(process: subprocess.Popen[str]) -> str:
    """The address on the line that a preview prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r": preview at (http://127\.0\.0\.1:\d+/[\w-]+/) \(Ctrl-C ends it\)\n$", line)
    assert found, line
    return found[1]


def ask(address: str, method: str, arguments: Any = None) -> dict[str, Any]:
    """The answer of a call."""
    headers = {"Origin": address.rsplit("/", 2)[0]}
    body = json.dumps({} if arguments is None else arguments).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{address}call/{method}", body, headers)) as response:
        content = response.read()
    length = int.from_bytes(content[:4], "little")
    answer: dict[str, Any] = json.loads(content[4 : 4 + length])
    return answer


@pytest.mark.skipif(os.name == "nt", reason="signals work otherwise there")
@pytest.mark.parametrize(("sign", "code", "word"), STOPS)
def test_it_ends_at_once_and_leaves_nothing(
    small_run: Path, tmp_path: Path, sign: signal.Signals, code: int, word: str
) -> None:
    with running("preview", small_run, "--no-browser", cwd=tmp_path) as process:
        address = read_address(process)
        assert ask(address, "open")["run"]["steps"] == [0, 1, 2, 3, 4]
        with urllib.request.urlopen(f"{address}events") as events:
            assert events.readline() == b"retry: 1000\n"
            process.send_signal(sign)
            rest = events.read()
        assert b"event: end\n" in rest
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (code, "", f"reelnet: {word}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="signals work otherwise there")
def test_a_render_ends_with_it(tmp_path: Path) -> None:
    write_run(tmp_path / "run", taps={"conv1": (10, 16, 14, 14)}, steps=range(300))
    view = {"template": "article", "text": None, "layer": None}
    with running("preview", tmp_path / "run", "--no-browser", cwd=tmp_path) as process:
        assert "job" in ask(read_address(process), "render", {"view": view, "suffix": ".gif"})
        while not list(tmp_path.glob("renders/.*.gif")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        process.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert list(tmp_path.glob("renders/*")) == []


def test_it_needs_no_torch(small_run: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH]
    with running("preview", small_run, "--no-browser", command=command) as process:
        address = read_address(process)
        view = {"template": "article", "text": None, "layer": None}
        asked = {"view": view, "step": 2, "pixel_ratio": 1, "client": "a", "serial": 1}
        assert ask(address, "layout", asked)["step"] == 2


@pytest.mark.parametrize(
    ("step", "shown"), [("first", 10), ("last", 30), ("20", 20), ("25", 20), ("1", 10), ("99", 30)]
)
def test_where_it_begins(tmp_path: Path, step: str, shown: int) -> None:
    write_run(tmp_path / "run", steps=[10, 20, 30])
    with running("preview", tmp_path / "run", "--step", step, "--layer", "conv1", "--no-browser") as process:
        assert ask(read_address(process), "open")["start"] == {
            "template": "article",
            "layer": "conv1",
            "step": shown,
        }


def test_an_invalid_template_is_shown_with_its_mistakes(small_run: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("extends: article\ntheme: darc\npanels: {title: {txt: x}}\n", "utf-8")
    with running("preview", small_run, "--template", file, "--no-browser") as process:
        address = read_address(process)
        name = ask(address, "open")["start"]["template"]
        found = ask(address, "check", {"view": {"template": name, "text": None, "layer": None}})
    assert [(each["line"], each["column"]) for each in found["diagnostics"]] == [(2, 1), (3, 18)]
    assert "did you mean 'dark'" in found["diagnostics"][0]["message"]


def test_a_run_without_steps_waits(tmp_path: Path) -> None:
    write_run(tmp_path / "run", steps=[])
    with running("preview", tmp_path / "run", "--no-browser") as process:
        opened = ask(read_address(process), "open")
    assert opened["run"]["steps"] == []
    assert opened["start"]["step"] is None


def test_mistakes(small_run: Path, tmp_path: Path) -> None:
    def fail(code: int, *words: object) -> str:
        return call_expecting_error(code, "preview", "--no-browser", *words)

    assert "no such folder" in fail(4, tmp_path / "nothing")
    assert "did you mean 'article'" in fail(3, small_run, "--template", "artikle")
    assert "no such file" in fail(3, small_run, "--template", tmp_path / "nothing.yaml")
    assert "did you mean 'conv1'" in fail(2, small_run, "--layer", "conv11")
    assert "is not a step" in fail(2, small_run, "--step", "half")
    assert "65535" in fail(2, small_run, "--port", 70000)
    assert "no such name" in fail(2, small_run, "--host", "nothing.invalid")
    assert "not an address of this machine" in fail(2, small_run, "--host", "192.0.2.7")


def test_two_previews_and_a_port_that_is_taken(small_run: Path) -> None:
    with running("preview", small_run, "--no-browser") as first:
        address = read_address(first)
        port = int(address.split(":")[2].split("/")[0])
        with running("preview", small_run, "--no-browser") as second:
            assert read_address(second).split("/")[2] != address.split("/")[2]
        said = call_expecting_error(2, "preview", small_run, "--no-browser", "--port", port)
        assert (
            said == f"reelnet: --port {port}: another program uses it; leave --port out to get a free one\n"
        )


def test_what_is_exposed_is_said(small_run: Path) -> None:
    with running("preview", small_run, "--no-browser", "--host", "0.0.0.0") as process:
        assert ask(read_address(process), "open")["run"]["samples"] == 3
        assert process.stderr is not None
        assert "other machines reach the preview, too" in process.stderr.readline()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a display there")
def test_the_browser_opens_and_is_not_waited_for(small_run: Path, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\necho "$1" > "$0.txt"\nsleep 60\n', "utf-8")
    browser.chmod(0o755)
    with running("preview", small_run, env={**os.environ, "BROWSER": f"{browser} %s"}) as process:
        address = read_address(process)
        assert ask(address, "open")["run"]["samples"] == 3
        file = tmp_path / "browser.txt"
        while not (file.exists() and file.read_text("utf-8")):
            assert process.poll() is None
        assert file.read_text("utf-8") == f"{address}\n"
        process.send_signal(signal.SIGINT)
        process.wait(5)


def test_without_a_display_there_is_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert not has_display()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert has_display()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there are no such terminals")
def test_the_preview_of_a_training_stays_on_a_terminal(tmp_path: Path) -> None:
    import pty

    terminal, ours = pty.openpty()
    words = ["train", "--run", str(tmp_path / "run"), "--steps", "2", "--batch-size", "64", "--preview"]
    process = subprocess.Popen(
        [*program_command(), *words, "--layers", "conv1", "dense3"],
        stdout=ours,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        # The preview begins while the training runs, which may be over before.
        lines = sorted((process.stderr.readline(), process.stderr.readline()), key=len)
        assert lines[0] == "the preview stays open until Ctrl-C\n"
        address = lines[1].partition(": preview at ")[2].strip()
        while ask(address, "open")["run"]["steps"] != [0, 1, 2]:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert process.stderr.read() == ""
        with pytest.raises(OSError, match="refused"):
            ask(address, "open")
    finally:
        process.kill()
        process.communicate()
        os.close(ours)
        os.close(terminal)


@pytest.mark.slow
def test_the_preview_of_a_training_ends_with_a_script(tmp_path: Path) -> None:
    words = ["train", "--run", str(tmp_path / "run"), "--steps", "2", "--batch-size", "64", "--preview"]
    done = subprocess.run(
        [*program_command(), *words, "--layers", "conv1", "dense3"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("test accuracy ")
    # So short a training may end before its preview has begun.
    assert re.fullmatch(r"(.*/run: preview at http://\S+\n)?", done.stderr)
    commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert not any(str(tmp_path / "run") in words for words in commands)
