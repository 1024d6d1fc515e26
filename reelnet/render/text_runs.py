"""A line of text in pieces that one font draws in one direction, from left to right."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from itertools import groupby
from typing import NamedTuple
from unicodedata import bidirectional, category

from PIL import features

from reelnet._support.font_file import FontFile, explain_font_errors, is_font_file, load_font
from reelnet.render.bidi import resolve_levels, visual_order
from reelnet.render.system_fonts import PROBE_SIZE, find_character, find_family

MISSING_CHARACTER = "\U0010fffd"
"""A private-use character that no font has: it is drawn as the font draws what it lacks."""

SHAPED = re.compile(
    "[\u0590-\u109f\u1100-\u11ff\u1700-\u18af\u1900-\u1aaf\u1b00-\u1cff\u200d\ua800-\uaaff\uabc0-\uabff"
    "\ud7b0-\ud7ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00011fff\U0001e800-\U0001efff]"
)
"""Characters of scripts whose letters change with their neighbors: Hebrew and Arabic, India and its east, Jamo."""
DIGITS = re.compile("[0-9]+|[^0-9]+", re.DOTALL)

KANA, HANGUL = (
    re.compile("[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9d]"),
    re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff]"),
)


class TextRun(NamedTuple):
    """A piece of a line.

    Attributes:
        text: In the order in which it is read.
        font: What draws it; None if no font can, so that boxes stand for its characters.
        shaped: Whether its letters are joined and ordered as their script requires.
        right_to_left: Whether it is read from right to left.
    """

    text: str
    font: FontFile | None
    shaped: bool = False
    right_to_left: bool = False


@lru_cache(maxsize=64)
def own_font(*, bold: bool) -> FontFile:
    """The file of Open Sans."""
    name = f"OpenSans-{'Semibold' if bold else 'Regular'}.ttf"
    return FontFile(str(resources.files("reelnet").joinpath("data", "fonts", name)))


@lru_cache(maxsize=64)
def list_fonts(names: tuple[str, ...], *, bold: bool) -> tuple[FontFile, ...]:
    """The fonts that a theme gives, by file or family, and Open Sans after them. Others are skipped."""
    fonts = (FontFile(name) if is_font_file(name) else find_family(name, bold=bold) for name in names)
    return (*filter(None, fonts), own_font(bold=bold))


def split_runs(text: str, fonts: tuple[FontFile, ...], *, bold: bool) -> list[TextRun]:
    """Split a line of text into runs, from left to right.

    Text that the first font can draw letter by letter is one run.

    Args:
        text: One line.
        fonts: The fonts to use, the first one first. Where they lack a character, a font of the system draws it.
        bold: Whether bold fonts of the system suit better.

    Raises:
        ValueError: The letters change places or forms, and Pillow cannot do that.
    """
    if not SHAPED.search(text) and all(has_glyph(character, fonts[0]) for character in text):
        return [TextRun(text, fonts[0])]
    chosen, levels = _choose_fonts(text, fonts, bold=bold), resolve_levels(text)
    runs: list[tuple[int, TextRun]] = []
    index = 0
    for (font, level), group in groupby(zip(chosen, levels, strict=True)):
        end = index + len([*group])
        runs += ((level, run) for run in _make_runs(text[index:end], font, right_to_left=level % 2 == 1))
        index = end
    return [runs[position][1] for position in visual_order([level for level, _ in runs])]


def _choose_fonts(text: str, fonts: tuple[FontFile, ...], *, bold: bool) -> list[FontFile | None]:
    """The font of each character."""
    region = "JP" if KANA.search(text) else "KR" if HANGUL.search(text) else "SC"
    chosen: list[FontFile | None] = []
    for character in text:
        previous = chosen[-1] if chosen else fonts[0]
        joins = category(character) in ("Mn", "Mc", "Me")
        if is_ignorable(character) or (joins and previous and has_glyph(character, previous)):
            # Marks come from the font of their letter, so that it can place them.
            chosen.append(previous)
            continue
        font = next((each for each in fonts if has_glyph(character, each)), None)
        chosen.append(font or find_character(character, bold=bold, region=region))
    return chosen


def _make_runs(text: str, font: FontFile | None, *, right_to_left: bool) -> list[TextRun]:
    """The runs of a piece of text in one font and direction."""
    if font is not None and (right_to_left or SHAPED.search(text)):
        if features.check("raqm"):
            # Digits stay apart, so that a counter does not shape them anew.
            pieces = DIGITS.findall(text)
            return [
                TextRun(each, font, not each.isdecimal() or right_to_left, right_to_left) for each in pieces
            ]
        _refuse_reordered(text)
    text = "".join(character for character in text if not is_ignorable(character))
    return [TextRun(text, font)] if text else []


def _refuse_reordered(text: str) -> None:
    for character in text:
        if bidirectional(character) in ("R", "AL") or category(character) == "Mc":
            raise ValueError(
                f"text {text!r}: the script of {character!r} (U+{ord(character):04X}) needs Raqm, which "
                "this build of Pillow lacks; install Pillow from its wheels, or show an image of the text"
            )


def is_ignorable(character: str) -> bool:
    """Whether a character is invisible: joiners, marks of direction, and selectors of variants."""
    return (
        category(character) == "Cf"
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )


@lru_cache(maxsize=1 << 14)
def has_glyph(character: str, font: FontFile) -> bool:
    """Whether a font can draw a character; tabs and line breaks need no glyph."""
    if character.isspace() and character < "\x80":
        return True
    if not (character.isspace() or character.isprintable()):
        return False
    opened = load_font(font, PROBE_SIZE)
    with explain_font_errors(font.file):
        return bytes(opened.getmask(character)) != bytes(opened.getmask(MISSING_CHARACTER))
