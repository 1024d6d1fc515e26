"""FieldText: the title, a caption; with fields such as the layer's name or the present accuracy."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from reelnet.config.diagnostics import ErrorCollector, error_context
from reelnet.config.spec import FontSize
from reelnet.render.canvas import write
from reelnet.render.panels.predictions.scores import Scores
from reelnet.render.typography import TextStyle, split_word, text_style, wrap_text
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel
from reelnet.scene.text_fields import FieldText, parse_fields
from reelnet.template.color import Color


class Text(Panel):
    """FieldText, with fields in braces; they wrap where the room is narrow."""

    text: str = Field(
        "",
        max_length=2000,
        description="With fields in braces: {layer}, {shown} (what rows and columns are), {cell} (what it shows), "
        "{channels}, {samples}, {rows}, {columns}, {height}, {width}, {step:,}, {first_step}, {last_step}, "
        "{metrics.test_accuracy:.1%}.",
    )
    style: Literal["title", "body", "caption"] = Field(
        "body", description="Title: large, bold, in ink. Body: plain, in ink. Caption: plain, muted."
    )
    size: FontSize | None = Field(
        None, description="Size of the type in pixels an em, instead of the style's."
    )
    bold: bool | None = Field(None, description="Bold or not, instead of the style's.")
    color: Color | None = Field(None, description="Colour of the type, instead of the style's.")
    align: Literal["left", "center", "right"] = Field("left", description="Where lines stand in their box.")
    needs: Literal["metrics", "scores"] | None = Field(
        None, description="What the words are about: they are left out where a run has none of it."
    )

    @field_validator("text")
    @classmethod
    def _fields(cls, text: str) -> str:
        parse_fields(text)
        return text

    def type(self, context: SceneContext) -> TextStyle:
        """Face and size."""
        title = self.style == "title"
        bold = title if self.bold is None else self.bold
        usual = context.theme.title if title else context.theme.text
        return text_style(context.theme, self.size or usual, bold=bold)

    def pointless(self, context: SceneContext) -> bool:
        """Whether the run has nothing of what the words are about."""
        match self.needs:
            case "metrics":
                return not context.metrics
            case "scores":
                return Scores.of(context, None, None, None) is None
        return False

    def measure(self, context: SceneContext) -> Measure | None:
        """The lines' own; narrower, they wrap. None where they would be about nothing."""
        if self.pointless(context):
            return None
        return self.lines(context)

    def lines(self, context: SceneContext) -> Measure:
        """What the words need."""
        style = self.type(context)
        with error_context("text"):
            longest = self.widest(context, style)

        def tall(width: int) -> int:
            return len(wrap_text(longest, width, style)) * style.line_height

        lines = longest.split("\n")
        width = max(style.width(line) for line in lines)
        least = max(
            style.width(piece) for line in lines for word in line.split(" ") for piece in split_word(word)
        )
        return Measure(width, len(lines) * style.line_height, least, tall)

    def widest(self, context: SceneContext, style: TextStyle) -> str:
        """The words as wide as they get over the run.

        Raises:
            OptionError: Fields do not exist, or the font lacks a character.
        """
        text, errors = "", ErrorCollector()
        with errors.collect():
            text = FieldText.parse(self.text, context).widest_text(style.max_width)
        with errors.collect():
            style.width(" ".join(self.text.split()))
        errors.raise_errors()
        return "\n".join(style.widen_digits(line) for line in text.split("\n"))

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> TextDrawing:
        """Fill the fields in."""
        return TextDrawing(self, context, box, palette)


class TextDrawing:
    """The lines in their box."""

    def __init__(self, panel: Text, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme = context.theme
        self._words, self._style = FieldText.parse(panel.text, context), panel.type(context)
        self._box, self._align = box, panel.align
        colour = panel.color or (theme.muted if panel.style == "caption" else theme.ink)
        self._ink = palette.ramp(colour, theme.background)

    def draw_still(self, canvas: Canvas) -> None:
        """Write what never changes."""
        if not self._words.is_dynamic:
            self._write(canvas, self._words.static_text())

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Write what the moment's step makes of the fields."""
        if self._words.is_dynamic:
            self._write(canvas, self._words.text_at(state))

    def _write(self, canvas: Canvas, text: str) -> None:
        part, anchor = {"left": (0, "left"), "center": (1, "middle"), "right": (2, "right")}[self._align]
        x = self._box.x + part * self._box.width // 2
        for number, line in enumerate(wrap_text(text, self._box.width, self._style)):
            y = self._box.y + number * self._style.line_height
            write(canvas, line, self._ink, x, y, self._style, anchor=anchor)
