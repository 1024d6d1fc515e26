"""The colours of a reel, as index → RGB."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError

Rgb = tuple[int, int, int]

COLOURS = 255
"""Indices that frames may use. The 256th stays free: GIF needs a transparent one for what did not change."""


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

    Colours that several inks share have one index. What is left of the 255 goes to the levels of the one
    colormap of the activations, so that its steps are as fine as they can be.

    Attributes:
        rgb: uint8 (256, 3), the colour of each index; the last is never used by a frame.
        levels: Number of levels of the colormap, odd if it is diverging, so that one of them is 0 exactly.
    """

    rgb: NDArray[np.uint8]
    levels: int

    def __init__(self) -> None:
        self._inks: list[Ink] = []
        self._map: Ink | None = None
        self._anchors: tuple[Rgb, ...] = ()

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
        """The colormap of the activations through evenly spaced `anchors`; one for a reel.

        Its levels are those that the other inks leave over.
        """
        if self._map is None:
            self._map, self._anchors = Ink(np.empty((0, 3), np.uint8)), tuple(anchors)
        return self._map

    def mix(self) -> None:
        """Give every colour its index; after this the palette takes no more inks.

        Raises:
            ReelnetError: The inks need more than 255 colours.
        """
        fixed = dict.fromkeys(tuple(map(int, rgb)) for ink in self._inks for rgb in ink.colours)
        self.levels = 0
        if self._map is not None:
            # Odd, so that the middle anchor is met exactly.
            self.levels = (COLOURS - len(fixed) - 1) // 2 * 2 + 1
        if len(fixed) > COLOURS or (self._map is not None and self.levels < 3):
            raise ReelnetError(
                f"the panels need {len(fixed)} colours beside the colormap; a frame has {COLOURS}"
            )
        self.rgb = np.zeros((256, 3), np.uint8)
        if self._map is not None:
            self._map.colours = interpolate(self._anchors, self.levels)
            self._map.indices = np.arange(self.levels, dtype=np.uint8)
            self.rgb[: self.levels] = self._map.colours
        index_of = {rgb: self.levels + number for number, rgb in enumerate(fixed)}
        for rgb, index in index_of.items():
            self.rgb[index] = rgb
        for ink in self._inks:
            ink.indices = np.array([index_of[tuple(map(int, rgb))] for rgb in ink.colours], np.uint8)


def interpolate(anchors: Sequence[Rgb], levels: int) -> NDArray[np.uint8]:
    """`levels` colours evenly spaced on the line through the anchors: uint8 (levels, 3)."""
    at, wanted = np.linspace(0, 1, len(anchors)), np.linspace(0, 1, levels)
    channels = [np.interp(wanted, at, [anchor[k] for anchor in anchors]) for k in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)
