"""The input row: the samples as a person sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet.compose.canvas import write
from reelnet.compose.panels.grid import GUTTER_GAP, INPUT_LABEL, column_labels, gutter
from reelnet.compose.panels.still import Still
from reelnet.compose.text import text_size
from reelnet.scene.facts import Facts
from reelnet.scene.layout import Box, Size
from reelnet.scene.palette import Palette
from reelnet.scene.panel import Canvas

GREYS = 32
COLOURS = 64
"""Share of the palette that grey and coloured pictures get."""


@dataclass(frozen=True)
class Inputs:
    """The samples, one a column, under their labels.

    Attributes:
        labels: Write the samples' labels above and `input` to the left.
    """

    labels: bool = True
    grow: ClassVar[bool] = False

    def natural_size(self, facts: Facts) -> Size:
        """A row of cells, and room for labels."""
        width = gutter(facts, labels=self.labels) + facts.samples * facts.cell.box
        return Size(width, self.header(facts) + facts.cell.box)

    def header(self, facts: Facts) -> int:
        """Pixels above the cells that the columns' labels take."""
        if not self.labels or facts.labels is None:
            return 0
        return -(-(text_size("0", facts.theme.text).height + 2) // 8) * 8

    def place(self, facts: Facts, box: Box, palette: Palette) -> Still:
        """Bring the pictures to the cells' size."""
        return InputsDrawing(self, facts, box, palette)


class InputsDrawing(Still):
    """The row in its box."""

    def __init__(self, panel: Inputs, facts: Facts, box: Box, palette: Palette) -> None:
        self._labels = panel.labels
        self._facts, self._box = facts, box
        self._left = box.x + gutter(facts, labels=panel.labels)
        self._top = box.y + panel.header(facts)
        self._muted = palette.ramp(facts.theme.muted, facts.theme.background)
        self._numbers, colours = few_colours(fitted(facts.pictures, facts.cell.box))
        self._ink = palette.colours(colours)

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the pictures and their labels."""
        facts, side = self._facts, self._facts.cell.box
        height, width = self._numbers.shape[1:]
        above, beside = (side - height) // 2, (side - width) // 2
        for column, numbers in enumerate(self._numbers):
            x, y = self._left + column * side + beside, self._top + above
            canvas[y : y + height, x : x + width] = self._ink.indices[numbers]
        if not self._labels:
            return
        size = facts.theme.text
        for column, label in column_labels(facts).items():
            x = self._left + column * side + side // 2
            write(canvas, label, self._muted, x, self._box.y, size=size, anchor="middle")
        line = text_size(INPUT_LABEL, size).height
        if side >= line:
            y = self._top + (side - line) // 2
            write(canvas, INPUT_LABEL, self._muted, self._left - GUTTER_GAP, y, size=size, anchor="right")


def fitted(pictures: NDArray[np.uint8], box: int) -> NDArray[np.uint8]:
    """Pictures (n, height, width[, 3]) upscaled by a whole factor, or averaged down, to fit a square box."""
    height, width = pictures.shape[1:3]
    scale = box // max(height, width)
    if scale >= 1:
        return pictures.repeat(scale, axis=1).repeat(scale, axis=2)
    shrink = box / max(height, width)
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    resized = [np.asarray(Image.fromarray(each).resize(size, Image.Resampling.BOX)) for each in pictures]
    return np.stack(resized)


def few_colours(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pictures as numbers of colours (n, height, width), and those colours (k, 3).

    Grey pictures get evenly spaced greys; coloured ones get colours by median cut (Heckbert 1982), without
    dithering, which would grow with the upscaling.
    """
    if pictures.ndim == 3:
        greys = np.rint(np.linspace(0, 255, GREYS)).astype(np.uint8)
        numbers = np.rint(pictures * ((GREYS - 1) / 255)).astype(np.uint8)
        return numbers, np.repeat(greys[:, None], 3, axis=1)
    count, height, width, _ = pictures.shape
    strip = Image.fromarray(pictures.reshape(count * height, width, 3))
    reduced = strip.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    colours = np.array(reduced.getpalette()[: 3 * COLOURS], np.uint8).reshape(-1, 3)  # type: ignore[index]
    return np.asarray(reduced).reshape(count, height, width), colours
