"""Helpers for tests of encoders: test frames, an encoder and independent decoders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.content import Content
from reelnet.export.encoders.encode import encode_frames
from reelnet.export.encoders.formats import DEFAULT_SETTINGS, EncoderSettings
from reelnet.render.compositor import Frame
from reelnet.scene.layout.boxes import Size
from tests.make_run import Bytes

WIDTH, HEIGHT = 64, 48
PACES = [Fraction(pace) for pace in (10, 12, 24, 25, 30, 50, 60)] + [Fraction(30_000, 1001)]


@dataclass(frozen=True)
class Decoded:
    """The decoded content of a file.

    Attributes:
        frames: RGB images, uint8 (height, width, 3).
        times: When each frame appears, in seconds.
        duration: The duration of all frames, in seconds.
    """

    frames: list[Bytes]
    times: list[float]
    duration: float


def palette() -> Bytes:
    """A colormap of 240 colors, and 16 random colors."""
    place = np.arange(256)
    rgb = np.stack([place, 255 - place, 128 + 60 * np.sin(place / 20)], axis=1).astype(np.uint8)
    rgb[240:] = np.random.default_rng(1).integers(0, 256, (16, 3))
    return rgb


def noise_pictures(count: int, height: int = HEIGHT, width: int = WIDTH) -> list[Bytes]:
    """Frames of random indices below 255."""
    values = np.random.default_rng(2).integers(0, 255, (count, height, width))
    return list(values.astype(np.uint8))


def cell_pictures(count: int) -> list[Bytes]:
    """Frames of 8×8 cells, some of which change from frame to frame."""
    random = np.random.default_rng(4)
    cells, found = random.integers(0, 240, (HEIGHT // 8, WIDTH // 8)), []
    for _ in range(count):
        change = random.random(cells.shape) < 0.3
        cells = np.where(change, random.integers(0, 240, cells.shape), cells)
        found.append(np.kron(cells, np.ones((8, 8))).astype(np.uint8))
    return found


def encode(
    path: Path,
    pictures: Sequence[Bytes],
    fps: Fraction = Fraction(10),
    settings: EncoderSettings = DEFAULT_SETTINGS,
    repeats: Sequence[int] | None = None,
) -> int:
    """Encode palette indices, and return the number of frames in the file.

    Args:
        path: The file.
        pictures: Palette indices, each (height, width).
        fps: The frame rate.
        settings: The settings of the encoder.
        repeats: The duration of each picture in units of 1 / `fps`; 1 by default.
    """
    height, width = pictures[0].shape
    frames, begin = [], 0
    for picture, repeat in zip(pictures, repeats or [1] * len(pictures), strict=True):
        frames.append(Frame(picture, begin / fps, repeat / fps))
        begin += repeat
    stream = StreamInfo(Size(width, height), palette(), fps, Content.BLOCKS)
    return encode_frames(frames, path, stream, settings)


def by_pillow(path: Path) -> Decoded:
    """Decode an animation with Pillow."""
    frames, delays = [], []
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            frames.append(np.asarray(image.convert("RGB")))
            delays.append(float(image.info["duration"]) / 1000)
    times = [0.0, *np.cumsum(delays)]
    return Decoded(frames, times[:-1], times[-1])


def by_ffmpeg(path: Path) -> Decoded:
    """Decode the longest track of a video with PyAV."""
    with av.open(f"file:{path}") as container:
        stream = max(container.streams.video, key=lambda each: each.frames)
        frames, times, end = [], [], 0.0
        for frame in container.decode(stream):
            assert frame.pts is not None
            assert frame.time_base is not None
            frames.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            times.append(float(frame.pts * frame.time_base))
        if container.duration is not None:
            end = container.duration / 1_000_000
    return Decoded(frames, times, end)


def colors(picture: Bytes) -> Bytes:
    """The RGB image of palette indices."""
    rgb: Bytes = palette()[picture]
    return rgb


def off(frame: Bytes, picture: Bytes) -> float:
    """The largest error at the center of the 8×8 cells, away from the neighbors of subsampled chroma."""
    return float(np.abs(frame.astype(int) - colors(picture))[3::8, 3::8].max())
