"""A colormap between the values at its ends.

The colour bar with its limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from reelnet.config.diagnostics import error_context
from reelnet.config.spec import PositivePixels
from reelnet.render.canvas import fill_box, write
from reelnet.render.panels.basic.spacer import Still
from reelnet.render.typography import TextStyle, body_style, format_limit
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import Ink, PaletteBuilder
from reelnet.scene.panel import Canvas, Panel
from reelnet.scene.tap_view import Limits, TapView

GAP = 8
"""Pixels between the bar and its limits."""
LEAST = 4
"""Ems of the theme's text below which a bar shows too few of its colours."""


@dataclass(frozen=True)
class Legend:
    """A bar between two limits, before it has a box.

    Attributes:
        low: What stands left of the bar.
        high: What stands right of it; values that were clipped are owned up to.
        thick: Of the bar, in pixels.
    """

    low: str
    high: str
    style: TextStyle
    thick: int

    @classmethod
    def of(cls, context: SceneContext, limits: Limits, thick: int | None = None) -> Legend:
        """Of a layer's limits; by default the bar is as thick as the theme's text is high."""
        high = format_limit(limits.high)
        if limits.clipped > 0:
            percent = f"{100 * limits.clipped:.1f}" if limits.clipped >= 0.0005 else "under 0.1"
            high += f"  ({percent} % beyond)"
        return cls(format_limit(limits.low), high, body_style(context.theme), thick or context.theme.text)

    @property
    def beside(self) -> int:
        """Pixels that the limits take."""
        return self.style.width(self.low) + self.style.width(self.high) + 2 * GAP

    @property
    def least(self) -> int:
        """The width below which it cannot go."""
        return self.beside + LEAST * self.style.size

    @property
    def height(self) -> int:
        """Pixels from its top to its bottom."""
        return max(self.thick, self.style.line_height)


class LegendDrawing:
    """A legend whose left end is that of its box; its bar takes what width its limits leave."""

    def __init__(
        self, legend: Legend, context: SceneContext, view: TapView, box: Box, palette: PaletteBuilder
    ) -> None:
        theme = context.theme
        self._legend, self._box = legend, box
        self._muted = palette.ramp(theme.muted, theme.background)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        self._map: Ink = palette.colormap(view.anchors)

    def draw(self, canvas: Canvas) -> None:
        """Draw the bar in its frame, and its limits."""
        legend, style, box = self._legend, self._legend.style, self._box
        middle = box.y + box.height // 2
        left = box.x + style.width(legend.low) + GAP
        frame = Box(left, middle - legend.thick // 2, box.width - legend.beside, legend.thick)
        fill_box(canvas, frame, self._faint)
        indices = self._map.indices_for(canvas)
        levels = np.rint(np.linspace(0, len(indices) - 1, frame.width - 2)).astype(np.intp)
        canvas[frame.y + 1 : frame.bottom - 1, frame.x + 1 : frame.right - 1] = indices[levels]
        y = middle - style.line_height // 2
        write(canvas, legend.low, self._muted, left - GAP, y, style, anchor="right")
        write(canvas, legend.high, self._muted, frame.right + GAP, y, style)


class Colorbar(Panel):
    """The colormap from its least to its greatest value."""

    tap: str | None = Field(None, description="The layer whose colours are explained; by default the reel's.")
    length: PositivePixels | None = Field(
        None,
        description="Of the bar in pixels; by default 13 times the theme's text, or less where the room is narrow.",
    )
    thickness: PositivePixels | None = Field(
        None, description="Of the bar in pixels; by default the theme's text."
    )

    def legend(self, context: SceneContext) -> Legend:
        """The bar and its limits."""
        return Legend.of(context, context.view(self.tap or context.layer).limits, self.thickness)

    def natural(self, context: SceneContext) -> int:
        """The width that it would like."""
        return self.legend(context).beside + (self.length or 13 * context.theme.text)

    def measure(self, context: SceneContext) -> Measure:
        """The bar between its two limits."""
        with error_context("tap"):
            context.require(self.tap or context.layer)
        legend, width = self.legend(context), self.natural(context)
        return Measure(width, legend.height, width if self.length else legend.least)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Still:
        """Put it into its box, at its left."""
        width = min(box.width, self.natural(context))
        inner = Box(box.x, box.y, width, box.height)
        view = context.view(self.tap or context.layer)
        return ColorbarDrawing(LegendDrawing(self.legend(context), context, view, inner, palette))


class ColorbarDrawing(Still):
    """The bar in its box."""

    def __init__(self, legend: LegendDrawing) -> None:
        self._legend = legend

    def draw_still(self, canvas: Canvas) -> None:
        """Draw it once."""
        self._legend.draw(canvas)
