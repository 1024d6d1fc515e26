"""Conversion of palette indices to the pixel formats of video codecs, and reusable video frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Protocol

import av
import numpy as np
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from reelnet.export.encoders.true_color.colors import pack_colors, split_channels, unpack_colors
from reelnet.scene.layout.boxes import Size
from reelnet.scene.panel import Canvas

ColorFunction = Callable[[Canvas], NDArray[Any]]
"""Gives a value for each color; see `true_color.colors`."""


class PixelConverter(Protocol):
    """Converts frames from palette indices to one pixel format."""

    def convert(self, indices: Canvas, picture: av.VideoFrame) -> None:
        """Write palette indices (height, width) to a video frame of the same size."""


class Yuv420pConverter:
    """Converts palette indices to yuv420p.

    A palette is converted once, exactly (ITU-R BT.709-6, limited range, one rounding), and so are colors. FFmpeg's
    swscale converts RGB frames with an error of up to 11 of 255.

    Args:
        palette: The color of each index, uint8 (256 or more, 3); None for frames of true color.
    """

    def __init__(self, palette: NDArray[np.uint8] | None) -> None:
        colors = None if palette is None else pack_colors(palette[None])[0]
        self._y, self._u, self._v = (
            convert if colors is None else partial(_lookup, convert(colors)) for convert in (to_y, to_u, to_v)
        )

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
        np.take(self._y(upper), source.repeat(2), axis=0, out=y, mode="clip")
        uneven = np.flatnonzero((upper != lower).any(axis=1)[source])
        y[2 * uneven + 1] = self._y(lower[source[uneven]])
        for rows, out in zip(self._average_chroma(upper, lower), (u, v), strict=True):
            np.take(rows, source, axis=0, out=out, mode="clip")

    def _average_chroma(self, upper: Canvas, lower: Canvas) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """U and V of pairs of rows, (pairs, width / 2)."""
        # Two neighboring indices are viewed as one integer of twice the bits, so that comparing integers finds the
        # 2×2 blocks with several colors: text, curves and edges. Only these need a mean.
        double = np.dtype(f"u{2 * upper.itemsize}").type
        doubled = upper.view(double)
        corner = doubled.astype(upper.dtype)
        repeat = double((1 << 8 * upper.itemsize) + 1)
        mixed = np.flatnonzero((lower.view(double) != doubled) | (doubled != corner * repeat))
        u, v = self._u(corner), self._v(corner)
        rows, columns = np.divmod(mixed, corner.shape[1])
        blocks = np.stack([half[rows, 2 * columns + side] for half in (upper, lower) for side in (0, 1)])
        for plane, convert in ((u, self._u), (v, self._v)):
            plane[rows, columns] = (convert(blocks).sum(axis=0, dtype=np.uint16) + 2) >> 2
        return u, v


class Rgb24Converter:
    """Converts palette indices to rgb24, exactly.

    Args:
        palette: The color of each index, uint8 (256 or more, 3); None for frames of true color.
    """

    def __init__(self, palette: NDArray[np.uint8] | None) -> None:
        self._find_rgb = unpack_colors if palette is None else partial(np.take, palette, axis=0)

    def convert(self, indices: Canvas, picture: av.VideoFrame) -> None:
        """Write palette indices (height, width) to a video frame of the same size."""
        rows = _plane_bytes(picture.planes[0])[:, : 3 * indices.shape[1]]
        rows[...] = self._find_rgb(indices).reshape(rows.shape)


class PlanarConverter:
    """Converts palette indices to a format whose planes all have the size of the frame.

    Args:
        palette: The color of each index, uint8 (256 or more, 3); None for frames of true color.
        planes: For each plane, its values for colors.
    """

    def __init__(self, palette: NDArray[np.uint8] | None, *planes: ColorFunction) -> None:
        self._planes = planes
        if palette is not None:
            self._planes = (*(partial(_lookup, plane(pack_colors(palette[None])[0])) for plane in planes),)

    def convert(self, indices: Canvas, picture: av.VideoFrame) -> None:
        """Write palette indices (height, width) to a video frame of the same size."""
        for find, plane in zip(self._planes, picture.planes, strict=True):
            values = find(indices)
            _plane_bytes(plane).view(values.dtype)[:, : indices.shape[1]] = values


LUMA = 2126, 7152, 722
"""Red, green and blue in luma, in 1/10,000 (ITU-R BT.709-6)."""

BLUE_DIFFERENCE, RED_DIFFERENCE = 18556, 15748
"""The differences blue − luma and red − luma reach from minus to plus half of this, in 1/10,000 of white."""


def to_y(colors: Canvas) -> NDArray[np.uint8]:
    """Y of colors (see `true_color.colors`), exact, halves rounded up (ITU-R BT.709-6, limited range)."""
    return (16 + (2 * 219 * _luma(*split_channels(colors, np.int32)) + 2550000) // 5100000).astype(np.uint8)


def to_u(colors: Canvas) -> NDArray[np.uint8]:
    """U of colors, as `to_y`."""
    red, green, blue = split_channels(colors, np.int32)
    return _to_chroma(10_000 * blue - _luma(red, green, blue), 255 * BLUE_DIFFERENCE)


def to_v(colors: Canvas) -> NDArray[np.uint8]:
    """V of colors, as `to_y`."""
    red, green, blue = split_channels(colors, np.int32)
    return _to_chroma(10_000 * red - _luma(red, green, blue), 255 * RED_DIFFERENCE)


def _luma(red: NDArray[Any], green: NDArray[Any], blue: NDArray[Any]) -> NDArray[Any]:
    """Luma, 0 to 2,550,000."""
    luma: NDArray[Any] = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    return luma


def _to_chroma(difference: NDArray[Any], whole: int) -> NDArray[np.uint8]:
    return (128 + (2 * 224 * difference + whole) // (2 * whole)).astype(np.uint8)


def _to_10_bits(number: int) -> ColorFunction:
    """A plane of 10 bits: 0 for Y, 1 for U, 2 for V."""

    def convert(colors: Canvas) -> NDArray[Any]:
        plane = to_bt709(unpack_colors(colors).reshape(-1, 3))[number]
        return np.rint(4 * plane).astype("<u2").reshape(colors.shape)

    return convert


def _channel(number: int) -> ColorFunction:
    """A plane of one color: 0 for red, 1 for green, 2 for blue."""
    return lambda colors: split_channels(colors, np.uint8)[number]


CONVERTERS: Mapping[str, Callable[[NDArray[np.uint8] | None], PixelConverter]] = {
    "yuv420p": Yuv420pConverter,
    "rgb24": Rgb24Converter,
    "gbrp": lambda palette: PlanarConverter(palette, *map(_channel, (1, 2, 0))),
    "yuv444p10le": lambda palette: PlanarConverter(palette, *map(_to_10_bits, range(3))),
}
"""The converter to each pixel format, as FFmpeg names it. It is created with the palette, or None for true color."""


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
