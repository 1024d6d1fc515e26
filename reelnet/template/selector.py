"""Selection of channels or samples: all, a list, a range, the first ones, or the most telling ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from reelnet.config.diagnostics import OptionError

MAX_RANGE = 4096

MAX_LISTED_POSITIONS = 12
"""Positions that an error lists one by one."""

_RANGE = re.compile(r"(\d{1,6})-(\d{1,6})")


@dataclass(frozen=True)
class Selector:
    """Which positions are shown, counted from 0. Without arguments, all of them.

    Attributes:
        positions: The positions in the order in which they are shown; None for all.
        top: Maximum number of positions; those that differ or change most are shown.
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
                f"{value!r}: a map must be 'first: N', or 'top: N' for the N that differ most, with N from 1"
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


def select_indices(
    selector: Selector,
    count: int,
    noun: str,
    owner: str = "",
    select_top: Callable[[int], Sequence[int]] | None = None,
) -> tuple[int, ...]:
    """The indices that a selector picks.

    Args:
        selector: What the author wrote.
        count: How many items there are.
        noun: What they are, such as `sample` or `channel`, for errors.
        owner: Whose they are, for errors.
        select_top: Picks a number of items for `top`; None if `top` does not apply.

    Raises:
        ValueError: An index does not exist, or `top` does not apply.
    """
    if selector.positions is not None:
        missing = [index for index in selector.positions if index >= count]
        if missing:
            what = f"{noun}s" if len(missing) > 1 else noun
            whose = f" of {owner}" if owner else ""
            raise ValueError(
                f"no {what} {format_positions(missing)}{whose}; they are numbered from 0 to {count - 1}"
            )
        return selector.positions
    if selector.top is not None:
        if select_top is None:
            message = f"top: {selector.top} is not possible for {noun}s"
            raise OptionError(f"{message}; give a list, a range, or first: {selector.top}", "top")
        return tuple(select_top(selector.top)) if selector.top < count else tuple(range(count))
    return tuple(range(min(selector.first or count, count)))


def format_positions(positions: Sequence[int]) -> str:
    """Format positions for an error: `0 to 15`, or `0, 2, 5`."""
    if len(positions) > 2 and list(positions) == list(range(positions[0], positions[-1] + 1)):
        return f"{positions[0]} to {positions[-1]}"
    listed = ", ".join(map(str, positions[:MAX_LISTED_POSITIONS]))
    return f"{listed} … ({len(positions)} in all)" if len(positions) > MAX_LISTED_POSITIONS else listed
