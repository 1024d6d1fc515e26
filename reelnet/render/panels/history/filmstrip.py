"""The panel `filmstrip`: the maps of one layer at several training steps, in one picture."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field

from reelnet.config.diagnostics import ErrorCollector, error_context
from reelnet.config.spec import Pixels
from reelnet.render.canvas import write
from reelnet.render.panels.history.moments_panel import MomentsPanel, find_cell_size
from reelnet.render.panels.maps.arrangement import BlockArrangement
from reelnet.render.panels.maps.block import Block, BlockDrawing
from reelnet.render.panels.maps.channels import GapOption, OrderOption, ShowOption
from reelnet.render.typography import body_style
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.channel_choice import ChannelChoice
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Still
from reelnet.scene.timeline.moments import EQUAL_CHANGE
from reelnet.template.selector import Selector

NOTE_GAP = 8
"""Pixels of the layout between the blocks and the line below them."""


class Filmstrip(MomentsPanel):
    """The maps of selected training steps, in one block per step; the same in every frame."""

    show: ShowOption = Selector()
    order: OrderOption = "recorded"
    gap: GapOption = None
    labels: bool = Field(True, description="Write the channels' numbers beside them, counted from 0.")
    inputs: bool = Field(False, description="Show the samples along the blocks.")
    arrange: Literal["row", "column", "auto"] = Field(
        "row",
        description="How the steps are arranged. `auto`: in as many rows as suit the canvas, or a page in landscape "
        "format.",
    )
    apart: Pixels = Field(24, description="Pixels between the blocks of two steps.")

    def find_channels(self, context: SceneContext) -> tuple[int, ...]:
        """The channels that are shown.

        Raises:
            OptionError: The layer or a channel was not recorded.
        """
        tap = self.require_layer(context)
        with error_context("show"):
            return context.choose_channels(self.show, self.order, tap).channels

    def choose_channels(self, context: SceneContext) -> ChannelChoice | None:
        """Which channels of the reel's layer it shows; None if it does not show that layer."""
        if self.require_layer(context) != context.layer:
            return None
        return context.choose_channels(self.show, self.order, context.layer)

    def find_steps(self, context: SceneContext) -> tuple[int, ...]:
        """The steps that are shown.

        Raises:
            OptionError: Something was not recorded.
        """
        return self.choose_steps(context, self.find_channels(context))

    def _arrange_blocks(self, context: SceneContext) -> BlockArrangement:
        """One block per step, in as many columns as make the cells largest, unless the author gives them."""
        count = len(self.find_steps(context))
        if self.arrange != "auto":
            return self._arrange_columns(context, count if self.arrange == "row" else 1)
        # As few columns as a number of rows of blocks needs.
        ways = dict.fromkeys(math.ceil(count / rows) for rows in range(1, count + 1))

        def measure_cells(columns: int) -> int:
            return find_cell_size(
                context,
                self.require_layer(context),
                lambda scaled: self._arrange_columns(scaled, columns).size,
            )

        text = repr(context.theme), context.may_turn_labels
        shown = context.sample_indices, context.transposed, context.max_channels
        key = (repr(self), context.layer, context.max_frame, text, shown)
        return self._arrange_columns(context, context.get_cached(key, lambda: max(ways, key=measure_cells)))

    def _arrange_columns(self, context: SceneContext, columns: int) -> BlockArrangement:
        """Arrange the blocks in a number of columns. Labels and samples that blocks share are shown once."""
        view, channels = context.view(self.require_layer(context)), self.find_channels(context)
        steps = self.find_steps(context)
        blocks = []
        for number, step in enumerate(steps):
            is_left = number % columns == 0
            block = Block(
                # Turned names would stand over the pictures of the next step.
                replace(
                    context, may_turn_labels=context.may_turn_labels and (columns == 1 or not self.inputs)
                ),
                view,
                channels=channels,
                gap=self.gap,
                labels=self.labels,
                heading=None,
                inputs=self.inputs and (is_left or not context.transposed),
                row_labels=is_left,
                names=is_left,
                sample_names=is_left if context.transposed else number == 0,
                caption=f"step {step:,}",
            )
            blocks.append(block)
        return BlockArrangement(blocks, "rows", self.apart, columns)

    def measure(self, context: SceneContext) -> Measure:
        """Measure the blocks beside or below each other."""
        errors = ErrorCollector()
        with errors.collect():
            self.find_channels(context)
        with errors.collect():
            self.check_steps(context)
        errors.raise_errors()
        size = self._arrange_blocks(context).size
        return Measure(size.width, size.height + self._note_height(context))

    def _note(self, context: SceneContext) -> str:
        """How the steps were chosen, in words; empty if it needs none."""
        is_choice = self.labels and self.is_choice(context, len(self.find_steps(context)))
        return EQUAL_CHANGE.capitalize() if is_choice else ""

    def _note_height(self, context: SceneContext) -> int:
        """Pixels below the blocks."""
        return body_style(context.theme).line_height + context.px(NOTE_GAP) if self._note(context) else 0

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Still:
        """Place the blocks in their box."""
        arrangement = self._arrange_blocks(context)
        blocks, steps = arrangement.place(box, palette), self.find_steps(context)
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
            block.draw_maps(canvas, values[block.tap], fixed_step=step)
        note = self._note
        write(canvas, note.text, self._muted, note.x, note.y, body_style(self._context.theme))
