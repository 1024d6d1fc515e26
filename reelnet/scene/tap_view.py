"""A recorded tap as the scene shows it: its cells, and its description in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from reelnet.runs.header import TapInfo, displayable_layers
from reelnet.scene.layout.snap import SnapGrid
from reelnet.scene.limits import Limits
from reelnet.template.color import Rgb

GRID_MARGIN = 6
"""Free pixels in a cell that shows a grid of single values, so that they are not read with the neighbor's values."""

MIN_GRID_MARGIN_SCALE = 3
"""Scale from which on grids have this margin; smaller ones need every pixel."""

DEFAULT_CELL_SIZE, MAX_DEFAULT_CELL_SIZE, CELL_SIZE_STEP = 56, 80, 8
"""Side of a cell in pixels if the author sets none, how far it may grow for maps that fill too little of it, and by
how much at a time."""

MIN_CELL_FILL = 0.8
"""Fraction of a cell's side that maps should fill."""


@dataclass(frozen=True)
class Cell:
    """The square in which one channel's map for one sample is shown.

    Attributes:
        size: Side of the square in pixels.
        scale: Integer factor by which maps are upscaled.
        grid: Where maps may begin in their cells.
    """

    size: int
    scale: int
    grid: SnapGrid = field(default_factory=SnapGrid)

    @classmethod
    def fit(cls, height: int, width: int, size: int) -> Cell:
        """The cell with the largest integer scale at which a map of height × width fits into `size` pixels.

        A map that is larger gets scale 1 and a cell of its own size.
        """
        side = max(height, width)
        return cls(max(size, side), max(1, size // side))

    @classmethod
    def for_tap(cls, tap: TapInfo, size: int, grid: SnapGrid) -> Cell:
        """The cell of a tap in a layout with cells of `size` pixels.

        If its map would not be on the grid in the middle of the cell, the cell is only as large as the map, and the
        rest becomes part of the gap.
        """
        height, width = tap.map_shape[1:]
        inner, cell = size - GRID_MARGIN, cls.fit(height, width, size)
        if tap.is_grid and inner // max(height, width) >= MIN_GRID_MARGIN_SCALE:
            cell = cls(size, cls.fit(height, width, inner).scale)
        own_grid, extent = grid.for_values(cell.scale), max(height, width) * cell.scale
        is_centered = (cell.size - extent) // 2 % own_grid.step == 0
        return cls(cell.size if is_centered else extent, cell.scale, own_grid)

    @staticmethod
    def choose_size(taps: Mapping[str, TapInfo], layer: str) -> int:
        """The smallest default size that all maps fill well at an integer scale.

        If no size suits all maps that fit into a cell, the size suits those of `layer`.
        """
        own = max(taps[layer].map_shape[1:])
        sides = {max(taps[name].map_shape[1:]) for name in displayable_layers(taps) if not taps[name].is_grid}
        fitting = {side for side in sides if side <= DEFAULT_CELL_SIZE}
        for wanted in (fitting, {own} & fitting):
            for size in range(DEFAULT_CELL_SIZE, MAX_DEFAULT_CELL_SIZE + 1, CELL_SIZE_STEP):
                if all(size // side * side >= MIN_CELL_FILL * size for side in wanted):
                    return size
        return DEFAULT_CELL_SIZE

    @staticmethod
    def size_at_scale(tap: TapInfo, scale: int) -> int:
        """The size of cells in a layout in which the maps of a tap have this scale."""
        margin = GRID_MARGIN if tap.is_grid and scale >= MIN_GRID_MARGIN_SCALE else 0
        return max(tap.map_shape[1:]) * scale + margin

    def fills(self, size: int, tap: TapInfo) -> bool:
        """Whether the maps of a tap fill most of a side of `size` pixels."""
        return max(tap.map_shape[1:]) * self.scale >= MIN_CELL_FILL * size

    def center_offset(self, height: int, width: int) -> tuple[int, int]:
        """Pixels above and to the left of a map of height × width that is centered in the cell, on the grid."""
        return self.grid.center(self.size - height * self.scale), self.grid.center(
            self.size - width * self.scale
        )


@dataclass(frozen=True)
class TapView:
    """A tap in the theme of the scene.

    Attributes:
        name: Name of the tap.
        tap: Its shape and range.
        cell: The cell of one map.
        limits: The values at the ends of the colormap.
        anchors: The colors from the lowest to the highest value.
    """

    name: str
    tap: TapInfo
    cell: Cell
    limits: Limits
    anchors: tuple[Rgb, ...]


def describe_rows_and_columns(
    tap: TapInfo, channels: int, samples: int, *, transposed: bool, are_different: bool
) -> str:
    """Say what rows and columns are, and how many are left out: `Rows are 6 of 16 channels, …`.

    Args:
        tap: The layer.
        channels: How many of its channels are shown.
        samples: How many samples are shown.
        transposed: Whether rows are samples.
        are_different: Whether the channels that differ most from each other are shown.
    """
    shown_samples = _count_of("sample", samples, tap.shape[0])
    if tap.fold is not None and tap.map_shape[0] == 1:
        across = _describe_lines("rows" if transposed else "columns", shown_samples, samples)
        order = ", row by row" if tap.is_grid else ""
        return f"{across.capitalize()}; a cell shows {describe_cell(tap)}{order}"
    shown_channels = _count_of("channel", channels, tap.map_shape[0])
    is_ranked = are_different and channels < tap.map_shape[0]
    if is_ranked:
        shown_channels += ", the most typical" if channels == 1 else ", those that differ most"
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
