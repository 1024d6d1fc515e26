"""Parts of fonts that go into files: only the glyphs of the characters that a file shows."""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from reelnet._support.font_file import FontFile, explain_font_errors

FAMILY_NAMES = (16, 1)
"""Records of a font's name table that give its family: of all weights, or of those of one style group."""


@dataclass(frozen=True)
class FontSubset:
    """Some glyphs of a font, for style sheets.

    Attributes:
        family: Name of the font's family.
        weight: 100 to 900; 400 is regular.
        woff: A WOFF file in base64.
    """

    family: str
    weight: int
    woff: str


def unpack_font(font: FontFile, path: Path) -> None:
    """Write a font of a collection or of a compressed file as a plain OpenType font.

    Raises:
        ValueError: The font is damaged.
    """
    from fontTools.ttLib import TTFont, TTLibError

    with explain_font_errors(font.file):
        try:
            with TTFont(font.file, fontNumber=font.number, recalcTimestamp=False) as loaded:
                loaded.flavor = None
                loaded.save(path)
        except (TTLibError, KeyError, AttributeError, AssertionError) as error:
            raise OSError("is not a font, or is damaged") from error


@lru_cache(maxsize=8)
def cut_font(font: FontFile, characters: str) -> FontSubset:
    """Cut a font down to some characters. The same arguments give the same bytes.

    Raises:
        ValueError: The font is damaged.
    """
    # fontTools takes long to import, and few files need it.
    from fontTools import subset
    from fontTools.ttLib import TTLibError

    logging.getLogger("fontTools").setLevel(logging.ERROR)
    options = subset.Options(
        font_number=font.number,
        flavor="woff",
        hinting=False,
        layout_features=["kern", "tnum"],
        name_IDs=[],
        recalc_timestamp=False,
    )
    options.drop_tables += ["meta"]
    with explain_font_errors(font.file):
        try:
            loaded = subset.load_font(font.file, options)
            names = (loaded["name"].getDebugName(number) for number in FAMILY_NAMES)
            family, weight = next(filter(None, names), "embedded"), int(loaded["OS/2"].usWeightClass)
            subsetter, file = subset.Subsetter(options), BytesIO()
            subsetter.populate(text=characters)
            subsetter.subset(loaded)
            subset.save_font(loaded, file, options)
        except (TTLibError, KeyError, AttributeError) as error:
            raise OSError("is not a font, or is damaged") from error
    return FontSubset(family, weight, base64.b64encode(file.getvalue()).decode())
