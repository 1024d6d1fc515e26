"""YAML as plain data with the position of every value. Depth and size are limited, and nothing in a file can run.

Scalars without quotes follow the core schema of YAML 1.2: `no`, `12:30` and dates are text.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

import yaml
from yaml import events

from reelnet._support.input_path import describe_irregular
from reelnet.config.diagnostics import (
    HEX_COLOR,
    Diagnostic,
    InvalidTemplate,
    KeyPath,
    SourcePosition,
    diagnose_syntax,
    format_key_path,
    locate_character,
    raise_diagnostic,
    raise_diagnostics,
)
from reelnet.errors import TemplateError

MAX_FILE_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_NODES = 20_000
MAX_DIAGNOSTICS = 1000
MAX_KEY_LENGTH = 200
MAX_INT_DIGITS = 18

Scalar = str | int | float | bool | None

UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Control characters and other characters that YAML does not allow."""

_COLOR_COMMENT = re.compile(rf"[ \t]+({HEX_COLOR})")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_CONSTANTS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}


class UnreadableError(TemplateError):
    """The text of a file cannot be read."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its position.

    Attributes:
        value: A map, a list or a scalar. Aliases make nodes share values, so nothing may modify them.
        position: Where the value starts.
        key_position: Where its key starts, if the value is in a map.
        unquoted_color: The color that follows an empty value as a comment, such as #111; otherwise empty.
    """

    value: dict[str, Node] | list[Node] | Scalar
    position: SourcePosition
    key_position: SourcePosition | None = None
    unquoted_color: str = ""


def to_plain(node: Node) -> Any:
    """Return the value without positions: dict, list and scalars."""
    if isinstance(node.value, dict):
        return {key: to_plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [to_plain(child) for child in node.value]
    return node.value


def get_child(node: Node, step: str | int) -> Node | None:
    """Return the child at a key or an index; None if there is no such child."""
    value = node.value
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
        return value[step]
    return None


def find_position(node: Node, path: Sequence[str | int]) -> SourcePosition:
    """Return the position of a key path, or of its longest part that exists."""
    for step in path:
        child = get_child(node, step)
        if child is None:
            break
        node = child
    return node.key_position or node.position


def find_unquoted_colors(node: Node, path: KeyPath = ()) -> list[Diagnostic]:
    """Return an error for every value that is empty because a color is not quoted."""
    if isinstance(node.value, dict | list):
        children = node.value.items() if isinstance(node.value, dict) else enumerate(node.value)
        return [found for key, child in children for found in find_unquoted_colors(child, (*path, key))]
    if not node.unquoted_color:
        return []
    message = f"a color must be quoted: '{node.unquoted_color}'"
    return [Diagnostic(find_position(node, ()), format_key_path(path), message)]


def expand_home(path: str) -> Path:
    """Expand `~` and `~user` at the beginning of a path.

    Raises:
        ValueError: There is no such user.
    """
    if not path.startswith("~"):
        return Path(path)
    # Path.expanduser would also expand './~', which names a file.
    expanded = os.path.expanduser(path)  # noqa: PTH111
    if expanded.startswith("~"):
        user = path.partition("/")[0]
        raise ValueError(f"{path}: there is no user {user!r}; a file that begins with '~' is './~…'")
    return Path(expanded)


def read_text(file: Path) -> str:
    """Read the text of a file.

    Raises:
        UnreadableError: The file cannot be opened, has more than 1,000,000 bytes, or is not UTF-8.
    """
    if problem := describe_irregular(file):
        raise UnreadableError(f"{file}: {problem}")
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnreadableError(f"{file}: cannot be read: {reason}") from error
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableError(f"{file}: has more than {MAX_FILE_BYTES:,} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        position = locate_character(before, len(before), str(file))
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise UnreadableError(f"{position}: {message}") from None


def parse_yaml(text: str, file: str, deferred: list[Diagnostic] | None = None) -> Node:
    """Parse the text of a file. An empty file is an empty map.

    Args:
        text: The text of the file.
        file: The file's name in errors.
        deferred: Receives errors after which parsing can continue, such as a duplicate key. If it is None, they are
            raised.

    Raises:
        InvalidTemplate: The text is not YAML, is too deep or too long, or uses a feature of YAML that templates do
            not allow.
    """
    text = text.removeprefix("\ufeff")
    if found := UNPRINTABLE.search(text):
        position = locate_character(text, found.start(), file)
        raise_diagnostic(position, f"the control character {found[0]!a} is not allowed")
    node, diagnostics = _parse_document(text, file)
    if deferred is None:
        raise_diagnostics(diagnostics)
    else:
        deferred += diagnostics
    return node


@lru_cache(maxsize=64)
def _parse_document(text: str, file: str) -> tuple[Node, tuple[Diagnostic, ...]]:
    """The content of a file and its errors. Templates are loaded far more often than they change."""
    node, diagnostics = _Parser(text, file).parse_document()
    return node, tuple(diagnostics)


def parse_scalar(text: str) -> Scalar:
    """Parse a scalar without quotes.

    Raises:
        ValueError: An integer has more than 18 digits.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.fullmatch(text):
        if len(text.lstrip("+-")) > MAX_INT_DIGITS:
            raise ValueError(f"a whole number has at most {MAX_INT_DIGITS} digits; quote it if it is text")
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if found := _INFINITY.fullmatch(text):
        return float(f"{found[1]}inf")
    return float(text) if _FLOAT.fullmatch(text) else text


@dataclass(frozen=True, slots=True)
class _Subtree:
    """A finished node, with its number of nodes after aliases are expanded, and its depth."""

    node: Node
    size: int
    height: int


class _Parser:
    """Builds nodes from the events of PyYAML and collects errors. Only limits and bad syntax stop it."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._events = yaml.parse(text, Loader=yaml.SafeLoader)
        # None for an anchor whose value is not finished.
        self._anchors: dict[str, _Subtree | None] = {}
        self._diagnostics: list[Diagnostic] = []
        self._count = 0
        self._current = SourcePosition(file, 1, 1)

    def parse_document(self) -> tuple[Node, list[Diagnostic]]:
        self._next_event()
        if isinstance(self._next_event(), events.StreamEndEvent):
            return Node({}, self._current), []
        root = self._parse_node(self._next_event(), (), 1).node
        self._next_event()
        after = self._next_event()
        if isinstance(after, events.DocumentStartEvent):
            self._record(
                self._position(after), (), "a second document starts here; a file has only one document"
            )
        return root, self._diagnostics

    def _next_event(self) -> events.Event:
        try:
            event = next(self._events)
        except yaml.MarkedYAMLError as error:
            self._stop(diagnose_syntax(error, self._text, self._file))
        except (yaml.YAMLError, ValueError, OverflowError):
            # PyYAML lets Python's own errors through for escapes and versions that are out of range.
            self._stop(Diagnostic(self._current, "", "an escape such as \\U after this is not a character"))
        self._current = self._position(event)
        return event

    def _parse_node(self, event: events.Event, path: KeyPath, depth: int) -> _Subtree:
        if isinstance(event, events.AliasEvent):
            subtree = self._resolve_alias(event, path)
            self._check_limits(event, path, subtree.size, depth + subtree.height - 1)
            return subtree
        self._check_limits(event, path, 1, depth)
        before = self._count
        anchor = event.anchor if isinstance(event, events.NodeEvent) else None
        if anchor is not None:
            self._anchors[anchor] = None
        if getattr(event, "tag", None) is not None:
            message = "tags such as !name are not allowed; quote text with a '!'"
            self._record(self._position(event), path, message)
        if isinstance(event, events.ScalarEvent):
            node, height = self._parse_scalar(event, path), 1
        else:
            parse = self._parse_map if isinstance(event, events.MappingStartEvent) else self._parse_list
            node, height = parse(event, path, depth)
        subtree = _Subtree(node, self._count - before + 1, height)
        if anchor is not None:
            self._anchors[anchor] = subtree
        return subtree

    def _parse_map(self, start: events.Event, path: KeyPath, depth: int) -> tuple[Node, int]:
        entries: dict[str, Node] = {}
        height = 0
        while not isinstance(event := self._next_event(), events.MappingEndEvent):
            key_subtree = self._parse_node(event, path, depth + 1)
            key, problem = self._check_key(event, key_subtree.node, entries)
            subtree = self._parse_node(self._next_event(), (*path, key), depth + 1)
            height = max(height, key_subtree.height, subtree.height)
            if problem:
                self._record(key_subtree.node.position, path, problem)
            else:
                entries[key] = replace(subtree.node, key_position=key_subtree.node.position)
        return Node(entries, self._position(start)), height + 1

    def _parse_list(self, start: events.Event, path: KeyPath, depth: int) -> tuple[Node, int]:
        items: list[Node] = []
        height = 0
        while not isinstance(event := self._next_event(), events.SequenceEndEvent):
            subtree = self._parse_node(event, (*path, len(items)), depth + 1)
            height = max(height, subtree.height)
            items.append(subtree.node)
        return Node(items, self._position(start)), height + 1

    def _check_key(self, event: events.Event, node: Node, entries: dict[str, Node]) -> tuple[str, str]:
        """Return a key, or "?" in its place, and a message if it is invalid."""
        key, written = node.value, event.value if isinstance(event, events.ScalarEvent) else "…"
        if isinstance(key, dict | list):
            return "?", "a key must be text; quote it if it starts with '{' or '['"
        if not isinstance(key, str):
            if not written:
                return "?", "a key is missing before ':'"
            return "?", f"a key must be text; quote it: '{written}'"
        if len(key) > MAX_KEY_LENGTH:
            return "?", f"a key has at most {MAX_KEY_LENGTH} characters"
        if key == "<<" and isinstance(event, events.ScalarEvent) and event.style is None:
            return key, "'<<' is not allowed; use extends instead"
        if first := entries.get(key):
            lines = f"{(first.key_position or first.position).line} and {node.position.line}"
            return key, f"the key {key!r} is given twice, in lines {lines}"
        return key, ""

    def _parse_scalar(self, event: events.ScalarEvent, path: KeyPath) -> Node:
        position, value = self._position(event), event.value
        if found := UNPRINTABLE.search(value):
            self._record(position, path, f"the control character {found[0]!a} is not allowed")
        if event.style is not None:
            return Node(value, position)
        mark = event.end_mark
        color = _COLOR_COMMENT.match(self._text, mark.index) if mark and not value else None
        try:
            return Node(parse_scalar(value), position, unquoted_color=color[1] if color else "")
        except ValueError as error:
            self._record(position, path, str(error))
            return Node(0, position)

    def _resolve_alias(self, event: events.AliasEvent, path: KeyPath) -> _Subtree:
        name, position = str(event.anchor), self._position(event)
        if name not in self._anchors:
            message = f"there is no anchor &{name} above this; quote text that starts with '*'"
            self._record(position, path, message)
        elif (subtree := self._anchors[name]) is None:
            self._record(position, path, f"the value &{name} cannot contain itself")
        else:
            return replace(subtree, node=replace(subtree.node, position=position))
        return _Subtree(Node(None, position), 1, 1)

    def _check_limits(self, event: events.Event, path: KeyPath, added: int, depth: int) -> None:
        self._count += added
        if depth > MAX_DEPTH:
            message = f"more than {MAX_DEPTH} levels of nesting"
        elif self._count > MAX_NODES:
            expanded = " after its aliases are expanded" if added > 1 else ""
            message = f"a file has at most {MAX_NODES:,} keys and values{expanded}"
        else:
            return
        self._stop(Diagnostic(self._position(event), format_key_path(path), message))

    def _position(self, event: events.Event) -> SourcePosition:
        mark = event.start_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        return SourcePosition(self._file, line + 1, column + 1)

    def _record(self, position: SourcePosition, path: KeyPath, message: str) -> None:
        self._diagnostics.append(Diagnostic(position, format_key_path(path), message))
        if len(self._diagnostics) >= MAX_DIAGNOSTICS:
            raise_diagnostics(self._diagnostics)

    def _stop(self, diagnostic: Diagnostic) -> NoReturn:
        raise InvalidTemplate([*self._diagnostics, diagnostic])
