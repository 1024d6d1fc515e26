"""Fonts are opened from the bytes of their own file, so that no other font of the same name can take their place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import ImageFont

MAX_FONT_BYTES = 100_000_000
"""Larger files are not read; fonts of all Chinese, Japanese and Korean characters have some 20 MB."""
MAX_LINE_EMS = 8
"""Height of a line, in ems, from which a font must be damaged; the tallest scripts take 3."""

NOT_A_FONT = {"unknown file format", "invalid stream operation", "cannot open resource", "broken file"}
"""What FreeType says of a file that is no font, or only the beginning of one."""


def open_font(file: str, size: int) -> ImageFont.FreeTypeFont:
    """Open a TrueType or OpenType font at a size, in pixels per em.

    Raises:
        ValueError: The file cannot be read, is not a font, or is damaged.
    """
    with explain_font_errors(file):
        # Pillow searches the system for a font of the same name if it cannot read the file at a path. Every build of
        # Pillow has the basic layout engine; the other one depends on system libraries.
        font = ImageFont.truetype(BytesIO(_read_font(file)), size, layout_engine=ImageFont.Layout.BASIC)
        line_height = sum(font.getmetrics())
        if not 0 < line_height <= MAX_LINE_EMS * size:
            raise OSError(f"a line would be {line_height} pixels high at {size} pixels per em")
    return font


@contextmanager
def explain_font_errors(file: str) -> Iterator[None]:
    """Turn the errors of Pillow about a font into one that names its file.

    Raises:
        ValueError: The font cannot be read or drawn.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error) or "is damaged"
        if reason in NOT_A_FONT:
            reason = "is not a font, or is damaged"
        raise ValueError(f"{file}: {reason}; give a .ttf or .otf file") from None


@lru_cache(maxsize=8)
def _read_font(file: str) -> bytes:
    with Path(file).open("rb") as stream:
        data = stream.read(MAX_FONT_BYTES + 1)
    if len(data) > MAX_FONT_BYTES:
        raise OSError(f"has more than {MAX_FONT_BYTES // 10**6} MB")
    return data
