"""Templates from text and from mappings, as an editor or a call from Python gives them."""

from __future__ import annotations

from collections import OrderedDict
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.config.source import to_plain
from reelnet.errors import ReelnetError, TemplateError, UsageError
from reelnet.render.registry import panel_registry
from reelnet.template.load import load_draft, load_node, load_template
from reelnet.template.settings import read_settings
from reelnet.template.source import TemplateText, read_template_argument
from tests.make_run import MakeRun
from tests.tiny_fonts import write_font


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder."""
    monkeypatch.chdir(tmp_path)


def refused(source: Any, settings: Any = ()) -> str:
    """The error of a template from Python."""
    with pytest.raises(ReelnetError) as caught:
        load_template(read_template_argument(source), panel_registry(), read_settings(settings))
    return str(caught.value)


# The text of a file


def test_the_text_of_a_file_counts_instead_of_its_content() -> None:
    Path("part").mkdir()
    file = Path("part/mine.yaml")
    file.write_text("extends: article\ntheme: {text: 15}\n")
    write_font(Path("part/one.ttf"), "One", {"a": 500})
    text = "extends: ./base.yaml\ntheme: {font: one.ttf}\n"
    Path("part/base.yaml").write_text("extends: article\ntheme: dark\n")
    template = load_template(TemplateText(text, file), panel_registry())
    assert template.theme.font == ("part/one.ttf",)
    assert template.content["theme"]["base"] == "dark"
    assert template.name == "part/mine.yaml"
    assert file.read_text() == "extends: article\ntheme: {text: 15}\n"


def test_a_file_need_not_exist_yet() -> None:
    template = load_template(TemplateText("extends: article\n", Path("new/mine.yaml")), panel_registry())
    assert "curve" in template.panels


def test_errors_name_the_file_of_the_text() -> None:
    Path("mine.yaml").write_text("extends: article\n")
    draft = load_draft(
        TemplateText("extends: article\n\ntheme: {text: big}\n", Path("mine.yaml")), panel_registry()
    )
    assert [str(each.position) for each in draft.diagnostics] == ["mine.yaml:3:9"]
    with pytest.raises(TemplateError, match=r"^mine.yaml:2:1: "):
        load_draft(TemplateText("panels: {\n", Path("mine.yaml")), panel_registry())


def test_a_text_that_extends_its_own_name_extends_the_next_of_this_name() -> None:
    Path("templates").mkdir()
    text = TemplateText("extends: article\ntheme: dark\n", Path("templates/article.yaml"))
    # Whether the file is there already makes no difference to what its text extends.
    for _ in range(2):
        template = load_template(text, panel_registry())
        assert template.content["theme"]["base"] == "dark"
        assert "curve" in template.panels
        Path("templates/article.yaml").write_text("about: on disk\n")


def test_a_text_cannot_extend_itself_through_another_file() -> None:
    Path("other.yaml").write_text("extends: ./mine.yaml\n")
    Path("mine.yaml").write_text("extends: article\n")
    with pytest.raises(
        TemplateError, match=r"templates extend each other: mine\.yaml → other\.yaml → mine\.yaml"
    ):
        load_node(TemplateText("extends: ./other.yaml\n", Path("mine.yaml")))


def test_a_text_without_a_file() -> None:
    Path("base.yaml").write_text("extends: article\ntheme: paper\n")
    template = load_template(TemplateText("extends: ./base.yaml\nabout: mine"), panel_registry())
    assert (template.name, template.about, template.content["theme"]["base"]) == ("template", "mine", "paper")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("theme: dark\nthme: light", "template:2:1: thme: no such key; did you mean 'theme'?"),
        ("theme: dark", "has no layout; name a template to extend"),
        ("extends: artcle\n", "template:1:10: extends: no template 'artcle'; did you mean 'article'?"),
        ("theme: {", "template:1:9: the file ends before a '{' or '[' is closed"),
        ("\n\ud800", "template:2:1: the control character '\\ud800' is not allowed"),
        ("theme: dark\n" + " " * 1_000_000, "template: has more than 1,000,000 bytes"),
    ],
)
def test_errors_of_a_text_without_a_file(text: str, words: str) -> None:
    assert words in refused(text)


@pytest.mark.parametrize("text", ["theme: dark", "a\nb", "a\rb", "", "article"])
def test_which_texts_are_yaml(text: str) -> None:
    is_text = text not in ("", "article")
    assert read_template_argument(text) == (TemplateText(text) if is_text else text)
    assert read_template_argument(Path(text)) == Path(text)


# Mappings


def test_a_mapping_is_the_template_of_the_same_text(make_run: MakeRun) -> None:
    text = """
extends: article
theme: {base: dark, background: '#101418'}
samples: {show: 0-1}
panels: {title: {text: 'How {layer} learns'}, curve: null}
layout: {at: {curve: null}}
timeline: {fps: 12.5, steps: {list: [0, 1]}}
"""
    mapping = {
        "extends": "article",
        "theme": OrderedDict(base="dark", background="#101418"),
        "samples": {"show": "0-1"},
        "panels": {"title": {"text": "How {layer} learns"}, "curve": None},
        "layout": {"at": {"curve": None}},
        "timeline": {"fps": np.float32(12.5), "steps": {"list": np.arange(2)}},
    }
    one, two = (load_template(read_template_argument(each), panel_registry()) for each in (text, mapping))
    assert one.content == two.content
    assert (one.theme, one.panels, one.timeline) == (two.theme, two.panels, two.timeline)
    run = make_run()
    assert run.reel(mapping).frame(0).tobytes() == run.reel(text).frame(0).tobytes()


class Base(StrEnum):
    DARK = "dark"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ((1, 2), [1, 2]),
        (range(3), [0, 1, 2]),
        (np.arange(2.0), [0.0, 1.0]),
        (np.array([[1, 2]]), [[1, 2]]),
        (np.int8(3), 3),
        (np.float64(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("dark"), "dark"),
        (Base.DARK, "dark"),
        (Path("a/b.png"), "a/b.png"),
        ({"a": None}, {"a": None}),
    ],
)
def test_values_of_python(value: Any, plain: Any) -> None:
    found = to_plain(load_node({"key": value}))["key"]
    assert found == plain
    assert type(found) is type(plain)


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ({"timeline": {"fps": float("nan")}}, "template['timeline']['fps']: nan is not a finite number"),
        ({"theme": {"limits": [np.inf]}}, "template['theme']['limits'][0]: inf is not a finite number"),
        (
            {"panels": {"curve": {"metrics": {"loss"}}}},
            "template['panels']['curve']['metrics']: {'loss'} is of type set; "
            "give a text, a number, a list or a dict",
        ),
        ({"panels": {"curve": object}}, "is of type type;"),
        ({"about": b"bytes"}, "template['about']: b'bytes' is of type bytes;"),
        ({"about": (x for x in "ab")}, "is of type generator;"),
        ({"about": np.array(None)[()]}, "has no layout"),
        ({3: 4}, "template: the key 3 is of type int; give a str"),
        ({"a" * 201: 4}, "template: a key has at most 200 characters"),
        ({"about": "a\x00b"}, "template['about']: the control character '\\x00' is not allowed"),
        ({"a\x00b": 1}, "template: the control character '\\x00' is not allowed"),
        ({"about": 10**18}, "template['about']: a whole number has at most 18 digits"),
        ({"about": LOOP}, "more than 40 levels of nesting"),
        ({"about": np.zeros(30_000)}, "a template has at most 20,000 keys and values"),
    ],
)
def test_values_that_no_file_can_have(template: Any, words: str) -> None:
    message = refused(template)
    assert words in message
    assert "\n" not in message


def test_errors_of_a_mapping_name_the_key() -> None:
    one, two = refused({"extends": "article", "thme": "dark", "timeline": {"fps": "fast"}}).splitlines()
    assert one == "template: thme: no such key; did you mean 'theme'?"
    assert two.startswith("template: timeline.fps: 'fast' is not a number")


def test_files_of_a_mapping_are_relative_to_the_current_folder() -> None:
    write_font(Path("one.ttf"), "One", {"a": 500})
    mapping = {"extends": "article", "theme": {"font": Path("one.ttf")}}
    assert load_template(mapping, panel_registry()).theme.font == ("one.ttf",)


# Settings from Python


@pytest.mark.parametrize(
    "settings",
    [
        ["theme=dark", "timeline.duration=12", "panels.title.text=A: b", "canvas.snap=false"],
        {
            "theme": "dark",
            "timeline": {"duration": 12},
            "panels": {"title": {"text": "A: b"}},
            "canvas": {"snap": False},
        },
        {"theme.base": "dark", "timeline.duration": np.int64(12), "panels.title": {"text": "A: b"}}
        | {"canvas.snap": np.False_},
    ],
)
def test_settings_say_the_same_in_every_form(settings: Any, make_run: MakeRun) -> None:
    content = make_run().reel("article", settings=settings).template.content
    assert content["theme"]["base"] == "dark"
    assert content["timeline"]["duration"] == 12
    assert (content["panels"]["title"]["text"], content["canvas"]["snap"]) == ("A: b", False)
    assert content["panels"]["title"]["style"] == "title"


def test_settings_change_templates_from_python_too(make_run: MakeRun) -> None:
    run = make_run()
    for template in ({"extends": "article", "theme": "dark"}, "extends: article\ntheme: dark"):
        reel = run.reel(template, settings={"theme": "paper", "layout.at.curve": None})
        assert reel.template.content["theme"]["base"] == "paper"
        assert "curve" not in dict(reel.scene.boxes)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["theme"], "settings[0] theme: has no '='; write it as theme.background=#111"),
        (
            ["theme=dark", "a..b=1"],
            "settings[1] a..b=1: 'a..b' is not a path of keys such as theme.background",
        ),
        ({"a..b": 1}, "settings['a..b']: 'a..b' is not a path of keys such as theme.background"),
        ({"": 1}, "settings['']: '' is not a path of keys such as theme.background"),
        ({3: 1}, "settings: the key 3 is of type int; give a str"),
        ({"theme": {"text": {12}}}, "settings['theme']['text']: {12} is of type set; give a text"),
        ({"timeline.fps": np.nan}, "settings['timeline.fps']: nan is not a finite number"),
        ({"theme": {"text": "big"}}, "settings['theme']: theme.text: 'big' is not a whole number"),
        ({"timeline.fps": "12"}, "settings['timeline.fps']: timeline.fps: '12' is not a number"),
        ({"thme": "dark"}, "settings['thme']: thme: no such key; did you mean 'theme'?"),
        (["thme=dark"], "settings[0] thme=dark: thme: no such key; did you mean 'theme'?"),
        ({"outputs[9].path": "a.gif"}, "settings['outputs[9].path']: outputs is not a list; it has no [9]"),
    ],
)
def test_errors_of_settings_are_in_the_words_of_python(settings: Any, message: str) -> None:
    found = refused("plain", settings)
    assert found.startswith(message)
    assert "--set" not in found
    assert "\n" not in found


def test_no_setting_is_lost_in_a_template_that_is_a_mapping() -> None:
    with pytest.raises(UsageError, match=r"^settings\['theme.x'\]\[0\]: .* is of type object"):
        read_settings({"theme.x": [object()]})
