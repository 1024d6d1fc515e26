"""The maps of a rendition as colormap levels on disk, and the pure function that quantizes them over time.

Temporary files hold all values, because an animation may be long. They last as long as their objects.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from tempfile import TemporaryFile
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reelnet._support.scratch_space import explain_scratch_errors
from reelnet.export.quantize.potts import Levels
from reelnet.export.quantize.temporal import (
    FineLevels,
    TemporalQuantizer,
    additional_error,
    round_to_levels,
    to_fine_levels,
)
from reelnet.render.rendition import Rendition
from reelnet.scene.panel import HasLevelMaps, LevelMaps

BLOCK_VALUES = 1_000_000
"""Values, all frames counted, that are quantized at a time and lie together on disk."""

SAMPLE_VALUES, MIN_SAMPLE_ROWS = 150_000, 6
"""The size of a `MapSample`: values, all frames counted, and the fewest rows."""

SAMPLE_PARTS, SAMPLE_PART_FRAMES = 4, 160
"""Number and length, in frames, of the parts of a long animation in which changes are counted."""

BUFFERED_FRAMES = 16
"""Frames that a `DiskTable` reads or writes at a time."""

MAX_WORKERS = 4


@dataclass(frozen=True)
class QuantizationStats:
    """What quantization costs, and what it saves.

    Errors are the distances between the shown and the recorded values, in 240ths of the color range. A value in its
    own color, the one of a lossless file, has the error 0.

    Attributes:
        max_error: The largest error of a value in a frame.
        mean_error: The mean error over all values and frames.
        changes: For each frame, how many values differ from the frame before; 0 for the first.
    """

    max_error: float
    mean_error: float
    changes: tuple[int, ...]


class RecordedMaps:
    """The exact levels of all maps that change in a rendition, in every frame.

    Args:
        rendition: Its drawings say which maps they show; see `HasLevelMaps`.

    Attributes:
        frames: The number of frames.
        taps: The levels of each tap.

    Raises:
        RunError: A step's file is missing, truncated or altered.
    """

    def __init__(self, rendition: Rendition) -> None:
        self.frames = len(rendition.timeline)
        self._rows = {number: number for number in range(self.frames)}
        by_tap: dict[str, list[LevelMaps]] = {}
        for drawing in rendition.scene.drawings:
            for maps in drawing.level_maps() if isinstance(drawing, HasLevelMaps) else ():
                by_tap.setdefault(maps.tap, []).append(maps)
        self.taps = {tap: _TapMaps(shown, self.frames) for tap, shown in by_tap.items()}
        for number, frame in enumerate(rendition.timeline if by_tap else ()):
            snapshot = rendition.run.snapshot(frame.step, by_tap)
            for tap, tap_maps in self.taps.items():
                tap_maps.write_frame(number, np.asarray(snapshot.taps[tap]))

    @property
    def changes(self) -> NDArray[np.int64]:
        """For each frame, how many values have another level than in the frame before; 0 for the first."""
        changes: NDArray[np.int64] = sum(
            (maps.changes for maps in self.taps.values()), np.zeros(self.frames, np.int64)
        )
        return changes

    def find_row(self, frame: int) -> int:
        """The row of a frame of the rendition in tables of these maps."""
        return self._rows[frame]

    def select(self, frames: NDArray[np.intp]) -> RecordedMaps:
        """The maps of some frames of the rendition only, ascending."""
        selected = copy(self)
        selected.frames = len(frames)
        selected._rows = {frame: row for row, frame in enumerate(frames.tolist())}
        selected.taps = {tap: maps.select(frames) for tap, maps in self.taps.items()}
        return selected

    def samples(self) -> list[MapSample]:
        """A sample of each tap, with rows from all over its maps."""
        return [maps.sample() for maps in self.taps.values()]


@dataclass(frozen=True)
class QuantizedMaps:
    """The result of `quantize`: levels for every frame, on disk.

    Attributes:
        maps: What was quantized.
        tables: The levels of each tap, uint8 (frames, values).
        stats: Errors and changes.
    """

    maps: RecordedMaps
    tables: Mapping[str, DiskTable]
    stats: QuantizationStats

    def levels_at(self, frame: int) -> Mapping[str, Levels]:
        """For each tap the levels of a frame, counted from 0: uint8 (samples, channels, height, width)."""
        row = self.maps.find_row(frame)
        return {tap: self.maps.taps[tap].unpack(table.read_frame(row)) for tap, table in self.tables.items()}


def quantize(
    maps: RecordedMaps, change_cost: float, *, max_error: float | None, levels: int | None = None
) -> QuantizedMaps:
    """Quantize all maps over time.

    Args:
        maps: The exact values.
        change_cost: See `TemporalQuantizer.quantize`.
        max_error: The largest allowed error of every value in every frame, in 240ths of the color range; None for
            any. With fewer levels an error may be larger by `additional_error`.
        levels: The number of levels of the colormap to use between the first frame and the last; None for all.
    """
    tables: dict[str, DiskTable] = {}
    changes, largest, total = np.zeros(maps.frames, np.int64), 0.0, 0.0
    for tap, tap_maps in maps.taps.items():
        tables[tap], blocks = tap_maps.quantize(change_cost, max_error, levels)
        for block_max, block_sum, block_changes in blocks:
            largest, total = max(largest, block_max), total + block_sum
            changes += block_changes
    values = maps.frames * sum(tap_maps.count for tap_maps in maps.taps.values())
    stats = QuantizationStats(largest, total / max(1, values), tuple(changes.tolist()))
    return QuantizedMaps(maps, tables, stats)


class MapSample:
    """Some rows of a tap's maps, by which the number of changes of all can be estimated.

    Args:
        exact: uint16 (frames, values), whole rows.
        colors: The colors of the levels.
        width: Values per row.
        fraction: The fraction of all values in the sample.
    """

    def __init__(self, exact: FineLevels, colors: NDArray[np.uint8], width: int, fraction: float) -> None:
        self._exact, self._colors, self._width, self._fraction = exact, colors, width, fraction
        self._parts = [exact]
        if len(exact) > SAMPLE_PARTS * SAMPLE_PART_FRAMES:
            starts = np.linspace(0, len(exact) - SAMPLE_PART_FRAMES, SAMPLE_PARTS).astype(int).tolist()
            self._parts = [exact[start : start + SAMPLE_PART_FRAMES] for start in starts]

    def estimate_changes(self, change_cost: float, max_error: float, levels: int | None = None) -> float:
        """About how many changes all values have after `quantize` with the same arguments."""
        bound = max_error + additional_error(len(self._colors), levels)
        common_level = _most_common(round_to_levels(self._exact[-1]))
        quantizer = TemporalQuantizer(self._colors, bound, self._width, common_level, levels)
        changes = sum(
            int(np.count_nonzero(np.diff(quantizer.quantize(part, change_cost), axis=0)))
            for part in self._parts
        )
        frames = sum(len(part) - 1 for part in self._parts)
        return changes / self._fraction * (len(self._exact) - 1) / max(1, frames)

    def with_frames(self, frames: Sequence[int]) -> MapSample:
        """The sample with only some of its frames."""
        return MapSample(self._exact[np.asarray(frames, np.intp)], self._colors, self._width, self._fraction)


class _TapMaps:
    """The exact levels of one tap in all frames, in rows as they stand on the canvas.

    Attributes:
        exact: `FineLevels` (frames, values).
        count: Values per frame.
        shape: Shape of the tap's maps: (samples, channels, height, width).
        changes: See `RecordedMaps.changes`.
    """

    def __init__(self, shown: Sequence[LevelMaps], frames: int) -> None:
        self._panels, self._maps, self._frames = shown, shown[0], frames
        # Panels may show different parts of a tap.
        samples = tuple(dict.fromkeys(position for maps in shown for position in maps.samples))
        channels = tuple(dict.fromkeys(position for maps in shown for position in maps.channels))
        self._shown = np.ix_(samples, channels)
        self.shape = self._maps.shape
        self._axes = (0, 2, 1, 3) if self._maps.rows_are_samples else (1, 2, 0, 3)
        shape = len(samples), len(channels), *self._maps.shape[2:]
        self._rows = tuple(shape[axis] for axis in self._axes)
        self._width = self._rows[2] * self._rows[3]
        self.count = int(np.prod(shape))
        block_width = max(1, BLOCK_VALUES // max(1, frames * self._width)) * self._width
        self.exact = DiskTable(frames, self.count, block_width, np.uint16)
        self.changes = np.zeros(frames, np.int64)
        self._last_levels = np.empty(0, np.uint8)
        self._common_level = 0

    def write_frame(self, number: int, values: NDArray[np.generic]) -> None:
        """Take the recorded values of a frame; frames come in order, from 0."""
        positions = self._maps.positions(values)[self._shown].transpose(self._axes).ravel()
        self._write_exact(number, to_fine_levels(positions))

    def select(self, frames: NDArray[np.intp]) -> _TapMaps:
        """The levels in some frames, ascending."""
        selected = _TapMaps(self._panels, len(frames))
        for number, frame in enumerate(frames.tolist()):
            selected._write_exact(number, self.exact.read_frame(frame))
        selected._common_level = self._common_level
        return selected

    def _write_exact(self, number: int, exact: FineLevels) -> None:
        self.exact.write_frame(number, exact)
        levels = round_to_levels(exact)
        if number:
            self.changes[number] = np.count_nonzero(levels != self._last_levels)
        self._last_levels = levels
        if number == self._frames - 1 and exact.size:
            self._common_level = _most_common(levels)

    def unpack(self, row: Levels) -> Levels:
        """The levels of a frame as (samples, channels, height, width); those that no panel shows are 0."""
        levels = np.zeros(self._maps.shape, np.uint8)
        levels[self._shown] = row.reshape(self._rows).transpose(np.argsort(self._axes))
        return levels

    def quantize(
        self, change_cost: float, max_error: float | None, levels: int | None
    ) -> tuple[DiskTable, list[tuple[float, float, NDArray[np.int64]]]]:
        """The quantized levels, and per block the largest error, the sum of errors and the changes per frame."""
        colors, exact = self._maps.colors, self.exact
        bound = None if max_error is None else max_error + additional_error(len(colors), levels)
        quantizer = TemporalQuantizer(colors, bound, self._width, self._common_level, levels)
        table = DiskTable(self._frames, self.count, exact.width, np.uint8)

        def quantize_block(number: int) -> tuple[float, float, NDArray[np.int64]]:
            values = exact.read_block(number)
            quantized = quantizer.quantize(values, change_cost, number * exact.width)
            table.write_block(number, quantized)
            errors = quantizer.errors(values, quantized)
            changes = np.zeros(len(quantized), np.int64)
            changes[1:] = np.count_nonzero(quantized[1:] != quantized[:-1], axis=1)
            return float(errors.max(initial=0)), float(errors.sum(dtype=np.float64)), changes

        with ThreadPoolExecutor(min(MAX_WORKERS, os.cpu_count() or 1)) as pool:
            return table, list(pool.map(quantize_block, range(exact.blocks)))

    def sample(self) -> MapSample:
        """Rows from all over the maps."""
        rows = self.count // self._width
        wanted = min(rows, max(MIN_SAMPLE_ROWS, SAMPLE_VALUES // max(1, self._frames * self._width)))
        chosen = np.unique(np.linspace(0, rows - 1, wanted).astype(np.intp))
        series = (chosen[:, None] * self._width + np.arange(self._width)).ravel()
        return MapSample(self.exact.read_series(series), self._maps.colors, self._width, len(chosen) / rows)


def _most_common(levels: Levels) -> int:
    return int(np.bincount(levels).argmax())


class DiskTable:
    """Numbers (frames, series) in an unnamed file, written frame by frame and read series by series.

    They lie in blocks of `width` series, so that both a frame and a block take few reads. The file is read and
    written plainly, since the pages of a mapped file count as memory.

    Args:
        frames: The number of rows.
        series: The number of columns.
        width: Columns per block.
        dtype: Of the numbers.

    Attributes:
        blocks: The number of blocks.
        width: Columns of each block but the last.
    """

    def __init__(self, frames: int, series: int, width: int, dtype: DTypeLike) -> None:
        self._frames, self._series, self._dtype = frames, series, np.dtype(dtype)
        self.width = max(1, min(width, series))
        self.blocks = -(-series // self.width) if series else 0
        with explain_scratch_errors():
            self._file = TemporaryFile(buffering=0)  # noqa: SIM115 - it lasts as long as the table
        # Several threads quantize blocks, and Windows can only read or write at the file's position.
        self._lock = Lock()
        # Frames that are being written, or were read ahead, and the number of the first of them.
        self._buffer = np.empty((0, series), self._dtype)
        self._buffer_start = 0

    def write_frame(self, number: int, row: NDArray[Any]) -> None:
        """Write a frame; frames come in order, from 0."""
        if number % BUFFERED_FRAMES == 0:
            self._buffer = np.empty((min(BUFFERED_FRAMES, self._frames - number), self._series), self._dtype)
            self._buffer_start = number
        self._buffer[number - self._buffer_start] = row
        if number - self._buffer_start + 1 == len(self._buffer):
            for block in range(self.blocks):
                self._write(block, self._buffer_start, self._buffer[:, self._span(block)])

    def write_block(self, number: int, values: NDArray[Any]) -> None:
        """Write a block (frames, width)."""
        self._buffer = self._buffer[:0]
        self._write(number, 0, values)

    def read_block(self, number: int) -> NDArray[Any]:
        """Read a block (frames, width)."""
        return self._read(number, 0, self._frames)

    def read_series(self, series: NDArray[np.intp]) -> NDArray[Any]:
        """Read some series, given in ascending order: (frames, series)."""
        blocks = series // self.width
        parts = [
            self.read_block(block)[:, series[blocks == block] - block * self.width]
            for block in np.unique(blocks).tolist()
        ]
        return np.concatenate(parts, axis=1) if parts else np.empty((self._frames, 0), self._dtype)

    def read_frame(self, number: int) -> NDArray[Any]:
        """Read one frame (series) after all of the table was written."""
        if not self._buffer_start <= number < self._buffer_start + len(self._buffer):
            self._buffer_start = number
            count = min(BUFFERED_FRAMES, self._frames - number)
            parts = [self._read(block, number, count) for block in range(self.blocks)]
            self._buffer = np.concatenate(parts, axis=1) if parts else np.empty((count, 0), self._dtype)
        row: NDArray[Any] = self._buffer[number - self._buffer_start]
        return row

    def _span(self, block: int) -> slice:
        return slice(block * self.width, min(self._series, (block + 1) * self.width))

    def _offset(self, block: int, frame: int) -> tuple[int, int]:
        """The offset of a frame's part of a block, in bytes, and its number of series."""
        span = self._span(block)
        width = span.stop - span.start
        return self._dtype.itemsize * (span.start * self._frames + frame * width), width

    def _write(self, block: int, frame: int, values: NDArray[Any]) -> None:
        offset, _ = self._offset(block, frame)
        data = np.ascontiguousarray(values, self._dtype).data.cast("B")
        with self._lock, explain_scratch_errors():
            self._file.seek(offset)
            while data:
                data = data[self._file.write(data) :]

    def _read(self, block: int, frame: int, frames: int) -> NDArray[Any]:
        offset, width = self._offset(block, frame)
        values = np.empty((frames, width), self._dtype)
        data = values.data.cast("B")
        with self._lock, explain_scratch_errors():
            self._file.seek(offset)
            while data:
                count = self._file.readinto(data)
                if not count:
                    raise OSError("a temporary file is shorter than what was written to it")
                data = data[count:]
        return values
