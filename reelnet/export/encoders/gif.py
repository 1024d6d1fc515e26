"""GIF: the palette's exact colours, one colour table, and only what changed from frame to frame."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from reelnet.export.encoders.base import CappedFile
from reelnet.export.encoders.delta import TRANSPARENT, Joiner, Picture
from reelnet.export.encoders.formats import DEFAULT_SETTINGS, FORMATS, EncoderSettings, check_fps, find_codec
from reelnet.export.encoders.pixel_formats import Pictures, copy_plane
from reelnet.render.compositor import Frame
from reelnet.scene.layout.boxes import Size
from reelnet.scene.panel import Canvas

HEADER = 6 + 7 + 3 * 256
"""Bytes of signature, screen descriptor and the table of 256 colours (GIF89a, sections 17 to 19)."""

LOOP_FOREVER = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
TRAILER = b"\x3b"
BLOCK = 16
"""Pictures that are compressed in one go; each block costs one picture more, the one before it."""

MOST_WORKERS = 8
LONGEST = Fraction(65_534, 100)
"""Seconds that one picture can stay; one hundredth less than can be told, because its ends are rounded."""


class GifEncoder:
    """Writes a GIF frame by frame.

    The pictures are compressed a block at a time, on every core. The file around them is written here and not
    by FFmpeg's muxer, because delays are: the muxer gives the last frame the delay of the one before, and
    identical frames are merged here into a longer one.
    """

    def __init__(
        self,
        path: Path,
        size: Size,
        rgb: NDArray[np.uint8],
        fps: Fraction,
        settings: EncoderSettings = DEFAULT_SETTINGS,
    ) -> None:
        find_codec(FORMATS[".gif"], settings)
        check_fps(FORMATS[".gif"], fps)
        self._file = CappedFile(path, settings.cap, tail_size=len(TRAILER))
        self._coder = DeltaCoder(size, rgb)
        self._workers = min(MOST_WORKERS, os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(self._workers)
        self._blocks: deque[tuple[Future[list[bytes]], list[int]]] = deque()
        self._block: list[Canvas] = []
        self._delays: list[int] = []
        self._before: Canvas | None = None
        self._joiner = Joiner(LONGEST)
        self._written = 0

    def add(self, frame: Frame) -> None:
        """Encode the next frame; one that equals the frame before makes that one stay longer."""
        for picture in self._joiner.add(frame):
            self._encode(picture)

    def finish(self) -> int:
        """Complete the file; gives the number of frames in it."""
        for picture in self._joiner.rest():
            self._encode(picture)
        self._send()
        while self._blocks:
            self._receive()
        self._file.close(TRAILER)
        self.close()
        return self._written

    def close(self) -> None:
        """Close the file as it is."""
        self._pool.shutdown(cancel_futures=True)
        self._file.close()

    @staticmethod
    def notes(fps: Fraction) -> tuple[str, ...]:
        """Delays are whole hundredths of a second, and browsers slow down those under two."""
        if fps > 50:
            return (
                "browsers play no GIF faster than 50 frames a second; shorter delays play slowly: give fps up to 50",
            )
        if Fraction(100) % fps:
            return (
                f"a GIF counts hundredths of a second: at {float(fps):.4g} fps frames stay "
                f"{100 // fps} or {100 // fps + 1} of them in turn, and the duration is kept",
            )
        return ()

    def _encode(self, picture: Picture) -> None:
        # Both ends are rounded, not the difference, so that the delays add up to the duration.
        delay = round(100 * picture.end) - round(100 * picture.begin)
        self._block.append(picture.indices)
        self._delays.append(delay)
        if len(self._block) == BLOCK:
            self._send()

    def _send(self) -> None:
        """Give the block to a worker; first write what is ready, so that few blocks are held."""
        while len(self._blocks) > self._workers:
            self._receive()
        if self._block:
            packets = self._pool.submit(self._coder.encode, self._before, self._block)
            self._blocks.append((packets, self._delays))
            self._before, self._block, self._delays = self._block[-1], [], []

    def _receive(self) -> None:
        """Write the oldest block to the file."""
        packets, delays = self._blocks.popleft()
        for data, delay in zip(packets.result(), delays, strict=True):
            opening = b""
            if self._written == 0:
                opening, data = data[:HEADER] + LOOP_FOREVER, data[HEADER:]
            # A graphic control extension opens each picture: 21 F9 04, flags, delay (two bytes), transparent
            # index, 00 (GIF89a, section 23).
            if data[:3] != b"\x21\xf9\x04":
                raise AssertionError("FFmpeg's GIF packets have another form than before")
            self._written += 1
            self._file.write(opening + data[:4] + delay.to_bytes(2, "little") + data[6:], self._written)


class DeltaCoder:
    """Compresses pictures as what changed since the one before, with FFmpeg's encoder.

    A delta needs nothing but the picture before, so blocks can be coded apart from each other.
    """

    def __init__(self, size: Size, rgb: NDArray[np.uint8]) -> None:
        self._size = size
        # FFmpeg keeps a palette as 32-bit numbers 0xAARRGGBB in the machine's own order.
        opaque = (0xFF << 24) | rgb[:256].astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
        opaque[TRANSPARENT] = 0
        self._palette = opaque.tobytes()

    def encode(self, before: Canvas | None, block: list[Canvas]) -> list[bytes]:
        """One packet for each picture of `block`; the first one follows `before`, or begins the file."""
        codec = av.CodecContext.create("gif", "w")
        codec.width, codec.height = self._size.width, self._size.height
        codec.pix_fmt, codec.time_base = "pal8", Fraction(1, 100)
        pictures = Pictures(self._size, "pal8")
        for picture in pictures:
            picture.planes[1].update(self._palette)
        packets = []
        for number, indices in enumerate(block if before is None else [before, *block]):
            picture = pictures.next()
            copy_plane(indices.astype(np.uint8, copy=False), picture.planes[0])
            picture.pts, picture.time_base = number, Fraction(1, 100)
            packets += [bytes(packet) for packet in codec.encode(picture)]
        return packets[-len(block) :]
