"""The palette of a scene: panels ask a builder for inks and pictures, and freezing it gives each color its index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError
from reelnet.scene.palette.color_reduction import pack_rgb, reduce_colors, unpack_rgb
from reelnet.template.color import Rgb

MAX_8BIT_COLORS = 255
"""Indices that frames of 8 bits may use. Index 255 stays free: GIF needs a transparent one for unchanged pixels."""

MAX_COLORS = 2**16
"""Colors of a palette in all, so that an index fits into 16 bits."""

MIN_COLORMAP_LEVELS = 3
"""A colormap with fewer levels shows nothing."""

RESERVED_COLORMAP_LEVELS = 63
"""Levels reserved for each colormap when fixed pictures compete for the same 255 colors."""

MAX_COLORMAP_LEVELS = 255
"""More levels look no finer, and would not fit into 8 bits."""


class ColorDepth(Enum):
    """How many colors a frame may have."""

    EIGHT_BIT = 8
    """At most 255 colors, as GIF needs: fixed pictures are reduced, and colormaps get the levels that are left."""
    FULL = 16
    """All colors of the palette; its indices have 16 bits only if 8 are not enough."""


Indices = NDArray[np.uint8 | np.uint16]
"""Palette indices: of 8 bits, or of 16 where 255 colors are not enough."""


class Ink:
    """Some colors of a palette, and their indices once the palette is frozen.

    Attributes:
        colors: uint8 (n, 3).
        indices: uint8 (n,), the palette index of each color; set by `PaletteBuilder.freeze`. uint16 if the palette
            has no 8-bit form.
        indices_16bit: The indices in frames of 16 bits, where a colormap that shares the 255 colors with fixed
            pictures has all its levels; None if they are the same as `indices`.
    """

    indices: Indices
    indices_16bit: NDArray[np.uint16] | None = None

    def __init__(self, colors: NDArray[np.uint8]) -> None:
        self.colors = colors
        # The same object at every step, so that figures need to find its dark counterpart only once.
        self._cuts: dict[int, Ink] = {}

    @property
    def color(self) -> Rgb:
        """The full color, that of the last shade."""
        red, green, blue = self.colors[-1].tolist()
        return red, green, blue

    def indices_for(self, canvas: Indices) -> Indices:
        """The ink's indices for a canvas of this dtype."""
        if self.indices_16bit is not None and canvas.dtype == np.uint16:
            return self.indices_16bit
        return self.indices

    def cut(self, count: int) -> Ink:
        """The first shades only, so that the last of them is the full color; once the palette is frozen."""
        if count not in self._cuts:
            self._cuts[count] = Ink(self.colors[:count])
            self._cuts[count].indices = self.indices[:count]
        return self._cuts[count]


class FixedPicture:
    """Pictures that never change, such as photos and logos, as palette indices once the palette is frozen.

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
        self.packed: NDArray[np.uint32] = pack_rgb(rgb)
        self.color_count: int = len(np.unique(self.packed))
        self.wanted_colors: int = min(self.color_count, share)

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


@dataclass(frozen=True)
class Palette:
    """The colors of a scene.

    Attributes:
        rgb: uint8 (256 or more, 3), the color of each index; no frame uses index 255.
        levels: Number of levels of a colormap, odd, so that the middle one of a diverging map is exactly 0; 0
            without colormaps.
        levels_8bit: Levels that differ in frames of 8 bits; fewer than `levels` if fixed pictures take some.
        reduced_pictures: The pictures that have fewer colors in frames of 8 bits.
        shortage: Why frames of 8 bits are impossible; None if they are possible.
    """

    rgb: NDArray[np.uint8]
    levels: int
    levels_8bit: int
    reduced_pictures: tuple[FixedPicture, ...]
    shortage: str | None

    @property
    def is_16bit(self) -> bool:
        """Whether frames in full color depth need indices of 16 bits."""
        return len(self.rgb) > MAX_8BIT_COLORS + 1

    def index_dtype(self, depth: ColorDepth) -> type[np.uint8 | np.uint16]:
        """The dtype of frames of this color depth.

        Raises:
            ReelnetError: The palette has no 8-bit form.
        """
        if depth is ColorDepth.EIGHT_BIT and self.shortage is not None:
            raise ReelnetError(self.shortage)
        return np.uint16 if self.is_16bit and depth is ColorDepth.FULL else np.uint8


class PaletteBuilder:
    """Collects the inks and pictures of all panels; `freeze` then gives every color its index.

    Inks share the index of a color that they have in common. What is left of the 255 colors goes to fixed pictures,
    up to the share that each asks for, and then to the levels of the colormaps, so that their steps are as fine as
    possible.

    A fixed picture with more colors than its share has two forms: a reduced one with indices below 256, and one in
    all its colors with indices from 256 on. The colormaps beside it also have two: all levels in frames of 16 bits,
    and in frames of 8 bits fewer, so that neighboring levels look the same. Everything else is the same in both.

    Args:
        max_levels: The largest number of levels that a colormap may have; None for as many as fit.
        full_levels: The least number of levels of colormaps in frames of 16 bits, even where 255 colors leave room
            for fewer; `max_levels` goes before it.
    """

    def __init__(self, max_levels: int | None = None, full_levels: int = 0) -> None:
        self._max_levels, self._full_levels = max_levels, full_levels
        self._inks: list[Ink] = []
        self._colormaps: dict[tuple[Rgb, ...], Ink] = {}
        self._pictures: dict[tuple[object, ...], FixedPicture] = {}

    def ramp(self, color: Rgb, background: Rgb, shades: int = 16) -> Ink:
        """A color with its anti-aliasing ramp: `shades` evenly spaced colors from `background` to `color`."""
        part = np.linspace(0.0, 1.0, shades)[:, None]
        mixed = (1 - part) * np.array(background) + part * np.array(color)
        return self.colors(np.rint(mixed).astype(np.uint8))

    def ramps(self, background: Rgb, *colors: Rgb) -> list[Ink]:
        """One ramp per color, in order; see `ramp`."""
        return [self.ramp(color, background) for color in colors]

    def solids(self, *colors: Rgb) -> list[Ink]:
        """One ink per color that has no other shades, in order: for shapes with hard edges."""
        return [self.ramp(color, color, 1) for color in colors]

    def colors(self, rgb: NDArray[np.uint8]) -> Ink:
        """An ink of exactly these colors, (n, 3)."""
        ink = Ink(rgb)
        self._inks.append(ink)
        return ink

    def picture(self, rgb: NDArray[np.uint8], share: int, keep: Rgb | None = None) -> FixedPicture:
        """One or several pictures that never change; equal pictures give the same object.

        Args:
            rgb: uint8 (n, height, width, 3).
            share: The largest number of colors that they get in frames of 8 bits.
            keep: A color that is never changed if the pictures have it, such as the background.
        """
        key = rgb.shape, share, keep, rgb.tobytes()
        return self._pictures.setdefault(key, FixedPicture(rgb, share, keep))

    def colormap(self, anchors: Sequence[Rgb]) -> Ink:
        """A colormap of activations through evenly spaced `anchors`; the same anchors give the same ink.

        It gets an equal part of the levels that the other inks leave.
        """
        return self._colormaps.setdefault(tuple(anchors), Ink(np.empty((0, 3), np.uint8)))

    def freeze(self) -> Palette:
        """Give every color its index and set the indices of all inks and pictures. Call it once.

        Raises:
            ReelnetError: The inks have more colors than 16-bit indices can number.
        """
        pictures = tuple(self._pictures.values())
        fixed = dict.fromkeys(color for ink in self._inks for color in pack_rgb(ink.colors).tolist())
        for picture, share in zip(pictures, self._allot_shares(pictures, len(fixed)), strict=True):
            picture.reduce(share)
            fixed |= dict.fromkeys(pack_rgb(picture.reduced_colors).tolist())
        maps, shortage = len(self._colormaps), None
        levels = self._limit_levels((MAX_8BIT_COLORS - len(fixed)) // maps) if maps else 0
        if len(fixed) > MAX_8BIT_COLORS or (maps and levels < MIN_COLORMAP_LEVELS):
            shortage = (
                f"the panels need {len(fixed)} colors besides the colormap, but a frame has {MAX_8BIT_COLORS}: "
                "show fewer panels with colors of their own"
            )
            levels = self._limit_levels(MAX_COLORMAP_LEVELS) if maps else 0
        rgb = self._assign_shared([*fixed], pictures, levels)
        reduced = tuple(picture for picture in pictures if picture.is_reduced)
        rgb, levels_8bit = self._append_pictures(rgb, reduced), levels
        if shortage is None and len(rgb) > MAX_8BIT_COLORS + 1:
            rgb, levels = self._append_fine_colormaps(rgb, levels, MAX_COLORMAP_LEVELS)
        elif shortage is None and maps and levels < self._limit_levels(self._full_levels):
            rgb, levels = self._append_fine_colormaps(rgb, levels, self._full_levels)
        return Palette(rgb, levels, levels_8bit, reduced, shortage)

    def _allot_shares(self, pictures: Sequence[FixedPicture], others: int) -> list[int]:
        """How many of the 255 colors each picture gets, besides `others` that are taken."""
        wanted = [picture.wanted_colors for picture in pictures]
        free = MAX_8BIT_COLORS - others - RESERVED_COLORMAP_LEVELS * len(self._colormaps)
        if sum(wanted) <= free:
            return wanted
        return [min(want, max(2, free * want // sum(wanted))) for want in wanted]

    def _limit_levels(self, levels: int) -> int:
        """The largest number of levels up to `levels` that is odd, so that the middle anchor is a level."""
        return (min(levels, self._max_levels or levels) - 1) // 2 * 2 + 1

    def _assign_shared(
        self, fixed: list[int], pictures: Sequence[FixedPicture], levels: int
    ) -> NDArray[np.uint8]:
        """Assign the indices that frames of both depths share: of colormaps, then of all other colors (0xRRGGBB)."""
        maps = list(self._colormaps.items())
        for anchors, ink in maps:
            ink.colors = interpolate_colors(anchors, levels)
        shared = np.concatenate([ink.colors for _, ink in maps] + [unpack_rgb(np.array(fixed, np.uint32))])
        dtype = np.uint16 if len(shared) > MAX_8BIT_COLORS else np.uint8
        indices = np.arange(len(shared) + 1)
        indices = indices[indices != MAX_8BIT_COLORS][: len(shared)].astype(dtype)
        rgb = np.zeros((max(MAX_8BIT_COLORS, int(indices.max(initial=0))) + 1, 3), np.uint8)
        rgb[indices] = shared
        for number, (_, ink) in enumerate(maps):
            ink.indices = indices[number * levels : (number + 1) * levels]
        index_of = dict(zip(fixed, indices[len(maps) * levels :], strict=True))
        for ink in self._inks:
            ink.indices = np.array([index_of[color] for color in pack_rgb(ink.colors).tolist()], dtype)
        for picture in pictures:
            reduced = [index_of[color] for color in pack_rgb(picture.reduced_colors).tolist()]
            picture.indices = np.array(reduced)[picture.reduced_numbers].astype(dtype)
        return rgb

    def _append_pictures(self, rgb: NDArray[np.uint8], reduced: Sequence[FixedPicture]) -> NDArray[np.uint8]:
        """Append all colors of the pictures that are reduced in frames of 8 bits."""
        first = len(rgb)
        if first > MAX_COLORS // 2:
            raise ReelnetError(
                f"the panels need {first} colors, but at most {MAX_COLORS // 2} fit; show fewer"
            )
        free = MAX_COLORS - first - MAX_COLORMAP_LEVELS * len(self._colormaps)
        colors, numbers = index_all_colors([picture.packed for picture in reduced], free)
        for picture, own in zip(reduced, numbers, strict=True):
            picture.indices_16bit = (own + first).astype(np.uint16)
        return np.concatenate([rgb, colors])

    def _append_fine_colormaps(
        self, rgb: NDArray[np.uint8], levels: int, most: int
    ) -> tuple[NDArray[np.uint8], int]:
        """Append all levels of the colormaps for frames of 16 bits, and return their number too."""
        finest = self._limit_levels(most)
        for anchors, ink in self._colormaps.items():
            first = len(rgb)
            ink.colors = interpolate_colors(anchors, finest)
            ink.indices_16bit = np.arange(first, first + finest, dtype=np.uint16)
            # The middle level stays in the middle.
            ink.indices = ink.indices[np.rint(np.linspace(0, levels - 1, finest)).astype(np.intp)]
            rgb = np.concatenate([rgb, ink.colors])
        return rgb, finest if self._colormaps else 0


def interpolate_colors(anchors: Sequence[Rgb], levels: int) -> NDArray[np.uint8]:
    """`levels` colors evenly spaced on the line through the anchors: uint8 (levels, 3)."""
    known, wanted = np.linspace(0, 1, len(anchors)), np.linspace(0, 1, levels)
    channels = [np.interp(wanted, known, [anchor[k] for anchor in anchors]) for k in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)


@lru_cache(maxsize=8)
def _reduce_cached(
    data: bytes, shape: tuple[int, ...], max_colors: int, keep: Rgb | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """`reduce_colors`, cached, because searches and previews resolve a scene repeatedly."""
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
