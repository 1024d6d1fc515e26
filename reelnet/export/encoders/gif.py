"""GIF: the palette's exact colors in one color table; FFmpeg compresses what changes between frames."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np

from reelnet._support.ordered_pool import OrderedPool
from reelnet.export.encoders.base import CappedFile, StreamInfo
from reelnet.export.encoders.delta import TRANSPARENT_INDEX, FrameMerger, MergedFrame
from reelnet.export.encoders.formats import DEFAULT_SETTINGS, EncoderSettings
from reelnet.export.encoders.pixel_formats import VideoFrameRing, copy_plane
from reelnet.render.compositor import Frame
from reelnet.scene.panel import Canvas

HEADER_SIZE = 6 + 7 + 3 * 256
"""Bytes of signature, screen descriptor and the table of 256 colors (GIF89a, sections 17 to 19)."""

LOOP_FOREVER = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
CONTROL_EXTENSION = b"\x21\xf9\x04"
TRAILER = b"\x3b"

BLOCK_SIZE = 16
"""Frames that one thread compresses together. Each block also encodes the frame before it, which is then dropped."""

MAX_DURATION = Fraction(65_534, 100)
"""The longest duration of a frame in seconds: the largest delay, less 1/100 s for the rounding of both ends."""


class GifEncoder:
    """Writes a GIF in blocks of frames, each in its own thread.

    The container is written here and not by FFmpeg's muxer, which gives the last frame the delay of the one before.
    """

    def __init__(self, path: Path, stream: StreamInfo, settings: EncoderSettings = DEFAULT_SETTINGS) -> None:
        self._file = CappedFile(path, settings.cap, tail_size=len(TRAILER))
        self._size = stream.size
        # FFmpeg stores a palette as 32-bit numbers 0xAARRGGBB in native byte order.
        argb = (0xFF << 24) | stream.rgb[:256].astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
        argb[TRANSPARENT_INDEX] = 0
        self._palette = argb.tobytes()
        self._pool: OrderedPool[list[tuple[bytes, int]]] = OrderedPool()
        self._merger = FrameMerger(MAX_DURATION)
        self._previous: Canvas | None = None
        self._block: list[MergedFrame] = []
        self._frames = 0

    def add(self, frame: Frame) -> None:
        """Encode the next frame. A frame that equals the previous one extends its duration."""
        for merged in self._merger.add(frame):
            self._append(merged)

    def finish(self) -> int:
        """Complete the file, and return the number of frames in it."""
        for merged in self._merger.flush():
            self._append(merged)
        if self._block:
            self._submit_block()
        self._write(self._pool.drain())
        self._file.close(TRAILER)
        self.close()
        return self._frames

    def close(self) -> None:
        """Stop encoding and close the file."""
        self._pool.close()
        self._file.close()

    def _append(self, frame: MergedFrame) -> None:
        self._block.append(frame)
        if len(self._block) == BLOCK_SIZE:
            self._submit_block()

    def _submit_block(self) -> None:
        previous, block, self._block = self._previous, self._block, []
        self._previous = block[-1].indices
        self._write(self._pool.submit(partial(self._encode_block, previous, block)))

    def _write(self, blocks: Iterator[list[tuple[bytes, int]]]) -> None:
        for data, delay in (frame for block in blocks for frame in block):
            header = b""
            if self._frames == 0:
                header, data = data[:HEADER_SIZE] + LOOP_FOREVER, data[HEADER_SIZE:]
            # Each frame begins with a control extension: 21 F9 04, flags, delay (2 bytes), transparent index, 00
            # (GIF89a, section 23).
            if data[:3] != CONTROL_EXTENSION:
                raise AssertionError("FFmpeg's GIF packets do not begin with a control extension")
            self._frames += 1
            self._file.write(header + data[:4] + delay.to_bytes(2, "little") + data[6:], self._frames)

    def _encode_block(self, previous: Canvas | None, block: list[MergedFrame]) -> list[tuple[bytes, int]]:
        """The packet and the delay in 1/100 s of each frame of a block.

        Args:
            previous: The frame before the block, which the first delta refers to; None for the first block.
            block: The frames.
        """
        codec = av.CodecContext.create("gif", "w")
        codec.width, codec.height = self._size.width, self._size.height
        codec.pix_fmt, codec.time_base = "pal8", Fraction(1, 100)
        ring = VideoFrameRing(self._size, "pal8")
        for picture in ring:
            picture.planes[1].update(self._palette)
        canvases = [frame.indices for frame in block]
        packets: list[bytes] = []
        for number, indices in enumerate(canvases if previous is None else [previous, *canvases]):
            picture = ring.next()
            copy_plane(indices.astype(np.uint8, copy=False), picture.planes[0])
            picture.pts, picture.time_base = number, Fraction(1, 100)
            packets += [bytes(packet) for packet in codec.encode(picture)]
        # Both ends are rounded, not the duration, so that rounding errors do not add up.
        delays = [round(100 * frame.end) - round(100 * frame.start) for frame in block]
        return list(zip(packets[-len(block) :], delays, strict=True))
