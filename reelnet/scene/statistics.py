"""What only a look at all of a tap's values tells: which channels change, where most values lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from reelnet.runs.run import RunReader

BINS = 4096
"""Of the histogram by which percentiles are found; an end is off by one part of this of the range at most."""


@dataclass(frozen=True)
class TapChanges:
    """One pass over a tap.

    Attributes:
        by_channel: Mean absolute change from step to step of each channel, (channels,).
        by_step: Mean absolute change since the recorded step before, (steps,); 0 for the first.
    """

    by_channel: NDArray[np.float64]
    by_step: NDArray[np.float64]


class RunStatistics:
    """Looks through the values of a run when asked, each tap once; memory holds two steps at a time."""

    def __init__(self, run: RunReader) -> None:
        self._run = run
        self._changes: dict[str, TapChanges] = {}
        self._magnitudes: dict[str, NDArray[np.int64]] = {}
        self._beyond: dict[tuple[str, float, float], float] = {}
        self._peaks: dict[tuple[str, int, float, float], float] = {}

    @staticmethod
    def for_run(run: RunReader) -> RunStatistics:
        """The statistics of a run, which keeps what it has found."""
        if run not in _SURVEYS:
            _SURVEYS[run] = RunStatistics(run)
        return _SURVEYS[run]

    def changes(self, tap: str) -> TapChanges:
        """How much a tap's values change."""
        if tap not in self._changes:
            shape = self._run.tap(tap).shape
            channels, steps, before = np.zeros(shape[1]), [0.0], None
            for values in self._values(tap):
                if before is not None:
                    moved = np.abs(values - before).mean(axis=(0, 2, 3))
                    channels += moved
                    steps.append(float(moved.mean()))
                before = values
            self._changes[tap] = TapChanges(channels / max(1, len(steps) - 1), np.array(steps))
        return self._changes[tap]

    def percentile(self, tap: str, percent: float) -> float:
        """The magnitude that `percent` of all finite values over the run do not pass; 0 if all are 0."""
        info = self._run.tap(tap)
        top = max(abs(info.min or 0.0), abs(info.max or 0.0))
        if top == 0:
            return 0.0
        if tap not in self._magnitudes:
            found = np.zeros(BINS, np.int64)
            for values in self._values(tap):
                found += np.histogram(np.abs(values), BINS, (0.0, top))[0]
            self._magnitudes[tap] = found
        part = np.cumsum(self._magnitudes[tap]) / self._magnitudes[tap].sum()
        return float(top * (1 + np.searchsorted(part, percent / 100)) / BINS) if percent < 100 else top

    def fraction_outside(self, tap: str, low: float, high: float) -> float:
        """Part of all values over the run that lies outside [low, high], 0 to 1."""
        key = (tap, low, high)
        if key not in self._beyond:
            outside = total = 0
            for values in self._values(tap):
                outside += int(np.count_nonzero((values < low) | (values > high)))
                total += values.size
            self._beyond[key] = outside / max(1, total)
        return self._beyond[key]

    def max_bin_count(self, tap: str, bins: int, low: float, high: float) -> float:
        """The most values that one of `bins` equal bins from low to high holds at any step."""
        key = (tap, bins, low, high)
        if key not in self._peaks:
            self._peaks[key] = max(
                float(np.histogram(np.clip(values, low, high), bins, (low, high))[0].max())
                for values in self._values(tap)
            )
        return self._peaks[key]

    def read_step(self, step: int | None, taps: Sequence[str]) -> dict[str, NDArray[np.generic]] | None:
        """The arrays of one step, for what shows that step in every frame; None without a step."""
        return None if step is None else dict(self._run.snapshot(step, taps).taps)

    def _values(self, tap: str) -> Iterator[NDArray[np.float64]]:
        for step in self._run.steps:
            yield np.nan_to_num(self._run.snapshot(step, [tap]).taps[tap].astype(np.float64))


_SURVEYS: WeakKeyDictionary[RunReader, RunStatistics] = WeakKeyDictionary()
