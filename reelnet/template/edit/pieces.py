"""The pieces of a YAML text: which characters each key and value takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml
from yaml import events

Entry = tuple["Piece", "Piece"]
"""A key and its value."""


@dataclass(frozen=True)
class Piece:
    """A value, or a key, and its place in the text.

    Attributes:
        start: Index of its first character, that of its anchor if it has one.
        end: Index after its last character. An empty value starts and ends after the colon or the dash.
        style: A scalar's quote or block indicator; empty for plain scalars and for everything else.
        is_block: Whether it is written in lines: a collection without brackets, or a text after `|` or `>`.
        value: The text of a scalar.
        entries: The keys and values of a map; None for other pieces.
        items: The items of a list; None for other pieces.
        shared: The anchor or the alias that it is written with, such as `&x` or `*x`.
    """

    start: int
    end: int
    style: str = ""
    is_block: bool = False
    value: str = ""
    entries: tuple[Entry, ...] | None = None
    items: tuple[Piece, ...] | None = None
    shared: str = ""

    @property
    def is_alias(self) -> bool:
        """Whether another piece is written here by its name."""
        return self.shared.startswith("*")

    @property
    def is_scalar(self) -> bool:
        """Whether it is a text, a number or another single value."""
        return self.entries is None and self.items is None and not self.is_alias

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written, which is null."""
        return self.start == self.end

    def find(self, step: str | int) -> Entry | None:
        """Return the key and the value at a step; the item is its own key in a list. None if there is none."""
        if self.entries is not None:
            return next((entry for entry in self.entries if entry[0].value == step), None)
        if self.items is not None and isinstance(step, int) and step < len(self.items):
            return self.items[step], self.items[step]
        return None


def find_pieces(text: str) -> Piece | None:
    """Return the piece of a whole text that is valid YAML, without a byte order mark; None if it is empty."""
    return _Finder(text).find()


def _index(mark: Any) -> int:
    return int(mark.index)


class _Finder:
    """Builds pieces from the events of PyYAML."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._events = yaml.parse(text, Loader=yaml.SafeLoader)

    def find(self) -> Piece | None:
        next(self._events)
        if isinstance(next(self._events), events.StreamEndEvent):
            return None
        root = self._build(next(self._events))
        return None if root.is_empty else root

    def _build(self, event: events.Event) -> Piece:
        start, end = _index(event.start_mark), _index(event.end_mark)
        if isinstance(event, events.AliasEvent):
            return Piece(start, end, shared=f"*{event.anchor}")
        shared = f"&{anchor}" if (anchor := getattr(event, "anchor", None)) else ""
        if isinstance(event, events.ScalarEvent):
            style = event.style or ""
            is_block = style in ("|", ">")
            end = self._trim_block_text(start, end) if is_block else end
            return Piece(start, end, style, is_block, event.value, shared=shared)
        children: list[Piece] = []
        while not isinstance(last := next(self._events), events.CollectionEndEvent):
            children.append(self._build(last))
        is_flow = bool(getattr(event, "flow_style", False))
        # A block ends with its last value; PyYAML reports where the next one starts.
        end = _index(last.end_mark) if is_flow else max(child.end for child in children)
        if isinstance(event, events.SequenceStartEvent):
            return Piece(start, end, is_block=not is_flow, items=tuple(children), shared=shared)
        entries = tuple(zip(children[::2], children[1::2], strict=True))
        return Piece(start, end, is_block=not is_flow, entries=entries, shared=shared)

    def _trim_block_text(self, start: int, end: int) -> int:
        """Return the end of the last line of a text after `|` or `>`; line breaks that count as text stay."""
        head = self._text[start:].partition("\n")[0].partition("#")[0]
        return end if "+" in head else start + len(self._text[start:end].rstrip())
