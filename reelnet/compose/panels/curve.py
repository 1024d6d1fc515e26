"""Loss and accuracy over the steps: drawn once, revealed as the steps pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reelnet.compose.panels.chart import ChartDrawing, head_width
from reelnet.compose.panels.series import Chart, charts
from reelnet.errors import TemplateError
from reelnet.scene.facts import Facts, Moment
from reelnet.scene.layout import Box, Size
from reelnet.scene.palette import Palette
from reelnet.scene.panel import Canvas

GAP = 32
"""Pixels between two charts."""


@dataclass(frozen=True)
class Curve:
    """One chart for each kind of metric (loss, accuracy), side by side; train and test share a chart.

    Attributes:
        height: In pixels, with titles and axes.
        width: Least width of one chart in pixels.
    """

    height: int = 160
    width: int = 250
    grow: ClassVar[bool] = True

    def natural_size(self, facts: Facts) -> Size | None:
        """The charts at their least width; None for a run without metrics."""
        size = facts.theme.text
        least = 80 + 2 * size
        if self.height < least:
            raise TemplateError(f"panel curve: height {self.height}: give at least {least} pixels")
        found = charts(facts)
        if not found:
            return None
        each = max(self.width, *(head_width(chart, size) for chart in found))
        return Size(len(found) * each + (len(found) - 1) * GAP, self.height)

    def place(self, facts: Facts, box: Box, palette: Palette) -> CurveDrawing:
        """Share the box among the charts."""
        return CurveDrawing(charts(facts), facts, box, palette)


class CurveDrawing:
    """The charts in their boxes."""

    def __init__(self, found: list[Chart], facts: Facts, box: Box, palette: Palette) -> None:
        each = (box.width - GAP * (len(found) - 1)) // len(found)
        self._charts = [
            ChartDrawing(chart, facts, Box(box.x + number * (each + GAP), box.y, each, box.height), palette)
            for number, chart in enumerate(found)
        ]

    def draw_still(self, canvas: Canvas) -> None:
        """Draw titles and axes."""
        for chart in self._charts:
            chart.draw_still(canvas)

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        """Reveal the curves up to the moment's step."""
        for chart in self._charts:
            chart.draw(canvas, moment)
