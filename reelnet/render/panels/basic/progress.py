"""A thin bar that fills over time."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from reelnet.config.spec import PositivePixels
from reelnet.render.canvas import fill_box
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel
from reelnet.template.color import Color


class Progress(Panel):
    """A thin bar, as wide as its box, that fills as the animation plays: empty at first, full at last."""

    can_shrink: ClassVar[bool] = True

    thickness: PositivePixels = Field(4, description="Of the bar in pixels.")
    color: Color | None = Field(
        None, description="Colour of the part that has passed; by default the theme's accent."
    )
    track: bool = Field(True, description="Draw the part that is to come too, in the colour of hairlines.")

    def measure(self, context: SceneContext) -> Measure:
        """As high as the bar, and as long as a colour bar where nothing stretches it."""
        return Measure(13 * context.theme.text, self.thickness, self.thickness)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> ProgressDrawing:
        """In the middle of the box's height."""
        return ProgressDrawing(self, context, box, palette)


class ProgressDrawing:
    """The bar in its box."""

    def __init__(self, panel: Progress, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme = context.theme
        thick = min(panel.thickness, box.height)
        self._bar = Box(box.x, box.y + (box.height - thick) // 2, box.width, thick)
        colour = panel.color or theme.accent
        self._ink = palette.ramp(colour, colour, 1)
        self._track = palette.ramp(theme.faint, theme.faint, 1) if panel.track else None

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the track."""
        if self._track is not None:
            fill_box(canvas, self._bar, self._track)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Fill the part of the time that has passed when the frame appears."""
        bar = self._bar
        fill_box(canvas, Box(bar.x, bar.y, round(state.progress * bar.width), bar.height), self._ink)
