"""A recorded tap as the scene shows it: its cell, and its description in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.runs.header import TapInfo
from reelnet.scene.cell import Cell
from reelnet.scene.limits import Limits
from reelnet.template.color import Rgb


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

    @property
    def shown_shape(self) -> tuple[int, int, int, int]:
        """Samples, channels, and rows and columns of shown values."""
        return self.tap.shape[0], self.tap.map_shape[0], *self.cell.shown_shape

    def to_maps(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Turn recorded values (samples, …) into the shown maps (samples, channels, rows, columns)."""
        return self.cell.reduce(self.tap.fold_values(values), self.blank_mask)

    @property
    def blank_mask(self) -> NDArray[np.bool_] | None:
        """Which places of a map (height, width) hold no value; None if all do."""
        return None if self.tap.fold is None else self.tap.blank_mask


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
        return f"{across.capitalize()}; a cell shows {describe_cell(tap)}, row by row"
    shown_channels = _count_of("channel", channels, tap.map_shape[0])
    is_ranked = are_different and channels < tap.map_shape[0]
    if is_ranked:
        shown_channels += ", the strongest" if channels == 1 else ", those that differ most"
    lines = [(shown_channels, channels), (shown_samples, samples)]
    rows, columns = reversed(lines) if transposed else lines
    mark = ";" if is_ranked else ","
    return f"{_describe_lines('rows', *rows).capitalize()}{mark} {_describe_lines('columns', *columns)}"


def describe_cell(tap: TapInfo) -> str:
    """Say what a cell shows: `a map of 7 × 7 values`, or `10 values` of a sequence or without positions."""
    height, width = tap.map_shape[1:]
    if tap.is_grid and tap.map_shape[0] == 1:
        return f"{math.prod(tap.shape[1:])} values"
    if min(height, width) == 1:
        return f"{height * width} values" if height * width > 1 else "one value"
    return f"a map of {height} × {width} values"


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
