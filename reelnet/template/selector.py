"""Selection of channels or samples: all, a list, a range, the first ones, or those that change most."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

MAX_RANGE = 4096

_RANGE = re.compile(r"(\d{1,6})-(\d{1,6})")


@dataclass(frozen=True)
class Selector:
    """Which positions are shown, counted from 0. Without arguments, all of them.

    Attributes:
        positions: The positions in the order in which they are shown; None for all.
        top: Maximum number of positions; those that change most are shown.
        first: Maximum number of positions; the first ones are shown.
    """

    positions: tuple[int, ...] | None = None
    top: int | None = None
    first: int | None = None


def parse_selector(value: Any) -> Selector:
    """Parse `all`, `3`, `0-5`, `[0, 2, 4-7]`, `{first: 8}` or `{top: 8}`.

    Raises:
        ValueError: The value has another form, is empty, or names a position twice.
    """
    if isinstance(value, Selector):
        return value
    if value == "all":
        return Selector()
    if isinstance(value, dict):
        count = next(iter(value.values()), None)
        is_known = set(value) in ({"top"}, {"first"})
        if not is_known or isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(
                f"{value!r}: a map must be 'first: N', or 'top: N' for the N that change most, with N from 1"
            )
        return Selector(**value)
    positions: list[int] = []
    for item in value if isinstance(value, list) else [value]:
        positions += _parse_range(item)
    if not positions:
        raise ValueError("is empty; give all, a list such as [0, 2], a range such as 0-5, first: 8 or top: 8")
    if len(set(positions)) < len(positions):
        raise ValueError(f"{value!r} names a position twice")
    return Selector(tuple(positions))


def _parse_range(value: Any) -> list[int]:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return [value]
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            f"{value!r} is none of: all, a list such as [0, 2], a range such as 0-5, first: 8, top: 8"
        )
    first, last = int(match[1]), int(match[2])
    if last < first or last - first >= MAX_RANGE:
        raise ValueError(
            f"{value!r}: a range goes from the smaller to the larger number, with at most {MAX_RANGE} positions"
        )
    return list(range(first, last + 1))


_ITEM_SCHEMAS = [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d{1,6}-\d{1,6}$"}]
_COUNT_SCHEMA = {"type": "integer", "minimum": 1}

SelectorField = Annotated[
    Selector,
    PlainValidator(parse_selector),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["all"]},
                *_ITEM_SCHEMAS,
                {"type": "array", "items": {"anyOf": _ITEM_SCHEMAS}},
                {
                    "type": "object",
                    "properties": {"top": _COUNT_SCHEMA, "first": _COUNT_SCHEMA},
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
