"""The activation maps: one row a channel, one column a sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reelnet.compose.canvas import fill_box, write
from reelnet.compose.panels.grid import GUTTER_GAP, gutter, row_labels, thinned
from reelnet.compose.text import text_size
from reelnet.scene.facts import Facts, Limits, Moment
from reelnet.scene.layout import Box, Size
from reelnet.scene.palette import Palette
from reelnet.scene.panel import Canvas


@dataclass(frozen=True)
class Channels:
    """Each channel's map for each sample, upscaled by a whole factor without interpolation.

    Attributes:
        labels: Write the channels' numbers to the left, counted from 0.
    """

    labels: bool = True
    grow: ClassVar[bool] = False

    def natural_size(self, facts: Facts) -> Size:
        """The cells, and room for labels."""
        box = facts.cell.box
        return Size(gutter(facts, labels=self.labels) + facts.samples * box, facts.channels * box)

    def place(self, facts: Facts, box: Box, palette: Palette) -> ChannelsDrawing:
        """Put the cells into their box."""
        return ChannelsDrawing(self, facts, box, palette)


class ChannelsDrawing:
    """The cells in their box."""

    def __init__(self, panel: Channels, facts: Facts, box: Box, palette: Palette) -> None:
        self._labels, self._facts, self._box = panel.labels, facts, box
        self._left = box.x + gutter(facts, labels=panel.labels)
        self._muted = palette.ramp(facts.theme.muted, facts.theme.background)
        self._faint = palette.ramp(facts.theme.faint, facts.theme.faint, 1)
        self._paper = palette.ramp(facts.theme.background, facts.theme.background, 1)
        self._missing = palette.ramp(facts.theme.missing, facts.theme.missing, 1)
        self._map = palette.colormap(facts.limits.anchors(facts.theme.diverging))

    def draw_still(self, canvas: Canvas) -> None:
        """Write the labels, and a hairline around the cells, which may be all white."""
        if not self._labels:
            return
        facts, side = self._facts, self._facts.cell.box
        width, height = facts.samples * side, facts.channels * side
        fill_box(canvas, Box(self._left - 1, self._box.y - 1, width + 2, height + 2), self._faint)
        fill_box(canvas, Box(self._left, self._box.y, width, height), self._paper)
        size = facts.theme.text
        line = text_size("0", size).height
        for row, label in thinned(row_labels(facts), side, line).items():
            y = self._box.y + row * side + (side - line) // 2
            write(canvas, label, self._muted, self._left - GUTTER_GAP, y, size=size, anchor="right")

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        """Draw the maps of one snapshot."""
        facts, cell = self._facts, self._facts.cell
        values = moment.snapshot.taps[facts.layer]
        indices = self._map.indices[to_levels(values, facts.limits, len(self._map.indices))]
        if not np.isfinite(values).all():
            indices[np.isnan(values)] = self._missing.indices[0]
        samples, channels, height, width = indices.shape
        above, beside = cell.inset(height, width)
        rows, columns = channels * cell.box, samples * cell.box
        grid = canvas[self._box.y : self._box.y + rows, self._left : self._left + columns]
        grid = grid.reshape(channels, cell.box, samples, cell.box)
        area = grid[:, above : above + height * cell.scale, :, beside : beside + width * cell.scale]
        # Upscale along the rows first; then each row is copied whole, which is what memory likes.
        wide = indices.transpose(1, 2, 0, 3).repeat(cell.scale, axis=3)
        target = area.reshape(channels, height, cell.scale, samples, width * cell.scale, copy=False)
        target[...] = wide[:, :, None]


def to_levels(values: NDArray[np.generic], limits: Limits, levels: int) -> NDArray[np.uint8]:
    """Values as levels of a colormap of `levels` colours from `limits.low` to `limits.high`.

    The nearest level is taken; values beyond the limits, and infinite ones, get the last level on their side;
    NaN gets any. With symmetric limits and an odd number of levels, 0 is the middle level exactly.
    """
    # In double precision: single precision cannot hold the span of all that it can hold.
    scaled = (values.astype(np.float64) - limits.low) * ((levels - 1) / ((limits.high - limits.low) or 1.0))
    np.nan_to_num(scaled, copy=False, nan=0.0, posinf=levels - 1, neginf=0.0)
    np.rint(scaled, out=scaled)
    nearest: NDArray[np.uint8] = np.clip(scaled, 0, levels - 1).astype(np.uint8)
    return nearest
