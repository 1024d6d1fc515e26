"""The color bar panel: a colormap between the values at its ends."""

from __future__ import annotations

from dataclasses import replace
from operator import mul
from typing import Annotated

import numpy as np
from pydantic import Field

from reelnet.config.diagnostics import error_context
from reelnet.config.spec import LENGTH, MAX_PIXELS
from reelnet.render.canvas import draw_picture, fill_box, write
from reelnet.render.panels.maps.hatching import MISSING_LABEL, PERIOD, Hatching
from reelnet.render.typography import body_style
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.limits import Limits
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel, Still

LIMIT_GAP = 8
"""Pixels of the layout between the bar and its limits, and between its other parts."""
MIN_BAR_PIXELS = 3
"""Least length and thickness of a bar that an author may set: a frame around one pixel of color."""
MIN_BAR_EMS = 4
"""Least length of a bar, in ems of the theme's text; a shorter one shows too few of its colors."""
BAR_EMS = 8
"""Preferred length of a bar."""
MIN_NOTED_BAR_EMS = 6
"""Least length of a bar beside which it is written what the values are, and how many are clipped."""


BarPixels = Annotated[int, LENGTH, Field(ge=MIN_BAR_PIXELS, le=MAX_PIXELS)]


class ColorbarLayout:
    """A bar between two limits, before it has a box.

    Attributes:
        low: Text left of the bar; empty if all values are the same.
        high: Text right of the bar.
        beyond: The fraction of values that the limits clip, after it; left out where there is no space for it.
        quantity: What the values are, before `low`; likewise.
        limits: The limits.
        is_constant: Whether all values are the same, so that the bar is a swatch.
        has_missing: Whether a key explains the hatching of missing values.
        style: Font of the limits.
        thickness: Thickness of the bar in pixels; by default the size of the theme's text.
        gap: Pixels between the parts.
        hairline: Width of the frame around the bar in pixels.
    """

    def __init__(
        self,
        context: SceneContext,
        limits: Limits,
        thickness: int | None = None,
        *,
        has_missing: bool = False,
    ) -> None:
        self.limits, self.theme, self._grid = limits, context.theme, context.grid
        self.gap, self.hairline = context.px(LIMIT_GAP), context.px(1)
        (self.low, self.high), self.beyond, self.quantity = limits.labels, limits.beyond, limits.quantity
        self.is_constant = limits.low == limits.high
        if self.is_constant:
            self.low = ""
        self.has_missing = has_missing
        self.style = body_style(context.theme)
        self.thickness = thickness or context.theme.text

    @property
    def quantity_width(self) -> int:
        """Pixels that the quantity and its gap take."""
        return self.style.width(self.quantity) + 2 * self.gap

    @property
    def beyond_width(self) -> int:
        """Pixels that the fraction of clipped values and its gap take."""
        return self.style.width(f" {self.beyond}") if self.beyond else 0

    @property
    def key_width(self) -> int:
        """Pixels that the key of missing values and its gap take; 0 without one."""
        if not self.has_missing:
            return 0
        return 2 * self.gap + self.swatch_width + self.gap + self.style.width(MISSING_LABEL)

    @property
    def swatch_width(self) -> int:
        """Width of the hatched part of the key in pixels."""
        return max(2 * self.thickness, 2 * self.hairline * PERIOD)

    @property
    def limits_width(self) -> int:
        """Pixels that the limits, their gaps and the key take."""
        return self.style.width(self.low) + self.style.width(self.high) + 2 * self.gap + self.key_width

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
        return self._grid.round_up(self.height + 4 * self.hairline)


class Colorbar(Panel):
    """The colormap from its lowest to its highest value, with 0 between them, and what the values are."""

    tap: str | None = Field(
        None, description="The layer or weight whose colors are explained; by default the reel's layer."
    )
    length: BarPixels | None = Field(
        None,
        description="Length of the bar in pixels; by default 8 times the theme's text, or less if space is narrow.",
    )
    thickness: BarPixels | None = Field(
        None, description="Thickness of the bar in pixels; by default the size of the theme's text."
    )

    def explained_limits(self, context: SceneContext) -> tuple[str, Limits]:
        """The layer or weight, and its limits."""
        tap = self.tap or context.layer
        return tap, context.view(tap).limits

    def lay_out(self, context: SceneContext) -> ColorbarLayout:
        """The bar and its limits, with the fraction of values that they clip in all that the bar explains."""
        tap, limits = self.explained_limits(context)
        explained = {tap: limits} | {
            other: each for other, each in context.color_limits.items() if each.means_the_same(limits)
        }
        counts = [context.statistics.finite_count(each) for each in explained]
        fraction = sum(map(mul, (each.clipped for each in explained.values()), counts)) / max(1, sum(counts))
        below, above = zip(*(each.exceeds for each in explained.values()), strict=True)
        return ColorbarLayout(
            context,
            replace(limits, clipped=fraction, exceeds=(any(below), any(above))),
            self.thickness,
            has_missing=any(map(context.statistics.has_nonfinite, explained)),
        )

    def natural_width(self, context: SceneContext) -> int:
        """Preferred width in pixels."""
        layout = self.lay_out(context)
        texts = layout.quantity_width + layout.limits_width + layout.beyond_width
        ems = MIN_BAR_EMS if layout.is_constant else BAR_EMS
        return texts + (self.length or ems * context.theme.text)

    def measure(self, context: SceneContext) -> Measure:
        """Measure the bar between its two limits."""
        with error_context("tap"):
            context.require(self.tap or context.layer)
        layout, width = self.lay_out(context), self.natural_width(context)
        least = layout.limits_width + self.length if self.length else layout.min_width
        return Measure(width, layout.height, least)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Still:
        """Place the bar at the left of its box."""
        own_box = Box(box.x, box.y, min(box.width, self.natural_width(context)), box.height)
        return ColorbarDrawing(self.lay_out(context), own_box, palette, self.length)


class ColorbarDrawing(Still):
    """A color bar; its bar takes the width that the texts leave.

    Attributes:
        layout: What it shows.
    """

    def __init__(
        self, layout: ColorbarLayout, box: Box, palette: PaletteBuilder, length: int | None = None
    ) -> None:
        theme, anchors = layout.theme, layout.limits.select_anchors(layout.theme)
        self.layout, self._box = layout, box
        least = MIN_BAR_EMS if layout.is_constant else MIN_NOTED_BAR_EMS
        self._least = length or least * layout.style.size
        self._muted = palette.ramp(theme.muted, theme.background)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        self._map = palette.colormap(anchors)
        self._hatching = Hatching(theme, palette, layout.hairline) if layout.has_missing else None
        middle = anchors[len(anchors) // 2]
        is_symmetric = layout.limits.low == -layout.limits.high and not layout.is_constant
        self._has_zero = is_symmetric and layout.thickness >= layout.style.size
        # Text is written on the colors around the middle of the bar.
        self._zero = palette.ramp(theme.muted, middle) if self._has_zero else None

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the bar in its frame with its limits, and the key of missing values."""
        layout, style, box = self.layout, self.layout.style, self._box
        middle, left = box.y + box.height // 2, box.x
        y = middle - style.line_height // 2
        length, least, high = box.width - layout.limits_width, self._least, layout.high
        if length - layout.quantity_width >= least:
            write(canvas, layout.quantity, self._muted, left, y, style)
            left, length = left + layout.quantity_width, length - layout.quantity_width
        if length - layout.beyond_width >= least:
            high, length = f"{high} {layout.beyond}".strip(), length - layout.beyond_width
        left += style.width(layout.low) + layout.gap
        frame = Box(left, middle - layout.thickness // 2, length, layout.thickness)
        fill_box(canvas, frame, self._faint)
        indices = self._map.indices_for(canvas)
        inner = frame.expand(-layout.hairline)
        last = 0 if layout.is_constant else len(indices) - 1
        levels = np.rint(np.linspace(0, last, inner.width)).astype(np.intp)
        draw_picture(canvas, indices[levels][None], inner)
        write(canvas, layout.low, self._muted, left - layout.gap, y, style, anchor="right")
        write(canvas, high, self._muted, frame.right + layout.gap, y, style)
        if self._zero is not None:
            write(canvas, "0", self._zero, frame.x + frame.width // 2, y, style, anchor="middle")
        if self._hatching is not None:
            left = box.x + box.width - style.width(MISSING_LABEL) - layout.gap - layout.swatch_width
            swatch = Box(left, frame.y, layout.swatch_width, frame.height)
            rows, columns = np.arange(swatch.y, swatch.bottom)[:, None], np.arange(swatch.x, swatch.right)
            draw_picture(canvas, self._hatching.indices_at(rows, columns), swatch)
            write(canvas, MISSING_LABEL, self._muted, left + layout.swatch_width + layout.gap, y, style)
