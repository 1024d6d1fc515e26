"""A recorded tap as the scene shows it: its cells, the limits of its colormap, and its description in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from reelnet.runs.header import TapInfo, displayable_layers
from reelnet.scene.layout.boxes import LAYOUT_GRID
from reelnet.scene.statistics import RunStatistics
from reelnet.template.color import Rgb
from reelnet.template.theme import LimitKind, Theme

SEPARATION = 6
"""Pixels of a cell that a grid of single values leaves free: its neighbours' values would look like its own."""

SEPARATED = 3
"""Scale from which on they are; smaller maps need every pixel."""

DEFAULT_CELL_SIZE, MAX_DEFAULT_CELL_SIZE = 56, 80
"""Pixels of a cell that nobody asked for, and what it may grow to for maps that would fill too little of it."""

FILLED = 0.8
"""Part of a cell's side that maps should fill."""


@dataclass(frozen=True)
class Cell:
    """One channel's map for one sample on the canvas.

    Attributes:
        size: Side of the square that each cell has for itself, in pixels.
        scale: Integer factor by which maps are upscaled.
    """

    size: int
    scale: int

    @classmethod
    def fit(cls, height: int, width: int, box: int) -> Cell:
        """The largest whole scale at which a map of height × width fits the box.

        A map larger than its box has scale 1 and a box of its own size.
        """
        side = max(height, width)
        return cls(max(box, side), max(1, box // side))

    @classmethod
    def for_tap(cls, tap: TapInfo, box: int) -> Cell:
        """A tap's cell in boxes of a size."""
        height, width = tap.map_shape[1:]
        if tap.is_grid and (box - SEPARATION) // max(height, width) >= SEPARATED:
            return cls(box, cls.fit(height, width, box - SEPARATION).scale)
        return cls.fit(height, width, box)

    @classmethod
    def choose_size(cls, taps: Mapping[str, TapInfo], layer: str) -> int:
        """The smallest usual size of boxes, in steps of the rhythm, that all maps fill well at a whole scale.

        Where there is none for all that are no larger than a box, it is that of the layer's own.
        """
        own = max(taps[layer].map_shape[1:])
        sides = {max(taps[name].map_shape[1:]) for name in displayable_layers(taps) if not taps[name].is_grid}
        small = {side for side in sides if side <= DEFAULT_CELL_SIZE}
        for wanted in (small, {own} & small):
            for box in range(DEFAULT_CELL_SIZE, MAX_DEFAULT_CELL_SIZE + 1, LAYOUT_GRID):
                if all(box // side * side >= FILLED * box for side in wanted):
                    return box
        return DEFAULT_CELL_SIZE

    @classmethod
    def size_at_scale(cls, tap: TapInfo, scale: int) -> int:
        """The size of the boxes in which a tap's cells have that scale."""
        free = SEPARATION if tap.is_grid and scale >= SEPARATED else 0
        return max(tap.map_shape[1:]) * scale + free

    def is_well_filled(self, tap: TapInfo) -> bool:
        """Whether a tap's maps fill most of the cell's side, or are larger than any box that was asked for."""
        return max(tap.map_shape[1:]) * self.scale >= FILLED * self.size

    def center_offset(self, height: int, width: int) -> tuple[int, int]:
        """Rows above and columns left of a map of height × width that is centred in the box."""
        return (self.size - height * self.scale) // 2, (self.size - width * self.scale) // 2


@dataclass(frozen=True)
class Limits:
    """The values at the two ends of the colormap, fixed over the whole run.

    Attributes:
        one_sided: The values have one sign, so that only one half of a diverging colormap is needed.
        clipped: Part of all values over the run that lies beyond the limits, 0 to 1.
    """

    low: float
    high: float
    one_sided: bool
    clipped: float = 0.0

    @classmethod
    def from_tap(cls, tap: TapInfo) -> Limits:
        """The bounds of the layer's kind where they are known (±1 for tanh), else the range over the run.

        Signed values get limits that are symmetric, so that 0 is in the middle; values of one sign are
        measured from 0.
        """
        low, high = tap.bounds or (tap.min or 0.0, tap.max or 0.0)
        if low < 0 < high or low == high == 0:
            return cls.symmetric(max(-low, high) or 1.0)
        return cls(min(low, 0.0), max(high, 0.0), one_sided=True)

    @classmethod
    def symmetric(cls, end: float) -> Limits:
        """From −end to end."""
        return cls(-end, end, one_sided=False)

    @classmethod
    def from_theme(cls, tap: TapInfo, name: str, theme: Theme, statistics: RunStatistics) -> Limits:
        """What the theme asks for."""
        rule, usual = theme.limits, cls.from_tap(tap)
        match rule.kind:
            case LimitKind.SYMMETRIC:
                return cls.symmetric(max(abs(usual.low), abs(usual.high)) or 1.0)
            case LimitKind.FIXED:
                clipped = statistics.fraction_outside(name, rule.low, rule.high)
                return cls(rule.low, rule.high, rule.low >= 0 or rule.high <= 0, clipped)
            case LimitKind.PERCENTILE:
                end = statistics.percentile(name, rule.percentile) or max(-usual.low, usual.high)
                low, high = max(usual.low, -end), min(usual.high, end)
                return cls(low, high, usual.one_sided, statistics.fraction_outside(name, low, high))
        return usual

    def select_anchors(self, theme: Theme) -> tuple[Rgb, ...]:
        """The colours from `low` to `high`; the middle one of a diverging map is 0."""
        diverging, sequential = theme.diverging, theme.sequential
        middle = len(diverging) // 2
        if not self.one_sided:
            return diverging
        if sequential is not None:
            return sequential if self.high > 0 else sequential[::-1]
        return diverging[middle:] if self.high > 0 else diverging[: middle + 1]


@dataclass(frozen=True)
class TapView:
    """A tap in the theme of the reel.

    Attributes:
        name: Of the tap.
        tap: Its form and range.
    """

    name: str
    tap: TapInfo
    cell: Cell
    limits: Limits
    anchors: tuple[Rgb, ...]


def describe_rows_and_columns(
    tap: TapInfo, channels: int, samples: int, *, transposed: bool, by_change: bool
) -> str:
    """Say what rows and columns are, and how many are left out: `Rows are 6 of 16 channels, …`.

    Args:
        tap: The layer.
        channels: How many of its channels are shown.
        samples: How many samples are shown.
        transposed: Whether rows are samples.
        by_change: Whether the channels that change most are shown.
    """
    shown_samples = _count_of("sample", samples, tap.shape[0])
    if tap.fold is not None and tap.map_shape[0] == 1:
        across = _describe_lines("rows" if transposed else "columns", shown_samples, samples)
        order = ", row by row" if tap.is_grid else ""
        return f"{across.capitalize()}; a cell shows {describe_cell(tap)}{order}"
    shown_channels = _count_of("channel", channels, tap.map_shape[0])
    is_ranked = by_change and channels < tap.map_shape[0]
    if is_ranked:
        shown_channels += ", the one that changes most" if channels == 1 else ", those that change most"
    lines = [(shown_channels, channels), (shown_samples, samples)]
    rows, columns = reversed(lines) if transposed else lines
    mark = ";" if is_ranked else ","
    return f"{_describe_lines('rows', *rows).capitalize()}{mark} {_describe_lines('columns', *columns)}"


def describe_cell(tap: TapInfo) -> str:
    """Say what a cell shows: `a map of 7 × 7 values`, or `10 values` without positions."""
    height, width = tap.map_shape[1:]
    if tap.is_grid and tap.map_shape[0] == 1:
        return f"{math.prod(tap.shape[1:])} values"
    return f"a map of {height} × {width} values" if height * width > 1 else "one value"


def format_channel_numbers(tap: TapInfo) -> str:
    """The numbers of the channels of a layer that has them all in one map: `0–9`."""
    numbers = tap.channels if tap.channels is not None else tuple(range(tap.shape[1]))
    if len(numbers) == 1:
        return str(numbers[0])
    is_range = numbers[-1] - numbers[0] == len(numbers) - 1
    return f"{numbers[0]}{'–' if is_range else '…'}{numbers[-1]}"


def _count_of(what: str, number: int, total: int) -> str:
    """`16 channels`, or `6 of 16 channels`."""
    if number < total:
        return f"{number} of {total} {what}s"
    return f"{number} {what}s" if number != 1 else f"a {what}"


def _describe_lines(what: str, content: str, number: int) -> str:
    """`rows are 16 channels`, or `the row is a channel`."""
    return f"{what} are {content}" if number != 1 else f"the {what[:-1]} is {content}"
