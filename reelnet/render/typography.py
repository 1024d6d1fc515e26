"""Text as coverage: how much of each pixel the glyphs cover."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import accumulate, pairwise
from math import ceil
from typing import NamedTuple
from unicodedata import category

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reelnet._support.font_file import FontFile, explain_font_errors, load_font
from reelnet.render.bidi import base_direction, direction_mark, resolve_levels
from reelnet.render.text_runs import SHAPED, TextRun, is_ignorable, list_fonts, own_font, split_runs
from reelnet.template.theme import Theme

WORD_OR_DIGIT = re.compile(r"[0-9]|[^0-9]+", re.DOTALL)
DIGIT = re.compile("[0-9]")
KERNING_EMS = 2
"""More ems than kerning can take away from a text that is cut."""
MIN_FITTED = 0.6
"""Fraction of its size down to which a font shrinks where its glyphs are higher than the line."""
_IDEOGRAPHS = "\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
_CLOSING = "[、。，．・：；？！」』）】〉》ー…ぁぃぅぇぉっゃゅょァィゥェォッャュョ\u3099\u309a\ufe00-\ufe0f]*"
BREAKABLE_PART = (
    f"[（「『【〈《]*[{_IDEOGRAPHS}]{_CLOSING}|[^._/{_IDEOGRAPHS}]*[._/]+|[^._/{_IDEOGRAPHS}]+{_CLOSING}"
)
"""Chinese and Japanese characters with the punctuation that belongs to them, and words up to dots and the like."""


@dataclass(frozen=True)
class TextStyle:
    """Fonts in a size.

    Attributes:
        size: Pixels per em.
        bold: Whether the fonts are bold.
        fonts: Files of fonts, or families of the system. Each character is drawn by the first that has it, or by Open
            Sans, whose digits have the same width, so that counters do not jitter, or else by a font of the system.
        min_size: Pixels per em below which labels do not shrink to fit; None for 3/4 of the size.
    """

    size: int
    bold: bool = False
    fonts: tuple[str, ...] = ()
    min_size: int | None = None

    @property
    def line_height(self) -> int:
        """Height of a line in pixels."""
        return sum(load_font(_first_font(self), self.size).getmetrics())

    @property
    def ascent(self) -> int:
        """Pixels from the top of a line to its baseline."""
        return load_font(_first_font(self), self.size).getmetrics()[0]

    def width(self, text: str) -> int:
        """Width of a line of text in pixels.

        Raises:
            ValueError: A font is damaged, or Pillow cannot shape the script.
        """
        line, usage = _lay_out(text, self), _usage.get()
        if usage is not None:
            usage.add(text, line)
        return line.width

    def max_width(self, text: str) -> int:
        """The largest width of a line of text in pixels, whatever its digits are."""
        return self.width(self.widen_digits(text))

    def widen_digits(self, text: str) -> str:
        """A line of text with all digits replaced by the one that makes it widest."""
        if not self.fonts:
            return DIGIT.sub("0", text)
        return max((DIGIT.sub(digit, text) for digit in "0123456789"), key=self.width)


@dataclass
class FontUsage:
    """What the measured lines of text are drawn with.

    Attributes:
        missing: Per character that no font has, the first line with it.
        files: The font files other than Open Sans.
    """

    missing: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)

    def add(self, text: str, line: TextLine) -> None:
        """Note the fonts of a line."""
        for character in line.missing:
            self.missing.setdefault(character, text)
        self.files |= line.files


_usage: ContextVar[FontUsage | None] = ContextVar("_usage", default=None)


@contextmanager
def note_fonts() -> Iterator[FontUsage]:
    """Note what the lines of text are drawn with that are measured in the block."""
    usage = FontUsage()
    token = _usage.set(usage)
    try:
        yield usage
    finally:
        _usage.reset(token)


def body_style(theme: Theme, *, bold: bool = False) -> TextStyle:
    """The style of labels and plain text."""
    return replace(text_style(theme, theme.text, bold=bold), min_size=theme.min_text)


def small_style(theme: Theme, share: float, *, bold: bool = False) -> TextStyle:
    """The theme's font at a part of the text's size, but not below the theme's smallest size."""
    return text_style(theme, max(share * theme.text, theme.min_text or 0), bold=bold)


def text_style(theme: Theme, size: float, *, bold: bool = False) -> TextStyle:
    """The theme's font in another size, in pixels per em."""
    return TextStyle(round(size), bold, theme.font_bold if bold else theme.font)


@dataclass(frozen=True)
class TextLine:
    """A line of text, laid out.

    Attributes:
        width: In pixels.
        parts: Its words and digits, and where each starts, in pixels from the left.
        missing: The characters that no font has.
        files: The font files other than Open Sans.
    """

    width: int
    parts: tuple[tuple[TextPart, float], ...]
    missing: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()


class TextPart(NamedTuple):
    """A word, a digit or a run of a line, in its font.

    Attributes:
        run: The characters and their font.
        size: Pixels per em.
    """

    run: TextRun
    size: int

    @property
    def width(self) -> float:
        """Pixels to the start of what follows."""
        return _part_width(self.run, self.size)


@lru_cache(maxsize=4096)
def _lay_out(text: str, style: TextStyle) -> TextLine:
    fonts = list_fonts(style.fonts, bold=style.bold)
    parts: list[tuple[TextPart, float]] = []
    runs, start = split_runs(text, fonts, bold=style.bold), 0.0
    sizes = _fit_sizes(runs, style)
    for run in runs:
        words = [run.text] if run.shaped or run.font is None else WORD_OR_DIGIT.findall(run.text)
        pieces = [
            TextPart(TextRun(word, run.font, run.shaped, run.right_to_left), sizes[run.font])
            for word in words
        ]
        *starts, end = _part_offsets(pieces)
        parts += [(piece, start + offset) for piece, offset in zip(pieces, starts, strict=True)]
        start += end
    missing = dict.fromkeys(character for run in runs if run.font is None for character in run.text)
    files = {run.font.file for run in runs if run.font is not None} - {own_font(bold=style.bold).file}
    return TextLine(ceil(start), tuple(parts), tuple(missing), frozenset(files))


def split_line(text: str, style: TextStyle) -> tuple[tuple[TextPart, float], ...]:
    """The words and digits of a line of text, and where each starts, in pixels from its left."""
    return _lay_out(text, style).parts


@lru_cache(maxsize=4096)
def rasterize_text(text: str, style: TextStyle) -> NDArray[np.uint8]:
    """The coverage of a line of text, uint8 (height, width): 0 for none, 255 for a pixel that a glyph covers.

    It is composed of words and single digits, which are cached: a counter has another text in every frame, but the
    same ten digits.
    """
    line = _lay_out(text, style)
    mask = np.zeros((style.line_height, max(line.width, 1)), np.uint8)
    for part, start in line.parts:
        shape, left = _rasterize_part(part, style)
        x = round(start) + left
        region = mask[:, max(0, x) : max(0, x + shape.shape[1])]
        shape = shape[:, max(0, -x) :][:, : region.shape[1]]
        # Where glyphs touch, one covers the other: "over" of Porter and Duff, Compositing Digital Images, 1984.
        region += (((255 - region).astype(np.uint16) * shape + 127) // 255).astype(np.uint8)
    mask.flags.writeable = False
    return mask


@lru_cache(maxsize=1024)
def _rasterize_part(part: TextPart, style: TextStyle) -> tuple[NDArray[np.uint8], int]:
    """The coverage of a part of a line, as high as the line, and the column where it begins relative to its start."""
    first, run = _first_font(style), part.run
    baseline = load_font(first, style.size).getmetrics()[0]
    # A glyph may reach to the left of its start.
    margin = 2 * style.size
    image = Image.new("L", (margin + ceil(part.width) + margin, style.line_height))
    draw = ImageDraw.Draw(image)
    if run.font is None:
        for number in range(len(run.text)):
            _draw_box(draw, margin + round(number * _box_width(part.size)), baseline, part.size)
    else:
        font = load_font(run.font, part.size, shaped=run.shaped)
        with explain_font_errors(run.font.file):
            draw.text((margin, baseline), run.text, 255, font, anchor="ls", direction=_direction(run))
    left, _, right, _ = image.getbbox() or (margin, 0, margin, 0)
    return np.asarray(image)[:, left:right], left - margin


def _draw_box(draw: ImageDraw.ImageDraw, left: int, baseline: int, size: int) -> None:
    """Draw what stands for a character that no font has."""
    gap, stroke = max(1, round(0.07 * size)), max(1, round(0.07 * size))
    right, top = left + round(_box_width(size)) - 1 - gap, baseline - round(0.72 * size)
    draw.rectangle((left + gap, top, right, baseline - 1), outline=255, width=stroke)


def _box_width(size: int) -> float:
    return round(0.6 * size)


def _first_font(style: TextStyle) -> FontFile:
    return list_fonts(style.fonts, bold=style.bold)[0]


def _direction(run: TextRun) -> str | None:
    """The direction for Pillow, which takes one for shaped text only."""
    return None if not run.shaped else "rtl" if run.right_to_left else "ltr"


def _fit_sizes(runs: Sequence[TextRun], style: TextStyle) -> dict[FontFile | None, int]:
    """The size of each font, in pixels per em, at which no glyph of the line is higher than the line."""
    first = _first_font(style)
    ascent, descent = load_font(first, style.size).getmetrics()
    sizes: dict[FontFile | None, int] = {}
    for run in runs:
        size = style.size
        if run.font not in (None, first):
            font = load_font(run.font, size, shaped=run.shaped)
            with explain_font_errors(run.font.file):
                _, top, _, bottom = font.getbbox(run.text, direction=_direction(run), anchor="ls")
            # The box is rounded up; the rest of a pixel is too faint to be missed.
            room = min(ascent / max(-top - 1, 1), descent / max(bottom - 1, 1), 1.0)
            size = max(1, int(size * max(room, MIN_FITTED)))
        sizes[run.font] = min(size, sizes.get(run.font, size))
    return sizes


def _part_offsets(parts: Sequence[TextPart]) -> list[float]:
    """Where each part of a run starts, in pixels from its left, and where the run ends."""
    last = [part.width for part in parts[-1:]]
    return [*accumulate([*(_advance(*pair) for pair in pairwise(parts)), *last], initial=0.0)]


@lru_cache(maxsize=4096)
def _advance(part: TextPart, following: TextPart) -> float:
    """Pixels from the start of a part of a run to the start of the following one, with kerning."""
    both = TextRun(part.run.text + following.run.text, part.run.font)
    return _part_width(both, part.size) - following.width


def _part_width(run: TextRun, size: int) -> float:
    if run.font is None:
        return len(run.text) * _box_width(size)
    with explain_font_errors(run.font.file):
        font = load_font(run.font, size, shaped=run.shaped)
        return font.getlength(run.text, direction=_direction(run))


def shorten_text(text: str, width: int, style: TextStyle) -> str:
    """The text, cut with an ellipsis if it is wider than `width` pixels."""
    if style.width(text) <= width:
        return text
    # A long text is first cut to a beginning that is certainly too wide, whatever kerning takes away.
    too_wide = width + KERNING_EMS * style.size
    cut = text[: bisect_right(range(len(text)), too_wide, key=lambda length: style.width(text[:length]))]
    while cut and style.width(_add_ellipsis(cut, text)) > width:
        cut = _drop_last(cut)
    return _add_ellipsis(cut, text) if cut else ""


def _add_ellipsis(cut: str, text: str) -> str:
    """The beginning of a text with an ellipsis where the rest would be, whichever way it is read."""
    if not SHAPED.search(text):
        return cut + "…"
    direction, around = base_direction(text), resolve_levels(f"{cut}…{text[len(cut) :]}")[len(cut)] % 2
    mark = direction_mark(around) if around != direction else ""
    return _keep_direction([f"{cut}…{mark}"], direction)[0]


def _drop_last(text: str) -> str:
    """A text without its last letter and the marks on it."""
    dropped, text = text[-1], text[:-1]
    while text and (category(dropped) in ("Mn", "Mc", "Me") or is_ignorable(dropped)):
        dropped, text = text[-1], text[:-1]
    while text and is_ignorable(text[-1]):
        text = text[:-1]
    return text.rstrip()


def drop_to_baseline(small: TextStyle, large: TextStyle) -> int:
    """How much lower a line of small text begins than one of large text with the same baseline."""
    return large.ascent - small.ascent


def balance_text(text: str, width: int, style: TextStyle) -> list[str]:
    """Wrap a text like `wrap_text`, in as many lines, of about the same length."""
    lines = wrap_text(text, width, style)
    low, high = width // (2 * len(lines)), width
    while len(lines) > 1 and high - low > 1:
        middle = (low + high) // 2
        narrower = wrap_text(text, middle, style)
        fits = len(narrower) <= len(lines) and max(map(style.width, narrower)) <= middle
        low, high = (low, middle) if fits else (middle, high)
    return wrap_text(text, high, style)


def wrap_text(text: str, width: int, style: TextStyle) -> list[str]:
    """Break the text into lines of at most `width` pixels, at spaces, and in long words where `split_word` does."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        start, line = len(lines), ""
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
        lines[start:] = _keep_direction(lines[start:], base_direction(paragraph))
    return lines


def _keep_direction(lines: Sequence[str], direction: int) -> list[str]:
    """Give the lines of a paragraph its direction, whatever letter they begin with."""
    return [line if base_direction(line) == direction else direction_mark(direction) + line for line in lines]


def split_word(word: str) -> list[str]:
    """The parts of a word between which a line may break.

    A path such as `layer1.0.conv1` breaks after its dots, Chinese and Japanese between characters.
    """
    return re.findall(BREAKABLE_PART, word) or [word]
