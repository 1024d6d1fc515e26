"""The inputs panel: the samples as pictures in cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from reelnet.config.diagnostics import ErrorCollector
from reelnet.render.canvas import draw_picture, polylines, stamp, write
from reelnet.render.description.items import OriginalPicture
from reelnet.render.panels.annotations.annotation import SampleAnnotations, measure_with_margin
from reelnet.render.panels.annotations.callout import Callouts
from reelnet.render.panels.maps.grid import (
    INPUT_LABEL,
    LABEL_GAP,
    CellGrid,
    column_heading_height,
    column_label_height,
    describe_omitted_labels,
    fit_sample_labels,
    label_overhang,
    row_label_width,
)
from reelnet.render.panels.maps.labels import fit_line_height
from reelnet.render.typography import body_style
from reelnet.scene.cell import MAX_ASPECT
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure, Size
from reelnet.scene.palette.palette import FixedPicture, Ink, PaletteBuilder
from reelnet.scene.panel import Canvas, Panel
from reelnet.scene.tap_view import TapView
from reelnet.template.color import Rgb

MIN_SHARP_SCALE, MIN_SHARP_COLOR_SCALE = 3, 8
"""Factors from which gray and color pictures are upscaled in whole pixels, even if that leaves a margin."""

MIN_SHARP_FILL = 0.875
"""Fraction of the box that smaller whole factors must fill."""

UNEVEN_SCALE = 12
"""Pixels of a picture's value from which on one more or less of them cannot be seen: pictures fill their box then."""

LINE_WIDTH, MAX_LINE_HEIGHT = 1.5, 64
"""Width of the line of a sequence, and up to which height its box is larger than the cells, in pixels."""

MAX_LINES, MIN_LINE_ASPECT = 8, 8
"""Rows up to which inputs are sequences, if they are at least this many times as long."""

GRAY_LEVELS = 32
PHOTO_COLORS = 64
"""Colors of a palette of 255 that gray and color pictures get."""


class Inputs(Panel):
    """The samples, one per column, below their labels."""

    is_sample_strip: ClassVar[bool] = True
    has_cells: ClassVar[bool] = True

    labels: bool = Field(True, description="Write the samples' labels above them, and `input` to the left.")
    annotations: SampleAnnotations = Field(
        (), description="Frames, arrows and texts on single samples, for a range of training steps."
    )

    def grid_at(self, context: SceneContext, x: int, y: int) -> CellGrid:
        """The cells of a panel whose upper left corner is at (x, y)."""
        left = row_label_width(context, labels=self.labels)
        top = column_label_height(context, labels=self.labels)
        inset = context.cell_inset(context.cell)
        x, y = (x + left, y + top + inset) if context.transposed else (x + left + inset, y + top)
        return CellGrid.for_samples(context, x, y, choose_input_size(context.view(context.layer), context))

    def measure(self, context: SceneContext) -> Measure:
        """Measure the cells with their labels, and the margin if annotations need one."""
        errors = ErrorCollector()
        for number, annotation in enumerate(self.annotations):
            with errors.collect("annotations", number):
                annotation.check(context)
        errors.raise_errors()
        bounds = self.grid_at(context, 0, 0).bounds
        width = bounds.right + label_overhang(context, labels=self.labels)
        return measure_with_margin(Size(width, bounds.bottom), self.annotations, context)

    def notes(self, context: SceneContext) -> tuple[str, ...]:
        """Whether the names of the samples do not fit."""
        return describe_omitted_labels(context) if self.labels else ()

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> InputsDrawing:
        """Resize the pictures to the cells."""
        return InputsDrawing(self, context, box, palette)


class InputsDrawing:
    """The samples in their box."""

    def __init__(self, panel: Inputs, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        self._labels, grid = panel.labels, panel.grid_at(context, box.x, box.y)
        self._muted = palette.ramp(context.theme.muted, context.theme.background)
        self._pictures = SamplePictures(context, grid, palette, labels=panel.labels)
        targets = {
            number: (annotation, self._pictures.cell_box(annotation.find_column(context)))
            for number, annotation in enumerate(panel.annotations)
        }
        # Cells of channels may follow without a gap and would cover whatever reaches into them.
        area = Box(box.x, box.y, grid.bounds.right - box.x, box.height)
        self._callouts = Callouts(targets, area, 0, context, palette)

    def cell_regions(self) -> list[CellRegion]:
        """The pictures."""
        return [self._pictures.region]

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the pictures and their labels."""
        self._pictures.draw(canvas)
        if self._labels:
            self._pictures.write_labels(canvas, self._muted)
            self._pictures.write_name(canvas, self._muted)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw the annotations of the current step."""
        self._callouts.draw(canvas, state.snapshot.step)


class SamplePictures:
    """The samples in the cells of one row, or of one column if rows are samples.

    Args:
        context: The run.
        grid: The cells.
        palette: Where inks come from.
        labels: Whether the samples' labels are written.

    Raises:
        ValueError: A label cannot be drawn.
    """

    def __init__(
        self, context: SceneContext, grid: CellGrid, palette: PaletteBuilder, *, labels: bool
    ) -> None:
        for label in (labels and context.labels) or ():
            body_style(context.theme).width(label)
        self._context, self._grid = context, grid
        size = Size(grid.cell_width, grid.cell_height)
        pictures, self._scale = context.pictures, 1
        if not are_sequences(pictures):
            pictures, self._scale = fit_pictures(pictures, size)
            size = Size(pictures.shape[2] * self._scale, pictures.shape[1] * self._scale)
        self._boxes = [self._center_picture(number, size) for number in range(len(pictures))]
        background = choose_paper(context)
        self._pictures: GrayPictures | FixedPicture | Waveforms
        if are_sequences(context.pictures):
            self._pictures = Waveforms(pictures, size, context, palette)
        elif pictures.ndim == 3:
            self._pictures = GrayPictures(pictures, background, palette)
        else:
            self._pictures = palette.picture(pictures, PHOTO_COLORS)
        self._originals = list_originals(context.pictures, background)

    def cell_box(self, number: int) -> Box:
        """The cell of a sample, by its position among the shown ones."""
        return self._grid.cell_box(number, 0) if self._context.transposed else self._grid.cell_box(0, number)

    def _center_picture(self, number: int, size: Size) -> Box:
        cell, grid = self.cell_box(number), self._context.grid.for_values(self._scale)
        return Box(
            cell.x + grid.center(cell.width - size.width),
            cell.y + grid.center(cell.height - size.height),
            size.width,
            size.height,
        )

    @property
    def region(self) -> CellRegion:
        """The pictures in their cells."""
        side = self._scale
        return CellRegion(tuple(self._boxes), side, side, is_picture=True, changes=False)

    def draw(self, canvas: Canvas) -> None:
        """Draw each picture in its cell."""
        if isinstance(self._pictures, Waveforms):
            self._pictures.draw(canvas, self._boxes)
            return
        shown = self._pictures.indices_for(canvas)
        for indices, box, original in zip(shown, self._boxes, self._originals, strict=True):
            draw_picture(canvas, indices, box, original=original)

    def write_labels(self, canvas: Canvas, ink: Ink) -> None:
        """Write the samples' labels above their cells, or left of them if rows are samples."""
        labels, cells = fit_sample_labels(self._context), range(len(self._boxes))
        if labels is None:
            return
        boxes = [self.cell_box(number) for number in cells]
        if self._context.transposed:
            labels.draw_beside(canvas, boxes, self._grid.x - self._context.px(LABEL_GAP), ink)
        else:
            labels.draw_above(canvas, boxes, self._grid.y - self._context.px(2), ink)

    def write_name(self, canvas: Canvas, ink: Ink, room: int = 0) -> None:
        """Write `input` left of the row, or above the column, if it fits into its width, or into `room` pixels."""
        style, box = body_style(self._context.theme), self.cell_box(0)
        if self._context.transposed:
            y, width = box.y - column_heading_height(self._context), style.width(INPUT_LABEL)
            if width <= max(box.width, room):
                write(canvas, INPUT_LABEL, ink, box.x + max(0, box.width - width) // 2, y, style)
            return
        style = fit_line_height(style, box.height)
        if style.line_height <= box.height:
            y = box.y + (box.height - style.line_height) // 2
            right = box.x - self._context.px(LABEL_GAP)
            write(canvas, INPUT_LABEL, ink, right, y, style, anchor="right")


class Waveforms:
    """Sequences (n, channels, positions) as lines, one above the other if there are several channels.

    Args:
        sequences: uint8, with one scale for all.
        size: The box of a sequence in pixels.
        context: The run.
        palette: Where inks come from.
    """

    def __init__(
        self, sequences: NDArray[np.uint8], size: Size, context: SceneContext, palette: PaletteBuilder
    ) -> None:
        theme, width = context.theme, context.px(LINE_WIDTH)
        self._ink = palette.ramp(theme.ink, theme.background)
        _, channels, positions = sequences.shape
        lane = size.height / channels
        x = (np.arange(positions) + 0.5) * size.width / positions
        self._masks = []
        for sequence in sequences:
            # The full range of values takes a lane but for the width of the line.
            y = (1 - sequence / 255) * (lane - 2 * width) + width + np.arange(channels)[:, None] * lane
            lines = [list(zip(x.tolist(), each.tolist(), strict=True)) for each in y]
            self._masks.append(polylines(lines, width, (size.width, size.height)))

    def draw(self, canvas: Canvas, boxes: Sequence[Box]) -> None:
        """Draw each sequence in its box."""
        for mask, box in zip(self._masks, boxes, strict=True):
            stamp(canvas, mask, self._ink, box.x, box.y)


def are_sequences(pictures: NDArray[np.uint8]) -> bool:
    """Whether pictures (n, height, width) are rather few channels of a sequence, such as sounds."""
    height, width = pictures.shape[1:3]
    return pictures.ndim == 3 and height <= MAX_LINES and width >= MIN_LINE_ASPECT * height


def choose_input_size(view: TapView, context: SceneContext) -> Size:
    """The box of a sample beside the cells of a layer, in pixels.

    It is that of a cell. Beside vectors it has the shape of the pictures, at most 4:1; for lines it is higher.
    """
    cell, pictures = view.cell, context.pictures
    height, width = pictures.shape[1:3]
    if are_sequences(pictures):
        least = min(cell.width // 2, context.px(MAX_LINE_HEIGHT))
        return Size(cell.width, cell.height if context.transposed else max(cell.height, least))
    if not (view.tap.is_grid or view.tap.has_single_values):
        return Size(cell.width, cell.height)
    aspect = min(max(width / height, 1 / MAX_ASPECT), MAX_ASPECT)
    if context.transposed:
        return Size(max(1, round(cell.height * aspect)), cell.height)
    return Size(cell.width, max(1, round(cell.width / aspect)))


class GrayPictures:
    """Gray pictures (n, height, width) in evenly spaced grays, which suit every output format.

    Args:
        pictures: uint8 (n, height, width).
        background: The theme's background, if the pictures are ink on white and get its colors; None to keep grays.
        palette: Where inks come from.
    """

    def __init__(self, pictures: NDArray[np.uint8], background: Rgb | None, palette: PaletteBuilder) -> None:
        levels = np.rint(np.linspace(0, 255, GRAY_LEVELS)).astype(np.uint8)
        colors = np.repeat(levels[:, None], 3, axis=1)
        self._ink = palette.colors(colors if background is None else tint_grays(colors, background))
        self._levels = np.rint(pictures * ((GRAY_LEVELS - 1) / 255)).astype(np.uint8)

    def indices_for(self, canvas: Canvas) -> Canvas:
        """The palette indices (n, height, width)."""
        indices: Canvas = self._ink.indices[self._levels]
        return indices


def fit_pictures(pictures: NDArray[np.uint8], box: Size) -> tuple[NDArray[np.uint8], int]:
    """Resample pictures to about the size of a box.

    Args:
        pictures: uint8 (n, height, width) or (n, height, width, 3).
        box: The largest width and height in pixels.

    Returns:
        The pictures and the whole factor by which they still have to be upscaled.
    """
    height, width = pictures.shape[1:3]
    exact = min(box.width / width, box.height / height)
    scale = int(exact)
    # Pictures that are shown in large pixels keep them.
    min_sharp_scale = MIN_SHARP_SCALE if pictures.ndim == 3 else MIN_SHARP_COLOR_SCALE
    is_sharp = scale >= min_sharp_scale or (scale and scale >= MIN_SHARP_FILL * exact)
    if is_sharp and (scale < UNEVEN_SCALE or scale == exact):
        return pictures, scale
    size = max(1, round(width * exact)), max(1, round(height * exact))
    enlarge = Image.Resampling.NEAREST if is_sharp else Image.Resampling.BICUBIC
    method = enlarge if exact > 1 else Image.Resampling.BOX
    return np.stack([np.asarray(Image.fromarray(each).resize(size, method)) for each in pictures]), 1


def list_originals(pictures: NDArray[np.uint8], background: Rgb | None) -> list[OriginalPicture]:
    """Pictures (n, height, width) or (n, height, width, 3) in all their colors, for surfaces that scale them.

    Gray ones get the colors of the background, unless it is None.
    """
    if pictures.ndim == 4:
        return [OriginalPicture(each, MIN_SHARP_COLOR_SCALE) for each in pictures]
    grays = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    colors = grays if background is None else tint_grays(grays, background)
    return [OriginalPicture(colors[each], MIN_SHARP_SCALE) for each in pictures]


def choose_paper(context: SceneContext) -> Rgb | None:
    """The background whose colors gray pictures get, if they are ink on white; None to keep grays."""
    are_gray = context.pictures.ndim == 3
    return context.theme.background if are_gray and are_ink_on_white(context.pictures) else None


def are_ink_on_white(pictures: NDArray[np.uint8]) -> bool:
    """Whether gray pictures (n, height, width) are ink on white paper, as digits are: their edges are white."""
    edges = [pictures[:, 0], pictures[:, -1], pictures[:, :, 0], pictures[:, :, -1]]
    return bool(np.mean(np.concatenate([edge.ravel() for edge in edges]) >= 250) > 0.9)


def tint_grays(grays: NDArray[np.uint8], background: Rgb) -> NDArray[np.uint8]:
    """Map grays (n, 3) to a background: white becomes the background, black the contrasting ink."""
    ink = 255.0 if sum(background) < 3 * 128 else 0.0
    fraction = grays / 255
    mixed: NDArray[np.uint8] = np.rint(fraction * np.array(background) + (1 - fraction) * ink).astype(
        np.uint8
    )
    return mixed
