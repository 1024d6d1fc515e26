"""The drawing of the panel `evolution`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reelnet.render.canvas import fill_box, write
from reelnet.render.description.items import CellLevels
from reelnet.render.panels.history.evolution_layout import BAND_GAP, Band, EvolutionLayout
from reelnet.render.panels.history.evolution_moments import Moment
from reelnet.render.panels.maps.grid import INPUT_LABEL, CellGrid
from reelnet.render.panels.maps.hatching import Hatching, find_missing
from reelnet.render.panels.maps.inputs import SamplePictures
from reelnet.render.panels.maps.levels import to_levels
from reelnet.render.typography import TextStyle
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.class_scores import UNKNOWN_CLASS
from reelnet.scene.layout.boxes import Box
from reelnet.scene.limits import contrast_ratio
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Still

MIN_ZERO_CONTRAST = 1.05
"""Contrast ratio (WCAG 2) of the color of 0 to the background below which maps have an outline."""


class EvolutionDrawing(Still):
    """The table in its box."""

    def __init__(self, layout: EvolutionLayout, box: Box, palette: PaletteBuilder) -> None:
        context, view = layout.context, layout.content.view
        theme = context.theme
        self._layout, self._context, self._box = layout, context, box
        self._pictures = [self._place_pictures(band, palette) for band in layout.bands]
        self._ink, self._muted, self._right, self._wrong = palette.ramps(
            theme.background, theme.ink, theme.muted, theme.right, theme.wrong
        )
        self._faint, self._background = palette.solids(theme.faint, theme.background)
        self._map, self._hatching = palette.colormap(view.anchors), Hatching(theme, palette, context.density)
        zero = view.anchors[len(view.anchors) // 2] if not view.limits.one_sided else view.anchors[0]
        self._has_outline = contrast_ratio(zero, theme.background) < MIN_ZERO_CONTRAST

    def _place_pictures(self, band: Band, palette: PaletteBuilder) -> SamplePictures:
        context = self._context
        if self._layout.form.rows_are_moments:
            context = context.select_samples(tuple(context.sample_indices[number] for number in band.columns))
        has_labels = bool(self._layout.content.labels)
        return SamplePictures(context, self._shift(band.pictures), palette, labels=has_labels)

    def _shift(self, grid: CellGrid) -> CellGrid:
        """Cells of the layout on the canvas."""
        return replace(grid, x=self._box.x + grid.x, y=self._box.y + grid.y)

    def cell_regions(self) -> list[CellRegion]:
        """The maps, and the samples beside them."""
        cell = self._layout.cell
        maps = [self._shift(band.maps).map_region(cell, changes=False) for band in self._layout.bands]
        return [*maps, *(pictures.region for pictures in self._pictures)]

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the title, and band by band the samples, their maps and the words about them."""
        layout, box = self._layout, self._box
        for number, line in enumerate(layout.title):
            y = box.y + number * layout.title_style.line_height
            write(canvas, line, self._ink, box.x, y, layout.title_style)
        for number, line in enumerate(layout.subtitle):
            y = box.y + layout.subtitle_y + number * layout.body.line_height
            write(canvas, line, self._muted, box.x, y, layout.body)
        maps = self._read_maps()
        for number, (band, pictures) in enumerate(zip(layout.bands, self._pictures, strict=True)):
            pictures.draw(canvas)
            self._draw_maps(canvas, band, maps)
            self._draw_answers(canvas, band)
            if layout.form.rows_are_moments:
                self._draw_rows(canvas, band, has_values=layout.has_values and not number)
            else:
                self._draw_columns(canvas, band)
                if number:
                    self._draw_hairline(
                        canvas, layout.bands[number - 1].bottom + self._context.px(BAND_GAP) // 2
                    )

    def _read_maps(self) -> NDArray[np.generic]:
        """The maps (moments, samples, height, width)."""
        content, samples = self._layout.content, list(self._context.sample_indices)
        view, read = content.view, self._context.statistics.read_step
        maps = [view.to_maps(read(moment.step, [view.name])[view.name]) for moment in content.moments]
        return np.stack([each[samples, content.channel] for each in maps])

    def _draw_maps(self, canvas: Canvas, band: Band, maps: NDArray[np.generic]) -> None:
        """Draw the maps of a band, each in its outline if its zeros look like the background."""
        layout, view, grid = self._layout, self._layout.content.view, self._shift(band.maps)
        if self._has_outline:
            for box in grid.map_region(layout.cell, changes=False).boxes:
                fill_box(canvas, box.expand(layout.line), self._faint)
        values = (maps if layout.form.rows_are_moments else maps.swapaxes(0, 1))[:, list(band.columns)]
        limits = view.limits.select_channels((layout.content.channel,))
        levels = to_levels(values[:, :, None], limits, len(self._map.indices))[:, :, 0]
        indices = self._map.indices_for(canvas)[levels]
        if view.blank_mask is not None:
            indices[..., layout.cell.reduce_mask(view.blank_mask)] = self._background.indices[0]
        describe = partial(self._describe_levels, band, levels)
        grid.draw_maps(canvas, indices, layout.cell, find_missing(values), self._hatching, describe)

    def _describe_levels(self, band: Band, levels: NDArray[np.uint8]) -> CellLevels:
        """What the cells of a band show, by their levels (rows, columns, height, width)."""
        content, cell, context = self._layout.content, self._layout.cell, self._context
        moments = [context.steps.index(moment.step) for moment in content.moments]
        lines = [moments, list(context.sample_indices)]
        rows, columns = lines if self._layout.form.rows_are_moments else lines[::-1]
        places = np.ix_(np.array(rows), np.array(columns)[list(band.columns)])
        by_row, by_column = (each[..., None, None] for each in places)
        steps, samples = (by_row, by_column) if rows is lines[0] else (by_column, by_row)
        blank = content.view.blank_mask
        return CellLevels(
            levels,
            self._map,
            content.view.name,
            np.array(content.channel),
            samples,
            content.view.limits,
            cell.reduction,
            None if blank is None else cell.reduce_mask(blank),
            steps,
        )

    def _draw_rows(self, canvas: Canvas, band: Band, *, has_values: bool) -> None:
        """Write the samples' names above their columns, and for each row its step and value."""
        layout, px, box = self._layout, self._context.px, self._box
        grid, pictures, body = self._shift(band.maps), self._shift(band.pictures), layout.body
        cells = [pictures.cell_box(0, column) for column in range(pictures.columns)]
        if layout.labels.lines:
            layout.labels.select(band.columns).draw_above(canvas, cells, pictures.y - px(4), self._muted)
        right, middle = box.x + layout.words_right, pictures.y + pictures.cell_height // 2
        write(canvas, INPUT_LABEL, self._muted, right, middle - body.line_height // 2, body, anchor="right")
        if has_values:
            y = middle - len(layout.heading) * body.line_height // 2
            self._write_lines(canvas, layout.heading, box.x + layout.right, y, body)
        for row, moment in enumerate(layout.content.moments):
            top = grid.cell_box(row, 0).y
            middle, lines = top + (layout.cell.height + layout.answer_height) // 2, layout.step_lines(moment)
            y = middle - sum(style.line_height for _, style in lines) // 2
            self._write_step(canvas, moment, right, y, anchor="right")
            if has_values:
                bar_height = layout.bar_height + px(4) if moment.fraction is not None else 0
                height = layout.big.line_height + bar_height + bool(moment.note) * layout.small.line_height
                self._write_value(canvas, moment, box.x + layout.right, middle - height // 2)
            if row:
                self._draw_hairline(canvas, top - box.y - layout.above - layout.pad - layout.line)

    def _draw_columns(self, canvas: Canvas, band: Band) -> None:
        """Write the samples' names below their pictures, and for each column its step and value."""
        layout, px, box = self._layout, self._context.px, self._box
        grid, pictures, body = self._shift(band.maps), self._shift(band.pictures), layout.body
        write(canvas, INPUT_LABEL, self._muted, box.x, grid.y - px(8) - body.line_height, body)
        for row, lines in enumerate(layout.labels.lines):
            y = pictures.cell_box(row, 0).bottom + px(4)
            self._write_lines(canvas, list(lines), box.x, y, layout.labels.style)
        below = box.y + band.values_y
        y = below + (layout.big.line_height - body.line_height) // 2
        self._write_lines(canvas, layout.heading, box.x, y, body)
        for column, number in enumerate(band.columns):
            moment, x = layout.content.moments[number], grid.cell_box(0, column).x
            height = sum(style.line_height for _, style in layout.step_lines(moment))
            self._write_step(canvas, moment, x, grid.y - px(8) - height, anchor="left")
            if layout.has_values:
                self._write_value(canvas, moment, x, below)

    def _write_lines(self, canvas: Canvas, lines: list[str], x: int, y: int, style: TextStyle) -> None:
        for number, line in enumerate(lines):
            write(canvas, line, self._muted, x, y + number * style.line_height, style)

    def _write_step(
        self, canvas: Canvas, moment: Moment, x: int, y: int, anchor: Literal["left", "right"]
    ) -> None:
        """Write a step in words, from y down."""
        for text, style in self._layout.step_lines(moment):
            ink = self._ink if style is self._layout.big else self._muted
            write(canvas, text, ink, x, y, style, anchor=anchor)
            y += style.line_height

    def _write_value(self, canvas: Canvas, moment: Moment, x: int, y: int) -> None:
        """Write the value of a moment, with its bar and the words below it."""
        layout = self._layout
        write(canvas, moment.value, self._ink, x, y, layout.big)
        y += layout.big.line_height
        if moment.fraction is not None:
            fill_box(canvas, Box(x, y, layout.value_width, layout.bar_height), self._faint)
            length = round(moment.fraction * layout.value_width)
            fill_box(canvas, Box(x, y, length, layout.bar_height), self._right)
            y += layout.bar_height + self._context.px(4)
        write(canvas, moment.note, self._muted, x, y, layout.small)

    def _draw_answers(self, canvas: Canvas, band: Band) -> None:
        """Write what each sample is taken for under its maps; what is wrong is struck through."""
        layout, answers, scores = self._layout, self._layout.answers, self._layout.content.scores
        if answers is None or scores is None:
            return
        px, grid, samples, lines = (
            self._context.px,
            self._shift(band.maps),
            len(scores.truth),
            iter(answers.lines),
        )
        texts = [[next(lines) for _ in range(samples)] for _ in layout.content.moments]
        for row in range(grid.rows):
            for column, number in enumerate(band.columns):
                moment, sample = (row, number) if layout.form.rows_are_moments else (number, row)
                answer, truth = layout.content.moments[moment].answers[sample], scores.truth[sample]
                cell, style = grid.cell_box(row, column), answers.style
                middle, y = cell.x + cell.width // 2, cell.bottom + px(4)
                is_known = UNKNOWN_CLASS not in (answer, truth)
                ink = self._muted if not is_known else self._right if answer == truth else self._wrong
                for line in texts[moment][sample]:
                    write(canvas, line, ink, middle, y, style, anchor="middle")
                    if is_known and answer != truth:
                        width, thickness = style.width(line) + px(6), max(1, px(1.5))
                        top = y + round(0.56 * style.line_height) - thickness // 2
                        fill_box(canvas, Box(middle - width // 2, top, width, thickness), self._wrong)
                    y += style.line_height

    def _draw_hairline(self, canvas: Canvas, y: int) -> None:
        """Draw a line over the whole width, at a row of the layout."""
        box, layout = self._box, self._layout
        fill_box(canvas, Box(box.x, box.y + y, layout.width, layout.line), self._faint)
