"""What the network says of each sample: a line, or a small chart, in step with the samples' cells."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from reelnet.config.diagnostics import ErrorCollector
from reelnet.render.panels.maps.grid import gutter, header
from reelnet.render.panels.predictions.drawings import BarsDrawing, Form, NamesDrawing
from reelnet.render.panels.predictions.scores import ScoreKind, Scores
from reelnet.render.typography import body_style
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Drawing, Panel


class Predictions(Panel):
    """What the network says of each sample, under its column: the class of the highest score, or all classes."""

    is_sample_strip: ClassVar[bool] = True

    tap: str | None = Field(
        None,
        description="The layer that gives a score for each class; by default the only recorded one that does.",
    )
    show: Literal["top", "bars"] = Field(
        "top",
        description="Top: the name of the class with the highest score, with a tick if it is the sample's label and "
        "a cross if not. Bars: the probabilities of all classes, with a notch under the right one.",
    )
    classes: tuple[str, ...] | None = Field(
        None,
        description="Names of the classes in the order of the scores; by default those of the run, or numbers.",
    )
    scores: ScoreKind | None = Field(
        None,
        description="Whether the layer gives logits, of which a softmax makes probabilities, or probabilities; by "
        "default as its values look.",
    )
    percent: bool = Field(
        False, description="Write the probability of the highest score, where cells are wide enough."
    )
    labels: bool = Field(True, description="Write `says` beside the row, and keep room for labels of rows.")

    @field_validator("classes", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        numbers = [isinstance(each, int) and not isinstance(each, bool) for each in value]
        return tuple(str(each) if plain else each for each, plain in zip(value, numbers, strict=True))

    def found(self, context: SceneContext) -> Scores | None:
        """The scores, if the run has them."""
        return Scores.of(context, self.tap, self.classes, self.scores)

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        """The layer that gives the scores."""
        scores = self.found(context)
        return (scores.tap,) if scores is not None else ()

    def form(self, context: SceneContext, scores: Scores) -> Form:
        """What has room."""
        return Form.of(context, scores, percent=self.percent, bars=self.show == "bars")

    def measure(self, context: SceneContext) -> Measure | None:
        """A line or chart for each sample; None where nothing gives scores."""
        scores = self.found(context)
        if scores is None:
            return None
        errors = ErrorCollector()
        for number, name in enumerate(self.classes or ()):
            with errors.collect("classes", number):
                body_style(context.theme).width(name)
        errors.raise_errors()
        form = self.form(context, scores)
        if context.transposed:
            return Measure(form.width, header(context, labels=self.labels) + context.samples_extent)
        return Measure(gutter(context, labels=self.labels) + context.samples_extent, form.height)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Drawing:
        """Share the box among the samples."""
        scores = self.found(context)
        if scores is None:
            raise AssertionError("a panel that measures nothing is not placed")
        form, side = self.form(context, scores), context.cell.size
        numbers, size = range(len(context.sample_indices)), body_style(context.theme)
        if context.transposed:
            top = box.y + header(context, labels=self.labels)
            slots = [Box(box.x, top + number * context.cell_pitch, form.width, side) for number in numbers]
            label = Box(box.x, box.y, 0, size.line_height)
        else:
            left = box.x + gutter(context, labels=self.labels)
            slots = [Box(left + number * context.cell_pitch, box.y, side, box.height) for number in numbers]
            label = Box(box.x, box.y, left - box.x, box.height)
        kind = BarsDrawing if self.show == "bars" else NamesDrawing
        return kind(form, context, slots, label if self.labels else None, palette)
