"""Setting one key in the text of a template: the content has the new value, and every other line is the same."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reelnet.config.source import get_child, parse_yaml, to_plain
from reelnet.errors import TemplateError, UsageError
from reelnet.template.edit.set_key import set_key
from reelnet.template.search_path import find_builtin_folder

FILES = sorted(find_builtin_folder().glob("*.yaml"))
TEXTS = {file.stem: file.read_text("utf-8") for file in FILES}
TEXTS["all"] = (Path(__file__).parents[1] / "all.yaml").read_text("utf-8")

KEPT = """\
# About all of it.

extends: article  # the base

# The look.
theme: dark   # for slides
panels:
  # What it says.
  title: {text: "Say: it", size: 30} # large
  note:
    kind: text
    # In one line.
    text: 'It''s here'

  # curve: {style: strip}
  list:
  - one
  # The second.
  - two # 2
layout: {column: [title, {row: [note, list]}]}
outputs:
  - {id: web, path: a.mp4}
  - id: still
    path: b.png
# The end.
"""


def read(text: str) -> Any:
    return to_plain(parse_yaml(text, "mine.yaml"))


def changed_lines(old: str, new: str) -> tuple[list[str], list[str]]:
    """The lines of each text without those at its beginning and its end that are the same."""
    before, after = old.split("\n"), new.split("\n")
    while before and after and before[0] == after[0]:
        before, after = before[1:], after[1:]
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    return before, after


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        # Existing values
        ("extends", "plain", ["extends: article  # the base"], ["extends: plain  # the base"]),
        ("theme", "light", ["theme: dark   # for slides"], ["theme: light   # for slides"]),
        (
            "panels title size",
            24,
            ['  title: {text: "Say: it", size: 30} # large'],
            ['  title: {text: "Say: it", size: 24} # large'],
        ),
        (
            "panels title text",
            "hi",
            ['  title: {text: "Say: it", size: 30} # large'],
            ['  title: {text: "hi", size: 30} # large'],
        ),
        ("panels note text", "Don't", ["    text: 'It''s here'"], ["    text: 'Don''t'"]),
        ("panels note kind", "a: b", ["    kind: text"], ["    kind: 'a: b'"]),
        ("panels list 1", "three", ["  - two # 2"], ["  - three # 2"]),
        ("panels list", ["one", "two", "three"], [], ["  - three"]),
        ("panels list", ["zero", "one", "two"], [], ["  - zero"]),
        ("panels list", ["two"], ["  - one"], []),
        ("panels list", [], ["  list:", "  - one", "  # The second.", "  - two # 2"], ["  list: []"]),
        (
            "panels title",
            {"text": "Say: it", "bold": True},
            ['  title: {text: "Say: it", size: 30} # large'],
            ['  title: {text: "Say: it", bold: true} # large'],
        ),
        ("outputs still path", "c.png", ["    path: b.png"], ["    path: c.png"]),
        (
            "outputs 0 path",
            "{layer}.mp4",
            ["  - {id: web, path: a.mp4}"],
            ["  - {id: web, path: '{layer}.mp4'}"],
        ),
        # New keys
        ("about", "mine", [], ["about: mine"]),
        ("timeline fps", 12.5, [], ["timeline: {fps: 12.5}"]),
        ("canvas", "9:16", [], ["canvas: 9:16"]),
        ("panels note size", 20, [], ["    size: 20"]),
        ("panels extra kind", "text", [], ["  extra: {kind: text}"]),
        ("outputs still dpi", 300, [], ["    dpi: 300"]),
        ("outputs 2", {"path": "c.gif"}, [], ["  - {path: c.gif}"]),
        ("panels list 2", "three", [], ["  - three"]),
        # Shorthands
        (
            "theme accent",
            "#e91",
            ["theme: dark   # for slides"],
            ["theme: {base: dark, accent: '#e91'}   # for slides"],
        ),
        (
            "layout column gap",
            8,
            ["layout: {column: [title, {row: [note, list]}]}"],
            ["layout: {column: {gap: 8, items: [title, {row: [note, list]}]}}"],
        ),
        (
            "layout column items 1 row gap",
            8,
            ["layout: {column: [title, {row: [note, list]}]}"],
            ["layout: {column: [title, {row: {gap: 8, items: [note, list]}}]}"],
        ),
        # Removals
        ("theme", None, ["# The look.", "theme: dark   # for slides"], []),
        ("theme base", None, ["# The look.", "theme: dark   # for slides"], []),
        ("theme accent", None, [], []),
        (
            "panels title size",
            None,
            ['  title: {text: "Say: it", size: 30} # large'],
            ['  title: {text: "Say: it"} # large'],
        ),
        (
            "panels title text",
            None,
            ['  title: {text: "Say: it", size: 30} # large'],
            ["  title: {size: 30} # large"],
        ),
        ("panels title", None, ["  # What it says.", '  title: {text: "Say: it", size: 30} # large'], []),
        ("panels note text", None, ["    # In one line.", "    text: 'It''s here'"], []),
        ("panels list 1", None, ["  # The second.", "  - two # 2"], []),
        ("outputs still id", None, ["  - id: still", "    path: b.png"], ["  - path: b.png"]),
        ("outputs still", None, ["  - id: still", "    path: b.png"], []),
        ("extends", None, ["extends: article  # the base", ""], []),
    ],
)
def test_what_an_edit_changes(key: str, value: Any, before: list[str], after: list[str]) -> None:
    path = tuple(int(step) if step.isdigit() else step for step in key.split())
    edited = set_key(KEPT, path, value)
    assert changed_lines(KEPT, edited) == (before, after)


@pytest.mark.parametrize(
    ("text", "path", "value", "edited"),
    [
        ("", ("theme",), "dark", "theme: dark\n"),
        ("# Mine.\n", ("theme",), "dark", "# Mine.\ntheme: dark\n"),
        ("---\n", ("theme",), "dark", "---\ntheme: dark\n"),
        ("# Mine.", ("panels", "a", "b"), 1, "# Mine.\npanels: {a: {b: 1}}\n"),
        ("a: 1", ("b",), 2, "a: 1\nb: 2"),
        ("a: 1\nb: 2", ("b",), None, "a: 1"),
        ("a: 1\n", ("a",), None, ""),
        ("{}\n", ("a",), 1, "{a: 1}\n"),
        ("{a: 1}\n", ("b",), 2, "{a: 1, b: 2}\n"),
        ("{a: 1}\n", ("a",), None, "{}\n"),
        ("a: {b: 1}\nc: 2\n", ("a", "b"), None, "c: 2\n"),
        ("a: {}\n", ("a", "b"), 1, "a: {b: 1}\n"),
        ("a:\n", ("a", "b"), 1, "a: {b: 1}\n"),
        ("a: # c\nb: 2\n", ("a",), 1, "a: 1 # c\nb: 2\n"),
        ("a: ~\n", ("a", "b"), 1, "a: {b: 1}\n"),
        ("panels:\n  # none\n", ("panels", "a"), {"b": 1}, "panels: {a: {b: 1}}\n  # none\n"),
        ("layout: a\n", ("panels", "a", "b"), 1, "panels:\n  a: {b: 1}\nlayout: a\n"),
        (
            "theme: {background: #111\n}\n",
            ("theme", "background"),
            "#222",
            "theme: {background: '#222' #111\n}\n",
        ),
        ("theme:\n  background: #111\n", ("theme", "background"), "#222", "theme:\n  background: '#222'\n"),
        ("a: |\n  x\n  y\n\nb: 1\n", ("a",), "z", "a: z\n\nb: 1\n"),
        ("a: > # c\n  x\n  y\n", ("a",), [1], "a: [1] # c\n"),
        ("a: |\n  x\n\nb: 1\n", ("a",), None, "b: 1\n"),
        ("a: |\n  x\n\nb: 1\n", ("c",), 1, "a: |\n  x\n\nb: 1\nc: 1\n"),
        ("b: 1\na: |+\n  x\n\n", ("c",), 1, "b: 1\na: |+\n  x\n\nc: 1\n"),
        ("a: one\n  two\nb: 1\n", ("a",), "x", "a: x\nb: 1\n"),
        ('a: "one\n  two" # c\nb: 1\n', ("a",), "x", 'a: "x" # c\nb: 1\n'),
        ("a: 'one'\n", ("a",), "x\ny", 'a: "x\\ny"\n'),
        ("a:\n  b: 1\n  c: 2\n", ("a",), "x", "a: x\n"),
        ("a: # c\n  b: 1 # d\nc: 2\n", ("a",), ["x"], "a: [x] # c\nc: 2\n"),
        (
            "a: {\n  b: 1, # one\n  c: 2 # two\n}\n",
            ("a", "d"),
            3,
            "a: {\n  b: 1, # one\n  c: 2, # two\n  d: 3\n}\n",
        ),
        ("a: {\n  b: 1, # one\n  c: 2 # two\n}\n", ("a", "b"), None, "a: {\n  c: 2 # two\n}\n"),
        ("a: {\n  b: 1, # one\n  c: 2 # two\n}\n", ("a", "c"), None, "a: {\n  b: 1, # one\n}\n"),
        ("a: {b, c: 1}\n", ("a", "b"), 2, "a: {b: 2, c: 1}\n"),
        ("a: {b: , c: 1}\n", ("a", "b"), 2, "a: {b: 2 , c: 1}\n"),
        ("a: [\n  1,\n  2\n]\n", ("a", 1), 3, "a: [\n  1,\n  3\n]\n"),
        ("a: [1, 2]\n", ("a", 0), None, "a: [2]\n"),
        ("a: [1]\n", ("a", 0), None, "a: []\n"),
        ("a:\n- 1\nb: 2\n", ("a", 0), None, "a: []\nb: 2\n"),
        ("a:\n- b: 1\n", ("a", 0, "b"), None, "a:\n- {}\n"),
        ("a:\n-\n- 2\n", ("a", 0), 1, "a:\n- 1\n- 2\n"),
        ("a: &x {b: 1}\nc: *x\n", ("c",), 2, "a: &x {b: 1}\nc: 2\n"),
        ("a: &x 1\n", ("a",), 2, "a: 2\n"),
        ("a: &x\n  b: 1\n", ("a", "c"), 2, "a: &x\n  b: 1\n  c: 2\n"),
        (
            "layout:\n  column:\n  - a\n  - b # c\n",
            ("layout", "column", "gap"),
            8,
            "layout:\n  column:\n    gap: 8\n    items:\n    - a\n    - b # c\n",
        ),
        (
            "layout:\n  row:\n    # all\n    - a\n",
            ("layout", "row", "gap"),
            8,
            "layout:\n  row:\n    # all\n    gap: 8\n    items:\n    - a\n",
        ),
        ("a:\r\n  b: 1\r\nc: 2\r\n", ("a", "d"), 3, "a:\r\n  b: 1\r\n  d: 3\r\nc: 2\r\n"),
        ("a: 1\nb: 2\r\nc: 3\rd: 4", ("b",), None, "a: 1\nc: 3\rd: 4"),
        ("a: 1\nb: 2\r\nc: 3\rd: 4", ("e",), 5, "a: 1\nb: 2\r\nc: 3\rd: 4\ne: 5"),
        ("\ufeffa: 1\r\n", ("b",), 2, "\ufeffa: 1\r\nb: 2\r\n"),
    ],
)
def test_texts_of_all_forms(text: str, path: tuple[str | int, ...], value: Any, edited: str) -> None:
    assert set_key(text, path, value) == edited


@pytest.mark.parametrize(
    ("value", "written"),
    [
        *(
            (word, f"'{word}'")
            for word in ("yes", "No", "on", "y", "true", "null", "~", "3", "0o7", "1e3", "")
        ),
        ("#111", "'#111'"),
        ("a # b", "'a # b'"),
        ("a: b", "'a: b'"),
        ("{layer} learns", "'{layer} learns'"),
        ("It's: so", '"It\'s: so"'),
        (" a", "' a'"),
        ("- a", "'- a'"),
        ("*bold*", "'*bold*'"),
        ("a, b", "a, b"),
        (["a, b"], "['a, b']"),
        ("9:16", "9:16"),
        ("12cm", "12cm"),
        ("a\tb", "'a\tb'"),
        ("größer 🙂", "größer 🙂"),
        ("a\u2028b", '"a\\u2028b"'),
        (True, "true"),
        (3, "3"),
        (3.0, "3.0"),
        (1e-07, "1e-07"),
        ({"a": None, "b": [1, {}]}, "{a: null, b: [1, {}]}"),
        ({"true": 1, "a: b": 2}, "{'true': 1, 'a: b': 2}"),
    ],
)
def test_values_are_written_as_short_as_possible(value: Any, written: str) -> None:
    assert set_key("a: 1\n", ("a",), value) == f"a: {written}\n"


def test_long_values_take_several_lines() -> None:
    value = {"title": {"text": "x" * 60}, "list": [{"a": "y" * 60, "b": "z" * 60}, "short"]}
    text = set_key("a: 1 # c\nb: 2\n", ("a",), value)
    assert read(text) == {"a": value, "b": 2}
    assert text.startswith(f"a: # c\n  title: {{text: {'x' * 60}}}\n  list:\n    - a: yyy")
    assert max(map(len, text.splitlines())) < 110


@pytest.mark.parametrize(
    ("text", "path", "value", "message"),
    [
        ("a: [1\n", ("a",), 1, "a: correct the text first: text:1:4: "),
        ("a: 1\na: 2\n", ("a",), 1, "a: correct the text first: text:2:1: the key 'a' is given twice"),
        ("- a\n", ("a",), 1, "a: correct the text first: text:1:1: a template is a map of keys"),
        (
            "a: &x {b: 1}\nc: *x\n",
            ("c", "b"),
            2,
            "c.b: c is written as *x, which stands for a value elsewhere",
        ),
        (
            "a: &x {b: 1}\nc: *x\n",
            ("c", "b"),
            None,
            "c.b: c is written as *x, which stands for a value elsewhere",
        ),
        (
            "a: &x {b: 1}\nc: *x\n",
            ("a", "b"),
            2,
            "a.b: the text is written in a way that can only be changed by",
        ),
        (
            "a: &x 1\nc: *x\n",
            ("a",),
            2,
            "a: the text is written in a way that can only be changed by hand here",
        ),
        ("a: |\n  x", ("b",), 2, "b: the text is written in a way that can only be changed by hand here"),
        ("? a\n: 1\n", ("b",), 2, "b: the text is written in a way that can only be changed by hand here"),
        ("---\n...\n", ("a",), 2, "a: the text ends with '...'; change the text"),
        ("a: 1\n", ("a", "b"), 2, "a.b: a is 1, not a map; it has no b"),
        ("a: {b: x}\n", ("a", "b", 0), 2, "a.b[0]: a.b is not a list; it has no [0]"),
        ("a: [1]\n", ("a", 2), 2, "a[2]: a has 1 item, counted from 0; it has no [2]"),
        ("a: [1]\n", ("a", 1), None, "a[1]: a has 1 item, counted from 0; it has no [1]"),
        (
            "a: [{id: web}]\n",
            ("a", "wed", "b"),
            1,
            "a.wed.b: a has no item with the id 'wed'; did you mean 'web'?",
        ),
    ],
)
def test_refused(text: str, path: tuple[str | int, ...], value: Any, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        set_key(text, path, value)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [{1}, float("nan"), object(), {"b": {3: 1}}])
def test_values_that_no_file_can_have(value: Any) -> None:
    with pytest.raises(UsageError, match=r"^a.b"):
        set_key("a: 1\n", ("a.b",), value)


# Properties

WORDS = st.text("ab0 .:#'\"{}[],&*!|>%@-?~\\\n\té✓", max_size=12) | st.sampled_from(
    ["yes", "null", "#123", "0-5"]
)
SCALARS = (
    st.booleans() | st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False) | WORDS
)
VALUES = st.recursive(
    SCALARS | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS.filter(bool), inner, max_size=3),
    max_leaves=6,
)
STYLES = st.sampled_from(["plain", "crlf", "open end", "bom", "flow", "dumped"])


def list_paths(content: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of all keys and items, and of a new key of each map and a new item of each list."""
    if isinstance(content, dict):
        below = [each for key, child in content.items() for each in list_paths(child, (*path, key))]
        return [*([path] if path else []), *below, (*path, "new")]
    if isinstance(content, list):
        below = [each for index, child in enumerate(content) for each in list_paths(child, (*path, index))]
        return [path, *below, (*path, len(content))]
    return [path]


def restyle(text: str, style: str) -> str:
    """The same content as other programs save it."""
    if style in ("flow", "dumped"):
        text = yaml.safe_dump(read(text), sort_keys=False, default_flow_style=style == "flow", width=60)
    if style == "open end":
        return text.rstrip("\n")
    return f"\ufeff{text}" if style == "bom" else text.replace("\n", "\r\n") if style == "crlf" else text


def assign(content: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The content with one value replaced, or removed with the maps that this makes empty."""
    content = copy.deepcopy(content)
    steps: list[Any] = [content]
    for step in path[:-1]:
        steps.append(steps[-1][step])
    parent, last = steps[-1], path[-1]
    if value is not None:
        if isinstance(parent, list) and last == len(parent):
            parent.append(value)
        else:
            parent[last] = value
        return content
    if isinstance(parent, dict) and last not in parent:
        return content
    del parent[last]
    for index in range(len(path) - 2, -1, -1):
        if steps[index + 1] == {} and isinstance(steps[index], dict):
            del steps[index][path[index]]
        else:
            break
    return content


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_edit_of_a_built_in_template(data: st.DataObject) -> None:
    text = restyle(TEXTS[data.draw(st.sampled_from(sorted(TEXTS)))], data.draw(STYLES))
    content = read(text)
    path = data.draw(st.sampled_from(list_paths(content)))
    value = data.draw(VALUES)
    parent = content
    for step in path[:-1]:
        parent = parent[step]
    # The item after the last one cannot be removed; test_refused has it.
    assume(value is not None or not (isinstance(parent, list) and path[-1] == len(parent)))
    edited = set_key(text, path, value)
    expected = assign(content, path, value)
    assert repr(read(edited)) == repr(expected) or read(edited) == expected
    before, after = changed_lines(text, edited)
    is_new = path[-1] == "new" or (isinstance(parent, list) and path[-1] == len(parent))
    if is_new and value is not None:
        # A new line, or one that is longer.
        assert len(before) <= 1
    joined = "\n".join(after)
    assert all(
        f"#{line.partition('#')[2]}" in joined or line.lstrip().startswith("#") is False for line in before
    )


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_an_edit_changes_only_the_lines_of_its_key(data: st.DataObject) -> None:
    text = TEXTS[data.draw(st.sampled_from(sorted(TEXTS)))]
    content = parse_yaml(text, "mine.yaml")
    path = data.draw(st.sampled_from([each for each in list_paths(to_plain(content)) if "new" not in each]))
    node, lines = content, text.split("\n")
    for step in path:
        child = get_child(node, step)
        assume(child is not None)
        assert child is not None
        node = child
    value = data.draw(VALUES.filter(lambda each: each is not None))
    before, _ = changed_lines(text, set_key(text, path, value))
    first = (node.key_position or node.position).line
    assert all(line in lines[first - 1 :] for line in before[:1])
    assert lines[: first - 1] == set_key(text, path, value).split("\n")[: first - 1]


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab: {}[],\n -#'\"&*|?\t~"), max_size=30), st.data())
def test_any_text_is_edited_or_refused(text: str, data: st.DataObject) -> None:
    steps: list[str | int] = data.draw(st.lists(st.sampled_from(["a", "b", 0, 1]), min_size=1, max_size=3))
    path = tuple(steps)
    value = data.draw(st.sampled_from([None, 1, "x: y", {"b": 1}, [1, 2]]))
    try:
        content = read(text)
        edited = set_key(text, path, value)
    except TemplateError:
        return
    if value is not None:
        found = read(edited)
        for step in path:
            found = found[step]
        assert found == value
    assert set_key(edited, path, value) == edited or value is None or content is None
