"""Arrangement of blocks: in order, in columns of similar height, about twice as wide as high."""

from __future__ import annotations

import pytest

from reelnet.render.panels.maps.arrangement import balance_columns, place_columns
from reelnet.scene.layout.boxes import Box, Size
from reelnet.scene.layout.snap import SnapGrid
from tests.make_run import MakeRun
from tests.render.panels.drawing import lay_out


@pytest.mark.parametrize(
    ("heights", "columns", "parts"),
    [
        ([4, 4, 8, 8, 16, 16], 4, [[4, 4, 8], [8], [16], [16]]),
        ([4, 4, 8, 8, 16, 16], 2, [[4, 4, 8, 8], [16, 16]]),
        ([5, 1, 1], 3, [[5], [1, 1]]),
        ([3], 1, [[3]]),
        ([1, 2, 3], 1, [[1, 2, 3]]),
    ],
)
def test_the_tallest_column_is_as_low_as_possible(
    heights: list[int], columns: int, parts: list[list[int]]
) -> None:
    found = balance_columns([Size(10, height) for height in heights], columns, 0, SnapGrid(1))
    highest = max(sum(size.height for size in column) for column in found)
    assert highest == max(sum(part) for part in parts)
    assert [size.height for column in found for size in column] == heights
    assert len(found) <= columns


def test_blocks_are_placed_in_columns() -> None:
    corners, size = place_columns([[Size(10, 5), Size(30, 6)], [Size(20, 9)]], 4, SnapGrid(1))
    assert corners == [(0, 0), (0, 9), (34, 0)]
    assert size == Size(54, 15)


def test_blocks_are_placed_on_the_grid() -> None:
    corners, size = place_columns([[Size(10, 5), Size(30, 6)], [Size(20, 9)]], 4, SnapGrid(8))
    assert corners == [(0, 0), (0, 16), (40, 0)]
    assert size == Size(60, 22)


def test_layers_in_columns_do_not_overlap(make_run: MakeRun) -> None:
    shapes = {f"conv{number}": (6, channels, 8, 8) for number, channels in enumerate((2, 2, 4, 4, 8, 8))}
    run = make_run(taps=shapes)
    panel = {"taps": "all", "arrange": "columns", "apart": 16, "labels": False, "heading": False}
    layout = lay_out(run, {"channels": panel})
    box = layout.box("channels")
    assert 1 < box.width / box.height < 4
    blocks = [block.find_cell(0, 0) for block in layout.scene.drawings[0].blocks]  # type: ignore[attr-defined]
    assert [(cell.x - box.x, cell.y - box.y) for cell in blocks] == sorted(
        (cell.x - box.x, cell.y - box.y) for cell in blocks
    )
    whole = [
        Box(cell.x, cell.y, 6 * 56, shape[1] * 56)
        for cell, shape in zip(blocks, shapes.values(), strict=True)
    ]
    for number, one in enumerate(whole):
        for other in whole[number + 1 :]:
            beside = one.right + 16 <= other.x or other.right + 16 <= one.x
            assert beside or one.bottom + 16 <= other.y
