"""Blocks: one layer's cells with their heading, labels and maps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reelnet.render.canvas import fill_box, write
from reelnet.render.description.items import CellLevels
from reelnet.render.panels.answers.answer_layout import AnswerLayout
from reelnet.render.panels.answers.says import Says
from reelnet.render.panels.maps.colorbar import ColorbarDrawing, ColorbarLayout
from reelnet.render.panels.maps.grid import (
    INPUT_LABEL,
    LABEL_GAP,
    CellGrid,
    column_heading_height,
    column_label_height,
    describe_omitted_labels,
    fit_class_names,
    fit_sample_labels,
    heading_height,
    label_overhang,
    row_label_width,
)
from reelnet.render.panels.maps.hatching import Hatching, find_missing
from reelnet.render.panels.maps.inputs import SamplePictures, choose_input_size
from reelnet.render.panels.maps.labels import Labels
from reelnet.render.panels.maps.levels import to_level_positions, to_levels
from reelnet.render.typography import body_style
from reelnet.scene.cell import describe_means
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.class_scores import explain_missing_truth
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Size
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Drawing, LevelMaps
from reelnet.scene.tap_view import TapView, format_channel_numbers

ANSWER_GAP = 4
"""Pixels of the layout between the answers and the first channel."""
CAPTION_GAP = 4
"""Pixels of the layout between the cells and the caption below them."""
INPUT_GAP = 8
"""Pixels of the layout between the samples and the first channel."""
NUMBERED = 0.5
"""How well classes can be told from each other, from 0 to 1, without their names."""
MIN_HEADING_EMS = 14
"""Width of a heading above a narrower block, in ems."""


@dataclass(frozen=True)
class Block:
    """What is shown of one layer.

    Attributes:
        view: The layer.
        channels: The channels, in the order in which they are shown.
        gap: Pixels between two channels; None to choose by the size of the cells.
        labels: Whether there are words and numbers beside the cells; `names` for names of samples and classes only.
        heading: The line above; None for none.
        inputs: Whether the samples are above the cells, or left of them if rows are samples.
        answers: What the network says about the samples, between them and the cells; None for nothing.
        row_labels: Whether rows have labels; blocks right of another one share its labels.
        names: Whether the rows of inputs and answers are named; blocks right of another one leave that out, and so
            do those below another one if channels are not numbered.
        sample_names: Whether the samples are named; blocks of the same samples leave room for it, and leave it out.
        caption: The line below the cells; empty for none.
        colorbar: Whether a color bar below the heading explains the colors.
        slack: Pixels that the samples and answers at the left are farther from the cells than they need to be.
    """

    context: SceneContext
    view: TapView
    channels: tuple[int, ...]
    gap: int | None
    labels: bool | Literal["names"]
    heading: str | None
    inputs: bool
    answers: Says | None = None
    row_labels: bool = True
    names: bool = True
    sample_names: bool = True
    caption: str = ""
    colorbar: bool = False
    slack: int = 0

    @cached_property
    def channel_labels(self) -> list[str]:
        """The channels' numbers in the network; a range if all channels are cells of one map."""
        tap = self.view.tap
        if tap.fold is not None and tap.map_shape[0] == 1:
            return [format_channel_numbers(tap)]
        if tap.fold is not None or tap.channels is None:
            return [str(channel) for channel in self.channels]
        return [str(tap.channels[channel]) for channel in self.channels]

    @cached_property
    def class_names(self) -> Labels | None:
        """How channels are named; None if they have numbers: they are no classes, or their names do not fit."""
        names = fit_class_names(self.context, self.view.name)
        return names.select(self.channels) if names is not None and names.lines else None

    @property
    def has_numbers(self) -> bool:
        """Whether there are numbers of channels, and words for what inputs and answers are."""
        return self.labels is True

    @property
    def has_channel_labels(self) -> bool:
        """Whether there are numbers or names of channels."""
        return self.has_numbers or (bool(self.labels) and self.class_names is not None)

    @cached_property
    def left_margin(self) -> int:
        """Pixels left of the cells."""
        if self.context.transposed:
            label_width = row_label_width(self.context, labels=self.has_sample_labels)
            return label_width * self.inputs + self.sample_distance
        if not (self.has_channel_labels and self.row_labels):
            return 0
        if self.names and self.has_numbers:
            return row_label_width(self.context, labels=True)
        widths = map(body_style(self.context.theme).width, self.channel_labels)
        widest = self.class_names.width if self.class_names else max(widths)
        return self.context.grid.round_up(widest + self.context.px(LABEL_GAP))

    @cached_property
    def sample_distance(self) -> int:
        """Pixels from the start of the samples, or of the answers without them, to the start of the first channel."""
        return self.input_distance * self.inputs + self.answer_distance + self.slack

    @cached_property
    def answer_distance(self) -> int:
        """Pixels from the start of the answers to the start of the first channel; 0 if there are none."""
        layout = self.answer_layout
        if layout is None or not layout.height:
            return 0
        length, gap = layout.height, ANSWER_GAP
        if self.context.transposed:
            length, gap = layout.width, INPUT_GAP
        return self.context.grid.round_up(length + self.context.px(gap))

    @cached_property
    def answer_layout(self) -> AnswerLayout | None:
        """How the answers are written; None if there are none."""
        return None if self.answers is None else self.answers.lay_out(self.answer_context)

    @cached_property
    def answer_context(self) -> SceneContext:
        """The context of the answers: turned names would move the maps away from their samples."""
        return replace(self.context, may_turn_answers=False)

    @cached_property
    def input_distance(self) -> int:
        """Pixels from the start of the samples to the start of the first channel."""
        size = self.input_size.height
        if self.context.transposed:
            has_heading = self.has_numbers and self.names
            heading = body_style(self.context.theme).width(INPUT_LABEL) if has_heading else 0
            size = max(self.input_size.width, heading)
        # Where channels touch, the samples touch the first one.
        gap = 0 if self.gap == 0 else self.context.px(INPUT_GAP)
        return self.context.grid.round_up(size + gap)

    @cached_property
    def has_heads(self) -> bool:
        """Whether `input` and `says` are written, above columns at least beside answers."""
        is_table = self.context.transposed and self.names and self.answer_distance > 0
        return self.has_numbers or (bool(self.labels) and is_table)

    @property
    def has_input_head(self) -> bool:
        """Whether `input` is written. Where it gets no room of its own, it must be apart from `says`."""
        style = body_style(self.context.theme)
        is_apart = style.width(INPUT_LABEL) + style.size <= self.input_distance
        return self.has_numbers or (self.has_heads and is_apart)

    @cached_property
    def input_size(self) -> Size:
        """The box of a sample in pixels."""
        return choose_input_size(self.view, self.context)

    @cached_property
    def top_margin(self) -> int:
        """Pixels above the cells."""
        top = self.heading_height
        if self.colorbar_layout is not None:
            top += self.colorbar_layout.row_height
        has_line = self.has_channel_labels or self.has_heads
        labels = has_line if self.context.transposed else self.has_sample_labels
        top += column_label_height(self.context, labels=labels)
        return top if self.context.transposed else top + self.sample_distance

    @cached_property
    def has_sample_labels(self) -> bool:
        """Whether the samples' labels are above or left of the inputs.

        They are not where answers beside rows are named and marked. Above columns, only labels of one character are
        left out then: a picture of a digit is its own label. Answers without names need them in any case.
        """
        layout = self.answer_layout
        if not self.inputs or layout is None or explain_missing_truth(self.context):
            return self.inputs and (
                self.has_numbers or (bool(self.labels) and self.context.labels is not None)
            )
        if not layout.has_names:
            return True
        has_words = any(len(label) > 1 for label in self.context.run_labels or ())
        return self.has_numbers and has_words and not self.context.transposed

    def rate_names(self) -> float:
        """How well it says what the samples are and what they are taken for, from 0 to 1."""
        names = fit_sample_labels(self.context, labels=self.has_sample_labels)
        rate = 1.0 if names is None else names.legibility
        if self.labels and (classes := fit_class_names(self.context, self.view.name)):
            rate *= classes.legibility if classes.lines else NUMBERED
        answers = self.answer_layout
        if answers is None or (answers.has_names and not answers.names.lines):
            return rate
        return rate * answers.names.legibility

    @property
    def notes(self) -> tuple[str, ...]:
        """Which names do not fit."""
        answers = () if self.answers is None else self.answers.notes(self.answer_context)
        return (describe_omitted_labels(self.context) if self.has_sample_labels else ()) + answers

    @cached_property
    def heading_height(self) -> int:
        """Pixels that the heading takes."""
        extra = self.heading_lines.height - body_style(self.context.theme, bold=True).line_height
        return self.context.grid.round_up(heading_height(self.context) + max(0, extra)) if self.heading else 0

    @cached_property
    def colorbar_layout(self) -> ColorbarLayout | None:
        """The layer's colors between their limits."""
        if not self.colorbar:
            return None
        has_missing = self.context.statistics.has_nonfinite(self.view.name)
        return ColorbarLayout(self.context, self.view.limits, has_missing=has_missing)

    @cached_property
    def heading_lines(self) -> Labels:
        """The heading, in the width of the cells or `MIN_HEADING_EMS`."""
        style, cell = body_style(self.context.theme, bold=True), self.view.cell
        count = len(self.channels if self.context.transposed else self.context.sample_indices)
        gap = self.context.choose_channel_gap(self.view, self.gap)
        pitch = cell.width + gap if self.context.transposed else self.context.cell_pitch
        width = max(count * pitch, MIN_HEADING_EMS * style.size)
        means = describe_means(cell) and f", {describe_means(cell)}"
        return Labels.fit_heading(f"{self.heading}{means}" if self.heading else "", style, width)

    def grid_at(self, x: int, y: int) -> CellGrid:
        """The cells of a block whose upper left corner is at (x, y)."""
        context, cell = self.context, self.view.cell
        x, y, inset = x + self.left_margin, y + self.top_margin, context.cell_inset(cell)
        channels, samples, gap = (
            len(self.channels),
            len(context.sample_indices),
            context.choose_channel_gap(self.view, self.gap),
        )
        size, pitch = (cell.width, cell.height), context.cell_pitch
        if context.transposed:
            return CellGrid(x, y + inset, *size, samples, channels, pitch - cell.height, gap)
        return CellGrid(x + inset, y, *size, channels, samples, gap, pitch - cell.width)

    @cached_property
    def body_size(self) -> Size:
        """Size of the block in pixels, without what turned names reach over its right edge.

        A block of the same samples may follow there, since its own names are parallel to them.
        """
        cells = self.grid_at(0, 0).bounds
        colorbar_width = self.colorbar_layout.min_width if self.colorbar_layout is not None else 0
        style = body_style(self.context.theme, bold=True)
        content = max(self.heading_lines.width, colorbar_width, style.width(self.caption))
        below = self.context.px(CAPTION_GAP) + style.line_height if self.caption else 0
        return Size(max(cells.right, cells.x + content), cells.bottom + below)

    @cached_property
    def size(self) -> Size:
        """Size of the block in pixels."""
        body, right = self.body_size, self.grid_at(0, 0).bounds.right
        overhang = label_overhang(self.context, labels=self.has_sample_labels and self.sample_names)
        if self.answer_layout is not None:
            overhang = max(overhang, self.answer_layout.overhang)
        return Size(max(body.width, right + overhang), body.height)


class BlockDrawing:
    """A block whose upper left corner is at (x, y)."""

    def __init__(self, block: Block, x: int, y: int, palette: PaletteBuilder) -> None:
        context, theme = block.context, block.context.theme
        self._block, self._context, self._y = block, context, y
        self._grid = block.grid_at(x, y)
        self._ink, self._muted = palette.ramps(theme.background, theme.ink, theme.muted)
        self._faint, self._background = palette.solids(theme.faint, theme.background)
        self._hatching = Hatching(theme, palette, context.density)
        self._map = palette.colormap(block.view.anchors)
        self._limits = block.view.limits.select_channels(block.channels)
        shape, shown = block.view.shown_shape, (context.sample_indices, block.channels)
        everything = tuple(range(shape[0])), tuple(range(shape[1]))
        self._selection = None if shown == everything else np.ix_(*shown)
        self._pictures = self._place_pictures(palette) if block.inputs else None
        self._answers = self._place_answers(palette)
        self._colorbar = self._place_colorbar(palette)

    def _place_pictures(self, palette: PaletteBuilder) -> SamplePictures:
        """The samples above the cells, or left of them if rows are samples."""
        grid, distance = self._grid, self._block.sample_distance
        x, y = (grid.x - distance, grid.y) if self._context.transposed else (grid.x, grid.y - distance)
        own_grid = CellGrid.for_samples(self._context, x, y, self._block.input_size)
        return SamplePictures(self._context, own_grid, palette, labels=self._block.has_sample_labels)

    def _place_answers(self, palette: PaletteBuilder) -> Drawing | None:
        """The answers between the samples and the cells."""
        block, context, distance = self._block, self._context, self._block.answer_distance
        if block.answers is None or not distance:
            return None
        bounds, labels = self._grid.bounds, block.has_heads and block.names
        answers = block.answers.model_copy(update={"labels": labels})
        if context.transposed:
            top = column_label_height(context, labels=labels)
            left = bounds.x - distance - block.slack
            width = distance + block.slack - context.px(INPUT_GAP)
            box = Box(left, bounds.y - top, width, bounds.height + top)
        else:
            left = row_label_width(context, labels=labels)
            box = Box(
                bounds.x - left, bounds.y - distance, bounds.width + left, distance - context.px(ANSWER_GAP)
            )
        return answers.place(block.answer_context, box, palette)

    def _place_colorbar(self, palette: PaletteBuilder) -> ColorbarDrawing | None:
        """A color bar as wide as the cells."""
        block, layout = self._block, self._block.colorbar_layout
        if layout is None:
            return None
        width = max(layout.min_width, self._grid.bounds.width)
        box = Box(self._grid.x, self._y + block.heading_height, width, layout.height)
        return ColorbarDrawing(layout, box, palette)

    @property
    def tap(self) -> str:
        """Name of the layer."""
        return self._block.view.name

    def level_maps(self) -> LevelMaps:
        """The maps that the block shows, for quantization over time."""
        return LevelMaps(
            tap=self.tap,
            colors=self._map.colors,
            shape=self._block.view.shown_shape,
            samples=self._context.sample_indices,
            channels=self._block.channels,
            positions=self._level_positions,
            rows_are_samples=self._context.transposed,
        )

    def cell_regions(self, *, changes: bool) -> list[CellRegion]:
        """The maps, which may change from frame to frame, and the samples beside them."""
        maps = self._grid.map_region(self._block.view.cell, changes=changes)
        return [maps] if self._pictures is None else [maps, self._pictures.region]

    def _level_positions(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        maps = self._block.view.to_maps(values)
        return to_level_positions(maps, self._block.view.limits, len(self._map.indices))

    def _levels(self, values: NDArray[np.generic]) -> NDArray[np.uint8]:
        return to_levels(values, self._limits, len(self._map.indices))

    def find_cell(self, channel: int, sample: int) -> Box | None:
        """The cell of a channel and a sample, by their numbers in the run; None if the block does not show it."""
        if channel not in self._block.channels or sample not in self._context.sample_indices:
            return None
        row, column = self._block.channels.index(channel), self._context.sample_indices.index(sample)
        return self._grid.cell_box(*((column, row) if self._context.transposed else (row, column)))

    def draw_still(self, canvas: Canvas) -> None:
        """Write the heading and labels, and outline cells that touch."""
        block, grid = self._block, self._grid
        if block.heading:
            style = block.heading_lines.style
            for number, line in enumerate(block.heading_lines.lines[0]):
                write(canvas, line, self._ink, grid.x, self._y + number * style.line_height, style)
        bottom = grid.bounds.bottom + self._context.px(CAPTION_GAP)
        write(canvas, block.caption, self._ink, grid.x, bottom, body_style(self._context.theme, bold=True))
        if self._colorbar is not None:
            self._colorbar.draw_still(canvas)
        if self._pictures is not None:
            self._pictures.draw(canvas)
            if block.has_sample_labels and block.sample_names:
                self._pictures.write_labels(canvas, self._muted)
            if block.has_input_head and block.row_labels and block.names:
                self._pictures.write_name(canvas, self._muted, block.input_distance)
        if self._answers is not None:
            self._answers.draw_still(canvas)
        if block.has_channel_labels:
            if not grid.row_gap and not grid.column_gap:
                fill_box(canvas, grid.bounds.expand(self._context.px(1)), self._faint)
            self._write_channel_labels(canvas)

    def _write_channel_labels(self, canvas: Canvas) -> None:
        grid, style, labels = self._grid, body_style(self._context.theme), self._block.channel_labels
        gap, names = self._context.px(LABEL_GAP), self._block.class_names
        if self._context.transposed and names is not None:
            cells = [grid.cell_box(0, column) for column in range(grid.columns)]
            names.draw_above(canvas, cells, grid.y - self._context.px(2), self._muted)
        elif self._context.transposed:
            y = grid.y - column_heading_height(self._context)
            grid.write_column_labels(canvas, grid.thin_column_numbers(labels, style), self._muted, y, style)
        elif self._block.row_labels and names is not None:
            cells = [grid.cell_box(row, 0) for row in range(grid.rows)]
            names.draw_beside(canvas, cells, grid.x - gap, self._muted)
        elif self._block.row_labels:
            grid.write_row_labels(canvas, labels, self._muted, style, gap)

    def draw_answers(self, canvas: Canvas, state: FrameState) -> None:
        """Draw what the network says about the samples at a step."""
        if self._answers is not None:
            self._answers.draw(canvas, state)

    def draw_maps(
        self,
        canvas: Canvas,
        values: NDArray[np.generic],
        levels: NDArray[np.uint8] | None = None,
        *,
        fixed_step: int | None = None,
    ) -> None:
        """Draw the shown ones of a step's maps (samples, channels, height, width).

        Args:
            canvas: Where to draw.
            values: The recorded values.
            levels: Levels to draw where values are finite; by default those of the values.
            fixed_step: The training step of the values, if every frame shows it.
        """
        view = self._block.view
        values = view.to_maps(values)
        if self._selection is not None:
            values = values[self._selection]
            levels = levels[self._selection] if levels is not None else None
        if levels is None:
            levels = self._levels(values)
        indices = self._map.indices_for(canvas).take(levels)
        missing = find_missing(values)
        if view.blank_mask is not None:
            indices[:, :, view.cell.reduce_mask(view.blank_mask)] = self._background.indices[0]
        if not self._context.transposed:
            indices = indices.transpose(1, 0, 2, 3)
            missing = missing.transpose(1, 0, 2, 3) if missing is not None else None
        describe = partial(self._describe_levels, levels, fixed_step)
        self._grid.draw_maps(canvas, indices, view.cell, missing, self._hatching, describe)
        if self._limits.one_sided:
            # Cells that touch, of layers in which most values are 0, would melt into one sheet.
            self._grid.draw_seams(canvas, self._background, self._context.px(1))

    def _describe_levels(self, levels: NDArray[np.uint8], fixed_step: int | None) -> CellLevels:
        """What the cells show, by their levels (samples, channels, height, width)."""
        view, axes = self._block.view, (0, 1, 2, 3) if self._context.transposed else (1, 0, 2, 3)
        samples, channels = np.ix_(self._context.sample_indices, self._block.channels)
        blank = None if view.blank_mask is None else view.cell.reduce_mask(view.blank_mask)
        return CellLevels(
            levels.transpose(axes),
            self._map,
            self.tap,
            channels[..., None, None].transpose(axes),
            samples[..., None, None].transpose(axes),
            view.limits,
            view.cell.reduction,
            blank,
            None if fixed_step is None else np.array(self._context.steps.index(fixed_step)),
        )
