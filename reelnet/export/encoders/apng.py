"""APNG: the palette's exact colours, as changed rectangles, deflated row against row."""

from __future__ import annotations

import zlib
from fractions import Fraction
from itertools import product
from pathlib import Path
from struct import pack

import numpy as np
from numpy.typing import NDArray

from reelnet.export.encoders.base import CappedFile
from reelnet.export.encoders.delta import TRANSPARENT, Packed, Patch, Picture, PictureEncoder, patch
from reelnet.export.encoders.formats import DEFAULT_SETTINGS, FORMATS, EncoderSettings, check_fps, find_codec
from reelnet.scene.layout.boxes import Size
from reelnet.scene.panel import Canvas

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TRUECOLOUR, INDEXED = 2, 3
LARGEST = 65_535
"""Greatest numerator and denominator of a delay."""

SOURCE, OVER = 0, 1
"""Blend operations: put in place of what was there, and lay over it."""

FEW = 0.25
"""Share of changed pixels up to which matches at a distance are tried too; above it runs are always better."""


class ApngEncoder(PictureEncoder):
    """Writes an APNG picture by picture (PNG, third edition, W3C 2025)."""

    def __init__(
        self,
        path: Path,
        size: Size,
        rgb: NDArray[np.uint8],
        fps: Fraction,
        settings: EncoderSettings = DEFAULT_SETTINGS,
    ) -> None:
        find_codec(FORMATS[".apng"], settings)
        check_fps(FORMATS[".apng"], fps)
        super().__init__(CappedFile(path, settings.cap, tail_size=len(chunk(b"IEND"))), Fraction(LARGEST))
        self._numbers, self._told = 0, Fraction(0)
        self._colours = Colours(rgb)
        form = (size.width, size.height, 8, self._colours.kind, 0, 0, 0)
        self._head = SIGNATURE + chunk(b"IHDR", pack(">IIBBBBB", *form))
        self._file.write(self._head + self._count() + self._colours.chunks, 0)

    @staticmethod
    def notes(fps: Fraction) -> tuple[str, ...]:
        """Delays are fractions, so that any pace is exact; browsers slow down the quickest."""
        return ("browsers play frames shorter than 1/90 s slowly; give fps up to 90",) if fps > 90 else ()

    def _packed(self, before: Canvas | None, picture: Picture) -> Packed:
        return self._colours.compressed(before, picture)

    def _count(self) -> bytes:
        """How many frames there are, to be played for ever."""
        return chunk(b"acTL", pack(">II", self._pictures, 0))

    def _in_file(self, found: Patch, data: bytes, end: Fraction) -> bytes:
        # What rounding takes from a delay the next one gets.
        delay = fraction(end - self._told)
        self._told += delay
        control = (*found.indices.shape[::-1], found.x, found.y, delay.numerator, delay.denominator)
        blend = OVER if self._pictures else SOURCE
        head = chunk(b"fcTL", pack(">IIIIIHHBB", self._numbers, *control, 0, blend))
        if self._pictures == 0:
            body = chunk(b"IDAT", data)
            self._numbers += 1
        else:
            body = chunk(b"fdAT", pack(">I", self._numbers + 1) + data)
            self._numbers += 2
        return head + body

    def _complete(self) -> None:
        self._file.overwrite(len(self._head), self._count())
        self._file.close(chunk(b"IEND"))


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """A chunk of a PNG: length, type, data and checksum."""
    return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))


def fraction(seconds: Fraction) -> Fraction:
    """The nearest delay that two 16-bit numbers can tell."""
    if seconds.numerator <= LARGEST and seconds.denominator <= LARGEST:
        return seconds
    return seconds.limit_denominator(min(LARGEST, int(LARGEST / max(Fraction(1), seconds))))


class Colours:
    """How the pixels of a palette are told: as its indices, or each by its own red, green and blue.

    Args:
        rgb: The palette, uint8 (256 or more, 3).

    Attributes:
        kind: The colour type of the file.
        chunks: What tells the file's colours and which one is see-through.
    """

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        self.kind = INDEXED if len(rgb) <= 256 else TRUECOLOUR
        if self.kind == INDEXED:
            self._table = (np.arange(256) + 256 - TRANSPARENT).astype(np.uint8)[:, None]
            self.chunks = chunk(b"PLTE", np.roll(rgb, 1, axis=0).tobytes()) + chunk(b"tRNS", b"\0")
            return
        taken = set(map(tuple, rgb.tolist()))
        free = next(colour for colour in product(range(256), repeat=3) if colour not in taken)
        self._table = rgb.copy()
        self._table[TRANSPARENT] = free
        self.chunks = chunk(b"tRNS", pack(">HHH", *free))

    def compressed(self, before: Canvas | None, picture: Picture) -> Packed:
        """What a picture changes, its data, and when the picture goes."""
        found = patch(before, picture.indices)
        data = deflated(self._table[found.indices], found.share <= FEW or before is None)
        return found, data, picture.end


def deflated(pixels: NDArray[np.uint8], thorough: bool) -> bytes:
    """Pixels as the data of a PNG.

    Upscaled rows repeat: written as their difference from the row above they are runs of zeros, and
    the other rows are short runs too, so that run-length codes beat matches at a distance, and take a tenth
    of the time. Where little changed it is the empty rows that repeat, and matches may win.

    Args:
        pixels: The picture, (height, width, bytes of a pixel). See-through is 0 where a pixel is one byte, as the
            difference from an equal row is, so that both make the same runs, which go on from row to row.
        thorough: Try matches at a distance too.
    """
    height, width, size = pixels.shape
    rows = np.zeros((height, width * size + 1), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    again = (rows[1:] == rows[:-1]).all(axis=1) & rows[1:].any(axis=1)
    if size > 1:
        # Filter type 1, Sub: the difference from the pixel at the left, or equal pixels would make no runs of bytes.
        rows[:, 1 + size :] -= pixels[:, :-1].reshape(height, -1)
        rows[:, 0] = 1
    # Filter type 2, Up: the difference from the row above.
    rows[1:][again] = [2] + [0] * (width * size)
    data = rows.tobytes()
    found = [packed(data, zlib.Z_RLE)]
    if thorough:
        found.append(packed(data, zlib.Z_DEFAULT_STRATEGY))
    return min(found, key=len)


def packed(data: bytes, strategy: int) -> bytes:
    """`data` in zlib's format at its highest level."""
    coder = zlib.compressobj(9, zlib.DEFLATED, 15, 9, strategy)
    return coder.compress(data) + coder.flush()
