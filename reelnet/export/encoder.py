"""Encoders: one for each format, chosen by the file's suffix."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reelnet.compose.compositor import Frame
from reelnet.errors import UsageError, options
from reelnet.export.formats import FORMATS, SEQUENCE, Format, is_sequence
from reelnet.export.options import USUAL, EncoderOptions
from reelnet.export.place import placed
from reelnet.scene.layout import Size

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
    wrong, choice = f"unknown suffix {suffix!r}" if suffix else "no suffix", options(suffix, SUFFIXES)
    return f"{wrong}; {choice}" + ("" if choice.endswith("?") else f", or {stills} for one file a frame")


def encoder_of(form: Format) -> type[Encoder]:
    """The encoder of a format."""
    # PyAV takes a while to import; what needs none of it should not wait.
    module, name = form.home
    found: type[Encoder] = getattr(import_module(f"reelnet.export.{module}"), name)
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
    from reelnet.export.sequence import placed_sequence

    return placed_sequence(path) if is_sequence(path) else placed(path)


def bytes_of(path: Path) -> int:
    """The size on disk of an animation, a sequence's files together."""
    from reelnet.export.sequence import files_of

    return sum(file.stat().st_size for file in files_of(path)) if is_sequence(path) else path.stat().st_size
