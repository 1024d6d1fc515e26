"""Colors and colormaps as authors write them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, WithJsonSchema

from reelnet.errors import suggest_names

Rgb = tuple[int, int, int]
"""Red, green and blue, each from 0 to 255."""

_HEX_PATTERN = r"^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"


def mix_colors(color: Rgb, background: Rgb, part: float) -> Rgb:
    """The color at a part of the way from the background, from 0 to 1."""
    red, green, blue = (
        round(part * one + (1 - part) * other) for one, other in zip(color, background, strict=True)
    )
    return red, green, blue


def parse_color(value: Any) -> Rgb:
    """Parse `'#1f2328'` or `'#123'`.

    Raises:
        ValueError: The value has another form.
    """
    if isinstance(value, tuple) and len(value) == 3:
        return value
    if value is None:
        raise ValueError("is empty; a color must be quoted, such as '#1f2328'")
    digits = value[1:] if isinstance(value, str) and value.startswith("#") else ""
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError:
        raise ValueError(f"{value!r} is not a color such as '#1f2328'") from None
    return red, green, blue


def _parse_colors(digits: str) -> tuple[Rgb, ...]:
    return tuple(parse_color(f"#{color}") for color in digits.split())


RED_WHITE_BLUE = _parse_colors("9c1127 c8403b e98a6c f8cdb8 ffffff c2dcec 74b0d6 2f7cba 114d8c")
"""Red for −1 over white to blue for +1: the hues of ColorBrewer's RdBu, without its nearly black ends.

The contrast of the ends to white (WCAG 2) is 8.3 and 8.5 to 1, where RdBu's is 13 to 1. From white to either end
lightness falls about evenly and alike (CIELAB L* 100, 86, 68, 49, 33), so that equal steps of a value look equal, and
a value looks as far from 0 as its negative."""

RED_BLUE = (*RED_WHITE_BLUE[:4], (245, 246, 248), *RED_WHITE_BLUE[5:])
"""The same over a gray that is nearly white, so that cells of an untrained network are seen on a white background."""

RDBU = _parse_colors("67001f b2182b d6604d f4a582 fddbc7 ffffff d1e5f0 92c5de 4393c3 2166ac 053061")
"""ColorBrewer's RdBu with a pure white middle (Brewer 2003, Apache 2.0): red is −1, blue is +1."""

EMBER = _parse_colors("ffb0a0 e86e5c b83a30 702422 1c1e24 1e3e68 2e70b6 68a6e8 b4d6ff")
"""Red over near-black to blue, for dark backgrounds: small values recede into it, as white does on a light one."""

BUILTIN_COLORMAPS = {"red-blue": RED_BLUE, "red-white-blue": RED_WHITE_BLUE, "ember": EMBER, "RdBu": RDBU}
"""Colormaps that do not need matplotlib."""

MAX_COLORMAP_COLORS = 256
COLORMAP_SAMPLES = 33
"""Colors that are taken from a colormap of matplotlib; between them colors are interpolated."""


def parse_colormap(value: Any) -> tuple[Rgb, ...]:
    """Parse the name of a colormap, or a list of colors from the lowest to the highest value.

    Raises:
        ValueError: The name is unknown, or the value is not a list of 2 to 256 colors.
    """
    if isinstance(value, tuple):
        return value
    if isinstance(value, str):
        return lookup_colormap(value)
    if not isinstance(value, list) or len(value) < 2:
        raise ValueError(f"{value!r} is neither the name of a colormap nor a list of at least two colors")
    if len(value) > MAX_COLORMAP_COLORS:
        raise ValueError(f"has {len(value)} colors; give at most {MAX_COLORMAP_COLORS}")
    return tuple(parse_color(color) for color in value)


@lru_cache(maxsize=32)
def lookup_colormap(name: str) -> tuple[Rgb, ...]:
    """Return the colors of a colormap of reelnet or matplotlib.

    Raises:
        ValueError: The name is unknown.
    """
    if name in BUILTIN_COLORMAPS:
        return BUILTIN_COLORMAPS[name]
    colormaps = _import_colormaps()
    if name not in colormaps:
        raise ValueError(f"no colormap {name!r}; {suggest_names(name, [*BUILTIN_COLORMAPS, *colormaps])}")
    colors = np.rint(255 * colormaps[name](np.linspace(0, 1, COLORMAP_SAMPLES))[:, :3]).astype(int)
    return tuple((int(red), int(green), int(blue)) for red, green, blue in colors)


def list_colormaps() -> list[str]:
    """Return the names of all colormaps, reelnet's own first; without the reversed ones, which end in `_r`."""
    names = (name for name in _import_colormaps() if not name.endswith("_r"))
    return [*dict.fromkeys((*BUILTIN_COLORMAPS, *names))]


def _import_colormaps() -> Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]]:
    """Matplotlib's colormaps. The import takes time, and most templates need none of them."""
    # Matplotlib warns about a home without a place for its cache, but colormaps need no cache.
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        from matplotlib import colormaps
    finally:
        logger.setLevel(level)
    return colormaps


_COLOR_SCHEMA = {"type": "string", "pattern": _HEX_PATTERN}

Color = Annotated[Rgb, BeforeValidator(parse_color), WithJsonSchema(_COLOR_SCHEMA)]
Colormap = Annotated[
    tuple[Rgb, ...],
    BeforeValidator(parse_colormap),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": _COLOR_SCHEMA, "minItems": 2}]}),
]
