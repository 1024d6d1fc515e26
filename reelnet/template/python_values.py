"""Values of Python, such as `{"theme": "dark"}`, as the nodes that a YAML file would give."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from reelnet._support.arguments import describe_value
from reelnet.config.diagnostics import SourcePosition
from reelnet.config.source import MAX_DEPTH, MAX_INT_DIGITS, MAX_KEY_LENGTH, MAX_NODES, UNPRINTABLE, Node
from reelnet.errors import UsageError


def node_from_python(value: Any, name: str, source: str) -> Node:
    """Convert a value of a call from Python to a node.

    Mappings become maps; lists, tuples, ranges, arrays and tensors lists; numbers of NumPy numbers; paths texts.

    Args:
        value: The value.
        name: Its Python expression, such as `template` or `settings['theme']`, which errors begin with.
        source: The name of the source in the positions of the nodes.

    Raises:
        UsageError: A value has a type that no YAML file can hold, is NaN or infinite, or there are too many of them.
    """
    return _Converter(SourcePosition(source)).convert(value, name, 1)


class _Converter:
    """Converts one value with all that it contains.

    Args:
        position: The position of every node.
    """

    def __init__(self, position: SourcePosition) -> None:
        self._position = position
        self._count = count(1)

    def convert(self, value: Any, name: str, depth: int) -> Node:
        """Convert a value at a depth, from 1; `name` is its Python expression."""
        if depth > MAX_DEPTH:
            raise UsageError(f"{name[:60]}…: more than {MAX_DEPTH} levels of nesting")
        if next(self._count) > MAX_NODES:
            raise UsageError(f"{name}: a template has at most {MAX_NODES:,} keys and values")
        if isinstance(value, str):
            return Node(_check_text(str.__str__(value), name), self._position)
        if isinstance(value, Mapping):
            return Node(self._convert_items(value, name, depth), self._position)
        if not isinstance(value, bool | int | float | type) and callable(
            to_list := getattr(value, "tolist", None)
        ):
            # Arrays, tensors and their scalars.
            return self.convert(to_list(), name, depth + 1)
        if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
            items = [self.convert(item, f"{name}[{index}]", depth + 1) for index, item in enumerate(value)]
            return Node(items, self._position)
        if isinstance(value, os.PathLike) and isinstance(path := os.fspath(value), str):
            return Node(_check_text(path, name), self._position)
        return Node(_check_number(value, name), self._position)

    def _convert_items(self, value: Mapping[Any, Any], name: str, depth: int) -> dict[str, Node]:
        converted = {}
        for key, child in value.items():
            if not isinstance(key, str):
                kind = type(key).__name__
                raise UsageError(f"{name}: the key {describe_value(key)} is of type {kind}; give a str")
            if len(key) > MAX_KEY_LENGTH:
                raise UsageError(f"{name}: a key has at most {MAX_KEY_LENGTH} characters")
            text = _check_text(str.__str__(key), name)
            node = self.convert(child, f"{name}[{text!r}]", depth + 1)
            converted[text] = Node(node.value, node.position, self._position)
        return converted


def _check_text(text: str, name: str) -> str:
    if found := UNPRINTABLE.search(text):
        raise UsageError(f"{name}: the control character {found[0]!a} is not allowed")
    return text


def _check_number(value: Any, name: str) -> bool | int | float | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) >= 10**MAX_INT_DIGITS:
            raise UsageError(f"{name}: a whole number has at most {MAX_INT_DIGITS} digits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UsageError(f"{name}: {value} is not a finite number")
        return float(value)
    kind = type(value).__name__
    raise UsageError(
        f"{name}: {describe_value(value)} is of type {kind}; give a text, a number, a list or a dict"
    )
