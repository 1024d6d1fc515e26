"""Encoders: one for each format, chosen by the file's suffix.

A file that must not grow past a limit.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reelnet._support.atomic_path import placed
from reelnet.errors import ReelnetError, UsageError, suggest_names
from reelnet.export.encoders.formats import FORMATS, SEQUENCE, Format, is_sequence
from reelnet.export.encoders.settings import USUAL, EncoderOptions
from reelnet.render.compositor import Frame
from reelnet.scene.layout.boxes import Size

SUFFIXES = tuple(FORMATS)


class Encoder(Protocol):
    """Takes frames in order and writes a file."""

    def __init__(
        self,
        path: Path,
        size: Size,
        rgb: NDArray[np.uint8],
        fps: Fraction,
        options: EncoderOptions = USUAL,
    ) -> None:
        """Begin a file at `path` for frames of `size` in the palette `rgb` (256 or more, 3).

        Raises:
            UsageError: The format does not have what `options` ask for, or cannot hold so many frames a second.
            ReelnetError: This installation lacks the codec.
            OSError: The file cannot be written. So it is with each of the methods.
        """

    def add(self, frame: Frame) -> None:
        """Encode the next frame.

        Raises:
            OverLimit: The file is over the limit of its options.
        """

    def finish(self) -> int:
        """Complete the file; gives the number of frames in it.

        Raises:
            OverLimit: The file is over the limit of its options.
        """

    def abandon(self) -> None:
        """Let go of the file, complete or not; does nothing after `finish`."""

    @staticmethod
    def notes(fps: Fraction) -> tuple[str, ...]:
        """What the format cannot do at this pace, one sentence each."""


def format_of(path: str | Path) -> Format:
    """The format of the animation that `path` names.

    Raises:
        UsageError: There is none of that suffix.
    """
    if is_sequence(path):
        return SEQUENCE
    suffix = Path(path).suffix.lower()
    if suffix in FORMATS:
        return FORMATS[suffix]
    raise UsageError(f"{path or Path()}: {_no_format(str(path), suffix)}")


def _no_format(path: str, suffix: str) -> str:
    """Why a path names no animation, and what would."""
    name, stills = Path(path).name, f"{Path(path).stem or 'frame'}-%05d.png"
    if Path(path).is_dir() or path.endswith(("/", os.sep)):
        return f"is a folder; name a file in it, such as {Path(path) / 'reel.gif'}"
    if name.lower() in FORMATS:
        return f"a suffix without a name; write reel{name}, say"
    if suffix == ".png":
        return (
            f"a PNG is a still; use 'reelnet frame', a name like {stills} for one file a frame, "
            f"or one of {', '.join(SUFFIXES)}"
        )
    wrong, choice = f"unknown suffix {suffix!r}" if suffix else "no suffix", suggest_names(suffix, SUFFIXES)
    return f"{wrong}; {choice}" + ("" if choice.endswith("?") else f", or {stills} for one file a frame")


def encoder_of(form: Format) -> type[Encoder]:
    """The encoder of a format."""
    # PyAV takes a while to import; what needs none of it should not wait.
    module, name = form.home
    found: type[Encoder] = getattr(import_module(f"reelnet.export.encoders.{module}"), name)
    return found


def require_encoder(path: str | Path) -> None:
    """Make sure that the suffix of `path` is one that an animation can have.

    Raises:
        UsageError: It is not.
    """
    format_of(path)


def placed_animation(path: Path) -> AbstractContextManager[Path]:
    """Give a temporary path for an encoder; the file, or all those of a sequence, appear when all went well.

    Raises:
        ReelnetError: The folder cannot be made or written, or the disk is full. What lay at `path` is as before.
    """
    from reelnet.export.encoders.png_sequence import placed_sequence

    return placed_sequence(path) if is_sequence(path) else placed(path)


def bytes_of(path: Path) -> int:
    """The size on disk of an animation, a sequence's files together."""
    from reelnet.export.encoders.png_sequence import files_of

    return sum(file.stat().st_size for file in files_of(path)) if is_sequence(path) else path.stat().st_size


class OverLimit(ReelnetError):  # noqa: N818 - it is no mistake
    """An encode that was stopped, because the file would have had too many bytes.

    Attributes:
        limit: Most bytes that were allowed.
        bytes: Bytes that the file has at the least.
        frames: Frames of the animation that these hold; with them one can tell how large the file would be.
    """

    def __init__(self, path: Path, limit: int, bytes_: int, frames: int) -> None:
        super().__init__(f"{path}: over {limit:,} bytes after {frames} frames")
        self.limit, self.bytes, self.frames = limit, bytes_, frames


class LimitedFile:
    """A file that is written from front to end, and stops its encode when it is over a limit.

    Args:
        path: Where it lies.
        limit: Most bytes; None for any number.
        tail: Bytes that are sure to follow whatever was written, such as a trailer.
    """

    def __init__(self, path: Path, limit: int | None, tail: int = 0) -> None:
        self._path, self._limit, self._tail = path, limit, tail
        self._file = path.open("wb")
        self.bytes = 0

    def write(self, data: bytes, frames: int) -> None:
        """Append `data`, which completes the first `frames` frames; a head alone may be over the limit.

        Raises:
            OverLimit: The whole file would be over the limit.
        """
        self.bytes += len(data)
        if frames:
            require_below(self._path, self._limit, self.bytes + self._tail, frames)
        self._file.write(data)

    def close(self, tail: bytes = b"") -> None:
        """Append the tail and close the file; does nothing if it is closed."""
        if not self._file.closed:
            with self._file:
                self._file.write(tail)
                self.bytes += len(tail)

    def patch(self, place: int, data: bytes) -> None:
        """Overwrite bytes at `place`, before the file is closed."""
        self._file.seek(place)
        self._file.write(data)
        self._file.seek(0, 2)


def require_below(path: Path, limit: int | None, bytes_: int, frames: int) -> None:
    """Make sure that a file of `bytes_` bytes is within its limit.

    Raises:
        OverLimit: It is not.
    """
    if limit is not None and bytes_ > limit:
        raise OverLimit(path, limit, bytes_, frames)
