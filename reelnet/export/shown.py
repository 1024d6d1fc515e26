"""Frames that equal the one before them make that one stay longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from reelnet.compose.compositor import Frame
from reelnet.scene.panel import Canvas


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
