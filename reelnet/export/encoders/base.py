"""What all encoders have in common: their protocol, and files that stop growing at a cap."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError
from reelnet.export.encoders.content import Content, find_content
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.render.compositor import Frame
from reelnet.render.rendition import Rendition
from reelnet.scene.layout.boxes import Size


@dataclass(frozen=True)
class Chapter:
    """A part of a video to which players can jump.

    Attributes:
        title: The name that players show.
        start: When it begins, in seconds.
        end: When it ends, in seconds.
    """

    title: str
    start: Fraction
    end: Fraction


@dataclass(frozen=True)
class StreamInfo:
    """What all frames of one animation have in common.

    Attributes:
        size: Width and height, in pixels.
        palette: The color of each palette index, uint8 (256 or more, 3); None for frames of true color, whose indices
            are colors (see `true_color.colors`).
        fps: Frames per second.
        content: What the frames look like to a video codec.
        plays: How often the file plays; None for forever. Videos do not store it.
        sound: A file with the encoded sound that a video gets; None for a silent video.
        chapters: The chapters of a video, in order.
    """

    size: Size
    palette: NDArray[np.uint8] | None
    fps: Fraction
    content: Content
    plays: int | None = None
    sound: Path | None = None
    chapters: tuple[Chapter, ...] = ()

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """The palette of frames that have one."""
        assert self.palette is not None, "frames of true color have no palette"
        return self.palette

    @classmethod
    def from_rendition(cls, rendition: Rendition) -> StreamInfo:
        """What the frames of a rendition have in common."""
        plays = rendition.request.template.timeline.plays
        return cls(
            rendition.size, rendition.palette_rgb, rendition.timeline.fps, find_content(rendition), plays
        )


class Encoder(Protocol):
    """Takes frames in order and writes one file. Every method raises OSError if the file cannot be written."""

    def __init__(self, path: Path, stream: StreamInfo, settings: EncoderSettings) -> None:
        """Start the file `path` with settings that its format supports.

        Raises:
            ReelnetError: The codec is not installed.
        """

    def add(self, frame: Frame) -> None:
        """Encode the next frame.

        Raises:
            CapExceeded: The file is larger than the cap of the settings.
        """

    def finish(self) -> int:
        """Complete the file, and return the number of frames in it.

        Raises:
            CapExceeded: The file is larger than the cap of the settings.
        """

    def close(self) -> None:
        """Stop encoding and close the file, complete or not. Does nothing after `finish`."""


class CapExceeded(ReelnetError):  # noqa: N818 - it reports a result, not a mistake
    """An encode stopped because its file grew larger than the cap.

    Attributes:
        cap: The most bytes that were allowed.
        bytes: A lower bound of the size of the file.
        frames: The number of frames in these bytes; used to estimate the size of the complete file.
    """

    def __init__(self, path: Path, cap: int, bytes_: int, frames: int) -> None:
        super().__init__(f"{path}: over {cap:,} bytes after {frames} frames")
        self.cap, self.bytes, self.frames = cap, bytes_, frames


def check_cap(path: Path, cap: int | None, bytes_: int, frames: int) -> None:
    """Raise an error if `bytes_` bytes, which hold the first `frames` frames, exceed the cap.

    Raises:
        CapExceeded: They do.
    """
    if cap is not None and bytes_ > cap:
        raise CapExceeded(path, cap, bytes_, frames)


class CappedFile:
    """A file written from start to end that stops its encode when it exceeds a cap.

    Args:
        path: The file.
        cap: The most bytes; None for no cap.
        tail_size: The bytes that `close` will append, such as those of a trailer.

    Attributes:
        bytes: The bytes written so far.
    """

    def __init__(self, path: Path, cap: int | None, tail_size: int = 0) -> None:
        self._path, self._cap, self._tail_size = path, cap, tail_size
        self._file = path.open("wb")
        self.bytes = 0

    def write(self, data: bytes, frames: int) -> None:
        """Append `data`, which completes the first `frames` frames. A header alone (0 frames) may exceed the cap.

        Raises:
            CapExceeded: The complete file would be larger than the cap.
        """
        self.bytes += len(data)
        if frames:
            check_cap(self._path, self._cap, self.bytes + self._tail_size, frames)
        self._file.write(data)

    def overwrite(self, offset: int, data: bytes) -> None:
        """Overwrite bytes from `offset` on; only before the file is closed."""
        self._file.seek(offset)
        self._file.write(data)
        self._file.seek(0, 2)

    def close(self, tail: bytes = b"") -> None:
        """Append the tail and close the file. Does nothing if the file is closed."""
        if not self._file.closed:
            with self._file:
                self._file.write(tail)
                self.bytes += len(tail)
