"""An empty panel that takes what width is left over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reelnet.compose.panels.still import Still
from reelnet.scene.facts import Facts
from reelnet.scene.layout import Box, Size
from reelnet.scene.palette import Palette
from reelnet.scene.panel import Canvas


@dataclass(frozen=True)
class Spacer:
    """Keeps its neighbours apart."""

    grow: ClassVar[bool] = True

    def natural_size(self, facts: Facts) -> Size:
        """Nothing."""
        return Size(0, 0)

    def place(self, facts: Facts, box: Box, palette: Palette) -> Still:
        """Nothing to draw."""
        return Nothing()


class Nothing(Still):
    """Draws nothing."""

    def draw_still(self, canvas: Canvas) -> None:
        """Leave the paper blank."""
