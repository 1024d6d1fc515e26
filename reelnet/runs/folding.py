"""How values that have no place in a picture are shown: in grids that are nearly square, or line by line."""

from __future__ import annotations

import math

ASPECT = 2
"""A grid of cells whose sides differ by more than this factor is filled up with blank cells instead."""


def near_square(count: int) -> tuple[int, int]:
    """Rows and columns of a grid for so many cells: exact if its sides are alike, else with blanks at the end."""
    root = math.isqrt(count)
    exact = next(rows for rows in range(root, 0, -1) if count % rows == 0)
    rows = exact if count // exact <= ASPECT * exact else root
    return rows, -(-count // rows)


def fold_of(shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """How a tap's maps (samples, channels, height, width) are shown where they are rows or single values."""
    _, channels, height, width = shape
    if height > 1 or channels * width == 1:
        return None
    if width == 1:
        return 1, *near_square(channels)
    return (1, channels, width) if channels > 1 else None
