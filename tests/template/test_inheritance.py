"""Merging of templates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelnet.config.diagnostics import SourcePosition
from reelnet.config.source import Node, find_position, find_unquoted_colors, parse_yaml, to_plain
from reelnet.template.inheritance import merge_nodes
from reelnet.template.load import count_values


def read(text: str, file: str = "t.yaml") -> Node:
    return parse_yaml(text, file)


def merge(base: str, over: str) -> Any:
    return to_plain(merge_nodes(read(base), read(over)))


def node_of(value: Any) -> Node:
    place = SourcePosition("made", 1, 1)
    if isinstance(value, dict):
        return Node({key: node_of(each) for key, each in value.items()}, place)
    if isinstance(value, list):
        return Node([node_of(each) for each in value], place)
    return Node(value, place)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


WORDS = [
    "a",
    "b",
    "id",
    "kind",
    "panels",
    "row",
    "column",
    "items",
    "canvas",
    "width",
    "aspect",
    "steps",
    "list",
]
SCALARS = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["x", "y", "a"])
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=25,
)
TEMPLATES = st.dictionaries(st.sampled_from(WORDS), ANY, max_size=5)

# Maps stay maps and scalars stay scalars; without that a later map would find what a scalar in between removed.
LEAVES = st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=3)
SHAPED = st.recursive(
    st.fixed_dictionaries({}, optional={"a": LEAVES, "b": LEAVES, "c": LEAVES}),
    lambda inner: st.fixed_dictionaries({}, optional={"a": LEAVES, "m": inner, "n": inner}),
    max_leaves=8,
)


def on_top(base: Any, over: Any) -> Any:
    return to_plain(merge_nodes(node_of(base), node_of(over)))


@given(TEMPLATES)
def test_nothing_on_top_changes_nothing(template: Any) -> None:
    assert on_top(template, {}) == template


@given(TEMPLATES)
def test_on_top_of_nothing_only_nulls_go(template: Any) -> None:
    assert on_top({}, template) == without_nulls(template)


@given(TEMPLATES, TEMPLATES)
def test_the_same_twice_is_the_same_once(base: Any, over: Any) -> None:
    once = on_top(base, over)
    assert on_top(once, over) == once


@given(SHAPED, SHAPED, SHAPED)
def test_three_in_a_row_can_be_grouped_either_way(first: Any, second: Any, third: Any) -> None:
    assert on_top(on_top(first, second), third) == on_top(first, on_top(second, third))


@given(TEMPLATES, TEMPLATES)
def test_no_key_on_top_is_lost(base: Any, over: Any) -> None:
    def holds(result: Any, wanted: Any) -> bool:
        if isinstance(wanted, dict):
            return isinstance(result, dict) and all(
                key in result and holds(result[key], each) for key, each in wanted.items() if each is not None
            )
        if isinstance(wanted, list):
            items = result["items"] if isinstance(result, dict) else result
            return len(items) == len(wanted) and all(map(holds, items, wanted))
        return bool(result == wanted)

    assert holds(on_top(base, over), over)


@given(TEMPLATES, TEMPLATES)
def test_the_result_is_no_larger_than_both(base: Any, over: Any) -> None:
    # A bare list of a stack becomes the `items` of a map, a key and a value more.
    room = 2 * str([base, over]).count("'row'") + 2 * str([base, over]).count("'column'")
    before = count_values(node_of(base)) + count_values(node_of(over))
    assert count_values(merge_nodes(node_of(base), node_of(over))) <= before + room


@given(TEMPLATES, TEMPLATES)
def test_what_goes_in_is_not_changed(base: Any, over: Any) -> None:
    below, above = node_of(base), node_of(over)
    merge_nodes(below, above)
    assert (to_plain(below), to_plain(above)) == (base, over)


@pytest.mark.parametrize(
    ("base", "over", "result"),
    [
        ("a: {b: 1, c: 2}", "a: {c: 3, d: 4}", {"a": {"b": 1, "c": 3, "d": 4}}),
        ("a: [1, 2]", "a: [3]", {"a": [3]}),
        ("a: {b: 1}", "a: 2", {"a": 2}),
        ("a: {b: 1}", "a:", {}),
        ("a: {b: 1}", "a: {b: ~}", {"a": {}}),
        ("a: 1", "b: {c: ~, d: [{e: ~}, ~]}", {"a": 1, "b": {"d": [{}, None]}}),
    ],
)
def test_maps_scalars_lists_and_nulls(base: str, over: str, result: Any) -> None:
    assert merge(base, over) == result


def test_items_with_an_id_merge_with_their_like() -> None:
    base = "outputs: [{id: web, path: a.mp4, scale: 2}, {id: page, path: b.gif}, {path: c.png}]"
    over = "outputs: [{id: new, path: n.gif}, {id: web, path: x.mp4}, {scale: 1}]"
    assert merge(base, over)["outputs"] == [
        {"id": "new", "path": "n.gif"},
        {"id": "web", "path": "x.mp4", "scale": 2},
        {"scale": 1},
    ]


def test_an_id_inside_a_one_word_item() -> None:
    base = "layout: {column: {items: [title, {row: {id: head, gap: 4, items: [counter, colorbar]}}]}}"
    over = "layout: {column: {items: [{row: {id: head, gap: 8}}, extra]}}"
    assert merge(base, over)["layout"]["column"]["items"] == [
        {"row": {"id": "head", "gap": 8, "items": ["counter", "colorbar"]}},
        "extra",
    ]


def test_an_item_under_another_word_is_another_item() -> None:
    over = "l: [{column: {id: head, items: [a]}}]"
    assert merge("l: [{row: {id: head, gap: 4}}]", over) == to_plain(read(over))


def test_an_id_that_stands_twice_is_taken_once() -> None:
    assert merge("l: [{id: a, x: 1}]", "l: [{id: a}, {id: a}]") == {"l": [{"id": "a", "x": 1}, {"id": "a"}]}


STACKS = [
    ("{column: [a]}", "{row: [b]}", {"row": ["b"]}),
    ("{column: [a]}", "{row: ~}", {"column": ["a"]}),
    ("{column: {gap: 4, items: [a]}}", "{column: [b]}", {"column": {"gap": 4, "items": ["b"]}}),
    ("{column: [a]}", "{column: {gap: 4}}", {"column": {"items": ["a"], "gap": 4}}),
    ("{column: [a]}", "{column: [b]}", {"column": ["b"]}),
]
SIZES = [
    ("{aspect: '9:16'}", "{width: 10, height: 20}", {"width": 10, "height": 20}),
    ("{width: 10, height: 20, scale: 2}", "{aspect: '9:16'}", {"scale": 2, "aspect": "9:16"}),
    ("{width: 10}", "{max_width: 8}", {"max_width": 8}),
    ("{min_height: 4, max_height: 8}", "{max_height: 2}", {"max_height": 2}),
    ("{min_height: 4, max_height: 8}", "{min_height: 10}", {"min_height": 10}),
    ("{min_height: 4, max_height: 8}", "{max_height: 6}", {"min_height": 4, "max_height": 6}),
]
STEPS = [
    ("{log: 9, range: [0, 9]}", "{every: 2}", {"range": [0, 9], "every": 2}),
    ("{every: 2, range: [0, 9]}", "{list: [1]}", {"list": [1]}),
    ("{list: [1]}", "{range: [0, ~]}", {"range": [0, None]}),
]
SELECTORS = [
    ("{top: 8}", "{first: 3}", {"first": 3}),
    ("{first: 3}", "{top: 8}", {"top": 8}),
    ("{top: 8}", "0-3", "0-3"),
]
ALTERNATIVES = [("layout: %s", *case) for case in STACKS]
ALTERNATIVES += [("samples: {show: %s}", *case) for case in SELECTORS]
ALTERNATIVES += [("panels: {maps: {kind: channels, show: %s}}", *case) for case in SELECTORS]
ALTERNATIVES += [("canvas: %s", *case) for case in SIZES]
ALTERNATIVES += [("timeline: {steps: %s}", *case) for case in STEPS]
ALTERNATIVES += [("outputs: [{id: a, timeline: {steps: %s}}]", *case) for case in STEPS]


@pytest.mark.parametrize(("around", "base", "over", "result"), ALTERNATIVES)
def test_of_alternatives_the_later_one_is_left(around: str, base: str, over: str, result: Any) -> None:
    assert merge(around % base, around % over) == to_plain(read(around % json.dumps(result)))


def test_panels_may_be_named_like_alternatives() -> None:
    result = merge("panels: {row: {kind: text}}", "panels: {column: {kind: text, width: 3}}")
    assert [*result["panels"]] == ["row", "column"]


@pytest.mark.parametrize(
    ("base", "over", "result"),
    [
        ("{kind: text, text: a}", "{kind: curve}", {"kind": "curve"}),
        ("{kind: text, text: a}", "{kind: text, size: 9}", {"kind": "text", "text": "a", "size": 9}),
        ("{kind: text, text: a}", "{size: 9}", {"kind": "text", "text": "a", "size": 9}),
        ("{show: 0-5}", "{kind: curve}", {"kind": "curve"}),
        ("{show: 0-5}", "{kind: p, size: 9}", {"show": "0-5", "kind": "p", "size": 9}),
        ("{kind: curve, size: 9}", "{kind: ~}", {}),
        ("~", "{show: 1}", {"show": 1}),
    ],
)
def test_a_panel_of_another_kind_replaces(base: str, over: str, result: Any) -> None:
    assert merge(f"panels: {{p: {base}}}", f"panels: {{p: {over}}}") == {"panels": {"p": result}}


def test_places_name_the_file_of_each_key() -> None:
    both = merge_nodes(
        read("theme: {text: 1, line: 2}\nl: [{id: a, x: 1}]", "base.yaml"),
        read("\ntheme: {line: 3}\nl: [{id: a, y: 1}]", "mine.yaml"),
    )
    assert str(find_position(both, ("theme", "text"))) == "base.yaml:1:9"
    assert str(find_position(both, ("theme", "line"))) == "mine.yaml:2:9"
    assert str(find_position(both, ("theme",))) == "mine.yaml:2:1"
    assert str(find_position(both, ("l", 0, "x"))) == "base.yaml:2:13"
    assert str(find_position(both, ("l", 0, "y"))) == "mine.yaml:3:13"


def test_a_bare_color_is_kept_to_be_complained_of() -> None:
    both = merge_nodes(read("theme: {background: white}"), read("theme:\n  background: #111\n"))
    assert [str(mistake) for mistake in find_unquoted_colors(both)] == [
        "t.yaml:2:3: theme.background: a color must be quoted: '#111'"
    ]
