"""The panel `barcode`: the units of a layer over all training steps, one row per unit."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reelnet.config.diagnostics import ErrorCollector, OptionError, error_context
from reelnet.config.spec import PositivePixels
from reelnet.render.canvas import fill_box, write
from reelnet.render.description.described_canvas import described_by
from reelnet.render.description.items import CellLevels, CellsItem
from reelnet.render.panels.charts.axis import Axis, fit_step_axis
from reelnet.render.panels.charts.axis_drawing import TICK_LENGTH, draw_step_axis
from reelnet.render.panels.history.barcode_image import BarcodeImage, choose_vector, find_units, order_units
from reelnet.render.panels.maps.colorbar import ColorbarDrawing, ColorbarLayout
from reelnet.render.panels.maps.grid import LABEL_GAP
from reelnet.render.panels.maps.hatching import Hatching
from reelnet.render.panels.maps.labels import fit_line_height
from reelnet.render.panels.maps.levels import to_levels
from reelnet.render.typography import balance_text, body_style, shorten_text
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.class_scores import ClassScores
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel
from reelnet.scene.wording import name_layer
from reelnet.template.selector import format_positions

DEFAULT_WIDTH, DEFAULT_HEIGHT = 640, 320
"""Pixels of the layout of all steps and of all units, about, if neither the author nor the canvas gives a size."""
MIN_WIDTH, MIN_HEIGHT = 160, 96
"""Least pixels of the layout of all steps and of all units."""
MARGINS = 64, 416
"""Pixels of the layout of the width and of the height of a frame that others take, about."""
MAX_LABELED_STEPS = 8
"""Steps that are all written below the image."""
MIN_STEPS = 3
"""Of fewer recorded steps, an image would suggest a course that nobody recorded."""
MAX_NAME_EMS = 10
"""Width at which names of units are cut."""


class Barcode(Panel):
    """The units of a layer over the training: one row per unit, one column per step, revealed up to the current step.

    Of a layer with maps, a unit is the mean of a channel's map. Where there are more units than rows of pixels, or
    more steps than columns, a pixel is their mean.
    """

    has_cells: ClassVar[bool] = True

    tap: str | None = Field(
        None,
        description="The layer; by default the reel's if it is a hidden vector, else the longest recorded "
        "one, else the class output, or else the reel's layer.",
    )
    sample: Annotated[int, Field(ge=0)] | Literal["mean"] = Field(
        0, description="The sample, counted from 0, or `mean` for the mean over all that are shown."
    )
    order: Literal["similar", "recorded"] = Field(
        "similar",
        description="`similar`: similar units together. `recorded`: in the order of the layer.",
    )
    units_height: PositivePixels | None = Field(
        None,
        description="Largest height of all units in pixels; by default what the canvas leaves, or about 320.",
    )
    note: bool = Field(True, description="Write a line above that explains rows, columns and colors.")

    def find_samples(self, context: SceneContext) -> tuple[int, ...]:
        """The recorded samples over which values are averaged.

        Raises:
            OptionError: The sample is not shown.
        """
        if self.sample == "mean":
            return context.sample_indices
        if self.sample not in context.sample_indices:
            shown = format_positions(context.sample_indices)
            raise OptionError(f"sample {self.sample} is not shown; shown: {shown}", "sample")
        return (self.sample,)

    def find_layer(self, context: SceneContext) -> str:
        """The layer.

        Raises:
            OptionError: It was not recorded, or is not an activation.
        """
        with error_context("tap"):
            return choose_vector(context, self.tap)

    def measure(self, context: SceneContext) -> Measure:
        """Measure the image with the words above it and the steps below."""
        errors = ErrorCollector()
        with errors.collect():
            self.find_layer(context)
        with errors.collect():
            self.find_samples(context)
        count = len(context.steps)
        if count < MIN_STEPS:
            steps = "one recorded step is" if count == 1 else f"{count} recorded steps are"
            errors.add(f"{steps} too few for a barcode; record or show at least {MIN_STEPS}")
        errors.raise_errors()
        layout = BarcodeLayout(self, context)
        least = layout.beside + context.px(MIN_WIDTH)
        return Measure(
            layout.width, layout.height_at(layout.width), min(least, layout.width), height_at=layout.height_at
        )

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> BarcodeDrawing:
        """Place the image in its box."""
        return BarcodeDrawing(BarcodeLayout(self, context, box.width), box, palette)


class BarcodeLayout:
    """What the image shows, and where it is.

    Args:
        panel: The options.
        context: The run.
        width: Width of its box in pixels, if that is known.

    Attributes:
        tap: Name of the layer.
        samples: The samples of which the values are the means.
        image: The values.
        axis: The axis of the steps.
        names: The names of the rows, from the top down; empty if they have no room.
        name_style: Their font.
        left: Pixels left of the image.
        beside: Pixels left and right of it.
        width: Width in pixels.
        note: The words above the image; empty for none.
        key: Explains the colors.
    """

    def __init__(self, panel: Barcode, context: SceneContext, width: int | None = None) -> None:
        self.context, self.tap = context, panel.find_layer(context)
        self.samples = samples = panel.find_samples(context)
        units = find_units(context, self.tap, samples)
        axis = fit_step_axis(context.steps, 5)
        has_few = len(context.steps) <= MAX_LABELED_STEPS
        self.axis: Axis = replace(axis, ticks=tuple(map(float, context.steps))) if has_few else axis
        order = order_units(units.values) if panel.order == "similar" else np.arange(units.values.shape[1])
        frame, style = context.max_frame, body_style(context.theme)
        height = panel.units_height or find_units_height(context)

        def fit(columns_width: int) -> BarcodeImage:
            return BarcodeImage.fit(units, context, self.axis, columns_width, height, order)

        self.image = fit(context.px(DEFAULT_WIDTH))
        self.name_style = fit_line_height(style, self.image.row_height)
        has_names = self.name_style.line_height <= self.image.row_height
        self.names = self._name_rows(units.channels) if has_names else []
        widest = max(map(self.name_style.width, self.names), default=0)
        self.left = context.grid.round_up(widest + context.px(LABEL_GAP)) if self.names else 0
        self.limits = units.limits
        self.key = ColorbarLayout(
            context, units.limits, has_missing=context.statistics.has_nonfinite(self.tap)
        )
        # Beside the image there is room for the values of a strip below it, whose plot then has the same edges.
        self.beside = self.left + context.px(LABEL_GAP) + style.width("100%")
        room = None if frame is None else frame[0] - context.px(MARGINS[0])
        if width is not None:
            room = width if room is None else min(room, width)
        if room is not None:
            self.image = fit(max(context.px(MIN_WIDTH), room - self.beside))
        self.width = self.beside + self.image.width
        label = ""
        if context.labels is not None and len(samples) == 1:
            label = context.labels[context.sample_indices.index(samples[0])]
        subject = f"“{label}”" if label else f"sample {samples[0]}"
        if panel.sample == "mean":
            subject = f"the mean over {len(samples)} samples"
        self.note = self._describe(subject, units.is_mean_of_maps, panel.order) if panel.note else ""

    def _name_rows(self, channels: tuple[int, ...]) -> list[str]:
        """The rows' names: those of classes, or numbers."""
        style, scores = self.name_style, ClassScores.find(self.context)
        names = [str(channel) for channel in channels]
        if scores is not None and scores.tap == self.tap:
            names = [shorten_text(name, MAX_NAME_EMS * style.size, style) for name in scores.classes]
        return [names[unit] for unit in self.image.order]

    def _describe(self, subject: str, is_mean_of_maps: bool, order: str) -> str:
        """Say what rows and columns are."""
        image, count = self.image, len(self.image.order)
        scores = ClassScores.find(self.context)
        what = "channel, the mean of its map" if is_mean_of_maps else "unit"
        if scores is not None and scores.tap == self.tap:
            what = "class"
        rows = f"each of the {count:,} rows is a {what}" if count > 1 else f"the row is a {what}"
        if image.units_per_row > 1:
            rows = f"a row is the mean of {image.units_per_row} of its {count:,} units"
        columns = "each column a step"
        if image.steps_per_column > 1:
            columns = f"a column the mean of up to {image.steps_per_column} steps"
        similar = "; similar rows are together" if order == "similar" and count > 2 else ""
        return f"{name_layer(self.tap)}, given {subject}: {rows}, {columns}{similar}."

    def note_lines(self, width: int) -> list[str]:
        """The words above the image, in lines."""
        return balance_text(self.note, width, body_style(self.context.theme)) if self.note else []

    def top_at(self, width: int) -> int:
        """Pixels above the image at a width."""
        context = self.context
        top = len(self.note_lines(width)) * body_style(context.theme).line_height
        return context.grid.round_up(top + context.px(4) + self.key.height + context.px(8))

    def height_at(self, width: int) -> int:
        """Height in pixels at a width."""
        line_height = body_style(self.context.theme).line_height
        return self.top_at(width) + self.image.height + self.context.px(TICK_LENGTH) + line_height


def find_units_height(context: SceneContext) -> int:
    """Pixels of all units: what other panels leave of the canvas, or the default."""
    if context.max_frame is None:
        return context.px(DEFAULT_HEIGHT)
    height = context.max_frame[1] - context.px(MARGINS[1])
    return max(context.px(MIN_HEIGHT), height)


class BarcodeDrawing:
    """The image in its box."""

    def __init__(self, layout: BarcodeLayout, box: Box, palette: PaletteBuilder) -> None:
        context, theme, image = layout.context, layout.context.theme, layout.image
        self._layout, self._context, self._box = layout, context, box
        x, y = box.x + layout.left, box.y + layout.top_at(box.width)
        self._plot = Box(x, y, image.width, image.height)
        self._ink, self._muted = palette.ramps(theme.background, theme.ink, theme.muted)
        self._faint, self._background = palette.solids(theme.faint, theme.background)
        self._map = palette.colormap(layout.limits.select_anchors(theme))
        self._hatching = Hatching(theme, palette, context.density)
        key = layout.key
        key_width = key.quantity_width + key.limits_width + key.beyond_width + 8 * theme.text
        key_box = Box(x, y - context.px(8) - key.height, min(image.width, key_width), key.height)
        self._key = ColorbarDrawing(key, key_box, palette)

    def cell_regions(self) -> list[CellRegion]:
        """The image."""
        image = self._layout.image
        return [
            CellRegion((self._plot,), image.column_width, image.row_height, is_picture=False, changes=True)
        ]

    def cache_key(self, state: FrameState) -> Hashable:
        """The number of columns that are revealed."""
        return self._layout.image.reveal_at(state.step_index)

    def step_axes(self) -> list[tuple[Box, NDArray[np.float64]]]:
        """The image; the cursor of a step is in the middle of its last column."""
        image = self._layout.image
        shown = np.searchsorted(image.last_steps, np.arange(image.last_steps[-1] + 1), side="right")
        columns = np.asarray((shown - 0.5) * image.column_width - image.trim, np.float64)
        return [(self._plot, columns)]

    def draw_still(self, canvas: Canvas) -> None:
        """Write what is shown, the names of rows and the steps, and outline what is to come."""
        layout, plot, style = self._layout, self._plot, body_style(self._context.theme)
        for number, line in enumerate(layout.note_lines(self._box.width)):
            y = self._box.y + number * style.line_height
            write(canvas, line, self._muted, self._box.x, y, style)
        self._key.draw_still(canvas)
        height, right = layout.image.row_height, plot.x - self._context.px(LABEL_GAP)
        for row, name in enumerate(layout.names):
            y = plot.y + row * height + (height - layout.name_style.line_height) // 2
            write(canvas, name, self._muted, right, y, layout.name_style, anchor="right")
        fill_box(canvas, plot.expand(self._context.px(1)), self._faint)
        fill_box(canvas, plot, self._background)
        inset = layout.image.column_width // 2 - layout.image.trim
        columns = Box(plot.x + inset, plot.y, max(1, plot.width - 2 * inset), plot.height)
        inks = self._muted, self._faint
        draw_step_axis(
            canvas, layout.axis, columns, (self._box.x, plot.right), inks, style, self._context.density
        )

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Reveal the image up to the current step."""
        image, plot = self._layout.image, self._plot
        shown = image.reveal_at(state.step_index)
        self._reveal(canvas, shown)
        line = self._context.px(1)
        # In the middle of the step's column, where the cursors of charts stand.
        middle = plot.x - image.trim + shown * image.column_width - image.column_width // 2
        left = min(plot.right - line, max(plot.x, middle - line // 2))
        fill_box(canvas, Box(left, plot.y - line, line, plot.height + 2 * line), self._ink)

    def _describe(self, shown: int) -> list[CellsItem]:
        """The image as one cell of units and steps."""
        image, layout, plot = self._layout.image, self._layout, self._plot
        values = image.values[None, None, :, :shown]
        levels, missing = to_levels(values, layout.limits, len(self._map.indices)), ~np.isfinite(values)
        cells = CellsItem(
            plot.x - image.trim,
            plot.y,
            plot.height,
            plot.width,
            image.column_width,
            image.row_height,
            self._map.indices[levels],
            missing if missing.any() else None,
            self._hatching.inks,
            clip=plot,
            levels=CellLevels(
                levels,
                self._map,
                layout.tap,
                np.array(image.order)[:: image.units_per_row, None],
                np.array(layout.samples[0] if len(layout.samples) == 1 else -1),
                layout.limits,
                (image.units_per_row, image.steps_per_column),
                steps=image.last_steps[:shown],
            ),
        )
        return [cells]

    @described_by(_describe)
    def _reveal(self, canvas: Canvas, shown: int) -> None:
        """Draw the first columns of the image."""
        image, plot = self._layout.image, self._plot
        levels = to_levels(image.values[:, :shown], self._layout.limits, len(self._map.indices))
        indices = self._map.indices_for(canvas)[levels]
        missing = ~np.isfinite(image.values[:, :shown])
        drawn = self._enlarge(indices)
        width = drawn.shape[1]
        if missing.any():
            y, x = np.arange(plot.y, plot.bottom)[:, None], np.arange(plot.x, plot.x + width)
            drawn = np.where(
                self._enlarge(missing), self._hatching.indices_at(y, x).astype(drawn.dtype), drawn
            )
        canvas[plot.y : plot.bottom, plot.x : plot.x + width] = drawn

    def _enlarge(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        image = self._layout.image
        wide = values.repeat(image.row_height, axis=0).repeat(image.column_width, axis=1)
        return wide[:, image.trim : image.trim + image.width]
