"""Values as YAML, in as few characters as possible."""

from __future__ import annotations

import json
import re
from typing import Any

from reelnet.config.source import parse_yaml, to_plain
from reelnet.errors import TemplateError

MAX_LINE = 110
"""Characters of a line beyond which a map or a list is written in several lines."""

_YAML_1_1 = re.compile("y|yes|n|no|on|off", re.IGNORECASE)
"""Words that other readers of YAML take for true and false."""

_BREAKS = re.compile("[\n\r\x85\u2028\u2029\ufeff]")
"""Characters that single quotes cannot hold as they are."""


def write_flow(value: Any, *, in_flow: bool = False, quote: str = "") -> str:
    """Write a value in one line.

    Args:
        value: Plain data.
        in_flow: Whether it stands within brackets or braces.
        quote: The quotes of a text; by default none, or what the text needs.
    """
    if isinstance(value, dict):
        entries = (f"{write_key(key)}: {write_flow(child, in_flow=True)}" for key, child in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(write_flow(item, in_flow=True) for item in value) + "]"
    if isinstance(value, str):
        return _write_text(value, "[{{k: {}}}]" if in_flow else "k: {}", quote)
    return json.dumps(value) if not isinstance(value, float) else _write_float(value)


def write_key(key: str) -> str:
    """Write a key of a map, in lines or within braces."""
    return _write_text(key, "[{{{}: k}}]", "")


def write_block(value: Any, indent: int, line_break: str) -> str:
    """Write a map or a list that is not empty in lines.

    Args:
        value: Plain data.
        indent: Spaces before each line.
        line_break: The line break; the result begins with one, and does not end with one.
    """
    start = line_break + " " * indent
    if isinstance(value, dict):
        return "".join(
            f"{start}{write_key(key)}:{write_after(child, indent, indent + len(key) + 1, line_break)}"
            for key, child in value.items()
        )
    return "".join(f"{start}-{_write_item(item, indent, line_break)}" for item in value)


def write_after(value: Any, indent: int, column: int, line_break: str, quote: str = "") -> str:
    """Write a value after its colon: in the same line if it fits, else in lines below.

    Args:
        value: Plain data.
        indent: Spaces before the line of the key.
        column: Characters of this line up to and with the colon.
        line_break: The line break.
        quote: The quotes of a text; by default none, or what the text needs.
    """
    line = write_flow(value, quote=quote)
    if not value or not isinstance(value, dict | list) or column + 1 + len(line) <= MAX_LINE:
        return f" {line}"
    return write_block(value, indent + 2, line_break)


def _write_item(item: Any, indent: int, line_break: str) -> str:
    written = write_after(item, indent, indent + 1, line_break)
    return f" {written.lstrip()}" if written.startswith(line_break) else written


def _write_float(value: float) -> str:
    text = repr(value)
    return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(text, text)


def _write_text(text: str, place: str, quote: str) -> str:
    """Write a text where `place` has braces; with other quotes than `quote` if it needs them."""
    double = json.dumps(text, ensure_ascii=False)
    double = _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", double)
    if _BREAKS.search(text) or quote == '"':
        return double
    single = "'" + text.replace("'", "''") + "'"
    if quote == "'":
        return single
    if not _YAML_1_1.fullmatch(text) and text == text.strip() and _means(text, text, place):
        return text
    return double if "'" in text and len(double) <= len(single) else single


def _means(written: str, text: str, place: str) -> bool:
    """Whether a text can be written without quotes."""
    try:
        found = to_plain(parse_yaml(place.format(written), ""))
    except TemplateError:
        return False
    return found in ({"k": text}, [{"k": text}], [{text: "k"}])
