"""The text panel: titles and captions, with fields such as the layer's name or the current accuracy."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from reelnet.config.diagnostics import ErrorCollector, error_context
from reelnet.config.spec import FontSize
from reelnet.render.canvas import write
from reelnet.render.typography import TextStyle, balance_text, split_word, text_style, wrap_text
from reelnet.scene.class_scores import ClassScores, explain_missing_truth
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel
from reelnet.scene.text_fields import FieldText, parse_fields
from reelnet.template.color import Color

StyleOption = Annotated[
    Literal["title", "body", "caption"],
    Field(
        description="`title`: large and bold, in the ink color. `body`: regular, in the ink color. `caption`: "
        "regular, in the muted color."
    ),
]
SizeOption = Annotated[FontSize | None, Field(description="Font size in pixels; by default the style's.")]
ColorOption = Annotated[Color | None, Field(description="Text color; by default the style's.")]
AlignOption = Annotated[
    Literal["left", "center", "right", "maps"],
    Field(
        description="Alignment of the lines. `maps`: with the left edge of maps above or below, if there "
        "is space."
    ),
]
ALIGNMENTS = {"left": (0, "left"), "center": (1, "middle"), "right": (2, "right"), "maps": (0, "left")}
"""By alignment how many halves of the box are left of the point at which a line is anchored, and how."""


def _check_fields(text: str) -> str:
    parse_fields(text)
    return text


TextWithFields = Annotated[str, Field(max_length=2000), AfterValidator(_check_fields)]


class Text(Panel):
    """Text with fields in braces; it wraps where space is narrow."""

    text: TextWithFields = Field(
        "",
        description="The text, with fields in braces: {layer}, {layer_name} (layer 2 for a name without letters), "
        "{seen} (what is seen of the layer), {shown} (what the rows and columns are), {order} (in which order "
        "the channels are), {cell} and {picture} (what a cell shows, in short, and as a sentence), "
        "{colors} (what the colors of all layers mean), "
        "{network} (a network, or what the run's facts say about the model), {inputs} (ten digits, ten pictures of "
        "CIFAR-10, or 16 of 64 samples), {naming} (Ten digits find their names, or Ten digits "
        "among ten answers), {changing} (How conv6 changes while a network learns, or that it does not), "
        "{channels}, {samples}, {rows}, {columns}, {height}, {width}, {step:,}, {first_step}, {last_step}, "
        "{right} (how many samples the network is right about now), {metrics.test_accuracy:.1%}.",
    )
    style: StyleOption = "body"
    size: SizeOption = None
    bold: bool | None = Field(None, description="Whether the text is bold; by default the style's.")
    color: ColorOption = None
    align: AlignOption = "left"
    needs: Literal["scores", "no scores", "truth"] | None = Field(
        None,
        description="What the text is about; without it the panel is left out: a class output, or known right "
        "answers. `no scores`: leave the panel out if there is a class output.",
    )

    def font_style(self, context: SceneContext) -> TextStyle:
        """The font and its size."""
        title = self.style == "title"
        bold = title if self.bold is None else self.bold
        default_size = context.theme.title if title else context.theme.text
        return text_style(context.theme, self.size or default_size, bold=bold)

    def measure(self, context: SceneContext) -> Measure | None:
        """Measure the lines at their natural width; None if the run lacks the data named by `needs`."""
        match self.needs:
            case "scores" | "no scores":
                is_shown = (ClassScores.find(context) is None) == (self.needs == "no scores")
            case "truth":
                is_shown = not explain_missing_truth(context)
            case None:
                is_shown = True
        return self.measure_lines(context) if is_shown else None

    def measure_lines(self, context: SceneContext) -> Measure:
        """Measure the text in its longest form, which wraps at smaller widths.

        Raises:
            OptionError: A field does not exist, or the font lacks a character.
        """
        style = self.font_style(context)
        with error_context("text"):
            longest = self._longest_form(context, style)

        def height_at(width: int) -> int:
            return len(wrap_text(longest, width, style)) * style.line_height

        lines, words = longest.split("\n"), longest.replace("\n", " ").split(" ")
        width = max(style.width(line) for line in lines)
        min_width = max(style.width(piece) for word in words for piece in split_word(word))
        return Measure(width, len(lines) * style.line_height, min_width, height_at)

    def _longest_form(self, context: SceneContext, style: TextStyle) -> str:
        """The text with every field at the widest value of the run."""
        text, errors = "", ErrorCollector()
        with errors.collect():
            text = FieldText.parse(self.text, context).widest_text(style.max_width)
        with errors.collect():
            style.width(" ".join(self.text.split()))
        errors.raise_errors()
        return "\n".join(style.widen_digits(line) for line in text.split("\n"))

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> TextDrawing:
        """Resolve the fields for the run."""
        return TextDrawing(self, context, box, palette)


class TextDrawing:
    """Lines of text in their box.

    Attributes:
        text: The text with its fields.
    """

    def __init__(self, panel: Text, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme = context.theme
        self.text, self._style = FieldText.parse(panel.text, context), panel.font_style(context)
        self._box, self._align, self._span = box, panel.align, context.map_span
        # Lines of text that changes must not break elsewhere from frame to frame.
        is_balanced = panel.style != "body" and not self.text.is_dynamic
        self._wrap = balance_text if is_balanced else wrap_text
        color = panel.color or (theme.muted if panel.style == "caption" else theme.ink)
        self._ink = palette.ramp(color, theme.background)

    def draw_still(self, canvas: Canvas) -> None:
        """Write text that never changes."""
        if not self.text.is_dynamic:
            self.write_lines(canvas, self.text.static_text())

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Write text whose fields change from frame to frame."""
        if self.text.is_dynamic:
            self.write_lines(canvas, self.text.text_at(state))

    def write_lines(self, canvas: Canvas, text: str) -> None:
        """Write a text in the box, wrapped to its width."""
        lines = self._wrap(text, self._box.width, self._style)
        halves, anchor = ALIGNMENTS[self._align]
        x = self._box.x + halves * self._box.width // 2
        if self._align == "maps" and self._span is not None:
            indent = self._span[0] - self._box.x
            x += indent if 0 <= indent <= self._box.width - max(map(self._style.width, lines)) else 0
        for number, line in enumerate(lines):
            y = self._box.y + number * self._style.line_height
            write(canvas, line, self._ink, x, y, self._style, anchor=anchor)
