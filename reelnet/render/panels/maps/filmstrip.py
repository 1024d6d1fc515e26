"""The panel `filmstrip`: the maps of one layer at several training steps, in one picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from reelnet.config.diagnostics import ErrorCollector
from reelnet.config.spec import Pixels
from reelnet.render.canvas import write
from reelnet.render.panels.maps.arrangement import BlockArrangement
from reelnet.render.panels.maps.block import Block, BlockDrawing
from reelnet.render.panels.maps.channels import (
    GapOption,
    LabelsOption,
    OrderOption,
    ShowOption,
)
from reelnet.render.typography import body_style
from reelnet.runs.header import require_activation
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.limits import Limits
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel, Still
from reelnet.scene.timeline.moments import EQUAL_CHANGE, choose_moments
from reelnet.scene.timeline.selection import resolve_step
from reelnet.template.selector import Selector

MAX_STEPS = 256
"""The most steps of a filmstrip."""

NOTE_GAP = 8
"""Pixels of the layout between the blocks and the line below them."""

StepCount = Annotated[int, Field(ge=1, le=MAX_STEPS)]
StepList = tuple[Annotated[int, Field(ge=0)], ...]


class Filmstrip(Panel):
    """The maps of selected training steps, in one block per step; the same in every frame."""

    has_cells: ClassVar[bool] = True

    steps: StepCount | StepList = Field(
        5,
        description="A list of training steps, or their number. That many are chosen, with the first and the last, "
        "so that each picture differs from the next one about equally.",
    )
    tap: str | None = Field(None, description="The layer; by default the reel's.")
    show: ShowOption = Selector()
    order: OrderOption = "recorded"
    gap: GapOption = 0
    labels: LabelsOption = True
    inputs: bool = Field(False, description="Show the samples along the blocks.")
    arrange: Literal["row", "column"] = Field("row", description="How the steps are arranged.")
    apart: Pixels = Field(24, description="Pixels between the blocks of two steps.")

    @field_validator("steps", mode="before")
    @classmethod
    def _check_steps(cls, value: Any) -> Any:
        listed = [*value] if isinstance(value, list | tuple) else None
        numbers = [value] if listed is None else listed
        if not numbers or not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError(
                f"{value!r} is neither a number of steps nor a list of steps such as [0, 10, 100]"
            )
        if listed is None and not 1 <= value <= MAX_STEPS:
            raise ValueError(f"{value} steps; give 1 to {MAX_STEPS}")
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"{listed!r} names a step twice")
        return value if listed is None else tuple(listed)

    def resolve_steps(self, context: SceneContext) -> tuple[int, ...]:
        """The steps that are shown.

        Raises:
            OptionError: A step was not recorded.
        """
        if isinstance(self.steps, int):
            tap = self.tap or context.layer
            require_activation(tap, context.require(tap))
            channels = context.choose_channels(self.show, self.order, tap).channels
            return choose_moments(context, tap, channels, self.steps)
        errors = ErrorCollector()
        for number, step in enumerate(self.steps):
            with errors.collect("steps", number):
                resolve_step(context.steps, step)
        errors.raise_errors()
        return self.steps

    def _arrange_blocks(self, context: SceneContext) -> BlockArrangement:
        """One block per step; labels and samples that blocks share are shown once."""
        tap = self.tap or context.layer
        channels = context.choose_channels(self.show, self.order, tap).channels
        in_row = self.arrange == "row"
        # Blocks share the samples in a row of blocks whose rows are samples, and in a column whose columns are.
        shares_samples = in_row == context.transposed
        blocks = [
            Block(
                context,
                context.view(tap),
                channels=channels,
                gap=self.gap,
                labels=self.labels,
                heading=f"step {step:,}",
                inputs=self.inputs and not (shares_samples and number),
                row_labels=not (in_row and number),
            )
            for number, step in enumerate(self.resolve_steps(context))
        ]
        return BlockArrangement(blocks, self.arrange, self.apart)

    def map_layers(self, context: SceneContext) -> tuple[str, ...]:
        """The layer."""
        return (self.tap or context.layer,)

    def color_limits(self, context: SceneContext) -> dict[str, Limits]:
        """The limits of the layer."""
        tap = self.tap or context.layer
        return {tap: context.view(tap).limits}

    def measure(self, context: SceneContext) -> Measure:
        """Measure the blocks beside or below each other."""
        self._check(context)
        size = self._arrange_blocks(context).size
        return Measure(size.width, size.height + self._note_height(context))

    def _note(self, context: SceneContext) -> str:
        """How the steps were chosen, in words; empty if it needs none."""
        is_choice = isinstance(self.steps, int) and 2 < self.steps < len(context.steps)
        return EQUAL_CHANGE.capitalize() if self.labels and is_choice else ""

    def _note_height(self, context: SceneContext) -> int:
        """Pixels below the blocks."""
        return body_style(context.theme).line_height + context.px(NOTE_GAP) if self._note(context) else 0

    def _check(self, context: SceneContext) -> None:
        """Check that the steps, the layer and its channels were recorded.

        Raises:
            OptionError: A step, layer or channel was not recorded.
        """
        errors, tap = ErrorCollector(), self.tap or context.layer
        with errors.collect("tap"):
            require_activation(tap, context.require(tap))
            with errors.collect("show"):
                context.choose_channels(self.show, self.order, tap)
        errors.raise_errors()
        self.resolve_steps(context)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Still:
        """Place the blocks in their box."""
        arrangement = self._arrange_blocks(context)
        blocks, steps = arrangement.place(box, palette), self.resolve_steps(context)
        note = Note(self._note(context), box.x, box.y + arrangement.size.height + context.px(NOTE_GAP))
        return FilmstripDrawing(blocks, steps, note, context, palette)


@dataclass(frozen=True)
class Note:
    """A line of text below the blocks, whose upper left corner is at (x, y)."""

    text: str
    x: int
    y: int


class FilmstripDrawing(Still):
    """The blocks in their box."""

    def __init__(
        self,
        blocks: list[BlockDrawing],
        steps: tuple[int, ...],
        note: Note,
        context: SceneContext,
        palette: PaletteBuilder,
    ) -> None:
        self._blocks, self._steps, self._note, self._context = blocks, steps, note, context
        self._muted = palette.ramp(context.theme.muted, context.theme.background)

    def cell_regions(self) -> list[CellRegion]:
        """The maps of all steps, and the samples beside them."""
        return [region for block in self._blocks for region in block.cell_regions(changes=False)]

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the blocks; one step's values are in memory at a time."""
        for block, step in zip(self._blocks, self._steps, strict=True):
            block.draw_still(canvas)
            values = self._context.statistics.read_step(step, [block.tap])
            block.draw_maps(canvas, values[block.tap])
        note = self._note
        write(canvas, note.text, self._muted, note.x, note.y, body_style(self._context.theme))
