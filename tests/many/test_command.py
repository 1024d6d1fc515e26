"""`reelnet render` of many files: patterns, what is done already, the table and the contact sheet."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reelnet.many.contact_sheet import MARK
from reelnet.many.patterns import find_runs
from reelnet.reel import open_run
from tests.cli.calls import call, call_expecting_error
from tests.make_run import write_run

SHAPES = {"a": (2, 2, 4, 4), "b/c": (2, 2, 4, 4)}
COMMON = ("--template", "plain", "--scale", "2")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    for name in ("one", "two"):
        write_run(folder / "runs" / name, taps=SHAPES, layer="a")
    (folder / "runs" / "notes").mkdir()
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: two runs and a folder that is none, in `runs`."""
    shutil.copytree(written / "runs", tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_runs_layers_and_platforms(folder: Path) -> None:
    file = "renders/{run}/{layer}-{platform}.{suffix}"
    result = call(
        "render", "runs/*", "--layer", "all", *COMMON, "--for", "github,medium", "-o", file, "--jobs", 2
    )
    assert result.exit_code == 0, result.output
    animations = [path for path in Path("renders").rglob("*") if path.suffix in (".gif", ".mp4", ".webp")]
    names = {path.relative_to("renders").with_suffix("").as_posix() for path in animations}
    assert names == {
        f"{run}/{layer}-{place}"
        for run in ("one", "two")
        for layer in ("a", "b_c")
        for place in ("github", "medium")
    }
    head, *rows = result.stdout.splitlines()
    assert head.split() == ["run", "layer", "place", "file", "size", "fill", "frames", "result", "reduced"]
    assert len(rows) == len(animations) == 8
    assert rows[0].split()[:3] == ["one", "a", "github"]
    for path in animations:
        (entry,) = json.loads(path.with_name(f"{path.name}.json").read_text())["files"]
        assert entry["report"]["bytes"] == path.stat().st_size
        assert entry["asked"]["platform"] == path.stem.rpartition("-")[2]


def test_files_are_those_of_one_call_per_file(folder: Path) -> None:
    assert call("render", "runs/*", "--layer", "all", *COMMON, "-o", "out/{run}-{layer}.gif").exit_code == 0
    for run in ("one", "two"):
        reel = open_run(f"runs/{run}").reel("plain", layer="b/c", scale=2)
        report = reel.save("alone.gif")
        assert Path("alone.gif").read_bytes() == Path(f"out/{run}-b_c.gif").read_bytes()
        with Image.open(f"out/{run}-b_c.gif") as image:
            assert image.n_frames == report.frames
            image.seek(image.n_frames - 1)
            shown = np.asarray(image.convert("RGB"))
        np.testing.assert_array_equal(shown, np.asarray(reel.frame(reel.run.steps[-1])))
    assert call("again", "out/one-a.gif.json").exit_code == 0


def run_again(*words: str) -> dict[str, bool]:
    """Whether each file was there already, in a call with `--skip-done`."""
    words = ("render", "runs/*", *COMMON, "-o", "out/{run}-{layer}.gif", "--skip-done", "--json", *words)
    result = call(*words)
    assert result.exit_code == 0, result.output
    return {Path(each["path"]).stem: each["skipped"] for each in json.loads(result.stdout)}


def test_only_what_has_changed_is_made_again(folder: Path) -> None:
    names = ("one-a", "one-b_c", "two-a", "two-b_c")
    assert run_again() == dict.fromkeys(names, False)
    made = {path: path.stat().st_mtime_ns for path in Path("out").glob("*.gif")}
    assert run_again() == dict.fromkeys(names, True)
    assert made == {path: path.stat().st_mtime_ns for path in Path("out").glob("*.gif")}
    # A file that is gone, one that is damaged, one whose report is none, and one of another version.
    Path("out/one-a.gif").unlink()
    Path("out/one-b_c.gif").write_bytes(Path("out/one-b_c.gif").read_bytes()[:-1])
    report = json.loads(Path("out/two-a.gif.json").read_text())
    report["versions"]["numpy"] = "0.1"
    Path("out/two-a.gif.json").write_text(json.dumps(report))
    assert run_again() == {"one-a": False, "one-b_c": False, "two-a": False, "two-b_c": True}
    # Another run of the same name.
    shutil.rmtree("runs/two")
    write_run(Path("runs/two"), taps=SHAPES, layer="a", steps=range(3))
    assert run_again() == {"one-a": True, "one-b_c": True, "two-a": False, "two-b_c": False}
    assert run_again("--set", "theme=dark") == dict.fromkeys(names, False)
    assert run_again("--set", "theme=dark", "--max-size", "1MB") == dict.fromkeys(names, False)
    assert run_again("--set", "theme=dark", "--max-size", "1MB") == dict.fromkeys(names, True)


def test_a_damaged_run_does_not_stop_others(folder: Path) -> None:
    (folder / "runs" / "one" / "run.json").write_text("{}")
    step = next((folder / "runs" / "two" / "steps").iterdir())
    shutil.copytree("runs/two", "runs/whole")
    step.write_bytes(b"")
    words = ("render", "runs/*", "--layer", "a", *COMMON, "-o", "out/{run}.gif")
    assert call(*words).exit_code == 4
    assert not Path("out").exists()
    result = call(*words, "--keep-going")
    assert result.exit_code == 4
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "index.html",
        "whole.gif",
        "whole.gif.json",
    ]
    assert re.search(r"^two .* failed", result.stdout, re.MULTILINE)
    assert "reelnet: runs/one" in result.stderr
    assert "reelnet: out/two.gif: " in result.stderr


class Page(HTMLParser):
    """The elements of a page that load something, and its policy."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[dict[str, str | None]] = []
        self.policy = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert tag not in ("script", "link", "iframe")
        if tag in ("img", "video"):
            self.loaded.append(given)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""


def test_the_contact_sheet(folder: Path) -> None:
    shutil.move("runs/two", "runs/<b>two")
    call("render", "runs/*", "--layer", "a", *COMMON, "-o", "out/{run}/{layer}.gif")
    page = Page(Path("out/index.html").read_text())
    assert page.policy.startswith("default-src 'none'; style-src 'sha256-")
    assert [each["src"] for each in page.loaded] == ["%3Cb%3Etwo/a.gif", "one/a.gif"]
    assert [each["alt"] for each in page.loaded] == [
        f"a of the run {name} from step 0 to step 4" for name in ("<b>two", "one")
    ]
    with Image.open("out/one/a.gif") as image:
        assert (page.loaded[1]["width"], page.loaded[1]["height"]) == tuple(map(str, image.size))
    Path("out/index.html").write_text("mine")
    result = call("render", "runs/*", "--layer", "a", *COMMON, "-o", "out/{run}/{layer}.gif")
    assert "is no contact sheet" in result.stderr
    assert Path("out/index.html").read_text() == "mine"


def test_the_contact_sheet_shows_videos_and_figures(folder: Path) -> None:
    call("render", "runs/one", *COMMON, "-o", "out/{run}.mp4")
    sheet = Path("out/index.html").read_text()
    assert MARK in sheet
    (video,) = Page(sheet).loaded
    assert (video["src"], video["aria-label"]) == ("one.mp4", "b/c of the run one from step 0 to step 4")
    assert (
        call("render", "runs/*", "--template", "plain", "--layer", "all", "-o", "out/{run}.html").exit_code
        == 0
    )
    sheet = Path("out/index.html").read_text()
    assert '<a href="one.html">' in sheet
    assert "b/c" in Path("out/one.html.json").read_text()


def test_names_of_runs(folder: Path) -> None:
    shutil.copytree("runs/one", "more/x/best")
    assert find_runs("runs/*") == {"one": "runs/one", "two": "runs/two"}
    assert find_runs("more/*/best") == {"x_best": "more/x/best"}
    assert find_runs(f"{folder}/**") == {
        "more_x_best": f"{folder}/more/x/best",
        "runs_one": f"{folder}/runs/one",
        "runs_two": f"{folder}/runs/two",
    }
    assert find_runs("runs/one/") == {"one": "runs/one/"}


@pytest.mark.parametrize(
    ("code", "words", "message"),
    [
        (4, ("none/*", "-o", "{run}.gif"), "none/*: no run matches"),
        (4, ("runs/n*", "-o", "{run}.gif"), "none of the 1 files and folders that match is a run"),
        (2, ("runs/*",), "several files need a name"),
        (2, ("runs/*", "-o", "a.gif"), "2 runs need a file each; put '{run}' into the name"),
        (2, ("runs/*", "-o", "{run}.xyz"), "xyz"),
        (2, ("runs/*", "-o", "{rnu}.gif"), "unknown field '{rnu}'; did you mean 'run'?"),
        (2, ("runs/*", "-o", "{run}.{suffix}"), "'{suffix}' needs --for"),
        (2, ("runs/one", "--for", "github,medium", "-o", "{layer}.gif"), "put '{platform}' into the name"),
        (2, ("runs/one", "--for", "githb", "-o", "{run}.{suffix}"), "did you mean 'github'?"),
        (2, ("runs/*", "-o", "{run}.gif", "--layer", "all"), "2 layers need a file each"),
        (2, ("runs/*", "-o", "{run}.gif", "--report", "r.json"), "leave --report out"),
        (2, ("runs/*", "-o", "{run}.gif", "--keep", "scale"), "add --max-size or --for"),
        (2, ("runs/*", "-o", "{run}.gif", "--layer", "none"), "none"),
    ],
)
def test_mistakes(code: int, words: tuple[str, ...], message: str, folder: Path) -> None:
    assert message in call_expecting_error(code, "render", *words)
    assert [path.name for path in folder.iterdir()] == ["runs"]
