"""Pauses that panels ask for.

What a panel is, for the scene.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.template.model import PanelSpec


@dataclass(frozen=True)
class Pause:
    """A pause at the first frame that shows one of some training steps.

    Attributes:
        first_step: The first of them.
        last_step: The last of them.
        seconds: How long that frame stays in addition to its usual time.
        name: What it is for, by its keys below the panel: `items[2]`.
    """

    first_step: int
    last_step: int
    seconds: float
    name: str


Canvas = NDArray[np.uint8 | np.uint16]
"""Palette indices (height, width): of 8 bits, or of 16 where fixed pictures have more colours."""


class Drawing(Protocol):
    """A panel in its box, with its inks: ready to be drawn, without a state that drawing changes."""

    def draw_still(self, canvas: Canvas) -> None:
        """Draw what is the same in every frame; once, after the palette is mixed."""

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw what one frame shows, onto the still."""


@runtime_checkable
class CachedDrawing(Drawing, Protocol):
    """A drawing that often is as it was in the frame before."""

    def cache_key(self, state: FrameState) -> Hashable:
        """All that decides what a frame shows; equal states look the same."""


@dataclass(frozen=True)
class LevelMaps:
    """The maps of one layer that a drawing shows in every frame, as levels of a colormap.

    Under a cap these levels are quantized over time; `FrameState.levels` then holds what to draw in place of the
    recorded values.

    Attributes:
        tap: Name of the layer.
        colors: Of the levels, uint8 (levels, 3).
        shape: Of the maps: (samples, channels, height, width).
        samples: The samples that are shown, by position in the recorded array.
        channels: The channels that are shown, likewise.
        positions: Turns recorded values into exact positions among the levels, 0 to levels - 1, float64 in `shape`.
        rows_are_samples: Whether the cells of one sample stand side by side, instead of those of one channel.
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


class Panel(PanelSpec, ABC):
    """One rectangle's content, as the author asked for it; its fields are its options."""

    default_grow: ClassVar[float] = 0.0
    """Its share of the room that is left over, unless the author says."""
    can_shrink: ClassVar[bool] = False
    """Whether it draws itself smaller in a smaller box than it asked for."""
    is_sample_strip: ClassVar[bool] = False
    """Whether it is one line of cells, one for each sample, that belongs along those of the channels."""

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        """The recorded places whose arrays it draws in every frame."""
        return ()

    def pauses(self, context: SceneContext) -> list[Pause]:
        """Where the animation pauses in addition, so that something can be read."""
        return []

    def count_channels(self, context: SceneContext) -> int | None:
        """How many channels of the reel's layer it shows; None if it shows none of them."""
        return None

    @property
    def ranks_by_change(self) -> bool:
        """Whether the channels that it shows are those that change most."""
        return False

    @abstractmethod
    def measure(self, context: SceneContext) -> Measure | None:
        """The pixels that it needs, or None where the run has nothing for it to show.

        Raises:
            ValueError: An option does not fit the run; an `OptionError` says which.
        """

    @abstractmethod
    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Drawing:
        """Put it into its box and ask for its inks."""
