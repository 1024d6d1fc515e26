"""How calls and answers are written as bytes.

A call is a JSON object. An answer begins with the length of its JSON (4 bytes, little-endian), followed by the JSON,
whose key `buffers` lists the lengths of the buffers, and then by these.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any


def decode_arguments(body: bytes) -> dict[str, Any]:
    """Read the arguments of a call.

    Raises:
        ValueError: The body is not a JSON object in UTF-8, or has NaN, infinity or half a character in it.
    """
    try:
        arguments = json.loads(body, parse_constant=_reject_constant, parse_float=_read_float)
        # Half a character, such as \ud800, can be written in JSON, but neither into a file nor on the screen.
        json.dumps(arguments, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(arguments, dict):
        raise ValueError("not an object")
    return arguments


def encode_answer(content: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> list[bytes]:
    """Write an answer as pieces that follow each other.

    Raises:
        ValueError: The answer has NaN or infinity in it, which JSON does not know.
    """
    lengths = {"buffers": [len(buffer) for buffer in buffers]}
    text = json.dumps({**content, **lengths}, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    encoded = text.encode("utf-8", "backslashreplace")
    return [struct.pack("<I", len(encoded)) + encoded, *buffers]


def encode_event(name: str, content: Mapping[str, Any]) -> bytes:
    """Write an event as server-sent events have it."""
    return f"event: {name}\ndata: {json.dumps(content, allow_nan=False)}\n\n".encode()


def _reject_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")


def _read_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number
