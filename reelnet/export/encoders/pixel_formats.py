"""Palette indices to the pixels that video codecs take.

FFmpeg's pictures, made once and filled again and again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Protocol

import av
import numpy as np
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from reelnet.scene.layout.boxes import Size
from reelnet.scene.panel import Canvas


class Pixels(Protocol):
    """Fills pictures of one pixel format."""

    def fill(self, indices: Canvas, picture: av.VideoFrame) -> None:
        """Put a frame (height, width) into a picture of its size."""


def pixels(form: str, rgb: NDArray[np.uint8]) -> Pixels:
    """What fills pictures of a pixel format, from the palette `rgb` (256 or more, 3)."""
    kinds: dict[str, type[Planes | Packed | Separate | Deep]] = {
        "yuv420p": Planes,
        "rgb24": Packed,
        "gbrp": Separate,
        "yuv444p10le": Deep,
    }
    return kinds[form](rgb)


class Planes:
    """Palette indices to Y, U and V.

    The palette is converted once, exactly (ITU-R BT.709-6, limited range, rounded once), where swscale's
    conversion of RGB frames is up to 11 of 255 off.

    Args:
        rgb: The palette, uint8 (256 or more, 3).
    """

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        self._y, self._u, self._v = (np.rint(plane).astype(np.uint8) for plane in bt709(rgb))

    def fill(self, indices: Canvas, picture: av.VideoFrame) -> None:
        """Put a frame (height, width) with even sides into a yuv420p picture of its size.

        Chroma is the mean of 2×2 pixels, which is exact where cells stand on even pixels.
        """
        height, width = indices.shape
        # Upscaled rows repeat: a pair of rows that equals the pair above it is converted once.
        pairs = np.ascontiguousarray(indices).reshape(height // 2, 2, width)
        fresh = np.flatnonzero(differ(pairs.reshape(height // 2, 2 * width)))
        where = np.repeat(np.arange(len(fresh)), np.diff(fresh, append=height // 2))
        upper, lower = pairs[fresh, 0], pairs[fresh, 1]
        y, u, v = (rows_of(plane) for plane in picture.planes)
        np.take(looked_up(self._y, upper), where.repeat(2), axis=0, out=y, mode="clip")
        uneven = np.flatnonzero((upper != lower).any(axis=1)[where])
        y[2 * uneven + 1] = self._y[lower[where[uneven]]]
        for rows, into in zip(self._chroma(upper, lower), (u, v), strict=True):
            np.take(rows, where, axis=0, out=into, mode="clip")

    def _chroma(self, upper: Canvas, lower: Canvas) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """U and V of pairs of rows, (pairs, width / 2)."""
        # Two neighbours in a row are one number of twice the bits: a look at whole numbers finds the 2×2 blocks that
        # are not of one colour. They are where text, curves and edges are; only there a mean must be taken.
        double = np.dtype(np.uint16 if upper.dtype == np.uint8 else np.uint32).type
        twos = upper.view(double)
        corner = twos.astype(upper.dtype)
        twice = double((1 << 8 * upper.itemsize) + 1)
        mixed = np.flatnonzero((lower.view(double) != twos) | (twos != corner * twice))
        u, v = looked_up(self._u, corner), looked_up(self._v, corner)
        rows, columns = np.divmod(mixed, corner.shape[1])
        four = np.stack([half[rows, 2 * columns + side] for half in (upper, lower) for side in (0, 1)])
        for plane, table in ((u, self._u), (v, self._v)):
            plane[rows, columns] = (table[four].sum(axis=0, dtype=np.uint16) + 2) >> 2
        return u, v


class Packed:
    """Palette indices to rgb24, exactly.

    Args:
        rgb: The palette, uint8 (256 or more, 3).
    """

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        self._rgb = rgb

    def fill(self, indices: Canvas, picture: av.VideoFrame) -> None:
        """Put a frame (height, width) into an rgb24 picture of its size."""
        rows = whole_rows(picture.planes[0])[:, : 3 * indices.shape[1]]
        rows[...] = np.take(self._rgb, indices, axis=0).reshape(rows.shape)


class Separate:
    """Palette indices to gbrp, exactly.

    Args:
        rgb: The palette, uint8 (256 or more, 3).
    """

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        self._tables = [rgb[:, 1], rgb[:, 2], rgb[:, 0]]

    def fill(self, indices: Canvas, picture: av.VideoFrame) -> None:
        """Put a frame (height, width) into a gbrp picture of its size."""
        for table, plane in zip(self._tables, picture.planes, strict=True):
            rows_of(plane)[...] = looked_up(table, indices)


class Deep:
    """Palette indices to 10 bits of Y, U and V for every pixel.

    Args:
        rgb: The palette, uint8 (256 or more, 3).
    """

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        self._tables = [np.rint(4 * plane).astype("<u2") for plane in bt709(rgb)]

    def fill(self, indices: Canvas, picture: av.VideoFrame) -> None:
        """Put a frame (height, width) into a yuv444p10le picture of its size."""
        for table, plane in zip(self._tables, picture.planes, strict=True):
            whole_rows(plane).view("<u2")[:, : indices.shape[1]] = table[indices]


def bt709(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Y, U and V of colours (n, 3) on the scale of 8 bits, not rounded (ITU-R BT.709-6, limited range)."""
    red, green, blue = rgb.astype(np.float64).T / 255
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return 16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748


def whole_rows(plane: VideoPlane) -> NDArray[np.uint8]:
    """A picture's plane as bytes (height, row length) that can be written."""
    rows: NDArray[np.uint8] = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]
    return rows.reshape(-1, plane.line_size)[: plane.height]


def differ(rows: Canvas) -> NDArray[np.bool_]:
    """Which rows (height, width) are not as the one above; the first is not."""
    # Eight bytes at a time where the width allows.
    whole = rows.view(np.uint64) if rows.shape[1] * rows.itemsize % 8 == 0 else rows
    found = np.ones(len(rows), bool)
    np.any(whole[1:] != whole[:-1], axis=1, out=found[1:])
    return found


def looked_up(table: NDArray[np.uint8], indices: Canvas) -> NDArray[np.uint8]:
    """`table[indices]` for a table of bytes; of 256, `bytes.translate` is twice as fast as numpy."""
    if indices.dtype != np.uint8:
        return np.take(table, indices)
    # A bytearray's translation can be written to.
    found = bytearray(indices.tobytes()).translate(table[:256].tobytes())
    return np.frombuffer(found, np.uint8).reshape(indices.shape)


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
