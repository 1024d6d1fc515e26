"""The samples as pictures in cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet.compose.canvas import write
from reelnet.compose.panels.cells import Cells
from reelnet.compose.panels.grid import GUTTER_GAP, INPUT_LABEL, column_labels, header
from reelnet.compose.text import body, shorten
from reelnet.scene.facts import Facts
from reelnet.scene.layout import Box
from reelnet.scene.palette import Ink, Palette
from reelnet.scene.panel import Canvas
from reelnet.template.colour import Rgb

GREYS = 32
COLOURS = 64
"""Share of the palette that grey and coloured pictures get."""


class Pictures:
    """The samples in cells of one row, or of one column where rows are samples."""

    def __init__(self, facts: Facts, cells: Cells, palette: Palette) -> None:
        self._facts, self._cells = facts, cells
        self._numbers, colours = few_colours(fitted(facts.pictures, cells.side))
        if drawn_on_paper(facts.pictures):
            colours = on_paper(colours, facts.theme.background)
        self._ink = palette.colours(colours)

    def draw(self, canvas: Canvas) -> None:
        """Draw the pictures, each in the middle of its cell."""
        height, width = self._numbers.shape[1:]
        for number, numbers in enumerate(self._numbers):
            box = self.at(number)
            x, y = box.x + (box.width - width) // 2, box.y + (box.height - height) // 2
            canvas[y : y + height, x : x + width] = self._ink.indices[numbers]

    def write_labels(self, canvas: Canvas, ink: Ink) -> None:
        """Write the samples' labels above their cells, or left of them."""
        facts, style = self._facts, body(self._facts.theme)
        if facts.labels is None:
            return
        if facts.samples.transposed:
            for number, label in enumerate(facts.labels):
                box = self.at(number)
                y = box.y + (box.height - style.line) // 2
                text = shorten(label, 8 * style.size, style)
                write(canvas, text, ink, box.x - GUTTER_GAP, y, style, anchor="right")
            return
        across = self._cells.pitch[1]
        for number, label in column_labels(facts.labels, facts, self._cells.side, across).items():
            box = self.at(number)
            y = box.y - header(facts, labels=True)
            write(canvas, label, ink, box.x + box.width // 2, y, style, anchor="middle")

    def write_name(self, canvas: Canvas, ink: Ink) -> None:
        """Write `input` left of their row, or above their column, where there is room."""
        style, box = body(self._facts.theme), self.at(0)
        if self._facts.samples.transposed:
            if style.width(INPUT_LABEL) <= box.width:
                y = box.y - header(self._facts, labels=True)
                write(canvas, INPUT_LABEL, ink, box.x + box.width // 2, y, style, anchor="middle")
        elif box.height >= style.line:
            y = box.y + (box.height - style.line) // 2
            write(canvas, INPUT_LABEL, ink, box.x - GUTTER_GAP, y, style, anchor="right")

    def at(self, number: int) -> Box:
        """The cell of a sample, by its position among those that are shown."""
        return self._cells.at(number, 0) if self._facts.samples.transposed else self._cells.at(0, number)


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


def drawn_on_paper(pictures: NDArray[np.uint8]) -> bool:
    """Whether grey pictures are ink on white paper, as digits and drawings are: most of their edges are white."""
    if pictures.ndim != 3:
        return False
    edges = [pictures[:, 0], pictures[:, -1], pictures[:, :, 0], pictures[:, :, -1]]
    return bool(np.mean(np.concatenate([edge.ravel() for edge in edges]) >= 250) > 0.9)


def on_paper(greys: NDArray[np.uint8], paper: Rgb) -> NDArray[np.uint8]:
    """Greys (n, 3) of ink on white as ink on the theme's paper: white ink on dark, black on light."""
    ink = 255.0 if sum(paper) < 3 * 128 else 0.0
    part = greys / 255
    mixed: NDArray[np.uint8] = np.rint(part * np.array(paper) + (1 - part) * ink).astype(np.uint8)
    return mixed


def few_colours(
    pictures: NDArray[np.uint8], most: int = COLOURS
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pictures as numbers of colours (n, height, width), and those colours (k, 3).

    Grey pictures get evenly spaced greys; coloured ones keep their colours if they have no more than `most`, and
    else get colours by median cut (Heckbert 1982), without dithering, which would grow with the upscaling.
    """
    if pictures.ndim == 3:
        greys = np.rint(np.linspace(0, 255, GREYS)).astype(np.uint8)
        numbers = np.rint(pictures * ((GREYS - 1) / 255)).astype(np.uint8)
        return numbers, np.repeat(greys[:, None], 3, axis=1)
    count, height, width, _ = pictures.shape
    packed = pictures.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    values, found = np.unique(packed, return_inverse=True)
    if len(values) <= most:
        exact = np.stack([values >> 16, values >> 8 & 255, values & 255], axis=1).astype(np.uint8)
        return found.reshape(packed.shape).astype(np.uint8), exact
    strip = Image.fromarray(pictures.reshape(count * height, width, 3))
    reduced = strip.quantize(most, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    colours = np.array(reduced.getpalette()[: 3 * most], np.uint8).reshape(-1, 3)  # type: ignore[index]
    return np.asarray(reduced).reshape(count, height, width), colours
