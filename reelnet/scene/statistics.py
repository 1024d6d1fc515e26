"""Statistics over all values of a tap: which channels change, and how the values are distributed."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from reelnet.runs.run import RunReader

T = TypeVar("T")
T_Number = TypeVar("T_Number", bound=np.generic)

ROW_TOLERANCE = 0.01
"""How far the sum of a query's attention weights may be from 1, for their recording in half precision."""

PERCENTILE_BINS = 4096
"""Bins of the histogram that percentiles come from; a percentile is off by at most one bin."""


@dataclass(frozen=True)
class TapChanges:
    """How much the values of a tap change from one recorded step to the next.

    Attributes:
        by_channel: Mean absolute change per step of each channel, float64 (channels,).
        by_step: Mean absolute change since the previous recorded step, float64 (steps,); 0 for the first.
    """

    by_channel: NDArray[np.float64]
    by_step: NDArray[np.float64]


class RunStatistics:
    """Computes statistics of a run on demand and caches them. It reads one step at a time."""

    def __init__(self, run: RunReader) -> None:
        self._run = run
        self._cache: dict[Hashable, Any] = {}

    @staticmethod
    @lru_cache(maxsize=4)
    def for_run(run: RunReader) -> RunStatistics:
        """The statistics of a run, with everything that was computed before."""
        return RunStatistics(run)

    def changes(self, tap: str) -> TapChanges:
        """How much a tap changes over the run."""
        return self._get_cached(("changes", tap), lambda: self._compute_changes(tap))

    def percentile(self, tap: str, percent: float) -> float:
        """The magnitude that `percent` of all finite values over the run do not exceed; 0 if all are 0."""
        info = self._run.tap(tap)
        top = max(abs(info.min or 0.0), abs(info.max or 0.0))
        if top == 0 or percent >= 100:
            return top

        def compute() -> NDArray[np.float64]:
            counts = np.zeros(PERCENTILE_BINS, np.int64)
            for values in self._read_values(tap):
                finite = np.abs(values[np.isfinite(values)])
                counts += np.histogram(finite, PERCENTILE_BINS, (0.0, top))[0]
            cumulative: NDArray[np.float64] = np.cumsum(counts) / counts.sum()
            return cumulative

        cumulative = self._get_cached(("magnitudes", tap), compute)
        return float(top * (1 + np.searchsorted(cumulative, percent / 100)) / PERCENTILE_BINS)

    def fraction_outside(self, tap: str, low: float, high: float) -> float:
        """The fraction of all finite values over the run that lies outside [low, high], 0 to 1."""

        def compute() -> float:
            outside = total = 0
            for values in self._read_values(tap):
                finite = values[np.isfinite(values)]
                outside += int(np.count_nonzero((finite < low) | (finite > high)))
                total += finite.size
            return outside / max(1, total)

        return self._get_cached(("outside", tap, low, high), compute)

    def finite_count(self, tap: str) -> int:
        """The number of finite values over the run."""

        def compute() -> int:
            if tap not in self._run.nonfinite:
                return math.prod(self._run.tap(tap).shape) * len(self._run.steps)
            return sum(int(np.count_nonzero(np.isfinite(values))) for values in self._read_values(tap))

        return self._get_cached(("finite", tap), compute)

    def max_bin_count(self, tap: str, bins: int, low: float, high: float) -> float:
        """The largest number of finite values in one of `bins` equal bins from low to high, over all steps."""

        def compute() -> float:
            return max(
                float(
                    np.histogram(np.clip(values[np.isfinite(values)], low, high), bins, (low, high))[0].max()
                )
                for values in self._read_values(tap)
            )

        return self._get_cached(("bins", tap, bins, low, high), compute)

    def series(
        self, tap: str, key: Hashable, measure: Callable[[NDArray[np.generic]], NDArray[T_Number]]
    ) -> NDArray[T_Number]:
        """What `measure` gives for the array of each step, (steps, …).

        Args:
            tap: The tap whose arrays are measured.
            key: Tells this measure from others.
            measure: A function of one step's array.
        """

        def compute() -> NDArray[T_Number]:
            return np.stack([measure(self.read_step(step, [tap])[tap]) for step in self._run.steps])

        return self._get_cached(("series", tap, key, len(self._run.steps)), compute)

    def is_attention(self, tap: str) -> bool:
        """Whether the maps of a tap are attention weights: square, not negative, with rows that sum to 1."""

        def compute() -> bool:
            steps = self._run.steps[0], self._run.steps[-1]
            arrays = [np.asarray(self.read_step(step, [tap])[tap], np.float64) for step in steps]
            return all(
                array.min() >= 0 and bool((abs(array.sum(axis=3) - 1) <= ROW_TOLERANCE).all())
                for array in arrays
            )

        height, width = self._run.tap(tap).map_shape[1:]
        is_named = tap.partition("#")[0].rpartition(".")[2] == "attention"
        return is_named and height == width > 1 and self._get_cached(("attention", tap), compute)

    def read_step(self, step: int, taps: Sequence[str]) -> dict[str, NDArray[np.generic]]:
        """The arrays of one step, for panels that show this step in every frame."""
        return dict(self._run.snapshot(step, taps).taps)

    def _compute_changes(self, tap: str) -> TapChanges:
        by_channel, by_step, previous = np.zeros(self._run.tap(tap).shape[1]), [0.0], None
        for values in self._read_values(tap):
            if previous is not None:
                with np.errstate(invalid="ignore", over="ignore"):
                    change = np.abs(values - previous)
                # A value that becomes NaN or infinite is no change that could be compared with others.
                change = np.where(np.isfinite(change), change, 0.0).mean(axis=(0, 2, 3))
                by_channel += change
                by_step.append(float(change.mean()))
            previous = values
        return TapChanges(by_channel / max(1, len(by_step) - 1), np.array(by_step))

    def _read_values(self, tap: str) -> Iterator[NDArray[np.float64]]:
        for step in self._run.steps:
            yield self._run.snapshot(step, [tap]).taps[tap].astype(np.float64)

    def _get_cached(self, key: Hashable, compute: Callable[[], T]) -> T:
        if key not in self._cache:
            self._cache[key] = compute()
        result: T = self._cache[key]
        return result
