"""The spacer panel: empty space."""

from __future__ import annotations

from typing import ClassVar

from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel, Still


class Spacer(Panel):
    """Keeps its neighbors apart: takes the space that is left over."""

    default_grow: ClassVar[float] = 1.0

    def measure(self, context: SceneContext) -> Measure:
        """Ask for no space; the spacer grows into what is left."""
        return Measure(0, 0)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Still:
        """Return a drawing that leaves the background."""
        return SpacerDrawing()


class SpacerDrawing(Still):
    """An empty drawing."""

    def draw_still(self, canvas: Canvas) -> None:
        """Leave the background."""
