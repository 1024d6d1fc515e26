"""Encoders: one for each format, chosen by the file's suffix."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reelnet.compose.compositor import Frame
from reelnet.errors import UsageError, options
from reelnet.scene.layout import Size


class Encoder(Protocol):
    """Takes frames in order and writes a file."""

    def __init__(self, path: Path, size: Size, rgb: NDArray[np.uint8], fps: Fraction) -> None:
        """Begin a file at `path` for frames of `size` in the palette `rgb` (256, 3)."""

    def add(self, frame: Frame) -> None:
        """Encode the next frame."""

    def finish(self) -> int:
        """Complete the file; gives the number of frames in it."""

    def abandon(self) -> None:
        """Let go of the file, complete or not; does nothing after `finish`."""

    @staticmethod
    def notes(fps: Fraction) -> tuple[str, ...]:
        """What the format cannot do at this pace, one sentence each."""


def encoders() -> Mapping[str, type[Encoder]]:
    """Every encoder by its suffix."""
    # PyAV takes a while to import; a still needs none of it.
    from reelnet.export.gif import GifEncoder
    from reelnet.export.video import Mp4Encoder

    return {".gif": GifEncoder, ".mp4": Mp4Encoder}


SUFFIXES = (".gif", ".mp4")


def require_encoder(path: str | Path) -> None:
    """Make sure that the suffix of `path` is one that an animation can have.

    Raises:
        UsageError: It is not.
    """
    suffix = Path(path).suffix.lower()
    if suffix in SUFFIXES:
        return
    if suffix == ".png":
        raise UsageError(f"{path}: a PNG is a still; use 'reelnet frame', or one of {', '.join(SUFFIXES)}")
    wrong = f"unknown suffix {suffix!r}" if suffix else "no suffix"
    raise UsageError(f"{path}: {wrong}; {options(suffix, SUFFIXES)}")
