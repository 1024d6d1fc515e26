"""The colour bar with its limits."""

from __future__ import annotations

from pydantic import Field

from reelnet.compose.panels.legend import Legend, LegendDrawing
from reelnet.compose.panels.still import Still
from reelnet.scene.facts import Facts
from reelnet.scene.layout import Box, Measure
from reelnet.scene.palette import Palette
from reelnet.scene.panel import Canvas, Panel
from reelnet.template.misfit import under
from reelnet.template.words import Length


class Colorbar(Panel):
    """The colormap from its least to its greatest value."""

    tap: str | None = Field(None, description="The layer whose colours are explained; by default the reel's.")
    length: Length | None = Field(
        None,
        description="Of the bar in pixels; by default 13 times the theme's text, or less where the room is narrow.",
    )
    thickness: Length | None = Field(None, description="Of the bar in pixels; by default the theme's text.")

    def legend(self, facts: Facts) -> Legend:
        """The bar and its limits."""
        return Legend.of(facts, facts.view(self.tap or facts.layer).limits, self.thickness)

    def natural(self, facts: Facts) -> int:
        """The width that it would like."""
        return self.legend(facts).beside + (self.length or 13 * facts.theme.text)

    def measure(self, facts: Facts) -> Measure:
        """The bar between its two limits."""
        with under("tap"):
            facts.require(self.tap or facts.layer)
        legend, width = self.legend(facts), self.natural(facts)
        return Measure(width, legend.height, width if self.length else legend.least)

    def place(self, facts: Facts, box: Box, palette: Palette) -> Still:
        """Put it into its box, at its left."""
        width = min(box.width, self.natural(facts))
        inner = Box(box.x, box.y, width, box.height)
        view = facts.view(self.tap or facts.layer)
        return ColorbarDrawing(LegendDrawing(self.legend(facts), facts, view, inner, palette))


class ColorbarDrawing(Still):
    """The bar in its box."""

    def __init__(self, legend: LegendDrawing) -> None:
        self._legend = legend

    def draw_still(self, canvas: Canvas) -> None:
        """Draw it once."""
        self._legend.draw(canvas)
