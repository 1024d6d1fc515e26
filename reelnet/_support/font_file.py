"""Fonts are opened from their own file, so that no other font of the same name can take their place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import ImageFont

MAX_FONT_BYTES = 100_000_000
"""Larger files are not read; fonts of all Chinese, Japanese and Korean characters have some 20 MB."""
MAX_COPIED_BYTES = 4_000_000
"""Larger files are mapped into memory, not read."""
MAX_LINE_EMS = 8
"""Height of a line, in ems, from which a font must be damaged; the tallest scripts take 3."""

FILE_NAME = re.compile(r"[/\\]|^[.~]|\.\w+$")
"""What tells a file from the name of a family: a folder or a suffix."""
NOT_A_FONT = {"unknown file format", "invalid stream operation", "cannot open resource", "broken file"}
"""What FreeType says of a file that is no font, or only the beginning of one."""


class FontFile(NamedTuple):
    """A font.

    Attributes:
        file: A TrueType or OpenType file.
        number: Which font of a collection, from 0.
    """

    file: str
    number: int = 0


def is_font_file(font: str) -> bool:
    """Whether a font is given by its file, not by the name of a family of the system."""
    return FILE_NAME.search(font) is not None


def open_font(font: FontFile, size: int, *, shaped: bool = False) -> ImageFont.FreeTypeFont:
    """Open a font at a size, in pixels per em.

    Args:
        font: Where it is.
        size: Pixels per em.
        shaped: Whether its letters are joined and ordered as their script requires, which needs Raqm.

    Raises:
        ValueError: The file cannot be read, is not a font, or is damaged.
    """
    # Every build of Pillow has the basic layout engine; the other one depends on libraries.
    engine = ImageFont.Layout.RAQM if shaped else ImageFont.Layout.BASIC
    with explain_font_errors(font.file):
        # `ImageFont.truetype` searches the system for a font of the same name if it cannot read the file.
        opened = ImageFont.FreeTypeFont(_read_font(font.file), size, font.number, layout_engine=engine)
        line_height = sum(opened.getmetrics())
        if not 0 < line_height <= MAX_LINE_EMS * size:
            raise OSError(f"a line would be {line_height} pixels high at {size} pixels per em")
    return opened


load_font = lru_cache(maxsize=64)(open_font)
"""The same, kept for the next call."""


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


def _read_font(file: str) -> str | BytesIO:
    """The content of a font file, or the path of a large one, of which each size would hold a copy."""
    length = Path(file).stat().st_size
    if length > MAX_FONT_BYTES:
        raise OSError(f"has more than {MAX_FONT_BYTES // 10**6} MB")
    return file if length > MAX_COPIED_BYTES else BytesIO(Path(file).read_bytes())
