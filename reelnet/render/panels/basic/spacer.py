"""What panels share that look the same in every frame.

An empty panel that takes what room is left over.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Drawing, Panel


class Still(Drawing, Protocol):
    """A drawing that does not move."""

    def draw_still(self, canvas: Canvas) -> None:
        """Draw it once."""

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Leave it as it is."""
        return


class Spacer(Panel):
    """Keeps its neighbours apart: takes the room that is left over."""

    default_grow: ClassVar[float] = 1.0

    def measure(self, context: SceneContext) -> Measure:
        """Nothing."""
        return Measure(0, 0)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Still:
        """Nothing to draw."""
        return Nothing()


class Nothing(Still):
    """Draws nothing."""

    def draw_still(self, canvas: Canvas) -> None:
        """Leave the paper blank."""
