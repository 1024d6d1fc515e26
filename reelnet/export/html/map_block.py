"""Blocks of maps: cells in rows and columns whose levels at all steps are data, drawn by the script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.export.html.level_coding import MISSING_LEVEL
from reelnet.render.description.items import CellLevels, CellsItem

Levels = NDArray[np.uint8]


@dataclass(frozen=True)
class MapBlock:
    """Some cells of a `CellsItem` that form a grid of channels and samples.

    Attributes:
        rows: Which rows of the item's cells.
        columns: Which columns of the item's cells.
        channels: Position of the channel in each row, or in each column if rows are samples, among those that the
            tap displays.
        samples: Position of the sample in each column, or in each row if rows are samples.
        rows_are_samples: Whether rows are samples and columns are channels.
        units: Position of the channel of each value, row by row, if the values of a cell belong to several; −1 where
            there is none. Then `channels` has one entry without a meaning.
    """

    rows: slice
    columns: slice
    channels: tuple[int, ...]
    samples: tuple[int, ...]
    rows_are_samples: bool
    units: tuple[int, ...] | None = None

    @classmethod
    def for_colors(cls, shape: tuple[int, ...]) -> MapBlock:
        """All cells (rows, columns, height, width), of which nobody knows what they show."""
        rows, columns = shape[:2]
        every = slice(0, rows), slice(0, columns)
        return cls(*every, tuple(range(rows)), tuple(range(columns)), rows_are_samples=False)

    def select(self, values: NDArray[Any]) -> NDArray[Any]:
        """The part of the item's values (rows, columns, height, width) as (samples, channels, height, width)."""
        own = values[self.rows, self.columns]
        return own if self.rows_are_samples else own.transpose(1, 0, 2, 3)


class UnclearCells(Exception):  # noqa: N818 - it is caught, and the cells are colors without a meaning
    """Cells whose values belong to samples and channels in a way that blocks cannot tell."""


def find_blocks(levels: CellLevels, shape: tuple[int, ...]) -> list[MapBlock]:
    """Divide cells (rows, columns, height, width) into blocks: into one, if rows and columns allow it.

    Raises:
        UnclearCells: A cell has values of several samples, or each cell has values of several channels of its own.
    """
    channels, samples = (np.broadcast_to(each, shape) for each in (levels.channels, levels.samples))
    if _varies(samples, 2) or _varies(samples, 3):
        raise UnclearCells
    blank = np.broadcast_to(False if levels.blank is None else levels.blank, shape)
    units = None
    if any(_varies(np.where(blank, channels[..., :1, :1], channels), axis) for axis in (2, 3)):
        if _varies(channels, 0) or _varies(channels, 1):
            raise UnclearCells
        units = tuple(np.where(blank[0, 0], -1, channels[0, 0]).ravel().tolist())
        channels = np.zeros(shape, np.intp)
    every = slice(0, shape[0]), slice(0, shape[1])
    grids = [(channels[..., 0, 0], samples[..., 0, 0], *every)]
    return [block for grid in grids for block in _split_grid(*grid, units)]


def _split_grid(
    channels: NDArray[np.intp],
    samples: NDArray[np.intp],
    rows: slice,
    columns: slice,
    units: tuple[int, ...] | None,
) -> Iterator[MapBlock]:
    """The blocks of some rows and columns."""
    own = channels[rows, columns], samples[rows, columns]
    for rows_are_samples in (False, True):
        along, across = own if not rows_are_samples else own[::-1]
        if not _varies(along, 1) and not _varies(across, 0):
            lists = tuple(along[:, 0].tolist()), tuple(across[0].tolist())
            yield MapBlock(
                rows, columns, *(lists[::-1] if rows_are_samples else lists), rows_are_samples, units
            )
            return
    if rows.stop - rows.start > 1:
        parts = [(slice(row, row + 1), columns) for row in range(rows.start, rows.stop)]
    else:
        parts = [(rows, slice(column, column + 1)) for column in range(columns.start, columns.stop)]
    for part in parts:
        yield from _split_grid(channels, samples, *part, units)


def _varies(values: NDArray[Any], axis: int) -> bool:
    """Whether values differ along an axis."""
    return bool(np.any(values != values.take([0], axis)))


def merge_levels(item: CellsItem) -> Levels:
    """The levels of an item, with `MISSING_LEVEL` where there are none."""
    if item.levels is None:
        raise ValueError("cells without levels are pictures")
    merged = np.broadcast_to(item.levels.levels, item.indices.shape).copy()
    for absent in (item.missing, item.levels.blank):
        if absent is not None:
            merged[np.broadcast_to(absent, merged.shape)] = MISSING_LEVEL
    return merged
