"""A recorded training, opened for reading."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, SupportsIndex, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import RunError, UsageError, suggest_names
from reelnet.runs.format.commit import Commit
from reelnet.runs.format.log import LogReader
from reelnet.runs.format.reader import Values
from reelnet.runs.header import TapInfo, read_header
from reelnet.runs.metrics import Scalars, columns, read_added
from reelnet.runs.named import Named
from reelnet.runs.snapshot import Snapshot, read_samples
from reelnet.runs.step_index import listed, numbered, sliced, span
from reelnet.runs.storage.local import LocalStore
from reelnet.runs.storage.open_store import open_store
from reelnet.runs.summary import Summary, metrics_of, summary_of

T = TypeVar("T")


class RunReader:
    """Reads a run. What is recorded later is seen after `refresh()`.

    Nothing but the header and the log is read on opening; arrays are read when asked for, and checked.

    Args:
        path: The run folder, or an address such as `s3://bucket/run`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.store = open_store(path)
        self._header = read_header(self.store)
        self._reader = LogReader(self.store, self._header.taps)
        self._values = Values(self.store, self._header.taps)
        self._look()

    @property
    def path(self) -> Path:
        """The run folder.

        Raises:
            UsageError: The run lies in an object store.
        """
        if isinstance(self.store, LocalStore):
            return self.store.path
        raise UsageError(f"{self.store}: lies in an object store and has no path; copy it to a folder first")

    @property
    def location(self) -> str:
        """The run's folder or address, for people."""
        return self.store.where

    def refresh(self) -> list[int]:
        """See what was recorded since the run was opened, or since the last call; only that is read.

        Returns:
            The steps that are new. Others may be gone, where a run is thinned out or was resumed from before them.

        Raises:
            RunError: The log is not there any more, or damaged.
        """
        before = self._places.keys()
        if self._reader.follow():
            self._look()
        return [step for step in self.steps if step not in before]

    def _look(self) -> None:
        """Take over what the log says."""
        log = self._reader.log
        self._places = {step: log.steps[step] for step in sorted(log.steps)}
        self.missing: Mapping[int, str] = dict(sorted(log.missing.items()))
        for name in ("taps", "nonfinite", "metrics", "added"):
            self.__dict__.pop(name, None)

    @property
    def steps(self) -> list[int]:
        """The committed training steps, ascending; 0 is the untrained network."""
        return list(self._places)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """One short text a sample, or None."""
        return self._header.labels

    @property
    def about(self) -> Mapping[str, Any]:
        """Free facts: model, data, seed, versions."""
        return self._header.about

    @cached_property
    def taps(self) -> dict[str, TapInfo]:
        """The recorded places by name, with their value range over the whole run."""
        ranges = self._summary.ranges
        taps = {
            name: replace(tap, min=found[0], max=found[1]) if (found := ranges.get(name)) else tap
            for name, tap in self._header.taps.items()
        }
        return Named(taps, f"{self.location}: no layer was recorded as")

    @cached_property
    def nonfinite(self) -> dict[str, tuple[int, int]]:
        """For each tap with values that are NaN or infinite their number over the run, and the first such step."""
        return self._summary.nonfinite

    @cached_property
    def metrics(self) -> dict[str, NDArray[np.float64]]:
        """For each metric its values, one a committed step; NaN where a step has none.

        Those that were added later follow those of the recording. A name that it does not have is a `KeyError` that
        names the nearest.
        """
        return Named(self.recorded_metrics | columns(self.added, self.steps), f"{self.location}: no metric")

    @cached_property
    def added(self) -> Scalars:
        """The metrics that were added later, by name and step."""
        return read_added(self.store)

    @property
    def recorded_metrics(self) -> dict[str, NDArray[np.float64]]:
        """The metrics without those that were added later."""
        return metrics_of(self._places)

    @property
    def _summary(self) -> Summary:
        return summary_of(self._places, self._values)

    @property
    def samples(self) -> NDArray[np.uint8]:
        """The samples as a person sees them: uint8 (samples, height, width), or (…, 3) in colour."""
        return self._sample_arrays["shown"].astype(np.uint8, copy=False)

    @property
    def inputs(self) -> NDArray[np.generic]:
        """The samples as the network got them, (samples, …)."""
        return self._sample_arrays["fed"]

    @property
    def nbytes(self) -> int:
        """Bytes of the run on disk."""
        return self.store.nbytes()

    def read(
        self, tap: str, steps: Iterable[SupportsIndex] | SupportsIndex | slice | None = None
    ) -> NDArray[np.generic]:
        """The recorded values of one tap, as they were.

        Args:
            tap: Its name.
            steps: Which steps, in the order wanted; all by default. A slice goes by position among the recorded
                steps, as with a list: `slice(0, 5)` are the first five, `slice(None, None, 10)` is every tenth.

        Returns:
            An array (steps, samples, channels, height, width) of the recorded type.

        Raises:
            UsageError: There is no such tap or step.
            RunError: A step's file is missing, truncated or altered.
        """
        self.tap(tap)
        wanted = self._wanted(steps)
        return self._at_work(lambda: self._values.series(tap, [self._places[step] for step in wanted]))

    def snapshot(self, step: SupportsIndex, taps: Iterable[str] | None = None) -> Snapshot:
        """One committed step with the given taps (all by default).

        Raises:
            UsageError: There is no such tap or step.
            RunError: The step's file is missing, truncated or altered.
        """
        step = self.require_step(step)
        names = list(self._header.taps if taps is None else [taps] if isinstance(taps, str) else taps)
        for name in names:
            self.tap(name)
        arrays = self._at_work(lambda: self._values.arrays(self._places[step], names))
        place = self._places[step]
        numbers = place.metrics if isinstance(place, Commit) else place[0].numbers(place[1])
        added = {name: values[step] for name, values in self.added.items() if step in values}
        return Snapshot(step, arrays, {**numbers, **added})

    def _at_work(self, read: Callable[[], T], tries: int = 3) -> T:
        """Read; a recorder at work may have moved the steps into a segment since the log was read."""
        try:
            return read()
        except RunError as error:
            if not tries or not isinstance(error.__cause__, FileNotFoundError):
                raise
            now = LogReader(self.store, self._header.taps).log.steps
            self._places = {step: now.get(step, place) for step, place in self._places.items()}
            return self._at_work(read, tries - 1)

    def tap(self, name: str) -> TapInfo:
        """A recorded place by name.

        Raises:
            UsageError: There is none of that name.
        """
        if not isinstance(name, str) or name not in self.taps:
            raise UsageError(
                f"{self.location}: no layer {name!r} was recorded; {suggest_names(str(name), self.taps)}"
            )
        return self.taps[name]

    def require_step(self, step: SupportsIndex) -> int:
        """A step as a plain number, once it is sure that it was committed.

        Raises:
            UsageError: It was not, or it is no whole number.
            RunError: No step was.
        """
        self.require_steps()
        return numbered(step, self._places, self.location)

    def require_steps(self) -> None:
        """Make sure that there is something to show.

        Raises:
            RunError: No step was committed.
        """
        if not self._places:
            raise RunError(f"{self.location}: an empty run, no step was committed; record it again")

    def warnings(self, taps: Collection[str] | None = None) -> tuple[str, ...]:
        """Describe what a reader should know before trusting the pictures, one sentence per problem.

        These are values that are NaN or infinite, and steps that could not be recorded.

        Args:
            taps: Report only these taps; all by default.
        """
        messages = []
        for name, (count, first) in self.nonfinite.items():
            if taps is None or name in taps:
                values = "1 value is" if count == 1 else f"{count:,} values are"
                messages.append(
                    f"{name}: {values} NaN or infinite, from step {first} on; they are drawn in a color of their own"
                )
        if self.missing:
            first, reason = next(iter(self.missing.items()))
            steps = "1 step is" if len(self.missing) == 1 else f"{len(self.missing)} steps are"
            messages.append(f"{steps} missing, the first is {first}: {reason}")
        return tuple(messages)

    def __repr__(self) -> str:
        held = f"{span(self.steps)}, {self._header.samples} samples"
        return f"<Run {self.location!r}: {held}, taps {', '.join(self.taps)}>"

    def _wanted(self, steps: Iterable[SupportsIndex] | SupportsIndex | slice | None) -> list[int]:
        if steps is None:
            return self.steps
        if isinstance(steps, slice):
            return sliced(self.steps, steps, self.location)
        found = listed(steps)
        if all(type(step) is int and step in self._places for step in found):
            return cast(list[int], found)
        return [self.require_step(step) for step in found]

    @cached_property
    def _sample_arrays(self) -> dict[str, NDArray[np.generic]]:
        return read_samples(self.store, self._header)
