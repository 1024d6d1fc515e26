"""A filmstrip: chosen training steps side by side in one picture, for print."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, field_validator

from reelnet.config.diagnostics import ErrorCollector
from reelnet.config.spec import Pixels
from reelnet.render.panels.basic.spacer import Still
from reelnet.render.panels.maps.arrangement import standing
from reelnet.render.panels.maps.block import Block, BlockDrawing
from reelnet.render.panels.maps.channels import channels_of
from reelnet.runs.header import require_activation
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel
from reelnet.scene.timeline.selection import resolve_step, sample_by_weight
from reelnet.template.selector import Selector, SelectorField

MOST = 256
"""Steps in one picture."""

Count = Annotated[int, Field(ge=1, le=MOST)]
Listed = tuple[Annotated[int, Field(ge=0)], ...]


class Filmstrip(Panel):
    """The maps of chosen training steps, a block each under its step; the same in every frame."""

    steps: Count | Listed = Field(
        5,
        description="A list of training steps, or how many: so many evenly spaced in log(step + 1), the first and "
        "the last among them.",
    )
    tap: str | None = Field(None, description="The layer that is shown; by default the reel's.")
    show: SelectorField = Field(
        Selector(),
        description="Which channels: all, a list, a range such as 0-5, {first: 8}, or {top: 8} for those that "
        "change most.",
    )
    order: Literal["recorded", "change"] = Field(
        "recorded", description="As the layer has them, or those first that change most over the run."
    )
    gap: Pixels = Field(0, description="Pixels between two channels.")
    labels: bool = Field(True, description="Write the channels' numbers beside them, counted from 0.")
    inputs: bool = Field(False, description="Show the samples along the blocks.")
    arrange: Literal["row", "column"] = Field("row", description="How the steps stand.")
    apart: Pixels = Field(24, description="Pixels between the blocks of two steps.")

    @field_validator("steps", mode="before")
    @classmethod
    def _number_or_list(cls, value: Any) -> Any:
        listed = [*value] if isinstance(value, list | tuple) else None
        numbers = [value] if listed is None else listed
        if not numbers or not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError(f"{value!r} is neither how many steps nor a list of steps such as [0, 10, 100]")
        if listed is None and not 1 <= value <= MOST:
            raise ValueError(f"{value} steps; give from 1 to {MOST}")
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"{listed!r} names a step twice")
        return value if listed is None else tuple(listed)

    def chosen(self, context: SceneContext) -> tuple[int, ...]:
        """The steps that are shown.

        Raises:
            OptionError: Some of them were not recorded.
        """
        if isinstance(self.steps, int):
            if self.steps == 1:
                return context.steps[-1:]
            gaps = np.diff(np.log1p(np.array(context.steps, np.float64)))
            return tuple(context.steps[number] for number in sample_by_weight(gaps, self.steps))
        errors = ErrorCollector()
        for number, step in enumerate(self.steps):
            with errors.collect("steps", number):
                resolve_step(context.steps, step)
        errors.raise_errors()
        return self.steps

    def blocks(self, context: SceneContext) -> list[Block]:
        """One for each step; what all of them share is told once."""
        tap = self.tap or context.layer
        channels, row = channels_of(self.show, self.order, tap, context), self.arrange == "row"
        # Samples are columns, or rows if transposed: blocks that share them show them once.
        shared = row == context.transposed
        return [
            Block(
                context,
                context.view(tap),
                channels=channels,
                gap=self.gap,
                labels=self.labels,
                heading=f"step {step:,}",
                inputs=self.inputs and not (shared and number),
                first=not (row and number),
            )
            for number, step in enumerate(self.chosen(context))
        ]

    def measure(self, context: SceneContext) -> Measure:
        """The blocks, beside or under each other."""
        self._check(context)
        size = standing(self.blocks(context), self.arrange, self.apart)[1]
        return Measure(size.width, size.height)

    def _check(self, context: SceneContext) -> None:
        """Make sure that all it names was recorded.

        Raises:
            OptionError: Something was not.
        """
        errors, tap = ErrorCollector(), self.tap or context.layer
        with errors.collect():
            self.chosen(context)
        with errors.collect("tap"):
            require_activation(tap, context.require(tap))
            with errors.collect("show"):
                channels_of(self.show, self.order, tap, context)
        errors.raise_errors()

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Still:
        """Put the blocks into their box."""
        blocks = self.blocks(context)
        drawings = [
            BlockDrawing(block, box.x + x, box.y + y, palette)
            for block, (x, y) in zip(blocks, standing(blocks, self.arrange, self.apart)[0], strict=True)
        ]
        return FilmstripDrawing(drawings, self.chosen(context), context)


class FilmstripDrawing(Still):
    """The blocks in their box."""

    def __init__(self, blocks: list[BlockDrawing], steps: tuple[int, ...], context: SceneContext) -> None:
        self._blocks, self._steps, self._context = blocks, steps, context

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the blocks; one step's values are in memory at a time."""
        for block, step in zip(self._blocks, self._steps, strict=True):
            block.draw_still(canvas)
            values = self._context.statistics.read_step(step, [block.tap]) or {}
            block.draw_maps(canvas, values[block.tap])
