"""What is shown, in words: for the fields of texts, and for labels."""

from __future__ import annotations

import math

from reelnet.runs.header import TapInfo


def shown(tap: TapInfo, channels: int, samples: int, *, transposed: bool, by_change: bool) -> str:
    """What rows and columns are, and how many of them are left out: `Rows are 6 of 16 channels, …`.

    Args:
        tap: The layer.
        channels: How many of its channels are shown.
        samples: How many samples are shown.
        transposed: Whether rows are samples.
        by_change: Whether the channels are those that change most.
    """
    pictured = counted("sample", samples, tap.shape[0])
    if tap.fold is not None and tap.map_shape[0] == 1:
        along = "rows" if transposed else "columns"
        order = ", row by row" if tap.is_grid else ""
        return f"{lines(along, pictured, samples).capitalize()}; a cell shows {cell(tap)}{order}"
    mapped = counted("channel", channels, tap.map_shape[0])
    chosen = by_change and channels < tap.map_shape[0]
    if chosen:
        mapped += ", the one that changes most" if channels == 1 else ", those that change most"
    rows, columns = (mapped, pictured), (pictured, mapped)
    first, second = columns if transposed else rows
    down, across = (samples, channels) if transposed else (channels, samples)
    mark = ";" if chosen else ","
    return f"{lines('rows', first, down).capitalize()}{mark} {lines('columns', second, across)}"


def counted(what: str, number: int, every: int) -> str:
    """`16 channels`, or `6 of 16 channels`."""
    if number < every:
        return f"{number} of {every} {what}s"
    return f"{number} {what}s" if number != 1 else f"a {what}"


def lines(what: str, of: str, number: int) -> str:
    """`rows are 16 channels`, or `the row is a channel`."""
    return f"{what} are {of}" if number != 1 else f"the {what[:-1]} is {of}"


def cell(tap: TapInfo) -> str:
    """What a cell shows: `a map of 7 × 7 values`, or `10 values` that have no places."""
    height, width = tap.map_shape[1:]
    if tap.is_grid and tap.map_shape[0] == 1:
        return f"{math.prod(tap.shape[1:])} values"
    return f"a map of {height} × {width} values" if height * width > 1 else "one value"


def numbered(tap: TapInfo) -> str:
    """The numbers of the channels of a layer whose channels are all in one map: `0–9`."""
    own = tap.channels if tap.channels is not None else tuple(range(tap.shape[1]))
    if len(own) == 1:
        return str(own[0])
    if own[-1] - own[0] == len(own) - 1:
        return f"{own[0]}–{own[-1]}"
    return f"{own[0]}…{own[-1]}"
