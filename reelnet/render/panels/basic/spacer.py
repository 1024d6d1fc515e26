"""The spacer panel, and the base of drawings that never change."""

from __future__ import annotations

from typing import ClassVar, Protocol

from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Drawing, Panel


class Still(Drawing, Protocol):
    """A drawing that looks the same in every frame."""

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the panel once."""

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw nothing: no frame differs."""
        return


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
