"""Text as coverage: how much of each pixel a glyph covers."""

from __future__ import annotations

import string
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from reelnet.errors import TemplateError, options
from reelnet.scene.layout import Size


@lru_cache(maxsize=64)
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Open Sans at `size` pixels an em. Its digits are all of one width, so that counters do not jitter."""
    file = resources.files("reelnet").joinpath(
        "data", "fonts", f"OpenSans-{'Semibold' if bold else 'Regular'}.ttf"
    )
    # The basic engine is in every build of Pillow; the other one depends on the system's libraries.
    return ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=4096)
def text_size(text: str, size: int, bold: bool = False) -> Size:
    """Width of the text and height of a line of it, in pixels."""
    face = font(size, bold)
    ascent, descent = face.getmetrics()
    return Size(int(np.ceil(face.getlength(text))), ascent + descent)


@lru_cache(maxsize=4096)
def coverage(text: str, size: int, bold: bool = False) -> NDArray[np.uint8]:
    """A line of text, uint8 (height, width): 0 where there is none, 255 where a glyph covers the pixel."""
    extent = text_size(text, size, bold)
    image = Image.new("L", (max(extent.width, 1), extent.height))
    ImageDraw.Draw(image).text((0, 0), text, fill=255, font=font(size, bold))
    mask = np.asarray(image)
    mask.flags.writeable = False
    return mask


def shorten(text: str, width: int, size: int) -> str:
    """The text, or as much of it with an ellipsis as is no wider than `width` pixels."""
    if text_size(text, size).width <= width:
        return text
    while text and text_size(text + "…", size).width > width:
        text = text[:-1].rstrip()
    return text + "…" if text else ""


def fill(text: str, fields: Mapping[str, object]) -> str:
    """Put the fields that a text names in braces into it; only names, so that a template can run nothing.

    Raises:
        TemplateError: A field does not exist, or the braces do not match.
    """
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise TemplateError(f"text {text!r}: {error}; write {{{{ for a brace itself") from None
    for _, name, _, _ in parts:
        if name is not None and name not in fields:
            raise TemplateError(f"text {text!r}: no field {name!r}; {options(name, fields)}")
    try:
        return text.format_map(fields)
    except (ValueError, TypeError, KeyError) as error:
        raise TemplateError(f"text {text!r}: {error}") from None


def signed(value: float) -> str:
    """A limit of a colormap: two significant digits, a sign unless it is 0, and a real minus."""
    if value == 0:
        return "0"
    return f"{value:+.2g}".replace("-", "\u2212")
