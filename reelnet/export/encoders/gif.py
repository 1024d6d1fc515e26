"""GIF: the palette's exact colors in one color table; FFmpeg compresses what changes between frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from reelnet.export.encoders.base import CappedFile, StreamInfo
from reelnet.export.encoders.delta import TRANSPARENT_INDEX, DeltaFrameEncoder
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.export.encoders.pixel_formats import VideoFrameRing, copy_plane
from reelnet.render.compositor import Frame
from reelnet.scene.layout.boxes import Size
from reelnet.scene.panel import Canvas

HEADER_SIZE = 6 + 7 + 3 * 256
"""Bytes of signature, screen descriptor and the table of 256 colors (GIF89a, sections 17 to 19)."""

LOOP_EXTENSION = b"\x21\xff\x0bNETSCAPE2.0\x03\x01"
CONTROL_EXTENSION = b"\x21\xf9\x04"
TRAILER = b"\x3b"

BLOCK_SIZE = 16
"""Frames that one thread compresses together. Each block also encodes the frame before it, which is then dropped."""

MAX_DURATION = Fraction(65_534, 100)
"""The longest duration of a frame in seconds: the largest delay, less 1/100 s for the rounding of both ends."""


class GifEncoder(DeltaFrameEncoder[bytes]):
    """Writes a GIF.

    The container is written here and not by FFmpeg's muxer, which gives the last frame the delay of the one before.
    """

    def __init__(self, path: Path, stream: StreamInfo, settings: EncoderSettings) -> None:
        super().__init__(CappedFile(path, settings.cap, tail_size=len(TRAILER)), MAX_DURATION, BLOCK_SIZE)
        self._size, self._loop = stream.size, write_loop(stream.plays)
        self._palette = stream.rgb[:256]

    def _compress(self, previous: Canvas | None, block: list[Canvas]) -> list[bytes]:
        frames = block if previous is None else [previous, *block]
        return compress_indices(self._size, self._palette, frames)[-len(block) :]

    def _format_frame(self, frame: Frame, payload: bytes) -> bytes:
        header = b""
        if self._frames == 0:
            header, payload = payload[:HEADER_SIZE] + self._loop, payload[HEADER_SIZE:]
        # Each frame begins with a control extension: 21 F9 04, flags, delay (2 bytes), transparent index, 00 (GIF89a,
        # section 23).
        if payload[:3] != CONTROL_EXTENSION:
            raise AssertionError("FFmpeg's GIF packets do not begin with a control extension")
        # Both ends are rounded, not the duration, so that rounding errors do not add up.
        delay = round(100 * frame.end) - round(100 * frame.pts)
        return header + payload[:4] + delay.to_bytes(2, "little") + payload[6:]

    def _complete(self) -> None:
        self._file.close(TRAILER)


def compress_indices(size: Size, palette: NDArray[np.uint8], frames: list[Canvas]) -> list[bytes]:
    """FFmpeg's packets of frames, each with what changes; the first one begins with the header of a file.

    Args:
        size: Width and height, in pixels.
        palette: The color of each index, uint8 (256, 3).
        frames: Palette indices (height, width), none of them `TRANSPARENT_INDEX`.
    """
    # FFmpeg stores a palette as 32-bit numbers 0xAARRGGBB in native byte order.
    argb = (0xFF << 24) | palette.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    argb[TRANSPARENT_INDEX] = 0
    codec = av.CodecContext.create("gif", "w")
    codec.width, codec.height = size.width, size.height
    codec.pix_fmt, codec.time_base = "pal8", Fraction(1, 100)
    ring = VideoFrameRing(size, "pal8")
    for picture in ring:
        picture.planes[1].update(argb.tobytes())
    packets: list[bytes] = []
    for number, indices in enumerate(frames):
        picture = ring.next()
        copy_plane(indices.astype(np.uint8, copy=False), picture.planes[0])
        picture.pts, picture.time_base = number, Fraction(1, 100)
        packets += [bytes(packet) for packet in codec.encode(picture)]
    return packets


def write_loop(plays: int | None) -> bytes:
    """The extension that says how often a GIF is repeated after it was played once: 0 for forever."""
    if plays == 1:
        return b""
    return LOOP_EXTENSION + (0 if plays is None else plays - 1).to_bytes(2, "little") + b"\x00"
