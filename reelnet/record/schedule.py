"""At which training steps a snapshot is taken."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from reelnet.errors import ReelnetError, UsageError, describe_error


class Schedule(Protocol):
    """Says of each training step in turn, from 1, whether it is recorded; step 0 always is."""

    def due(self, step: int) -> bool:
        """Whether this step is recorded."""

    def count(self, total: int) -> int | None:
        """How many of the steps 0 to `total` are; None if only time tells."""


@dataclass(frozen=True)
class Every:
    """Every n-th step."""

    n: int = 1

    def due(self, step: int) -> bool:
        """Whether this step is recorded."""
        return step % self.n == 0

    def count(self, total: int) -> int:
        """How many of the steps 0 to `total` are."""
        return 1 + total // self.n

    def __str__(self) -> str:
        return "every step" if self.n == 1 else f"every {self.n} steps"


@dataclass(frozen=True)
class Listed:
    """The steps of a list."""

    steps: frozenset[int]

    def due(self, step: int) -> bool:
        """Whether this step is recorded."""
        return step in self.steps

    def count(self, total: int) -> int:
        """How many of the steps 0 to `total` are."""
        return 1 + sum(1 for step in self.steps if 0 < step <= total)

    def __str__(self) -> str:
        return f"{len(self.steps)} listed steps"


@dataclass(frozen=True)
class Log:
    """Steps whose logarithms are evenly spaced: early ones closely, late ones rarely.

    Attributes:
        per_decade: Steps recorded from one power of ten to the next; where steps are fewer, all of them.
    """

    per_decade: float = 30

    def __post_init__(self) -> None:
        if not 0 < self.per_decade < math.inf:
            raise UsageError(f"Log(per_decade={self.per_decade}): give a number above 0, such as 30")

    def due(self, step: int) -> bool:
        """Whether this step is the nearest to a power of 10^(1/per_decade)."""
        near = round(self.per_decade * math.log10(step))
        return any(round(10 ** (each / self.per_decade)) == step for each in (near - 1, near, near + 1))

    def count(self, total: int) -> int:
        """How many of the steps 0 to `total` are."""
        most = math.ceil(self.per_decade * math.log10(max(1, total))) + 1
        steps = {round(10 ** (each / self.per_decade)) for each in range(most + 1)}
        return 1 + sum(1 for step in steps if step <= total)

    def __str__(self) -> str:
        return f"{self.per_decade:g} steps a decade"


@dataclass
class Seconds:
    """A step when so many seconds have passed since the last one that was recorded.

    Attributes:
        seconds: Above 0.
    """

    seconds: float
    _last: float = field(default_factory=lambda: time.monotonic(), repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.seconds < math.inf:
            raise UsageError(f"Seconds({self.seconds}): give a number above 0, such as 30")

    def due(self, step: int) -> bool:
        """Whether it is time."""
        now = time.monotonic()
        if now - self._last < self.seconds:
            return False
        self._last = now
        return True

    def count(self, total: int) -> None:
        """Only time tells."""

    def __str__(self) -> str:
        return f"every {self.seconds:g} s"


@dataclass(frozen=True)
class Chosen:
    """The steps that a function of one's own says yes to."""

    function: Callable[[int], object]

    def due(self, step: int) -> bool:
        """Whether this step is recorded.

        Raises:
            ReelnetError: The function failed.
        """
        try:
            return bool(self.function(step))
        except Exception as error:
            raise ReelnetError(
                f"every={self._name} failed ({describe_error(error)}); it must give true or false"
            ) from error

    def count(self, total: int) -> None:
        """The function is not asked before its time."""

    def __str__(self) -> str:
        return f"the steps that {self._name} says"

    @property
    def _name(self) -> str:
        name = str(getattr(self.function, "__name__", type(self.function).__name__))
        return "a function" if name == "<lambda>" else name


When = int | Log | Seconds | Callable[[int], object]


def schedule_of(every: When, steps: Iterable[int] | None) -> Schedule:
    """What `Recorder(every=…, steps=…)` means.

    Raises:
        UsageError: Both are given, or one of them is no schedule.
    """
    if steps is not None:
        if not isinstance(every, int) or every != 1:
            raise UsageError("every= and steps=: give one of them")
        listed = frozenset(steps)
        if not all(type(step) is int and step >= 0 for step in listed):
            raise UsageError(f"steps={sorted(listed, key=str)}: give whole numbers from 0 on")
        return Listed(listed)
    if isinstance(every, Log | Seconds):
        return every
    if isinstance(every, int) and not isinstance(every, bool):
        if every < 1:
            raise UsageError(f"every={every}: give a whole number from 1 on")
        return Every(every)
    if callable(every):
        return Chosen(every)
    raise UsageError(f"every={every!r}: give a whole number, Log(…), Seconds(…) or a function of the step")
