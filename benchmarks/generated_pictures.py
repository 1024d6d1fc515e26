"""Color pictures that change slowly, as a generator's do while it learns: smooth shades with textures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from decoding import Rgb
from numpy.typing import NDArray
from PIL import Image

PICTURES, SIDE, SCALE = 6, 64, 2
"""Pictures per row and column, pixels per side of a picture, and the factor by which they are upscaled."""

OCTAVES = {4: 50, 8: 30, 16: 18, 32: 8, 64: 4}
"""The contrast of details, by the number of them along a side."""


def generate_pictures(frames: int) -> Iterator[Rgb]:
    """Frames of a square grid of pictures, uint8 (height, width, 3)."""
    random = np.random.default_rng(0)
    count = PICTURES * PICTURES * 3
    fields = {side: random.normal(0, 1, (count, side, side)) for side in OCTAVES}
    for _ in range(frames):
        shades = np.full((count, SIDE, SIDE), 128.0)
        for side, field in fields.items():
            # A walk that keeps its variance.
            field *= 0.97
            field += random.normal(0, 0.243, field.shape)
            shades += OCTAVES[side] * np.stack([_enlarge(each) for each in field])
        tiles = np.clip(shades, 0, 255).astype(np.uint8).reshape(PICTURES, PICTURES, 3, SIDE, SIDE)
        frame = tiles.transpose(0, 3, 1, 4, 2).reshape(PICTURES * SIDE, PICTURES * SIDE, 3)
        yield frame.repeat(SCALE, axis=0).repeat(SCALE, axis=1)


def _enlarge(field: NDArray[np.float64]) -> NDArray[np.float32]:
    """A field at the size of a picture."""
    image = Image.fromarray(field.astype(np.float32))
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
