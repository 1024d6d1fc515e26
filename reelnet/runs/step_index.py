"""Steps as somebody asks for them: one, some, or a slice."""

from __future__ import annotations

import operator
import reprlib
from collections.abc import Collection, Iterable
from typing import SupportsIndex, cast

from reelnet.errors import UsageError


def numbered(step: SupportsIndex, known: Collection[int], where: str) -> int:
    """A step as a plain number.

    Args:
        step: Any kind of whole number.
        known: The steps of the run, ascending and not empty.
        where: Names the run in errors.

    Raises:
        UsageError: It is none of those, or no whole number.
    """
    try:
        # True is 1 to Python, but nobody means a step by it.
        number = None if isinstance(step, bool) else operator.index(step)
    except TypeError:
        number = None
    if number is not None and number in known:
        return number
    listed = list(known)
    first, last = listed[0], listed[-1]
    # A single step runs from nowhere to nowhere.
    ends = f"steps run from {first} to {last}" if first != last else f"the only one is {first}"
    if number is None:
        given = " ".join(reprlib.repr(step).split())
        raise UsageError(f"{where}: {given} is no step; give a whole number, {ends}")
    near = min(listed, key=lambda each: abs(each - number))
    end = f", the nearest is {near}" if first != last else ""
    raise UsageError(f"{where}: no step {number}; {ends}{end}")


def sliced(known: list[int], wanted: slice, where: str) -> list[int]:
    """The steps that a slice selects by position.

    Raises:
        UsageError: It has ends that are no whole numbers.
    """
    try:
        return known[wanted]
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{where}: {wanted} selects no steps ({error}); give whole numbers, slice(0, 5) say"
        ) from None


def listed(steps: Iterable[SupportsIndex] | SupportsIndex) -> list[SupportsIndex]:
    """Several steps, or one, as a list."""
    # A text is one wrong step, not one for each letter. An array without dimensions looks like an iterable.
    if isinstance(steps, str | bytes) or not isinstance(steps, Iterable) or getattr(steps, "ndim", 1) == 0:
        return [cast(SupportsIndex, steps)]
    return list(steps)


def span(steps: Collection[int]) -> str:
    """Steps from the first to the last, in words."""
    if len(steps) < 2:
        return f"step {min(steps)}" if steps else "no steps"
    return f"steps {min(steps)} to {max(steps)}"
