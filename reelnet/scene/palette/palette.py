"""The colours of a reel, as index → RGB."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError
from reelnet.scene.palette.pictures import FixedPicture, with_fewer
from reelnet.template.color import Rgb

COLOURS = 255
"""Indices that frames may use where a format has 256. The last one stays free: GIF needs a transparent one for what
did not change."""

MOST = 2**16
"""Colours of a reel in all; its indices are then of 16 bits."""

LEAST_LEVELS = 3
"""Levels without which a colormap shows nothing."""

GOOD_LEVELS = 63
"""Levels that a colormap keeps where fixed pictures ask for the same 255 colours."""


MOST_LEVELS = 255
"""Levels of a colormap where there are indices for all; more look no finer, and would not have numbers of 8 bits."""

Indices = NDArray[np.uint8 | np.uint16]


class Ink:
    """Some colours of a palette, and their indices once the palette is mixed.

    Attributes:
        indices: uint8 (n,), the index of each of the ink's n colours; set by `Palette.mix`. Of 16 bits where the
            inks need more than 255 colours.
        exact: The same in a frame of 16 bits, where a colormap that shares the 255 colours with fixed pictures has
            levels of its own; None where it is no other.
    """

    indices: Indices
    exact: NDArray[np.uint16] | None = None

    def __init__(self, colours: NDArray[np.uint8]) -> None:
        self.colours = colours

    def on(self, canvas: Indices) -> Indices:
        """Its indices in frames such as a canvas."""
        return self.exact if self.exact is not None and canvas.dtype == np.uint16 else self.indices


class Palette:
    """Panels ask it for inks and pictures; `mix` then gives every colour its index.

    Colours that several inks share have one index. What is left of the 255 goes to fixed pictures, each at most its
    share, and then to the levels of the colormaps, so that their steps are as fine as they can be.

    Fixed pictures of more colours than their share have two forms: one of few colours, with indices under 256, and
    one of all their colours, with indices from 256 on. So have the colormaps beside them: their levels are those of
    frames of 16 bits, and in frames of 8 bits several of them look the same. All else is the same in both.

    Args:
        most: Most levels that a colormap may have; None for as many as there is room for.

    Attributes:
        rgb: uint8 (256 or more, 3), the colour of each index; number 255 is never used by a frame.
        levels: Number of levels of a colormap, odd, so that the middle one of a diverging map is 0 exactly; 0
            without colormaps.
        few_levels: Levels that look different in frames of 8 bits; `levels` unless fixed pictures took some.
        shortage: Why there are no frames of 8 bits; None if there are.
    """

    rgb: NDArray[np.uint8]
    levels: int
    few_levels: int
    shortage: str | None

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._inks: list[Ink] = []
        self._maps: dict[tuple[Rgb, ...], Ink] = {}
        self._pictures: dict[tuple[object, ...], FixedPicture] = {}

    def ramp(self, colour: Rgb, over: Rgb, shades: int = 16) -> Ink:
        """A colour with its anti-aliasing ramp: `shades` colours from `over` to `colour`, evenly spaced."""
        part = np.linspace(0.0, 1.0, shades)[:, None]
        return self.colours(np.rint((1 - part) * np.array(over) + part * np.array(colour)).astype(np.uint8))

    def colours(self, rgb: NDArray[np.uint8]) -> Ink:
        """The colours (n, 3) of a drawing."""
        ink = Ink(rgb)
        self._inks.append(ink)
        return ink

    def picture(self, rgb: NDArray[np.uint8], share: int, keep: Rgb | None = None) -> FixedPicture:
        """A fixed picture, or several alike, (n, height, width, 3); the same ones again are the same.

        Args:
            rgb: Its colours.
            share: Most colours that it has where a frame has 255 for everything.
            keep: A colour that stays exactly itself among them, if the picture has it.
        """
        key = rgb.shape, share, keep, rgb.tobytes()
        return self._pictures.setdefault(key, FixedPicture(rgb, share, keep))

    def colormap(self, anchors: Sequence[Rgb]) -> Ink:
        """A colormap of activations through evenly spaced `anchors`; the same anchors give the same ink.

        Its levels are its share of those that the other inks leave over.
        """
        return self._maps.setdefault(tuple(anchors), Ink(np.empty((0, 3), np.uint8)))

    @property
    def reduced(self) -> tuple[FixedPicture, ...]:
        """The pictures that have fewer colours in a frame of 8 bits."""
        return tuple(each for each in self._pictures.values() if each.reduced)

    @property
    def deep(self) -> bool:
        """Whether frames with all colours need indices of 16 bits."""
        return len(self.rgb) > COLOURS + 1

    def mix(self) -> None:
        """Give every colour its index; after this the palette takes no more inks.

        Raises:
            ReelnetError: The inks need more colours than indices of 16 bits can tell.
        """
        pictures = tuple(self._pictures.values())
        fixed = dict.fromkeys(tuple(map(int, rgb)) for ink in self._inks for rgb in ink.colours)
        for picture, share in zip(pictures, self._shares(pictures, len(fixed)), strict=True):
            picture.reduce(share)
            fixed |= dict.fromkeys(tuple(map(int, rgb)) for rgb in picture.few_colours)
        count = len(fixed)
        self.levels = self._levels(count)
        self.shortage = None
        if count > COLOURS or (self._maps and self.levels < LEAST_LEVELS):
            self.shortage = (
                f"the panels need {count} colours beside the colormap; a frame has {COLOURS}: show fewer "
                "panels with colours of their own"
            )
        levels = self.levels if self.shortage is None or not self._maps else self._bounded(MOST_LEVELS)
        self._number(list(fixed), pictures, levels)

    def _shares(self, pictures: Sequence[FixedPicture], others: int) -> list[int]:
        """How many of the 255 colours each picture gets."""
        wanted = [picture.wanted for picture in pictures]
        room = COLOURS - others - GOOD_LEVELS * len(self._maps)
        if sum(wanted) <= room:
            return wanted
        return [min(want, max(2, room * want // sum(wanted))) for want in wanted]

    def _levels(self, fixed: int) -> int:
        """Levels of each colormap beside so many other colours."""
        if not self._maps:
            return 0
        # Odd, so that the middle anchor is met exactly.
        return self._bounded(((COLOURS - fixed) // len(self._maps) - 1) // 2 * 2 + 1)

    def _bounded(self, levels: int) -> int:
        return levels if self._most is None else min(levels, (self._most - 1) // 2 * 2 + 1)

    def _number(self, fixed: list[tuple[int, ...]], pictures: Sequence[FixedPicture], levels: int) -> None:
        maps = list(self._maps.items())
        for anchors, ink in maps:
            ink.colours = interpolate(anchors, levels)
        shared = np.concatenate([ink.colours for _, ink in maps] + [np.array(fixed, np.uint8).reshape(-1, 3)])
        # Number 255 is nobody's.
        numbers = np.arange(len(shared) + 1)
        numbers = numbers[numbers != COLOURS][: len(shared)].astype(np.uint16 if self.shortage else np.uint8)
        self.rgb = np.zeros((max(COLOURS, int(numbers.max(initial=0))) + 1, 3), np.uint8)
        self.rgb[numbers] = shared
        for place, (_, ink) in enumerate(maps):
            ink.indices = numbers[place * levels : (place + 1) * levels]
        index_of = dict(zip(fixed, numbers[len(maps) * levels :], strict=True))
        for ink in self._inks:
            ink.indices = indices_of(ink.colours, index_of, numbers.dtype)
        for picture in pictures:
            picture.few = indices_of(picture.few_colours, index_of, numbers.dtype)[picture.few_numbers]
        self.levels = self.few_levels = levels
        self._number_all([picture for picture in pictures if picture.reduced])
        if self.deep and self.shortage is None:
            self._refine()

    def _number_all(self, pictures: Sequence[FixedPicture]) -> None:
        """Give all colours of pictures that have more than their share an index."""
        first = len(self.rgb)
        if first > MOST // 2:
            raise ReelnetError(f"the panels need {first} colours; show fewer of them")
        room = MOST - first - MOST_LEVELS * len(self._maps)
        colours, numbers = with_fewer([picture.packed for picture in pictures], room)
        for picture, found in zip(pictures, numbers, strict=True):
            picture.exact = (found + first).astype(np.uint16)
        self.rgb = np.concatenate([self.rgb, colours])

    def _refine(self) -> None:
        """Give the colormaps all their levels in frames of 16 bits."""
        finest = self._bounded(MOST_LEVELS)
        for anchors, ink in self._maps.items():
            first = len(self.rgb)
            ink.colours = interpolate(anchors, finest)
            ink.exact = np.arange(first, first + finest, dtype=np.uint16)
            # The middle one stays the middle one.
            ink.indices = ink.indices[np.rint(np.linspace(0, self.levels - 1, finest)).astype(np.intp)]
            self.rgb = np.concatenate([self.rgb, ink.colours])
        self.levels = finest if self._maps else 0


def indices_of(
    colours: NDArray[np.uint8], index_of: dict[tuple[int, ...], np.integer], dtype: np.dtype
) -> NDArray[np.uint8 | np.uint16]:
    """The index of each of some colours (n, 3)."""
    return np.array([index_of[tuple(map(int, rgb))] for rgb in colours], dtype)


def interpolate(anchors: Sequence[Rgb], levels: int) -> NDArray[np.uint8]:
    """`levels` colours evenly spaced on the line through the anchors: uint8 (levels, 3)."""
    at, wanted = np.linspace(0, 1, len(anchors)), np.linspace(0, 1, levels)
    channels = [np.interp(wanted, at, [anchor[k] for anchor in anchors]) for k in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)
