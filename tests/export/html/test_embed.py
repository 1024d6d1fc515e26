"""Figures within other pages: the line for a web page, and what notebooks show."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from reelnet.export.html import embed
from reelnet.export.html.embed import write_embedding
from reelnet.reel import Run, open_run
from reelnet.runs.header import TapInfo
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter
from tests.cli.calls import call
from tests.export.html.reading import ReadFigure
from tests.make_run import MakeRun, noise


class Elements(HTMLParser):
    """The elements of a page, and their attributes."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def attributes(self, tag: str) -> dict[str, str | None]:
        """The attributes of the only element of a kind."""
        (attributes,) = [each for name, each in self.found if name == tag]
        return attributes


@pytest.fixture
def run(make_run: MakeRun) -> Run:
    return make_run(taps=noise(70, 3, 4, 5).astype(np.float32), labels=["<b>", '"', "&"])


def test_the_line_for_a_web_page() -> None:
    line = write_embedding('renders/a "b&.html', 800, 600, 0.5)
    frame = Elements(line).attributes("iframe")
    assert frame["src"] == "a%20%22b%26.html"
    assert frame["loading"] == "lazy"
    assert "aspect-ratio: 800 / 648" in str(frame["style"])
    # In a narrow column, half of the picture's height and the controls in two rows.
    assert "min-height: 412px" in str(frame["style"])


def test_render_prints_the_line(run: Run, tmp_path: Path) -> None:
    result = call("render", run.path, "-o", tmp_path / "a.html")
    first, second = result.stdout.splitlines()
    assert re.match(r".*a\.html: .* kB, 70 steps, .* s, \d+x\d+, lossless, took", first)
    size = run.reel(density=1).scene.size
    assert f"aspect-ratio: {size.width} / {size.height + 48}" in second
    assert "iframe" not in call("render", run.path, "-o", tmp_path / "a.gif").stdout


def test_a_reel_is_a_figure(run: Run) -> None:
    page = Elements(run.reel()._repr_html_())
    frame = page.attributes("iframe")
    figure = ReadFigure.parse(str(frame["srcdoc"]))
    assert (frame["sandbox"], frame["title"]) == ("allow-scripts", figure.scene["alt"])
    assert len(figure.scene["steps"]) == 70
    width, height = figure.scene["size"]
    assert f"{width}px, (80vh - 48px) * {width / height:.4f}" in str(frame["style"])
    assert [tag for tag, _ in page.found] == ["div", "iframe"]


def test_a_run_is_a_table_and_a_small_overview(run: Run) -> None:
    page = Elements(run._repr_html_())
    assert "table" in [tag for tag, _ in page.found]
    figure = ReadFigure.parse(str(page.attributes("iframe")["srcdoc"]))
    assert len(figure.scene["steps"]) == 50
    assert [layer["name"] for layer in figure.scene["layers"]] == ["conv1"]


def test_shown_twice_it_is_computed_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    reel = run.reel()
    shown = [run._repr_html_(), reel._repr_html_()]
    monkeypatch.setattr(embed, "embed_figure", lambda *args: pytest.fail("computed again"))
    assert [run._repr_html_(), reel._repr_html_()] == shown


def test_a_run_that_goes_on_is_shown_anew(tmp_path: Path) -> None:
    values, pictures = noise(4, 2, 1, 4).astype(np.float32), np.zeros((2, 4, 4), np.uint8)
    taps = {"conv1": TapInfo((2, 1, 4, 4), "float32")}
    inputs = np.zeros((2, 1, 4, 4), np.float32)
    with RunWriter(tmp_path / "run", taps=taps, inputs=inputs, pictures=pictures) as writer:
        run = open_run(tmp_path / "run")
        assert "no steps yet" in run._repr_html_()
        for step, expected in enumerate(("1 step,", "2 steps,")):
            writer.commit(Snapshot(step, {"conv1": values[step]}, {}))
            run.refresh()
            assert expected in run._repr_html_()


def test_what_is_too_large_for_a_notebook(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "MAX_NOTEBOOK_LEVELS", 1000)
    assert "iframe" not in run._repr_html_()
    page = Elements(run.reel()._repr_html_())
    assert "iframe" not in [tag for tag, _ in page.found]
    assert str(page.attributes("img")["src"]).startswith("data:image/png;base64,")


def test_a_large_run_is_not_read_for_a_table(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reelnet.reel.MAX_OVERVIEW_VALUES", 70 * 3 * 4 * 25 - 1)
    monkeypatch.setattr(Run, "snapshot", lambda *args: pytest.fail("a step is read"))
    assert "iframe" not in run._repr_html_()


def test_a_damaged_run_is_a_table(make_run: MakeRun) -> None:
    run = make_run(taps=noise(9, 2, 1, 4).astype(np.float32))
    (Path(run.location) / "steps/00000003.safetensors").unlink()
    shown = Elements(open_run(run.path)._repr_html_())
    assert "table" in [tag for tag, _ in shown.found]
    assert "iframe" not in [tag for tag, _ in shown.found]
