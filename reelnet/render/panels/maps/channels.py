"""The panel `channels`: the maps of layers at one step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveInt, field_validator, model_validator

from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.config.spec import Pixels, convert_to_tuple
from reelnet.errors import suggest_names
from reelnet.render.panels.annotations.annotation import CellAnnotation, CellAnnotations, measure_with_margin
from reelnet.render.panels.annotations.callout import Callouts
from reelnet.render.panels.answers.says import Says
from reelnet.render.panels.maps.arrangement import BlockArrangement
from reelnet.render.panels.maps.block import Block, BlockDrawing
from reelnet.runs.header import displayable_layers, require_activation
from reelnet.scene.cell import describe_reduction
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.channel_choice import ChannelChoice, ChannelOrder
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.arrangement import Arrangement
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.limits import Limits
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, LevelMaps, Panel
from reelnet.scene.timeline.selection import resolve_step
from reelnet.template.selector import Selector, SelectorField, format_positions

MAX_TALL = 2
"""Height to width from which on a panel is divided into more blocks."""

FRAME_BLEED = 5
"""Pixels around the cells that an annotation's frame may cover, if the neighboring panels are that far away; the
frame is inside its cell otherwise."""

ShowOption = Annotated[
    SelectorField,
    Field(
        description="Which channels: all, a list, a range such as 0-5, {first: 8}, or {top: 8} for those that differ "
        "most from each other over the run."
    ),
]
OrderOption = Annotated[
    ChannelOrder,
    Field(
        description="`recorded`: in the order of the layer. `similar`: similar channels side by side, and "
        "dead ones (the same for every input at the end) last. `change`: those that change most over the "
        "run first."
    ),
]
GapOption = Annotated[
    Pixels | None,
    Field(description="Pixels between two channels; by default 3 to 8, by the size of the cells."),
]


class Channels(Panel):
    """Each channel's map for each sample, upscaled by a whole factor without interpolation."""

    has_cells: ClassVar[bool] = True

    taps_shown: tuple[str, ...] | Literal["all"] | None = Field(
        None,
        alias="taps",
        description="Layers to show, one block per layer: a list, or all; by default the reel's layer.",
    )
    show: ShowOption = Selector()
    order: OrderOption = "recorded"
    gap: GapOption = None
    labels: bool | Literal["names"] = Field(
        True,
        description="Write the channels' numbers beside them, counted from 0, and the names of samples and classes. "
        "`names`: write only the names.",
    )
    heading: bool | None = Field(
        None, description="Write the layer's name above its block; by default if there are several."
    )
    colorbar: bool = Field(
        False, description="Add a color bar above each block, for layers whose values have different limits."
    )
    inputs: bool = Field(False, description="Show the samples above each block, or left of it if transposed.")
    says: bool = Field(
        False,
        description="Write the network's answer for each sample between the inputs and the channels, if "
        "the run has a class output.",
    )
    wrap: Literal["auto", "tall", False] | PositiveInt = Field(
        False,
        description="The number of blocks into which the channels of one layer are divided. Blocks are side by side, "
        "each with the inputs above it, or below each other if transposed. auto: the number that makes the best "
        "picture in a canvas of a given or maximum size, with large maps and readable names; many samples then have "
        "several rows of blocks, and fewer channels than the top ones asked for may be shown. tall: as few as make "
        "the panel at most twice as high as wide.",
    )
    arrange: Literal["column", "row", "columns"] = Field(
        "column",
        description="How the blocks of several layers are arranged. `columns`: one after the other in columns of "
        "similar height, as many as make the whole about twice as wide as high.",
    )
    apart: Pixels = Field(24, description="Pixels between the blocks of several layers.")
    step: int | None = Field(None, ge=0, description="Show this step in every frame, not the frame's own.")
    annotations: CellAnnotations = Field(
        (), description="Frames, arrows and texts on single cells, for a range of training steps."
    )

    @field_validator("taps_shown", mode="before")
    @classmethod
    def _accept_one_tap(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) and value != "all" else convert_to_tuple(value)

    @model_validator(mode="after")
    def _check_wrap(self) -> Channels:
        if self.wrap not in (False, "tall") and self.taps_shown is not None and len(self.taps_shown) != 1:
            raise OptionError(f"{self.wrap!r} is for one layer, but several are shown", "wrap")
        return self

    def map_layers(self, context: SceneContext) -> tuple[str, ...]:
        """The layers."""
        if self.taps_shown == "all":
            return tuple(displayable_layers(context.taps))
        return self.taps_shown or (context.layer,)

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        """The layers, and the class output if its answers are written."""
        answers = Says().taps(context) if self.says else ()
        return tuple(dict.fromkeys([*self.map_layers(context), *answers]))

    @property
    def wrap_gap(self) -> int | None:
        """Pixels between blocks, if the frame decides how many there are."""
        return self.apart if self.wrap == "auto" else None

    def color_limits(self, context: SceneContext) -> dict[str, Limits]:
        """The limits of the layers, unless each block has its color bar."""
        return {} if self.colorbar else {tap: context.view(tap).limits for tap in self.map_layers(context)}

    def _arrange_blocks(self, context: SceneContext) -> BlockArrangement:
        """One block per layer, or those into which one layer is divided."""
        taps, arrangement = self.map_layers(context), self._choose_arrangement(context)
        with_heading = len(taps) > 1 if self.heading is None else self.heading
        bands = self._divide_samples(context)
        rows = [
            [
                Block(
                    band,
                    context.view(tap),
                    channels=part,
                    gap=self.gap,
                    labels=self.labels,
                    heading=tap if with_heading else None,
                    inputs=self.inputs,
                    answers=Says() if self.says else None,
                    names=not number or (context.transposed and self.labels is True),
                    colorbar=self.colorbar,
                )
                for number, part in enumerate(arrangement.divide_channels(self._choose(tap, context)))
            ]
            for tap in taps
            for band in bands
        ]
        if len(taps) > 1:
            return BlockArrangement([row[0] for row in rows], self.arrange, self.apart)
        if context.transposed:
            rows = [list(column) for column in zip(*rows, strict=True)]
        blocks = [block for row in rows for block in row]
        return BlockArrangement(blocks, "rows", self.apart, columns=len(rows[0]))

    def rate_names(self, context: SceneContext) -> float:
        """How well the names beside the samples can be read, and those of the answers."""
        return self._arrange_blocks(context).blocks[0].rate_names()

    def _choose_arrangement(self, context: SceneContext) -> Arrangement:
        """Into how many blocks the layer is divided."""
        if not self.wrap or len(self.map_layers(context)) > 1:
            return Arrangement()
        if self.wrap == "tall":
            return self._divide_tall(context)
        return context.arrangement if self.wrap == "auto" else Arrangement(self.wrap)

    def _divide_tall(self, context: SceneContext) -> Arrangement:
        """As few blocks side by side as make the cells at most `MAX_TALL` times as high as wide."""
        view = context.view(self.map_layers(context)[0])
        channels, pitch = len(self._choose(view.name, context)), view.cell.height
        pitch += context.choose_channel_gap(view, self.gap)
        for blocks in range(1, channels):
            rows = -(-channels // blocks) + self.inputs
            if context.transposed or rows * pitch <= MAX_TALL * blocks * context.samples_extent:
                return Arrangement(blocks)
        return Arrangement()

    def _divide_samples(self, context: SceneContext) -> list[SceneContext]:
        """The context with the samples of each row of blocks."""
        divided = self._choose_arrangement(context).divide_samples(context.sample_indices)
        return [context.select_samples(band) for band in divided]

    def _choose(self, tap: str, context: SceneContext) -> tuple[int, ...]:
        """The channels of a layer."""
        return context.choose_channels(self.show, self.order, tap).channels

    def choose_channels(self, context: SceneContext) -> ChannelChoice | None:
        """The channels of the reel's layer; None if the panel does not show that layer."""
        if context.layer not in self.map_layers(context):
            return None
        return context.choose_channels(self.show, self.order, context.layer)

    def notes(self, context: SceneContext) -> tuple[str, ...]:
        """Which maps are reduced, and whether the names of the samples do not fit."""
        reductions = {tap: describe_reduction(context.view(tap).cell) for tap in self.map_layers(context)}
        reduced = tuple(f"the maps of {tap} are reduced: {text}" for tap, text in reductions.items() if text)
        omitted = [note for block in self._arrange_blocks(context).blocks for note in block.notes]
        return reduced + tuple(dict.fromkeys(omitted))

    def measure(self, context: SceneContext) -> Measure:
        """Measure the blocks with their labels, and the margin if annotations need one."""
        self._check(context)
        size = self._arrange_blocks(context).size
        return measure_with_margin(size, self._visible_annotations(context).values(), context)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> ChannelsDrawing:
        """Place the blocks in their box."""
        arrangement = self._arrange_blocks(context)
        drawings = arrangement.place(box, palette)
        targets = {
            number: (annotation, cell)
            for number, annotation in self._visible_annotations(context).items()
            for block in drawings
            if annotation.tap in (block.tap, None)
            and (cell := block.find_cell(annotation.channel, annotation.sample)) is not None
        }
        area = Box(box.x, box.y, arrangement.size.width, box.height)
        return ChannelsDrawing(
            drawings,
            None if self.step is None else context.statistics.read_step(self.step, self.map_layers(context)),
            self.step,
            Callouts(targets, area, FRAME_BLEED, context, palette),
        )

    def _visible_annotations(self, context: SceneContext) -> dict[int, CellAnnotation]:
        """The annotations of shown layers, by their number in the template."""
        taps = self.map_layers(context)
        return {
            number: annotation
            for number, annotation in enumerate(self.annotations)
            if annotation.tap is None or annotation.tap in taps
        }

    def _check(self, context: SceneContext) -> None:
        """Check that the layers and the step were recorded, and that the annotated cells are shown.

        Raises:
            OptionError: Something does not fit the run.
        """
        taps, errors = self.map_layers(context), ErrorCollector()
        channels: dict[str, tuple[int, ...]] = {}
        for number, tap in enumerate(taps):
            with errors.collect("taps", *([number] if len(taps) > 1 else [])):
                require_activation(tap, context.require(tap))
                with errors.collect("show"):
                    channels[tap] = context.choose_channels(self.show, self.order, tap).channels
        if self.step is not None:
            with errors.collect("step"):
                resolve_step(context.steps, self.step)
        for number, annotation in enumerate(self.annotations):
            with errors.collect("annotations", number):
                self._check_annotation(annotation, channels, context)
        errors.raise_errors()

    def _check_annotation(
        self, annotation: CellAnnotation, channels: Mapping[str, tuple[int, ...]], context: SceneContext
    ) -> None:
        taps, errors = self.map_layers(context), ErrorCollector()
        tap = annotation.tap or taps[0]
        with errors.collect("tap"):
            if annotation.tap is None and len(taps) > 1:
                raise ValueError(f"needs a tap, since several layers are shown; {suggest_names('', taps)}")
            if annotation.tap is not None:
                context.require(annotation.tap)
            # Without `taps`, an annotation may be for another recorded layer: a template may serve several layers.
            if self.taps_shown is not None and tap not in taps:
                raise ValueError(f"layer {tap!r} is not shown; {suggest_names(tap, taps)}")
        with errors.collect("channel"):
            if annotation.channel not in channels.get(tap, (annotation.channel,)):
                shown = format_positions(sorted(channels[tap]))
                raise ValueError(f"channel {annotation.channel} of {tap} is not shown; shown: {shown}")
        with errors.collect():
            annotation.check(context)
        errors.raise_errors()


class ChannelsDrawing:
    """The blocks in their boxes.

    Args:
        blocks: One per layer.
        fixed_values: The arrays of the step that every frame shows; None if each frame shows its own.
        fixed_step: That step.
        callouts: The annotations.
    """

    def __init__(
        self,
        blocks: list[BlockDrawing],
        fixed_values: dict[str, Any] | None,
        fixed_step: int | None,
        callouts: Callouts,
    ) -> None:
        self.blocks, self._fixed_values, self._fixed_step = blocks, fixed_values, fixed_step
        self._callouts = callouts

    def level_maps(self) -> list[LevelMaps]:
        """The maps that change from frame to frame, for quantization over time."""
        return [block.level_maps() for block in self.blocks] if self._fixed_values is None else []

    def cell_regions(self) -> list[CellRegion]:
        """The maps of all blocks, and the samples beside them."""
        changes = self._fixed_values is None
        return [region for block in self.blocks for region in block.cell_regions(changes=changes)]

    def draw_still(self, canvas: Canvas) -> None:
        """Draw labels and outlines, and the maps of a fixed step."""
        for block in self.blocks:
            block.draw_still(canvas)
            if self._fixed_values is not None:
                block.draw_maps(canvas, self._fixed_values[block.tap], fixed_step=self._fixed_step)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw the maps and the annotations of the current step."""
        if self._fixed_values is None:
            for block in self.blocks:
                levels = state.levels.get(block.tap) if state.levels is not None else None
                block.draw_maps(canvas, np.asarray(state.snapshot.taps[block.tap]), levels)
        for block in self.blocks:
            block.draw_answers(canvas, state)
        self._callouts.draw(canvas, state.snapshot.step)
