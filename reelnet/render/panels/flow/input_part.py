"""The beginning of a flow: the sample as a picture, or as a line."""

from __future__ import annotations

import numpy as np

from reelnet.render.canvas import draw_picture, polyline, stamp
from reelnet.render.panels.flow.arrangement import Caption, Part, Spacing, keep_together
from reelnet.render.panels.maps.inputs import (
    PHOTO_COLORS,
    GrayPictures,
    choose_paper,
    fit_pictures,
    list_originals,
)
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Size
from reelnet.scene.palette.palette import FixedPicture, PaletteBuilder
from reelnet.scene.panel import Canvas

LINE_WIDTH = 1.5


class InputPart(Part):
    """One sample.

    Args:
        context: The run.
        position: The sample, counted from 0 among the shown ones.
    """

    def __init__(self, context: SceneContext, position: int) -> None:
        self.context, self.picture = context, context.pictures[position : position + 1]

    @property
    def is_sequence(self) -> bool:
        """Whether it is one row of values, drawn as a line."""
        return bool(self.picture.shape[1] == 1)

    def size_at(self, spacing: Spacing) -> Size:
        """Its longer side is that of two square cells, or of one if there is one row."""
        side = spacing.span(min(2, spacing.rows))
        if self.is_sequence:
            return Size(side, side)
        height, width = self.picture.shape[1:3]
        return Size(max(1, side * width // max(height, width)), max(1, side * height // max(height, width)))

    def widen(self, size: Size, room: Size) -> Size:
        """A whole number of pixels per pixel of the picture, if that is larger."""
        height, width = self.picture.shape[1:3]
        scale = min(room.width // width, room.height // height)
        is_larger = not self.is_sequence and scale * width > size.width
        return Size(scale * width, scale * height) if is_larger else size

    def caption_at(self, spacing: Spacing) -> Caption:
        """Its size."""
        height, width = self.picture.shape[1:3]
        detail = f"{width:,} values" if self.is_sequence else f"{height} × {width}"
        return Caption("input", keep_together(detail))


class InputDrawing:
    """The sample in its box."""

    def __init__(self, part: InputPart, box: Box, palette: PaletteBuilder) -> None:
        theme, self._part, self._box = part.context.theme, part, box
        self._pictures: GrayPictures | FixedPicture | None = None
        if part.is_sequence:
            self._ink = palette.ramp(theme.ink, theme.background)
            return
        background = choose_paper(part.context)
        (self._original,) = list_originals(part.picture, background)
        fitted, self._scale = fit_pictures(part.picture, Size(box.width, box.height))
        self._size = fitted.shape[1] * self._scale, fitted.shape[2] * self._scale
        if fitted.ndim == 3:
            self._pictures = GrayPictures(fitted, background, palette)
        else:
            self._pictures = palette.picture(fitted, PHOTO_COLORS)

    @property
    def _picture_box(self) -> Box:
        (height, width), grid = self._size, self._part.context.grid
        x = self._box.x + grid.center(self._box.width - width)
        return Box(x, self._box.y + grid.center(self._box.height - height), width, height)

    def cell_regions(self) -> list[CellRegion]:
        """The picture."""
        if self._pictures is None:
            return []
        return [CellRegion((self._picture_box,), self._scale, self._scale, is_picture=True, changes=False)]

    def draw(self, canvas: Canvas) -> None:
        """Draw the picture, or the line."""
        if self._pictures is None:
            values = self._part.picture[0, 0].astype(np.float64)
            values = values if values.ndim == 1 else values.mean(axis=1)
            low, high = values.min(), values.max()
            rows = 1 - (values - low) / ((high - low) or 1.0)
            width, height = self._box.width, self._box.height
            stroke = LINE_WIDTH * self._part.context.density
            points = [
                (stroke + x * (width - 2 * stroke), stroke + y * (height - 2 * stroke))
                for x, y in zip(np.linspace(0, 1, len(rows)).tolist(), rows.tolist(), strict=True)
            ]
            stamp(canvas, polyline(points, stroke, (width, height)), self._ink, self._box.x, self._box.y)
            return
        picture = self._pictures.indices_for(canvas)[0]
        draw_picture(canvas, picture, self._picture_box, original=self._original)
