"""Cards: a title and a text in the typography and the colors of reels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError
from reelnet.render.canvas import write
from reelnet.render.typography import balance_text, text_style, wrap_text
from reelnet.scene.layout.boxes import Size
from reelnet.scene.palette.palette import ColorDepth, PaletteBuilder
from reelnet.template.theme import Theme

TITLE_SHARE, TEXT_SHARE = 0.105, 0.048
"""Sizes of type as fractions of the height, or of 9/16 of the width where that is less."""

MARGIN, BAR_WIDTH, BAR_HEIGHT = 0.1, 0.06, 0.011
"""The margins at both sides and the bar above the title, as fractions: of the width, and of the height."""

GAP = 0.6
"""The space below the bar and below the title, in lines of the text."""


def draw_card(title: str, text: str, theme: Theme, size: Size) -> NDArray[np.uint8]:
    """Draw a card: an RGB image (height, width, 3).

    Raises:
        ReelnetError: The text does not fit.
    """
    base = min(size.height, size.width * 9 / 16)
    heading = text_style(theme, TITLE_SHARE * base, bold=True)
    body = text_style(theme, TEXT_SHARE * base)
    margin = round(MARGIN * size.width)
    room = size.width - 2 * margin
    builder = PaletteBuilder()
    ground, accent = builder.solids(theme.background, theme.accent)
    inks = [builder.ramp(color, theme.background) for color in (theme.ink, theme.muted)]
    palette = builder.freeze()
    gap, bar = round(GAP * body.line_height), max(2, round(BAR_HEIGHT * base))
    titles = balance_text(title, room, heading) if title else []
    lines = wrap_text(text.strip("\n"), room, body) if text else []
    height = bar + gap + len(titles) * heading.line_height + len(lines) * body.line_height
    height += gap if titles and lines else 0
    longest = [(line, heading) for line in titles] + [(line, body) for line in lines]
    if height > size.height - margin or any(style.width(line) > room for line, style in longest):
        raise ReelnetError(f"the text does not fit on {size.width}×{size.height} pixels; shorten it")
    shape = (size.height, size.width)
    canvas = np.full(shape, ground.indices[0], palette.index_dtype(ColorDepth.FULL))
    y = (size.height - height) // 2
    canvas[y : y + bar, margin : margin + round(BAR_WIDTH * size.width)] = accent.indices[0]
    y += bar + gap
    for line in titles:
        write(canvas, line, inks[0], margin, y, heading)
        y += heading.line_height
    y += gap if titles and lines else 0
    for line in lines:
        write(canvas, line, inks[1], margin, y, body)
        y += body.line_height
    return palette.rgb[canvas]
