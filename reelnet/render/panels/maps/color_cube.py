"""Colors that change from frame to frame, as indices of a palette that is fixed for the whole animation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas

SHADES = 31
"""Shades of red, of green and of blue: an odd number, so that 0 is one, and a color is off by at most 5 of 255."""
SHARE = 176
"""The largest number of colors in frames of 8 bits."""


class ColorCube:
    """The colors of pictures over a run, each rounded to one of `SHADES` shades of red, green and blue.

    Frames of 16 bits have all that occur. Frames of 8 bits have those that suit the pictures best.

    Args:
        values: Pictures that the run shows, float64 (n, height, width, 3): −1 is no light, 0 half, and 1 full light.
        palette: Where the colors come from.
    """

    def __init__(self, values: NDArray[np.float64], palette: PaletteBuilder) -> None:
        levels = to_shades(values)
        shades = np.rint(np.linspace(0, 255, SHADES)).astype(np.uint8)
        self._numbers, first = np.unique(number_colors(levels), return_index=True)
        self._places = first
        self._colors = np.stack(np.unravel_index(self._numbers, (SHADES,) * 3), axis=1).astype(np.int64)
        self._picture = palette.picture(shades[levels], SHARE)

    def find_indices(self, values: NDArray[np.float64], canvas: Canvas) -> Canvas:
        """The palette indices (n, height, width) of pictures (n, height, width, 3) for a canvas of this depth."""
        wanted, inverse = np.unique(number_colors(to_shades(values)), return_inverse=True)
        places = np.searchsorted(self._numbers, wanted).clip(max=len(self._numbers) - 1)
        for other in np.flatnonzero(self._numbers[places] != wanted):
            color = np.array(np.unravel_index(wanted[other], (SHADES,) * 3))
            places[other] = np.argmin(((self._colors - color) ** 2).sum(axis=1))
        known = self._picture.indices_for(canvas).ravel()[self._places]
        indices: Canvas = known[places][inverse.reshape(values.shape[:-1])]
        return indices


def to_shades(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Round values from −1 to 1 to shades; what is not finite counts as 0."""
    finite = np.where(np.isfinite(values), values, 0.0)
    return np.rint((np.clip(finite, -1, 1) + 1) / 2 * (SHADES - 1)).astype(np.intp)


def number_colors(levels: NDArray[np.intp]) -> NDArray[np.intp]:
    """One number per color of shades (…, 3)."""
    numbers: NDArray[np.intp] = (levels[..., 0] * SHADES + levels[..., 1]) * SHADES + levels[..., 2]
    return numbers
