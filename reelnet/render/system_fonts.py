"""The fonts of the system, by family and by character, found through matplotlib, which is imported on demand."""

from __future__ import annotations

import logging
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from reelnet._support.font_file import FontFile, load_font

BUNDLED_FAMILY = "DejaVu Sans"
"""Matplotlib brings it along, so text that it can draw looks the same on every machine."""
PLAIN_FAMILY = re.compile(r"^(?!.*(Mono|Serif|Math|Naskh|Looped|Display|Condensed|Emoji|Unifont)).*\bSans\b")
"""Families that go with Open Sans."""
NOT_A_SCRIPT = re.compile(r"Last ?Resort|Fallback|Blank")
"""Families whose glyphs are placeholders."""
REGIONAL_FAMILY = re.compile(r" (JP|KR|SC|TC|HK)$")
"""Families that differ in how they write the same Chinese characters."""

REGULAR_WEIGHT, BOLD_WEIGHT = 400, 650
"""Weights that are looked for: Open Sans has 400 and 600."""
PROBE_SIZE = 16
"""Pixels per em at which a font must draw a character."""


@dataclass(frozen=True)
class InstalledFont:
    """A font of the system.

    Attributes:
        family: Its name without the weight, such as `Noto Sans CJK SC`.
        font: Where it is.
        weight: 100 to 900; 400 is regular, 700 is bold.
        upright: Whether it is not italic.
        bundled: Whether matplotlib brings it along.
    """

    family: str
    font: FontFile
    weight: int
    upright: bool
    bundled: bool

    def rank(self, region: str, *, bold: bool) -> tuple[Any, ...]:
        """A key that sorts the fonts that suit best first."""
        regional = REGIONAL_FAMILY.search(self.family)
        return (
            not self.bundled,
            not self.upright,
            not PLAIN_FAMILY.search(self.family),
            regional is not None and regional[1] != region,
            self.family.casefold(),
            self.distance(bold=bold),
            self.font.file,
            self.font.number,
        )

    def distance(self, *, bold: bool) -> int:
        """How far the weight is from that which is looked for."""
        return abs(self.weight - (BOLD_WEIGHT if bold else REGULAR_WEIGHT))


@lru_cache(maxsize=256)
def find_family(name: str, *, bold: bool = False) -> FontFile | None:
    """The font of a family, upright if there is one, in the nearest weight; None if it is not installed."""
    found = [each for each in list_installed() if each.family.casefold() == name.casefold()]
    best = min(found, key=lambda each: (not each.upright, each.distance(bold=bold), each.font), default=None)
    return None if best is None else best.font


@lru_cache(maxsize=1 << 16)
def find_character(character: str, *, bold: bool = False, region: str = "SC") -> FontFile | None:
    """The font of the system that suits best of those that can draw a character; None if none can.

    Args:
        character: One character.
        bold: Whether bold fonts suit better.
        region: How Chinese characters are written: `JP`, `KR`, `SC`, `TC` or `HK`.
    """
    for each in _sort_installed(region, bold=bold):
        if _covers(each.font, ord(character)) and _draws(each.font, character):
            return each.font
    return None


@lru_cache(maxsize=1)
def list_installed() -> tuple[InstalledFont, ...]:
    """All fonts of the system whose glyphs have outlines, and those of `BUNDLED_FAMILY` in matplotlib."""
    # Matplotlib warns about a home without a place for its cache, and about fonts that it cannot read.
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        import matplotlib
        from matplotlib import font_manager

        own, manager = matplotlib.get_data_path(), font_manager.fontManager
        _add_new_fonts(manager, font_manager.findSystemFonts())
        weights = font_manager.weight_dict
    finally:
        logger.setLevel(level)
    found = []
    for entry in manager.ttflist:
        file, bundled = str(entry.fname), str(entry.fname).startswith(own)
        if NOT_A_SCRIPT.search(entry.name) or bundled != (bundled and entry.name == BUNDLED_FAMILY):
            continue
        weight = entry.weight if isinstance(entry.weight, int) else weights.get(entry.weight, REGULAR_WEIGHT)
        font = FontFile(file, getattr(entry, "index", 0))
        found.append(InstalledFont(entry.name, font, weight, entry.style == "normal", bundled))
    return tuple(dict.fromkeys(found))


def _add_new_fonts(manager: Any, files: Iterable[str]) -> None:
    """Add fonts that were installed after matplotlib wrote its list."""
    known = {str(entry.fname) for entry in manager.ttflist}
    for file in files:
        if file not in known:
            try:
                manager.addfont(file)
            except (OSError, RuntimeError, ValueError):
                continue


@lru_cache(maxsize=16)
def _sort_installed(region: str, *, bold: bool) -> list[InstalledFont]:
    return sorted(list_installed(), key=lambda each: each.rank(region, bold=bold))


def _covers(font: FontFile, code_point: int) -> bool:
    """Whether the character map of a font has a character."""
    starts, ends = _read_ranges(font.file)
    index = bisect_right(starts, code_point) - 1
    return index >= 0 and code_point <= ends[index]


@lru_cache(maxsize=4096)
def _read_ranges(file: str) -> tuple[list[int], list[int]]:
    """The first and the last code points of the ranges that a file covers; the fonts of a collection share them."""
    from matplotlib.ft2font import FT2Font

    try:
        codes = np.array(sorted(FT2Font(file).get_charmap()), np.int64)
    except (OSError, RuntimeError, ValueError):
        return [], []
    gaps = np.flatnonzero(np.diff(codes) > 1)
    return [*codes[:1].tolist(), *codes[gaps + 1].tolist()], [*codes[gaps].tolist(), *codes[-1:].tolist()]


def _draws(font: FontFile, character: str) -> bool:
    """Whether a font has an outline for a character; those with colored pictures alone have none."""
    try:
        left, top, right, bottom = load_font(font, PROBE_SIZE).getbbox(character)
    except ValueError:
        return False
    return character.isspace() or (left < right and top < bottom)
