"""The grid on which cells begin: that of the transform blocks of video codecs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

TRANSFORM_BLOCK = 8
"""Side of a transform block of H.264 in pixels. Four pixels off this grid, values of 8 pixels take more than twice
the bytes, at 14 dB less."""

MIN_PREFERRED = Fraction(6, 7)
"""How much smaller, or by its inverse larger, maps may become for a scale that video codecs prefer."""


@dataclass(frozen=True)
class SnapGrid:
    """Multiples of a number of layout pixels.

    Attributes:
        step: Distance of the lines; with 1, everything may begin everywhere.
    """

    step: int = TRANSFORM_BLOCK

    def for_values(self, scale: int) -> SnapGrid:
        """The grid that matters for values of `scale` pixels.

        Values of 8 pixels fill blocks of 8, and values of 4 or 12 blocks of 4; other even values keep to the samples
        of chroma, of which videos have one per 2 × 2 pixels. Odd values cannot, wherever they begin: their colors
        blur at every quality, to a PSNR of 27 to 31 dB.
        """
        return SnapGrid(math.gcd(scale, self.step))

    def round_up(self, pixels: int) -> int:
        """The first line at or after `pixels`."""
        return -(-pixels // self.step) * self.step

    def round_down(self, pixels: int) -> int:
        """The last line at or before `pixels`."""
        return pixels // self.step * self.step

    def center(self, free: int) -> int:
        """The line nearest to the middle of `free` pixels, at most `free`; 0 if `free` is negative."""
        return self.round_down((max(0, free) + self.step - self.step % 2) // 2)

    def prefer_scale(self, wanted: int, least: Fraction, most: Fraction) -> int:
        """The scale whose values meet most lines: `wanted`, or a better one from `least` to `most`.

        Of equally good ones it is that nearest to `wanted`.
        """
        scales = [wanted, *range(max(1, math.ceil(least)), math.floor(most) + 1)]
        best: int = max(scales, key=lambda scale: (math.gcd(scale, self.step), -abs(scale - wanted)))
        return best
