"""Many files at once: the same as one after the other, whatever becomes of a process."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import reelnet
from reelnet.errors import ReelnetError, UsageError
from reelnet.many.render_many import RenderResult, render_many
from reelnet.many.spawned_pool import SpawnedPool
from reelnet.many.task import RenderTask
from reelnet.reel import Run
from tests.make_run import write_run

SHAPES = {"a": (2, 3, 6, 6), "b": (2, 3, 6, 6), "c": (2, 3, 6, 6)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("many") / "run", taps=SHAPES)


def make_tasks(run: Run, folder: Path, **options: Any) -> list[RenderTask]:
    return [
        RenderTask.for_run(run, folder / f"{layer}.gif", "plain", layer=layer, scale=2, **options)
        for layer in SHAPES
    ]


def frames_of(path: Path) -> list[Any]:
    with Image.open(path) as image:
        return [image.seek(number) or np.array(image.convert("RGB")) for number in range(image.n_frames)]


def require_files_of_one_process(results: list[RenderResult], run: Run, folder: Path) -> None:
    """The files must be those that `Reel.save` writes, to the byte, and nothing else may be beside them."""
    assert [result.task.layer for result in results] == [*SHAPES]
    assert sorted(path.name for path in folder.iterdir()) == ["a.gif", "b.gif", "c.gif"]
    for result in results:
        assert result.report is not None
        path = Path(result.report["path"])
        alone = folder.parent / f"{folder.name}-alone-{path.name}"
        report = run.reel("plain", layer=result.task.layer, scale=2).save(alone)
        assert len(frames_of(path)) == report.frames == result.report["frames"]
        np.testing.assert_array_equal(frames_of(path)[-1], frames_of(alone)[-1])
        assert path.read_bytes() == alone.read_bytes()


def test_a_task_is_plain_data(run: Run, tmp_path: Path) -> None:
    task = RenderTask.for_run(
        run, tmp_path / "a.mp4", layer="a", max_size="1 MB", keep=["scale"], settings={"theme": "dark"}
    )
    text = json.dumps(task.as_json())
    again = RenderTask.from_json(json.loads(text))
    assert again.as_json() == json.loads(text)
    assert again.options == task.options
    assert again.resolve().rendition.request.template.theme == task.resolve().rendition.request.template.theme
    assert again.template["theme"] == {"base": "dark"}


@pytest.mark.parametrize(
    "make",
    [
        lambda: SpawnedPool(2),
        lambda: ThreadPoolExecutor(2),
        lambda: ProcessPoolExecutor(2, get_context("spawn")),
    ],
    ids=["spawned", "threads", "processes"],
)
def test_files_are_those_of_one_process(make: Callable[[], Any], run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with make() as executor:
        results = render_many(make_tasks(run, folder), executor)
    require_files_of_one_process(results, run, folder)


def test_a_failed_task_does_not_stop_others(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    tasks = make_tasks(run, folder)
    tasks.insert(1, RenderTask.for_run(run, folder / "x.gif", "plain", layer="a", max_size=50))
    content = {**tasks[0].as_json(), "run": str(tmp_path / "none"), "output": str(folder / "y.gif")}
    tasks.append(RenderTask.from_json(content))
    seen: list[str] = []
    results = reelnet.render_many(
        tasks, jobs=2, keep_going=True, on_result=lambda result: seen.append(Path(result.task.output).name)
    )
    assert sorted(seen) == ["a.gif", "b.gif", "c.gif", "x.gif", "y.gif"]
    assert [result.exit_code for result in results] == [0, 5, 0, 0, 4]
    assert "cannot fit" in results[1].error
    assert "none" in results[4].error
    assert results[1].as_json() == {
        "run": run.location,
        "layer": "a",
        "path": str(folder / "x.gif"),
        "error": results[1].error,
    }
    require_files_of_one_process([results[0], *results[2:4]], run, folder)


class LateCall:
    """A call that is made when it is asked whether it is done, with no more methods than `render_many` needs."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call, self._canceled = call, False

    def done(self) -> bool:
        if not self._canceled:
            value = self._call()
            self._call = lambda: value
        return True

    def result(self) -> Any:
        if self._canceled:
            raise CancelledError
        return self._call()

    def cancel(self) -> None:
        self._canceled = True


class LateExecutor:
    """Calls functions one after the other in this process."""

    def submit(self, function: Callable[..., Any], /, *args: Any) -> LateCall:
        return LateCall(lambda: function(*args))


def test_a_failed_task_stops_those_that_have_not_begun(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    tasks = make_tasks(run, folder)
    bad = RenderTask.from_json({**tasks[0].as_json(), "output": str(folder / "x.gif"), "layer": "none"})
    with pytest.raises(ReelnetError, match=r"x\.gif: .*'none'") as info:
        render_many([tasks[0], bad, *tasks[1:]], LateExecutor())
    assert info.value.exit_code == 2
    assert [path.name for path in folder.iterdir()] == ["a.gif"]


class Killer:
    """An executor one of whose processes is killed while it is at a task.

    Args:
        pool: What it hands calls to.
        flag: A file that counts the deaths.
        deaths: How often the process of `b.gif` dies.
    """

    def __init__(self, pool: SpawnedPool, flag: Path, deaths: int) -> None:
        self._pool, self._flag, self._deaths = pool, flag, deaths

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Future[Any]:
        return self._pool.submit(die_first, self._flag, self._deaths, function, *args)


def die_first(flag: Path, deaths: int, function: Callable[..., Any], task: dict[str, Any]) -> Any:
    if task["output"].endswith("b.gif"):
        died = len(flag.read_text()) if flag.exists() else 0
        if died < deaths:
            flag.write_text("x" * (died + 1))
            os.kill(os.getpid(), signal.SIGKILL)
    return function(task)


def test_a_task_whose_process_dies_is_begun_once_more(run: Run, tmp_path: Path) -> None:
    folder, flag = tmp_path / "out", tmp_path / "deaths"
    with SpawnedPool(2) as pool:
        results = render_many(make_tasks(run, folder), Killer(pool, flag, 1))
    assert flag.read_text() == "x"
    require_files_of_one_process(results, run, folder)


def test_a_task_that_kills_every_process_fails_alone(run: Run, tmp_path: Path) -> None:
    folder, flag = tmp_path / "out", tmp_path / "deaths"
    with SpawnedPool(1) as pool:
        results = render_many(make_tasks(run, folder), Killer(pool, flag, 9), keep_going=True)
    assert flag.read_text() == "xx"
    assert [result.report is None for result in results] == [False, True, False]
    assert "its process ended with code -9, 2 times" in results[1].error
    assert sorted(path.name for path in folder.iterdir()) == ["a.gif", "c.gif"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layr": "a"}, "unknown key 'layr'; did you mean 'layer'?"),
        ({"output": 3}, "output 3: give a text"),
        ({"output": "a.xyz"}, "a.xyz"),
        ({"options": {"max_siz": 3}}, "unknown key 'max_siz'; did you mean 'max_size'?"),
        ({"options": {"platform": "githb"}}, "did you mean 'github'?"),
        ({"scale": 0}, "give an integer from 1 to 256"),
        ({"template": 3}, "give a mapping"),
    ],
)
def test_a_wrong_task_is_found_at_once(
    change: dict[str, Any], message: str, run: Run, tmp_path: Path
) -> None:
    content = make_tasks(run, tmp_path)[0].as_json()
    with pytest.raises(UsageError) as info:
        RenderTask.from_json(content | change)
    assert message in str(info.value)


def test_two_tasks_never_write_one_file(run: Run, tmp_path: Path) -> None:
    tasks = make_tasks(run, tmp_path)
    with pytest.raises(UsageError, match="two files would have this name"):
        render_many([tasks[0], tasks[0]])
    with pytest.raises(UsageError, match="jobs is for the processes of this machine"):
        render_many(tasks, ThreadPoolExecutor(1), jobs=2)
    assert list(tmp_path.iterdir()) == []
