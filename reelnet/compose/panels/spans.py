"""Ranges of training steps in which something is shown."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reelnet.template.misfit import Misfit, Misfits


@dataclass(frozen=True)
class Span:
    """Training steps from the first to the last, both included; both were recorded."""

    first: int
    last: int

    def __contains__(self, step: int) -> bool:
        return self.first <= step <= self.last


def span(first: int | None, last: int | None, steps: Sequence[int]) -> Span:
    """The recorded steps between two ends, None for the run's own.

    Args:
        first: As the author wrote it under `from`.
        last: As the author wrote it under `to`.
        steps: The recorded steps, ascending.

    Raises:
        Misfit: An end lies beyond the last recorded step, or no recorded step lies between them.
    """
    wrong = Misfits()
    for key, step in (("from", first), ("to", last)):
        with wrong.at(key):
            if step is not None and step > steps[-1]:
                raise Misfit(f"step {step} lies beyond the last recorded step, {steps[-1]}")
    wrong.check()
    begin = steps[0] if first is None else first
    end = steps[-1] if last is None else last
    start = bisect_left(steps, begin)
    stop = bisect_left(steps, end + 1)
    if start < stop:
        return Span(steps[start], steps[stop - 1])
    near = " and ".join(str(each) for each in steps[max(0, start - 1) : start + 1])
    raise Misfit(f"no step from {begin} to {end} was recorded; the nearest: {near}", "from")


def listed(value: Any) -> Any:
    """A list of a template as the tuple that models keep; anything else as it is."""
    return tuple(value) if isinstance(value, list) else value
