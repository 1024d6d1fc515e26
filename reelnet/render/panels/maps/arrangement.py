"""Where the blocks of several layers, or steps, stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from reelnet.render.panels.maps.block import Block
from reelnet.scene.layout.boxes import Size

WIDE = 2.0
"""Width to height that blocks in columns come near to: what stands over and under them makes a slide of it."""

Corners = list[tuple[int, int]]


def standing(blocks: Sequence[Block], arrange: str, apart: int) -> tuple[Corners, Size]:
    """The corners (x, y) of blocks, and the size of all.

    Args:
        blocks: At least one.
        arrange: `row`, `column`, or `columns`: as many as make the whole about twice as wide as high.
        apart: Pixels between two.
    """
    sizes = [block.size for block in blocks]
    if arrange == "row":
        return in_columns([[size] for size in sizes], apart)
    if arrange == "column":
        return in_columns([sizes], apart)
    ways = [in_columns(parted(sizes, columns, apart), apart) for columns in range(1, len(sizes) + 1)]
    return min(ways, key=lambda way: abs(math.log(way[1].width / way[1].height / WIDE)))


def in_columns(columns: Sequence[Sequence[Size]], apart: int) -> tuple[Corners, Size]:
    """Each column's blocks under each other."""
    widths = [max(size.width for size in column) for column in columns]
    left = [0, *accumulate(width + apart for width in widths)]
    corners, bottom = [], 0
    for x, column in zip(left[:-1], columns, strict=True):
        y = 0
        for size in column:
            corners.append((x, y))
            bottom = max(bottom, y + size.height)
            y += size.height + apart
    return corners, Size(left[-1] - apart, bottom)


def parted(sizes: Sequence[Size], columns: int, apart: int) -> list[list[Size]]:
    """Blocks in their order in so many columns at most, of which the highest is as low as can be."""
    low, high = max(size.height for size in sizes), sum(size.height + apart for size in sizes)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if len(filled(sizes, middle, apart)) <= columns else (middle + 1, high)
    return filled(sizes, low, apart)


def filled(sizes: Sequence[Size], most: int, apart: int) -> list[list[Size]]:
    """Columns that are filled one after the other, each up to so many pixels."""
    found: list[list[Size]] = []
    bottom = most
    for size in sizes:
        if bottom + apart + size.height > most:
            found.append([])
            bottom = -apart
        found[-1].append(size)
        bottom += apart + size.height
    return found
