"""The page of a figure: HTML, style, poster, description, data and script in one file that loads nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from reelnet.export.html.assets import read_script, read_start, read_style
from reelnet.export.html.fonts import embed_fonts
from reelnet.export.html.level_coding import compress_blocks

POSTER_STYLE = "body{margin:0}img{max-width:100%;height:auto}"
"""The style of a page whose scripts do not run: the poster fits the window."""

HTML_ERRORS, JSON_ERRORS = "replace", "backslashreplace"
"""What is written in place of half a surrogate pair, which a name may contain but UTF-8 may not."""


@dataclass(frozen=True)
class FigurePage:
    """What the page of a figure contains.

    Attributes:
        title: The title of the page.
        alt: What the figure shows, for those who do not see it.
        size: Width and height of the picture, in CSS pixels.
        poster: The PNG that is shown without the script.
        scene: What the script draws, as JSON; see docs/figures.md.
        data: The compressed values of each layer; empty if they are in files of their own.
        is_split: Whether the script reads values from files beside the page.
    """

    title: str
    alt: str
    size: tuple[float, float]
    poster: bytes
    scene: bytes
    data: Sequence[bytes]
    is_split: bool = False

    def encode(self) -> bytes:
        """The file."""
        return b"".join(self._parts())

    def _parts(self) -> Iterator[bytes]:
        start, script = read_start(), read_script()
        style, fonts = read_style(), embed_fonts(self.scene.decode()) + POSTER_STYLE
        title, alt = (_escape(text) for text in (self.title, self.alt))
        policy = [
            "default-src 'none'",
            f"script-src '{_hash(start)}' '{_hash(script)}'",
            f"style-src '{_hash(fonts)}' '{_hash(style)}'",
            "font-src data:",
            "img-src data:",
            *(["connect-src 'self'"] if self.is_split else []),
            "base-uri 'none'",
            "form-action 'none'",
        ]
        yield (
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(policy)}">\n'
            f'<title>{title}</title>\n<meta name="description" content="{alt}">\n'
            f'<meta property="og:type" content="article">\n<meta property="og:title" content="{title}">\n'
            f'<meta property="og:description" content="{alt}">\n<style>'
        ).encode("utf-8", HTML_ERRORS)
        yield fonts.encode()
        width, height = self.size
        yield (
            f'</style>\n<main id="figure"><noscript><img alt="{alt}" width="{width}" height="{height}" '
            'src="data:image/png;base64,'
        ).encode("utf-8", HTML_ERRORS)
        yield base64.b64encode(self.poster)
        yield b'"></noscript></main>\n'
        texts = {"figure-style": style.encode(), "figure-script": script.encode(), "figure-data": self.scene}
        blocks = {name: compress_blocks([text]) for name, text in texts.items()}
        blocks |= {f"data-{number}": data for number, data in enumerate(self.data)}
        for name, data in blocks.items():
            yield f'<script type="application/octet-stream;base64" id="{name}">'.encode()
            yield base64.b64encode(data)
            yield b"</script>\n"
        yield b'<script type="module">' + start.encode() + b"</script>\n</html>\n"


def encode_json(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", JSON_ERRORS)


def _escape(text: str) -> str:
    """Text as part of HTML, or of an attribute between double quotes."""
    return escape("".join(each if each.isprintable() else " " for each in text))


def _hash(source: str) -> str:
    """The hash by which a Content-Security-Policy allows a script or a style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"
