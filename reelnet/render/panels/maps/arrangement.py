"""The arrangement of several blocks beside and below each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from reelnet.render.panels.maps.block import Block, BlockDrawing
from reelnet.scene.layout.boxes import Box, Size
from reelnet.scene.layout.snap import SnapGrid
from reelnet.scene.palette.palette import PaletteBuilder

TARGET_ASPECT = 2.0
"""Width to height of blocks in columns; with the panels above and below, the frame becomes a slide."""

MAX_SLACK_EMS = 5
"""Width that may be added between the samples and the maps of a table, so that both have the edges of the frame;
answers with their bars fill it."""

Corners = list[tuple[int, int]]


class BlockArrangement:
    """Blocks beside and below each other.

    Args:
        blocks: At least one.
        arrange: `row`, `column`, or `columns`: as many columns as bring the whole nearest to `TARGET_ASPECT`; `rows`:
            `columns` to a row, with the same height in a row and the same width in a column.
        gap: Pixels between two blocks.
        columns: Number of blocks in a row, for `rows`.

    Attributes:
        blocks: As given.
        size: Size of the whole in pixels.
    """

    def __init__(self, blocks: Sequence[Block], arrange: str, gap: int, columns: int = 1) -> None:
        self.blocks, sizes, grid = blocks, [block.size for block in blocks], blocks[0].context.grid
        self._columns = columns if arrange == "rows" else None
        if arrange == "rows":
            bodies = [block.body_size for block in blocks]
            self._corners, self.size = place_rows(bodies, columns, gap, grid)
            rights = [x + size.width for (x, _), size in zip(self._corners, sizes, strict=True)]
            self.size = replace(self.size, width=max(self.size.width, *rights))
            return
        if arrange == "columns":
            ways = [balance_columns(sizes, columns, gap, grid) for columns in range(1, len(sizes) + 1)]
        else:
            ways = [[sizes] if arrange == "column" else [[size] for size in sizes]]
        candidates = [place_columns(columns, gap, grid) for columns in ways]
        self._corners, self.size = min(
            candidates, key=lambda each: abs(math.log(each[1].width / each[1].height / TARGET_ASPECT))
        )

    def place(self, box: Box, palette: PaletteBuilder) -> list[BlockDrawing]:
        """Place the blocks at the upper left corner of a box.

        If rows are samples, these are at the left edge and the maps at the right edge, unless the box is far too
        wide; the blocks are in the middle of it then.
        """
        blocks, context = self.blocks, self.blocks[0].context
        free = context.grid.round_down(box.width - self.size.width)
        if context.transposed and free > 0:
            has_answers = blocks[0].answer_distance > 0
            if self._columns == 1 and has_answers and free <= MAX_SLACK_EMS * context.theme.text:
                blocks = [replace(block, slack=free) for block in blocks]
            else:
                box = replace(box, x=box.x + context.grid.center(free))
        corners = zip(blocks, self._corners, strict=True)
        return [BlockDrawing(block, box.x + x, box.y + y, palette) for block, (x, y) in corners]


def place_columns(columns: Sequence[Sequence[Size]], gap: int, grid: SnapGrid) -> tuple[Corners, Size]:
    """Place columns of blocks side by side, at least `gap` pixels apart.

    Returns:
        The upper left corner (x, y) of each block, and the size of the whole.
    """
    x, right, bottom, corners = 0, 0, 0, []
    for column in columns:
        y = 0
        for size in column:
            corners.append((x, y))
            bottom = max(bottom, y + size.height)
            y += grid.round_up(size.height + gap)
        right = x + max(size.width for size in column)
        x = grid.round_up(right + gap)
    return corners, Size(right, bottom)


def place_rows(sizes: Sequence[Size], columns: int, gap: int, grid: SnapGrid) -> tuple[Corners, Size]:
    """Place blocks in rows, at least `gap` pixels apart; see `place_columns`."""
    widths = [max(size.width for size in sizes[column::columns]) for column in range(columns)]
    heights = [
        max(size.height for size in sizes[start : start + columns]) for start in range(0, len(sizes), columns)
    ]
    xs = [0, *accumulate(grid.round_up(width + gap) for width in widths)]
    ys = [0, *accumulate(grid.round_up(height + gap) for height in heights)]
    corners = [(x, y) for y in ys[:-1] for x in xs[:-1]]
    return corners[: len(sizes)], Size(xs[-2] + widths[-1], ys[-2] + heights[-1])


def balance_columns(sizes: Sequence[Size], columns: int, gap: int, grid: SnapGrid) -> list[list[Size]]:
    """Divide blocks, in order, into at most `columns` columns, so that the tallest is as low as possible."""
    lengths = [(size.height, grid.round_up(size.height + gap)) for size in sizes]
    low, high = max(height for height, _ in lengths), sum(pitch for _, pitch in lengths)
    while low < high:
        middle = (low + high) // 2
        fits = count_columns(lengths, middle) <= columns
        low, high = (low, middle) if fits else (middle + 1, high)
    return fill_columns(sizes, low, gap, grid)


def count_columns(lengths: Sequence[tuple[int, int]], max_height: int) -> int:
    """How many columns `fill_columns` fills with blocks of these heights and pitches."""
    count, y = 0, max_height
    for height, pitch in lengths:
        if y + height > max_height:
            count, y = count + 1, 0
        y += pitch
    return count


def fill_columns(sizes: Sequence[Size], max_height: int, gap: int, grid: SnapGrid) -> list[list[Size]]:
    """Fill one column after the other with blocks."""
    columns: list[list[Size]] = []
    y = max_height
    for size in sizes:
        if y + size.height > max_height:
            columns.append([])
            y = 0
        columns[-1].append(size)
        y += grid.round_up(size.height + gap)
    return columns
