"""Text as coverage: how much of each pixel a glyph covers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import accumulate, pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from reelnet.scene.layout.boxes import Size
from reelnet.template.theme import Theme

UNKNOWN = "\U0010fffd"
"""A character that no font has, for the picture that a font shows in place of what it lacks."""


PIECE = re.compile(r"[^._/]*[._/]+|[^._/]+")
DIGITS = "0123456789"
DIGIT = re.compile("[0-9]")
PARTS = re.compile(r"[0-9]|[^0-9]+", re.DOTALL)


@dataclass(frozen=True)
class TextStyle:
    """A face in a size.

    Attributes:
        size: Pixels an em.
        file: Of a TrueType or OpenType font; None for Open Sans, whose digits are all of one width, so that
            counters do not jitter.
    """

    size: int
    bold: bool = False
    file: str | None = None

    @property
    def line_height(self) -> int:
        """Height of a line in pixels."""
        ascent, descent = face(self).getmetrics()
        return ascent + descent

    def width(self, text: str) -> int:
        """Pixels that a line of text takes."""
        return measure_text(text, self).width

    def max_width(self, text: str) -> int:
        """Pixels that a line of text takes at most, whatever its digits are."""
        return self.width(self.widen_digits(text))

    def widen_digits(self, text: str) -> str:
        """A line of text with all digits replaced by the one that makes it widest."""
        return max((DIGIT.sub(digit, text) for digit in DIGITS), key=self.width)


def body_style(theme: Theme, *, bold: bool = False) -> TextStyle:
    """The type of labels and plain text."""
    return text_style(theme, theme.text, bold=bold)


def text_style(theme: Theme, size: float, *, bold: bool = False) -> TextStyle:
    """The theme's face at another size, in pixels an em."""
    return TextStyle(round(size), bold, theme.font_bold if bold else theme.font)


@lru_cache(maxsize=64)
def face(style: TextStyle) -> ImageFont.FreeTypeFont:
    """The font of a type.

    Raises:
        ValueError: Its file is not there, or no font.
    """
    # The basic engine is in every build of Pillow; the other one depends on the system's libraries.
    own = f"OpenSans-{'Semibold' if style.bold else 'Regular'}.ttf"
    file = style.file or str(resources.files("reelnet").joinpath("data", "fonts", own))
    try:
        return ImageFont.truetype(file, style.size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise ValueError(f"font {file}: {error.strerror or error}; give a .ttf or .otf file") from None


@lru_cache(maxsize=4096)
def measure_text(text: str, style: TextStyle) -> Size:
    """Width of the text and height of a line of it, in pixels.

    Raises:
        ValueError: The font lacks one of the text's characters.
    """
    for character in text:
        if not has_glyph(character, style.file, bold=style.bold):
            raise ValueError(
                f"text {text!r}: the font has no character {character!r} (U+{ord(character):04X}); "
                "give theme.font a file that has it"
            )
    ascent, descent = face(style).getmetrics()
    return Size(ceil(starts(PARTS.findall(text), style)[-1]), ascent + descent)


def starts(parts: Sequence[str], style: TextStyle) -> list[float]:
    """Where each part of a line starts, in pixels from its left, and where the line ends."""
    last = face(style).getlength(parts[-1]) if parts else 0.0
    return [*accumulate([*(advance(*pair, style) for pair in pairwise(parts)), last], initial=0.0)]


@lru_cache(maxsize=4096)
def advance(part: str, following: str, style: TextStyle) -> float:
    """Pixels from the start of a part of a line to that of the one that follows it, kerning included."""
    return face(style).getlength(part + following) - face(style).getlength(following)


@lru_cache(maxsize=4096)
def has_glyph(character: str, file: str | None, *, bold: bool) -> bool:
    """Whether a font can show a character; spaces show nothing, rightly."""
    if character.isspace():
        return True
    font = face(TextStyle(16, bold, file))
    return (
        bytes(font.getmask(character)) != bytes(font.getmask(UNKNOWN)) if character.isprintable() else False
    )


@lru_cache(maxsize=4096)
def rasterize_text(text: str, style: TextStyle) -> NDArray[np.uint8]:
    """A line of text, uint8 (height, width): 0 where there is none, 255 where a glyph covers the pixel.

    Put together from words and single digits: a counter says something new in every frame, but with the same few.
    """
    extent = measure_text(text, style)
    mask = np.zeros((extent.height, max(extent.width, 1)), np.uint8)
    parts = PARTS.findall(text)
    for part, start in zip(parts, starts(parts, style), strict=False):
        shape, left = drawn(part, style)
        x = round(start) + left
        under = mask[:, max(0, x) : max(0, x + shape.shape[1])]
        shape = shape[:, max(0, -x) :][:, : under.shape[1]]
        # Where glyphs touch, one lies over the other.
        under += over(under, shape) if under.any() else shape
    mask.flags.writeable = False
    return mask


def over(under: NDArray[np.uint8], shape: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a shape adds to the coverage of what lies under it (Porter and Duff, 1984)."""
    return (((255 - under).astype(np.uint16) * shape + 127) // 255).astype(np.uint8)


@lru_cache(maxsize=1024)
def drawn(part: str, style: TextStyle) -> tuple[NDArray[np.uint8], int]:
    """Coverage of a part of a line, as high as the line, and how far right of its start its first column is."""
    ascent, descent = face(style).getmetrics()
    # A glyph may reach to the left of its start.
    before = 2 * style.size
    image = Image.new("L", (before + ceil(face(style).getlength(part)) + before, ascent + descent))
    ImageDraw.Draw(image).text((before, 0), part, fill=255, font=face(style))
    left, _, right, _ = image.getbbox() or (before, 0, before, 0)
    return np.asarray(image)[:, left:right], left - before


def shorten_text(text: str, width: int, style: TextStyle) -> str:
    """The text, or as much of it with an ellipsis as is no wider than `width` pixels."""
    if style.width(text) <= width:
        return text
    while text and style.width(text + "…") > width:
        text = text[:-1].rstrip()
    return text + "…" if text else ""


def wrap_text(text: str, width: int, style: TextStyle) -> list[str]:
    """The text in lines no wider than `width` pixels, broken at spaces, and wider words after `.`, `_` and `/`."""
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
            for piece in [word] if style.width(word) <= width else split_word(word):
                if line and style.width(line + piece) > width:
                    lines.append(line)
                    line = ""
                line += piece
        lines.append(line)
    return lines


def split_word(word: str) -> list[str]:
    """The parts of a word between which a line may break: a path such as `layer1.0.conv1` breaks after its marks."""
    return PIECE.findall(word) or [word]


def format_limit(value: float) -> str:
    """A limit of a colormap: two significant digits, a sign unless it is 0, and a real minus."""
    if value == 0:
        return "0"
    return f"{value:+.2g}".replace("-", "\u2212")
