"""Colours and colormaps as authors write them."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, WithJsonSchema

from reelnet.errors import suggest_names

Rgb = tuple[int, int, int]

RDBU: tuple[Rgb, ...] = (
    (103, 0, 31),
    (178, 24, 43),
    (214, 96, 77),
    (244, 165, 130),
    (253, 219, 199),
    (255, 255, 255),
    (209, 229, 240),
    (146, 197, 222),
    (67, 147, 195),
    (33, 102, 172),
    (5, 48, 97),
)
"""ColorBrewer's RdBu with a pure white middle (Brewer 2003, Apache 2.0): red is −1, blue is +1."""

EMBER: tuple[Rgb, ...] = (
    (255, 176, 160),
    (232, 110, 92),
    (184, 58, 48),
    (112, 36, 34),
    (28, 30, 36),
    (30, 62, 104),
    (46, 112, 182),
    (104, 166, 232),
    (180, 214, 255),
)
"""Red over near-black to blue, for dark paper: what is small recedes into it, as white does on light paper."""

BUILTIN_COLORMAPS = {"RdBu": RDBU, "ember": EMBER}
"""Colormaps that need no matplotlib."""

COLORMAP_SAMPLES = 33
"""Colours that stand for one of matplotlib's maps; between them colours are interpolated."""

_HEX_PATTERN = r"^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"


def parse_color(value: Any) -> Rgb:
    """`'#1f2328'` or `'#123'` as (red, green, blue), each 0 to 255.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, tuple) and len(value) == 3:
        return value
    if value is None:
        raise ValueError("is empty; a colour must be quoted, such as '#1f2328'")
    text = value[1:] if isinstance(value, str) and value.startswith("#") else ""
    if len(text) == 3:
        text = "".join(2 * digit for digit in text)
    try:
        red, green, blue = bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"{value!r} is not a colour such as '#1f2328'") from None
    return red, green, blue


def parse_colormap(value: Any) -> tuple[Rgb, ...]:
    """A colormap's name, or a list of colours from the least to the greatest value.

    Raises:
        ValueError: There is no such colormap, or it is no list of two colours or more.
    """
    if isinstance(value, tuple):
        return value
    if isinstance(value, str):
        return lookup_colormap(value)
    if not isinstance(value, list) or len(value) < 2:
        raise ValueError(f"{value!r} is neither the name of a colormap nor a list of two colours or more")
    if len(value) > 256:
        raise ValueError(f"{len(value)} colours are more than a palette holds; give up to 256")
    return tuple(parse_color(each) for each in value)


@lru_cache(maxsize=32)
def lookup_colormap(name: str) -> tuple[Rgb, ...]:
    """One of reelnet's or matplotlib's colormaps.

    Raises:
        ValueError: There is none of that name.
    """
    if name in BUILTIN_COLORMAPS:
        return BUILTIN_COLORMAPS[name]
    # matplotlib takes a while to import, and most templates need none of its maps.
    from matplotlib import colormaps

    if name not in colormaps:
        raise ValueError(f"no colormap {name!r}; {suggest_names(name, [*BUILTIN_COLORMAPS, *colormaps])}")
    colours = np.rint(255 * colormaps[name](np.linspace(0, 1, COLORMAP_SAMPLES))[:, :3]).astype(int)
    return tuple((int(red), int(green), int(blue)) for red, green, blue in colours)


Color = Annotated[
    Rgb, BeforeValidator(parse_color), WithJsonSchema({"type": "string", "pattern": _HEX_PATTERN})
]
Colormap = Annotated[
    tuple[Rgb, ...],
    BeforeValidator(parse_colormap),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string", "pattern": _HEX_PATTERN}, "minItems": 2},
            ]
        }
    ),
]
