"""A reel whose frames are encoded in many ways, and what each file keeps: maps, text, and what rests."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from decoding import Rgb, compute_psnr, yuv_to_rgb
from x264_baseline import compose_frames, encode_pictures

from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.codec import Codec
from reelnet.export.encoders.codec_options import make_codec_options
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.reel import Reel
from reelnet.render.compositor import LevelSource

SAMPLE_EVERY = 12
"""Two neighbors of this many frames are decoded and compared."""


@dataclass(frozen=True)
class VideoFigures:
    """One encoded video.

    Attributes:
        bytes: The file size.
        cpu: CPU seconds of the encode, of all threads.
        maps: PSNR of RGB over the cells that change, in dB.
        text: PSNR of RGB over everything else, in dB.
        shimmer: The mean change of luma from frame to frame where the lossless frame is the same, of 255.
    """

    bytes: int
    cpu: float
    maps: float
    text: float
    shimmer: float


class VideoSubject:
    """A reel, its frames as yuv420p, and some of its lossless frames.

    Args:
        name: The name in tables.
        reel: The reel to encode.
        folder: The folder for the files.
        frames: The most frames; None for all.
    """

    def __init__(self, name: str, reel: Reel, folder: Path, frames: int | None = None) -> None:
        self.name, self.stream, self._path = name, StreamInfo.from_rendition(reel.rendition), folder / "a.mp4"
        self._reel, self._pictures = reel, compose_frames(reel)[:frames]
        height, width = self.stream.size.height, self.stream.size.width
        self._maps = np.zeros((height, width), bool)
        for region in reel.scene.cell_regions:
            for box in region.boxes if region.changes else ():
                self._maps[box.y : box.bottom, box.x : box.right] = True
        numbers = (
            first + side for first in range(0, len(self._pictures) - 1, SAMPLE_EVERY) for side in (0, 1)
        )
        self._exact = dict(_pick_frames(reel, set(numbers)))

    def encode(self, options: Mapping[str, str], encoder: str = "libx264") -> VideoFigures:
        """Encode the frames with FFmpeg's options for an encoder, and compare them."""
        start = _cpu_seconds()
        encode_pictures(self._pictures, self.stream, self._path, options, encoder)
        cpu = _cpu_seconds() - start
        return self.compare(self._path, cpu)

    def with_levels(self, levels: LevelSource) -> VideoSubject:
        """The same subject with other values to encode; its lossless frames stay."""
        changed = copy(self)
        changed._pictures = compose_frames(self._reel, levels)
        return changed

    def encode_with_settings(self, codec: Codec, settings: EncoderSettings) -> VideoFigures:
        """Encode the frames with reelnet's options for a codec."""
        return self.encode(make_codec_options(codec, settings, self.stream), codec.encoder)

    def compare(self, path: Path, cpu: float = 0.0) -> VideoFigures:
        """Compare the file of an encoder with the lossless frames."""
        squares, rests, before = [], [], None
        with av.open(str(path)) as container:
            container.streams.video[0].thread_type = "AUTO"
            for number, picture in enumerate(container.decode(video=0)):
                if number not in self._exact:
                    continue
                exact, luma = self._exact[number], picture.to_ndarray(format="yuv420p")[: picture.height]
                error = np.square(yuv_to_rgb(picture).astype(np.int32) - exact).mean(axis=-1)
                squares.append(
                    [error[where].mean() if where.any() else 0.0 for where in (self._maps, ~self._maps)]
                )
                if before is not None and before[0] == number - 1:
                    same = (exact == self._exact[number - 1]).all(axis=-1)
                    rests.append(float(np.abs(luma.astype(np.int16) - before[1])[same].mean()))
                before = number, luma.astype(np.int16)
        maps, text = (compute_psnr(float(value)) for value in np.mean(squares, axis=0))
        return VideoFigures(path.stat().st_size, cpu, maps, text, float(np.mean(rests)))


def _pick_frames(reel: Reel, numbers: set[int]) -> Iterator[tuple[int, Rgb]]:
    """The lossless frames of some numbers in the video, where longer frames are repeated."""
    number = 0
    for frame in reel.rendition.frames():
        for _ in range(round(frame.duration * reel.rendition.timeline.fps)):
            if number in numbers:
                yield number, reel.palette_rgb[frame.indices]
            number += 1


def interpolate_bytes(points: Sequence[VideoFigures], psnr: float) -> float:
    """The bytes at a PSNR of the maps, between two encodes or just beyond them."""
    ordered = sorted(points, key=lambda each: each.maps)
    sizes = np.log([each.bytes for each in ordered])
    slope = (sizes[-1] - sizes[0]) / (ordered[-1].maps - ordered[0].maps)
    known = [each.maps for each in ordered]
    if not known[0] <= psnr <= known[-1]:
        end = 0 if psnr < known[0] else -1
        return float(np.exp(sizes[end] + slope * (psnr - known[end])))
    return float(np.exp(np.interp(psnr, known, sizes)))


def _cpu_seconds() -> float:
    """The CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
