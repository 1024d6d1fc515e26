"""An empty panel that takes what room is left over."""

from __future__ import annotations

from typing import ClassVar

from reelnet.compose.panels.still import Still
from reelnet.scene.facts import Facts
from reelnet.scene.layout import Box, Measure
from reelnet.scene.palette import Palette
from reelnet.scene.panel import Canvas, Panel


class Spacer(Panel):
    """Keeps its neighbours apart: takes the room that is left over."""

    usual_grow: ClassVar[float] = 1.0

    def measure(self, facts: Facts) -> Measure:
        """Nothing."""
        return Measure(0, 0)

    def place(self, facts: Facts, box: Box, palette: Palette) -> Still:
        """Nothing to draw."""
        return Nothing()


class Nothing(Still):
    """Draws nothing."""

    def draw_still(self, canvas: Canvas) -> None:
        """Leave the paper blank."""
