"""What single values without quotes mean."""

from __future__ import annotations

import math
import re

MOST_DIGITS = 18

Scalar = str | int | float | bool | None

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}


def plain_scalar(text: str) -> Scalar:
    """What a scalar without quotes means in the core schema of YAML 1.2: `no`, `12:30` and dates are text.

    Raises:
        ValueError: A whole number of more than 18 digits.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        if len(text.lstrip("+-")) > MOST_DIGITS:
            raise ValueError(f"a whole number has at most {MOST_DIGITS} digits; quote it if it is text")
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if found := _INFINITE.fullmatch(text):
        return float(f"{found[1]}inf")
    return float(text) if _FLOAT.fullmatch(text) else text
