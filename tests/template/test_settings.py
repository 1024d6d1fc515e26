"""Settings change single keys of a template."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelnet.config.source import find_position, to_plain
from reelnet.errors import UsageError
from reelnet.template.settings import apply_settings, parse_options
from tests.template.test_inheritance import TEMPLATES, node_of, read

TEMPLATE = """\
panels: {title: {kind: text, text: hi}}
theme: {base: dark, background: "#ffffff"}
layout: {column: {gap: 16, items: [title, {row: {id: head, items: [counter, colorbar]}}]}}
side: {column: [title, {row: {id: head, items: [counter]}}]}
outputs: [{id: web, path: a.mp4}, {path: b.gif}]
"""


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("theme.background=#111", ("theme", "background"), "#111"),
        ("theme = light", ("theme", "base"), "light"),
        ("canvas=100x200", ("canvas",), {"width": 100, "height": 200}),
        ("timeline.fps=12.5", ("timeline", "fps"), 12.5),
        ("a.b.c=true", ("a", "b", "c"), True),
        ("outputs[0].path={layer}.mp4", ("outputs", 0, "path"), "{layer}.mp4"),
        ("outputs.web.path=c: d # e", ("outputs", 0, "path"), "c: d # e"),
        ("outputs[1].path='x'", ("outputs", 1, "path"), "x"),
        ("outputs=[{path: x.gif}]", ("outputs",), [{"path": "x.gif"}]),
        ("outputs[0]=", ("outputs",), [{"path": "b.gif"}]),
        ("theme.map=[#111, #ffffff]", ("theme", "map"), ["#111", "#ffffff"]),
        ("theme.map={a: #111, b: [1, null]}", ("theme", "map"), {"a": "#111", "b": [1, None]}),
        ("panels.title.text=*bold* &c", ("panels", "title", "text"), "*bold* &c"),
        ("panels.title.text={channels} a", ("panels", "title", "text"), "{channels} a"),
        ("panels.title.kind=curve", ("panels", "title"), {"kind": "curve"}),
        ("layout.column.items[1].row.gap=3", ("layout", "column", "items", 1, "row", "gap"), 3),
        ("layout.column.items.head.row.gap=3", ("layout", "column", "items", 1, "row", "gap"), 3),
        ("layout.column.items[0]=other", ("layout", "column", "items", 0), "other"),
        ("layout.at.title=note", ("layout", "column", "items", 0), "note"),
        ("layout.column=[a]", ("layout", "column"), {"gap": 16, "items": ["a"]}),
        ("layout.row=[a]", ("layout",), {"row": ["a"]}),
        ("side.column.head.row.gap=3", ("side", "column", 1, "row", "gap"), 3),
        ("side.column[0]=x", ("side", "column", 0), "x"),
        ("side.column.items[0]=x", ("side", "column", "items", 0), "x"),
        ("side.column.gap=3", ("side", "column", "gap"), 3),
    ],
)
def test_settings(setting: str, path: tuple[str | int, ...], value: Any) -> None:
    node = apply_settings(read(TEMPLATE), parse_options([setting]))
    found = to_plain(node)
    for step in path:
        found = found[step]
    assert found == value


def test_a_setting_without_a_value_removes_the_key() -> None:
    assert to_plain(apply_settings(read("a: {b: 1, c: 2}"), parse_options(["a.b=", "a.d="]))) == {
        "a": {"c": 2}
    }


def test_settings_apply_in_order_and_keep_their_position() -> None:
    node = apply_settings(read("a: {b: 1}"), parse_options(["a.b=2", "a.b=3", "a.c=[{d: 1}]"]))
    assert to_plain(node) == {"a": {"b": 3, "c": [{"d": 1}]}}
    assert str(find_position(node, ("a", "b"))) == "--set a.b=3"
    assert str(find_position(node, ("a", "c", 0, "d"))) == "--set a.c=[{d: 1}]"
    assert str(find_position(node, ("a",))) == "t.yaml:1:1"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("theme", "has no '='"),
        ("=1", "is not a path"),
        ("a..b=1", "is not a path"),
        ("a[x]=1", "is not a path"),
        ("a[1=1", "is not a path"),
        (".".join("a" * 41) + "=1", "is not a path"),
        ("outputs[2].path=x", "has 2 items, counted from 0; it has no [2]"),
        ("outputs.wed.path=x", "no item with the id 'wed'; did you mean 'web'?"),
        ("theme[0]=x", "theme is not a list; it has no [0]"),
        ("new[0]=x", "new is not a list; it has no [0]"),
        ("a.b[0].c=x", "a.b is not a list; it has no [0]"),
        ("layout.column[0]=x", "layout.column is not a list"),
        ("layout.column.items.heda.row.gap=3", "no item with the id 'heda'; did you mean 'head'?"),
        ("a=[1", "list that opens here"),
        ("a='x", "never closed"),
        ("a={b: !x 1}", "tags"),
        ("a=" + "9" * 19, "18 digits"),
        ("a=\x1b[1m", "control character"),
        ("a=\udcff", "control character"),
    ],
)
def test_invalid_settings(setting: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        apply_settings(read(TEMPLATE), parse_options([setting]))
    assert words in str(caught.value)
    assert str(caught.value).startswith("--set ")


@given(st.text(st.sampled_from("ab.[]0=#{}:,'\" -\t"), max_size=12), TEMPLATES)
def test_any_setting_is_applied_or_refused(setting: str, template: Any) -> None:
    with contextlib.suppress(UsageError):
        to_plain(apply_settings(node_of(template), parse_options([setting, "outputs." + setting])))
