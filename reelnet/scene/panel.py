"""What a panel is for the scene: its size, its box, and the drawing that it becomes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from reelnet.scene.cell_region import CellRegion
from reelnet.scene.channel_choice import ChannelChoice
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.limits import Limits
from reelnet.scene.palette.palette import Indices, PaletteBuilder
from reelnet.scene.timeline.timeline import Pause
from reelnet.template.model import PanelSpec

Canvas = Indices
"""Palette indices (height, width): uint8, or uint16 if fixed pictures need more than 255 colors."""


class Drawing(Protocol):
    """A panel in its box, with its inks. It may be drawn for any frame, in any order: drawing changes no state."""

    def draw_still(self, canvas: Canvas) -> None:
        """Draw what is the same in every frame. Called once, after the palette is frozen."""

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw one frame on a copy of the still canvas."""


class Still(Drawing, Protocol):
    """A drawing that looks the same in every frame."""

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the panel once."""

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw nothing: no frame differs."""
        return


@runtime_checkable
class CachedDrawing(Drawing, Protocol):
    """A drawing that is often the same as in the previous frame, so that its pixels can be cached."""

    def cache_key(self, state: FrameState) -> Hashable:
        """Everything that decides what a frame shows: frames with equal keys look the same."""


@dataclass(frozen=True)
class LevelMaps:
    """The maps of one layer that a drawing shows in every frame, as levels of a colormap.

    Under a cap these levels are quantized over time; `FrameState.levels` then holds what to draw in place of the
    recorded values.

    Attributes:
        tap: Name of the layer.
        colors: Color of each level, uint8 (levels, 3).
        shape: Shape of the maps: (samples, channels, height, width).
        samples: Indices of the samples that are shown, in the recorded array.
        channels: Indices of the channels that are shown, likewise.
        positions: Turns recorded values into exact positions among the levels, 0 to levels - 1, float64 in `shape`.
        rows_are_samples: Whether the cells of one sample are side by side, instead of those of one channel.
    """

    tap: str
    colors: NDArray[np.uint8]
    shape: tuple[int, ...]
    samples: tuple[int, ...]
    channels: tuple[int, ...]
    positions: Callable[[NDArray[np.generic]], NDArray[np.float64]]
    rows_are_samples: bool = False


@runtime_checkable
class HasLevelMaps(Drawing, Protocol):
    """A drawing whose maps may be quantized over time under a cap."""

    def level_maps(self) -> Sequence[LevelMaps]:
        """The maps that change from frame to frame, one entry per layer and block."""


@runtime_checkable
class HasCells(Drawing, Protocol):
    """A drawing that fills cells with maps or pictures."""

    def cell_regions(self) -> Sequence[CellRegion]:
        """Its cells, one region for all that are alike."""


@runtime_checkable
class HasStepAxis(Drawing, Protocol):
    """A drawing with charts over the steps, whose cursor readers of a figure can drag."""

    def step_axes(self) -> Sequence[tuple[Box, NDArray[np.float64]]]:
        """For each chart the box of its plot, and the column in it of each recorded step, NaN outside."""


class Panel(PanelSpec, ABC):
    """The content of one rectangle, as the author asks for it. Its fields are its options."""

    default_grow: ClassVar[float] = 0.0
    """Its share of free space, unless the author sets `grow`."""
    can_shrink: ClassVar[bool] = False
    """Whether it draws itself smaller in a box that is smaller than it asked for."""
    is_sample_strip: ClassVar[bool] = False
    """Whether it is a strip with one cell per sample, which must line up with the samples of the channels."""

    has_cells: ClassVar[bool] = False
    """Whether it shows maps or pictures, so that its box must begin on the grid of the layout."""

    def absence(self, context: SceneContext) -> str:
        """Why it has nothing to show, with what to do about it; empty if nobody needs to know."""
        return ""

    def notes(self, context: SceneContext) -> tuple[str, ...]:
        """What it leaves out for lack of room, with what to do about it."""
        return ()

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        """The taps whose arrays it draws in every frame."""
        return ()

    def map_layers(self, context: SceneContext) -> tuple[str, ...]:
        """The layers of which it shows maps in cells of the context's size."""
        return ()

    def color_limits(self, context: SceneContext) -> Mapping[str, Limits]:
        """The limits of the values that it shows in colors, by tap, unless it explains them itself."""
        return {}

    def explained_limits(self, context: SceneContext) -> tuple[str, Limits] | None:
        """For a color bar: the tap and the limits that it explains."""
        return None

    def pauses(self, context: SceneContext) -> list[Pause]:
        """Additional pauses, so that a text can be read."""
        return []

    def choose_channels(self, context: SceneContext) -> ChannelChoice | None:
        """Which channels of the scene's layer it shows; None if it shows none of them."""
        return None

    def count_samples(self, context: SceneContext, box: Box) -> int:
        """How many of the shown samples, from the first, it has room for in a box."""
        return len(context.sample_indices)

    def rate_names(self, context: SceneContext) -> float:
        """How well it says what the samples are, and what the network takes them for: from 0 to 1, all in words."""
        return 1.0

    @property
    def is_limited_chart(self) -> bool:
        """Whether it is a chart that leaves most of the height of a frame to the maps; not if the author sets one."""
        return False

    @property
    def wrap_gap(self) -> int | None:
        """Pixels between blocks, if it has as many as the arrangement of the context says; None if it does not."""
        return None

    @abstractmethod
    def measure(self, context: SceneContext) -> Measure | None:
        """The pixels that it needs; None if the run has nothing for it to show.

        Raises:
            ValueError: An option does not fit the run; an `OptionError` names the option.
        """

    @abstractmethod
    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Drawing:
        """Put it into its box and ask for its inks."""
