"""Fonts inside of vector pictures: only the glyphs that a picture needs."""

from __future__ import annotations

import base64
import io
import logging
from dataclasses import dataclass
from typing import Any

from reelnet._support.font_file import FontFile, explain_font_errors

FAMILY_NAMES = (16, 1)
"""Records of a font's name table that give its family: of all weights, or of those of one style group."""


@dataclass(frozen=True)
class FontFace:
    """A font as style sheets refer to it.

    Attributes:
        family: Its name.
        weight: 100 to 900; 400 is regular.
        data: A WOFF file of the glyphs that are used, base64.
    """

    family: str
    weight: int
    data: str


def make_face(font: FontFile, characters: str) -> FontFace:
    """The part of a font that draws some characters. The same arguments give the same bytes.

    Raises:
        ValueError: The font is damaged.
    """
    # fontTools takes long to import.
    from fontTools import subset
    from fontTools.ttLib import TTLibError

    logging.getLogger("fontTools").setLevel(logging.ERROR)
    options = subset.Options(
        font_number=font.number, flavor="woff", hinting=False, recalc_timestamp=False, notdef_outline=True
    )
    with explain_font_errors(font.file):
        try:
            loaded: Any = subset.load_font(font.file, options)
            names = (loaded["name"].getDebugName(number) for number in FAMILY_NAMES)
            family, weight = next(filter(None, names), "embedded"), int(loaded["OS/2"].usWeightClass)
            subsetter = subset.Subsetter(options)
            subsetter.populate(text=characters)
            subsetter.subset(loaded)
            buffer = io.BytesIO()
            subset.save_font(loaded, buffer, options)
        except (TTLibError, KeyError, AttributeError) as error:
            raise OSError("is not a font, or is damaged") from error
    return FontFace(family, weight, base64.b64encode(buffer.getvalue()).decode())
