"""Conversion of palette indices to the pixel formats of video codecs, and reusable video frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import av
import numpy as np
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from reelnet.scene.layout.boxes import Size
from reelnet.scene.panel import Canvas


class PixelConverter(Protocol):
    """Converts frames from palette indices to one pixel format."""

    def convert(self, indices: Canvas, picture: av.VideoFrame) -> None:
        """Write palette indices (height, width) to a video frame of the same size."""


class Yuv420pConverter:
    """Converts palette indices to yuv420p.

    The palette is converted once, exactly (ITU-R BT.709-6, limited range, one rounding). FFmpeg's swscale converts
    RGB frames with an error of up to 11 of 255.

    Args:
        rgb: The palette, uint8 (256 or more, 3).
    """

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        self._y, self._u, self._v = (np.rint(plane).astype(np.uint8) for plane in to_bt709(rgb))

    def convert(self, indices: Canvas, picture: av.VideoFrame) -> None:
        """Write palette indices (height, width), both even, to a video frame of the same size.

        Chroma is the mean of 2×2 pixels, which is exact where cells begin on even pixels.
        """
        height, width = indices.shape
        # Upscaling repeats rows: a pair of rows that equals the pair above it is converted only once.
        pairs = np.ascontiguousarray(indices).reshape(height // 2, 2, width)
        unique = np.flatnonzero(_find_changed_rows(pairs.reshape(height // 2, 2 * width)))
        source = np.repeat(np.arange(len(unique)), np.diff(unique, append=height // 2))
        upper, lower = pairs[unique, 0], pairs[unique, 1]
        y, u, v = (plane_rows(plane) for plane in picture.planes)
        np.take(_lookup(self._y, upper), source.repeat(2), axis=0, out=y, mode="clip")
        uneven = np.flatnonzero((upper != lower).any(axis=1)[source])
        y[2 * uneven + 1] = self._y[lower[source[uneven]]]
        for rows, out in zip(self._average_chroma(upper, lower), (u, v), strict=True):
            np.take(rows, source, axis=0, out=out, mode="clip")

    def _average_chroma(self, upper: Canvas, lower: Canvas) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """U and V of pairs of rows, (pairs, width / 2)."""
        # Two neighboring indices are viewed as one integer of twice the bits, so that comparing integers finds the
        # 2×2 blocks with several colors: text, curves and edges. Only these need a mean.
        double = np.dtype(np.uint16 if upper.dtype == np.uint8 else np.uint32).type
        doubled = upper.view(double)
        corner = doubled.astype(upper.dtype)
        repeat = double((1 << 8 * upper.itemsize) + 1)
        mixed = np.flatnonzero((lower.view(double) != doubled) | (doubled != corner * repeat))
        u, v = _lookup(self._u, corner), _lookup(self._v, corner)
        rows, columns = np.divmod(mixed, corner.shape[1])
        blocks = np.stack([half[rows, 2 * columns + side] for half in (upper, lower) for side in (0, 1)])
        for plane, table in ((u, self._u), (v, self._v)):
            plane[rows, columns] = (table[blocks].sum(axis=0, dtype=np.uint16) + 2) >> 2
        return u, v


class Rgb24Converter:
    """Converts palette indices to rgb24, exactly.

    Args:
        rgb: The palette, uint8 (256 or more, 3).
    """

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        self._rgb = rgb

    def convert(self, indices: Canvas, picture: av.VideoFrame) -> None:
        """Write palette indices (height, width) to a video frame of the same size."""
        rows = _plane_bytes(picture.planes[0])[:, : 3 * indices.shape[1]]
        rows[...] = np.take(self._rgb, indices, axis=0).reshape(rows.shape)


class PlanarConverter:
    """Converts palette indices to a format whose planes all have the size of the frame.

    Args:
        tables: For each plane the value of each palette index, (256 or more,).
    """

    def __init__(self, *tables: NDArray[Any]) -> None:
        self._tables = tables

    def convert(self, indices: Canvas, picture: av.VideoFrame) -> None:
        """Write palette indices (height, width) to a video frame of the same size."""
        for table, plane in zip(self._tables, picture.planes, strict=True):
            _plane_bytes(plane).view(table.dtype)[:, : indices.shape[1]] = _lookup(table, indices)


CONVERTERS: Mapping[str, Callable[[NDArray[np.uint8]], PixelConverter]] = {
    "yuv420p": Yuv420pConverter,
    "rgb24": Rgb24Converter,
    "gbrp": lambda rgb: PlanarConverter(rgb[:, 1], rgb[:, 2], rgb[:, 0]),
    "yuv444p10le": lambda rgb: PlanarConverter(
        *(np.rint(4 * plane).astype("<u2") for plane in to_bt709(rgb))
    ),
}
"""The converter to each pixel format, as FFmpeg names it. It is created with the palette."""


def to_bt709(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Y, U and V of colors (n, 3) on an 8-bit scale, unrounded (ITU-R BT.709-6, limited range)."""
    red, green, blue = rgb.astype(np.float64).T / 255
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return 16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748


class VideoFrameRing:
    """A few video frames used in turn. An encoder may read the previous frame, but no older one.

    A new video frame for each frame makes the allocator's memory grow by 0.3 MB per frame.

    Args:
        size: Width and height, in pixels.
        pixel_format: As FFmpeg names it.
        count: The number of video frames.
    """

    def __init__(self, size: Size, pixel_format: str, count: int = 2) -> None:
        self._pictures = deque(av.VideoFrame(size.width, size.height, pixel_format) for _ in range(count))

    def __iter__(self) -> Iterator[av.VideoFrame]:
        """All video frames, to initialize what does not change."""
        return iter(self._pictures)

    def next(self) -> av.VideoFrame:
        """The video frame to write to next."""
        self._pictures.rotate()
        return self._pictures[0]


def copy_plane(values: NDArray[np.uint8], plane: VideoPlane) -> None:
    """Copy values (height, width) to a plane of the same size."""
    plane_rows(plane)[...] = values


def plane_rows(plane: VideoPlane) -> NDArray[np.uint8]:
    """A plane with one byte per pixel as a writable array (height, width)."""
    return _plane_bytes(plane)[:, : plane.width]


def _plane_bytes(plane: VideoPlane) -> NDArray[np.uint8]:
    """A plane as a writable array of bytes (height, bytes per row), including the padding of rows."""
    rows: NDArray[np.uint8] = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]
    return rows.reshape(-1, plane.line_size)[: plane.height]


def _find_changed_rows(rows: Canvas) -> NDArray[np.bool_]:
    """Which rows (height, width) differ from the row above; the first row counts as different."""
    # Compare eight bytes at a time where the width allows it.
    words = rows.view(np.uint64) if rows.shape[1] * rows.itemsize % 8 == 0 else rows
    changed = np.ones(len(rows), bool)
    np.any(words[1:] != words[:-1], axis=1, out=changed[1:])
    return changed


def _lookup(table: NDArray[Any], indices: Canvas) -> NDArray[Any]:
    """`table[indices]` as a writable array. For 8 bits, `bytes.translate` is twice as fast as numpy."""
    if not indices.dtype == table.dtype == np.uint8:
        return np.take(table, indices)
    translated = bytearray(indices.tobytes()).translate(table[:256].tobytes())
    return np.frombuffer(translated, np.uint8).reshape(indices.shape)
