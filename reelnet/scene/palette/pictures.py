"""Fixed pictures: photos, logos and color samples, in all their colors and reduced to few."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reelnet.scene.palette.color_reduction import pack_rgb, reduce_colors, unpack_rgb
from reelnet.template.color import Rgb

Indices = NDArray[np.uint8 | np.uint16]
"""Palette indices: of 8 bits, or of 16 where 255 colors are not enough."""


class FixedPicture:
    """Pictures that never change, as palette indices once the palette is frozen.

    Args:
        rgb: uint8 (n, height, width, 3).
        share: The largest number of colors that they get in frames of 8 bits.
        keep: A color that is never changed if the pictures have it.

    Attributes:
        packed: The colors as numbers 0xRRGGBB, uint32 (n, height, width).
        color_count: Number of different colors.
        wanted_colors: Number of colors that they ask for in frames of 8 bits.
        reduced_colors: The colors in frames of 8 bits, uint8 (k, 3); set by `reduce`.
        reduced_numbers: Which of these each pixel has, uint8 (n, height, width); set by `reduce`.
        indices: Palette indices in frames of 8 bits, (n, height, width); set by `PaletteBuilder.freeze`.
        indices_16bit: Palette indices in frames of 16 bits, likewise; not set if nothing was reduced.
    """

    reduced_colors: NDArray[np.uint8]
    reduced_numbers: NDArray[np.uint8]
    indices: Indices
    indices_16bit: NDArray[np.uint16]

    def __init__(self, rgb: NDArray[np.uint8], share: int, keep: Rgb | None) -> None:
        self._rgb, self._keep = rgb, keep
        self.packed = pack_rgb(rgb)
        self.color_count = len(np.unique(self.packed))
        self.wanted_colors = min(self.color_count, share)

    @property
    def is_reduced(self) -> bool:
        """Whether they have fewer colors in frames of 8 bits."""
        return self.color_count > len(self.reduced_colors)

    def reduce(self, max_colors: int) -> None:
        """Choose the colors for frames of 8 bits."""
        self.reduced_numbers, self.reduced_colors = _reduce_cached(
            self._rgb.tobytes(), self._rgb.shape, max_colors, self._keep
        )

    def indices_for(self, canvas: Indices) -> Indices:
        """The palette indices (n, height, width) for a canvas of this dtype."""
        return self.indices_16bit if self.is_reduced and canvas.dtype == np.uint16 else self.indices


@lru_cache(maxsize=8)
def _reduce_cached(
    data: bytes, shape: tuple[int, ...], max_colors: int, keep: Rgb | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """`reduce_colors`, cached: a search, or a person who edits a template, resolves a scene again and again."""
    return reduce_colors(np.frombuffer(data, np.uint8).reshape(shape), max_colors, keep)


def index_all_colors(
    pictures: Sequence[NDArray[np.uint32]], max_colors: int
) -> tuple[NDArray[np.uint8], list[NDArray[np.intp]]]:
    """Number all colors of some pictures, dropping as few low bits as it takes to have at most `max_colors`.

    With 7 bits per channel a color is off by at most 1 of 255, with 6 bits by at most 2.

    Args:
        pictures: Packed colors, 0xRRGGBB.
        max_colors: The largest number of different colors.

    Returns:
        The colors, uint8 (k, 3), and each picture as numbers of them.
    """
    flat = np.concatenate([picture.ravel() for picture in pictures] or [np.empty(0, np.uint32)])
    for bits in range(8):
        mask = 0x010101 * (0xFF >> bits << bits)
        colors, numbers = np.unique(flat & mask, return_inverse=True)
        if len(colors) <= max_colors:
            break
    ends = np.cumsum([picture.size for picture in pictures])[:-1]
    # Colors that became one are replaced by their middle.
    middle = np.uint32(0x010101 * (1 << bits >> 1))
    parts = np.split(numbers.ravel(), ends) if pictures else []
    shaped = [part.reshape(picture.shape) for part, picture in zip(parts, pictures, strict=True)]
    return unpack_rgb(colors.astype(np.uint32) | middle), shaped
