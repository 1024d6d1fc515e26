"""Text as coverage: how much of each pixel the glyphs cover."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import accumulate, pairwise
from math import ceil
from unicodedata import bidirectional, category

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from reelnet._support.font_file import explain_font_errors, open_font
from reelnet.template.theme import Theme

MISSING_CHARACTER = "\U0010fffd"
"""A private-use character that no font has: it is drawn as the font draws what it lacks."""

DIGIT = re.compile("[0-9]")
WORD_OR_DIGIT = re.compile(r"[0-9]|[^0-9]+", re.DOTALL)
KERNING_EMS = 2
"""More ems than kerning can take away from a text that is cut."""
RIGHT_TO_LEFT, REORDERED = ("R", "AL"), "Mc"
"""Unicode classes of letters that need more than one glyph after the other: Hebrew and Arabic, vowels of India."""
BREAKABLE_PART = re.compile(r"[^._/]*[._/]+|[^._/]+")


@dataclass(frozen=True)
class TextStyle:
    """A font in a size.

    Attributes:
        size: Pixels per em.
        bold: Whether the font is bold.
        file: A TrueType or OpenType file; None for Open Sans, whose digits have the same width, so that counters do
            not jitter.
    """

    size: int
    bold: bool = False
    file: str | None = None

    @property
    def line_height(self) -> int:
        """Height of a line in pixels."""
        return sum(_load_font(self).getmetrics())

    def width(self, text: str) -> int:
        """Width of a line of text in pixels.

        Raises:
            ValueError: The font has no glyph for a character, or its script cannot be drawn.
        """
        return _measure_width(text, self)

    def max_width(self, text: str) -> int:
        """The largest width of a line of text in pixels, whatever its digits are."""
        return self.width(self.widen_digits(text))

    def widen_digits(self, text: str) -> str:
        """A line of text with all digits replaced by the one that makes it widest."""
        if self.file is None:
            return DIGIT.sub("0", text)
        return max((DIGIT.sub(digit, text) for digit in "0123456789"), key=self.width)


def body_style(theme: Theme, *, bold: bool = False) -> TextStyle:
    """The style of labels and plain text."""
    return text_style(theme, theme.text, bold=bold)


def text_style(theme: Theme, size: float, *, bold: bool = False) -> TextStyle:
    """The theme's font in another size, in pixels per em."""
    return TextStyle(round(size), bold, theme.font_bold if bold else theme.font)


@lru_cache(maxsize=4096)
def rasterize_text(text: str, style: TextStyle) -> NDArray[np.uint8]:
    """The coverage of a line of text, uint8 (height, width): 0 for none, 255 for a pixel that a glyph covers.

    It is composed of words and single digits, which are cached: a counter has another text in every frame, but the
    same ten digits.
    """
    mask = np.zeros((style.line_height, max(style.width(text), 1)), np.uint8)
    parts = WORD_OR_DIGIT.findall(text)
    for part, start in zip(parts, _part_offsets(parts, style), strict=False):
        shape, left = _rasterize_part(part, style)
        x = round(start) + left
        region = mask[:, max(0, x) : max(0, x + shape.shape[1])]
        shape = shape[:, max(0, -x) :][:, : region.shape[1]]
        # Where glyphs touch, one covers the other: "over" of Porter and Duff, Compositing Digital Images, 1984.
        region += (((255 - region).astype(np.uint16) * shape + 127) // 255).astype(np.uint8)
    mask.flags.writeable = False
    return mask


@lru_cache(maxsize=1024)
def _rasterize_part(part: str, style: TextStyle) -> tuple[NDArray[np.uint8], int]:
    """The coverage of a part of a line, as high as the line, and the column where it begins relative to its start."""
    font = _load_font(style)
    # A glyph may reach to the left of its start.
    margin = 2 * style.size
    image = Image.new("L", (margin + ceil(_part_width(part, style)) + margin, style.line_height))
    with explain_font_errors(_find_font_file(style)):
        ImageDraw.Draw(image).text((margin, 0), part, fill=255, font=font)
    left, _, right, _ = image.getbbox() or (margin, 0, margin, 0)
    return np.asarray(image)[:, left:right], left - margin


@lru_cache(maxsize=64)
def _load_font(style: TextStyle) -> ImageFont.FreeTypeFont:
    """The font of a style.

    Raises:
        ValueError: The file does not exist, or is not a font, or is damaged.
    """
    return open_font(_find_font_file(style), style.size)


@lru_cache(maxsize=64)
def _find_font_file(style: TextStyle) -> str:
    own = f"OpenSans-{'Semibold' if style.bold else 'Regular'}.ttf"
    return style.file or str(resources.files("reelnet").joinpath("data", "fonts", own))


@lru_cache(maxsize=4096)
def _measure_width(text: str, style: TextStyle) -> int:
    for character in text:
        if bidirectional(character) in RIGHT_TO_LEFT or category(character) == REORDERED:
            raise ValueError(
                f"text {text!r}: the script of {character!r} (U+{ord(character):04X}) cannot be drawn, only scripts "
                "from left to right whose letters keep their order; show an image of the text"
            )
    for character in text:
        if not _has_glyph(character, style.file, bold=style.bold):
            raise ValueError(
                f"text {text!r}: the font has no character {character!r} (U+{ord(character):04X}); "
                "give theme.font a file that has it"
            )
    return ceil(_part_offsets(WORD_OR_DIGIT.findall(text), style)[-1])


@lru_cache(maxsize=4096)
def _has_glyph(character: str, file: str | None, *, bold: bool) -> bool:
    """Whether a font can draw a character; spaces need no glyph."""
    if character.isspace() or not character.isprintable():
        return character.isspace()
    style = TextStyle(16, bold, file)
    font = _load_font(style)
    with explain_font_errors(_find_font_file(style)):
        return bytes(font.getmask(character)) != bytes(font.getmask(MISSING_CHARACTER))


def _part_offsets(parts: Sequence[str], style: TextStyle) -> list[float]:
    """Where each part of a line starts, in pixels from its left, and where the line ends."""
    last = _part_width(parts[-1], style) if parts else 0.0
    return [*accumulate([*(_advance(*pair, style) for pair in pairwise(parts)), last], initial=0.0)]


@lru_cache(maxsize=4096)
def _advance(part: str, following: str, style: TextStyle) -> float:
    """Pixels from the start of a part of a line to the start of the following one, with kerning."""
    return _part_width(part + following, style) - _part_width(following, style)


def _part_width(part: str, style: TextStyle) -> float:
    """Pixels to the start of what follows a part of a line."""
    with explain_font_errors(_find_font_file(style)):
        return _load_font(style).getlength(part)


def shorten_text(text: str, width: int, style: TextStyle) -> str:
    """The text, cut with an ellipsis if it is wider than `width` pixels."""
    if style.width(text) <= width:
        return text
    # A long text is first cut to a beginning that is certainly too wide, whatever kerning takes away.
    too_wide = width + KERNING_EMS * style.size
    text = text[: bisect_right(range(len(text)), too_wide, key=lambda length: style.width(text[:length]))]
    while text and style.width(text + "…") > width:
        text = text[:-1].rstrip()
    return text + "…" if text else ""


def wrap_text(text: str, width: int, style: TextStyle) -> list[str]:
    """Break the text into lines of at most `width` pixels, at spaces, and in long words after `.`, `_` and `/`."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if style.width(longer) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            line = ""
            for part in [word] if style.width(word) <= width else split_word(word):
                if line and style.width(line + part) > width:
                    lines.append(line)
                    line = ""
                line += part
        lines.append(line)
    return lines


def split_word(word: str) -> list[str]:
    """The parts of a word between which a line may break: a path such as `layer1.0.conv1` breaks after its dots."""
    return BREAKABLE_PART.findall(word) or [word]
