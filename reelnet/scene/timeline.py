"""Which step each frame shows, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Shown:
    """One frame of the timeline.

    Attributes:
        step: The training step that it shows.
        pts: When it appears, in seconds from the start.
        duration: How long it stays, in seconds.
    """

    step: int
    pts: Fraction
    duration: Fraction


@dataclass(frozen=True)
class Timeline:
    """Every recorded step once, evenly.

    Attributes:
        steps: The steps shown, in order.
        fps: Steps a second.
    """

    steps: Sequence[int]
    fps: Fraction

    def __iter__(self) -> Iterator[Shown]:
        each = 1 / self.fps
        return (Shown(step, number * each, each) for number, step in enumerate(self.steps))

    def __len__(self) -> int:
        return len(self.steps)
