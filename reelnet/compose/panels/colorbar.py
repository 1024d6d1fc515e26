"""The colour bar with its limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from reelnet.compose.canvas import fill_box, write
from reelnet.compose.panels.still import Still
from reelnet.compose.text import signed, text_size
from reelnet.scene.facts import Facts
from reelnet.scene.layout import Box, Size
from reelnet.scene.palette import Palette
from reelnet.scene.panel import Canvas

GAP = 8
"""Pixels between the bar and its limits."""


@dataclass(frozen=True)
class Colorbar:
    """The colormap from its least to its greatest value.

    Attributes:
        length: Of the bar in pixels.
        thickness: Of the bar in pixels.
    """

    length: int = 160
    thickness: int = 12
    grow: ClassVar[bool] = False

    def natural_size(self, facts: Facts) -> Size:
        """The bar between its two limits."""
        sizes = [text_size(limit, facts.theme.text) for limit in limits(facts)]
        width = sum(size.width for size in sizes) + 2 * GAP + self.length
        return Size(width, max(self.thickness, sizes[0].height))

    def place(self, facts: Facts, box: Box, palette: Palette) -> Still:
        """Put it into its box."""
        return ColorbarDrawing(self, facts, box, palette)


class ColorbarDrawing(Still):
    """The bar in its box."""

    def __init__(self, panel: Colorbar, facts: Facts, box: Box, palette: Palette) -> None:
        theme = facts.theme
        self._panel, self._facts, self._box = panel, facts, box
        self._muted = palette.ramp(theme.muted, theme.background)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        self._map = palette.colormap(facts.limits.anchors(theme.diverging))

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the bar in its frame, and its limits."""
        (low, high), size = limits(self._facts), self._facts.theme.text
        left = self._box.x + text_size(low, size).width + GAP
        line, thick = text_size(low, size).height, self._panel.thickness
        middle = self._box.y + self._box.height // 2
        frame = Box(left, middle - thick // 2, self._panel.length, thick)
        fill_box(canvas, frame, self._faint)
        levels = np.rint(np.linspace(0, len(self._map.indices) - 1, frame.width - 2)).astype(np.intp)
        canvas[frame.y + 1 : frame.bottom - 1, frame.x + 1 : frame.right - 1] = self._map.indices[levels]
        y = middle - line // 2
        write(canvas, low, self._muted, left - GAP, y, size=size, anchor="right")
        write(canvas, high, self._muted, frame.right + GAP, y, size=size)


def limits(facts: Facts) -> tuple[str, str]:
    """The two limits as texts."""
    return signed(facts.limits.low), signed(facts.limits.high)
