"""SVG pictures: text as text with its fonts inside, curves as paths, maps as small images with sharp edges."""

from __future__ import annotations

import base64
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape

from PIL import Image

from reelnet._support.font_subset import cut_font
from reelnet.export.vector.marks import Mark, Picture, Pixels, Words, list_words
from reelnet.render.description.items import DiscItem, LineItem, Point, PolygonItem, RectItem
from reelnet.scene.layout.boxes import Box, Size
from reelnet.template.color import Rgb

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot contain."""
UNQUOTED = re.compile(r"[^\w -]")
"""Characters that the name of a family in quotes must not have."""
INHERITED = "white-space: pre; image-rendering: pixelated; stroke-linejoin: round"
ROUND_ENDS = ' stroke-linecap="round"'
SMOOTH = ' style="image-rendering: auto"'
ANCHORS = {"left": "start", "middle": "middle", "right": "end"}


def make_svg(marks: Sequence[Mark], size: Size, width: float, title: str) -> str:
    """An SVG file. The same arguments give the same text.

    Args:
        marks: What it shows, from the bottom to the top.
        size: Of the frame, in the pixels of the marks.
        width: In inches; the height follows.
        title: What it shows, for screen readers.

    Raises:
        ValueError: A font is damaged.
    """
    writer, height = _Writer(marks, title), width * size.height / size.width
    body = [writer.write(mark) for mark in marks]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_number(width)}in" height="{_number(height)}in" '
            f'viewBox="0 0 {size.width} {size.height}" role="img">',
            f"<title>{_text(title)}</title>",
            *writer.write_definitions(),
            f'<g style="{INHERITED}">',
            *body,
            "</g>",
            "</svg>",
            "",
        )
    )


class _Writer:
    """Writes marks as elements.

    Its names begin alike and as in no other picture, so that several pictures can be parts of one page.
    """

    def __init__(self, marks: Sequence[Mark], title: str) -> None:
        words = [(mark.text, mark.x, mark.y) for mark in marks if isinstance(mark, Words)]
        self._prefix = f"r{zlib.crc32(repr((title, words)).encode()):08x}"
        self._characters = list_words(marks)
        self._fonts = [*self._characters]
        self._clips: dict[Box, str] = {}

    def write_definitions(self) -> Iterator[str]:
        """The style sheet with the fonts, and the rectangles that clip the marks written so far."""
        yield "<style>"
        for number, font in enumerate(self._fonts):
            name, part = f"{self._prefix}-font{number}", cut_font(font, self._characters[font])
            # Programs that ignore fonts inside of pictures find the one that is installed.
            families = f"{name}, '{UNQUOTED.sub('', part.family)}', sans-serif"
            source = f"url(data:font/woff;base64,{part.woff})"
            yield f"@font-face {{font-family: {name}; font-weight: {part.weight}; src: {source}}}"
            yield f".{name} {{font-family: {families}; font-weight: {part.weight}}}"
        yield "</style>"
        for box, name in self._clips.items():
            yield f'<clipPath id="{name}"><rect {_box(box)}/></clipPath>'

    def write(self, mark: Mark) -> str:
        """The element of a mark."""
        match mark:
            case Words():
                return self._write_words(mark)
            case RectItem():
                return f'<rect {_box(mark.box)} fill="{_color(mark.ink.color)}"/>'
            case LineItem():
                path = "".join(f"M{_points(line)}" for line in mark.lines)
                dash = f' stroke-dasharray="{_numbers(mark.dash)}"' if mark.dash else ""
                dash += ROUND_ENDS * mark.has_round_ends
                return (
                    f'<path d="{path}" fill="none" stroke="{_color(mark.ink.color)}" '
                    f'stroke-width="{_number(mark.width)}"{dash}{self._clip(mark.clip)}/>'
                )
            case PolygonItem():
                return f'<path d="M{_points(mark.points)}Z" fill="{_color(mark.ink.color)}"/>'
            case DiscItem():
                return _write_disc(mark)
            case Picture():
                return (
                    f'<image x="{_number(mark.x)}" y="{_number(mark.y)}" width="{_number(mark.width)}" '
                    f'height="{_number(mark.height)}" preserveAspectRatio="none"{self._clip(mark.clip)}'
                    f"{SMOOTH * mark.is_smooth} "
                    f'href="data:image/png;base64,{_encode_pixels(mark.pixels)}"/>'
                )

    def _write_words(self, words: Words) -> str:
        x, y, number = _number(words.x), _number(words.y), self._fonts.index(words.font)
        turn = f' transform="rotate({-words.angle} {x} {y})"' if words.angle else ""
        anchor = f' text-anchor="{ANCHORS[words.anchor]}"' if words.anchor != "left" else ""
        return (
            f'<text x="{x}" y="{y}" class="{self._prefix}-font{number}" font-size="{words.size}"{anchor} '
            f'fill="{_color(words.color)}"{turn}>{_text(words.text)}</text>'
        )

    def _clip(self, box: Box | None) -> str:
        if box is None:
            return ""
        name = self._clips.setdefault(box, f"{self._prefix}-clip{len(self._clips)}")
        return f' clip-path="url(#{name})"'


def _write_disc(disc: DiscItem) -> str:
    place = f'cx="{_number(disc.x)}" cy="{_number(disc.y)}" r="{_number(disc.radius)}"'
    if disc.stroke is None:
        return f'<circle {place} fill="{_color(disc.ink.color)}"/>'
    dash = ""
    if disc.dash is not None:
        # The outline begins at the right; turned, it begins at the top, in the middle of a dash.
        dash = (
            f' stroke-dasharray="{_numbers(disc.dash)}" stroke-dashoffset="{_number(disc.dash[0] / 2)}" '
            f'transform="rotate(-90 {_number(disc.x)} {_number(disc.y)})"'
        )
    return (
        f'<circle {place} fill="none" stroke="{_color(disc.ink.color)}" '
        f'stroke-width="{_number(disc.stroke)}"{dash}/>'
    )


def _encode_pixels(pixels: Pixels) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def _box(box: Box) -> str:
    return f'x="{box.x}" y="{box.y}" width="{max(0, box.width)}" height="{max(0, box.height)}"'


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _numbers(numbers: Iterable[float]) -> str:
    return " ".join(map(_number, numbers))


def _number(number: float) -> str:
    """A number with at most three decimals."""
    text = f"{number:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _color(color: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


def _text(text: str) -> str:
    return escape(NOT_XML.sub("\ufffd", text))
