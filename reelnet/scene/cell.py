"""Cells: the rectangle of one map, by how much its values are enlarged, and how many of them a pixel averages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from reelnet.runs.header import TapInfo, displayable_layers
from reelnet.scene.layout.snap import SnapGrid

DEFAULT_CELL_SIZE, MAX_DEFAULT_CELL_SIZE, CELL_SIZE_STEP = 56, 80, 8
"""Size of a cell in pixels if the author sets none, how far it may grow for maps that fill too little of it, and by
how much at a time."""

GAPS = ((24, 3), (48, 4), (math.inf, 6))
"""Limits of a cell's shorter side, and the gap of cells below each, in pixels; for authors who set no gap."""

MIN_GAP_SHARE, MAX_GAP, MAX_GAP_SHARE, MAX_SMALL_GAP = 0.6, 10, 6, 4
"""How narrow a gap may become, as a part of the wanted one, and how wide: in pixels, as a part (one sixth) of a
cell's shorter side, and whatever this side is; so that the distance of cells is a multiple of a transform block."""

MIN_GRID_GAP = 6
"""Pixels between cells that show grids of single values, so that they are not read with the neighbor's values."""

MIN_CELL_FILL = 0.8
"""Fraction of the wanted size that a cell should have."""

MAX_ASPECT = 4
"""Longer to shorter side of a cell; the values of maps that are more oblong, such as sequences, are stretched."""

VALUE_ASPECTS = *(Fraction(n, 4) for n in (4, 2, 3, 5, 6, 8, 10, 12)), Fraction(MAX_ASPECT)
"""Widths to heights of cells of single values, which have no shape of their own."""

MAX_STRETCH_FOR_GRID = Fraction(5, 4)
"""How much more values may be stretched, so that they meet more lines of the grid."""


@dataclass(frozen=True)
class Cell:
    """The rectangle that one channel's map for one sample fills.

    Attributes:
        width: Pixels from left to right.
        height: Pixels from top to bottom.
        scale_x: Pixels of a shown value from left to right.
        scale_y: Pixels of a shown value from top to bottom; another number only for maps that would be more oblong
            than `MAX_ASPECT`.
        reduction: Rows and columns of recorded values that a shown value is the mean of, (1, 1) if it is one value.
        grid: The grid of the layout.
    """

    width: int
    height: int
    scale_x: int
    scale_y: int
    reduction: tuple[int, int] = (1, 1)
    grid: SnapGrid = field(default_factory=SnapGrid)

    @classmethod
    def at_scale(
        cls,
        height: int,
        width: int,
        scale: int | Fraction,
        grid: SnapGrid,
        value_aspect: Fraction = VALUE_ASPECTS[0],
    ) -> Cell:
        """The cell of a map of height × width values at a scale.

        Args:
            height: Rows of values.
            width: Columns of values.
            scale: Pixels per value along the longer side: an integer, or 1/n, with which n × n values become a pixel.
            grid: The grid of the layout.
            value_aspect: Width to height of the cell if the map is a single value, one of `VALUE_ASPECTS`.
        """
        if width == height == 1:
            side, long = int(scale), int(scale * max(value_aspect, 1 / value_aspect))
            long = grid.round_down(long) if long >= 2 * grid.step else long
            wide = cls(max(long, side), side, max(long, side), side, grid=grid)
            return wide if value_aspect >= 1 else wide.transpose()
        if width < height:
            return cls.at_scale(width, height, scale, grid).transpose()
        scale_x, reduce_x = (int(scale), 1) if scale >= 1 else (1, math.ceil(1 / Fraction(scale)))
        shown_width = -(-width // reduce_x)
        # The mean of several rows is not shown if there is room for each.
        reduce_y = min(reduce_x, max(1, MAX_ASPECT * height // shown_width))
        shown_height = -(-height // reduce_y)
        least = -(-shown_width * scale_x // (MAX_ASPECT * shown_height))
        scale_y = scale_x
        if least > scale_x:
            scale_y = grid.prefer_scale(least, Fraction(least), least * MAX_STRETCH_FOR_GRID)
        size = shown_width * scale_x, shown_height * scale_y
        return cls(*size, scale_x, scale_y, (reduce_y, reduce_x), grid)

    @classmethod
    def fit(cls, height: int, width: int, size: int, grid: SnapGrid, *, reduce: bool = False) -> Cell:
        """The largest cell of a map of height × width values whose area is at most that of a square.

        Args:
            height: Rows of values.
            width: Columns of values.
            size: Side of the square in pixels.
            grid: The grid of the layout.
            reduce: Whether larger maps are reduced; otherwise they have scale 1 and a larger cell.
        """
        smallest = cls.at_scale(height, width, 1, grid)
        scale = Fraction(max(1, math.floor(size / smallest.size)))
        if reduce and smallest.size > size:
            divisor = max(2, math.floor(smallest.size / size) - 1)
            while cls.at_scale(height, width, Fraction(1, divisor), grid).size > size and divisor < max(
                height, width
            ):
                divisor += 1
            scale = Fraction(1, divisor)
        fitted = cls.at_scale(height, width, scale, grid)
        # Stretched values are rounded up.
        return cls.at_scale(height, width, scale - 1, grid) if fitted.size > size and scale > 1 else fitted

    def transpose(self) -> Cell:
        """The cell of the transposed map."""
        return Cell(self.height, self.width, self.scale_y, self.scale_x, self.reduction[::-1], self.grid)

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

    @property
    def size(self) -> float:
        """Side of the square of the same area, in pixels."""
        return math.sqrt(self.width * self.height)

    @property
    def scale(self) -> int:
        """Pixels of a shown value along the side where it has fewer."""
        return min(self.scale_x, self.scale_y)

    @property
    def exact_scale(self) -> Fraction:
        """The scale, or 1/n if a pixel is the mean of n × n values."""
        return Fraction(self.scale, max(self.reduction))

    @property
    def grid_x(self) -> SnapGrid:
        """The grid on which columns of cells should begin."""
        return self.grid.for_values(self.scale_x)

    @property
    def grid_y(self) -> SnapGrid:
        """The grid on which rows of cells should begin."""
        return self.grid.for_values(self.scale_y)

    @property
    def shown_shape(self) -> tuple[int, int]:
        """Rows and columns of shown values."""
        return self.height // self.scale_y, self.width // self.scale_x

    def fills(self, size: float) -> bool:
        """Whether the cell is about as large as a square with a side of `size` pixels."""
        return self.size >= MIN_CELL_FILL * size

    def reduce(
        self, values: NDArray[np.generic], blank: NDArray[np.bool_] | None = None
    ) -> NDArray[np.generic]:
        """Average the values that share a pixel.

        Args:
            values: Maps (…, height, width).
            blank: Which places (height, width) hold no value; None if all do.

        Returns:
            The same maps if nothing is reduced, or means in float64, in the last rows and columns of fewer values.
            The mean of values of which one is not finite is not finite, either; where all are blank, it is 0.
        """
        if self.reduction == (1, 1):
            return values
        present = np.ones(values.shape[-2:]) if blank is None else (~blank).astype(np.float64)
        sums: NDArray[np.float64] = sum_blocks(values.astype(np.float64) * present, self.reduction)
        return sums / np.maximum(sum_blocks(present, self.reduction), 1)

    def reduce_mask(self, blank: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which shown values stand for no value, by that for each place (height, width)."""
        empty: NDArray[np.bool_] = sum_blocks((~blank).astype(np.float64), self.reduction) == 0
        return empty


def choose_pitch(extent: int, side: int, grid: SnapGrid, values: SnapGrid, density: int) -> int:
    """Choose the distance of cells if the author sets no gap.

    Args:
        extent: Pixels of a cell in the direction of the next.
        side: Its shorter side in pixels.
        grid: The grid of the layout.
        values: The part of the grid that suits the values.
        density: Output pixels per pixel of the layout.
    """
    gap = density * next(gap for below, gap in GAPS if side < below * density)
    widest = max(min(MAX_GAP * density, side // MAX_GAP_SHARE), MAX_SMALL_GAP * density)
    for pitch in (grid.round_up(extent + gap), grid.round_down(extent + gap)):
        if MIN_GAP_SHARE * gap <= pitch - extent <= widest:
            return pitch
    return values.round_up(extent + gap)


def sum_blocks(values: NDArray[np.float64], block: tuple[int, int]) -> NDArray[np.float64]:
    """Sum blocks of rows and columns of maps (…, height, width); those at the ends may be incomplete."""
    *outer, height, width = values.shape
    rows, columns = block
    if height % rows or width % columns:
        margins = [(0, 0)] * len(outer) + [(0, -height % rows), (0, -width % columns)]
        values = np.pad(values, margins)
        height, width = values.shape[-2:]
    with np.errstate(invalid="ignore", over="ignore"):
        summed: NDArray[np.float64] = values.reshape(
            *outer, height // rows, rows, width // columns, columns
        ).sum(axis=(-3, -1))
    return summed


def describe_reduction(cell: Cell) -> str:
    """Say what a pixel of a reduced map is: `each pixel is the mean of 4 × 4 values`; empty if it is one value."""
    rows, columns = cell.reduction
    if rows == columns == 1:
        return ""
    return f"each pixel is the mean of {_count_block(cell)} values"


def describe_means(cell: Cell) -> str:
    """The same in few words: `means of 4 × 4`."""
    return f"means of {_count_block(cell)}" if cell.reduction != (1, 1) else ""


def _count_block(cell: Cell) -> str:
    rows, columns = cell.reduction
    return f"{rows} × {columns}" if min(rows, columns) > 1 else f"{max(rows, columns)}"
