"""MP4: H.264 that browsers play, its planes indexed straight from the palette."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

from reelnet.compose.compositor import Frame
from reelnet.errors import ReelnetError
from reelnet.export.pictures import Pictures, rows_of
from reelnet.scene.layout import Size

X264_OPTIONS = {"crf": "10", "preset": "medium", "x264-params": "psy=0:aq-mode=0:no-mbtree=1"}
"""Constant quality at which flat cells keep their colour within 4 of 255 levels, even when every cell changes in
every frame. The psychovisual tools are for films: they trade exact colours for grain that is not here."""


AHEAD = 6
"""Frames that may wait for x264."""


class Mp4Encoder:
    """Writes an MP4 with H.264 in yuv420p, BT.709 limited range, tagged as such, index at the front."""

    def __init__(self, path: Path, size: Size, rgb: NDArray[np.uint8], fps: Fraction) -> None:
        self._path, self._fps = path, fps
        self._planes, self._pictures = Planes(rgb), Pictures(size, "yuv420p", AHEAD + 3)
        self._worker = ThreadPoolExecutor(1)
        self._waiting: deque[Future[None]] = deque()
        self._container = av.open(f"file:{path}", "w", format="mp4", options={"movflags": "+faststart"})
        self._stream = add_h264(self._container, size, fps)
        self._added = 0

    def add(self, frame: Frame) -> None:
        """Encode the next frame; one that stays is repeated, which costs next to no bytes.

        A single picture with a longer duration would do for most players, but the last one's is lost.
        """
        begin = round(frame.pts * self._fps)
        for number in range(begin, round((frame.pts + frame.duration) * self._fps)):
            picture = self._pictures.next()
            self._planes.fill(frame.indices, picture)
            picture.pts, picture.time_base = number, 1 / self._fps
            # x264 works in a thread of its own while the next frames are composed.
            while len(self._waiting) > AHEAD:
                self._waiting.popleft().result()
            self._waiting.append(self._worker.submit(self._encode, picture))
            self._added += 1

    def _encode(self, picture: av.VideoFrame | None) -> None:
        self._container.mux(self._stream.encode(picture))

    def finish(self) -> int:
        """Complete the file, read it again, and give the number of frames in it."""
        while self._waiting:
            self._waiting.popleft().result()
        self._encode(None)
        self.abandon()
        with av.open(f"file:{self._path}") as written:
            found = sum(packet.size > 0 for packet in written.demux(video=0))
        if found != self._added:
            raise ReelnetError(
                f"{self._path}: {found} of {self._added} frames arrived in the file; try again"
            )
        return found

    def abandon(self) -> None:
        """Close the file as it is."""
        self._worker.shutdown(cancel_futures=True)
        self._container.close()

    @staticmethod
    def notes(fps: Fraction) -> tuple[str, ...]:
        """Any pace can be kept."""
        return ()


def add_h264(container: av.container.OutputContainer, size: Size, fps: Fraction) -> av.VideoStream:
    """Add a stream for yuv420p frames in BT.709, limited range, to a container."""
    stream = container.add_stream("libx264", rate=fps, options=dict(X264_OPTIONS))
    stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"
    codec = stream.codec_context
    codec.time_base = 1 / fps
    codec.color_range, codec.colorspace = ColorRange.MPEG, Colorspace.ITU709
    codec.color_primaries, codec.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return stream


class Planes:
    """Palette indices to Y, U and V.

    The palette is converted once, exactly (ITU-R BT.709-6, limited range, rounded once), where swscale's
    conversion of RGB frames is up to 11 of 255 off.

    Args:
        rgb: The palette, uint8 (256, 3).
    """

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        red, green, blue = rgb.astype(np.float64).T / 255
        luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        self._y, self._u, self._v = (
            np.rint(plane).astype(np.uint8)
            for plane in (
                16 + 219 * luma,
                128 + 224 * (blue - luma) / 1.8556,
                128 + 224 * (red - luma) / 1.5748,
            )
        )

    def fill(self, indices: NDArray[np.uint8], picture: av.VideoFrame) -> None:
        """Put a frame (height, width) with even sides into a yuv420p picture of its size.

        Chroma is the mean of 2×2 pixels, which is exact where cells stand on even pixels.
        """
        height, width = indices.shape
        # Upscaled rows repeat: a pair of rows that equals the pair above it is converted once.
        double = np.ascontiguousarray(indices).reshape(height // 2, 2 * width)
        fresh = np.ones(height // 2, bool)
        (double[1:] != double[:-1]).any(axis=1, out=fresh[1:])
        found = double[fresh]
        where = np.cumsum(fresh) - 1
        y, u, v = (rows_of(plane) for plane in picture.planes)
        luma = looked_up(self._y, found).reshape(-1, 2, width)
        np.take(luma, where, axis=0, out=y.reshape(height // 2, 2, width), mode="clip")
        for rows, into in zip(self._chroma(found[:, :width], found[:, width:]), (u, v), strict=True):
            np.take(rows, where, axis=0, out=into, mode="clip")

    def _chroma(
        self, upper: NDArray[np.uint8], lower: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """U and V of pairs of rows, (pairs, width / 2)."""
        # Two neighbours in a row are one 16-bit number: a look at whole numbers finds the 2×2 blocks that are
        # not of one colour. They are where text, curves and edges are; only there a mean must be taken.
        twos = upper.view(np.uint16)
        corner = (twos & 0xFF).astype(np.uint8)
        mixed = np.flatnonzero(((upper != lower).view(np.uint16) != 0) | (twos >> 8 != twos & 0xFF))
        u, v = looked_up(self._u, corner).copy(), looked_up(self._v, corner).copy()
        rows, columns = np.divmod(mixed, corner.shape[1])
        four = np.stack([half[rows, 2 * columns + side] for half in (upper, lower) for side in (0, 1)])
        for plane, table in ((u, self._u), (v, self._v)):
            plane[rows, columns] = (table[four].sum(axis=0, dtype=np.uint16) + 2) >> 2
        return u, v


def looked_up(table: NDArray[np.uint8], indices: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`table[indices]` for a table of 256 bytes, read-only; `bytes.translate` is twice as fast as numpy here."""
    return np.frombuffer(indices.tobytes().translate(table.tobytes()), np.uint8).reshape(indices.shape)
