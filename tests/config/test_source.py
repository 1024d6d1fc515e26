"""Parsing YAML: values, positions, and the errors of everything outside the allowed subset."""

from __future__ import annotations

import math
import random
import string
import time
from typing import Any

import pytest

from reelnet.config.diagnostics import Diagnostic, SourcePosition, raise_diagnostics
from reelnet.config.source import (
    Node,
    find_position,
    find_unquoted_colors,
    get_child,
    parse_yaml,
    to_plain,
)
from reelnet.errors import TemplateError
from reelnet.template.inheritance import merge_nodes
from reelnet.template.search_path import find_builtin_folder


def read(text: str) -> Node:
    return parse_yaml(text, "t.yaml")


def refused(text: str) -> str:
    with pytest.raises(TemplateError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("tRue", "tRue"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2020-01-01", "2020-01-01"),
        ("0-5", "0-5"),
        ("0b1", "0b1"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("''", ""),
        ("=", "="),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("Null", None),
        ("12", 12),
        ("-12", -12),
        ("+12", 12),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("999999999999999999", 999999999999999999),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("-1.", -1.0),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(written: str, value: Any) -> None:
    found = to_plain(read(f"a: {written}\n"))["a"]
    assert found == value
    assert type(found) is type(value)


def test_not_a_number() -> None:
    assert math.isnan(to_plain(read("a: .nan"))["a"])


def test_maps_lists_and_blocks() -> None:
    text = "a: [x, {y: 1}]\nb:\n- |\n  two\n  lines\n- >-\n  one\n  line\n"
    assert to_plain(read(text)) == {"a": ["x", {"y": 1}], "b": ["two\nlines\n", "one line"]}


@pytest.mark.parametrize("text", ["", "# nothing\n", "\ufeff"])
def test_an_empty_file_is_an_empty_map(text: str) -> None:
    assert to_plain(read(text)) == {}


def test_positions_of_keys_items_and_missing_values() -> None:
    node = read("panels:\n  title: {text: hi}\nlist:\n  - a\n  -   b\n")
    assert str(find_position(node, ())) == "t.yaml:1:1"
    assert str(find_position(node, ("panels", "title", "text"))) == "t.yaml:2:11"
    assert str(find_position(node, ("panels", "title", "size", 3))) == "t.yaml:2:3"
    assert str(find_position(node, ("list", 1))) == "t.yaml:5:7"
    assert str(find_position(node, ("list", 2))) == "t.yaml:3:1"
    assert str(find_position(node, ("list", "x"))) == "t.yaml:3:1"


def test_columns_count_characters_not_bytes() -> None:
    assert str(find_position(read("a: {é×: 1, b: 2}"), ("a", "b"))) == "t.yaml:1:12"


def test_an_alias_has_its_own_position() -> None:
    node = read("a: &x {c: 1}\nb: *x\n")
    assert to_plain(node) == {"a": {"c": 1}, "b": {"c": 1}}
    assert str(find_position(node, ("b",))) == "t.yaml:2:1"
    assert str(find_position(node, ("b", "c"))) == "t.yaml:1:8"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a:\n\tb: 1\n", "2:1", "tab"),
        ("a: 1\nb: 'x\nc: 2\n", "2:4", "quote that opens here is never closed"),
        ('a: "x\n', "1:4", "quote that opens here is never closed"),
        ("a: 1\nb: \x07\n", "2:4", r"control character '\x07'"),
        ("a: 1\r\nb: \x00", "2:4", r"control character '\x00'"),
        ('a: 1\nb: "\\0"\n', "2:4", r"control character '\x00'"),
        ('a: "\\ud800"\n', "1:4", r"control character '\ud800'"),
        ('a: "\\UFFFFFFFF"\n', "1:1", "escape"),
        ('a: "renders\\q"\n', "1:13", r"\q is not an escape in double quotes; use single quotes"),
        ('a: "\\x1"\n', "1:7", "2 hexadecimal digits"),
        ("a: @b\n", "1:4", "cannot start with @ unless it is quoted"),
        ("a: **b**\n", "1:4", "cannot start with '*'"),
        ("a: Watch: it\n", "1:9", "quote the text"),
        ("a: - b\n", "1:4", "'- ' is not allowed here"),
        ("a:\n    b: 1\n  c: 2\n", "3:3", "indentation"),
        ("a: [1, 2\nb: 3\n", "1:4", "',' between items and ']' at its end"),
        ("a: {b: 1\nc: 3\n", "1:4", "',' between keys and '}' at its end"),
        ("a: [1,, 2]\n", "1:7", "a value is missing"),
        ("a: 1\nb\n", "2:1", "expected 'key: value'"),
        ("path: {layer}.mp4\n", "1:14", "text that starts with '{' must be quoted"),
        ("theme: {background: #111}\n", "2:1", "a color must be quoted: '#111'"),
        ("a: [#112233, 1]\nb: 2\n", "1:4", "a color must be quoted: '#112233'"),
        ("a: !!python/object:os.system [ls]\n", "1:4", "tags such as !name are not allowed"),
        ("a: !foo b\n", "1:4", "tags such as !name are not allowed"),
        ("a: !x!foo b\n", "1:4", "tags such as !name are not allowed"),
        ("a: 1\n---\nb: 2\n", "2:1", "second document"),
        ("a: 1\nb: 2\na: 3\n", "3:1", "'a' is given twice, in lines 1 and 3"),
        ("a: {b: 1, 'b': 2}\n", "1:11", "a: the key 'b' is given twice"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "3:3", "use extends instead"),
        ("3: x\n", "1:1", "quote it: '3'"),
        ("true: x\n", "1:1", "quote it: 'true'"),
        ("~: x\n", "1:1", "quote it: '~'"),
        ("a: {: x}\n", "1:5", "a key or a value is missing"),
        ("? \n: x\n", "1:2", "a key is missing"),
        ("theme: {background: #111}\nx: 1\n", "1:8", "a color must be quoted: '#111'"),
        ("{a}: x\n", "1:1", "a key must be text"),
        ("? [a]\n: x\n", "1:3", "a key must be text"),
        ("k" * 201 + ": x\n", "1:1", "at most 200 characters"),
        ("a: 1234567890123456789\n", "1:4", "at most 18 digits"),
        ("a: 0x1234567890123456789\n", "1:4", "at most 18 digits"),
        ("a: &x [1, *x]\n", "1:11", "a[1]: the value &x cannot contain itself"),
        ("a: *x\n", "1:4", "no anchor &x"),
        ("%YAML 2.0\n---\na: 1\n", "1:1", "%"),
    ],
)
def test_syntax_outside_the_subset_is_refused(text: str, place: str, words: str) -> None:
    message = refused(text)
    assert message.startswith(f"t.yaml:{place}: ")
    assert words in message
    assert "\n" not in message


def test_all_errors_at_once_in_order() -> None:
    lines = refused("a: 1\na: 2\nb: !x 1\n4: x\nb: 1\nc: [1, 2\n").splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        f"t.yaml:{n}" for n in ("2:1", "3:4", "4:1", "5:1", "6:4")
    ]


def test_an_empty_value_before_a_color_is_explained() -> None:
    node = read(
        "theme:\n  background: #111\n  text: # 111\n  grid:\n  line: #a1b2c3 dark\n  box: #1234\n  x: '' #111\n"
    )
    theme = get_child(node, "theme")
    assert theme is not None
    assert to_plain(theme) == dict.fromkeys(("background", "text", "grid", "line", "box")) | {"x": ""}
    assert [(found.key, found.message) for found in find_unquoted_colors(node)] == [
        ("theme.background", "a color must be quoted: '#111'"),
        ("theme.line", "a color must be quoted: '#a1b2c3'"),
    ]


def test_all_unquoted_colors() -> None:
    node = read("theme:\n  line: #111\n  map:\n  - #222\n  -   #333333\n  - red\n")
    assert [str(mistake) for mistake in find_unquoted_colors(node)] == [
        "t.yaml:2:3: theme.line: a color must be quoted: '#111'",
        "t.yaml:4:4: theme.map[0]: a color must be quoted: '#222'",
        "t.yaml:5:4: theme.map[1]: a color must be quoted: '#333333'",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &a [x,x,x,x,x,x,x,x]\n" + "".join(
            f"{b}: &{b} [{','.join(['*' + a] * 8)}]\n" for a, b in zip("abcdefghij", "bcdefghijk", strict=True)
        ), "aliases are expanded"),
        ("a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}]\n" for n in range(100)), "more than 40 levels"),
        ("[" * 100_000, "more than 40 levels"),
        ("{a: " * 50_000, "more than 40 levels"),
        ("- " * 50_000, "more than 40 levels"),
        ("- a\n" * 30_000, "at most 20,000 keys and values"),
        ("a: 1\n" * 5_000, "and 950 more"),
    ],
    ids=["bomb", "chain of aliases", "lists", "maps", "dashes", "items", "mistakes"],
)  # fmt: skip
def test_nothing_grows_without_end(text: str, words: str) -> None:
    start = time.perf_counter()
    assert words in refused(text)
    assert time.perf_counter() - start < 5


def test_the_limits_themselves_are_allowed() -> None:
    read("- a\n" * 19_999)
    read("[" * 40 + "]" * 40)


def test_diagnostics_are_sorted_without_duplicates_and_cut() -> None:
    raise_diagnostics([])
    many = [Diagnostic(SourcePosition("a", line, 1), f"x[{line}]", "is\nwrong") for line in range(60, 0, -1)]
    with pytest.raises(TemplateError) as caught:
        raise_diagnostics([*many, many[0], Diagnostic(SourcePosition(), "", "general")])
    lines = str(caught.value).splitlines()
    assert lines[:2] == ["general", "a:1:1: x[1]: is wrong"]
    assert len(lines) == 51
    assert lines[-1] == "… and 11 more"


def test_a_position_without_lines_is_its_source() -> None:
    assert str(Diagnostic(SourcePosition("--set a=1", 0, 0), "a", "no")) == "--set a=1: a: no"


def test_get_child() -> None:
    node = read("a: [1]")
    assert get_child(node, 0) is None
    assert get_child(node, "b") is None
    assert get_child(Node([node], node.position), -1) is None


TOKENS = (
    "\t", "#", ": ", "- ", "? ", "[", "]", "{", "}", ",", "&a ", "*a", "!x ", "!!int ", "|\n", ">-\n", "'", '"', "\\",
    "---\n", "...\n", "%", "@", "`", "<<: ", "~", ".nan", "1e9", "0x", "é", "\u2028", "\x85", "\ufeff", "\x00",
    "\\U", '"\\ud800"', '"\\UFFFFFFFF"', "9" * 5000, "\r", "%YAML 9", "items:", "#111", "\U0001f600", "\ud800",
)  # fmt: skip

EXAMPLE = """\
extends: article            # name
panels:
  title: {kind: text, text: "Watch {layer} learn"}
  channels: {show: 0-5}
layout:
  column: {gap: 16, items: [title, {row: {id: head, items: [counter, colorbar]}}, inputs, channels]}
theme: {background: "#ffffff"}
timeline: &t {fps: 10}
outputs: [{id: web, path: "{layer}.mp4", timeline: *t}]
"""


def mutated(text: str, dice: random.Random) -> str:
    """A text with one to four random changes."""
    for _ in range(dice.randint(1, 4)):
        at, length = dice.randrange(len(text) + 1), dice.choice((1, 1, 2, 8, 40))
        lines = text.splitlines(keepends=True)
        line = dice.randrange(len(lines)) if lines else 0
        match dice.randrange(7):
            case 0:
                text = text[:at] + chr(dice.randrange(0x180)) + text[at + 1 :]
            case 1:
                text = text[:at] + text[at + length :]
            case 2:
                text = text[:at] + text[at : at + length] * 2 + text[at + length :]
            case 3:
                text = "".join([*lines[:line], " " * dice.randrange(5), *lines[line:]])
            case 4:
                text = "".join([*lines[:line], *lines[line : line + 2], *lines[line:]])
            case 5:
                text = text[:at] + dice.choice(string.punctuation) * length + text[at:]
            case _:
                text = text[:at] + dice.choice(TOKENS) + text[at:]
    return text


def test_random_damage_is_read_or_refused() -> None:
    originals = [EXAMPLE, *(file.read_text("utf-8") for file in sorted(find_builtin_folder().glob("*.yaml")))]
    whole, dice, refusals = read(EXAMPLE), random.Random(7), 0
    for number in range(1500):
        text = mutated(originals[number % len(originals)], dice)
        start = time.perf_counter()
        try:
            node = read(text)
            to_plain(merge_nodes(whole, node))
            to_plain(merge_nodes(node, whole))
        except TemplateError:
            refusals += 1
        assert time.perf_counter() - start < 1, text
    assert 200 < refusals < 1500
