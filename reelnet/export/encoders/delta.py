"""What changed from one picture to the next.

Frames that equal the one before them make that one stay longer.

What formats have in common whose pictures are changed rectangles, each compressed apart from the others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from reelnet._support.ordered_pool import OrderedPool
from reelnet.export.encoders.base import CappedFile
from reelnet.render.compositor import Frame
from reelnet.scene.panel import Canvas

TRANSPARENT = 255
"""The index that no frame uses, for pixels that stay as they were."""


@dataclass(frozen=True)
class Patch:
    """A rectangle to lay over the picture before.

    Attributes:
        x: Its left edge on the canvas, in pixels.
        y: Its upper edge.
        indices: Palette indices (height, width); `TRANSPARENT` where nothing changed.
        share: The part of its pixels that changed, from 0 to 1.
    """

    x: int
    y: int
    indices: Canvas
    share: float


def patch(before: Canvas | None, now: Canvas, grid: int = 1) -> Patch:
    """The smallest patch that makes `now` of `before`, its corner at a multiple of `grid`.

    The patch holds all of `now` where nothing was before, and a single pixel where nothing changed.
    """
    if before is None:
        return Patch(0, 0, now, 1.0)
    changed = before != now
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not rows.size:
        return Patch(0, 0, now[:1, :1], 1.0)
    y, x = rows[0] // grid * grid, columns[0] // grid * grid
    box = slice(y, rows[-1] + 1), slice(x, columns[-1] + 1)
    indices = np.where(changed[box], now[box], now.dtype.type(TRANSPARENT))
    return Patch(int(x), int(y), indices, float(changed[box].mean()))


@dataclass(frozen=True)
class Picture:
    """A picture of the file, which may stand for several frames.

    Attributes:
        indices: Palette indices (height, width).
        begin: When it appears, in seconds from the start.
        end: When it goes.
    """

    indices: Canvas
    begin: Fraction
    end: Fraction


class Joiner:
    """Joins equal neighbours.

    Args:
        longest: Most seconds that the format lets one picture stay; what stays longer is shown again.
    """

    def __init__(self, longest: Fraction) -> None:
        self._longest = longest
        self._waiting: Picture | None = None

    def add(self, frame: Frame) -> Iterator[Picture]:
        """Take the next frame; gives the pictures that are complete because of it."""
        end = frame.pts + frame.duration
        last = self._waiting
        if last is not None and np.array_equal(last.indices, frame.indices):
            self._waiting = Picture(last.indices, last.begin, end)
        else:
            yield from self.rest()
            self._waiting = Picture(frame.indices, frame.pts, end)

    def rest(self) -> Iterator[Picture]:
        """The pictures that wait, when nothing more comes."""
        last, self._waiting = self._waiting, None
        while last is not None and last.end - last.begin > self._longest:
            middle = last.begin + self._longest
            yield Picture(last.indices, last.begin, middle)
            last = Picture(last.indices, middle, last.end)
        if last is not None:
            yield last


Packed = tuple[Patch, bytes, Fraction]
"""What a picture changes, its compressed pixels, and when it goes, in seconds."""


class PictureEncoder(ABC):
    """Compresses pictures on every core and writes them in order; its subclasses say how.

    Args:
        file: Where to; its head is written by the subclass.
        longest: Seconds that one picture can stay.
    """

    def __init__(self, file: CappedFile, longest: Fraction) -> None:
        self._file = file
        self._pool: OrderedPool[Packed] = OrderedPool()
        self._joiner = Joiner(longest)
        self._before: Canvas | None = None
        self._pictures = 0

    def add(self, frame: Frame) -> None:
        """Encode the next frame; one that equals the frame before makes that one stay longer."""
        for picture in self._joiner.add(frame):
            self._write(self._pool.submit(self._next(picture)))

    def finish(self) -> int:
        """Complete the file; gives the number of frames in it."""
        for picture in self._joiner.rest():
            self._write(self._pool.submit(self._next(picture)))
        self._write(self._pool.drain())
        self._complete()
        self.close()
        return self._pictures

    def close(self) -> None:
        """Close the file as it is."""
        self._pool.close()
        self._file.close()

    def _next(self, picture: Picture) -> Callable[[], Packed]:
        before, self._before = self._before, picture.indices
        return lambda: self._packed(before, picture)

    def _write(self, ready: Iterator[Packed]) -> None:
        for found, data, end in ready:
            written = self._in_file(found, data, end)
            self._pictures += 1
            self._file.write(written, self._pictures)

    @abstractmethod
    def _packed(self, before: Canvas | None, picture: Picture) -> Packed:
        """Compress what a picture changes; called by several threads."""

    @abstractmethod
    def _in_file(self, found: Patch, data: bytes, end: Fraction) -> bytes:
        """What stands in the file for the next picture."""

    @abstractmethod
    def _complete(self) -> None:
        """Write what can be told only when all pictures are there."""
