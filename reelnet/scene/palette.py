"""The colours of a reel, as index → RGB."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError
from reelnet.template.colour import Rgb

COLOURS = 255
"""Indices that frames may use. The 256th stays free: GIF needs a transparent one for what did not change."""


LEAST_LEVELS = 3
"""Levels without which a colormap shows nothing."""


class Ink:
    """Some colours of a palette, and their indices once the palette is mixed.

    Attributes:
        indices: uint8 (n,), the index of each of the ink's n colours; set by `Palette.mix`.
    """

    indices: NDArray[np.uint8]

    def __init__(self, colours: NDArray[np.uint8]) -> None:
        self.colours = colours


class Palette:
    """Panels ask it for inks; `mix` then gives every colour its index.

    Colours that several inks share have one index. What is left of the 255 goes to the levels of the
    colormaps, so that their steps are as fine as they can be.

    Args:
        most: Most levels that a colormap may have; None for as many as there is room for.

    Attributes:
        rgb: uint8 (256, 3), the colour of each index; the last is never used by a frame.
        levels: Number of levels of a colormap, odd, so that the middle one of a diverging map is 0 exactly; 0
            without colormaps.
    """

    rgb: NDArray[np.uint8]
    levels: int

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._inks: list[Ink] = []
        self._maps: dict[tuple[Rgb, ...], Ink] = {}

    def ramp(self, colour: Rgb, over: Rgb, shades: int = 16) -> Ink:
        """A colour with its anti-aliasing ramp: `shades` colours from `over` to `colour`, evenly spaced."""
        part = np.linspace(0.0, 1.0, shades)[:, None]
        return self.colours(np.rint((1 - part) * np.array(over) + part * np.array(colour)).astype(np.uint8))

    def colours(self, rgb: NDArray[np.uint8]) -> Ink:
        """The colours (n, 3) of a fixed picture."""
        ink = Ink(rgb)
        self._inks.append(ink)
        return ink

    def colormap(self, anchors: Sequence[Rgb]) -> Ink:
        """A colormap of activations through evenly spaced `anchors`; the same anchors give the same ink.

        Its levels are its share of those that the other inks leave over.
        """
        return self._maps.setdefault(tuple(anchors), Ink(np.empty((0, 3), np.uint8)))

    def mix(self) -> None:
        """Give every colour its index; after this the palette takes no more inks.

        Raises:
            ReelnetError: The inks need more than 255 colours.
        """
        fixed = dict.fromkeys(tuple(map(int, rgb)) for ink in self._inks for rgb in ink.colours)
        self.levels = 0
        if self._maps:
            # Odd, so that the middle anchor is met exactly.
            self.levels = ((COLOURS - len(fixed)) // len(self._maps) - 1) // 2 * 2 + 1
            if self._most is not None:
                self.levels = min(self.levels, (self._most - 1) // 2 * 2 + 1)
        if len(fixed) > COLOURS or (self._maps and self.levels < LEAST_LEVELS):
            raise ReelnetError(
                f"the panels need {len(fixed)} colours beside the colormap; a frame has {COLOURS}: show fewer "
                "panels with colours of their own"
            )
        self.rgb = np.zeros((256, 3), np.uint8)
        first = 0
        for anchors, ink in self._maps.items():
            ink.colours = interpolate(anchors, self.levels)
            ink.indices = np.arange(first, first + self.levels, dtype=np.uint8)
            self.rgb[first : first + self.levels] = ink.colours
            first += self.levels
        index_of = {rgb: first + number for number, rgb in enumerate(fixed)}
        for rgb, index in index_of.items():
            self.rgb[index] = rgb
        for ink in self._inks:
            ink.indices = np.array([index_of[tuple(map(int, rgb))] for rgb in ink.colours], np.uint8)


def interpolate(anchors: Sequence[Rgb], levels: int) -> NDArray[np.uint8]:
    """`levels` colours evenly spaced on the line through the anchors: uint8 (levels, 3)."""
    at, wanted = np.linspace(0, 1, len(anchors)), np.linspace(0, 1, levels)
    channels = [np.interp(wanted, at, [anchor[k] for anchor in anchors]) for k in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)
