"""Cells are divided into grids of channels and samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.export.html.map_block import MapBlock, UnclearCells, find_blocks
from reelnet.render.description.items import CellLevels
from reelnet.scene.limits import Limits
from reelnet.scene.palette.palette import Ink

SHAPE = 2, 3, 4, 5


def levels(channels: Any, samples: Any, shape: tuple[int, ...] = SHAPE, **others: Any) -> CellLevels:
    ink = Ink(np.zeros((9, 3), np.uint8))
    numbers = np.asarray(channels, np.intp), np.asarray(samples, np.intp)
    return CellLevels(np.zeros(shape, np.uint8), ink, "conv", *numbers, Limits(-1, 1, False), **others)


def along_rows(*numbers: int) -> NDArray[np.intp]:
    return np.array(numbers)[:, None, None, None]


def along_columns(*numbers: int) -> NDArray[np.intp]:
    return np.array(numbers)[:, None, None]


def test_rows_of_channels_and_rows_of_samples() -> None:
    (block,) = find_blocks(levels(along_rows(7, 5), along_columns(0, 1, 2)), SHAPE)
    assert block == MapBlock(slice(0, 2), slice(0, 3), (7, 5), (0, 1, 2), False)
    (block,) = find_blocks(levels(along_columns(4, 6, 8), along_rows(1, 0)), SHAPE)
    assert block == MapBlock(slice(0, 2), slice(0, 3), (4, 6, 8), (1, 0), True)


def test_levels_are_selected_by_sample_and_channel() -> None:
    values = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    (block,) = find_blocks(levels(along_rows(7, 5), along_columns(0, 1, 2)), SHAPE)
    assert block.select(values).shape == (3, 2, 4, 5)
    assert np.array_equal(block.select(values)[2, 1], values[1, 2])
    (block,) = find_blocks(levels(along_columns(4, 6, 8), along_rows(1, 0)), SHAPE)
    assert np.array_equal(block.select(values)[1, 2], values[1, 2])


def test_channels_of_one_sample_in_several_rows() -> None:
    numbers = np.arange(6).reshape(2, 3, 1, 1)
    blocks = find_blocks(levels(numbers, 3), SHAPE)
    assert [(each.rows, each.channels, each.samples) for each in blocks] == [
        (slice(0, 1), (0, 1, 2), (3,)),
        (slice(1, 2), (3, 4, 5), (3,)),
    ]


def test_every_cell_can_be_a_block_of_its_own() -> None:
    numbers = np.array([[0, 1, 1], [2, 3, 0]])[..., None, None]
    blocks = find_blocks(levels(numbers, numbers), SHAPE)
    assert [(each.channels, each.samples) for each in blocks] == [
        ((number,), (number,)) for number in numbers.ravel().tolist()
    ]


def test_values_of_several_channels_in_a_cell() -> None:
    units = np.arange(20).reshape(4, 5)
    blank = units >= 18
    (block,) = find_blocks(levels(units, along_columns(0, 1, 2), (1, 3, 4, 5), blank=blank), (1, 3, 4, 5))
    assert (block.channels, block.samples) == ((0,), (0, 1, 2))
    assert block.units == (*range(18), -1, -1)


def test_cells_that_blocks_cannot_tell() -> None:
    with pytest.raises(UnclearCells):
        find_blocks(levels(0, np.arange(5)), SHAPE)
    with pytest.raises(UnclearCells):
        find_blocks(levels(np.arange(120).reshape(SHAPE), 0), SHAPE)
