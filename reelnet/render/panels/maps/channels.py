"""The activation maps: one row a channel, one column a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator

from reelnet.config.diagnostics import ErrorCollector
from reelnet.config.spec import Pixels
from reelnet.errors import suggest_names
from reelnet.render.panels.annotations import margin
from reelnet.render.panels.annotations.annotation import CellAnnotation, CellAnnotations, Target
from reelnet.render.panels.annotations.callout import Callouts
from reelnet.render.panels.maps.arrangement import standing
from reelnet.render.panels.maps.block import Block, BlockDrawing
from reelnet.runs.header import displayable_layers, require_activation
from reelnet.scene.context import FrameState, SceneContext, format_positions, pick_indices
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, LevelMaps, Panel
from reelnet.scene.timeline.selection import resolve_step
from reelnet.template.selector import Selector, SelectorField

AROUND = 5
"""Pixels around the cells that an annotation's frame may cover; panels stand at least that far apart, or it lies
inside its cell."""


class Channels(Panel):
    """Each channel's map for each sample, upscaled by a whole factor without interpolation."""

    taps_shown: tuple[str, ...] | Literal["all"] | None = Field(
        None,
        alias="taps",
        description="Layers to show, a block each: a list, or all; by default the reel's layer.",
    )
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
    heading: bool | None = Field(
        None, description="Write the layer's name above its block; by default if there are several."
    )
    colorbar: bool = Field(
        False,
        description="Explain each block's colours above it, for layers whose values have different limits.",
    )
    inputs: bool = Field(
        False, description="Show the samples above each block, or left of it where rows are samples."
    )
    arrange: Literal["column", "row", "columns"] = Field(
        "column",
        description="How the blocks of several layers stand. Columns: one after the other in columns of about one "
        "height, as many as make the whole about twice as wide as high.",
    )
    apart: Pixels = Field(24, description="Pixels between the blocks of several layers.")
    step: int | None = Field(
        None, ge=0, description="Show this step in every frame, instead of the frame's own."
    )
    annotations: CellAnnotations = Field(
        (), description="Frames, arrows and words on single cells, for a range of training steps."
    )

    @field_validator("taps_shown", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        if isinstance(value, str) and value != "all":
            return (value,)
        return tuple(value) if isinstance(value, list) else value

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        """The layers that it shows."""
        if self.taps_shown == "all":
            return tuple(displayable_layers(context.taps))
        return self.taps_shown or (context.layer,)

    def blocks(self, context: SceneContext) -> list[Block]:
        """One for each layer."""
        taps = self.taps(context)
        headed = len(taps) > 1 if self.heading is None else self.heading
        return [
            Block(
                context,
                context.view(tap),
                channels=channels_of(self.show, self.order, tap, context),
                gap=self.gap,
                labels=self.labels,
                heading=tap if headed else None,
                inputs=self.inputs,
                colorbar=self.colorbar,
            )
            for tap in taps
        ]

    @property
    def ranks_by_change(self) -> bool:
        """Whether the author asked for the channels that change most."""
        return self.show.top is not None

    def count_channels(self, context: SceneContext) -> int | None:
        """How many of the reel's layer, if it shows that."""
        if context.layer not in self.taps(context):
            return None
        return len(channels_of(self.show, self.order, context.layer, context))

    def measure(self, context: SceneContext) -> Measure:
        """The cells, and room for labels."""
        self._check(context)
        size = standing(self.blocks(context), self.arrange, self.apart)[1]
        return margin.measured(size, self._drawn(context).values(), context)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> ChannelsDrawing:
        """Put the cells into their box."""
        blocks = self.blocks(context)
        corners, size = standing(blocks, self.arrange, self.apart)
        drawings = [
            BlockDrawing(block, box.x + x, box.y + y, palette)
            for block, (x, y) in zip(blocks, corners, strict=True)
        ]
        targets = {
            number: Target(annotation, block.at(annotation.channel, annotation.column(context)))
            for number, annotation in self._drawn(context).items()
            for block in drawings
            if annotation.tap in (block.tap, None)
        }
        room = Box(box.x, box.y, size.width, box.height)
        return ChannelsDrawing(
            drawings,
            context.statistics.read_step(self.step, self.taps(context)),
            Callouts(targets, room, AROUND, context, palette),
        )

    def _drawn(self, context: SceneContext) -> dict[int, CellAnnotation]:
        """The annotations of layers that are shown, by their number in the template."""
        taps = self.taps(context)
        return {
            number: annotation
            for number, annotation in enumerate(self.annotations)
            if annotation.tap is None or annotation.tap in taps
        }

    def _check(self, context: SceneContext) -> None:
        """Make sure that all it names was recorded and is shown.

        Raises:
            OptionError: Something was not, or is not.
        """
        taps, errors = self.taps(context), ErrorCollector()
        shown: dict[str, tuple[int, ...]] = {}
        for number, tap in enumerate(taps):
            with errors.collect("taps", *([number] if len(taps) > 1 else [])):
                require_activation(tap, context.require(tap))
                with errors.collect("show"):
                    shown[tap] = channels_of(self.show, self.order, tap, context)
        if self.step is not None:
            with errors.collect("step"):
                resolve_step(context.steps, self.step)
        for number, annotation in enumerate(self.annotations):
            with errors.collect("annotations", number):
                self._check_annotation(annotation, shown, context)
        errors.raise_errors()

    def _check_annotation(
        self, annotation: CellAnnotation, shown: Mapping[str, tuple[int, ...]], context: SceneContext
    ) -> None:
        taps, errors = self.taps(context), ErrorCollector()
        tap = annotation.tap or taps[0]
        with errors.collect("tap"):
            if annotation.tap is None and len(taps) > 1:
                raise ValueError(f"needs a tap, since several layers are shown; {suggest_names('', taps)}")
            if annotation.tap is not None:
                context.require(annotation.tap)
            # A layer that was recorded but is not the reel's is no mistake: a template may be for several layers.
            if self.taps_shown is not None and tap not in taps:
                raise ValueError(f"layer {tap!r} is not shown; {suggest_names(tap, taps)}")
        with errors.collect("channel"):
            if annotation.channel not in shown.get(tap, (annotation.channel,)):
                all_shown = format_positions(sorted(shown[tap]))
                raise ValueError(f"channel {annotation.channel} of {tap} is not shown; shown: {all_shown}")
        with errors.collect():
            margin.check(annotation, context)
        errors.raise_errors()


def channels_of(show: Selector, order: str, tap: str, context: SceneContext) -> tuple[int, ...]:
    """The channels of a layer that are shown, in their order.

    Raises:
        ValueError: The layer was not recorded, or does not have one of them.
    """
    count, change = context.require(tap).map_shape[0], None
    if show.top is not None or order == "change":
        change = context.statistics.changes(tap).by_channel
        if len(change) > count:  # all of them are cells of one map
            change = change.mean(keepdims=True)
    found = pick_indices(show, count, "channel", change, tap)
    if order == "change" and change is not None:
        return tuple(sorted(found, key=lambda channel: -change[channel]))
    return found


class ChannelsDrawing:
    """The blocks in their boxes."""

    def __init__(self, blocks: list[BlockDrawing], pinned: dict[str, Any] | None, callouts: Callouts) -> None:
        self._blocks, self._pinned, self._callouts = blocks, pinned, callouts

    @property
    def moving(self) -> tuple[BlockDrawing, ...]:
        """The blocks that show each frame's own step."""
        return tuple(self._blocks) if self._pinned is None else ()

    def level_maps(self) -> list[LevelMaps]:
        """The maps of the moving blocks, for quantization over time."""
        return [block.level_maps() for block in self.moving]

    def draw_still(self, canvas: Canvas) -> None:
        """Draw labels and frames, and the maps of a step that stays."""
        for block in self._blocks:
            block.draw_still(canvas)
            if self._pinned is not None:
                block.draw_maps(canvas, self._pinned[block.tap])

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw the maps of one snapshot, and what is to be said of them."""
        if self._pinned is None:
            for block in self._blocks:
                levels = state.levels.get(block.tap) if state.levels is not None else None
                block.draw_maps(canvas, np.asarray(state.snapshot.taps[block.tap]), levels)
        self._callouts.draw(canvas, state.snapshot.step)
