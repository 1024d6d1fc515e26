"""From a file to a template: everything that is wrong is told at once, where the author wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelnet.compose.registry import registry
from reelnet.errors import TemplateError
from reelnet.template.load import load_template


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder."""
    monkeypatch.chdir(tmp_path)


def told(text: str) -> list[str]:
    """The lines of the error that a template makes."""
    Path("mine.yaml").write_text(text)
    with pytest.raises(TemplateError) as caught:
        load_template("mine.yaml", registry())
    return str(caught.value).splitlines()


def test_a_key_that_stands_twice_hides_no_other_mistake() -> None:
    lines = told(
        "extends: article\ntheme: dark\ntheme: paper\npanels: {channels: {shwo: 0-5}}\ntimeline: {fps: fast}\n"
    )
    assert [line.split(": ")[0] for line in lines] == ["mine.yaml:3:1", "mine.yaml:4:21", "mine.yaml:5:12"]


def test_a_key_that_stands_twice_is_told_beside_a_template_that_is_not_there() -> None:
    twice, nowhere = told("layer: a\nlayer: b\nextends: artcle\n")
    assert "mine.yaml:2:1: the key 'layer' stands here twice" in twice
    assert "did you mean 'article'" in nowhere


def test_one_mistake_is_told_once() -> None:
    assert len(told("extends: article\ncanvas: {width: 1234567890123456789012}\n")) == 1
