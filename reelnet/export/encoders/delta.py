"""Encoding of what changes between frames, for formats that draw each frame over the previous one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Generic, TypeVar

import numpy as np

from reelnet._support.ordered_pool import OrderedPool
from reelnet.export.encoders.base import CappedFile
from reelnet.render.compositor import Frame
from reelnet.scene.panel import Canvas

TRANSPARENT_INDEX = 255
"""The palette index that no frame uses. Deltas use it for pixels that do not change."""

Payload = TypeVar("Payload")
"""A compressed frame."""


class FrameMerger:
    """Merges consecutive identical frames into one longer frame.

    Args:
        max_duration: The longest duration of a frame that the format can store, in seconds. A longer frame is
            repeated.
    """

    def __init__(self, max_duration: Fraction) -> None:
        self._max_duration = max_duration
        self._pending: Frame | None = None

    def add(self, frame: Frame) -> Iterator[Frame]:
        """Take the next frame, and yield the frames that are complete."""
        pending = self._pending
        if pending is not None and np.array_equal(pending.indices, frame.indices):
            self._pending = replace(pending, duration=frame.end - pending.pts)
        else:
            yield from self.flush()
            self._pending = frame

    def flush(self) -> Iterator[Frame]:
        """Yield the remaining frames, after the last frame of the animation."""
        pending, self._pending = self._pending, None
        while pending is not None and pending.duration > self._max_duration:
            head = replace(pending, duration=self._max_duration)
            yield head
            pending = replace(pending, pts=head.end, duration=pending.end - head.end)
        if pending is not None:
            yield pending


@dataclass(frozen=True)
class DirtyRect:
    """The rectangle of a frame that differs from the previous frame.

    Attributes:
        x: The left edge, in pixels.
        y: The top edge, in pixels.
        indices: Palette indices (height, width); `TRANSPARENT_INDEX` where a pixel does not change.
        changed: The fraction of its pixels that change, 0 to 1; None for the first frame.
    """

    x: int
    y: int
    indices: Canvas
    changed: float | None

    @classmethod
    def from_frames(cls, previous: Canvas | None, current: Canvas, alignment: int = 1) -> DirtyRect:
        """The smallest rectangle that turns `previous` into `current`.

        Args:
            previous: The previous frame, (height, width); None before the first frame, whose rectangle is all of it.
            current: The frame, of the same size. The rectangle of an unchanged frame is a single pixel.
            alignment: The left and the top edge are multiples of this.
        """
        if previous is None:
            return cls(0, 0, current, None)
        changed = previous != current
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        if not rows.size:
            return cls(0, 0, current[:1, :1], 1.0)
        y, x = rows[0] // alignment * alignment, columns[0] // alignment * alignment
        box = slice(y, rows[-1] + 1), slice(x, columns[-1] + 1)
        indices = np.where(changed[box], current[box], current.dtype.type(TRANSPARENT_INDEX))
        return cls(int(x), int(y), indices, float(changed[box].mean()))


class DeltaFrameEncoder(ABC, Generic[Payload]):
    """Compresses merged frames in several threads and writes them in order. Subclasses define the format.

    Args:
        file: The file; the subclass writes its header.
        max_duration: The longest duration of a frame that the format can store, in seconds.
        block_size: The number of frames that one thread compresses together.
    """

    def __init__(self, file: CappedFile, max_duration: Fraction, block_size: int = 1) -> None:
        self._file, self._block_size = file, block_size
        # Queue few large blocks: each keeps its frames in memory.
        pending = 2 if block_size == 1 else 1
        self._pool: OrderedPool[list[tuple[Frame, Payload]]] = OrderedPool(pending_per_worker=pending)
        self._merger = FrameMerger(max_duration)
        self._previous: Canvas | None = None
        self._block: list[Frame] = []
        self._frames = 0

    def add(self, frame: Frame) -> None:
        """Encode the next frame. A frame that equals the previous one extends its duration."""
        for merged in self._merger.add(frame):
            self._append(merged)

    def finish(self) -> int:
        """Complete the file, and return the number of frames in it."""
        for merged in self._merger.flush():
            self._append(merged)
        if self._block:
            self._submit_block()
        self._write(self._pool.drain())
        self._complete()
        self.close()
        return self._frames

    def close(self) -> None:
        """Stop encoding and close the file."""
        self._pool.close()
        self._file.close()

    def _append(self, frame: Frame) -> None:
        self._block.append(frame)
        if len(self._block) == self._block_size:
            self._submit_block()

    def _submit_block(self) -> None:
        previous, block, self._block = self._previous, self._block, []
        self._previous = block[-1].indices
        self._write(self._pool.submit(partial(self._encode, previous, block)))

    def _encode(self, previous: Canvas | None, block: list[Frame]) -> list[tuple[Frame, Payload]]:
        return list(zip(block, self._compress(previous, [frame.indices for frame in block]), strict=True))

    def _write(self, blocks: Iterator[list[tuple[Frame, Payload]]]) -> None:
        for frame, payload in (each for block in blocks for each in block):
            data = self._format_frame(frame, payload)
            self._frames += 1
            self._file.write(data, self._frames)

    @abstractmethod
    def _compress(self, previous: Canvas | None, block: list[Canvas]) -> list[Payload]:
        """Compress the frames of a block. Called from several threads.

        Args:
            previous: The frame before the block, (height, width); None for the first block.
            block: The frames.
        """

    @abstractmethod
    def _format_frame(self, frame: Frame, payload: Payload) -> bytes:
        """The bytes in the file of the next frame. `self._frames` is the number of frames before it."""

    @abstractmethod
    def _complete(self) -> None:
        """Write what is known only after the last frame."""
