"""Lengths with units, such as `17cm`."""

from __future__ import annotations

import re

from reelnet.errors import UsageError

UNITS = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72, "px": 1 / 96}
"""Inches per unit; a px is that of style sheets."""

MIN_INCHES, MAX_INCHES = 0.1, 200
"""A shorter or longer side is a typing error, and a PDF is at most 200 inches wide."""

PATTERN = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*([A-Za-z]*)")
MAX_TEXT = 40


def parse_length(name: str, value: str) -> float:
    """A length in inches.

    Args:
        name: What it is the length of, to begin errors with.
        value: A number and a unit: cm, mm, in, pt or px (1/96 inch), such as `17cm`.

    Raises:
        UsageError: It is none, or out of range.
    """
    text = value.strip() if isinstance(value, str) else ""
    match = PATTERN.fullmatch(text) if len(text) <= MAX_TEXT else None
    unit = match[2].lower() if match is not None else ""
    if match is None or unit not in UNITS:
        raise UsageError(
            f"{name} {_shorten(value)}: give a number and a unit (cm, mm, in, pt or px), such as 17cm"
        )
    inches = float(match[1]) * UNITS[unit]
    if not MIN_INCHES <= inches <= MAX_INCHES:
        raise UsageError(f"{name} {_shorten(value)}: give {MIN_INCHES}in to {MAX_INCHES}in")
    return inches


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
