"""Frames that are encoded in many ways, and what each file keeps: maps, text, and what rests."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from common import FPS
from decoding import Rgb, compute_psnr, yuv_to_rgb
from numpy.typing import NDArray
from x264_baseline import compose_frames, encode_pictures

from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.codec import Codec
from reelnet.export.encoders.codec_options import make_codec_options
from reelnet.export.encoders.content import Content
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.export.encoders.pixel_formats import to_bt709
from reelnet.reel import Reel
from reelnet.render.compositor import LevelSource
from reelnet.scene.layout.boxes import Size

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


@dataclass(frozen=True)
class VideoSubject:
    """Frames as yuv420p, and some of them without loss.

    Attributes:
        stream: What the frames have in common.
        pictures: All frames, with their time stamps.
        exact: Some frames in RGB, by number.
        maps: Which pixels are in cells that change, bool (height, width).
        path: The file to write.
    """

    stream: StreamInfo
    pictures: Sequence[av.VideoFrame]
    exact: Mapping[int, Rgb]
    maps: NDArray[np.bool_]
    path: Path

    @classmethod
    def from_reel(cls, reel: Reel, folder: Path, frames: int | None = None) -> VideoSubject:
        """All frames of a reel, or the first ones."""
        stream, pictures = StreamInfo.from_rendition(reel.rendition), compose_frames(reel)[:frames]
        maps = np.zeros((stream.size.height, stream.size.width), bool)
        for region in reel.scene.cell_regions:
            for box in region.boxes if region.changes else ():
                maps[box.y : box.bottom, box.x : box.right] = True
        exact = dict(_pick_frames(reel, _sample_numbers(len(pictures))))
        return cls(stream, pictures, exact, maps, folder / "a.mp4")

    @classmethod
    def from_photos(cls, frames: Sequence[Rgb], folder: Path) -> VideoSubject:
        """Color pictures that change."""
        height, width = frames[0].shape[:2]
        stream = StreamInfo(Size(width, height), np.zeros((256, 3), np.uint8), Fraction(FPS), Content.PHOTO)
        exact = {number: frames[number] for number in _sample_numbers(len(frames))}
        pictures = [rgb_to_yuv(frame) for frame in frames]
        for number, picture in enumerate(pictures):
            picture.pts, picture.time_base = number, Fraction(1, FPS)
        return cls(stream, pictures, exact, np.ones((height, width), bool), folder / "a.mp4")

    def with_levels(self, reel: Reel, levels: LevelSource) -> VideoSubject:
        """The same subject with other values of its reel to encode; its lossless frames stay."""
        return replace(self, pictures=compose_frames(reel, levels))

    def encode(self, options: Mapping[str, str], encoder: str = "libx264") -> VideoFigures:
        """Encode the frames with FFmpeg's options for an encoder, and compare them."""
        start = _cpu_seconds()
        encode_pictures(self.pictures, self.stream, self.path, options, encoder)
        cpu = _cpu_seconds() - start
        return self.compare(self.path, cpu)

    def encode_with_settings(self, codec: Codec, settings: EncoderSettings) -> VideoFigures:
        """Encode the frames with reelnet's options for a codec."""
        return self.encode(make_codec_options(codec, settings, self.stream), codec.encoder)

    def compare(self, path: Path, cpu: float = 0.0) -> VideoFigures:
        """Compare the file of an encoder with the lossless frames."""
        squares, rests, before = [], [], None
        with av.open(str(path)) as container:
            container.streams.video[0].thread_type = "AUTO"
            for number, picture in enumerate(container.decode(video=0)):
                if number not in self.exact:
                    continue
                exact, luma = self.exact[number], picture.to_ndarray(format="yuv420p")[: picture.height]
                error = np.square(yuv_to_rgb(picture).astype(np.int32) - exact).mean(axis=-1)
                squares.append(
                    [error[where].mean() if where.any() else 0.0 for where in (self.maps, ~self.maps)]
                )
                if before is not None and before[0] == number - 1:
                    same = (exact == self.exact[number - 1]).all(axis=-1)
                    rests.append(float(np.abs(luma.astype(np.int16) - before[1])[same].mean()))
                before = number, luma.astype(np.int16)
        maps, text = (compute_psnr(float(value)) for value in np.mean(squares, axis=0))
        return VideoFigures(path.stat().st_size, cpu, maps, text, float(np.mean(rests)))


def _sample_numbers(frames: int) -> set[int]:
    """The frames to compare: every so often one and the next."""
    return {first + side for first in range(0, frames - 1, SAMPLE_EVERY) for side in (0, 1)}


def rgb_to_yuv(frame: Rgb) -> av.VideoFrame:
    """A frame as yuv420p by the definition of BT.709; swscale would round twice."""
    height, width = frame.shape[:2]
    luma, *chroma = (plane.reshape(height, width) for plane in to_bt709(frame.reshape(-1, 3)))
    halves = [plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)) for plane in chroma]
    planes = np.concatenate([luma, *(half.reshape(-1, width) for half in halves)])
    return av.VideoFrame.from_ndarray(np.rint(planes).astype(np.uint8), format="yuv420p")


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
