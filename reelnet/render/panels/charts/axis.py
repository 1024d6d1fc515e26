"""Chart axes: their ends and ticks, where values lie on them, and how values are formatted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from reelnet.scene.number_text import format_tick, format_ticks
from reelnet.scene.step_scale import are_log_spaced

StepScale = Literal["auto", "linear", "log"]
StepScaleOption = Annotated[
    StepScale,
    Field(
        description="Scale of the steps. log: steps are spaced as log(step + 1), or as log(step) in a run without "
        "step 0. auto: log if the recorded steps are spaced so, such as 1, 10, 100; linear otherwise."
    ),
]

MAX_MAGNITUDE, MIN_MAGNITUDE = 1e300, 1e-300
"""An axis treats larger values as infinite and smaller ones as 0: its ends and powers of ten stay finite."""
MAX_OVERSHOOT = 50.0
"""Axis lengths by which a value may lie outside; lines to values further away look the same."""
VALUE_FLOOR, MIN_FLOORED_END = 0.001, 0.5
"""On a linear axis with an end this large, values nearer to 0 than the first number are written as below it."""


MIN_PLOT_STEPS = 5
"""Fewer recorded steps have no plot, but values only."""


@dataclass(frozen=True)
class Axis:
    """One direction of a chart.

    Attributes:
        low: Value at the start.
        high: Value at the end.
        ticks: Values of the ticks, ascending.
        log: Whether the scale is logarithmic.
        percent: Whether the values are fractions that are written as percentages.
        offset: Added to values before the logarithm, so that a step of 0 has a position.
    """

    low: float
    high: float
    ticks: tuple[float, ...] = ()
    log: bool = False
    percent: bool = False
    offset: int = 0

    @property
    def value_floor(self) -> float:
        """Values nearer to 0 than this lie on the axis's line of 0, and more digits would not help; 0 for none."""
        return VALUE_FLOOR if not self.log and max(abs(self.low), abs(self.high)) >= MIN_FLOORED_END else 0.0

    def to_fraction(self, values: ArrayLike) -> NDArray[np.float64]:
        """Where values lie: 0 at the start, 1 at the end; NaN for NaN, and for values up to 0 on a log axis."""
        position, low, high = np.asarray(values, np.float64), self.low, self.high
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if self.log:
                position, low, high = position + self.offset, low + self.offset, high + self.offset
                position = np.log10(np.where(position >= MIN_MAGNITUDE, position, np.nan))
                low, high = math.log10(low), math.log10(high)
            return np.clip((position - low) / ((high - low) or 1.0), -MAX_OVERSHOOT, 1 + MAX_OVERSHOOT)

    @property
    def tick_labels(self) -> list[str]:
        """The ticks as text."""
        factor, unit = (100, "%") if self.percent else (1, "")
        values = [factor * tick for tick in self.ticks]
        return [text + unit for text in (map(format_tick, values) if self.log else format_ticks(values))]


def limit_magnitude(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace values that are too large for an axis with infinity, and those that are too small with 0."""
    magnitude = np.abs(values)
    values = np.where(magnitude > MAX_MAGNITUDE, np.copysign(np.inf, values), values)
    return np.where(magnitude < MIN_MAGNITUDE, 0.0, values)


def fit_value_axis(
    values: NDArray[np.float64],
    tick_count: int,
    *,
    log: bool = False,
    percent: bool = False,
    limits: tuple[float, float] | None = None,
) -> Axis:
    """Fit an axis to values.

    Args:
        values: Of all series; values that are not finite are ignored, and on a log axis those up to 0.
        tick_count: Approximate number of ticks; 0 for none.
        log: Whether the scale is logarithmic.
        percent: Whether the values are fractions; a linear axis then shows 0 to 1.
        limits: The ends, if the author gave them.

    Raises:
        ValueError: The axis is logarithmic and no value is above 0.
    """
    finite = values[np.isfinite(values) & ((values >= MIN_MAGNITUDE) | (not log))]
    if log and not len(finite):
        raise ValueError("a log axis needs values above 0, but there are none")
    wanted = tick_count or 4
    if limits is not None:
        low, high = limits
        ticks = log_ticks(low, high, wanted) if log else inner_ticks(low, high, wanted)
    elif log:
        low, high = log_limits(float(finite.min()), float(finite.max()))
        ticks = log_ticks(low, high, wanted)
    else:
        ends = (0.0, 1.0) if percent or not len(finite) else (float(finite.min()), float(finite.max()))
        ticks = nice_ticks(*ends, max(1, wanted - 1))
        low, high = ticks[0], ticks[-1]
    return Axis(low, high, tuple(ticks) if tick_count else (), log, percent)


def cut_axis(axis: Axis, values: NDArray[np.float64]) -> Axis:
    """Let a linear axis of values other than percentages end at the largest value, with round ticks below it."""
    finite = values[np.isfinite(values)]
    high = float(finite.max()) if len(finite) else axis.high
    if axis.percent or axis.log or not axis.low < high < axis.high:
        return axis
    return Axis(axis.low, high, tuple(inner_ticks(axis.low, high, 3)))


def fit_step_axis(steps: tuple[int, ...], tick_count: int, scale: StepScale = "auto") -> Axis:
    """Fit an axis to the steps, with ticks at both ends.

    Args:
        steps: The recorded steps, ascending.
        tick_count: Approximate number of ticks; 0 for none.
        scale: A logarithmic axis of steps that begin at 0 shows log(step + 1). `auto` is logarithmic for steps that
            are spaced as logarithms.
    """
    log = are_log_spaced(steps) if scale == "auto" else scale == "log"
    low, high = float(steps[0]), float(steps[-1])
    offset = int(log and low == 0)
    if low == high or not tick_count:
        return Axis(low, high, (low,) if tick_count else (), log, offset=offset)
    inner = log_step_ticks(low or 1.0, high, tick_count) if log else inner_ticks(low, high, tick_count)
    whole = {tick for tick in inner if tick == round(tick)}
    return Axis(low, high, tuple(sorted({low, high, *whole})), log, offset=offset)


def nice_ticks(low: float, high: float, intervals: int = 3) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten apart) that span low to high, with 0 if it is near.

    The algorithm of Heckbert, "Nice numbers for graph labels", Graphics Gems (1990).
    """
    if 0 < low < high and low < 0.5 * high:
        low = 0.0
    elif low < high < 0 and high > 0.5 * low:
        high = 0.0
    largest = max(abs(low), abs(high))
    if high - low <= max(1e-9 * largest, MIN_MAGNITUDE):
        margin = largest / 2 if largest > MIN_MAGNITUDE else 0.5
        low, high = low - margin, high + margin
    min_step = (high - low) / intervals * (1 - 1e-9)
    step = next(each for each in nice_steps(low, high, intervals) if each >= min_step)
    return multiples_of(step, math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9))


def inner_ticks(low: float, high: float, count: int) -> list[float]:
    """Round values between low and high, about `count` of them, preferably with low and high among them."""

    def multiples_range(step: float) -> tuple[int, int]:
        return math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)

    def penalty(step: float) -> int:
        first, last = multiples_range(step)
        misses = [abs(number * step - end) > 1e-6 * step for number, end in ((first, low), (last, high))]
        return abs(last - first + 1 - count) + sum(misses)

    step = min(nice_steps(low, high, count), key=penalty)
    return multiples_of(step, *multiples_range(step))


def nice_steps(low: float, high: float, intervals: int) -> list[float]:
    """Tick distances of 1, 2 or 5 times a power of ten, ascending, near the length of one interval."""
    power = math.floor(math.log10((high - low) / intervals))
    return [float(f"{factor}e{power + shift}") for shift in (-1, 0, 1) for factor in (1, 2, 5)]


def multiples_of(step: float, first: int, last: int) -> list[float]:
    """The multiples of a step from the first to the last, rounded to the digits of the step."""
    digits = min(320, max(0, 2 - math.floor(math.log10(step))))
    return [round(number * step, digits) for number in range(first, last + 1)]


def log_limits(low: float, high: float) -> tuple[float, float]:
    """The nearest of 1, 2 and 5 times powers of ten that span low to high."""
    near_low, near_high = decade_index(low), decade_index(high)
    first = next(k for k in range(near_low + 4, near_low - 4, -1) if nice_number(k) <= low * (1 + 1e-9))
    last = next(k for k in range(near_high - 4, near_high + 5) if nice_number(k) >= high * (1 - 1e-9))
    if first == last:
        first, last = first - 1, last + 1
    return nice_number(first), nice_number(last)


def log_ticks(low: float, high: float, count: int) -> list[float]:
    """1, 2 and 5 times the powers of ten between low and high, or powers of ten only if those are too many."""
    inside = [
        k
        for k in range(decade_index(low) - 1, decade_index(high) + 4)
        if low * (1 - 1e-9) <= nice_number(k) <= high * (1 + 1e-9)
    ]
    most = max(2, 2 * count - 1)
    decades = [k for k in inside if k % 3 == 0]
    if len(inside) > most and len(decades) > 1:
        inside = decades[:: -(-len(decades) // most)]
    return [nice_number(k) for k in inside]


def log_step_ticks(low: float, high: float, count: int) -> list[float]:
    """`log_ticks`, or 1 and 3 times the powers of ten where 1, 2 and 5 times are too many."""
    ticks = log_ticks(low, high, count)
    first, last = decade_index(low) // 3, decade_index(high) // 3
    halved = [float(f"{factor}e{power}") for power in range(first, last + 1) for factor in (1, 3)]
    halved = [tick for tick in halved if low <= tick <= high]
    return halved if len(ticks) < len(halved) <= max(2, 2 * count - 1) else ticks


def nice_number(index: int) -> float:
    """An element of the series …, 1, 2, 5, 10, 20, …, in which index 0 is the 1."""
    return float(f"{(1, 2, 5)[index % 3]}e{index // 3}")


def decade_index(value: float) -> int:
    """The index in the series of `nice_number` of the power of ten at or below a value."""
    return 3 * math.floor(math.log10(value))


def select_widest_values(values: NDArray[np.float64]) -> list[float]:
    """For each sign and magnitude, the value furthest from 0; no other one is longer after `format_value`."""
    finite = values[np.isfinite(values)]
    finite = finite[np.argsort(-np.abs(finite), kind="stable")]
    with np.errstate(divide="ignore"):
        exponents = np.floor(np.log10(np.abs(finite)))
    _, first = np.unique(np.copysign(exponents + 1000, finite), return_index=True)
    others = {str(each): float(each) for each in values[~np.isfinite(values)]}
    return [*map(float, finite[first]), *others.values()]
