"""Files that a page has written: below one folder only, with progress, and without a trace if they are stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reelnet.errors import UsageError
from reelnet.preview.preview import Preview
from reelnet.reel import open_run
from tests.make_run import write_run
from tests.preview.conftest import MINE, view


class Jobs:
    """The reports of jobs."""

    def __init__(self, preview: Preview) -> None:
        self.reports: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        preview.subscribe(self._add)

    def _add(self, name: str, content: Any) -> None:
        if name == "job":
            with self._changed:
                self.reports.append(content)
                self._changed.notify_all()

    def wait_for(self, job: str, *states: str, has_progress: bool = False) -> dict[str, Any]:
        """Wait until a job is in a state, and return its report."""

        def find() -> dict[str, Any] | None:
            reports = (each for each in self.reports if each["job"] == job and each["state"] in states)
            return next((each for each in reports if each["done"] or not has_progress), None)

        with self._changed:
            assert self._changed.wait_for(lambda: find() is not None, 60), self.reports
        found = find()
        assert found
        return found


@pytest.fixture
def jobs(preview: Preview) -> Jobs:
    return Jobs(preview)


def render(preview: Preview, **target: Any) -> str:
    job: str = preview.call("render", {"view": view(), **target}).json["job"]
    return job


def list_files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_a_file_of_a_format(preview: Preview, jobs: Jobs, folder: Path, run_path: Path) -> None:
    done = jobs.wait_for(render(preview, suffix=".gif"), "done", "failed")
    assert list_files(folder) == ["renders/conv2.gif", "templates/mine.yaml"]
    (line,) = done["lines"]
    assert line.startswith("renders/conv2.gif: ")
    assert ", 12 frames, " in line
    assert done["files"] == [{"path": "renders/conv2.gif", "opens": True}]
    open_run(run_path).reel("mine").save(folder / "expected.gif")
    assert (folder / "renders" / "conv2.gif").read_bytes() == (folder / "expected.gif").read_bytes()
    running = [each for each in jobs.reports if each["state"] == "running"]
    assert running[-1]["done"] == running[-1]["total"] == 12


def test_a_file_for_a_platform_keeps_its_limits(preview: Preview, jobs: Jobs, folder: Path) -> None:
    done = jobs.wait_for(render(preview, platform="github-readme"), "done", "failed")
    assert "of 5 MB" in done["lines"][0]
    assert list_files(folder / "renders") == ["conv2-github-readme.gif"]


def test_the_outputs_of_the_template(preview: Preview, jobs: Jobs, folder: Path) -> None:
    text = MINE + "outputs:\n  - {path: 'films/{layer}.apng'}\n  - {path: renders/last.png}\n"
    job = preview.call("render", {"view": view(text=text, layer="conv1"), "outputs": True}).json["job"]
    done = jobs.wait_for(job, "done", "failed")
    assert [line.partition(":")[0] for line in done["lines"]] == [
        "renders/films/conv1.apng",
        "renders/last.png",
    ]
    assert list_files(folder / "renders") == ["films/conv1.apng", "last.png"]
    assert Image.open(folder / "renders" / "films" / "conv1.apng").n_frames == 12  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["../up.gif", "/tmp/elsewhere.gif", "a/../../up.gif", "link/a.gif"])
def test_nothing_is_written_elsewhere(preview: Preview, folder: Path, tmp_path: Path, path: str) -> None:
    (folder / "renders").mkdir()
    (tmp_path / "outside").mkdir()
    (folder / "renders" / "link").symlink_to(tmp_path / "outside")
    text = MINE + f"outputs: [{{path: '{path}'}}]\n"
    with pytest.raises(UsageError, match="is not below renders/"):
        preview.call("render", {"view": view(text=text), "outputs": True})


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"suffix": ".gfi"}, "did you mean '.gif'"),
        ({"suffix": "../x.gif"}, "no format"),
        ({"platform": "githb"}, "did you mean 'github'"),
        ({"outputs": True}, "has no outputs"),
        ({}, "suffix is missing"),
    ],
)
def test_what_cannot_be_written(preview: Preview, target: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        render(preview, **target)


def test_a_file_that_cannot_be_made_says_why(preview: Preview, jobs: Jobs, folder: Path) -> None:
    job = preview.call(
        "render", {"view": view(text=MINE + "outputs: [{path: a.gif, max_size: 100}]"), "outputs": True}
    )
    failed = jobs.wait_for(job.json["job"], "done", "failed")
    assert failed["state"] == "failed"
    assert "renders/a.gif: cannot fit in 100 B" in failed["words"]
    assert list_files(folder) == ["templates/mine.yaml"]


@pytest.fixture
def long_preview(folder: Path, tmp_path: Path) -> Iterator[Preview]:
    """A preview of a run whose file takes long to write."""
    random = np.random.default_rng(0)
    maps = random.normal(size=(300, 8, 8, 12, 12)).astype(np.float32)
    run = write_run(tmp_path / "long", maps)
    text = MINE + "canvas: {scale: 8}\ntimeline: {steps: {every: 1}}\n"
    (folder / "templates" / "mine.yaml").write_text(text)
    with Preview(run.path, "mine") as preview:
        yield preview


def test_a_stopped_file_leaves_nothing(long_preview: Preview, folder: Path) -> None:
    jobs = Jobs(long_preview)
    first, second, third = (render(long_preview, suffix=suffix) for suffix in (".webp", ".apng", ".gif"))
    jobs.wait_for(first, "running", has_progress=True)
    long_preview.call("cancel", {"job": second})
    long_preview.call("cancel", {"job": first})
    assert jobs.wait_for(first, "cancelled", "done")["state"] == "cancelled"
    assert jobs.wait_for(second, "cancelled", "done")["state"] == "cancelled"
    jobs.wait_for(third, "running", has_progress=True)
    assert [name for name in list_files(folder / "renders") if "apng" in name or "webp" in name] == []
    long_preview.call("cancel", {"job": third})
    jobs.wait_for(third, "cancelled")
    long_preview.call("cancel", {"job": third})
    assert list_files(folder / "renders") == []


def test_the_end_of_the_preview_stops_it(long_preview: Preview, folder: Path) -> None:
    jobs = Jobs(long_preview)
    job = render(long_preview, suffix=".webp")
    jobs.wait_for(job, "running", has_progress=True)
    long_preview.close()
    assert jobs.wait_for(job, "cancelled", "done")["state"] == "cancelled"
    assert list_files(folder / "renders") == []
