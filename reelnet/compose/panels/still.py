"""What panels share that look the same in every frame."""

from __future__ import annotations

from abc import ABC, abstractmethod

from reelnet.scene.facts import Moment
from reelnet.scene.panel import Canvas


class Still(ABC):
    """A drawing that does not move."""

    @abstractmethod
    def draw_still(self, canvas: Canvas) -> None:
        """Draw it once."""

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        """Leave it as it is."""
