"""Small panels: the step counter, the progress bar, and empty space."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from reelnet.config.diagnostics import OptionError
from reelnet.config.spec import FontSize, PositivePixels
from reelnet.render.canvas import fill_box, write
from reelnet.render.panels.maps.inputs import are_ink_on_white
from reelnet.render.typography import TextStyle, body_style, drop_to_baseline, rasterize_text, text_style
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Drawing, Panel, Still
from reelnet.template.color import Color

DIGITS = "0123456789"
STEP = "step"
"""The word before a number."""

CORNER, BLANK = (1 / 6, 0.4), 250
"""The part of a picture's height and width that a boxed counter may cover, and the least gray of blank paper."""

BOX_PADDING = 3
"""Pixels of the layout: background left and right of a boxed counter's text."""


class Counter(Panel):
    """The current step, as in `step 70 / 290`; 0 is the untrained network."""

    size: FontSize | None = Field(
        None, description="Font size in pixels; by default 15/8 of the theme's text size."
    )
    boxed: bool = Field(
        False,
        description="Write only the numbers, at the top of the box, on a background as high as they are, to place "
        "the counter over other panels.",
    )
    needs: Literal["blank edge", "no blank edge"] | None = Field(
        None,
        description="`blank edge`: leave the counter out unless the first sample is ink on white and blank "
        "below the counter. `no blank edge`: the opposite.",
    )
    total: bool = Field(True, description="Write the last step as well.")
    align: Literal["left", "right"] = Field("left", description="Alignment of the counter in its box.")
    stacked: bool = Field(
        False, description="Write the number large, with `step` small before it and the last step below it."
    )

    def padding(self, context: SceneContext) -> int:
        """Pixels of background left and right of the text."""
        return context.px(BOX_PADDING) if self.boxed else 0

    def font_style(self, context: SceneContext) -> TextStyle:
        """The font and its size."""
        return text_style(context.theme, self.size or 15 / 8 * context.theme.text, bold=True)

    def format_step(self, step: int, context: SceneContext) -> str:
        """Format a step as the counter shows it."""
        word = "" if self.boxed else f"{STEP} "
        return f"{word}{step:,} / {context.steps[-1]:,}" if self.total else f"{word}{step:,}"

    @model_validator(mode="after")
    def _check_stacked(self) -> Counter:
        if self.stacked and self.boxed:
            raise OptionError("is for a counter on one line, not for a stacked one", "boxed")
        return self

    def measure(self, context: SceneContext) -> Measure | None:
        """Measure the widest counter, whatever the digits of its step; None without what it needs."""
        if self.needs is not None and has_blank_edge(context) == (self.needs == "no blank edge"):
            return None
        if self.stacked:
            return self._measure_stacked(context)
        style, last = self.font_style(context), self.format_step(context.steps[-1], context)
        return Measure(style.max_width(last) + 2 * self.padding(context), style.line_height)

    def _measure_stacked(self, context: SceneContext) -> Measure:
        """Measure the number with the word before it, and the line below it."""
        large, small = self.font_style(context), body_style(context.theme)
        number = large.max_width(f"{context.steps[-1]:,}") + small.width(STEP) + small.size // 2
        if not self.total:
            return Measure(number, large.line_height)
        total = small.width(format_total(context))
        return Measure(max(number, total), large.line_height + small.line_height)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Drawing:
        """Place the counter in its box."""
        if self.stacked:
            return StackedCounterDrawing(self, context, box, palette)
        return CounterDrawing(self, context, box, palette)


class CounterDrawing:
    """The counter in its box."""

    def __init__(self, panel: Counter, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        self._panel, self._facts, self._box = panel, context, box
        self._style, self._padding, self._margin = (
            panel.font_style(context),
            panel.padding(context),
            context.px(1),
        )
        self._ink = palette.ramp(context.theme.ink, context.theme.background)
        self._background = palette.ramp(context.theme.background, context.theme.background, 1)

    def draw_still(self, canvas: Canvas) -> None:
        """Draw nothing: each frame has a step of its own."""

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Write the step."""
        text, padding = self._panel.format_step(state.snapshot.step, self._facts), self._padding
        x, y = self._box.x + padding, self._box.y + (self._box.height - self._style.line_height) // 2
        if self._panel.boxed:
            # Digits have no descenders, so the background hides as little as possible.
            top, bottom = find_ink_rows(DIGITS, self._style)
            y = self._box.y - top + self._margin
            width = self._style.width(text) + 2 * padding
            left = self._box.x if self._panel.align == "left" else self._box.right - width
            fill_box(canvas, Box(left, self._box.y, width, bottom - top + self._margin), self._background)
        if self._panel.align == "right":
            x = self._box.right - padding
        write(canvas, text, self._ink, x, y, self._style, anchor=self._panel.align)


def has_blank_edge(context: SceneContext) -> bool:
    """Whether the first sample is a picture of ink on white, with no ink in its upper left corner."""
    pictures = context.pictures
    if pictures.ndim != 3 or 1 in pictures.shape[1:] or not are_ink_on_white(pictures):
        return False
    height, width = (
        max(1, round(part * side)) for part, side in zip(CORNER, pictures.shape[1:], strict=True)
    )
    return bool((pictures[0, :height, :width] >= BLANK).all())


def find_ink_rows(text: str, style: TextStyle) -> tuple[int, int]:
    """The first row of a line that a text covers at least half, and the row after the last."""
    covered = np.flatnonzero(rasterize_text(text, style).max(axis=1) >= 128)
    return int(covered[0]), int(covered[-1]) + 1


class StackedCounterDrawing:
    """The number of the step with the word before it and the last step below it, at the side of its box."""

    def __init__(self, panel: Counter, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        self._box, self._align = box, panel.align
        self._large, self._small = panel.font_style(context), body_style(context.theme)
        self._ink, self._muted = palette.ramps(
            context.theme.background, context.theme.ink, context.theme.muted
        )
        self._total = format_total(context) if panel.total else ""

    def draw_still(self, canvas: Canvas) -> None:
        """Write the last step."""
        x = self._box.x if self._align == "left" else self._box.right
        y = self._box.y + self._large.line_height
        write(canvas, self._total, self._muted, x, y, self._small, anchor=self._align)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Write the number with the word before it."""
        box, gap, number = self._box, self._small.size // 2, f"{state.snapshot.step:,}"
        word = self._small.width(STEP) + gap
        x = box.x + word if self._align == "left" else box.right - self._large.width(number)
        write(canvas, number, self._ink, x, box.y, self._large)
        y = box.y + drop_to_baseline(self._small, self._large)
        write(canvas, STEP, self._muted, x - gap, y, self._small, anchor="right")


def format_total(context: SceneContext) -> str:
    """The last step, as it is written below the present one."""
    return f"of {context.steps[-1]:,}"


class Progress(Panel):
    """A thin bar, as wide as its box, that fills in proportion to the step: empty at the first, full at the last."""

    can_shrink: ClassVar[bool] = True

    thickness: PositivePixels = Field(4, description="Thickness of the bar in pixels.")
    color: Color | None = Field(None, description="Color of the elapsed part; by default the theme's accent.")
    track: bool = Field(True, description="Draw the remaining part too, in the color of hairlines.")

    def measure(self, context: SceneContext) -> Measure:
        """As tall as the bar, and by default as long as a color bar."""
        return Measure(13 * context.theme.text, self.thickness, self.thickness)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> ProgressDrawing:
        """Center the bar vertically in its box."""
        return ProgressDrawing(self, context, box, palette)


class ProgressDrawing:
    """The progress bar in its box."""

    def __init__(self, panel: Progress, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme = context.theme
        thickness = min(panel.thickness, box.height)
        self._bar = Box(box.x, box.y + (box.height - thickness) // 2, box.width, thickness)
        color = panel.color or theme.accent
        self._ink = palette.ramp(color, color, 1)
        first, last = context.steps[0], context.steps[-1]
        # A single step is the last one.
        self._filled = [(step - first) / (last - first) if last > first else 1.0 for step in context.steps]
        self._track = palette.ramp(theme.faint, theme.faint, 1) if panel.track else None

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the track."""
        if self._track is not None:
            fill_box(canvas, self._bar, self._track)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Fill the part of the steps that have passed."""
        bar, filled = self._bar, self._filled[state.step_index]
        fill_box(canvas, Box(bar.x, bar.y, round(filled * bar.width), bar.height), self._ink)


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
