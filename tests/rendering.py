"""Helpers for tests of rendering: decoders, photos, and colors computed without reelnet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from PIL import Image

from reelnet.template.color import Rgb
from tests.make_run import Bytes, Floats

EVERY_STEP = (
    "timeline.steps=all",
    "timeline.fps=10",
    "timeline.start_pause=0",
    "timeline.end_pause=0",
)
"""Settings that show every step once for 1/10 s."""

ANCHORS = (
    (156, 17, 39),
    (200, 64, 59),
    (233, 138, 108),
    (248, 205, 184),
    (245, 246, 248),
    (194, 220, 236),
    (116, 176, 214),
    (47, 124, 186),
    (17, 77, 140),
)
"""The default colormap, from -1 (red) over a gray that is nearly white to +1 (blue)."""

WHITE_ANCHORS = (*ANCHORS[:4], (255, 255, 255), *ANCHORS[5:])
"""The colormap of plain and of the paper theme, over white."""

SMALL_TYPE = {"text": 12, "title": 20}
"""The theme of tests that count pixels: its sizes stay when those of the default theme change."""


def color_values(
    values: Floats, low: float = -1.0, high: float = 1.0, anchors: Sequence[Rgb] = ANCHORS
) -> Floats:
    """The colors (…, 3) of values, with the colormap from low to high; not rounded."""
    at = np.linspace(low, high, len(anchors))
    return np.stack([np.interp(values, at, [a[k] for a in anchors]) for k in range(3)], axis=-1)


def color_bounds(values: Floats, slack: float, anchors: Sequence[Rgb] = ANCHORS) -> tuple[Floats, Floats]:
    """The smallest and largest red, green and blue of all values that differ from `values` by `slack` at most."""
    near = np.stack([color_values(values + slack * part, anchors=anchors) for part in np.linspace(-1, 1, 9)])
    return np.floor(near.min(axis=0)), np.ceil(near.max(axis=0))


def box_maps(maps: Floats, box: int, scale: int) -> Floats:
    """The value of each pixel, (channels · box, samples · box), of upscaled maps; NaN around the maps."""
    samples, channels, height, width = maps.shape
    grid = np.full((channels * box, samples * box), np.nan)
    for sample in range(samples):
        for channel in range(channels):
            cell = np.kron(maps[sample, channel], np.ones((scale, scale)))
            y = channel * box + (box - height * scale) // 2
            x = sample * box + (box - width * scale) // 2
            grid[y : y + height * scale, x : x + width * scale] = cell
    return grid


def to_pixels(image: Image.Image) -> Bytes:
    """An RGB image as uint8 (height, width, 3)."""
    assert image.mode == "RGB"
    return np.asarray(image)


@dataclass(frozen=True)
class Gif:
    """A GIF as decoded by Pillow.

    Attributes:
        frames: The frames in RGB.
        delays: The delay of each frame in hundredths of a second.
        loop: The number of repetitions; 0 for an endless loop, None without a loop.
    """

    frames: list[Bytes]
    delays: list[int]
    loop: int | None


def decode_gif(path: Path) -> Gif:
    """Read a GIF with Pillow."""
    frames, delays = [], []
    with Image.open(path) as image:
        loop = image.info.get("loop")
        for number in range(image.n_frames):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")))
            delays.append(round(image.info["duration"] / 10))
    return Gif(frames, delays, loop)


def decode_mp4(path: Path) -> list[Bytes]:
    """Decode an MP4 with PyAV, and convert it to RGB by the definition of BT.709, limited range."""
    with av.open(str(path)) as container:
        return [to_rgb(frame) for frame in container.decode(video=0)]


def to_rgb(frame: av.VideoFrame) -> Bytes:
    """Convert a yuv420p frame to RGB (height, width, 3); each chroma sample covers 2×2 pixels."""
    planes, (height, width) = frame.to_ndarray(format="yuv420p").astype(float), (frame.height, frame.width)
    y = (planes[:height] - 16) / 219
    u, v = planes[height:].reshape(2, height // 2, width // 2)
    cb, cr = (np.kron((plane - 128) / 224, np.ones((2, 2))) for plane in (u, v))
    red, blue = y + 1.5748 * cr, y + 1.8556 * cb
    green = (y - 0.2126 * red - 0.0722 * blue) / 0.7152
    rgb: Bytes = np.rint(255 * np.clip(np.stack([red, green, blue], axis=-1), 0, 1)).astype(np.uint8)
    return rgb


def photos(count: int, side: int = 32) -> Bytes:
    """Pictures with a gradient, a disk and noise, like photos: thousands of colors."""
    down, right = np.mgrid[:side, :side] / side
    found = []
    for number in range(count):
        random = np.random.default_rng(number)
        base, one, other = (
            random.uniform(0, 255, 3),
            random.uniform(-120, 120, 3),
            random.uniform(-120, 120, 3),
        )
        picture = base + one * right[..., None] + other * down[..., None]
        y, x = random.uniform(0.3, 0.7, 2)
        picture[(right - x) ** 2 + (down - y) ** 2 < 0.05] = random.uniform(0, 255, 3)
        found.append(picture + 8 * random.normal(size=(side, side, 3)))
    return np.stack(found).clip(0, 255).astype(np.uint8)
