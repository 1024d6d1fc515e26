"""The colour bar with its limits."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from reelnet.compose.canvas import fill_box, write
from reelnet.compose.panels.still import Still
from reelnet.compose.text import body, signed
from reelnet.scene.facts import Facts
from reelnet.scene.layout import Box, Measure
from reelnet.scene.palette import Palette
from reelnet.scene.panel import Canvas, Panel
from reelnet.scene.view import Limits
from reelnet.template.words import Length

GAP = 8
"""Pixels between the bar and its limits."""


class Colorbar(Panel):
    """The colormap from its least to its greatest value."""

    tap: str | None = Field(None, description="The layer whose colours are explained; by default the reel's.")
    length: Length | None = Field(
        None, description="Of the bar in pixels; by default 13 times the theme's text."
    )
    thickness: Length | None = Field(None, description="Of the bar in pixels; by default the theme's text.")

    def texts(self, limits: Limits) -> tuple[str, str]:
        """What stands left and right of the bar; clipped values are owned up to."""
        high = signed(limits.high)
        if limits.clipped > 0:
            percent = f"{100 * limits.clipped:.1f}" if limits.clipped >= 0.0005 else "under 0.1"
            high += f"  ({percent} % beyond)"
        return signed(limits.low), high

    def measure(self, facts: Facts) -> Measure:
        """The bar between its two limits."""
        style, bar = body(facts.theme), self.bar(facts)
        texts = self.texts(facts.view(self.tap or facts.layer).limits)
        width = sum(style.width(text) for text in texts) + 2 * GAP + bar[0]
        return Measure(width, max(bar[1], style.line))

    def bar(self, facts: Facts) -> tuple[int, int]:
        """Length and thickness in pixels."""
        return self.length or 13 * facts.theme.text, self.thickness or facts.theme.text

    def place(self, facts: Facts, box: Box, palette: Palette) -> Still:
        """Put it into its box."""
        return ColorbarDrawing(self, facts, box, palette)


class ColorbarDrawing(Still):
    """The bar in its box."""

    def __init__(self, panel: Colorbar, facts: Facts, box: Box, palette: Palette) -> None:
        theme, view = facts.theme, facts.view(panel.tap or facts.layer)
        self._box, self._style, self._texts = box, body(theme), panel.texts(view.limits)
        self._length, self._thick = panel.bar(facts)
        self._muted = palette.ramp(theme.muted, theme.background)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        self._map = palette.colormap(view.anchors)

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the bar in its frame, and its limits."""
        low, high = self._texts
        left = self._box.x + self._style.width(low) + GAP
        middle = self._box.y + self._box.height // 2
        frame = Box(left, middle - self._thick // 2, self._length, self._thick)
        fill_box(canvas, frame, self._faint)
        levels = np.rint(np.linspace(0, len(self._map.indices) - 1, frame.width - 2)).astype(np.intp)
        canvas[frame.y + 1 : frame.bottom - 1, frame.x + 1 : frame.right - 1] = self._map.indices[levels]
        y = middle - self._style.line // 2
        write(canvas, low, self._muted, left - GAP, y, self._style, anchor="right")
        write(canvas, high, self._muted, frame.right + GAP, y, self._style)
