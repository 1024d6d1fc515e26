"""The step counter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reelnet.compose.canvas import fill_box, write
from reelnet.compose.text import text_size
from reelnet.scene.facts import Facts, Moment
from reelnet.scene.layout import Box, Size
from reelnet.scene.palette import Palette
from reelnet.scene.panel import Canvas


@dataclass(frozen=True)
class Counter:
    """`step 70 / 290`; 0 is the untrained network.

    Attributes:
        size: Pixels an em.
        boxed: On a patch of paper of its own, for lying over other panels.
    """

    size: int = 15
    boxed: bool = False
    grow: ClassVar[bool] = False

    @property
    def margin(self) -> int:
        """Pixels of paper around the text."""
        return 3 if self.boxed else 0

    def natural_size(self, facts: Facts) -> Size:
        """Of the longest count, that of the last step."""
        size = text_size(counted(facts.steps[-1], facts), self.size, bold=True)
        return Size(size.width + 2 * self.margin, size.height)

    def place(self, facts: Facts, box: Box, palette: Palette) -> CounterDrawing:
        """Put it into its box."""
        return CounterDrawing(self, facts, box, palette)


class CounterDrawing:
    """The counter in its box."""

    def __init__(self, panel: Counter, facts: Facts, box: Box, palette: Palette) -> None:
        self._panel, self._facts, self._box = panel, facts, box
        self._ink = palette.ramp(facts.theme.ink, facts.theme.background)
        self._paper = palette.ramp(facts.theme.background, facts.theme.background, 1)

    def draw_still(self, canvas: Canvas) -> None:
        """Nothing: each frame has a step of its own."""

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        """Write the step."""
        text = counted(moment.snapshot.step, self._facts)
        if self._panel.boxed:
            size = text_size(text, self._panel.size, bold=True)
            patch = Box(self._box.x, self._box.y, size.width + 2 * self._panel.margin, size.height)
            fill_box(canvas, patch, self._paper)
        x = self._box.x + self._panel.margin
        write(canvas, text, self._ink, x, self._box.y, size=self._panel.size, bold=True)


def counted(step: int, facts: Facts) -> str:
    """A step as the counter shows it."""
    return f"step {step:,} / {facts.steps[-1]:,}"
