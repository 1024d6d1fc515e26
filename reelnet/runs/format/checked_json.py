"""JSON that ends with a checksum of itself, and strict parsing that raises nothing but `ValueError`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from reelnet.runs.format.arrays import crc32

MAX_INT = 2**62
"""Larger integers occur in no run; they would overflow in numpy."""

MAX_CONTAINERS = 1_000_000
"""A JSON text with more lists and objects is damaged. Parsed, each takes twenty times its text."""

_CHECKSUM = re.compile(rb',\s*"checksum": "([0-9a-f]{8})"\s*\}\s*\Z')

_HEX = re.compile(r"[0-9a-f]{8}")

_SUFFIX_BYTES = 64
"""Bytes at the end of a text in which its checksum is searched for."""


def encode_checked(content: Mapping[str, Any], *, indent: int | None = None) -> bytes:
    """Encode a JSON object that is not empty. Its last entry is `checksum`, the CRC-32 of all bytes before it."""
    text = json.dumps(content, indent=indent, ensure_ascii=False, default=str)
    separator, end = (", ", "}\n") if indent is None else (",\n" + " " * indent, "\n}\n")
    # A surrogate, which UTF-8 lacks, becomes the escape that JSON has for it.
    body = text.encode(errors="backslashreplace")[: -len(end) + 1]
    return body + f'{separator}"checksum": "{crc32(body):08x}"{end}'.encode()


def parse_checked(data: bytes, *, required: bool) -> dict[str, Any]:
    """Parse JSON that `encode_checked` wrote, and return it without its checksum.

    Args:
        data: The text.
        required: Whether a text without a checksum is an error. Format versions 1 and 2 had none.

    Raises:
        ValueError: The text is not a JSON object, or does not match its checksum.
    """
    suffix = data[-_SUFFIX_BYTES:]
    if match := _CHECKSUM.search(suffix):
        body = memoryview(data)[: len(data) - len(suffix) + match.start()]
        if crc32(body) != int(match[1], 16):
            raise ValueError("altered, it does not match its checksum")
    elif required:
        raise ValueError("altered or truncated, its checksum is missing")
    content = parse_json(data)
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")
    if match:
        del content["checksum"]
    return content


def has_checksum(data: bytes) -> bool:
    """Return whether a text ends as `encode_checked` ends it."""
    return _CHECKSUM.search(data[-_SUFFIX_BYTES:]) is not None


def parse_json(data: bytes) -> Any:
    """Parse JSON in UTF-8.

    Raises:
        ValueError: It is not JSON, is nested too deeply, or would take far more memory than its text.
    """
    if data.count(b"[") + data.count(b"{") > MAX_CONTAINERS:
        raise ValueError("too many lists and objects")
    try:
        return json.loads(data.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def require_int(value: Any, low: int = 0, high: int = MAX_INT) -> int:
    """Return an integer within limits.

    Raises:
        ValueError: It is something else.
    """
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{shorten(value)} is not an integer of at least {low}")
    return value


def require_range(low: Any, high: Any) -> tuple[float, float] | None:
    """Return the smallest and largest finite value of an array; None if both are null.

    Raises:
        ValueError: They are not numbers, or the first one is larger.
    """
    if low is None and high is None:
        return None
    if not (type(low) in (int, float) and type(high) in (int, float) and -math.inf < low <= high < math.inf):
        raise ValueError(f"{shorten(low)} to {shorten(high)} is not a range of values")
    return to_float(low), to_float(high)


def to_float(value: Any) -> float:
    """Return a number, also from the texts `nan`, `inf` and `-inf`, which stand for what JSON lacks.

    Raises:
        ValueError: It is something else.
    """
    if type(value) in (float, int, str):
        try:
            return float(value)
        except OverflowError:
            pass
    raise ValueError(f"{shorten(value)} is not a number")


def require_seconds(value: Any) -> float | None:
    """Return a time in seconds, or None for null.

    Raises:
        ValueError: It is something else.
    """
    if value is None:
        return None
    if type(value) not in (float, int) or not 0 <= value < MAX_INT:
        raise ValueError(f"{shorten(value)} is not a time in seconds")
    return float(value)


def parse_crc32(text: Any) -> int:
    """Parse a checksum of eight hexadecimal digits.

    Raises:
        ValueError: It is something else.
    """
    if not isinstance(text, str) or not _HEX.fullmatch(text):
        raise ValueError(f"{shorten(text)} is not a checksum")
    return int(text, 16)


def shorten(value: Any) -> str:
    """Return a value of a file for an error message: on one short line, without control characters."""
    try:
        text = ascii(value)
    except (ValueError, RecursionError):  # An integer with too many digits, or deep nesting.
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:56]} ..."
