"""Large tables on disk, written frame by frame and read series by series."""

from __future__ import annotations

from tempfile import TemporaryFile
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

AHEAD = 16
"""Frames that are written or read at a time."""


class Table:
    """Numbers (frames, count) in a file without a name, which lasts as long as the table.

    They lie in blocks of `width` series, each block's frames one behind the other: both a frame and a block are
    read in few pieces. Plain reads and writes are used, since the pages of a mapped file count as memory.

    Args:
        frames: Rows.
        count: Columns, of which each is a series.
        width: Columns of a block.
        kind: Of the numbers.

    Attributes:
        blocks: How many there are.
        width: Columns of each but the last.
    """

    def __init__(self, frames: int, count: int, width: int, kind: DTypeLike) -> None:
        self._frames, self._count, self._kind = frames, count, np.dtype(kind)
        self.width = max(1, min(width, count))
        self.blocks = -(-count // self.width) if count else 0
        self._file = TemporaryFile(buffering=0)  # noqa: SIM115 - it lasts as long as the table
        # Several threads fit blocks, and Windows cannot read or write at a place without going there.
        self._lock = Lock()
        self._written = _Some(count, self._kind)
        self._found = _Some(count, self._kind)

    def put(self, number: int, row: NDArray[Any]) -> None:
        """Write a frame; they come in order, from 0."""
        some = self._written
        some.rows[number - some.first] = row
        some.count = number - some.first + 1
        if some.count == AHEAD or number == self._frames - 1:
            for block in range(self.blocks):
                self._write(block, some.first, some.rows[: some.count, self._span(block)])
            some.first, some.count = number + 1, 0

    def put_block(self, number: int, values: NDArray[Any]) -> None:
        """Write a block (frames, width)."""
        self._found.count = 0
        self._write(number, 0, values)

    def block(self, number: int) -> NDArray[Any]:
        """A block (frames, width)."""
        return self._read(number, 0, self._frames)

    def columns(self, which: NDArray[np.intp]) -> NDArray[Any]:
        """Some of the series (frames, which), in ascending order."""
        homes = which // self.width
        found = [
            self.block(home)[:, which[homes == home] - home * self.width]
            for home in np.unique(homes).tolist()
        ]
        return np.concatenate(found, axis=1) if found else np.empty((self._frames, 0), self._kind)

    def frame(self, number: int) -> NDArray[Any]:
        """One frame (count); those that follow it are read with it."""
        some = self._found
        if not some.first <= number < some.first + some.count:
            some.first, some.count = number, min(AHEAD, self._frames - number)
            for block in range(self.blocks):
                some.rows[: some.count, self._span(block)] = self._read(block, number, some.count)
        row: NDArray[Any] = some.rows[number - some.first]
        return row

    def _span(self, block: int) -> slice:
        return slice(block * self.width, min(self._count, (block + 1) * self.width))

    def _place(self, block: int, frame: int) -> tuple[int, int]:
        """Where a frame's part of a block lies in the file, in bytes, and how many series it has."""
        span = self._span(block)
        width = span.stop - span.start
        return self._kind.itemsize * (span.start * self._frames + frame * width), width

    def _write(self, block: int, frame: int, values: NDArray[Any]) -> None:
        place, _ = self._place(block, frame)
        data = np.ascontiguousarray(values, self._kind).data.cast("B")
        with self._lock:
            self._file.seek(place)
            while data:
                data = data[self._file.write(data) :]

    def _read(self, block: int, frame: int, frames: int) -> NDArray[Any]:
        place, width = self._place(block, frame)
        values = np.empty((frames, width), self._kind)
        data = values.data.cast("B")
        with self._lock:
            self._file.seek(place)
            while data:
                done = self._file.readinto(data)
                if not done:
                    raise OSError("a temporary file is shorter than what was written to it")
                data = data[done:]
        return values


class _Some:
    """A few frames in a row.

    Attributes:
        first: The number of the first.
        count: How many there are.
        rows: Room for `AHEAD` of them.
    """

    def __init__(self, count: int, kind: np.dtype[Any]) -> None:
        self.first, self.count, self.rows = 0, 0, np.empty((AHEAD, count), kind)
