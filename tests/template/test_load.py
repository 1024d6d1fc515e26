"""From a file to a template: everything that is wrong is told at once, where the author wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelnet.errors import TemplateError
from reelnet.render.registry import panel_registry
from reelnet.template.load import load_template
from tests.conftest import MakeRun


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder."""
    monkeypatch.chdir(tmp_path)


def told(text: str) -> list[str]:
    """The lines of the error that a template makes."""
    Path("mine.yaml").write_text(text)
    with pytest.raises(TemplateError) as caught:
        load_template("mine.yaml", panel_registry())
    return str(caught.value).splitlines()


def test_a_key_that_stands_twice_hides_no_other_mistake() -> None:
    lines = told(
        "extends: article\ntheme: dark\ntheme: paper\npanels: {channels: {shwo: 0-5}}\ntimeline: {fps: fast}\n"
    )
    assert [line.split(": ")[0] for line in lines] == ["mine.yaml:3:1", "mine.yaml:4:21", "mine.yaml:5:12"]


def test_a_key_that_stands_twice_is_told_beside_a_template_that_is_not_there() -> None:
    twice, nowhere = told("layer: a\nlayer: b\nextends: artcle\n")
    assert "mine.yaml:2:1: the key 'layer' is given twice" in twice
    assert "did you mean 'article'" in nowhere


def test_one_mistake_is_told_once() -> None:
    assert len(told("extends: article\ncanvas: {width: 1234567890123456789012}\n")) == 1


def test_a_panel_that_null_takes_away_is_told_where_the_author_wrote_that() -> None:
    (line,) = told("extends: article\npanels:\n  title: null\n")
    assert line.startswith("mine.yaml:3:3: panels.title: is removed by null, but the layout names it")


def test_null_and_then_a_panel_is_that_panel() -> None:
    Path("first.yaml").write_text("extends: article\npanels: {title: null}\n")
    Path("mine.yaml").write_text("extends: ./first.yaml\npanels: {title: {kind: counter}}\n")
    template = load_template("mine.yaml", panel_registry())
    assert type(template.panels["title"]).__name__ == "Counter"
    assert "curve" in load_template("article", panel_registry(), ["panels.curve=null"]).panels


def test_a_panel_that_stands_nowhere_is_checked_and_told(make_run: MakeRun) -> None:
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
