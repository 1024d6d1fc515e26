"""Video files: MP4, WebM, AVIF and MOV, their pixels indexed straight from the palette."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError
from reelnet.export.encoders.base import check_cap
from reelnet.export.encoders.formats import (
    DEFAULT_SETTINGS,
    EncoderSettings,
    check_fps,
    find_codec,
    find_format,
)
from reelnet.export.encoders.pixel_formats import Pictures, pixels
from reelnet.export.encoders.video_codecs import add_stream, tag
from reelnet.render.compositor import Frame
from reelnet.scene.layout.boxes import Size

CONTAINERS: Mapping[str, tuple[str, dict[str, str]]] = {
    ".mp4": ("mp4", {"movflags": "+faststart"}),
    ".webm": ("webm", {}),
    ".avif": ("avif", {"loop": "0"}),
    ".mov": ("mov", {}),
}
"""FFmpeg's muxer and its options, by suffix. An MP4 has its index at the front; an AVIF loops forever."""

AHEAD = 6
"""Frames that may wait for the codec."""


class VideoEncoder:
    """Writes a video with FFmpeg's codecs and containers."""

    def __init__(
        self,
        path: Path,
        size: Size,
        rgb: NDArray[np.uint8],
        fps: Fraction,
        settings: EncoderSettings = DEFAULT_SETTINGS,
    ) -> None:
        form = find_format(path)
        codec = find_codec(form, settings)
        check_fps(form, fps)
        self._path, self._fps, self._ahead = path, fps, codec.dts_offset
        self._limit = settings.cap
        pixel = codec.choose_pixel_format(lossless=settings.lossless)
        self._pixels, self._pictures = pixels(pixel, rgb), Pictures(size, pixel, AHEAD + 3)
        if pixel.startswith("yuv"):
            for picture in self._pictures:
                tag(picture)
        self._added, self._bytes, self._muxed = 0, 0, 0
        self._failed = False
        self._waiting: deque[Future[None]] = deque()
        container, container_options = CONTAINERS[form.suffix]
        self._container = av.open(f"file:{path}", "w", format=container, options=dict(container_options))
        self._worker = ThreadPoolExecutor(1)
        try:
            self._stream = add_stream(self._container, codec, size, fps, settings)
        except BaseException:
            self.close()
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
            check_cap(self._path, self._limit, self._bytes, self._muxed)
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
        self.close()
        found = frames_in(self._path)
        if found != self._added:
            raise ReelnetError(
                f"{self._path}: {found} of {self._added} frames arrived in the file; try again"
            )
        check_cap(self._path, self._limit, self._path.stat().st_size, found)
        return found

    def close(self) -> None:
        """Close the file as it is."""
        self._worker.shutdown(cancel_futures=True)
        self._container.close()

    @staticmethod
    def notes(fps: Fraction) -> tuple[str, ...]:
        """Any pace can be kept."""
        return ()


def frames_in(path: Path) -> int:
    """The frames of a video; an AVIF also has a still, which does not count."""
    with av.open(f"file:{path}") as container:
        counts = [0] * len(container.streams)
        for packet in container.demux():
            counts[packet.stream.index] += packet.size > 0
        return max(counts)
