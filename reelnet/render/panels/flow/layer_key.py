"""The key of one layer's colors: a bar with its limits below."""

from __future__ import annotations

import numpy as np

from reelnet.render.canvas import draw_picture, fill_box, write
from reelnet.render.typography import TextStyle, text_style
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Still

KEY_THICKNESS = 8
"""Thickness of the bar in pixels of the layout."""


class LayerKey(Still):
    """A bar as wide as its box, with the limits of a layer's colors below its ends.

    Args:
        tap: The layer.
        context: The run.
        box: Its upper left corner and its width.
        palette: Where inks come from.
    """

    def __init__(self, tap: str, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme, self._limits = context.theme, context.view(tap).limits
        self._box, self._style = box, key_style(context)
        self._thickness, self._line = context.px(KEY_THICKNESS), context.px(1)
        self._muted = palette.ramp(theme.muted, theme.background)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        self._map = palette.colormap(self._limits.select_anchors(theme))

    @staticmethod
    def height(context: SceneContext) -> int:
        """Pixels of the bar and its limits."""
        return context.px(KEY_THICKNESS + 1) + key_style(context).line_height

    @staticmethod
    def min_width(tap: str, context: SceneContext) -> int:
        """Pixels of the two limits side by side."""
        low, high = context.view(tap).limits.labels
        style = key_style(context)
        return style.width(low) + style.width(high) + style.size // 2

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the bar in its frame, and write the limits."""
        box, style = self._box, self._style
        frame = Box(box.x, box.y, box.width, self._thickness)
        fill_box(canvas, frame, self._faint)
        indices, inner = self._map.indices_for(canvas), frame.expand(-self._line)
        levels = np.rint(np.linspace(0, len(indices) - 1, inner.width)).astype(np.intp)
        draw_picture(canvas, indices[levels][None], inner)
        low, high = self._limits.labels
        y = frame.bottom + self._line
        write(canvas, low, self._muted, box.x, y, style)
        write(canvas, high, self._muted, box.right, y, style, anchor="right")


def key_style(context: SceneContext) -> TextStyle:
    """The font of the limits."""
    return text_style(context.theme, 0.8 * context.theme.text)
