"""The samples as pictures in cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet.render.canvas import write
from reelnet.render.panels.maps.grid import GUTTER_GAP, INPUT_LABEL, Cells, column_labels, column_type, header
from reelnet.render.typography import body_style, shorten_text
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink, PaletteBuilder
from reelnet.scene.palette.pictures import FixedPicture
from reelnet.scene.panel import Canvas
from reelnet.template.color import Rgb

SHARP, SHARP_IN_COLOUR = 3, 8
"""Factors from which on drawings, and photos, are upscaled in whole pixels, even if that leaves a margin."""

GREYS = 32
COLOURS = 64
"""Share of 255 colours that grey and coloured pictures get."""


class Pictures:
    """The samples in cells of one row, or of one column where rows are samples."""

    def __init__(self, context: SceneContext, cells: Cells, palette: PaletteBuilder) -> None:
        self._context, self._cells = context, cells
        pictures, self._scale = fitted(context.pictures, cells.side, filled_side(context))
        self._shown: Greys | FixedPicture
        if pictures.ndim == 3:
            paper = context.theme.background if drawn_on_paper(context.pictures) else None
            self._shown = Greys(pictures, paper, palette)
        else:
            self._shown = palette.picture(pictures, COLOURS)

    def draw(self, canvas: Canvas) -> None:
        """Draw the pictures, each in the middle of its cell."""
        for number, small in enumerate(self._shown.indices_for(canvas)):
            indices = small.repeat(self._scale, axis=0).repeat(self._scale, axis=1)
            height, width = indices.shape
            box = self.at(number)
            x, y = box.x + (box.width - width) // 2, box.y + (box.height - height) // 2
            canvas[y : y + height, x : x + width] = indices

    def write_labels(self, canvas: Canvas, ink: Ink) -> None:
        """Write the samples' labels above their cells, or left of them."""
        context, style = self._context, body_style(self._context.theme)
        if context.labels is None:
            return
        if context.transposed:
            for number, label in enumerate(context.labels):
                box = self.at(number)
                y = box.y + (box.height - style.line_height) // 2
                text = shorten_text(label, 8 * style.size, style)
                write(canvas, text, ink, box.x - GUTTER_GAP, y, style, anchor="right")
            return
        across = self._cells.pitch[1]
        small = column_type(context.labels, context, across)
        for number, label in column_labels(context.labels, small, self._cells.side, across).items():
            box = self.at(number)
            y = box.y - header(context, labels=True) + style.line_height - small.line_height
            write(canvas, label, ink, box.x + box.width // 2, y, small, anchor="middle")

    def write_name(self, canvas: Canvas, ink: Ink) -> None:
        """Write `input` left of their row, or above their column, where there is room."""
        style, box = body_style(self._context.theme), self.at(0)
        if self._context.transposed:
            if style.width(INPUT_LABEL) <= box.width:
                y = box.y - header(self._context, labels=True)
                write(canvas, INPUT_LABEL, ink, box.x + box.width // 2, y, style, anchor="middle")
        elif box.height >= style.line_height:
            y = box.y + (box.height - style.line_height) // 2
            write(canvas, INPUT_LABEL, ink, box.x - GUTTER_GAP, y, style, anchor="right")

    def at(self, number: int) -> Box:
        """The cell of a sample, by its position among those that are shown."""
        return self._cells.at(number, 0) if self._context.transposed else self._cells.at(0, number)


def filled_side(context: SceneContext) -> int:
    """Side in pixels of what the reel's layer fills of its cells."""
    return min(context.cell.size, max(context.require(context.layer).map_shape[1:]) * context.cell.scale)


class Greys:
    """Grey pictures (n, height, width) in evenly spaced greys, which serve every format."""

    def __init__(self, pictures: NDArray[np.uint8], paper: Rgb | None, palette: PaletteBuilder) -> None:
        levels = np.rint(np.linspace(0, 255, GREYS)).astype(np.uint8)
        colours = np.repeat(levels[:, None], 3, axis=1)
        self._ink = palette.colors(colours if paper is None else on_paper(colours, paper))
        self._numbers = np.rint(pictures * ((GREYS - 1) / 255)).astype(np.uint8)

    def indices_for(self, canvas: Canvas) -> Canvas:
        """Their indices (n, height, width)."""
        found: Canvas = self._ink.indices[self._numbers]
        return found


def fitted(pictures: NDArray[np.uint8], box: int, filled: int) -> tuple[NDArray[np.uint8], int]:
    """Pictures brought near a square box's size, and the whole factor that is left to do.

    Args:
        pictures: uint8 (n, height, width) or (…, 3).
        box: Side that they must not pass, in pixels.
        filled: Side to which they are resampled if no whole factor comes near the box: that of the maps beside them.
    """
    height, width = pictures.shape[1:3]
    side = max(height, width)
    scale = box // side
    # What is shown in large pixels stays so.
    sharp = SHARP if pictures.ndim == 3 else SHARP_IN_COLOUR
    if scale >= sharp or (scale and box - scale * side <= box // 8):
        return pictures, scale
    target = filled if scale else box
    size = max(1, round(width * target / side)), max(1, round(height * target / side))
    how = Image.Resampling.BICUBIC if target > side else Image.Resampling.BOX
    return np.stack([np.asarray(Image.fromarray(each).resize(size, how)) for each in pictures]), 1


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
