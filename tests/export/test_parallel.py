"""Files that are written several at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reelnet.config.diagnostics import Diagnostic, InvalidTemplate, SourcePosition
from reelnet.errors import CapError, ReelnetError, RunError
from reelnet.export.parallel import save_each
from reelnet.export.request import ExportOptions, ExportRequest
from reelnet.export.save import OnProgress, OnTrial, save
from reelnet.reel import Run
from tests.cli.calls import call, program_command
from tests.cli.test_interrupted import STOPS, run_and_stop
from tests.make_run import write_run

SHAPES = {"a": (2, 3, 6, 6), "b": (2, 3, 6, 6), "c": (2, 3, 6, 6)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("parallel") / "run", taps=SHAPES)


def make_requests(run: Run, folder: Path, suffix: str = ".gif") -> list[ExportRequest]:
    return [
        ExportRequest(run.reel("plain", layer=layer, scale=2).rendition, folder / f"{layer}{suffix}")
        for layer in SHAPES
    ]


def ignore(request: ExportRequest) -> tuple[OnProgress, OnTrial]:
    return lambda done, total: None, lambda text: None


def fail_or_end(request: ExportRequest, on_progress: OnProgress, on_trial: OnTrial) -> str:
    """A file that asks for a cap fails with an error of this kind; `b.gif` kills its process."""
    match request.path.name:
        case "cap.gif":
            raise CapError("too large")
        case "template.gif":
            raise InvalidTemplate([Diagnostic(SourcePosition("t.yaml", 3, 4), "panels.x", "is odd")])
        case "defect.gif":
            raise ZeroDivisionError("a defect")
        case "killed.gif":
            os.kill(os.getpid(), signal.SIGKILL)
    on_trial("one")
    on_progress(1, 2)
    return request.path.name


def test_the_files_and_reports_are_those_of_one_process(run: Run, tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "3").mkdir()
    one = save_each(make_requests(run, tmp_path / "1", ".mp4"), save, 1, ignore)
    three = save_each(make_requests(run, tmp_path / "3", ".mp4"), save, 3, ignore)
    for first, second in zip(one, three, strict=True):
        assert Path(first.path).name == Path(second.path).name
        assert Path(first.path).read_bytes() == Path(second.path).read_bytes()
        assert (first.frames, first.bytes, first.notes) == (second.frames, second.bytes, second.notes)


def test_progress_and_trials_are_reported_per_file(run: Run, tmp_path: Path) -> None:
    seen: dict[str, list[object]] = {}

    def start(request: ExportRequest) -> tuple[OnProgress, OnTrial]:
        events = seen.setdefault(request.path.name, [])
        return lambda done, total: events.append((done, total)), events.append

    assert save_each(make_requests(run, tmp_path), fail_or_end, 2, start) == ["a.gif", "b.gif", "c.gif"]
    assert seen == {name: ["one", (1, 2)] for name in ("a.gif", "b.gif", "c.gif")}


@pytest.mark.parametrize(
    ("name", "kind", "code", "message"),
    [
        ("cap", CapError, 5, "too large"),
        ("template", ReelnetError, 3, "t.yaml:3:4: panels.x: is odd"),
        ("killed", ReelnetError, 1, "killed.gif: its process ended with code -9; if memory is short"),
    ],
)
def test_the_first_error_is_raised_with_its_exit_code(
    name: str, kind: type[ReelnetError], code: int, message: str, run: Run, tmp_path: Path
) -> None:
    requests = make_requests(run, tmp_path)
    requests[1] = ExportRequest(requests[1].rendition, tmp_path / f"{name}.gif")
    with pytest.raises(kind, match=message) as raised:
        save_each(requests, fail_or_end, 2, ignore)
    assert raised.value.exit_code == code


def test_a_defect_keeps_its_traceback(run: Run, tmp_path: Path) -> None:
    requests = [
        ExportRequest(each.rendition, tmp_path / "defect.gif") for each in make_requests(run, tmp_path)
    ]
    with pytest.raises(ZeroDivisionError) as raised:
        save_each(requests, fail_or_end, 2, ignore)
    assert "in fail_or_end" in raised.value.__notes__[0]


def test_a_damaged_step_is_an_error_of_the_run_and_other_files_are_whole(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", taps=SHAPES)
    requests = make_requests(run, tmp_path)
    requests.insert(
        0, ExportRequest(requests[0].rendition, tmp_path / "x.gif", options=ExportOptions(max_size=50))
    )
    with pytest.raises(CapError, match="cannot fit"):
        save_each(requests, save, 4, ignore)
    assert sorted(path.name for path in tmp_path.glob("*.gif")) == ["a.gif", "b.gif", "c.gif"]
    step = next((tmp_path / "run" / "steps").iterdir())
    step.write_bytes(step.read_bytes()[:-1])
    with pytest.raises(RunError, match="truncated"):
        save_each(requests[1:], save, 2, ignore)


def test_the_command_line(run: Run, tmp_path: Path) -> None:
    result = call("render", run.path, "-o", tmp_path / "{layer}.png", "--jobs", 0)
    assert result.exit_code == 2
    result = call("render", run.path, "-o", tmp_path / "{layer}.gif", "--scale", 1, "--jobs", 2)
    assert result.exit_code == 0
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == [
        str(tmp_path / f"{layer}.gif") for layer in SHAPES
    ]


SLOWLY = ("--set", "timeline.steps=all", "--density", "4")
"""What makes a file that is not finished before a test can stop it."""


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "run"
    write_run(path, taps={"a": (10, 16, 14, 14), "b": (10, 16, 14, 14)}, steps=range(300))
    return path


def is_writing(folder: Path) -> Callable[[], bool]:
    """Whether two files have begun."""
    return lambda: sum(file.stat().st_size > 0 for file in folder.iterdir()) > 1


def list_processes_of(folder: Path) -> list[str]:
    """The command lines of living processes that have a file of a folder open."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            opened = [str(file.readlink()) for file in (process / "fd").iterdir()]
        except OSError:
            continue
        found += [process.name for each in opened if each.startswith(str(folder))]
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize(("sign", "code", "word"), STOPS)
def test_a_stop_ends_all_processes_and_leaves_nothing(
    sign: signal.Signals, code: int, word: str, long_run: Path, tmp_path: Path
) -> None:
    words = ["render", str(long_run), "-o", str(tmp_path / "{layer}.gif"), "--jobs", "2", *SLOWLY]
    assert run_and_stop(words, sign, is_writing(tmp_path)) == (code, f"reelnet: {word}\n")
    assert list(tmp_path.iterdir()) == []
    assert list_processes_of(tmp_path) == []


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_the_processes_end_when_the_program_is_killed(long_run: Path, tmp_path: Path) -> None:
    words = ["render", str(long_run), "-o", str(tmp_path / "{layer}.gif"), "--jobs", "2", *SLOWLY]
    process = subprocess.Popen([*program_command(), *words], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not is_writing(tmp_path)():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.wait()
    while list_processes_of(tmp_path) or any(tmp_path.iterdir()):
        assert time.monotonic() < deadline, "processes go on, or left files"
        time.sleep(0.02)
