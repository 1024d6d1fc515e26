"""Steps as users select them: one, several, or a slice."""

from __future__ import annotations

import operator
import reprlib
from collections.abc import Collection, Iterable
from typing import SupportsIndex, cast

from reelnet.errors import RunError, UsageError

StepSelection = Iterable[SupportsIndex] | SupportsIndex | slice | None
"""One step, several steps, a slice by position among the recorded steps, or None for all steps."""


def select_steps(selection: StepSelection, steps: Collection[int], location: str) -> list[int]:
    """Resolve a selection of steps.

    Args:
        selection: The steps to select, in any order.
        steps: The steps of the run, ascending.
        location: The run, for errors.

    Raises:
        UsageError: A step is not an integer or not in the run, or the slice has an end that is not an integer.
        RunError: The run has no steps.
    """
    if selection is None:
        return list(steps)
    if isinstance(selection, slice):
        try:
            return list(steps)[selection]
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"{location}: cannot select steps by {selection} ({error}); give integers, such as slice(0, 5)"
            ) from None
    # Text is one wrong step, not one step per character. A zero-dimensional array looks like an iterable.
    is_single = isinstance(selection, str | bytes) or not isinstance(selection, Iterable)
    if is_single or getattr(selection, "ndim", 1) == 0:
        return [resolve_step(cast(SupportsIndex, selection), steps, location)]
    wanted = list(cast(Iterable[SupportsIndex], selection))
    if all(type(step) is int and step in steps for step in wanted):
        return cast(list[int], wanted)
    return [resolve_step(step, steps, location) for step in wanted]


def resolve_step(step: SupportsIndex, steps: Collection[int], location: str) -> int:
    """Return a step of the run as an `int`.

    Args:
        step: Any kind of integer.
        steps: The steps of the run, ascending.
        location: The run, for errors.

    Raises:
        UsageError: The step is not an integer or not in the run.
        RunError: The run has no steps.
    """
    require_steps(steps, location)
    try:
        # True is 1 in Python, but nobody means a step by it.
        number = None if isinstance(step, bool) else operator.index(step)
    except TypeError:
        number = None
    if number is not None and number in steps:
        return number
    known = list(steps)
    first, last = known[0], known[-1]
    known_steps = f"steps run from {first} to {last}" if first != last else f"the only step is {first}"
    if number is None:
        value = " ".join(reprlib.repr(step).split())
        raise UsageError(f"{location}: {value} is not a step; give an integer, {known_steps}")
    nearest = min(known, key=lambda each: abs(each - number))
    end = f", the nearest is {nearest}" if first != last else ""
    raise UsageError(f"{location}: no step {number}; {known_steps}{end}")


def require_steps(steps: Collection[int], location: str) -> None:
    """Make sure that a run has steps.

    Raises:
        RunError: It has none.
    """
    if not steps:
        raise RunError(f"{location}: the run is empty, no step was committed; record it again")


def describe_steps(steps: Collection[int]) -> str:
    """Describe steps by the first and the last, such as `steps 10 to 19`."""
    if len(steps) < 2:
        return f"step {min(steps)}" if steps else "no steps"
    return f"steps {min(steps)} to {max(steps)}"
