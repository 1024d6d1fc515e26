"""Annotations: what an author writes about single cells, and the space that they take beside a panel's cells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, model_validator

from reelnet.config.diagnostics import ErrorCollector
from reelnet.config.spec import LIST_AS_TUPLE, SpecModel
from reelnet.render.panels.annotations.captions import require_ordered_steps, resolve_step_range
from reelnet.render.typography import TextStyle, body_style, wrap_text
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Measure, Size
from reelnet.template.color import Color
from reelnet.template.selector import format_positions

MAX_NOTE_EMS = 12
"""Width at which notes in the margin wrap; a single word may be up to twice as wide."""

Side = Literal["left", "right", "above", "below"]


class SampleAnnotation(SpecModel):
    """A frame, an arrow or a text on the picture of one sample."""

    id: str | None = Field(None, description="Name by which an extending template can change the annotation.")
    sample: int = Field(ge=0, description="The sample, counted from 0.")
    from_step: int | None = Field(
        None, ge=0, alias="from", description="First training step; by default the first recorded one."
    )
    to_step: int | None = Field(
        None, ge=0, alias="to", description="Last training step; by default the last recorded one."
    )
    text: str | None = Field(None, min_length=1, max_length=200, description="Text about the cell.")
    box: bool = Field(True, description="Draw a frame around the cell.")
    arrow: bool = Field(False, description="Draw an arrow from the text to the cell.")
    side: Side | Literal["margin"] = Field(
        "margin",
        description="Where the text goes. `margin`: right of all cells, in space that the panel adds for it, with a "
        "line to the cell. The others: next to the cell, on top of its neighbors, or on another side if there is no "
        "space.",
    )
    color: Color | None = Field(None, description="Color of frame and arrow; by default the theme's accent.")

    @model_validator(mode="after")
    def _check(self) -> SampleAnnotation:
        if not (self.box or self.arrow or self.text):
            raise ValueError("shows nothing; give box, arrow or text")
        require_ordered_steps(self.from_step, self.to_step)
        return self

    @property
    def in_margin(self) -> bool:
        """Whether the text goes into the margin."""
        return self.text is not None and self.side == "margin"

    def find_column(self, context: SceneContext) -> int:
        """The position of the sample among the shown ones.

        Raises:
            ValueError: The sample is not shown.
        """
        if self.sample not in context.sample_indices:
            shown = format_positions(context.sample_indices)
            raise ValueError(f"sample {self.sample} is not shown; shown: {shown}")
        return context.sample_indices.index(self.sample)

    def check(self, context: SceneContext) -> None:
        """Check that the sample and the steps exist, and that the text can be written.

        Raises:
            OptionError: Something does not fit the run.
        """
        errors = ErrorCollector()
        with errors.collect("sample"):
            self.find_column(context)
        with errors.collect():
            resolve_step_range(self.from_step, self.to_step, context.steps)
        with errors.collect("text"):
            body_style(context.theme).width(self.text or "")
            self.measure_note(context)
        errors.raise_errors()

    def measure_note(self, context: SceneContext) -> Size:
        """Measure the text in the margin; zero if it is not there.

        Raises:
            ValueError: A word is too long for the margin.
        """
        if not self.in_margin:
            return Size(0, 0)
        style = body_style(context.theme)
        lines = wrap_note(self.text or "", style)
        longest, most = max(style.width(line) for line in lines), 2 * MAX_NOTE_EMS * style.size
        if longest > most:
            to_layout = context.to_layout
            raise ValueError(
                f"needs {to_layout(longest)} pixels, but the margin has only {to_layout(most)}; use shorter words"
            )
        return Size(longest, len(lines) * style.line_height)


class CellAnnotation(SampleAnnotation):
    """A frame, an arrow or a text on the cell of one channel and one sample."""

    tap: str | None = Field(
        None, description="The layer; required if several are shown. On other layers nothing is drawn."
    )
    channel: int = Field(ge=0, description="The channel, counted from 0.")


SampleAnnotations = Annotated[tuple[SampleAnnotation, ...], LIST_AS_TUPLE]
CellAnnotations = Annotated[tuple[CellAnnotation, ...], LIST_AS_TUPLE]


def wrap_note(text: str, style: TextStyle) -> list[str]:
    """Wrap a text for the margin."""
    return wrap_text(text, MAX_NOTE_EMS * style.size, style)


def margin_gap(style: TextStyle) -> int:
    """Pixels between the cells and the texts in the margin."""
    return round(1.5 * style.size)


def measure_with_margin(
    cells: Size, annotations: Iterable[SampleAnnotation], context: SceneContext
) -> Measure:
    """Measure a panel's cells and the margin right of them, if an annotation needs one."""
    notes = [each.measure_note(context) for each in annotations if each.in_margin]
    if not notes:
        return Measure(cells.width, cells.height)
    width = margin_gap(body_style(context.theme)) + max(note.width for note in notes)
    return Measure(cells.width + width, max(cells.height, *(note.height for note in notes)))
