"""Statistics over all values of a tap: which channels change, and how the values are distributed."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from reelnet.runs.run import RunReader
from reelnet.scene.channel_signatures import ChannelSignatures

T = TypeVar("T")
T_Number = TypeVar("T_Number", bound=np.generic)

MAX_COMPARED_VALUES = 2**10
"""Values of a step that are compared with those of others."""

SUM_TOLERANCE = 0.01
"""How far the sum of probabilities, or of a query's attention weights, may be from 1; in half precision it is off by
up to 0.005 with ten classes."""

MAX_EXACT_VALUES = 2**20
"""Percentiles are those of all values of a run with no more than these, and of a sample of a longer one."""

CHANGE_STEPS = 512
"""Steps between which changes are measured, evenly spaced: an adaptive timeline never reads a long run whole."""
SAMPLED_STEPS = 64
"""Steps from which a sample is taken, evenly spaced, with the first and the last: a percentile never reads a long run
whole. Between two of them the distribution of a network's values changes little: for eight layers of runs of 61 and
291 steps, 0.476 to 0.523 % of all values lay beyond the 99.5th percentile of the sample."""

COMPARED_STEPS, COMPARED_SAMPLES, COMPARED_PLACES = 12, 16, 64
"""Steps, samples and places of a map by which channels are compared: few, since what channels have in common shows
everywhere."""

DEAD_SPAN = 0.01
"""What a dead channel spans at most, as a part of what the strongest one does: less than one shade of its color."""

GOLDEN_RATIO = (5**0.5 - 1) / 2
"""The fractional parts of its multiples are spread evenly between 0 and 1, however many there are."""


@dataclass(frozen=True)
class TapChanges:
    """How much the values of a tap change from one recorded step to the next.

    Attributes:
        by_channel: Mean absolute change per step of each channel, float64 (channels,).
        by_step: Mean absolute change since the previous recorded step, float64 (steps,); 0 for the first. In a long
            run, the change between two of `CHANGE_STEPS` steps, shared by the steps between them.
    """

    by_channel: NDArray[np.float64]
    by_step: NDArray[np.float64]


class RunStatistics:
    """Computes statistics of a run on demand and caches them. It reads one step at a time."""

    def __init__(self, run: RunReader) -> None:
        self._run = run
        self._cache: dict[Hashable, Any] = {}
        self._latest_sample: tuple[str, NDArray[np.floating[Any]]] | None = None

    @staticmethod
    @lru_cache(maxsize=4)
    def for_run(run: RunReader) -> RunStatistics:
        """The statistics of a run, with everything that was computed before."""
        return RunStatistics(run)

    def changes(self, tap: str) -> TapChanges:
        """How much a tap changes over the run."""
        return self._get_cached(("changes", tap), lambda: self._compute_changes(tap))

    def signatures(self, tap: str) -> ChannelSignatures:
        """How the channels of a tap differ over the run."""
        return self._get_cached(("signatures", tap), lambda: self._compare_channels(tap))

    def find_dead(self, tap: str) -> NDArray[np.bool_]:
        """Which channels of a tap end up with the same value for every input, bool (channels,).

        They are those whose values span less than `DEAD_SPAN` of what the strongest channel spans at the last step.
        If no channel spans anything there, as the only sample has one value per channel, they are those that never
        change.
        """

        def compute() -> NDArray[np.bool_]:
            values = self._read_by_channel(self._run.steps[-1], tap).astype(np.float64)
            is_known = np.isfinite(values)
            high = np.where(is_known, values, -np.inf).max(axis=1)
            low = np.where(is_known, values, np.inf).min(axis=1)
            spans = np.where(is_known.any(axis=1), high, np.nan) - low
            top = np.nanmax(spans, initial=0.0)
            if self._run.tap(tap).shape[0] > 1 and top > 0:
                return np.asarray(spans < DEAD_SPAN * top)
            return self._find_constant(tap)

        return self._get_cached(("dead", tap), compute)

    def select_different(self, tap: str, count: int) -> list[int]:
        """The channels of a tap that differ most from each other; see `ChannelSignatures`."""
        return self._get_cached(
            ("different", tap, count), lambda: self.signatures(tap).select_different(count)
        )

    def order_by_similarity(self, tap: str, channels: tuple[int, ...]) -> list[int]:
        """Channels of a tap with similar ones side by side; see `ChannelSignatures`."""
        return self._get_cached(
            ("similar", tap, channels), lambda: self.signatures(tap).order_by_similarity(channels)
        )

    def percentile(self, tap: str, percent: float, *, rounded: bool = False) -> float:
        """The magnitude that `percent` of all finite values over the run do not exceed; 0 if all are 0.

        Args:
            tap: Name of the tap.
            percent: 0 to 100.
            rounded: Round it up to two significant digits, or to the largest magnitude if that is smaller.
        """
        info = self._run.tap(tap)
        top = max(abs(info.min or 0.0), abs(info.max or 0.0))
        if top == 0 or percent >= 100:
            return top

        def compute() -> float:
            end = _select_percentile(np.abs(self._sample(tap)), percent)
            return min(top, round_up(end)) if rounded else end

        return self._get_cached(("percentile", tap, percent, rounded), compute)

    def percentile_by_channel(self, tap: str, percent: float) -> tuple[tuple[float, ...], float]:
        """The same for each channel, rounded up, and the fraction of finite values beyond that of their channel."""

        def compute() -> tuple[tuple[float, ...], float]:
            sample = np.abs(self._sample(tap))
            ends = tuple(
                min(float(row[np.isfinite(row)].max(initial=0.0)), round_up(_select_percentile(row, percent)))
                for row in sample
            )
            beyond = int(np.count_nonzero(sample > np.array(ends, sample.dtype)[:, None]))
            return ends, beyond / max(1, int(np.count_nonzero(np.isfinite(sample))))

        return self._get_cached(("percentiles", tap, percent), compute)

    def fraction_outside(self, tap: str, low: float, high: float, *, exact: bool = True) -> float:
        """The fraction of all finite values over the run that lies outside [low, high], 0 to 1.

        Args:
            tap: Name of the tap.
            low: Smallest value that is not outside.
            high: Largest value that is not outside.
            exact: Read the whole run, and not only the sample from which percentiles come.
        """

        def compute() -> float:
            outside = total = 0
            for values in self._read_values(tap) if exact else [self._sample(tap)]:
                finite = values[np.isfinite(values)]
                outside += int(np.count_nonzero((finite < low) | (finite > high)))
                total += finite.size
            return outside / max(1, total)

        return self._get_cached(("outside", tap, low, high, exact), compute)

    def has_nonfinite(self, tap: str) -> bool:
        """Whether a value of the tap is NaN or infinite at a step of the run."""
        return tap in self._run.nonfinite

    def is_attention(self, tap: str) -> bool:
        """Whether the maps of a layer are attention weights: no value is negative, and each row sums to 1."""
        info = self._run.tap(tap)
        low, high = info.min, info.max
        if low is None or high is None or low < 0 or high > 1 + SUM_TOLERANCE or info.shape[3] < 2:
            return False

        def compute() -> bool:
            for step in (self._run.steps[0], self._run.steps[-1]):
                sums = self.read_step(step, [tap])[tap].astype(np.float64).sum(axis=3)
                # Rows of queries that attend to nothing are NaN.
                if not (np.isnan(sums) | (np.abs(sums - 1) <= SUM_TOLERANCE)).all():
                    return False
            return True

        return self._get_cached(("attention", tap), compute)

    def are_probabilities(self, tap: str) -> bool:
        """Whether the finite values of a vector are distributions, one per sample, at the first and the last step."""

        def compute() -> bool:
            for step in (self._run.steps[0], self._run.steps[-1]):
                values = self.read_step(step, [tap])[tap][:, :, 0, 0].astype(np.float64)
                rows = values[np.isfinite(values).all(axis=1)]
                if not len(rows) or rows.min() < 0 or (abs(rows.sum(axis=1) - 1) > SUM_TOLERANCE).any():
                    return False
            return True

        return self._get_cached(("probabilities", tap), compute)

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

    def differences(
        self,
        tap: str,
        samples: tuple[int, ...],
        channels: tuple[int, ...],
        steps: tuple[int, ...],
        bounds: tuple[tuple[float, float], ...],
    ) -> NDArray[np.float64]:
        """How much the colors of some maps differ from step to step, float64 (steps, steps), 0 to 1.

        It is the mean absolute difference of values as fractions of their color scale, beyond which nothing is seen.
        Differences of values that are not finite count as 0. Of large maps, it is that of a sample of their values,
        which depends on nothing but their number.

        Args:
            tap: Name of a layer.
            samples: The samples whose maps are compared.
            channels: The channels whose maps are compared, as they are displayed.
            steps: The training steps.
            bounds: The values at the ends of the color scale of each of these channels.
        """
        low, high = np.array(bounds, np.float64).T[:, :, None, None]
        span = np.where(high == low, 1.0, high - low)

        def read(step: int) -> NDArray[np.float64]:
            folded = self._run.tap(tap).fold_values(self.read_step(step, [tap])[tap])
            maps = folded[np.ix_(samples, channels)].astype(np.float64)
            shown = np.where(np.isfinite(maps), np.clip(maps, low, high), np.nan)
            values: NDArray[np.float64] = ((shown - low) / span).ravel()
            if values.size <= MAX_COMPARED_VALUES:
                return values
            places = np.arange(MAX_COMPARED_VALUES) * GOLDEN_RATIO % 1 * values.size
            return values[places.astype(np.intp)]

        def compute() -> NDArray[np.float64]:
            values, found = np.stack([read(step) for step in steps]), np.empty((len(steps), len(steps)))
            with np.errstate(invalid="ignore", over="ignore"):
                for number, row in enumerate(values):
                    change = np.abs(values - row)
                    found[number] = np.where(np.isfinite(change), change, 0.0).mean(axis=1)
            return found

        return self._get_cached(("differences", tap, samples, channels, steps, bounds), compute)

    def read_step(self, step: int, taps: Sequence[str]) -> dict[str, NDArray[np.generic]]:
        """The arrays of one step, for panels that show this step in every frame."""
        return dict(self._run.snapshot(step, taps).taps)

    def _sample(self, tap: str) -> NDArray[np.floating[Any]]:
        """Values of all channels, (channels, values): all of a short run, or a sample of a long one.

        Which values are in it depends on nothing but the shape of the tap and the number of steps.
        """
        if self._latest_sample is None or self._latest_sample[0] != tap:
            self._latest_sample = tap, self._take_sample(tap)
        return self._latest_sample[1]

    def _take_sample(self, tap: str) -> NDArray[np.floating[Any]]:
        info, steps = self._run.tap(tap), self._run.steps
        form = np.float64 if np.dtype(info.dtype).itemsize > np.dtype(np.float32).itemsize else np.float32
        per_channel, places = math.prod(info.shape) // info.shape[1], None
        if math.prod(info.shape) * len(steps) > MAX_EXACT_VALUES:
            steps = [steps[number] for number in _space_evenly(len(steps), SAMPLED_STEPS)]
            count = max(1, MAX_EXACT_VALUES // len(steps) // info.shape[1])
            if count < per_channel:
                places = np.unique((np.arange(count) * GOLDEN_RATIO % 1 * per_channel).astype(np.intp))
        parts = []
        for step in steps:
            values = self._run.snapshot(step, [tap]).taps[tap].swapaxes(0, 1).reshape(info.shape[1], -1)
            parts.append((values if places is None else values[:, places]).astype(form))
        return np.concatenate(parts, axis=1)

    def _compare_channels(self, tap: str) -> ChannelSignatures:
        info, steps = self._run.tap(tap), self._run.steps
        samples, channels, *sides = info.shape
        shown = _space_evenly(samples, COMPARED_SAMPLES)
        places = _space_evenly(math.prod(sides), COMPARED_PLACES)
        numbers = [int(number) for number in _space_evenly(len(steps), COMPARED_STEPS)]
        read = [self.read_step(steps[number], [tap])[tap] for number in numbers]
        parts = [values.reshape(samples, channels, -1)[shown][:, :, places] for values in read]
        values = np.stack(parts).astype(np.float32)
        by_channel = values.transpose(2, 0, 1, 3).reshape(channels, -1)
        return ChannelSignatures.from_values(by_channel, self.find_dead(tap))

    def _find_constant(self, tap: str) -> NDArray[np.bool_]:
        steps, constant, first = self._run.steps, np.ones(self._run.tap(tap).shape[1], np.bool_), None
        for number in _space_evenly(len(steps), SAMPLED_STEPS):
            values = self._read_by_channel(steps[int(number)], tap)
            first = values[:, :1] if first is None else first
            constant &= (values == first).all(axis=1)
        return constant

    def _read_by_channel(self, step: int, tap: str) -> NDArray[np.generic]:
        """The values of a step, (channels, values)."""
        values = self.read_step(step, [tap])[tap]
        return values.swapaxes(0, 1).reshape(values.shape[1], -1)

    def _compute_changes(self, tap: str) -> TapChanges:
        """Measure the changes between all steps, or between some of a long run's, which their gaps share evenly."""
        steps = self._run.steps
        positions = [int(number) for number in _space_evenly(len(steps), CHANGE_STEPS)]
        by_channel, by_step, previous = np.zeros(self._run.tap(tap).shape[1]), [0.0], None
        for number, position in enumerate(positions):
            values = self.read_step(steps[position], [tap])[tap].astype(np.float64)
            if previous is not None:
                with np.errstate(invalid="ignore", over="ignore"):
                    change = np.abs(values - previous)
                # A value that becomes NaN or infinite is no change that could be compared with others.
                change = np.where(np.isfinite(change), change, 0.0).mean(axis=(0, 2, 3))
                by_channel += change
                gap = position - positions[number - 1]
                by_step += [float(change.mean()) / gap] * gap
            previous = values
        return TapChanges(by_channel / max(1, len(positions) - 1), np.array(by_step))

    def _read_values(self, tap: str) -> Iterator[NDArray[np.float64]]:
        for step in self._run.steps:
            yield self._run.snapshot(step, [tap]).taps[tap].astype(np.float64)

    def _get_cached(self, key: Hashable, compute: Callable[[], T]) -> T:
        if key not in self._cache:
            self._cache[key] = compute()
        result: T = self._cache[key]
        return result


def _space_evenly(count: int, most: int) -> NDArray[np.intp]:
    """At most `most` of `count` positions, evenly spaced, with the first and the last."""
    positions: NDArray[np.intp] = np.rint(np.linspace(0, count - 1, min(count, most))).astype(np.intp)
    return positions


def _select_percentile(magnitudes: NDArray[np.floating[Any]], percent: float) -> float:
    """The smallest of these values that `percent` of the finite ones do not exceed; 0 if none is finite."""
    finite = magnitudes[np.isfinite(magnitudes)]
    if not finite.size:
        return 0.0
    rank = max(0, math.ceil(percent / 100 * finite.size - 1e-9) - 1)
    return float(np.partition(finite, rank)[rank])


def round_up(value: float) -> float:
    """The smallest number with two significant digits that is not below a value of 0 or more."""
    if value < sys.float_info.min:
        return value
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / unit - 1e-9) * unit:.2g}")
