"""Ranges of training steps in which something is shown."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


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
        ValueError: An end lies beyond the last recorded step, or no recorded step lies between them.
    """
    for key, step in (("from", first), ("to", last)):
        if step is not None and step > steps[-1]:
            raise ValueError(f"{key}: step {step} lies beyond the last recorded step, {steps[-1]}")
    begin = steps[0] if first is None else first
    end = steps[-1] if last is None else last
    start = bisect_left(steps, begin)
    stop = bisect_left(steps, end + 1)
    if start < stop:
        return Span(steps[start], steps[stop - 1])
    near = " and ".join(str(each) for each in steps[max(0, start - 1) : start + 1])
    raise ValueError(f"no step from {begin} to {end} was recorded; the nearest: {near}")


def listed(value: Any) -> Any:
    """A list of a template as the tuple that models keep; anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


def told_positions(positions: Sequence[int]) -> str:
    """Positions for an error: `0 to 15`, or `0, 2, 5`."""
    if len(positions) > 2 and list(positions) == list(range(positions[0], positions[-1] + 1)):
        return f"{positions[0]} to {positions[-1]}"
    shown = ", ".join(map(str, positions[:12]))
    return f"{shown} … ({len(positions)} in all)" if len(positions) > 12 else shown


@contextmanager
def told(where: str) -> Iterator[None]:
    """Say of which part of a panel it is that something does not fit the run."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
