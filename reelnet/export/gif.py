"""GIF: the palette's exact colours, one colour table, and only what changed from frame to frame."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from reelnet.compose.compositor import Frame
from reelnet.export.pictures import Pictures, copy_plane
from reelnet.scene.layout import Size

TRANSPARENT = 255
"""The index that no frame uses, for pixels that stay as they were."""

HEADER = 6 + 7 + 3 * 256
"""Bytes of signature, screen descriptor and the table of 256 colours (GIF89a, sections 17 to 19)."""

LOOP_FOREVER = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
TRAILER = b"\x3b"
LONGEST = 65_535
"""Hundredths of a second that one frame can stay."""


class GifEncoder:
    """Writes a GIF frame by frame.

    The pictures are compressed by FFmpeg's encoder, which sees palette indices and finds transparent deltas.
    The file around them is written here, because delays are: FFmpeg's muxer gives the last frame the delay of
    the one before, and identical frames are merged here into a longer one.
    """

    def __init__(self, path: Path, size: Size, rgb: NDArray[np.uint8], fps: Fraction) -> None:
        self._file = path.open("wb")
        # FFmpeg keeps a palette as 32-bit numbers 0xAARRGGBB in the machine's own order.
        opaque = (0xFF << 24) | rgb.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
        opaque[TRANSPARENT] = 0
        self._pictures = Pictures(size, "pal8")
        for picture in self._pictures:
            picture.planes[1].update(opaque.tobytes())
        self._codec = av.CodecContext.create("gif", "w")
        self._codec.width, self._codec.height = size.width, size.height
        self._codec.pix_fmt, self._codec.time_base = "pal8", Fraction(1, 100)
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
        self._file.write(TRAILER)
        self._file.close()
        return self._written

    def abandon(self) -> None:
        """Close the file as it is."""
        self._file.close()

    @staticmethod
    def notes(fps: Fraction) -> tuple[str, ...]:
        """Delays are whole hundredths of a second, and browsers slow down those under two."""
        if fps > 50:
            return (f"browsers play a GIF at 50 frames a second at most, so {float(fps):g} fps plays slower",)
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
        picture = self._pictures.next()
        copy_plane(frame.indices, picture.planes[0])
        picture.pts, picture.time_base = round(100 * frame.pts), Fraction(1, 100)
        for packet in self._codec.encode(picture):
            data = bytes(packet)
            if self._written == 0:
                self._file.write(data[:HEADER] + LOOP_FOREVER)
                data = data[HEADER:]
            # A graphic control extension opens each picture: 21 F9 04, flags, delay (two bytes), transparent
            # index, 00 (GIF89a, section 23).
            if data[:3] != b"\x21\xf9\x04":
                raise AssertionError("FFmpeg's GIF packets have another form than before")
            self._file.write(data[:4] + delay.to_bytes(2, "little") + data[6:])
            self._written += 1
