"""WebP: changed rectangles, compressed here or by Pillow's libwebp, in a container written here."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from struct import pack, unpack_from

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from reelnet.errors import ReelnetError
from reelnet.export.encoders.base import CappedFile
from reelnet.export.encoders.delta import TRANSPARENT, Packed, Patch, Picture, PictureEncoder, patch
from reelnet.export.encoders.formats import DEFAULT_SETTINGS, FORMATS, EncoderSettings, check_fps, find_codec
from reelnet.export.encoders.vp8l import vp8l
from reelnet.scene.layout.boxes import Size
from reelnet.scene.panel import Canvas

ANIMATION, ALPHA = 0x02, 0x10
"""Flags of the VP8X chunk."""

NO_BLENDING = 0x02
"""Flag of a frame that replaces what is under it, see-through or not."""

LONGEST = Fraction(2**24 - 2, 1000)
"""Seconds that one picture can stay."""

EFFORT = {"good": [(50, 2)], "best": [(50, 2), (100, 4)]}
"""libwebp's quality and method for lossless pictures, by preset; the smallest result is taken, of these and of our
own coder. The second takes three times as long and saves 1 to 2 %; beyond it libwebp takes minutes for nothing."""

AHEAD = 0.98
"""Part of libwebp's bytes below which ours is taken, and libwebp need not try harder."""


class WebpEncoder(PictureEncoder):
    """Writes an animated WebP picture by picture (RFC 9649); lossless unless a quality is given.

    Pillow's own writer holds every frame, and compares each with the one before as colours.
    """

    def __init__(
        self,
        path: Path,
        size: Size,
        rgb: NDArray[np.uint8],
        fps: Fraction,
        settings: EncoderSettings = DEFAULT_SETTINGS,
    ) -> None:
        find_codec(FORMATS[".webp"], settings)
        check_fps(FORMATS[".webp"], fps)
        require_webp()
        super().__init__(CappedFile(path, settings.cap), LONGEST)
        self._coder = PatchCoder(rgb, settings.quality, settings.preset or "best")
        self._begin = Fraction(0)
        flags = bytes([ANIMATION | ALPHA, 0, 0, 0])
        extended = chunk(b"VP8X", flags + three(size.width - 1) + three(size.height - 1))
        # A background that nobody shows, and 0 for playing for ever.
        looped = chunk(b"ANIM", b"\xff\xff\xff\xff" + pack("<H", 0))
        self._file.write(b"RIFF\0\0\0\0WEBP" + extended + looped, 0)

    @staticmethod
    def notes(fps: Fraction) -> tuple[str, ...]:
        """Delays are whole milliseconds; browsers slow down the quickest."""
        return ("browsers play frames shorter than 1/90 s slowly; give fps up to 90",) if fps > 90 else ()

    def _packed(self, before: Canvas | None, picture: Picture) -> Packed:
        return self._coder.encode(before, picture)

    def _in_file(self, found: Patch, data: bytes, end: Fraction) -> bytes:
        # Both ends are rounded, not the difference, so that the delays add up to the duration.
        delay = round(1000 * end) - round(1000 * self._begin)
        height, width = found.indices.shape
        places = (found.x // 2, found.y // 2, width - 1, height - 1, delay)
        flags = bytes([0 if self._pictures else NO_BLENDING])
        self._begin = end
        return chunk(b"ANMF", b"".join(map(three, places)) + flags + data)

    def _complete(self) -> None:
        self._file.overwrite(4, pack("<I", self._file.bytes - 8))


class PatchCoder:
    """Compresses what a picture changes.

    Args:
        rgb: The palette, uint8 (256 or more, 3).
        quality: libwebp's quality of lossy pictures, 0 to 100; None for lossless ones.
        preset: How hard to try, one of `EFFORT`.
    """

    def __init__(self, rgb: NDArray[np.uint8], quality: float | None, preset: str) -> None:
        self._rgb, self._quality, self._efforts = rgb, quality, EFFORT[preset]
        self._rgba = np.full((len(rgb), 4), 255, np.uint8)
        self._rgba[:, :3] = rgb
        self._rgba[TRANSPARENT] = 0

    def encode(self, before: Canvas | None, picture: Picture) -> Packed:
        """The patch, its data, and when the picture goes."""
        # Places of frames are told in twos.
        found = patch(before, picture.indices, grid=2)
        data = self._lossless(found)
        if self._quality is not None:
            height, width = found.indices.shape
            box = picture.indices[found.y : found.y + height, found.x : found.x + width]
            # Often text and flat cells are smaller without loss.
            lossy = still(Image.fromarray(self._rgb[box]), quality=self._quality, method=4)
            data = min(data, lossy, key=len)
        return found, data, picture.end

    def _lossless(self, found: Patch) -> bytes:
        """The smallest data of a patch."""
        image, best = Image.fromarray(self._rgba[found.indices]), b""
        if len(self._rgba) <= 256:
            best = chunk(b"VP8L", vp8l(found.indices.astype(np.uint8, copy=False), self._rgba))
        for quality, method in self._efforts:
            data = still(image, lossless=True, exact=True, quality=quality, method=method)
            if best and len(best) < AHEAD * len(data):
                break
            best = min(best or data, data, key=len)
        return best


def still(image: Image.Image, **how: float) -> bytes:
    """The chunks of one picture's data: VP8L, or VP8."""
    file = io.BytesIO()
    image.save(file, "WEBP", **how)
    data, at, found = file.getvalue(), 12, b""
    while at < len(data):
        length = unpack_from("<I", data, at + 4)[0]
        following = at + 8 + length + length % 2
        if data[at : at + 4] in (b"VP8L", b"VP8 "):
            found += data[at:following]
        at = following
    return found


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a RIFF file: type, length and data, filled up to an even length."""
    return kind + pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def three(number: int) -> bytes:
    """A number of 24 bits."""
    return number.to_bytes(3, "little")


def require_webp() -> None:
    """Make sure that Pillow was built with libwebp.

    Raises:
        ReelnetError: It was not.
    """
    if not features.check("webp"):
        raise ReelnetError(
            "this Pillow has no WebP; the wheels on PyPI do: pip install --force-reinstall --only-binary :all: pillow"
        )
