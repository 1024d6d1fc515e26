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

from reelnet.compose.compositor import Frame
from reelnet.errors import UsageError
from reelnet.export.pictures import Pictures, copy_plane
from reelnet.scene.layout import Size
from reelnet.scene.panel import Canvas

TRANSPARENT = 255
"""The index that no frame uses, for pixels that stay as they were."""

HEADER = 6 + 7 + 3 * 256
"""Bytes of signature, screen descriptor and the table of 256 colours (GIF89a, sections 17 to 19)."""

LOOP_FOREVER = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
TRAILER = b"\x3b"
BLOCK = 16
"""Pictures that are compressed in one go; each block costs one picture more, the one before it."""

MOST_WORKERS = 8
LONGEST = 65_535
"""Hundredths of a second that one frame can stay."""


class GifEncoder:
    """Writes a GIF frame by frame.

    The pictures are compressed a block at a time, on every core. The file around them is written here and not
    by FFmpeg's muxer, because delays are: the muxer gives the last frame the delay of the one before, and
    identical frames are merged here into a longer one.
    """

    def __init__(self, path: Path, size: Size, rgb: NDArray[np.uint8], fps: Fraction) -> None:
        if fps > 100:
            raise UsageError(
                f"{path.suffix}: a GIF counts hundredths of a second; give fps up to 50, or write an .mp4"
            )
        self._file = path.open("wb")
        self._coder = DeltaCoder(size, rgb)
        self._workers = min(MOST_WORKERS, os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(self._workers)
        self._blocks: deque[tuple[Future[list[bytes]], list[int]]] = deque()
        self._block: list[Canvas] = []
        self._delays: list[int] = []
        self._before: Canvas | None = None
        self._waiting: Frame | None = None
        self._end = Fraction(0)
        self._written = 0

    def add(self, frame: Frame) -> None:
        """Encode the next frame; one that equals the frame before makes that one stay longer."""
        end = frame.pts + frame.duration
        if self._waiting is not None and not self._can_stay(self._waiting, frame, end):
            self._write(self._waiting, frame.pts)
            self._waiting = None
        if self._waiting is None:
            self._waiting = frame
        self._end = end

    @staticmethod
    def _can_stay(waiting: Frame, frame: Frame, end: Fraction) -> bool:
        """Whether `frame` is the waiting one again, and the delay until `end` can be written."""
        delay = round(100 * end) - round(100 * waiting.pts)
        return delay <= LONGEST and np.array_equal(waiting.indices, frame.indices)

    def finish(self) -> int:
        """Complete the file; gives the number of frames in it."""
        if self._waiting is not None:
            self._write(self._waiting, self._end)
        self._send()
        while self._blocks:
            self._receive()
        self._file.write(TRAILER)
        self.abandon()
        return self._written

    def abandon(self) -> None:
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
                f"a GIF counts hundredths of a second: at {float(fps):g} fps frames stay "
                f"{100 // fps} or {100 // fps + 1} of them in turn, and the duration is kept",
            )
        return ()

    def _write(self, frame: Frame, until: Fraction) -> None:
        """Encode one picture that stays until `until`."""
        # Both ends are rounded, not the difference, so that the delays add up to the duration.
        delay = round(100 * until) - round(100 * frame.pts)
        self._block.append(frame.indices)
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
            if self._written == 0:
                self._file.write(data[:HEADER] + LOOP_FOREVER)
                data = data[HEADER:]
            # A graphic control extension opens each picture: 21 F9 04, flags, delay (two bytes), transparent
            # index, 00 (GIF89a, section 23).
            if data[:3] != b"\x21\xf9\x04":
                raise AssertionError("FFmpeg's GIF packets have another form than before")
            self._file.write(data[:4] + delay.to_bytes(2, "little") + data[6:])
            self._written += 1


class DeltaCoder:
    """Compresses pictures as what changed since the one before, with FFmpeg's encoder.

    A delta needs nothing but the picture before, so blocks can be coded apart from each other.
    """

    def __init__(self, size: Size, rgb: NDArray[np.uint8]) -> None:
        self._size = size
        # FFmpeg keeps a palette as 32-bit numbers 0xAARRGGBB in the machine's own order.
        opaque = (0xFF << 24) | rgb.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
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
            copy_plane(indices, picture.planes[0])
            picture.pts, picture.time_base = number, Fraction(1, 100)
            packets += [bytes(packet) for packet in codec.encode(picture)]
        return packets[-len(block) :]
