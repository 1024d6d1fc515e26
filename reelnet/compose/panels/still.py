"""What panels share that look the same in every frame."""

from __future__ import annotations

from typing import Protocol

from reelnet.scene.facts import Moment
from reelnet.scene.panel import Canvas, Drawing


class Still(Drawing, Protocol):
    """A drawing that does not move."""

    def draw_still(self, canvas: Canvas) -> None:
        """Draw it once."""

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        """Leave it as it is."""
        return
