"""The keys of a panel: each with its value, its default, what it does, and where it is written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from reelnet.errors import UsageError
from reelnet.preview.keys.panel_keys import describe_panel
from reelnet.render.registry import panel_registry
from reelnet.template.load import load_template
from reelnet.template.search_path import SearchPath
from reelnet.template.source import TemplateText

MINE = """\
extends: article
panels:
  title: {size: 40}
  channels:
    show: 0-3
    labels: names
  note: {kind: text, text: hi}
layout: {at: {curve: {row: [note, histogram]}}}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder."""
    monkeypatch.chdir(tmp_path)


def describe(name: str, text: str = MINE, file: str = "my folder/mine.yaml") -> tuple[dict[str, Any], Any]:
    """A panel, and its keys by their last part."""
    template = load_template(TemplateText(text, Path(file)), panel_registry())
    panel = describe_panel(template, name, Path(file))
    return panel, {each["key"].rpartition(".")[2]: each for each in panel["keys"]}


def test_where_keys_come_from() -> None:
    panel, keys = describe("title")
    article = SearchPath().find("article").read_text().splitlines()
    line = next(number for number, text in enumerate(article, 1) if "title: {kind" in text)
    assert (panel["name"], panel["kind"]) == ("title", "text")
    assert (panel["file"], panel["line"]) == ("my folder/mine.yaml", 3)
    assert panel["link"] == f"vscode://file{Path.cwd()}/my%20folder/mine.yaml:3:3"
    assert (keys["size"]["value"], keys["size"]["line"], keys["size"]["is_set"]) == (40, 3, True)
    assert keys["text"]["value"] == "What {network} makes of {inputs}"
    assert (Path(keys["text"]["file"]).name, keys["text"]["line"]) == ("article.yaml", line)
    assert not keys["text"]["is_set"]
    assert (keys["bold"]["value"], keys["bold"]["line"], keys["bold"]["is_set"]) == (None, 0, False)
    assert keys["style"]["choices"] == ("title", "body", "caption")
    assert (keys["style"]["kind"], keys["style"]["value"], keys["style"]["default"]) == (
        "choice",
        "title",
        "body",
    )


def test_every_key_of_every_kind_is_documented() -> None:
    for kind in panel_registry():
        needs = {"image": "file: a.png", "captions": "items: [{text: hi}]"}.get(kind, "hidden: false")
        Path("a.png").touch()
        text = f"panels:\n  mine: {{kind: {kind}, {needs}}}\nlayout: {{column: [mine]}}\n"
        panel, keys = describe("mine", text, "mine.yaml")
        assert panel["about"].endswith(".")
        assert len(keys) >= 5
        for key in keys.values():
            assert key["info"].endswith((".", ":")), key
            assert key["kind"] in ("text", "number", "choice", "color", "flag", "selection", "list", "other")


def test_kinds_of_values() -> None:
    _, keys = describe("channels")
    kinds = {name: key["kind"] for name, key in keys.items()}
    assert kinds["show"] == "selection"
    assert kinds["gap"] == "number"
    assert (keys["gap"]["min"], keys["grow"]["max"]) == (0, 1000)
    assert (kinds["inputs"], kinds["heading"]) == ("flag", "flag")
    assert keys["labels"]["choices"] == (True, False, "names")
    assert keys["wrap"]["choices"] == ("auto", "tall", False)
    assert kinds["annotations"] == "other"
    assert describe("curve")[1]["metrics"]["kind"] == "list"
    assert describe("title")[1]["color"]["kind"] == "color"


def test_a_panel_that_only_the_layout_names() -> None:
    panel, keys = describe("histogram")
    assert (panel["kind"], panel["line"]) == ("histogram", 8)
    assert all(key["value"] is None for key in keys.values())


def test_a_template_without_a_file() -> None:
    template = load_template({"layout": {"column": ["counter"]}}, panel_registry())
    panel = describe_panel(template, "counter", Path("template"))
    assert (panel["file"], panel["line"], panel["link"]) == ("", 0, "")


def test_an_unknown_panel() -> None:
    with pytest.raises(UsageError, match=re.escape("no panel 'titel'; did you mean 'title'?")):
        describe("titel")


def test_selections_are_texts_as_in_the_controls() -> None:
    assert describe("channels")[1]["show"]["value"] == "0-3"
    _, keys = describe("channels", MINE.replace("show: 0-3", "show: {top: 8}"))
    assert keys["show"]["value"] == "top 8"
    _, keys = describe("channels", MINE.replace("show: 0-3", "show: [0, 4-6]"))
    assert keys["show"]["value"] == "0, 4-6"
