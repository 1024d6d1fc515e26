"""One recorded place as the scene sees it: its cells, the ends of its colormap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reelnet.runs.header import TapInfo, displayable_layers
from reelnet.scene.layout.boxes import RHYTHM
from reelnet.scene.statistics import Survey
from reelnet.template.color import Rgb
from reelnet.template.theme import LimitKind, Theme

SEPARATION = 6
"""Pixels of a cell that a grid of single values leaves free: its neighbours' values would look like its own."""

SEPARATED = 3
"""Scale from which on they are; smaller maps need every pixel."""

USUAL_BOX, LARGEST_BOX = 56, 80
"""Pixels of a cell that nobody asked for, and what it may grow to for maps that would fill too little of it."""

FILLED = 0.8
"""Part of a cell's side that maps should fill."""


@dataclass(frozen=True)
class Cell:
    """One channel's map for one sample on the canvas.

    Attributes:
        box: Side of the square that each cell has for itself, in pixels.
        scale: Integer factor by which maps are upscaled.
    """

    box: int
    scale: int

    @classmethod
    def fitting(cls, height: int, width: int, box: int) -> Cell:
        """The largest whole scale at which a map of height × width fits the box.

        A map larger than its box has scale 1 and a box of its own size.
        """
        side = max(height, width)
        return cls(max(box, side), max(1, box // side))

    @classmethod
    def of(cls, tap: TapInfo, box: int) -> Cell:
        """A tap's cell in boxes of a size."""
        height, width = tap.map_shape[1:]
        if tap.is_grid and (box - SEPARATION) // max(height, width) >= SEPARATED:
            return cls(box, cls.fitting(height, width, box - SEPARATION).scale)
        return cls.fitting(height, width, box)

    @classmethod
    def usual_box(cls, taps: Mapping[str, TapInfo], layer: str) -> int:
        """The smallest usual size of boxes, in steps of the rhythm, that all maps fill well at a whole scale.

        Where there is none for all that are no larger than a box, it is that of the layer's own.
        """
        own = max(taps[layer].map_shape[1:])
        sides = {max(taps[name].map_shape[1:]) for name in displayable_layers(taps) if not taps[name].is_grid}
        small = {side for side in sides if side <= USUAL_BOX}
        for wanted in (small, {own} & small):
            for box in range(USUAL_BOX, LARGEST_BOX + 1, RHYTHM):
                if all(box // side * side >= FILLED * box for side in wanted):
                    return box
        return USUAL_BOX

    @classmethod
    def box_of(cls, tap: TapInfo, scale: int) -> int:
        """The size of the boxes in which a tap's cells have that scale."""
        free = SEPARATION if tap.is_grid and scale >= SEPARATED else 0
        return max(tap.map_shape[1:]) * scale + free

    def well_filled(self, tap: TapInfo) -> bool:
        """Whether a tap's maps fill most of the cell's side, or are larger than any box that was asked for."""
        return max(tap.map_shape[1:]) * self.scale >= FILLED * self.box

    def inset(self, height: int, width: int) -> tuple[int, int]:
        """Rows above and columns left of a map of height × width that is centred in the box."""
        return (self.box - height * self.scale) // 2, (self.box - width * self.scale) // 2


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
    def of(cls, tap: TapInfo) -> Limits:
        """The bounds of the layer's kind where they are known (±1 for tanh), else the range over the run.

        Signed values get limits that are symmetric, so that 0 is in the middle; values of one sign are
        measured from 0.
        """
        low, high = tap.bounds or (tap.min or 0.0, tap.max or 0.0)
        if low < 0 < high or low == high == 0:
            return cls.even(max(-low, high) or 1.0)
        return cls(min(low, 0.0), max(high, 0.0), one_sided=True)

    @classmethod
    def even(cls, end: float) -> Limits:
        """From −end to end."""
        return cls(-end, end, one_sided=False)

    @classmethod
    def by_rule(cls, tap: TapInfo, name: str, theme: Theme, survey: Survey) -> Limits:
        """What the theme asks for."""
        rule, usual = theme.limits, cls.of(tap)
        match rule.kind:
            case LimitKind.SYMMETRIC:
                return cls.even(max(abs(usual.low), abs(usual.high)) or 1.0)
            case LimitKind.FIXED:
                clipped = survey.beyond(name, rule.low, rule.high)
                return cls(rule.low, rule.high, rule.low >= 0 or rule.high <= 0, clipped)
            case LimitKind.PERCENTILE:
                end = survey.percentile(name, rule.percentile) or max(-usual.low, usual.high)
                low, high = max(usual.low, -end), min(usual.high, end)
                return cls(low, high, usual.one_sided, survey.beyond(name, low, high))
        return usual

    def anchors(self, theme: Theme) -> tuple[Rgb, ...]:
        """The colours from `low` to `high`; the middle one of a diverging map is 0."""
        diverging, sequential = theme.diverging, theme.sequential
        middle = len(diverging) // 2
        if not self.one_sided:
            return diverging
        if sequential is not None:
            return sequential if self.high > 0 else sequential[::-1]
        return diverging[middle:] if self.high > 0 else diverging[: middle + 1]


@dataclass(frozen=True)
class View:
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
