"""Axes: their ends, their marks, and where values stand on them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

LARGEST, SMALLEST = 1e300, 1e-300
"""Beyond these a linear and a log axis count values as infinite and as 0: their ends would not be finite."""
BEYOND = 50.0
"""Lengths of an axis by which a value can stand outside; further away, lines to it look the same."""


@dataclass(frozen=True)
class Axis:
    """One direction of a chart.

    Attributes:
        low: The value at its beginning.
        high: The value at its end.
        ticks: Values of its marks, ascending.
        log: Equal ratios are equally long.
        percent: Values are fractions that read best as percentages.
    """

    low: float
    high: float
    ticks: tuple[float, ...] = ()
    log: bool = False
    percent: bool = False

    def part(self, values: ArrayLike) -> NDArray[np.float64]:
        """Where values stand: 0 at the beginning, 1 at the end; NaN for those that have no place."""
        at, low, high = np.asarray(values, np.float64), self.low, self.high
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if self.log:
                at = np.log10(np.where(at >= SMALLEST, at, np.nan))
                low, high = math.log10(low), math.log10(high)
            return np.clip((at - low) / ((high - low) or 1.0), -BEYOND, 1 + BEYOND)

    @property
    def texts(self) -> list[str]:
        """The marks as text."""
        times, end = (100, " %") if self.percent else (1, "")
        values = [times * tick for tick in self.ticks]
        return [text + end for text in (map(short, values) if self.log else alike(values))]


def spanning(
    values: NDArray[np.float64],
    about: int,
    *,
    log: bool = False,
    percent: bool = False,
    limits: tuple[float, float] | None = None,
) -> Axis:
    """An axis for values.

    Args:
        values: Of all its series; those that are not finite do not count, nor do those up to 0 if `log`.
        about: How many marks are wanted, 0 for none.
        log: Equal ratios are equally long.
        percent: The values are fractions of 1, and a linear axis shows all of it.
        limits: Its ends, where the author gave them.

    Raises:
        ValueError: It is logarithmic and none of the values is above 0.
    """
    finite = values[np.isfinite(values) & ((values >= SMALLEST) | (not log))]
    if log and not len(finite):
        raise ValueError("a log axis needs values above 0, and there is none")
    wanted = about or 4
    if limits is not None:
        low, high = limits
        ticks = log_ticks(low, high, wanted) if log else inner_ticks(low, high, wanted)
    elif log:
        low, high = log_ends(float(finite.min()), float(finite.max()))
        ticks = log_ticks(low, high, wanted)
    else:
        ends = (0.0, 1.0) if percent or not len(finite) else (float(finite.min()), float(finite.max()))
        ticks = nice_ticks(*ends, max(1, wanted - 1))
        low, high = ticks[0], ticks[-1]
    return Axis(low, high, tuple(ticks) if about else (), log, percent)


def of_steps(steps: Sequence[int], about: int, *, log: bool) -> Axis:
    """The axis of the steps, whose ends are marked too; a log axis begins with the first step above 0.

    Raises:
        ValueError: It is logarithmic and no step is above 0.
    """
    shown = [step for step in steps if step > 0 or not log]
    if not shown:
        raise ValueError("a log axis needs a step above 0, and none was recorded")
    low, high = float(shown[0]), float(shown[-1])
    if low == high or not about:
        return Axis(low, high, (low,) if about else (), log)
    inner = log_ticks(low, high, about) if log else inner_ticks(low, high, about)
    whole = {tick for tick in inner if tick == round(tick)}
    return Axis(low, high, tuple(sorted({low, high, *whole})), log)


TINY = 1e-300
"""Below this, powers of ten lose their digits; what is smaller is taken for 0."""


def nice_ticks(low: float, high: float, intervals: int = 3) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten apart) that span low to high, and 0 if it is near.

    The classic rule of Heckbert, "Nice numbers for graph labels", Graphics Gems (1990).
    """
    if 0 < low < high and low < 0.5 * high:
        low = 0.0
    elif low < high < 0 and high > 0.5 * low:
        high = 0.0
    most = max(abs(low), abs(high))
    if high - low <= max(1e-9 * most, TINY):
        apart = most / 2 if most > TINY else 0.5
        low, high = low - apart, high + apart
    step = next(
        each for each in nice_steps(low, high, intervals) if each >= (high - low) / intervals * (1 - 1e-9)
    )
    return multiples(step, math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9))


def inner_ticks(low: float, high: float, about: int) -> list[float]:
    """Round values between low and high, as nearly as many as wanted; better some that the ends are among."""

    def between(step: float) -> tuple[int, int]:
        return math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)

    def miss(step: float) -> int:
        first, last = between(step)
        off = [abs(number * step - end) > 1e-6 * step for number, end in ((first, low), (last, high))]
        return abs(last - first + 1 - about) + sum(off)

    step = min(nice_steps(low, high, about), key=miss)
    return multiples(step, *between(step))


def nice_steps(low: float, high: float, intervals: int) -> list[float]:
    """Distances of 1, 2 or 5 times a power of ten, ascending, around a range's part."""
    power = math.floor(math.log10((high - low) / intervals))
    return [float(f"{factor}e{power + more}") for more in (-1, 0, 1) for factor in (1, 2, 5)]


def multiples(step: float, first: int, last: int) -> list[float]:
    """The multiples of a step, rounded to what it says."""
    digits = min(320, max(0, 2 - math.floor(math.log10(step))))
    return [round(number * step, digits) for number in range(first, last + 1)]


def log_ends(low: float, high: float) -> tuple[float, float]:
    """The nearest of 1, 2 and 5 times powers of ten that span low to high."""
    first = next(k for k in range(rank(low) + 4, rank(low) - 4, -1) if nice(k) <= low * (1 + 1e-9))
    last = next(k for k in range(rank(high) - 4, rank(high) + 5) if nice(k) >= high * (1 - 1e-9))
    return (nice(first - 1), nice(last + 1)) if first == last else (nice(first), nice(last))


def log_ticks(low: float, high: float, about: int) -> list[float]:
    """1, 2 and 5 times the powers of ten between low and high; where those are too many, powers of ten."""
    found = [
        k for k in range(rank(low) - 1, rank(high) + 4) if low * (1 - 1e-9) <= nice(k) <= high * (1 + 1e-9)
    ]
    most = max(2, 2 * about - 1)
    decades = [k for k in found if k % 3 == 0]
    if len(found) > most and len(decades) > 1:
        found = decades[:: -(-len(decades) // most)]
    return [nice(k) for k in found]


def nice(number: int) -> float:
    """The series 1, 2, 5, 10, 20, … of which 0 is the 1."""
    return float(f"{(1, 2, 5)[number % 3]}e{number // 3}")


def rank(value: float) -> int:
    """The number of the power of ten at or below a value in the series of `nice`."""
    return 3 * math.floor(math.log10(value))


def alike(values: Sequence[float]) -> list[str]:
    """Evenly spaced values, all with as many decimals as their distance needs."""
    if len(values) < 2:
        return [short(value) for value in values]
    size, most = math.floor(math.log10(values[1] - values[0]) + 1e-9), max(abs(values[0]), abs(values[-1]))
    if size >= -4 and most < 1e6:
        return [tidy(f"{value:,.{max(0, -size)}f}") for value in values]
    digits = max(1, 1 + math.floor(math.log10(most)) - size)
    return [tidy(f"{value:,.{min(17, digits)}g}") for value in values]


def short(value: float) -> str:
    """A round value by itself."""
    return tidy(f"{value:,.6g}")


def written(value: float, *, percent: bool = False) -> str:
    """A present value, in three digits or four; as many for values of the same size."""
    if math.isnan(value):
        return "–"
    if percent and math.isfinite(value):
        return tidy(f"{100 * value:.1f} %")
    size = abs(value)
    if size == 0 or 0.01 <= size < 100:
        return tidy(f"{value:.3f}")
    if size < 0.01:
        return tidy(f"{value:.4f}" if size >= 0.001 else f"{value:.1e}")
    return tidy(f"{value:.1f}" if size < 1000 else f"{value:,.0f}" if size < 1e6 else f"{value:.3e}")


def widest(values: NDArray[np.float64]) -> list[float]:
    """Of each sign and size the value furthest from 0; `written`, no other takes more digits."""
    finite = values[np.isfinite(values)]
    finite = finite[np.argsort(-np.abs(finite), kind="stable")]
    with np.errstate(divide="ignore"):
        size = np.floor(np.log10(np.abs(finite)))
    _, first = np.unique(np.copysign(size + 1000, finite), return_index=True)
    return [float(each) for each in (*finite[first], *np.unique(values[~np.isfinite(values)]))]


def tidy(text: str) -> str:
    """A number with a real minus and no zeros in its exponent."""
    return re.sub(r"e\+?(-?)0*(\d)", r"e\1\2", text).replace("-", "\u2212")
