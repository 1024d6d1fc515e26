"""Selections of channels and samples as one writes them into a field: `0-5, 8`, `top 8`, `all`."""

from __future__ import annotations

import re
from typing import Any

from reelnet.config.source import parse_scalar

_COUNT = re.compile(r"(top|first) *:? *(\d{1,6})")


def format_selection(value: Any) -> Any:
    """Write the value of a selection as text; any other value stays."""
    match value:
        case {"top": int(count)} | {"first": int(count)}:
            return f"{next(iter(value))} {count}"
        case list():
            return ", ".join(map(str, value))
        case int() if not isinstance(value, bool):
            return str(value)
    return value


def parse_selection(text: str) -> Any:
    """Read a selection from text: the value that a template has. What is no selection stays text."""
    text = text.strip()
    if found := _COUNT.fullmatch(text.strip("{}").strip()):
        return {found[1]: int(found[2])}
    parts = [part.strip() for part in text.strip("[]").split(",") if part.strip()]
    if not all(re.fullmatch(r"\d{1,6}(-\d{1,6})?", part) for part in parts):
        return text
    values = [parse_scalar(part) for part in parts]
    return values[0] if len(values) == 1 else values
