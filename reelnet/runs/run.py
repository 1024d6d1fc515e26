"""Reads a recorded run."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn, SupportsIndex, TypeVar

import numpy as np
from numpy.typing import NDArray

from reelnet._support.text import format_count, make_printable
from reelnet.errors import RunError, UnknownNameError, UsageError, suggest_and_list_names, suggest_names
from reelnet.runs.format.log import LogReader, StepLocation, elapsed_at, metrics_at
from reelnet.runs.format.reader import ValueReader
from reelnet.runs.header import TapInfo, read_error, read_header
from reelnet.runs.metrics import (
    Scalars,
    describe_nonfinite,
    find_measured,
    read_imported_metrics,
    recorded_metrics,
)
from reelnet.runs.recovery import describe_lost_lines
from reelnet.runs.snapshot import Snapshot, read_samples
from reelnet.runs.step_index import StepSelection, describe_steps, require_steps, resolve_step, select_steps
from reelnet.runs.storage.local import LocalStore
from reelnet.runs.storage.open_store import open_store
from reelnet.runs.storage.protocol import Store
from reelnet.runs.summary import RunSummary, summarize_run

MAX_READ_RETRIES = 3
"""How often a read is retried when a recorder has moved the values meanwhile."""

T = TypeVar("T")


class RunReader:
    """Reads a run. Call `refresh()` to see steps that are recorded later.

    Opening reads only the header and the log. Arrays are read on demand and checked against their checksums.

    Args:
        path: The run folder, a URL such as `s3://bucket/run`, or a store.

    Attributes:
        store: Files of the run.
        missing: Steps that could not be recorded, ascending, with the reason.

    Raises:
        UsageError: `path` is not a path.
        RunError: There is no run at `path`, or its header or log is damaged.
    """

    def __init__(self, path: str | os.PathLike[str] | Store) -> None:
        self.store: Store = open_store(path)
        self._header = read_header(self.store)
        self._log_reader = LogReader(self.store, self._header)
        self._value_reader = ValueReader(self.store, self._header.taps)
        self._update_from_log()

    @property
    def path(self) -> Path:
        """The run folder.

        Raises:
            UsageError: The run is in an object store.
        """
        if isinstance(self.store, LocalStore):
            return self.store.path
        raise UsageError(f"{self.store}: a run in an object store has no path; copy it to a folder first")

    @property
    def location(self) -> str:
        """The run folder or URL as the user wrote it, for messages."""
        return self.store.location

    def refresh(self) -> list[int]:
        """Read what was recorded since the run was opened or last refreshed.

        Returns:
            The new steps. Other steps may be gone if the recording thins out the run, or was resumed before them.

        Raises:
            RunError: The log no longer exists, or is damaged.
        """
        old_steps = self._locations.keys()
        if self._log_reader.follow():
            self._update_from_log()
        return [step for step in self.steps if step not in old_steps]

    def _update_from_log(self) -> None:
        log = self._log_reader.log
        self._locations: dict[int, StepLocation] = {step: log.steps[step] for step in sorted(log.steps)}
        self.missing: Mapping[int, str] = dict(sorted(log.missing.items()))
        for name in ("taps", "_summary", "_lost_lines"):
            self.__dict__.pop(name, None)
        self.reload_imported_metrics()

    def reload_imported_metrics(self) -> None:
        """Read the imported metrics again when they are next used."""
        for name in ("metrics", "measured", "imported_metrics"):
            self.__dict__.pop(name, None)

    @property
    def steps(self) -> list[int]:
        """The recorded training steps, ascending; 0 is the untrained network."""
        return list(self._locations)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """One short text per sample, or None."""
        return self._header.labels

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classes between which the network decides, in the order of its scores, or None."""
        return self._header.classes

    @property
    def class_output(self) -> str | None:
        """The tap that gives the model's output, one value per class; empty if none does, None if not known."""
        return self._header.class_output

    @property
    def about(self) -> Mapping[str, Any]:
        """Free-form facts: model, data, seed, versions."""
        return self._header.about

    @cached_property
    def taps(self) -> dict[str, TapInfo]:
        """The recorded taps by name, with their value range over the whole run."""
        ranges = self._summary.ranges
        taps = {
            name: replace(tap, min=bounds[0], max=bounds[1]) if (bounds := ranges.get(name)) else tap
            for name, tap in self._header.taps.items()
        }
        return _NamedDict(taps, f"{self.location}: no layer")

    @property
    def nonfinite(self) -> dict[str, tuple[int, int]]:
        """Number of NaN and infinite values and the first step with one, for taps that have any."""
        return self._summary.nonfinite

    @cached_property
    def metrics(self) -> dict[str, NDArray[np.float64]]:
        """The values of each metric, (steps,); NaN where a step has no value, and where NaN was recorded.

        Imported metrics come last. `measured` tells both kinds of NaN apart.

        Looking up an unknown name raises a `KeyError` that suggests the nearest one.
        """
        imported = {
            name: np.array([values.get(step, np.nan) for step in self._locations])
            for name, values in self.imported_metrics.items()
        }
        return _NamedDict(self.recorded_metrics | imported, f"{self.location}: no metric")

    @cached_property
    def measured(self) -> dict[str, NDArray[np.bool_]]:
        """Whether each step has a value of each metric, bool (steps,). The value may be NaN."""
        measured = find_measured(self._locations, self.recorded_metrics)
        imported = {
            name: np.array([step in values for step in self._locations], np.bool_)
            for name, values in self.imported_metrics.items()
        }
        return _NamedDict(measured | imported, f"{self.location}: no metric")

    @cached_property
    def imported_metrics(self) -> Scalars:
        """The metrics that were imported after the recording, by name and step."""
        return read_imported_metrics(self.store)

    @property
    def recorded_metrics(self) -> dict[str, NDArray[np.float64]]:
        """The metrics without imported ones."""
        return recorded_metrics(self._locations)

    @property
    def elapsed(self) -> NDArray[np.float64]:
        """Seconds from the beginning of the recording to each step, (steps,); NaN where unknown.

        The time goes on from the last step when a recording is resumed. Runs of format version 1 or 2 and imported
        runs have no times.
        """
        seconds = [elapsed_at(location) for location in self._locations.values()]
        return np.array([np.nan if each is None else each for each in seconds], np.float64)

    @property
    def samples(self) -> NDArray[np.uint8]:
        """The samples as people see them: uint8 (samples, height, width), or (…, 3) in color."""
        return self._sample_arrays["shown"].astype(np.uint8, copy=False)

    @property
    def inputs(self) -> NDArray[np.generic]:
        """The samples as the network receives them, (samples, …)."""
        return self._sample_arrays["fed"]

    @property
    def nbytes(self) -> int:
        """Bytes of the run on disk."""
        return self.store.total_size()

    def read(self, tap: str, steps: StepSelection = None) -> NDArray[np.generic]:
        """Read the values of one tap as they were recorded.

        Args:
            tap: Name of the tap.
            steps: The steps, in any order; all by default. A slice selects by position among the recorded steps, as
                in a list: `slice(0, 5)` are the first five, `slice(None, None, 10)` is every tenth.

        Returns:
            An array (steps, samples, channels, height, width) of the recorded type.

        Raises:
            UsageError: There is no such tap or step.
            RunError: The file of a step is missing, truncated or altered.
        """
        self.tap(tap)
        selected = select_steps(steps, self._locations.keys(), self.location)
        return self._retry_moved_steps(
            lambda: self._value_reader.read_series(tap, [self._locations[step] for step in selected])
        )

    def snapshot(self, step: SupportsIndex, taps: Iterable[str] | None = None) -> Snapshot:
        """Read one recorded step with some taps, all by default.

        Raises:
            UsageError: There is no such tap or step.
            RunError: The file of the step is missing, truncated or altered.
        """
        step = self.require_step(step)
        names = list(self._header.taps if taps is None else [taps] if isinstance(taps, str) else taps)
        for name in names:
            self.tap(name)
        arrays = self._retry_moved_steps(lambda: self._value_reader.read_step(self._locations[step], names))
        metrics = metrics_at(self._locations[step])
        imported = {name: values[step] for name, values in self.imported_metrics.items() if step in values}
        return Snapshot(step, arrays, {**metrics, **imported})

    def tap(self, name: str) -> TapInfo:
        """Look up a tap by name.

        Raises:
            UsageError: There is no such tap.
        """
        if not isinstance(name, str) or name not in self.taps:
            suggestion = suggest_names(str(name), map(make_printable, self.taps))
            raise UsageError(f"{self.location}: no layer {name!r} was recorded; {suggestion}")
        return self.taps[name]

    def require_step(self, step: SupportsIndex) -> int:
        """Return a recorded step as an `int`.

        Raises:
            UsageError: The step is not an integer, or was not recorded.
            RunError: The run has no steps.
        """
        self.require_steps()
        return resolve_step(step, self._locations.keys(), self.location)

    def require_steps(self) -> None:
        """Make sure that the run has steps.

        Raises:
            RunError: It has none.
        """
        if not self._locations and self._lost_lines:
            raise RunError(f"{self.location}: {self._lost_lines}")
        require_steps(self._locations, self.location)

    def warnings(self, taps: Collection[str] | None = None) -> tuple[str, ...]:
        """Describe what a viewer should know before trusting the pictures, one sentence per problem.

        Problems are values and metrics that are NaN or infinite, steps that could not be recorded, and steps whose
        log line is lost.

        Args:
            taps: The taps to report on; all by default.
        """
        messages, steps = [self._lost_lines] if self._lost_lines else [], self.steps
        for name, (count, first) in self.nonfinite.items():
            if taps is None or name in taps:
                values = format_count(count, "NaN or infinite value")
                messages.append(f"{make_printable(name)}: {values}, from step {first} on, drawn hatched")
        for name, series in self.metrics.items():
            found = np.flatnonzero(self.measured[name] & ~np.isfinite(series)).tolist()
            values_at = {steps[number]: float(series[number]) for number in found}
            messages += describe_nonfinite(make_printable(name), values_at)
        if self.missing:
            first, reason = next(iter(self.missing.items()))
            messages.append(
                f"{format_count(len(self.missing), 'missing step')}, the first is {first}: {make_printable(reason)}"
            )
        return tuple(messages)

    def __repr__(self) -> str:
        content = f"{describe_steps(self.steps)}, {self._header.samples} samples"
        return f"<Run {self.location!r}: {content}, taps {', '.join(self.taps)}>"

    @cached_property
    def _summary(self) -> RunSummary:
        if self._locations:
            # The shapes of a damaged header must not be taken seriously before there are values for them.
            self._retry_moved_steps(
                lambda: self._value_reader.require_values(next(iter(self._locations.values())))
            )
        return summarize_run(self._locations, self._value_reader, list(self._header.taps))

    @cached_property
    def _lost_lines(self) -> str:
        """Steps that are in files but not in the log, described for people; empty if there are none."""
        try:
            return describe_lost_lines(self.store, self._header, self._log_reader.log)
        except OSError as error:
            raise read_error(self.location, "the list of files", error) from error

    @cached_property
    def _sample_arrays(self) -> dict[str, NDArray[np.generic]]:
        return read_samples(self.store, self._header)

    def _retry_moved_steps(self, read: Callable[[], T]) -> T:
        """Call `read`, again if a recorder has moved steps into a segment since the log was read."""
        for _ in range(MAX_READ_RETRIES):
            try:
                return read()
            except RunError as error:
                if not isinstance(error.__cause__, FileNotFoundError):
                    raise
            current = LogReader(self.store, self._header).log.steps
            self._locations = {step: current.get(step, old) for step, old in self._locations.items()}
        return read()


class _NamedDict(dict[str, T]):
    """A dictionary whose error for an unknown name suggests the nearest one.

    Args:
        items: The content.
        error_start: Start of the error message, such as `runs/mnist: no metric`.
    """

    def __init__(self, items: dict[str, T], error_start: str) -> None:
        super().__init__(items)
        self._error_start = error_start

    def __missing__(self, name: object) -> NoReturn:
        raise UnknownNameError(
            f"{self._error_start} {name!r}; {suggest_and_list_names(str(name), map(make_printable, self))}"
        )
