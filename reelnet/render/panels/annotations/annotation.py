"""What an author may point out on single cells, for a range of training steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from reelnet.config.spec import SpecModel
from reelnet.render.panels.annotations.captions import listed
from reelnet.scene.context import SceneContext, format_positions
from reelnet.scene.layout.boxes import Box
from reelnet.template.color import Color

Side = Literal["left", "right", "above", "below"]


class SampleAnnotation(SpecModel):
    """A box, an arrow or words on the picture of one sample."""

    id: str | None = Field(
        None, description="A name by which a template that extends this one can change it."
    )
    sample: int = Field(ge=0, description="The sample, counted from 0.")
    from_step: int | None = Field(
        None, ge=0, alias="from", description="First training step; by default the first recorded one."
    )
    to_step: int | None = Field(
        None, ge=0, alias="to", description="Last training step; by default the last recorded one."
    )
    text: str | None = Field(None, min_length=1, max_length=200, description="Words about the cell.")
    box: bool = Field(True, description="Draw a frame around the cell.")
    arrow: bool = Field(False, description="Draw an arrow from the words to the cell.")
    side: Side | Literal["margin"] = Field(
        "margin",
        description="Where the words stand. Margin: right of all cells, in room that the panel makes for them, with "
        "a line to the cell. The others: beside the cell, over its neighbours, or elsewhere for want of room.",
    )
    color: Color | None = Field(
        None, description="Colour of frame, line and arrow; by default the theme's accent."
    )

    @model_validator(mode="after")
    def _shows_something(self) -> SampleAnnotation:
        if not (self.box or self.arrow or self.text):
            raise ValueError("shows nothing; give box, arrow or text")
        if self.from_step is not None and self.to_step is not None and self.to_step < self.from_step:
            raise ValueError(f"ends at step {self.to_step}, before it begins at step {self.from_step}")
        return self

    @property
    def apart(self) -> bool:
        """Whether its words stand in the margin."""
        return self.text is not None and self.side == "margin"

    @property
    def near(self) -> Side:
        """The side of the cell for words and arrows that stand beside it."""
        return "right" if self.side == "margin" else self.side

    def column(self, context: SceneContext) -> int:
        """The position of its sample among those that are shown.

        Raises:
            ValueError: It is not shown.
        """
        if self.sample not in context.sample_indices:
            raise ValueError(
                f"sample {self.sample} is not shown; shown: {format_positions(context.sample_indices)}"
            )
        return context.sample_indices.index(self.sample)


class CellAnnotation(SampleAnnotation):
    """A box, an arrow or words on the cell of one channel and one sample."""

    tap: str | None = Field(
        None, description="The layer, needed if several are shown; on other layers nothing is drawn."
    )
    channel: int = Field(ge=0, description="The channel, counted from 0.")


SampleAnnotations = Annotated[tuple[SampleAnnotation, ...], BeforeValidator(listed)]
CellAnnotations = Annotated[tuple[CellAnnotation, ...], BeforeValidator(listed)]


@dataclass(frozen=True)
class Target:
    """An annotation and the cell that it is about."""

    spec: SampleAnnotation
    cell: Box
