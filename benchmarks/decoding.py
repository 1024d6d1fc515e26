"""Decode files with Pillow and PyAV, and measure PSNR and SSIM against the exact frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from common import FPS
from numpy.typing import NDArray
from PIL import Image

Rgb = NDArray[np.uint8]

SSIM_WINDOW = 8
"""The side of an SSIM window in pixels."""


@dataclass(frozen=True)
class Quality:
    """The quality of a file.

    Attributes:
        psnr: Over all frames and the three color channels, in dB; 99 for identical frames.
        ssim: The mean over every fifth frame; 1 for identical frames.
    """

    psnr: float
    ssim: float


def decode_frames(path: Path) -> Iterator[Rgb]:
    """Decode a GIF, WebP, APNG or video to RGB frames; merged frames are repeated."""
    if path.suffix in (".mp4", ".webm"):
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield yuv_to_rgb(frame)
        return
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            shown = np.asarray(image.convert("RGB"))
            for _ in range(round(image.info["duration"] * FPS / 1000)):
                yield shown


def yuv_to_rgb(frame: av.VideoFrame) -> Rgb:
    """Convert a yuv420p frame to RGB by the definition of its matrix; swscale would round.

    A file without a tag is BT.601, the default of swscale.
    """
    red_part, blue_part = (0.2126, 0.0722) if frame.colorspace == 1 else (0.299, 0.114)
    planes, height = frame.to_ndarray(format="yuv420p").astype(np.float32), frame.height
    luma = (planes[:height] - 16) / 219
    halves = planes[height:].reshape(2, height // 2, -1)
    blue, red = ((half.repeat(2, 0).repeat(2, 1) - 128) / 224 for half in halves)
    red, blue = luma + 2 * (1 - red_part) * red, luma + 2 * (1 - blue_part) * blue
    green = (luma - red_part * red - blue_part * blue) / (1 - red_part - blue_part)
    rgb: Rgb = np.rint(255 * np.clip(np.stack([red, green, blue], axis=-1), 0, 1)).astype(np.uint8)
    return rgb


def measure_quality(exact: Iterable[Rgb], found: Iterable[Rgb]) -> Quality:
    """Compare frames with the exact ones; both must have the same number of frames."""
    squares, similar = [], []
    for number, (one, other) in enumerate(zip(exact, found, strict=True)):
        difference = one.astype(np.int16) - other
        squares.append(float(np.square(difference, dtype=np.int32).mean()))
        if number % 5 == 0:
            similar.append(compute_ssim(one, other))
    return Quality(compute_psnr(float(np.mean(squares))), float(np.mean(similar)))


def compute_psnr(square: float) -> float:
    """The PSNR of a mean squared error, in dB."""
    return float(10 * np.log10(255**2 / square)) if square > 1e-5 else 99.0


def compute_ssim(one: Rgb, other: Rgb) -> float:
    """The structural similarity of the luma of two frames, over adjacent windows.

    Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE Transactions on Image Processing 13 (2004); with adjacent square windows
    instead of Gaussian ones.
    """
    height, width = (side // SSIM_WINDOW * SSIM_WINDOW for side in one.shape[:2])
    x, y = (
        (each[:height, :width] @ np.array([0.2126, 0.7152, 0.0722]))
        .reshape(height // SSIM_WINDOW, SSIM_WINDOW, width // SSIM_WINDOW, SSIM_WINDOW)
        .transpose(0, 2, 1, 3)
        .reshape(-1, SSIM_WINDOW * SSIM_WINDOW)
        for each in (one, other)
    )
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_x, mean_y = x.mean(axis=1), y.mean(axis=1)
    common = (x * y).mean(axis=1) - mean_x * mean_y
    structure = (2 * common + high) / (x.var(axis=1) + y.var(axis=1) + high)
    light = (2 * mean_x * mean_y + low) / (mean_x**2 + mean_y**2 + low)
    return float((structure * light).mean())
