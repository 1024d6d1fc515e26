"""Writing templates: what the page says is tried as it stands there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Reel, Run, open_run
from reelnet.render.registry import PANELS
from reelnet.scene.layout.boxes import Box
from reelnet.template.json_schema import KEY_DESCRIPTIONS
from reelnet.template.load import load_template
from tests.docs.pages import Snippet, broken, page, snippets
from tests.make_run import write_run

GUIDE = "writing-templates.md"
TEMPLATES = [each for each in snippets(GUIDE, "yaml") if each.mark != "wrong"]
WRONG = [each for each in snippets(GUIDE, "yaml") if each.mark == "wrong"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the page has it: a run in runs/demo, and the page's files."""
    path = tmp_path_factory.mktemp("guide")
    write_run(
        path / "runs" / "demo",
        taps={
            "conv1": (10, 4, 14, 14),
            "conv5": (10, 16, 7, 7),
            "conv6": (10, 16, 7, 7),
            "dense3": (10, 10, 1, 1),
        },
        classes="0123456789",
        bounds=dict.fromkeys(("conv1", "conv5", "conv6"), (-1.0, 1.0)),
        values={
            name: waves(shape) for name, shape in (("conv1", (4, 14)), ("conv5", (16, 7)), ("conv6", (16, 7)))
        },
        steps=range(0, 291, 10),
        side=28,
        metrics=lambda step: {
            "train_loss": 2.3 / (1 + step / 30),
            "test_loss": 2.4 / (1 + step / 30),
            "train_accuracy": 1 - 0.9 / (1 + step / 30),
            "test_accuracy": 0.95 - 0.85 / (1 + step / 30),
        },
    )
    for each in [*TEMPLATES, *WRONG]:
        file = path / (each.file or f"templates/line-{each.line}.yaml")
        file.parent.mkdir(exist_ok=True)
        file.write_text(each.text, "utf-8")
    return path


def waves(form: tuple[int, int]) -> Callable[[int], np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    channels, side = form
    y, x = np.mgrid[0:side, 0:side] / side
    sample, channel = np.mgrid[0:10, 0:channels]

    def at(step: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        phase = (sample + 2.0 * channel + step / 60)[:, :, None, None]
        whole: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = np.sin(4 * x + 3 * y + phase) * min(
            1, step / 200
        )
        return whole

    return at


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The page's run, from the page's folder."""
    monkeypatch.chdir(folder)
    return open_run("runs/demo")


def reel(run: Run, name: str) -> Reel:
    return run.reel(load_template(f"templates/{name}.yaml", PANELS))


def boxes(run: Run, name: str) -> dict[str, Box]:
    return dict(reel(run, name).scene.boxes)


@pytest.mark.parametrize("snippet", TEMPLATES, ids=str)
def test_every_template_draws(run: Run, snippet: Snippet) -> None:
    found = reel(run, Path(snippet.file or f"line-{snippet.line}").stem)
    image = found.frame(200)
    assert image.size == (found.scene.size.width, found.scene.size.height)
    assert len(image.getcolors(1 << 20) or ()) > 20


@pytest.mark.parametrize("snippet", WRONG, ids=str)
def test_what_is_shown_as_wrong_is_wrong(run: Run, snippet: Snippet) -> None:
    with pytest.raises(TemplateError):
        load_template(snippet.file, PANELS)


def shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """A command of the page, by this Python's reelnet."""
    function = f'reelnet() {{ "{sys.executable}" -m reelnet "$@"; }}\n'
    env = {**os.environ, "XDG_CONFIG_HOME": str(folder / "config"), "COLUMNS": "200"}
    return subprocess.run(
        ["sh", "-c", function + command], cwd=folder, env=env, capture_output=True, text=True
    )


def commands(snippet: Snippet) -> list[str]:
    return snippet.text.replace("\\\n", "").splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("snippet", snippets(GUIDE, "sh"), ids=str)
def test_every_command_works(folder: Path, snippet: Snippet) -> None:
    for command in commands(snippet):
        done = shell(folder, command)
        assert (done.returncode, done.stderr) == (0, ""), command
        words = command.split()
        if "-o" in words:
            assert (folder / words[words.index("-o") + 1]).stat().st_size > 1000


@pytest.mark.parametrize("snippet", snippets(GUIDE, "console"), ids=str)
def test_every_answer_is_as_shown(folder: Path, snippet: Snippet) -> None:
    command, *wanted = snippet.text.splitlines()
    done = shell(folder, command.removeprefix("$ "))
    assert (done.stdout + done.stderr).splitlines() == wanted


@pytest.mark.parametrize("snippet", snippets(GUIDE, "python"), ids=str)
def test_python_runs(run: Run, snippet: Snippet) -> None:
    exec(compile(snippet.text, GUIDE, "exec"), {})


@pytest.mark.slow
def test_outputs_are_those_that_the_page_tells(folder: Path) -> None:
    for file in (folder / "renders").glob("*"):
        file.unlink()
    assert shell(folder, "reelnet render runs/demo --template article-files").returncode == 0
    made = {file.name for file in (folder / "renders").iterdir()}
    assert made == {"conv5.mp4", "conv6.mp4", "conv6.gif", "conv6.png"}
    for file in (folder / "renders").iterdir():
        file.unlink()
    assert shell(folder, "reelnet render runs/demo --template square-files").returncode == 0
    assert {file.name for file in (folder / "renders").iterdir()} == {"conv6-square.gif", "conv6.png"}


def test_the_templates_do_what_the_page_says(run: Run) -> None:
    def size(name: str) -> tuple[int, int]:
        found = reel(run, name).scene.size
        return found.width, found.height

    article = run.reel("article").scene
    assert reel(run, "as-it-is").frame(200).tobytes() == run.reel("article").frame(200).tobytes()
    # Two of sixteen channels are left out, one in each block.
    assert size("mine") == (article.size.width, article.size.height - article.context.cell_pitch)
    assert reel(run, "mine").frame(0).getpixel((0, 0)) == (18, 20, 24)
    right = boxes(run, "right")
    assert right["curve"].x >= right["channels"].right
    assert right["curve"].y < right["channels"].bottom
    assert "curve" not in boxes(run, "no-curve")
    assert size("phone") == (1080, 1920)
    assert reel(run, "colors").frame(0).getpixel((0, 0)) == (255, 253, 248)
    assert reel(run, "fewer").layer == "conv1"
    assert reel(run, "slow").scene.timeline.duration == 2 + 12 + 5
    assert size("square-files") == (1080, 1080)
    assert reel(run, "square-files").frame(0).getpixel((0, 0)) == (255, 255, 255)


def test_the_page_knows_every_key_of_a_template() -> None:
    text = page(GUIDE)
    assert [key for key in KEY_DESCRIPTIONS if f"{key}:" not in text and f"`{key}`" not in text] == []


def test_links_lead_somewhere() -> None:
    assert broken(GUIDE) == broken("panels.md") == []
