"""APNG: the palette's exact colors; changed rectangles, each compressed with zlib."""

from __future__ import annotations

import zlib
from fractions import Fraction
from itertools import product
from pathlib import Path
from struct import pack

import numpy as np
from numpy.typing import NDArray

from reelnet.export.encoders.base import CappedFile, StreamInfo
from reelnet.export.encoders.delta import TRANSPARENT_INDEX, DeltaFrameEncoder, DirtyRect
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.render.compositor import Frame
from reelnet.scene.panel import Canvas

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TRUECOLOR, INDEXED = 2, 3
"""Color types of a PNG."""

SUB, UP = 1, 2
"""Filter types of a row: the difference from the pixel to the left, and from the row above."""

BLEND_SOURCE, BLEND_OVER = 0, 1
MAX_UINT16 = 65_535
"""The largest numerator and denominator of a delay."""

MAX_CHANGED_FOR_MATCHES = 0.25
"""The fraction of changed pixels above which run-length compression always wins, so that nothing else is tried."""


class ApngEncoder(DeltaFrameEncoder[tuple[DirtyRect, bytes]]):
    """Writes an APNG (PNG Specification, third edition, W3C 2025)."""

    def __init__(self, path: Path, stream: StreamInfo, settings: EncoderSettings) -> None:
        super().__init__(
            CappedFile(path, settings.cap, tail_size=len(_chunk(b"IEND"))), max_duration=Fraction(MAX_UINT16)
        )
        self._colors = _ColorTable(stream.rgb)
        self._plays = stream.plays or 0
        self._sequence_number, self._written_duration = 0, Fraction(0)
        size = stream.size
        header = pack(">IIBBBBB", size.width, size.height, 8, self._colors.color_type, 0, 0, 0)
        self._header = SIGNATURE + _chunk(b"IHDR", header)
        self._file.write(self._header + self._animation_control() + self._colors.chunks, 0)

    def _compress(self, previous: Canvas | None, block: list[Canvas]) -> list[tuple[DirtyRect, bytes]]:
        rect = DirtyRect.from_frames(previous, block[0])
        try_matches = rect.changed is None or rect.changed <= MAX_CHANGED_FOR_MATCHES
        return [(rect, compress_pixels(self._colors.table[rect.indices], try_matches))]

    def _animation_control(self) -> bytes:
        """The number of frames, and how often they are played: 0 for an endless loop."""
        return _chunk(b"acTL", pack(">II", self._frames, self._plays))

    def _format_frame(self, frame: Frame, payload: tuple[DirtyRect, bytes]) -> bytes:
        rect, data = payload
        # A rounding error of one delay is corrected by the next.
        delay = round_delay(frame.end - self._written_duration)
        self._written_duration += delay
        height, width = rect.indices.shape
        first = self._frames == 0
        control = pack(
            ">IIIIIHHBB",
            self._sequence_number,
            width,
            height,
            rect.x,
            rect.y,
            delay.numerator,
            delay.denominator,
            0,
            BLEND_SOURCE if first else BLEND_OVER,
        )
        pixels = _chunk(b"IDAT", data)
        if not first:
            pixels = _chunk(b"fdAT", pack(">I", self._sequence_number + 1) + data)
        self._sequence_number += 1 if first else 2
        return _chunk(b"fcTL", control) + pixels

    def _complete(self) -> None:
        self._file.overwrite(len(self._header), self._animation_control())
        self._file.close(_chunk(b"IEND"))


class _ColorTable:
    """How the file stores palette indices: as indices, or as RGB where the palette has more than 256 colors.

    Args:
        rgb: The palette, uint8 (256 or more, 3).

    Attributes:
        color_type: The color type of the file.
        chunks: The chunks with the palette and the transparent color.
        table: The pixel of each palette index, uint8 (256 or more, bytes per pixel).
    """

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        if len(rgb) <= 256:
            # The transparent index moves to 0, which is also the difference between equal rows.
            self.color_type = INDEXED
            self.table = (np.arange(256) + 256 - TRANSPARENT_INDEX).astype(np.uint8)[:, None]
            self.chunks = _chunk(b"PLTE", np.roll(rgb, 1, axis=0).tobytes()) + _chunk(b"tRNS", b"\0")
            return
        self.color_type = TRUECOLOR
        used = set(map(tuple, rgb.tolist()))
        unused = next(color for color in product(range(256), repeat=3) if color not in used)
        self.table = rgb.copy()
        self.table[TRANSPARENT_INDEX] = unused
        self.chunks = _chunk(b"tRNS", pack(">HHH", *unused))


def round_delay(seconds: Fraction) -> Fraction:
    """The fraction nearest to `seconds` whose numerator and denominator have 16 bits."""
    if seconds.numerator <= MAX_UINT16 and seconds.denominator <= MAX_UINT16:
        return seconds
    return seconds.limit_denominator(min(MAX_UINT16, int(MAX_UINT16 / max(Fraction(1), seconds))))


def compress_pixels(pixels: NDArray[np.uint8], try_matches: bool) -> bytes:
    """Compress pixels to the data of a PNG.

    Upscaling repeats rows. The difference from the row above is then a run of zeros, and the other rows are short
    runs too. Run-length compression beats matches at a distance on these, and takes a tenth of the time. Where little
    changed, it is the empty rows that repeat, and matches may win.

    Args:
        pixels: (height, width, bytes per pixel). A one-byte transparent pixel is 0, as the difference between equal
            rows is, so that runs continue from row to row.
        try_matches: Also try matches at a distance, and return the smaller result.
    """
    height, width, size = pixels.shape
    rows = np.zeros((height, width * size + 1), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    repeated = (rows[1:] == rows[:-1]).all(axis=1) & rows[1:].any(axis=1)
    if size > 1:
        # Equal RGB pixels are not runs of equal bytes, but their differences are.
        rows[:, 1 + size :] -= pixels[:, :-1].reshape(height, -1)
        rows[:, 0] = SUB
    rows[1:][repeated] = [UP] + [0] * (width * size)
    data = rows.tobytes()
    strategies = [zlib.Z_RLE, zlib.Z_DEFAULT_STRATEGY] if try_matches else [zlib.Z_RLE]
    return min((_deflate(data, strategy) for strategy in strategies), key=len)


def _deflate(data: bytes, strategy: int) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, 15, 9, strategy)
    return compressor.compress(data) + compressor.flush()


def _chunk(kind: bytes, data: bytes = b"") -> bytes:
    """A chunk of a PNG: length, type, data and checksum."""
    return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))
