"""Fonts of a few characters, whose glyphs are rectangles of a width that tells them apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

UNITS = 1000


def write_font(
    path: Path, family: str, widths: Mapping[str, int], *, bottom: int = 0, top: int = 700
) -> Path:
    """Write a font.

    Args:
        path: The .ttf file.
        family: Its name.
        widths: Advance of each character, in thousandths of an em; the rectangle fills it but for 100 at the end.
        bottom: Lower edge of the rectangles above the baseline.
        top: Upper edge.
    """
    names = {character: f"u{ord(character):05X}" for character in widths}
    builder = FontBuilder(UNITS, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap({ord(character): name for character, name in names.items()})
    advances = {".notdef": 300, **{names[character]: width for character, width in widths.items()}}
    builder.setupGlyf({name: _rectangle(width - 100, bottom, top) for name, width in advances.items()})
    builder.setupHorizontalMetrics({name: (width, 0) for name, width in advances.items()})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.save(path)
    return path


def _rectangle(width: int, bottom: int, top: int) -> object:
    pen = TTGlyphPen(None)
    pen.moveTo((0, bottom))
    for point in ((0, top), (width, top), (width, bottom)):
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()
