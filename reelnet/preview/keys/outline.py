"""The outline of a YAML text that may be broken, as it is while somebody writes: keys, and where a cursor stands.

Lines are taken by their indentation, so that a mistake hides only what follows it in its own line or brackets.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from reelnet.config.diagnostics import KeyPath
from reelnet.config.source import MAX_DEPTH

Role = Literal["key", "value", "either", "none"]

_KEY = re.compile(
    r"""(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s"'#&*!|>%@`,\[\]{}:-](?:[^:#]|:(?!\s|$)|(?<!\s)\#){0,200}?))"""
    r"""\s*:(?=\s|$)"""
)
_FLOW_KEY = re.compile(
    r"""(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s"'#,\[\]{}:][^,\[\]{}:]{0,200}?))\s*:"""
)
_BLOCK_TEXT = re.compile(r"[|>][-+0-9]*\s*(?:#.*)?$")


@dataclass(frozen=True)
class Cursor:
    """Where a cursor stands.

    Attributes:
        path: The keys that lead there: to the map of which a key is written, or to the value.
        role: What is written there; `either` if it may be a value, or the first key of a map in its place; `none` in
            comments.
        start: Index of the first character of the word that is written.
        quote: The quote that is open; empty for none.
        in_flow: Whether it is within brackets or braces.
    """

    path: KeyPath
    role: Role
    start: int
    quote: str = ""
    in_flow: bool = False


@dataclass
class _Place:
    """A map or a list whose end is not reached.

    Attributes:
        indent: Column of its keys or dashes; -1 within brackets.
        path: Its path.
        step: The last key or index.
        is_list: Whether it is a list.
        in_value: Whether the key of a map within braces is finished.
    """

    indent: int
    path: KeyPath
    step: str | int = ""
    is_list: bool = False
    in_value: bool = False

    @property
    def child(self) -> KeyPath:
        # No template is deeper.
        return (*self.path, self.step)[:MAX_DEPTH]


@dataclass
class Outline:
    """The keys of a text.

    Attributes:
        keys: The keys of each map, by its path, in order.
        scalars: The values in one line, by their path, without quotes.
    """

    keys: dict[KeyPath, list[str]] = field(default_factory=lambda: defaultdict(list))
    scalars: dict[KeyPath, str] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Outline:
        """Read a text."""
        reader = _Reader(text)
        reader.read()
        return reader.outline


def find_cursor(text: str, offset: int) -> Cursor:
    """Return where a cursor stands.

    Args:
        text: The text, which need not be valid YAML.
        offset: Characters before the cursor.
    """
    reader = _Reader(text[:offset])
    reader.read()
    return reader.find_cursor()


class _Reader:
    """Reads lines and brackets, and ends where the text ends."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._blocks: list[_Place] = []
        self._flows: list[_Place] = []
        # The start of the word at the end of the text, and the quote that is open there.
        self._word, self._quote = 0, ""
        self._in_comment = False
        # Column of the key of a text after | or >, in whose lines the reader is.
        self._text_indent: int | None = None
        self.outline = Outline()

    def read(self) -> None:
        start = 0
        for line in self._text.split("\n"):
            self._read_line(line.rstrip("\r"), start)
            start += len(line) + 1

    def find_cursor(self) -> Cursor:
        line_start = self._text.rfind("\n") + 1
        if self._in_comment:
            return Cursor((), "none", len(self._text))
        if self._flows:
            flow = self._flows[-1]
            if not flow.is_list and not flow.in_value:
                return Cursor(flow.path, "key", self._word, self._quote, True)
            return Cursor(flow.child, "value", self._word, self._quote, True)
        if self._text_indent is not None:
            return Cursor(self._blocks[-1].child if self._blocks else (), "value", line_start, "|")
        line = self._text[line_start:]
        top = self._blocks[-1] if self._blocks else None
        if top is not None and self._word > line_start and self._has_step(line):
            role: Role = "either" if top.is_list else "value"
            return Cursor(top.child, role, self._word, self._quote)
        # Nothing but a word, or nothing at all: its column says what it belongs to.
        column = len(line) - len(line.lstrip(" "))
        path, role = self._find_by_column(column)
        return Cursor(path, role, line_start + column, self._quote)

    def _has_step(self, line: str) -> bool:
        """Whether the last line has a key or a dash before the word that is written."""
        before = line[: self._word - (len(self._text) - len(line))]
        return bool(before.strip())

    def _find_by_column(self, column: int) -> tuple[KeyPath, Role]:
        for place in reversed(self._blocks):
            if place.is_list:
                if column == place.indent:
                    # Another item, or a key of the map around a list without indentation.
                    outer = next(
                        (each for each in self._blocks if not each.is_list and each.indent == column), None
                    )
                    return (outer.path, "key") if outer is not None else (place.path, "none")
                if column > place.indent:
                    return place.child, "either"
            elif column == place.indent:
                return place.path, "key"
            elif column > place.indent:
                return place.child, "either"
        return (), "key"

    def _read_line(self, line: str, start: int) -> None:
        self._in_comment, self._quote = False, self._quote if self._flows else ""
        content = line.lstrip(" ")
        column = len(line) - len(content)
        if self._flows:
            # A line that begins as the lines around the brackets do, ends what is not closed.
            outer = self._blocks[-1].indent if self._blocks else -1
            if column > outer or not _KEY.match(content):
                self._read_flow(line, 0, start)
                return
            self._flows, self._quote = [], ""
        if self._text_indent is not None:
            if not content or column > self._text_indent:
                self._word = start + len(line)
                return
            self._text_indent = None
        self._word = start + column
        if not content:
            return
        if content.startswith("#"):
            self._in_comment = True
            return
        if content in ("---", "..."):
            return
        self._read_block(line, column, start)

    def _read_block(self, line: str, column: int, start: int) -> None:
        """Read dashes, a key and a value."""
        is_dash = re.match(r"-(\s|$)", line[column:])
        while self._blocks and (
            self._blocks[-1].indent > column
            or (self._blocks[-1].indent == column and self._blocks[-1].is_list and not is_dash)
        ):
            self._blocks.pop()
        has_dash = is_dash is not None
        while re.match(r"-(\s|$)", line[column:]):
            self._add_dash(column)
            rest = line[column + 1 :]
            column += 1 + len(rest) - len(rest.lstrip(" "))
            self._word = start + min(column, len(line))
        found = _KEY.match(line, column)
        if found is None:
            # A line of nothing but words goes on with the value above, or will become a key.
            if column < len(line) and (has_dash or line[column] in "[{\"'"):
                self._read_value(line, column, start)
            return
        key = next(group for group in found.groups() if group is not None)
        if not (self._blocks and not self._blocks[-1].is_list and self._blocks[-1].indent == column):
            self._blocks.append(_Place(column, self._blocks[-1].child if self._blocks else ()))
        self._add_key(self._blocks[-1], key)
        rest = line[found.end() :]
        column = found.end() + len(rest) - len(rest.lstrip(" \t"))
        self._word = start + column
        if column < len(line):
            self._read_value(line, column, start)

    def _add_dash(self, column: int) -> None:
        top = self._blocks[-1] if self._blocks else None
        if top is not None and top.is_list and top.indent == column:
            top.step = int(top.step) + 1
            return
        self._blocks.append(_Place(column, top.child if top is not None else (), 0, is_list=True))

    def _add_key(self, place: _Place, key: str) -> None:
        place.step = key
        self.outline.keys[place.path].append(key)

    def _read_value(self, line: str, column: int, start: int) -> None:
        """Read what is after a key or a dash."""
        if line[column] in "[{":
            self._read_mark(line[column])
            self._read_flow(line, column + 1, start)
            return
        if _BLOCK_TEXT.match(line, column) and self._blocks:
            self._text_indent = self._blocks[-1].indent
            return
        value = line[column:]
        if value.startswith("#") and (column == 0 or line[column - 1] in " \t"):
            self._in_comment = True
            return
        if value[0] in "\"'":
            end = _find_quote_end(value)
            if end is None:
                self._quote = value[0]
                self._word = start + column + 1
                return
            self._set_scalar(value[1 : end - 1])
            self._in_comment = bool(re.search(r"\s#", value[end:]))
            return
        comment = re.search(r"\s#", value)
        self._in_comment = comment is not None
        self._set_scalar(value[: comment.start() if comment else len(value)].strip())

    def _set_scalar(self, value: str) -> None:
        places = self._flows or self._blocks
        if places:
            self.outline.scalars[places[-1].child] = value

    def _read_flow(self, line: str, column: int, start: int) -> None:
        """Read what is within brackets and braces, and after them."""
        index = column
        if self._quote:
            end = _find_quote_end(self._quote + line)
            if end is None:
                return
            self._quote, index = "", end - 1
        self._word = start + index
        while index < len(line) and self._flows:
            character = line[index]
            if character == "#" and (index == 0 or line[index - 1] in " \t"):
                self._in_comment = True
                return
            if character in "[]{},":
                self._read_mark(character)
            elif character not in " \t":
                index = self._read_word(line, index, start)
                if index < 0:
                    return
                continue
            index += 1
            rest = line[index:]
            self._word = start + index + len(rest) - len(rest.lstrip(" \t"))
        self._in_comment = not self._flows and bool(re.search(r"\s#", line[index:]))

    def _read_mark(self, mark: str) -> None:
        """Read a bracket, a brace or a comma."""
        if mark in "[{":
            parent = (self._flows or self._blocks)[-1:]
            path = parent[0].child if parent else ()
            self._flows.append(_Place(-1, path, 0 if mark == "[" else "", mark == "["))
        elif mark in "]}":
            self._flows.pop()
        else:
            flow = self._flows[-1]
            flow.in_value = False
            flow.step = int(flow.step) + 1 if flow.is_list else ""

    def _read_word(self, line: str, index: int, start: int) -> int:
        """Read a key or a value; returns the index after it, or -1 if the line ends in an open quote."""
        flow = self._flows[-1]
        self._word = start + index
        if not flow.is_list and not flow.in_value:
            if (found := _FLOW_KEY.match(line, index)) is not None:
                self._add_key(flow, next(group for group in found.groups() if group is not None))
                flow.in_value = True
                rest = line[found.end() :]
                self._word = start + found.end() + len(rest) - len(rest.lstrip(" \t"))
                return found.end()
        elif (
            flow.is_list
            and (found := _FLOW_KEY.match(line, index))
            and line[found.end() : found.end() + 1] in " "
        ):
            # A map of one key without braces; it is a value for whoever completes it.
            self._word = start + found.end()
            return found.end()
        if line[index] in "\"'":
            end = _find_quote_end(line[index:])
            if end is None:
                self._quote, self._word = line[index], start + index + 1
                return -1
            self._set_scalar(line[index + 1 : index + end - 1])
            return index + end
        end = index + len(re.match(r"(?:[^,\[\]{}#]|(?<!\s)#)+|.", line[index:])[0])  # type: ignore[index]
        if flow.is_list or flow.in_value:
            self._set_scalar(line[index:end].strip())
        return end


def _find_quote_end(text: str) -> int | None:
    """Return the index after the quote that closes the one that a text begins with; None if it stays open."""
    pattern = r'"(?:[^"\\]|\\.)*"' if text[0] == '"' else r"'(?:[^']|'')*'(?!')"
    found = re.match(pattern, text, re.DOTALL)
    return found.end() if found else None
