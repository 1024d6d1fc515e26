"""Video files: MP4, WebM, AVIF and MOV, their pixels indexed straight from the palette."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import av
import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError
from reelnet.export.encoders.base import require_below
from reelnet.export.encoders.formats import FORMATS
from reelnet.export.encoders.pixel_formats import Pictures, pixels
from reelnet.export.encoders.settings import USUAL, EncoderOptions, check_pace, codec_of
from reelnet.export.encoders.video_codecs import add_stream, tag
from reelnet.render.compositor import Frame
from reelnet.scene.layout.boxes import Size

AHEAD = 6
"""Frames that may wait for the codec."""


class VideoEncoder:
    """Writes a video with FFmpeg's codecs and containers."""

    suffix: ClassVar[str]
    container: ClassVar[str]
    container_options: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        path: Path,
        size: Size,
        rgb: NDArray[np.uint8],
        fps: Fraction,
        options: EncoderOptions = USUAL,
    ) -> None:
        form = FORMATS[self.suffix]
        codec = codec_of(form, options)
        check_pace(form, fps)
        self._path, self._fps, self._ahead = path, fps, codec.ahead
        self._limit = options.limit
        pixel = codec.pixels_of(lossless=options.lossless)
        self._pixels, self._pictures = pixels(pixel, rgb), Pictures(size, pixel, AHEAD + 3)
        if pixel.startswith("yuv"):
            for picture in self._pictures:
                tag(picture)
        self._added, self._bytes, self._muxed = 0, 0, 0
        self._failed = False
        self._waiting: deque[Future[None]] = deque()
        self._container = av.open(
            f"file:{path}", "w", format=self.container, options=dict(self.container_options)
        )
        self._worker = ThreadPoolExecutor(1)
        try:
            self._stream = add_stream(self._container, codec, size, fps, options)
        except BaseException:
            self.abandon()
            raise

    def add(self, frame: Frame) -> None:
        """Encode the next frame; one that stays is repeated, which costs next to no bytes.

        A single picture with a longer duration would do for most players, but the last one's is lost.
        """
        begin = round(frame.pts * self._fps)
        for number in range(begin, round((frame.pts + frame.duration) * self._fps)):
            picture = self._pictures.next()
            self._pixels.fill(frame.indices, picture)
            picture.pts, picture.time_base = number, 1 / self._fps
            # The codec works in a thread of its own while the next frames are composed.
            while len(self._waiting) > AHEAD:
                self._waiting.popleft().result()
            self._waiting.append(self._worker.submit(self._encode, picture))
            self._added += 1

    def _encode(self, picture: av.VideoFrame | None) -> None:
        # FFmpeg crashes if it is given more after a failure, and frames may be waiting here.
        if self._failed:
            return
        self._failed = True
        for packet in self._stream.encode(picture):
            self._bytes += packet.size
            self._muxed += 1
            require_below(self._path, self._limit, self._bytes, self._muxed)
            if self._ahead is not None:
                # Of videos of one or two frames FFmpeg's x265 leaves the time of decoding as it finds the memory.
                packet.dts = self._muxed - 1 - self._ahead
            self._container.mux(packet)
        self._failed = False

    def finish(self) -> int:
        """Complete the file, read it again, and give the number of frames in it."""
        while self._waiting:
            self._waiting.popleft().result()
        self._encode(None)
        self.abandon()
        found = frames_in(self._path)
        if found != self._added:
            raise ReelnetError(
                f"{self._path}: {found} of {self._added} frames arrived in the file; try again"
            )
        require_below(self._path, self._limit, self._path.stat().st_size, found)
        return found

    def abandon(self) -> None:
        """Close the file as it is."""
        self._worker.shutdown(cancel_futures=True)
        self._container.close()

    @staticmethod
    def notes(fps: Fraction) -> tuple[str, ...]:
        """Any pace can be kept."""
        return ()


class Mp4Encoder(VideoEncoder):
    """Writes an MP4 in yuv420p that browsers play, its index at the front."""

    suffix, container, container_options = ".mp4", "mp4", {"movflags": "+faststart"}


class WebmEncoder(VideoEncoder):
    """Writes a WebM: yuv420p, or the palette's exact colours as lossless VP9 in RGB."""

    suffix, container = ".webm", "webm"


class AvifEncoder(VideoEncoder):
    """Writes an animated AVIF in yuv420p that is played for ever."""

    suffix, container, container_options = ".avif", "avif", {"loop": "0"}


class MovEncoder(VideoEncoder):
    """Writes a MOV for editing: exact colours as QuickTime Animation, or ProRes 4444 in 10 bits."""

    suffix, container = ".mov", "mov"


def frames_in(path: Path) -> int:
    """The frames of a video; an AVIF also has a still, which does not count."""
    with av.open(f"file:{path}") as container:
        counts = [0] * len(container.streams)
        for packet in container.demux():
            counts[packet.stream.index] += packet.size > 0
        return max(counts)
