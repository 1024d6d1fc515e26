"""What formats have in common whose pictures are changed rectangles, each compressed apart from the others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from fractions import Fraction

from reelnet.compose.compositor import Frame
from reelnet.export.changes import Patch
from reelnet.export.limit import LimitedFile
from reelnet.export.pool import OrderedPool
from reelnet.export.shown import Joiner, Picture
from reelnet.scene.panel import Canvas

Packed = tuple[Patch, bytes, Fraction]
"""What a picture changes, its compressed pixels, and when it goes, in seconds."""


class PictureEncoder(ABC):
    """Compresses pictures on every core and writes them in order; its subclasses say how.

    Args:
        file: Where to; its head is written by the subclass.
        longest: Seconds that one picture can stay.
    """

    def __init__(self, file: LimitedFile, longest: Fraction) -> None:
        self._file = file
        self._pool: OrderedPool[Packed] = OrderedPool()
        self._joiner = Joiner(longest)
        self._before: Canvas | None = None
        self._pictures = 0

    def add(self, frame: Frame) -> None:
        """Encode the next frame; one that equals the frame before makes that one stay longer."""
        for picture in self._joiner.add(frame):
            self._write(self._pool.add(self._next(picture)))

    def finish(self) -> int:
        """Complete the file; gives the number of frames in it."""
        for picture in self._joiner.rest():
            self._write(self._pool.add(self._next(picture)))
        self._write(self._pool.rest())
        self._complete()
        self.abandon()
        return self._pictures

    def abandon(self) -> None:
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
