"""Grids of cells: where cells are, how maps are drawn into them, and which labels fit beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from reelnet.render.canvas import fill_box, write
from reelnet.render.description.described_canvas import DescribedCanvas
from reelnet.render.description.items import CellLevels, CellsItem
from reelnet.render.panels.maps.hatching import Hatching
from reelnet.render.panels.maps.labels import Labels, fit_line_height
from reelnet.render.typography import TextStyle, body_style
from reelnet.runs.header import displayable_layers
from reelnet.scene.cell import Cell
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Size
from reelnet.scene.palette.palette import Ink
from reelnet.scene.panel import Canvas
from reelnet.scene.tap_view import format_channel_numbers

INPUT_LABEL = "input"
LABEL_GAP = 10
"""Pixels of the layout between a row's label and its cells."""
LABEL_MARGIN = 4
"""Pixels between the names of two samples side by side."""
ROW_LABEL_EMS = 5, 8, 14
"""Ems that the names of samples beside rows may take, and more if they do not fit."""


@dataclass(frozen=True)
class CellGrid:
    """Cells of one size in rows and columns.

    Attributes:
        x: Column of the canvas in which the first cell begins.
        y: Row of the canvas in which the first cell begins.
        cell_width: Pixels of a cell from left to right.
        cell_height: Pixels of a cell from top to bottom.
        rows: Number of rows.
        columns: Number of columns.
        row_gap: Pixels between two rows.
        column_gap: Pixels between two columns.
    """

    x: int
    y: int
    cell_width: int
    cell_height: int
    rows: int
    columns: int
    row_gap: int = 0
    column_gap: int = 0

    @classmethod
    def for_samples(cls, context: SceneContext, x: int, y: int, size: Size) -> CellGrid:
        """One cell per sample: a row that begins at (x, y), or a column if rows are samples."""
        count, pitch = len(context.sample_indices), context.cell_pitch
        if context.transposed:
            return cls(x, y, size.width, size.height, count, 1, row_gap=pitch - size.height)
        return cls(x, y, size.width, size.height, 1, count, column_gap=pitch - size.width)

    @property
    def row_pitch(self) -> int:
        """Pixels from one row to the next."""
        return self.cell_height + self.row_gap

    @property
    def column_pitch(self) -> int:
        """Pixels from one column to the next."""
        return self.cell_width + self.column_gap

    @property
    def bounds(self) -> Box:
        """The rectangle of all cells."""
        width = self.columns * self.column_pitch - self.column_gap
        return Box(self.x, self.y, width, self.rows * self.row_pitch - self.row_gap)

    def cell_box(self, row: int, column: int) -> Box:
        """The box of one cell."""
        x, y = self.x + column * self.column_pitch, self.y + row * self.row_pitch
        return Box(x, y, self.cell_width, self.cell_height)

    def map_region(self, cell: Cell, *, changes: bool) -> CellRegion:
        """The pixels of the maps that `draw_maps` draws."""
        return CellRegion(
            tuple(self.cell_box(row, column) for row in range(self.rows) for column in range(self.columns)),
            value_width=cell.scale_x,
            value_height=cell.scale_y,
            is_picture=False,
            changes=changes,
        )

    def draw_maps(
        self,
        canvas: Canvas,
        indices: Canvas,
        cell: Cell,
        missing: NDArray[np.bool_] | None = None,
        hatching: Hatching | None = None,
        describe: Callable[[], CellLevels] | None = None,
    ) -> None:
        """Draw maps of palette indices (rows, columns, height, width), upscaled by the cell's factors.

        Args:
            canvas: Where to draw.
            indices: The palette index of each shown value.
            cell: The cell that each map fills.
            missing: Which values are hatched, in the same shape; None for none.
            hatching: How they are hatched.
            describe: Says what the values are; None if they are not levels of a colormap.
        """
        if isinstance(canvas, DescribedCanvas):
            item = self._describe_maps(canvas.origin, indices, cell, missing, hatching)
            draw = partial(self._draw_maps, indices=indices, cell=cell, missing=missing, hatching=hatching)
            canvas.note([replace(item, levels=describe and describe())], draw)
        self._draw_maps(canvas, indices, cell, missing, hatching)

    def _describe_maps(
        self,
        origin: tuple[int, int],
        indices: Canvas,
        cell: Cell,
        missing: NDArray[np.bool_] | None,
        hatching: Hatching | None,
    ) -> CellsItem:
        return CellsItem(
            origin[0] + self.x,
            origin[1] + self.y,
            self.row_pitch,
            self.column_pitch,
            cell.scale_x,
            cell.scale_y,
            indices,
            missing,
            hatching.inks if missing is not None and hatching is not None else None,
        )

    def _draw_maps(
        self,
        canvas: Canvas,
        indices: Canvas,
        cell: Cell,
        missing: NDArray[np.bool_] | None,
        hatching: Hatching | None,
    ) -> None:
        rows, columns, height, width = indices.shape
        scale_x, scale_y = cell.scale_x, cell.scale_y
        row_stride, pixel_stride = canvas.strides
        bounds = self.bounds
        # Strided views are not checked against the bounds of their array.
        if min(bounds.x, bounds.y) < 0 or bounds.bottom > canvas.shape[0] or bounds.right > canvas.shape[1]:
            raise AssertionError(f"cells {bounds} are outside a canvas of {canvas.shape}")
        # Upscale horizontally first; then every row is copied as a whole, which is fast.
        wide = indices.transpose(0, 2, 1, 3).repeat(scale_x, axis=3)
        target = as_strided(
            canvas[self.y :, self.x :],
            (rows, height, scale_y, columns, width * scale_x),
            (
                self.row_pitch * row_stride,
                scale_y * row_stride,
                row_stride,
                self.column_pitch * pixel_stride,
                pixel_stride,
            ),
        )
        target[...] = wide[:, :, None]
        if missing is not None and hatching is not None:
            y, x = np.arange(height * scale_y).reshape(height, -1), np.arange(width * scale_x)
            y = y + (self.y + np.arange(rows) * self.row_pitch)[:, None, None]
            x = x + (self.x + np.arange(columns) * self.column_pitch)[:, None]
            covered = missing.transpose(0, 2, 1, 3).repeat(scale_x, axis=3)[:, :, None]
            covered = covered.reshape(rows, height, 1, columns, -1)
            pattern = hatching.indices_at(y[..., None, None], x)
            np.copyto(target, pattern.astype(canvas.dtype), where=covered)

    def draw_seams(self, canvas: Canvas, ink: Ink, width: int) -> None:
        """Draw a line of `width` pixels along the lower and right edges of cells that touch the next one."""
        bounds = self.bounds
        if not self.row_gap:
            for row in range(1, self.rows):
                y = self.y + row * self.row_pitch
                fill_box(canvas, Box(bounds.x, y - width, bounds.width, width), ink)
        if not self.column_gap:
            for column in range(1, self.columns):
                x = self.x + column * self.column_pitch
                fill_box(canvas, Box(x - width, bounds.y, width, bounds.height), ink)

    def write_row_labels(
        self, canvas: Canvas, labels: Sequence[str], ink: Ink, style: TextStyle, gap: int
    ) -> None:
        """Write those row labels that fit, smaller if rows are lower than a line, `gap` pixels left of the cells."""
        style = fit_line_height(style, self.row_pitch)
        for row, label in thin_labels(labels, self.row_pitch, style.line_height).items():
            y = self.cell_box(row, 0).y + (self.cell_height - style.line_height) // 2
            # If cells are lower than a line, the first and the last label would reach over the panel's edge.
            y = max(self.y, min(y, self.bounds.bottom - style.line_height))
            if y + style.line_height <= self.bounds.bottom:
                write(canvas, label, ink, self.x - gap, y, style, anchor="right")

    def write_column_labels(
        self, canvas: Canvas, labels: Mapping[int, str], ink: Ink, y: int, style: TextStyle
    ) -> None:
        """Write labels, by column, each centered on its column, with the tops of their lines at `y`."""
        for column, label in labels.items():
            middle = self.cell_box(0, column).x + self.cell_width // 2
            write(canvas, label, ink, middle, y, style, anchor="middle")

    def thin_column_numbers(self, numbers: Sequence[str], style: TextStyle) -> dict[int, str]:
        """Keep every n-th number above the columns, by column, a quarter of an em apart."""
        return thin_labels(numbers, self.column_pitch, max(map(style.width, numbers)) + style.size // 4)


def fit_sample_labels(context: SceneContext, *, labels: bool = True) -> Labels | None:
    """How the names of the samples are written above their columns, or left of their rows; None if they are not."""
    if not labels or not context.labels:
        return None
    style, pitch, whole = body_style(context.theme), context.cell_pitch, context.whole.sample_indices
    names = [context.run_labels[index] for index in whole] if context.run_labels else context.labels
    if context.transposed:
        ways = (Labels.fit_rows(names, style, ems * style.size, pitch) for ems in ROW_LABEL_EMS)
        fitted = next((way for way in ways if way.lines), Labels((), style))
    else:
        fitted = Labels.fit_columns(
            names, style, pitch, context.px(LABEL_MARGIN), may_turn=context.may_turn_labels
        )
    return fitted.select([whole.index(index) for index in context.sample_indices])


def fit_class_names(context: SceneContext, tap: str) -> Labels | None:
    """How the names of classes are written beside the rows, or above the columns, of their scores; None without any.

    They have no lines where they do not fit, and channels are numbered.
    """
    names = context.name_channels(tap)
    if not names:
        return None
    style, cell, margin = body_style(context.theme), context.view(tap).cell, context.px(LABEL_MARGIN)
    if not context.may_name_classes:
        return Labels((), style)
    if context.transposed:
        return Labels.fit_columns(names, style, cell.width + margin, margin, may_turn=False)
    ways = (Labels.fit_rows(names, style, ems * style.size, cell.height + margin) for ems in ROW_LABEL_EMS)
    return next((way for way in ways if way.lines), Labels((), style))


def fit_all_class_names(context: SceneContext) -> list[Labels]:
    """How the names of classes are written in all layers that have them."""
    fitted = (fit_class_names(context, tap) for tap in context.map_layers or (context.layer,))
    return [names for names in fitted if names is not None]


def describe_omitted_labels(context: SceneContext) -> tuple[str, ...]:
    """Say that the names of the samples do not fit, if that is so."""
    labels = fit_sample_labels(context)
    if labels is None or labels.lines:
        return ()
    return ("has no room for the names of the samples; show fewer samples, or give a larger canvas",)


def row_label_width(context: SceneContext, *, labels: bool) -> int:
    """Pixels left of the cells for row labels; the same for all panels of cells, so that they line up."""
    if not labels:
        return 0
    if context.transposed:
        names = fit_sample_labels(context)
        return context.grid.round_up(names.width + context.px(LABEL_GAP)) if names and names.lines else 0
    style = body_style(context.theme)
    last_channel = max(context.taps[name].map_shape[0] for name in displayable_layers(context.taps)) - 1
    folded = [tap for tap in context.taps.values() if tap.fold is not None and tap.map_shape[0] == 1]
    texts = [INPUT_LABEL, str(last_channel), *map(format_channel_numbers, folded)]
    widths = [names.width for names in fit_all_class_names(context)]
    return context.grid.round_up(max(*map(style.width, texts), *widths) + context.px(LABEL_GAP))


def column_label_height(context: SceneContext, *, labels: bool) -> int:
    """Pixels above the cells for column labels."""
    if labels and context.transposed:
        heights = [names.height for names in fit_all_class_names(context)]
        return max(
            column_heading_height(context), context.grid.round_up(max(heights, default=0) + context.px(2))
        )
    names = fit_sample_labels(context, labels=labels)
    return context.grid.round_up(names.height + context.px(2)) if names is not None and names.lines else 0


def column_heading_height(context: SceneContext) -> int:
    """Pixels above the cells for a number or a word above each column."""
    return context.grid.round_up(body_style(context.theme).line_height + context.px(2))


def label_overhang(context: SceneContext, *, labels: bool) -> int:
    """Pixels by which the names above the columns reach over the right edge of the cells."""
    names = fit_sample_labels(context, labels=labels)
    return 0 if names is None else names.overhang(context.cell_pitch, context.cell_extent)


def heading_height(context: SceneContext) -> int:
    """Pixels that a heading above cells takes."""
    return context.grid.round_up(body_style(context.theme, bold=True).line_height + context.px(4))


def thin_positions(count: int, pitch: int, space: int) -> range:
    """Every n-th of `count` positions `pitch` pixels apart, so that each has `space` pixels."""
    return range(0, count, max(1, -(-space // pitch)))


def thin_labels(labels: Sequence[str], pitch: int, space: int) -> dict[int, str]:
    """Keep every n-th label, so that each has enough space.

    Args:
        labels: One per row or column.
        pitch: Pixels from one to the next.
        space: Pixels that a label needs.

    Returns:
        The remaining labels, by position.
    """
    return {number: labels[number] for number in thin_positions(len(labels), pitch, space)}
