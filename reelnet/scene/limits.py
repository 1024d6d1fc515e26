"""The limits of a colormap: which values its two ends stand for, and how much of the run lies beyond them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reelnet.runs.header import TapInfo, TapKind
from reelnet.scene.number_text import format_limit, format_percent
from reelnet.scene.statistics import RunStatistics
from reelnet.template.color import Rgb
from reelnet.template.theme import LimitKind, Theme

DEFAULT_PERCENTILE = 99.5
"""Percentage of the values of a run that the default limits contain, for layers without natural bounds."""

ATTENTION = "attention"

MIN_TINT_CONTRAST = 1.18
"""Contrast ratio (WCAG 2) of the color of 0 to the background: a little more than that of a hairline."""

TINT_STEPS = 100
"""Hundredths of the colormap by which its start moves."""


@dataclass(frozen=True)
class Limits:
    """The values at the two ends of the colormap, fixed over the whole run.

    Attributes:
        low: Value of the first level.
        high: Value of the last level; the largest of `by_channel`. It is `low` for a layer that gives nothing but 0.
        one_sided: Whether the values have one sign, so that half of a diverging colormap is enough.
        quantity: What the values are: activation, attention, weight or gradient.
        clipped: Fraction of all finite values over the run that lies outside the limits, 0 to 1. For percentiles of
            a run with more than `MAX_EXACT_VALUES` values, it is that of the sample from which they come.
        exceeds: Whether values lie below `low`, and whether some lie above `high`.
        by_channel: Value of the last level of each channel, where each has a scale of its own; else empty.
    """

    low: float
    high: float
    one_sided: bool
    quantity: str = TapKind.ACTIVATION.value
    clipped: float = 0.0
    exceeds: tuple[bool, bool] = (False, False)
    by_channel: tuple[float, ...] = ()

    @classmethod
    def find(
        cls,
        name: str,
        taps: dict[str, TapInfo],
        theme: Theme,
        statistics: RunStatistics,
        beside: Sequence[str],
    ) -> Limits:
        """The limits of a tap by the rule of the theme.

        Weights and gradients are symmetric in any theme, and contain `DEFAULT_PERCENTILE` of the run's values.

        Args:
            name: Name of the tap.
            taps: All taps of the run.
            theme: Its `limits` are the rule.
            statistics: Statistics over the run.
            beside: The layers with which it shares its limits if the rule is `shared`.
        """
        tap, rule = taps[name], theme.limits
        if tap.kind is not TapKind.ACTIVATION:
            end = statistics.percentile(name, DEFAULT_PERCENTILE, rounded=True)
            return cls(-(end or 1.0), end or 1.0, False, tap.kind.value)._count(name, tap, statistics)
        match rule.kind:
            case LimitKind.FIXED:
                limits = cls(rule.low, rule.high, rule.low >= 0 or rule.high <= 0)
                return limits._count(name, tap, statistics, exact=True)
            case LimitKind.PERCENTILE:
                limits = cls.from_tap(tap)._clip(statistics.percentile(name, rule.percentile))
                return limits._count(name, tap, statistics)
            case LimitKind.SYMMETRIC:
                limits = cls.from_tap(tap)
                end = max(-limits.low, limits.high)
                both = cls(-end, end, False) if end else limits
                return both._count(name, tap, statistics, exact=True)
            case LimitKind.SHARED:
                layers = [other for other in beside if taps[other].kind is TapKind.ACTIVATION]
                every = [cls._by_default(other, taps[other], statistics) for other in {*layers, name}]
                limits = cls(min(each.low for each in every), max(each.high for each in every), True)
                if limits.low < 0 < limits.high:
                    end = max(-limits.low, limits.high)
                    limits = cls(-end, end, False)
                return limits._count(name, tap, statistics)
            case LimitKind.AUTO:
                limits = cls._by_default(name, tap, statistics)
                if tap.bounds is None and statistics.is_attention(name):
                    return limits._with_scale_per_channel(name, tap, statistics)
                return limits._count(name, tap, statistics, exact=tap.bounds is not None)

    @classmethod
    def from_tap(cls, tap: TapInfo) -> Limits:
        """The bounds of the layer's kind if they are known (±1 for tanh), else the range over the run.

        Limits of signed values are symmetric, so that 0 is in the middle. Limits of values of one sign include 0.
        Both are 0 if all values are.
        """
        low, high = tap.bounds or (tap.min or 0.0, tap.max or 0.0)
        if low < 0 < high:
            end = max(-low, high)
            return cls(-end, end, one_sided=False)
        return cls(min(low, 0.0), max(high, 0.0), one_sided=True)

    @classmethod
    def _by_default(cls, name: str, tap: TapInfo, statistics: RunStatistics) -> Limits:
        """The bounds of the layer's kind, or the percentile."""
        limits = cls.from_tap(tap)
        if tap.bounds is not None:
            return limits
        return limits._clip(statistics.percentile(name, DEFAULT_PERCENTILE, rounded=True))

    def _clip(self, end: float) -> Limits:
        """The same with no end further from 0 than `end`, unless that is 0."""
        end = end or max(-self.low, self.high)
        return replace(self, low=max(self.low, -end), high=min(self.high, end))

    def _count(self, name: str, tap: TapInfo, statistics: RunStatistics, *, exact: bool = False) -> Limits:
        """The same with the fraction of values that they clip, of all steps or of a sample of them."""
        exceeds = (tap.min or 0.0) < self.low, (tap.max or 0.0) > self.high
        if not any(exceeds):
            return self
        clipped = statistics.fraction_outside(name, self.low, self.high, exact=exact)
        return replace(self, clipped=clipped, exceeds=exceeds)

    def _with_scale_per_channel(self, name: str, tap: TapInfo, statistics: RunStatistics) -> Limits:
        """The limits of attention: each head has the percentile of its own values."""
        ends, clipped = statistics.percentile_by_channel(name, DEFAULT_PERCENTILE)
        ends = tuple(end or self.high for end in ends)
        return Limits(
            0.0, max(ends), True, ATTENTION, clipped, (False, (tap.max or 0.0) > min(ends)), by_channel=ends
        )

    @property
    def ends(self) -> tuple[str, str]:
        """Both limits as a color bar writes them."""
        signed = self.low < 0 < self.high
        high = format_limit(self.high, signed=signed)
        if self.by_channel and (low := format_limit(min(self.by_channel), signed=False)) != high:
            high = f"{low} to {high}"
        return format_limit(self.low, signed=signed), high

    @property
    def labels(self) -> tuple[str, str]:
        """Both limits with a sign where values lie beyond them."""
        low, high = self.ends
        if self.exceeds[0]:
            low = f"≤ {low}"
        if self.exceeds[1]:
            high = f"≥ {high.removeprefix('+')}"
        if self.by_channel:
            high += " by head"
        return low, high

    @property
    def beyond(self) -> str:
        """The fraction of values beyond the limits in words; empty for none."""
        return f"({format_percent(self.clipped, 1)} beyond)" if self.clipped > 0 else ""

    def means_the_same(self, other: Limits) -> bool:
        """Whether one color bar explains both: they write the same ends and are of the same quantity."""
        return (self.quantity, self.ends, bool(self.by_channel)) == (
            other.quantity,
            other.ends,
            bool(other.by_channel),
        )

    def select_channels(self, channels: Sequence[int]) -> Limits:
        """The limits of some channels, in this order."""
        if not self.by_channel:
            return self
        return replace(self, by_channel=tuple(self.by_channel[channel] for channel in channels))

    def scale_ends(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """Value of the last level for values (samples, channels, height, width), to be broadcast against them."""
        if not self.by_channel:
            return np.array(self.high)
        return np.array(self.by_channel)[:, None, None]

    def select_anchors(self, theme: Theme) -> tuple[Rgb, ...]:
        """The anchors of the colormap from `low` to `high`; the middle one of a diverging map is 0.

        A half of a diverging map begins at a tint, so that a cell of zeros can be told from the background.
        """
        diverging, sequential = theme.diverging, theme.sequential
        middle = len(diverging) // 2
        if not self.one_sided:
            return diverging
        is_positive = self.low >= 0
        if sequential is not None:
            return sequential if is_positive else sequential[::-1]
        half = diverging[middle:] if is_positive else diverging[middle::-1]
        tinted = tint_start(half, theme.background)
        return tinted if is_positive else tinted[::-1]


def tint_start(anchors: Sequence[Rgb], background: Rgb) -> tuple[Rgb, ...]:
    """Cut a colormap at its start, so that its first color has `MIN_TINT_CONTRAST` to the background.

    Args:
        anchors: Evenly spaced colors from 0 to the last value.
        background: The color around the cells.

    Returns:
        As many evenly spaced colors. They are the same if no color before the middle of the map has that contrast.
    """
    known = np.linspace(0, 1, len(anchors))
    colors = np.array(anchors, np.float64)

    def color_at(place: float) -> Rgb:
        red, green, blue = (round(float(np.interp(place, known, colors[:, part]))) for part in range(3))
        return red, green, blue

    for start in np.arange(TINT_STEPS // 2) / TINT_STEPS:
        if contrast_ratio(color_at(start), background) >= MIN_TINT_CONTRAST:
            return tuple(color_at(place) for place in np.linspace(start, 1, len(anchors)))
    return tuple(anchors)


def contrast_ratio(one: Rgb, other: Rgb) -> float:
    """The contrast ratio of two colors by WCAG 2, 1 to 21."""
    dark, light = sorted((relative_luminance(one), relative_luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def relative_luminance(color: Rgb) -> float:
    """The relative luminance of a color by WCAG 2, 0 to 1."""
    encoded = np.array(color) / 255
    light = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return float(light @ (0.2126, 0.7152, 0.0722))
