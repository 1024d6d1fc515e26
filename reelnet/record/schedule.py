"""Schedules: after which training steps a snapshot is recorded."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from reelnet.errors import ReelnetError, UsageError, describe_error


class Schedule(Protocol):
    """Decides which training steps are recorded. Step 0, the untrained network, always is."""

    def is_due(self, step: int) -> bool:
        """Whether to record this step. Called once per step, in order, from step 1."""

    def count_snapshots(self, last_step: int) -> int | None:
        """Number of snapshots from step 0 to `last_step`; None if it cannot be known in advance."""


@dataclass(frozen=True)
class EveryNSteps:
    """Every n-th step."""

    n: int = 1

    def is_due(self, step: int) -> bool:
        """Whether to record this step."""
        return step % self.n == 0

    def count_snapshots(self, last_step: int) -> int:
        """Number of snapshots from step 0 to `last_step`."""
        return 1 + last_step // self.n

    def __str__(self) -> str:
        return "every step" if self.n == 1 else f"every {self.n} steps"


@dataclass(frozen=True)
class ListedSteps:
    """The steps of a list."""

    steps: frozenset[int]

    def is_due(self, step: int) -> bool:
        """Whether to record this step."""
        return step in self.steps

    def count_snapshots(self, last_step: int) -> int:
        """Number of snapshots from step 0 to `last_step`."""
        return 1 + sum(0 < step <= last_step for step in self.steps)

    def __str__(self) -> str:
        return f"{len(self.steps)} listed steps"


@dataclass(frozen=True)
class Log:
    """Logarithmically spaced steps: dense at the beginning of the training, sparse towards its end.

    Example:
        `Recorder(…, every=reelnet.Log(per_decade=3))` records steps 0, 1, 2, 5, 10, 22, 46, 100, …

    Attributes:
        per_decade: Number of recorded steps per factor of ten, above 0. The first decades have fewer steps than
            that; all of them are recorded.

    Raises:
        UsageError: `per_decade` is not a number above 0.
    """

    per_decade: float = 30

    def __post_init__(self) -> None:
        if not 0 < self.per_decade < math.inf:
            raise UsageError(f"Log(per_decade={self.per_decade}): give a number above 0, such as 30")

    def is_due(self, step: int) -> bool:
        """Whether this step is the nearest one to a power of 10^(1/per_decade)."""
        nearest = round(self.per_decade * math.log10(step))
        return any(
            round(10 ** (index / self.per_decade)) == step for index in range(nearest - 1, nearest + 2)
        )

    def count_snapshots(self, last_step: int) -> int:
        """Number of snapshots from step 0 to `last_step`."""
        last_index = math.ceil(self.per_decade * math.log10(max(1, last_step))) + 1
        steps = {round(10 ** (index / self.per_decade)) for index in range(last_index + 1)}
        return 1 + sum(step <= last_step for step in steps)

    def __str__(self) -> str:
        return f"{self.per_decade:g} steps per decade"


@dataclass
class Seconds:
    """The first step after a number of seconds has passed since the last recorded one.

    Example:
        `Recorder(…, every=reelnet.Seconds(30))`

    Attributes:
        seconds: Seconds between two snapshots, above 0.
        clock: Returns the current time in seconds.

    Raises:
        UsageError: `seconds` is not a number above 0.
    """

    seconds: float
    clock: Callable[[], float] = field(default=time.monotonic, repr=False, compare=False)
    _last: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.seconds < math.inf:
            raise UsageError(f"Seconds({self.seconds}): give a number above 0, such as 30")
        self._last = self.clock()

    def is_due(self, step: int) -> bool:
        """Whether the seconds have passed. If so, they start anew."""
        now = self.clock()
        if now - self._last < self.seconds:
            return False
        self._last = now
        return True

    def count_snapshots(self, last_step: int) -> None:
        """Unknown: it depends on the speed of the training."""

    def __str__(self) -> str:
        return f"every {self.seconds:g} s"


@dataclass(frozen=True)
class CustomSteps:
    """The steps for which the user's own function returns true."""

    function: Callable[[int], object]

    def is_due(self, step: int) -> bool:
        """Whether to record this step.

        Raises:
            ReelnetError: The function raised an exception.
        """
        try:
            return bool(self.function(step))
        except Exception as error:
            raise ReelnetError(
                f"every={self._name} failed ({describe_error(error)}); it must return true or false"
            ) from error

    def count_snapshots(self, last_step: int) -> None:
        """Unknown: the function may depend on anything, so it is called only when a step is due."""

    def __str__(self) -> str:
        return f"the steps that {self._name} selects"

    @property
    def _name(self) -> str:
        name = str(getattr(self.function, "__name__", type(self.function).__name__))
        return "a function" if name == "<lambda>" else name


ScheduleSpec = int | Log | Seconds | Callable[[int], object]
"""What `Recorder(every=…)` accepts."""


def parse_schedule(every: ScheduleSpec, steps: Iterable[int] | None) -> Schedule:
    """Convert the arguments `every` and `steps` of `Recorder` to a schedule.

    Raises:
        UsageError: Both are given, or one of them does not describe a schedule.
    """
    if steps is not None:
        if not isinstance(every, int) or every != 1:
            raise UsageError("every= and steps= are both given; give only one of them")
        listed = frozenset(steps)
        if not all(type(step) is int and step >= 0 for step in listed):
            raise UsageError(f"steps={sorted(listed, key=str)}: give integers from 0")
        return ListedSteps(listed)
    if isinstance(every, Log | Seconds):
        return every
    if isinstance(every, int) and not isinstance(every, bool):
        if every < 1:
            raise UsageError(f"every={every}: give an integer from 1")
        return EveryNSteps(every)
    if callable(every):
        return CustomSteps(every)
    raise UsageError(f"every={every!r}: give an integer, Log(…), Seconds(…) or a function of the step")
