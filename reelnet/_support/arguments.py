"""Checks of the arguments of public functions: a value of a wrong type is one line that says what would work."""

from __future__ import annotations

import math
import operator
import os
import reprlib
from collections.abc import Iterable, Mapping
from typing import Any

from reelnet.errors import UsageError


def require_integer(name: str, value: Any, low: int, high: int) -> int:
    """Return an integer of any type, such as NumPy's, as an `int`.

    Raises:
        UsageError: It is not an integer, or not from `low` to `high`.
    """
    try:
        # True is 1 in Python, but nobody means a number by it.
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or not low <= number <= high:
        raise UsageError(f"{name} {describe_value(value)}: give an integer from {low} to {high}")
    return number


def require_number(name: str, value: Any, low: float, high: float) -> float:
    """Return a number of any type, such as NumPy's, as a `float`.

    Raises:
        UsageError: It is not a number, or not from `low` to `high`.
    """
    try:
        number = math.nan if isinstance(value, bool | str | bytes) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not low <= number <= high:
        raise UsageError(f"{name} {describe_value(value)}: give a number from {low:g} to {high:g}")
    return number


def require_texts(name: str, value: Any, example: str) -> tuple[str, ...]:
    """Return a list of texts as a tuple.

    Raises:
        UsageError: It is a single text, not a list, or has an item that is not a text.
    """
    is_list = isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)
    texts = tuple(value) if is_list else (None,)
    if not all(isinstance(text, str) for text in texts):
        raise UsageError(f"{name} {describe_value(value)}: give a list of texts, such as {example}")
    return texts


def require_mapping(name: str, value: Any) -> Mapping[str, Any]:
    """Return a mapping; an empty one for None.

    Raises:
        UsageError: It is not a mapping.
    """
    if value is not None and not isinstance(value, Mapping):
        raise UsageError(f"{name} {describe_value(value)}: give a mapping, such as a dict")
    return value or {}


def require_path(name: str, value: Any) -> str:
    """Return a path as text.

    Raises:
        UsageError: It is not a path.
    """
    if isinstance(value, str | os.PathLike) and isinstance(text := os.fspath(value), str):
        return text
    raise UsageError(f"{name} {describe_value(value)} is not a path; give a str or a Path")


def describe_value(value: Any) -> str:
    """A value on one short line, for an error."""
    return " ".join(reprlib.repr(value).split())
