"""RGB frames as a user would compose them from the recorded arrays with numpy alone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
from common import CELL, LAYER
from numpy.typing import NDArray

import reelnet
from reelnet.scene.palette.palette import interpolate_colors
from reelnet.template.theme import Theme

Rgb = NDArray[np.uint8]


class LayerGrid:
    """The feature maps of one layer over the steps of a run: a row of samples, then one row per channel.

    Args:
        run: The run folder. The whole layer is read at once; conv6 takes 9 MB.
    """

    def __init__(self, run: Path) -> None:
        opened = reelnet.open(run)
        self._values = opened.read(LAYER).astype(np.float32, copy=False)
        self._samples = opened.samples
        self._colors = interpolate_colors(Theme().diverging, 255)

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Rgb]:
        return map(self.frame, range(len(self)))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a frame in pixels."""
        samples, channels = self._values.shape[1:3]
        return samples * CELL, (1 + channels) * CELL

    @property
    def channels(self) -> int:
        """The rows of the grid below the samples."""
        return int(self._values.shape[2])

    @property
    def samples(self) -> int:
        """The columns of the grid."""
        return len(self._samples)

    @property
    def inputs(self) -> Rgb:
        """The recorded samples side by side, uint8 (height, samples · width)."""
        return np.concatenate(list(self._samples), axis=1)

    def rows(self, number: int) -> NDArray[np.float32]:
        """The values of one frame, float32 (channels, height, samples · width), not upscaled."""
        samples, channels, height, width = self._values.shape[1:]
        values: NDArray[np.float32] = self._values[number].transpose(1, 2, 0, 3)
        return values.reshape(channels, height, samples * width)

    @cached_property
    def _header(self) -> Rgb:
        scale = CELL // self._samples.shape[1]
        row = self.inputs.repeat(scale, axis=0).repeat(scale, axis=1)
        return np.repeat(row[..., None], 3, axis=2)

    def frame(self, number: int) -> Rgb:
        """One frame, uint8 (height, width, 3): −1 is red, 0 white, +1 blue."""
        indices = np.rint((np.concatenate(self.rows(number)) + 1) * 127).astype(np.uint8)
        scale = CELL // self._values.shape[3]
        cells = self._colors[indices].repeat(scale, axis=0).repeat(scale, axis=1)
        return np.concatenate([self._header, cells])
