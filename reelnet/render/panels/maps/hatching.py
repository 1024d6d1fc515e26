"""The hatching of values that are not finite, which no color of a map can be mistaken for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reelnet.scene.palette.palette import Ink, PaletteBuilder
from reelnet.scene.panel import Canvas
from reelnet.template.color import Rgb
from reelnet.template.theme import Theme

PERIOD, STRIPE = 4, 2
"""Pixels of the layout from one diagonal stripe to the next, and in a stripe: a value of 4 pixels and more shows both
colors."""

MISSING_LABEL = "NaN or infinite"
"""What the key of a color bar says."""


class Hatching:
    """Diagonal stripes in the theme's color of missing values and in one nearer to its ink.

    The stripes follow the canvas, not the value: they run on from one missing value to the next, and two neighbors of
    one pixel each are seen, too.
    """

    def __init__(self, theme: Theme, palette: PaletteBuilder, density: int) -> None:
        self._density = density
        self._stripe, self._ground = palette.solids(choose_stripe(theme), theme.missing)

    def indices_at(self, y: NDArray[np.intp], x: NDArray[np.intp]) -> Canvas:
        """The palette indices of pixels of the canvas, broadcast from their rows and columns."""
        indices: Canvas = np.where(
            (y + x) // self._density % PERIOD < STRIPE, self._stripe.indices[0], self._ground.indices[0]
        )
        return indices

    @property
    def inks(self) -> tuple[Ink, Ink, int]:
        """The inks of the stripes and of the ground, and the width of a stripe in pixels."""
        return self._stripe, self._ground, STRIPE * self._density


def choose_stripe(theme: Theme) -> Rgb:
    """The color half way from that of missing values to the theme's ink."""
    red, green, blue = ((a + b) // 2 for a, b in zip(theme.missing, theme.ink, strict=True))
    return red, green, blue


def find_missing(values: NDArray[np.generic]) -> NDArray[np.bool_] | None:
    """Which values are NaN or infinite; None if there is none."""
    finite = np.isfinite(values)
    return None if finite.all() else ~finite
