"""Loading from a file: every error is reported at once, with its position."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelnet.errors import TemplateError
from reelnet.render.registry import panel_registry
from reelnet.template.load import load_template
from tests.make_run import MakeRun


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder."""
    monkeypatch.chdir(tmp_path)


def load_errors(text: str) -> list[str]:
    """Return the lines of the error of an invalid template."""
    Path("mine.yaml").write_text(text)
    with pytest.raises(TemplateError) as caught:
        load_template("mine.yaml", panel_registry())
    return str(caught.value).splitlines()


def test_a_duplicate_key_hides_no_other_error() -> None:
    lines = load_errors(
        "extends: article\ntheme: dark\ntheme: paper\npanels: {channels: {shwo: 0-5}}\ntimeline: {fps: fast}\n"
    )
    assert [line.split(": ")[0] for line in lines] == ["mine.yaml:3:1", "mine.yaml:4:21", "mine.yaml:5:12"]


def test_a_duplicate_key_is_reported_together_with_a_missing_template() -> None:
    twice, nowhere = load_errors("layer: a\nlayer: b\nextends: artcle\n")
    assert "mine.yaml:2:1: the key 'layer' is given twice" in twice
    assert "did you mean 'article'" in nowhere


def test_one_error_is_reported_once() -> None:
    assert len(load_errors("extends: article\ncanvas: {width: 1234567890123456789012}\n")) == 1


def test_a_removed_panel_is_reported_at_the_null() -> None:
    (line,) = load_errors("extends: article\npanels:\n  title: null\n")
    assert line.startswith("mine.yaml:3:3: panels.title: is removed by null, but the layout names it")


def test_null_and_then_a_panel_is_that_panel() -> None:
    Path("first.yaml").write_text("extends: article\npanels: {title: null}\n")
    Path("mine.yaml").write_text("extends: ./first.yaml\npanels: {title: {kind: counter}}\n")
    template = load_template("mine.yaml", panel_registry())
    assert type(template.panels["title"]).__name__ == "Counter"
    assert "curve" in load_template("article", panel_registry(), ["panels.curve=null"]).panels


def test_a_panel_that_stands_nowhere_is_checked_and_load_errors(make_run: MakeRun) -> None:
    run = make_run()
    Path("mine.yaml").write_text("extends: article\npanels:\n  extra: {kind: channels, taps: [conv9]}\n")
    with pytest.raises(TemplateError, match=r"^mine.yaml:3:27: panels.extra.taps: no layer 'conv9'"):
        run.reel("mine.yaml")
    scene = run.reel("mine.yaml", settings=["panels.extra.taps=[conv1]"]).scene
    assert scene.notes == ("mine.yaml:3:3: panels.extra: is not in the layout, so it is not drawn",)
    hidden = run.reel("mine.yaml", settings=["panels.extra={taps: null, hidden: true}"]).scene
    assert hidden.notes == ()
    # What an extended template describes and another layout has no place for is no oversight.
    Path("bare.yaml").write_text("extends: article\nlayout: {column: [channels]}\n")
    assert run.reel("bare.yaml").scene.notes == ()
