"""Metrics as charts: which belong together, on which axis, under which names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.scene.facts import Facts

MOST = 2
"""Charts a frame has room for."""


@dataclass(frozen=True)
class Series:
    """One metric.

    Attributes:
        label: What the chart's legend calls it; empty if the chart's title says all.
        values: One a recorded step, NaN where there is none.
        last: For each recorded step the latest value known by then, NaN before the first.
        held: Drawn in the colour of test and validation curves.
    """

    label: str
    values: NDArray[np.float64]
    last: NDArray[np.float64]
    held: bool


@dataclass(frozen=True)
class Chart:
    """The metrics of one kind, on one axis.

    Attributes:
        title: `Loss`, say.
        percent: Whether values are fractions that read best as percentages.
        ticks: Values of the axis' marks, ascending; the first and last are its ends.
    """

    title: str
    series: Sequence[Series]
    percent: bool
    ticks: Sequence[float]

    def written(self, value: float) -> str:
        """A present value as text."""
        if not math.isfinite(value):
            return "–"
        if self.percent:
            return f"{100 * value:.1f} %"
        return f"{value:.3f}" if abs(value) < 100 else f"{value:.4g}"

    def tick(self, value: float) -> str:
        """A mark's value as text."""
        return f"{100 * value:.0f} %" if self.percent else f"{value:g}".replace("-", "\u2212")


def charts(facts: Facts) -> list[Chart]:
    """The charts of a run: loss first, then accuracy, then other metrics while there is room."""
    kinds: dict[str, list[tuple[str, NDArray[np.float64]]]] = {}
    for name, recorded in facts.metrics.items():
        # What no axis can span is as good as infinite.
        values = np.where(np.abs(recorded) > 1e300, np.nan, recorded)
        if not np.isnan(values).all():
            prefix, kind = split(name)
            kinds.setdefault(kind, []).append((prefix, values))
    ranked = sorted(kinds, key=lambda kind: (kind != "loss", kind not in ("accuracy", "acc")))
    return [chart_of(kind, kinds[kind]) for kind in ranked[:MOST]]


def split(name: str) -> tuple[str, str]:
    """A metric's name as prefix and kind: `test_loss` is (test, loss)."""
    for prefix in ("train", "test", "val", "valid", "validation"):
        for mark in "_/.":
            if name.lower().startswith(prefix + mark):
                return prefix, name[len(prefix) + 1 :].lower()
    return "", name.lower()


def chart_of(kind: str, found: list[tuple[str, NDArray[np.float64]]]) -> Chart:
    """One chart of the metrics of a kind, train first."""
    found = sorted(found, key=lambda each: each[0] not in ("", "train"))
    finite = np.concatenate([values[np.isfinite(values)] for _, values in found])
    percent = kind in ("accuracy", "acc") and finite.min() >= 0 and finite.max() <= 1
    ticks = [0.0, 0.5, 1.0] if percent else nice_ticks(float(finite.min()), float(finite.max()))
    series = [
        Series(prefix, values, carried(values), held=prefix not in ("", "train")) for prefix, values in found
    ]
    title = {"acc": "accuracy"}.get(kind, kind.replace("_", " "))
    return Chart(title[:1].upper() + title[1:], series, percent, ticks)


def carried(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each position the latest value up to it that is not NaN."""
    known = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    return np.where(known >= 0, values[np.maximum(known, 0)], np.nan)


def nice_ticks(low: float, high: float, intervals: int = 3) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten apart) that span low to high, and 0 if it is near.

    The classic rule of Heckbert, "Nice numbers for graph labels", Graphics Gems (1990).
    """
    if 0 < low < high and low < 0.5 * high:
        low = 0.0
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    rough = (high - low) / intervals
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    digits = max(0, 2 - math.floor(math.log10(step)))
    return [round(number * step, digits) for number in range(first, last + 1)]
