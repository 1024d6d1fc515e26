"""WebP: changed rectangles, each compressed by libwebp, in a container that is written here."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from struct import pack, unpack_from

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from reelnet.errors import ReelnetError
from reelnet.export.encoders.base import CappedFile, StreamInfo
from reelnet.export.encoders.delta import TRANSPARENT_INDEX, DeltaFrameEncoder, DirtyRect
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.export.encoders.true_color.colors import unpack_colors, unpack_with_alpha
from reelnet.render.compositor import Frame
from reelnet.scene.panel import Canvas

ANIMATION_FLAG, ALPHA_FLAG = 0x02, 0x10
"""Flags of the VP8X chunk."""

NO_BLENDING_FLAG = 0x02
"""Flag of a frame that replaces the canvas, transparent pixels included."""

MAX_DURATION = Fraction(2**24 - 2, 1000)
"""The longest duration of a frame, in seconds."""

LOSSLESS_SETTINGS = {"good": [(50, 2)], "best": [(50, 2), (100, 4)]}
"""libwebp's quality and method for lossless images, by preset. The smallest result is used. Method 5 and 6 at quality
100 save less than 1 % more and take 14 times as long."""


class WebpEncoder(DeltaFrameEncoder[tuple[DirtyRect, bytes]]):
    """Writes an animated WebP (RFC 9649), lossless unless a quality is given.

    Pillow's own animation writer keeps all frames in memory and cannot compare palette indices.
    """

    def __init__(self, path: Path, stream: StreamInfo, settings: EncoderSettings) -> None:
        _require_libwebp()
        super().__init__(CappedFile(path, settings.cap), MAX_DURATION)
        self._quality, self._lossless = settings.quality, LOSSLESS_SETTINGS[settings.preset or "best"]
        self._find_rgb: Callable[[Canvas], NDArray[np.uint8]] = unpack_colors
        self._find_rgba: Callable[[Canvas], NDArray[np.uint8]] = unpack_with_alpha
        if stream.palette is not None:
            rgba = np.insert(stream.palette, 3, 255, axis=1)
            rgba[TRANSPARENT_INDEX] = 0
            self._find_rgb, self._find_rgba = stream.palette.__getitem__, rgba.__getitem__
        flags = bytes([ANIMATION_FLAG | ALPHA_FLAG, 0, 0, 0])
        canvas = _chunk(b"VP8X", flags + _uint24(stream.size.width - 1) + _uint24(stream.size.height - 1))
        # The background color is never visible; 0 plays mean an endless loop.
        animation = _chunk(b"ANIM", b"\xff\xff\xff\xff" + pack("<H", stream.plays or 0))
        self._file.write(b"RIFF\0\0\0\0WEBP" + canvas + animation, 0)

    def _compress(self, previous: Canvas | None, block: list[Canvas]) -> list[tuple[DirtyRect, bytes]]:
        # ANMF frame offsets are stored divided by two.
        rect = DirtyRect.from_frames(previous, block[0], alignment=2)
        image = Image.fromarray(self._find_rgba(rect.indices))
        results = [
            compress_image(image, lossless=True, exact=True, quality=quality, method=method)
            for quality, method in self._lossless
        ]
        if self._quality is not None:
            # Text and flat cells are often smaller without loss, so both are tried.
            height, width = rect.indices.shape
            opaque = self._find_rgb(block[0][rect.y : rect.y + height, rect.x : rect.x + width])
            results.append(compress_image(Image.fromarray(opaque), quality=self._quality, method=4))
        return [(rect, min(results, key=len))]

    def _format_frame(self, frame: Frame, payload: tuple[DirtyRect, bytes]) -> bytes:
        rect, data = payload
        # Both ends are rounded, not the duration, so that rounding errors do not add up.
        duration = round(1000 * frame.end) - round(1000 * frame.pts)
        height, width = rect.indices.shape
        fields = b"".join(map(_uint24, (rect.x // 2, rect.y // 2, width - 1, height - 1, duration)))
        flags = bytes([0 if self._frames else NO_BLENDING_FLAG])
        return _chunk(b"ANMF", fields + flags + data)

    def _complete(self) -> None:
        self._file.overwrite(4, pack("<I", self._file.bytes - 8))


def compress_image(image: Image.Image, **options: float) -> bytes:
    """The VP8L or VP8 chunks of an image, compressed by libwebp with Pillow's `options`."""
    file = io.BytesIO()
    image.save(file, "WEBP", **options)
    data, offset, chunks = file.getvalue(), 12, b""
    while offset < len(data):
        length = unpack_from("<I", data, offset + 4)[0]
        end = offset + 8 + length + length % 2
        if data[offset : offset + 4] in (b"VP8L", b"VP8 "):
            chunks += data[offset:end]
        offset = end
    return chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a RIFF file: type, length and data, padded to an even length."""
    return kind + pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _uint24(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _require_libwebp() -> None:
    if not features.check("webp"):
        raise ReelnetError(
            "this Pillow has no WebP; the wheels on PyPI do: pip install --force-reinstall --only-binary :all: pillow"
        )
