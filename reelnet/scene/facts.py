"""What a run means for the panels: the numbers that they measure and draw by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import UsageError
from reelnet.runs.header import TapInfo
from reelnet.runs.run import Run
from reelnet.runs.snapshot import Snapshot
from reelnet.template.spec import Rgb, Theme


@dataclass(frozen=True)
class Cell:
    """One channel's map for one sample on the canvas.

    Attributes:
        box: Side of the square that each cell has for itself, in pixels.
        scale: Integer factor by which maps are upscaled.
    """

    box: int
    scale: int

    @classmethod
    def fitting(cls, height: int, width: int, box: int, scale: int | None = None) -> Cell:
        """The largest whole scale at which a map of height × width fits the box; or the scale that is given.

        A map larger than its box has scale 1 and a box of its own size.
        """
        side = max(height, width)
        if scale is not None:
            return cls(side * scale, scale)
        return cls(max(box, side), max(1, box // side))

    def inset(self, height: int, width: int) -> tuple[int, int]:
        """Rows above and columns left of a map of height × width that is centred in the box."""
        return (self.box - height * self.scale) // 2, (self.box - width * self.scale) // 2


@dataclass(frozen=True)
class Limits:
    """The values at the two ends of the colormap, fixed over the whole run.

    Attributes:
        one_sided: The values have one sign, so that only one half of a diverging colormap is needed.
    """

    low: float
    high: float
    one_sided: bool

    @classmethod
    def of(cls, tap: TapInfo) -> Limits:
        """The bounds of the layer's kind where they are known (±1 for tanh), else the range over the run.

        Signed values get limits that are symmetric, so that 0 is in the middle; values of one sign are
        measured from 0.
        """
        low, high = tap.bounds or (tap.min or 0.0, tap.max or 0.0)
        if low < 0 < high or low == high == 0:
            end = max(-low, high) or 1.0
            return cls(-end, end, one_sided=False)
        return cls(min(low, 0.0), max(high, 0.0), one_sided=True)

    def anchors(self, diverging: tuple[Rgb, ...]) -> tuple[Rgb, ...]:
        """The colours from `low` to `high`, of a map whose middle colour is 0."""
        middle = len(diverging) // 2
        if not self.one_sided:
            return diverging
        return diverging[middle:] if self.high > 0 else diverging[: middle + 1]


@dataclass(frozen=True)
class Facts:
    """A run, seen through one layer, in one style.

    Attributes:
        layer: Name of the tap.
        tap: Its form and range.
        pictures: The samples as shown, uint8 (samples, height, width) or (…, 3).
        labels: One short text a sample, or None.
        steps: The recorded steps.
        metrics: For each metric one value a step, NaN where there is none.
    """

    layer: str
    tap: TapInfo
    pictures: NDArray[np.uint8]
    labels: tuple[str, ...] | None
    steps: tuple[int, ...]
    metrics: dict[str, NDArray[np.float64]]
    theme: Theme
    cell: Cell
    limits: Limits

    @classmethod
    def of(cls, run: Run, layer: str | None, theme: Theme, scale: int | None) -> Facts:
        """Look a run up; the layer is the last recorded one unless it is named.

        Raises:
            UsageError: There is no such layer, or the scale is no positive number.
            RunError: The run is empty or damaged.
        """
        run.require_steps()
        layer = layer if layer is not None else list(run.taps)[-1]
        tap = run.tap(layer)
        if scale is not None and not 1 <= scale <= 256:
            raise UsageError(f"scale {scale}: give a whole factor from 1 to 256")
        return cls(
            layer=layer,
            tap=tap,
            pictures=run.samples,
            labels=run.labels,
            steps=tuple(run.steps),
            metrics=run.metrics,
            theme=theme,
            cell=Cell.fitting(*tap.shape[2:], theme.cell, scale),
            limits=Limits.of(tap),
        )

    @property
    def samples(self) -> int:
        """Number of samples: columns of the grid."""
        return self.tap.shape[0]

    @property
    def channels(self) -> int:
        """Number of channels: rows of the grid."""
        return self.tap.shape[1]

    @property
    def fields(self) -> dict[str, object]:
        """What a text can name in braces."""
        return {
            "layer": self.layer,
            "channels": self.channels,
            "samples": self.samples,
            "height": self.tap.shape[2],
            "width": self.tap.shape[3],
            "last_step": self.steps[-1],
        }


@dataclass(frozen=True)
class Moment:
    """What a frame shows: one snapshot, and its place among the recorded steps.

    Attributes:
        snapshot: With the array of the layer that is shown.
        number: Position of its step in `Facts.steps`, from 0.
    """

    snapshot: Snapshot
    number: int
