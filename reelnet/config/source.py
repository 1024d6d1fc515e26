"""YAML text as plain data that knows where each value stands. Nothing in a file can run, or grow without end.

What single values without quotes mean.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import yaml
from yaml import events

from reelnet.config.diagnostics import (
    HEX_COLOR,
    Diagnostic,
    KeyPath,
    SourcePosition,
    diagnose_syntax,
    format_key_path,
    locate_character,
    raise_diagnostic,
    raise_diagnostics,
)

MAX_DEPTH = 40
MAX_NODES = 20_000
MAX_DIAGNOSTICS = 1000
MAX_KEY_LENGTH = 200  # of a key


UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Control characters, and others that no template needs."""

_COLOR_COMMENT = re.compile(rf"[ \t]+({HEX_COLOR})")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands.

    Attributes:
        value: A map, a list, or a scalar. Nodes share parts where the file has aliases, so nothing may change them.
        position: Where the value starts.
        key_position: Where its key starts, if it is in a map.
        unquoted_color: The colour that follows an empty value as a comment, such as #111; empty otherwise.
    """

    value: dict[str, Node] | list[Node] | Scalar
    position: SourcePosition
    key_position: SourcePosition | None = None
    unquoted_color: str = ""


def to_plain(node: Node) -> Any:
    """The value without places: dict, list and scalars."""
    if isinstance(node.value, dict):
        return {key: to_plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [to_plain(child) for child in node.value]
    return node.value


def get_child(node: Node, step: str | int) -> Node | None:
    """What a key or an index leads to."""
    inside = node.value
    if isinstance(inside, dict) and isinstance(step, str):
        return inside.get(step)
    if isinstance(inside, list) and isinstance(step, int) and 0 <= step < len(inside):
        return inside[step]
    return None


def find_position(node: Node, path: Sequence[str | int]) -> SourcePosition:
    """Where a path of keys leads: the place of its last key that is there."""
    for step in path:
        child = get_child(node, step)
        if child is None:
            break
        node = child
    return node.key_position or node.position


def explain_empty_value(node: Node) -> str | None:
    """What to say of an empty value that was meant as a colour, which YAML took for a comment."""
    return f"a color must be quoted: '{node.unquoted_color}'" if node.unquoted_color else None


def find_unquoted_colors(node: Node, path: KeyPath = ()) -> list[Diagnostic]:
    """Every value that is empty because a colour was not quoted."""
    if isinstance(node.value, dict | list):
        inside = node.value.items() if isinstance(node.value, dict) else enumerate(node.value)
        return [mistake for key, child in inside for mistake in find_unquoted_colors(child, (*path, key))]
    hint = explain_empty_value(node)
    return [Diagnostic(find_position(node, ()), format_key_path(path), hint)] if hint else []


def parse_yaml(text: str, file: str, aside: list[Diagnostic] | None = None) -> Node:
    """The content of a file from its text. An empty file is an empty map.

    Args:
        text: Of the file.
        file: What errors call it.
        aside: Takes the mistakes beside which the rest can be read, such as a key that stands twice; without it they
            are raised.

    Raises:
        TemplateError: It is not YAML, or too deep or long, or uses a part of YAML that templates do without.
    """
    text = text.removeprefix("\ufeff")
    if found := UNPRINTABLE.search(text):
        raise_diagnostic(
            locate_character(text, found.start(), file), f"the control character {found[0]!a} is not allowed"
        )
    node, mistakes = _Reader(text, file).document()
    if aside is None:
        raise_diagnostics(mistakes)
    else:
        aside += mistakes
    return node


@dataclass(frozen=True, slots=True)
class _Built:
    """A finished node, how many nodes it stands for once aliases are written out, and how deep it is."""

    node: Node
    size: int
    height: int


class _Reader:
    """Builds nodes from the parser's events and collects what is wrong; only limits and bad syntax stop it."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._events = yaml.parse(text, Loader=yaml.SafeLoader)
        # None for an anchor whose value is still being read.
        self._anchors: dict[str, _Built | None] = {}
        self._mistakes: list[Diagnostic] = []
        self._count = 0
        self._here = SourcePosition(file, 1, 1)

    def document(self) -> tuple[Node, list[Diagnostic]]:
        self._next()
        if isinstance(self._next(), events.StreamEndEvent):
            return Node({}, self._here), []
        root = self._node(self._next(), (), 1).node
        self._next()
        after = self._next()
        if isinstance(after, events.DocumentStartEvent):
            self._wrong(self._place(after), (), "a second document starts here; a template has one")
        return root, self._mistakes

    def _next(self) -> events.Event:
        try:
            event = next(self._events)
        except yaml.MarkedYAMLError as error:
            self._stop(diagnose_syntax(error, self._text, self._file))
        except (yaml.YAMLError, ValueError, OverflowError):
            # Python's own errors come through the parser for escapes and versions that are out of range.
            self._stop(
                Diagnostic(self._here, "", "after this stands an escape such as \\U that is no character")
            )
        self._here = self._place(event)
        return event

    def _node(self, event: events.Event, path: KeyPath, depth: int) -> _Built:
        if isinstance(event, events.AliasEvent):
            built = self._alias(event, path)
            self._limit(event, path, built.size, depth + built.height - 1)
            return built
        self._limit(event, path, 1, depth)
        before = self._count
        anchor = event.anchor if isinstance(event, events.NodeEvent) else None
        if anchor is not None:
            self._anchors[anchor] = None
        if getattr(event, "tag", None) is not None:
            self._wrong(self._place(event), path, "tags such as !name are not allowed; quote text with a '!'")
        node, height = self._content(event, path, depth)
        built = _Built(node, self._count - before + 1, height)
        if anchor is not None:
            self._anchors[anchor] = built
        return built

    def _content(self, event: events.Event, path: KeyPath, depth: int) -> tuple[Node, int]:
        if isinstance(event, events.ScalarEvent):
            return self._scalar(event, path), 1
        read = self._map if isinstance(event, events.MappingStartEvent) else self._list
        return read(event, path, depth)

    def _map(self, start: events.Event, path: KeyPath, depth: int) -> tuple[Node, int]:
        entries: dict[str, Node] = {}
        height = 0
        while not isinstance(event := self._next(), events.MappingEndEvent):
            built_key = self._node(event, path, depth + 1)
            key, wrong = self._key(event, built_key.node, entries)
            built = self._node(self._next(), (*path, key), depth + 1)
            height = max(height, built_key.height, built.height)
            if wrong:
                self._wrong(built_key.node.position, path, wrong)
            else:
                entries[key] = replace(built.node, key_position=built_key.node.position)
        return Node(entries, self._place(start)), height + 1

    def _list(self, start: events.Event, path: KeyPath, depth: int) -> tuple[Node, int]:
        items: list[Node] = []
        height = 0
        while not isinstance(event := self._next(), events.SequenceEndEvent):
            built = self._node(event, (*path, len(items)), depth + 1)
            height = max(height, built.height)
            items.append(built.node)
        return Node(items, self._place(start)), height + 1

    def _key(self, event: events.Event, node: Node, entries: dict[str, Node]) -> tuple[str, str]:
        """A key, and what is wrong with it, or nothing."""
        key, written = node.value, event.value if isinstance(event, events.ScalarEvent) else "…"
        if isinstance(key, dict | list):
            return "?", "a key must be text; quote it if it starts with '{' or '['"
        if not isinstance(key, str):
            return (
                "?",
                f"a key must be text; quote it: '{written}'" if written else "a key is missing before ':'",
            )
        if len(key) > MAX_KEY_LENGTH:
            return "?", f"a key has at most {MAX_KEY_LENGTH} letters"
        if key == "<<" and isinstance(event, events.ScalarEvent) and event.style is None:
            return key, "'<<' is not allowed; write extends instead"
        if first := entries.get(key):
            lines = f"in line {node.position.line} and before in line {(first.key_position or first.position).line}"
            return key, f"the key {key!r} stands here twice, {lines}"
        return key, ""

    def _scalar(self, event: events.ScalarEvent, path: KeyPath) -> Node:
        place, value = self._place(event), event.value
        if found := UNPRINTABLE.search(value):
            self._wrong(place, path, f"the control character {found[0]!a} is not allowed")
        if event.style is not None:
            return Node(value, place)
        mark = event.end_mark
        colour = _COLOR_COMMENT.match(self._text, mark.index) if mark and not value else None
        try:
            return Node(parse_scalar(value), place, unquoted_color=colour[1] if colour else "")
        except ValueError as error:
            self._wrong(place, path, str(error))
            return Node(0, place)

    def _alias(self, event: events.AliasEvent, path: KeyPath) -> _Built:
        name, place = str(event.anchor), self._place(event)
        if name not in self._anchors:
            self._wrong(
                place, path, f"there is no anchor &{name} before this; quote text that starts with '*'"
            )
        elif (built := self._anchors[name]) is None:
            self._wrong(place, path, f"the value &{name} cannot hold itself")
        else:
            return replace(built, node=replace(built.node, position=place))
        return _Built(Node(None, place), 1, 1)

    def _limit(self, event: events.Event, path: KeyPath, more: int, depth: int) -> None:
        self._count += more
        reason = ""
        if depth > MAX_DEPTH:
            reason = f"this is nested more than {MAX_DEPTH} deep"
        elif self._count > MAX_NODES:
            grown = ", with its aliases written out" if more > 1 else ""
            reason = f"a template has at most {MAX_NODES:,} keys and values{grown}"
        if reason:
            self._stop(Diagnostic(self._place(event), format_key_path(path), reason))

    def _place(self, event: events.Event) -> SourcePosition:
        mark = event.start_mark
        return (
            SourcePosition(self._file, mark.line + 1, mark.column + 1)
            if mark
            else SourcePosition(self._file, 1, 1)
        )

    def _wrong(self, place: SourcePosition, path: KeyPath, what: str) -> None:
        self._mistakes.append(Diagnostic(place, format_key_path(path), what))
        if len(self._mistakes) >= MAX_DIAGNOSTICS:
            raise_diagnostics(self._mistakes)

    def _stop(self, mistake: Diagnostic) -> NoReturn:
        raise_diagnostics([*self._mistakes, mistake])
        raise AssertionError("there is a mistake")


MAX_INT_DIGITS = 18

Scalar = str | int | float | bool | None

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}


def parse_scalar(text: str) -> Scalar:
    """What a scalar without quotes means in the core schema of YAML 1.2: `no`, `12:30` and dates are text.

    Raises:
        ValueError: A whole number of more than 18 digits.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        if len(text.lstrip("+-")) > MAX_INT_DIGITS:
            raise ValueError(f"a whole number has at most {MAX_INT_DIGITS} digits; quote it if it is text")
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if found := _INFINITE.fullmatch(text):
        return float(f"{found[1]}inf")
    return float(text) if _FLOAT.fullmatch(text) else text
