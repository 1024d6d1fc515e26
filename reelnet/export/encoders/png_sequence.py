"""A sequence of PNGs, one a frame, named by a pattern such as `frame-%05d.png`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from itertools import count, takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reelnet._support.atomic_path import beside, sweep
from reelnet._support.ordered_pool import OrderedPool
from reelnet.errors import ReelnetError
from reelnet.export.encoders.base import require_below
from reelnet.export.encoders.formats import SEQUENCE
from reelnet.export.encoders.png import png_of
from reelnet.export.encoders.settings import USUAL, EncoderOptions, codec_of
from reelnet.render.compositor import Frame
from reelnet.scene.layout.boxes import Size
from reelnet.scene.panel import Canvas

PATTERN = re.compile(r"%0?(\d*)d")
"""Where the frame's number goes: `%d`, `%5d` or `%05d`, padded with zeros."""


class SequenceEncoder:
    """Writes one PNG for each 1 / fps seconds, in the reel's palette, numbered from 0.

    A frame that stays is written again, because a sequence has nothing but its pace.
    """

    def __init__(
        self,
        path: Path,
        size: Size,
        rgb: NDArray[np.uint8],
        fps: Fraction,
        options: EncoderOptions = USUAL,
    ) -> None:
        codec_of(SEQUENCE, options)
        self._path, self._rgb, self._fps, self._limit = path, rgb, fps, options.limit
        self._pool: OrderedPool[tuple[bytes, int]] = OrderedPool()
        self._written, self._bytes = 0, 0

    def add(self, frame: Frame) -> None:
        """Write the next frame, as often as it stays."""
        times = round((frame.pts + frame.duration) * self._fps) - round(frame.pts * self._fps)
        self._write(self._pool.add(partial(self._job, frame.indices, times)))

    def finish(self) -> int:
        """Write what waits; gives the number of files."""
        self._write(self._pool.rest())
        self.abandon()
        return self._written

    def abandon(self) -> None:
        """Write no more."""
        self._pool.close()

    @staticmethod
    def notes(fps: Fraction) -> tuple[str, ...]:
        """Files have no times."""
        return (f"one file for each frame at {float(fps):g} frames a second",)

    def _job(self, indices: Canvas, times: int) -> tuple[bytes, int]:
        return png_of(indices, self._rgb), times

    def _write(self, ready: Iterator[tuple[bytes, int]]) -> None:
        for data, times in ready:
            for _ in range(times):
                self._bytes += len(data)
                require_below(self._path, self._limit, self._bytes, self._written + 1)
                numbered(self._path, self._written).write_bytes(data)
                self._written += 1


def numbered(path: Path, number: int) -> Path:
    """The file of a frame.

    Raises:
        ValueError: The name has no place for a number.
    """
    found = PATTERN.search(path.name)
    if found is None:
        raise ValueError(f"{path}: no number")
    digits = f"{number:0{int(found[1] or 0)}d}"
    return path.with_name(path.name[: found.start()] + digits + path.name[found.end() :])


def files_of(path: Path) -> list[Path]:
    """The files of a sequence that are there, from 0 up to the first that is missing."""
    return list(takewhile(Path.exists, (numbered(path, number) for number in count())))


@contextmanager
def placed_sequence(path: Path) -> Iterator[Path]:
    """Give a pattern in a temporary folder; the files appear at `path` when all went well.

    The files of a longer sequence of the same name that was there go, as they would from a file.

    Raises:
        ReelnetError: The folder cannot be made or written, or the disk is full. A sequence that was there is
            as before.
    """
    folder = beside(path, "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path)
        folder.mkdir(exist_ok=True)
        yield folder / path.name
        new = files_of(folder / path.name)
        for left in files_of(path)[len(new) :]:
            left.unlink()
        for file in new:
            file.replace(path.with_name(file.name))
    except OSError as error:
        raise ReelnetError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
