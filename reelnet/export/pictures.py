"""FFmpeg's pictures, made once and filled again and again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import av
import numpy as np
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from reelnet.scene.layout import Size


class Pictures:
    """A few pictures in turn: an encoder may look at the one before the present one, but at none older.

    A new picture for each frame would do, but the allocator then lets memory grow by 0.3 MB a frame.
    """

    def __init__(self, size: Size, form: str, count: int = 2) -> None:
        self._turn = deque(av.VideoFrame(size.width, size.height, form) for _ in range(count))

    def __iter__(self) -> Iterator[av.VideoFrame]:
        """All of them, to fill in what stays."""
        return iter(self._turn)

    def next(self) -> av.VideoFrame:
        """The picture to fill."""
        self._turn.rotate()
        return self._turn[0]


def copy_plane(values: NDArray[np.uint8], plane: VideoPlane) -> None:
    """Copy values (height, width) into a picture's plane, whose rows may be longer than they need."""
    rows_of(plane)[...] = values


def rows_of(plane: VideoPlane) -> NDArray[np.uint8]:
    """A picture's plane as an array (height, width) that can be written."""
    rows: NDArray[np.uint8] = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]
    return rows.reshape(-1, plane.line_size)[: plane.height, : plane.width]
