"""The step counter."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reelnet.config.spec import FontSize
from reelnet.render.canvas import fill_box, write
from reelnet.render.typography import text_style
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel


class Counter(Panel):
    """The step that is shown, as in `step 70 / 290`; 0 is the untrained network."""

    size: FontSize | None = Field(
        None, description="Size of the type in pixels an em; by default five quarters of the theme's text."
    )
    boxed: bool = Field(False, description="On a patch of paper of its own, for lying over other panels.")
    total: bool = Field(True, description="Write the last step too.")
    align: Literal["left", "right"] = Field("left", description="Where the count stands in its box.")

    @property
    def margin(self) -> int:
        """Pixels of paper around the text."""
        return 3 if self.boxed else 0

    def counted(self, step: int, context: SceneContext) -> str:
        """A step as the counter shows it."""
        return f"step {step:,} / {context.steps[-1]:,}" if self.total else f"step {step:,}"

    def measure(self, context: SceneContext) -> Measure:
        """Of the widest count, whatever the digits of its step."""
        style = text_style(context.theme, self.size or 1.25 * context.theme.text, bold=True)
        return Measure(
            style.max_width(self.counted(context.steps[-1], context)) + 2 * self.margin, style.line_height
        )

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> CounterDrawing:
        """Put it into its box."""
        return CounterDrawing(self, context, box, palette)


class CounterDrawing:
    """The counter in its box."""

    def __init__(self, panel: Counter, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        self._panel, self._context, self._box = panel, context, box
        self._style = text_style(context.theme, panel.size or 1.25 * context.theme.text, bold=True)
        self._ink = palette.ramp(context.theme.ink, context.theme.background)
        self._paper = palette.ramp(context.theme.background, context.theme.background, 1)

    def draw_still(self, canvas: Canvas) -> None:
        """Nothing: each frame has a step of its own."""

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Write the step."""
        text = self._panel.counted(state.snapshot.step, self._context)
        x, y = (
            self._box.x + self._panel.margin,
            self._box.y + (self._box.height - self._style.line_height) // 2,
        )
        if self._panel.boxed:
            y = self._box.y
            width = self._style.width(text) + 2 * self._panel.margin
            left = self._box.x if self._panel.align == "left" else self._box.right - width
            fill_box(canvas, Box(left, y, width, self._style.line_height), self._paper)
        if self._panel.align == "right":
            x = self._box.right - self._panel.margin
        write(canvas, text, self._ink, x, y, self._style, anchor=self._panel.align)
