"""The color bar panel: a colormap between the values at its ends."""

from __future__ import annotations

from dataclasses import replace
from operator import mul
from typing import Annotated

import numpy as np
from pydantic import Field

from reelnet.config.diagnostics import error_context
from reelnet.config.spec import MAX_PIXELS
from reelnet.render.canvas import fill_box, write
from reelnet.render.typography import body_style
from reelnet.runs.header import TapKind
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel, Still
from reelnet.scene.tap_view import Limits
from reelnet.template.color import Rgb

LIMIT_GAP = 8
"""Pixels between the bar and its limits."""
MIN_BAR_PIXELS = 3
"""Least length and thickness of a bar that an author may set: a frame around one pixel of color."""
MIN_BAR_EMS = 4
"""Least length of a bar, in ems of the theme's text; a shorter one shows too few of its colors."""


BarPixels = Annotated[int, Field(ge=MIN_BAR_PIXELS, le=MAX_PIXELS)]


class ColorbarLayout:
    """A bar between two limits, before it has a box.

    Attributes:
        low: Text left of the bar.
        high: Text right of the bar, with the fraction of values that the limits clip.
        style: Font of the limits.
        thickness: Thickness of the bar in pixels; by default the size of the theme's text.
    """

    def __init__(self, context: SceneContext, limits: Limits, thickness: int | None = None) -> None:
        self._grid, (self.low, self.high) = context.grid, limits.labels
        self.style = body_style(context.theme)
        self.thickness = thickness or context.theme.text

    @property
    def limits_width(self) -> int:
        """Pixels that the limits and their gaps take."""
        return self.style.width(self.low) + self.style.width(self.high) + 2 * LIMIT_GAP

    @property
    def min_width(self) -> int:
        """Least width in pixels."""
        return self.limits_width + MIN_BAR_EMS * self.style.size

    @property
    def height(self) -> int:
        """Height in pixels."""
        return max(self.thickness, self.style.line_height)

    @property
    def row_height(self) -> int:
        """Height in pixels above a block of cells, which begins on the grid."""
        return self._grid.round_up(self.height + 4)


class Colorbar(Panel):
    """The colormap from its lowest to its highest value."""

    tap: str | None = Field(
        None, description="The layer or weight whose colors are explained; by default the reel's layer."
    )
    length: BarPixels | None = Field(
        None,
        description="Length of the bar in pixels; by default 13 times the theme's text, or less if space is narrow.",
    )
    thickness: BarPixels | None = Field(
        None, description="Thickness of the bar in pixels; by default the size of the theme's text."
    )

    def explained_limits(self, context: SceneContext) -> tuple[str, Limits]:
        """The layer or weight, and its limits."""
        tap = self.tap or context.layer
        info = context.require(tap)
        return tap, Limits.for_weight(info) if info.kind is TapKind.WEIGHT else context.view(tap).limits

    def lay_out(self, context: SceneContext) -> ColorbarLayout:
        """The bar and its limits, with the fraction of values that they clip in all that the bar explains."""
        tap, limits = self.explained_limits(context)
        clipped = {tap: limits.clipped} | {
            other: each.clipped for other, each in context.color_limits.items() if each.ends == limits.ends
        }
        counts = [context.statistics.finite_count(each) for each in clipped]
        fraction = sum(map(mul, clipped.values(), counts)) / max(1, sum(counts))
        return ColorbarLayout(context, replace(limits, clipped=fraction), self.thickness)

    def natural_width(self, context: SceneContext) -> int:
        """Preferred width in pixels."""
        return self.lay_out(context).limits_width + (self.length or 13 * context.theme.text)

    def measure(self, context: SceneContext) -> Measure:
        """Measure the bar between its two limits."""
        with error_context("tap"):
            context.require(self.tap or context.layer)
        layout, width = self.lay_out(context), self.natural_width(context)
        return Measure(width, layout.height, width if self.length else layout.min_width)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Still:
        """Place the bar at the left of its box."""
        own_box = Box(box.x, box.y, min(box.width, self.natural_width(context)), box.height)
        _, limits = self.explained_limits(context)
        anchors = limits.select_anchors(context.theme)
        return ColorbarDrawing(self.lay_out(context), context, anchors, own_box, palette)


class ColorbarDrawing(Still):
    """A color bar; its bar takes the width that the limits leave."""

    def __init__(
        self,
        layout: ColorbarLayout,
        context: SceneContext,
        anchors: tuple[Rgb, ...],
        box: Box,
        palette: PaletteBuilder,
    ) -> None:
        theme = context.theme
        self._layout, self._box = layout, box
        self._muted = palette.ramp(theme.muted, theme.background)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        self._map = palette.colormap(anchors)

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the bar in its frame, and its limits."""
        layout, style, box = self._layout, self._layout.style, self._box
        middle = box.y + box.height // 2
        left = box.x + style.width(layout.low) + LIMIT_GAP
        frame = Box(left, middle - layout.thickness // 2, box.width - layout.limits_width, layout.thickness)
        fill_box(canvas, frame, self._faint)
        indices = self._map.indices_for(canvas)
        levels = np.rint(np.linspace(0, len(indices) - 1, frame.width - 2)).astype(np.intp)
        canvas[frame.y + 1 : frame.bottom - 1, frame.x + 1 : frame.right - 1] = indices[levels]
        y = middle - style.line_height // 2
        write(canvas, layout.low, self._muted, left - LIMIT_GAP, y, style, anchor="right")
        write(canvas, layout.high, self._muted, frame.right + LIMIT_GAP, y, style)
