"""Which channels or samples are shown: all, a list, a range, or those that change most."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

RANGE = re.compile(r"(\d{1,6})-(\d{1,6})")


@dataclass(frozen=True)
class Selector:
    """Positions counted from 0.

    Attributes:
        positions: In the order wanted; None for all.
        top: Only so many, those that change most; None for no such limit.
        first: Only so many, or fewer if there are no more; None for no such limit.
    """

    positions: tuple[int, ...] | None = None
    top: int | None = None
    first: int | None = None


def parse_selector(value: Any) -> Selector:
    """`all`, `3`, `0-5`, `[0, 2, 4-7]`, `{first: 8}` or `{top: 8}`.

    Raises:
        ValueError: It is none of these.
    """
    if isinstance(value, Selector):
        return value
    if value == "all":
        return Selector()
    if isinstance(value, dict):
        most = next(iter(value.values()), None)
        known = set(value) in ({"top"}, {"first"})
        if not known or isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise ValueError(
                f"{value!r}: the only maps here are 'first: N', and 'top: N', those N that change most"
            )
        return Selector(**value)
    found: list[int] = []
    for each in value if isinstance(value, list) else [value]:
        found += _parse_range(each)
    if not found:
        raise ValueError("is empty; give all, a list such as [0, 2], a range such as 0-5, first: 8 or top: 8")
    if len(set(found)) < len(found):
        raise ValueError(f"{value!r} names a position twice")
    return Selector(tuple(found))


def _parse_range(value: Any) -> list[int]:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return [value]
    match = RANGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            f"{value!r} is none of: all, a list such as [0, 2], a range such as 0-5, first: 8, top: 8"
        )
    first, last = int(match[1]), int(match[2])
    if last < first or last - first >= 4096:
        raise ValueError(f"{value!r}: a range runs from its smaller to its greater number, over 4096 at most")
    return list(range(first, last + 1))


SelectorField = Annotated[
    Selector,
    PlainValidator(parse_selector),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["all"]},
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": r"^\d{1,6}-\d{1,6}$"},
                {
                    "type": "array",
                    "items": {
                        "anyOf": [
                            {"type": "integer", "minimum": 0},
                            {"type": "string", "pattern": r"^\d{1,6}-\d{1,6}$"},
                        ]
                    },
                },
                {
                    "type": "object",
                    "properties": {
                        "top": {"type": "integer", "minimum": 1},
                        "first": {"type": "integer", "minimum": 1},
                    },
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
