"""The panel `filters`: the filters of a first layer as pictures, from noise to patterns."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reelnet.config.diagnostics import OptionError, error_context
from reelnet.config.spec import Pixels, PositivePixels
from reelnet.render.canvas import fill_box, write
from reelnet.render.description.items import CellLevels
from reelnet.render.panels.maps.color_cube import ColorCube
from reelnet.render.panels.maps.colorbar import ColorbarDrawing, ColorbarLayout
from reelnet.render.panels.maps.grid import LABEL_GAP, CellGrid
from reelnet.render.panels.maps.hatching import Hatching, find_missing
from reelnet.render.panels.maps.levels import to_levels
from reelnet.render.typography import balance_text, body_style
from reelnet.runs.header import TapInfo, TapKind, near_square_grid
from reelnet.scene.cell import Cell
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.channel_signatures import ChannelSignatures
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.layout.snap import MIN_PREFERRED
from reelnet.scene.limits import Limits
from reelnet.scene.palette.palette import Ink, PaletteBuilder
from reelnet.scene.panel import Canvas, Panel
from reelnet.template.selector import Selector, SelectorField, select_indices

MAX_FILTERS = 64
"""Filters that are shown by default."""
DEFAULT_EXTENT = 656
"""Pixels of the layout that the filters take side by side, about, if the author gives no size."""
DEFAULT_GAP = 8
"""Least pixels of the layout between two filters if the author sets no gap; all of them begin on the grid then."""
RGB = 3
SAMPLED_STEPS = 64
"""Steps whose colors are reserved in the palette."""
OWN_SCALE = Limits(-1.0, 1.0, one_sided=False, quantity="weight, as a part of its filter’s largest")
"""What the colors of filters of one channel mean."""


class Filters(Panel):
    """The filters of a first layer: those of three channels as color pictures, those of one channel in the colormap.

    Each filter has its own scale, which is the same at all steps: its largest weight of the whole run is full
    brightness or darkness, and 0 is mid-gray.
    """

    has_cells: ClassVar[bool] = True

    tap: str | None = Field(
        None,
        description="The recorded weight, such as conv1.weight; by default that of the reel's layer, or the first "
        "one of filters with one or three channels.",
    )
    show: SelectorField = Field(
        Selector(top=MAX_FILTERS),
        description="Which filters: all, a list, a range such as 0-5, {first: 8}, or {top: 8} for those that differ "
        "most from each other.",
    )
    order: Literal["similar", "recorded"] = Field(
        "similar",
        description="`similar`: filters that are similar at the last step side by side. `recorded`: in the "
        "order of the layer.",
    )
    cell: PositivePixels | None = Field(
        None,
        description="Largest side of one filter in pixels; by default all together are about 640 pixels wide.",
    )
    gap: Pixels | None = Field(
        None, description="Pixels between two filters; by default 8 or more, so that all begin on the grid."
    )
    note: bool = Field(
        True, description="Write a line above with the number of filters and the meaning of their colors."
    )

    def find_weight(self, context: SceneContext) -> str:
        """Name of the weight.

        Raises:
            OptionError: It was not recorded, or has another shape.
        """
        if self.tap is None:
            fitting = [name for name, info in context.taps.items() if are_filters(info)]
            own = f"{context.layer}.weight"
            if not fitting:
                raise OptionError(explain_missing_filters(context), "tap")
            return own if own in fitting else fitting[0]
        with error_context("tap"):
            info = context.require(self.tap)
            if info.kind is not TapKind.WEIGHT:
                raise ValueError(f"{self.tap!r} is not a weight; name one, such as conv1.weight")
            if not are_filters(info):
                shape = "×".join(map(str, info.shape))
                raise ValueError(
                    f"{self.tap!r} has shape {shape}; only filters of 1 or 3 channels are pictures, others can be "
                    "seen with the panel 'weights'"
                )
        return self.tap

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        """The weight."""
        return (self.find_weight(context),)

    def measure(self, context: SceneContext) -> Measure:
        """Measure the filters and the words above them."""
        layout = FiltersLayout(self, context)
        return Measure(layout.width, layout.height_at(layout.width), height_at=layout.height_at)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> FiltersDrawing:
        """Place the filters in their box."""
        return FiltersDrawing(FiltersLayout(self, context), box, palette)


def are_filters(info: TapInfo) -> bool:
    """Whether a tap has filters that can be shown as pictures: (filters, 1 or 3, height, width)."""
    return info.kind is TapKind.WEIGHT and info.shape[1] in (1, RGB) and min(info.shape[2:]) > 1


def explain_missing_filters(context: SceneContext) -> str:
    """Say that no first layer's weights were recorded, and how to record them."""
    others = [name for name, info in context.taps.items() if info.kind is TapKind.WEIGHT]
    found = f"{', '.join(others[:3])} has other shapes; " if others else ""
    return (
        f"no filters of 1 or 3 channels were recorded; {found}record the weights of the network's first convolution, "
        "as with taps=['conv1.weight']"
    )


class FiltersLayout:
    """Which filters are shown, where, and on which scales.

    Attributes:
        tap: Name of the weight.
        filters: Their numbers, in the order in which they are shown.
        scales: The largest magnitude of each of them over the run, float64 (filters,).
        cell: The cell of one filter.
        key: Explains the colors of filters of one channel; None for color pictures.
        width: Width in pixels.
    """

    def __init__(self, panel: Filters, context: SceneContext) -> None:
        self.context, self.tap = context, panel.find_weight(context)
        self.info = context.require(self.tap)
        signatures = compare_filters(context, self.tap)
        with error_context("show"):
            self.filters = select_indices(
                panel.show, self.info.shape[0], "filter", self.tap, signatures.select_different
            )
        if panel.order == "similar":
            self.filters = tuple(signatures.order_by_similarity(self.filters))
        peaks = context.statistics.series(self.tap, "peaks", find_peaks).max(axis=0)[list(self.filters)]
        self.scales: NDArray[np.float64] = np.where(peaks > 0, peaks, 1.0)
        self.rows, self.columns = near_square_grid(len(self.filters))
        _, _, height, width = self.info.shape
        gap = context.px(DEFAULT_GAP) if panel.gap is None else panel.gap
        side = panel.cell or max(1, context.px(DEFAULT_EXTENT) // self.columns - gap)
        scale = max(1, side // max(height, width))
        if panel.cell is None:
            scale = context.grid.prefer_scale(scale, scale * MIN_PREFERRED, Fraction(scale))
        self.cell = Cell(width * scale, height * scale, scale, scale, grid=context.grid)
        cell = self.cell
        grid_x, grid_y = (context.grid,) * 2 if panel.gap is None else (cell.grid_x, cell.grid_y)
        self._column_gap = grid_x.round_up(cell.width + gap) - cell.width
        self._row_gap = grid_y.round_up(cell.height + gap) - cell.height
        self.key = None if self.is_color else ColorbarLayout(context, OWN_SCALE)
        self.note = self._describe() if panel.note else ""
        # Beside the filters there is room for the values of a strip below them, whose plot then has the same edges.
        room = context.px(LABEL_GAP) + body_style(context.theme).width("100%")
        self.width = (
            max(self.grid_at(0, 0).bounds.width, self.key.min_width if self.key is not None else 0) + room
        )

    @property
    def is_color(self) -> bool:
        """Whether the filters have the three channels of a color picture."""
        return self.info.shape[1] == RGB

    def _describe(self) -> str:
        """Say what is shown."""
        shown, (total, _, height, width) = len(self.filters), self.info.shape
        count = f"{shown} of {total} filters" if shown < total else f"{total} filter{'s' * (total != 1)}"
        text = f"{self.tap.removesuffix('.weight')}: {count} of {height} × {width} pixels"
        return f"{text}, each on its own scale{': mid-gray is 0' if self.is_color else ''}."

    def note_lines(self, width: int) -> list[str]:
        """The words above the filters, in lines."""
        return balance_text(self.note, width, body_style(self.context.theme)) if self.note else []

    def top_at(self, width: int) -> int:
        """Pixels above the filters at a width."""
        context, style = self.context, body_style(self.context.theme)
        top = len(self.note_lines(width)) * style.line_height
        if self.key is not None:
            top += self.key.height + context.px(4)
        return context.grid.round_up(top + context.px(12)) if top else 0

    def height_at(self, width: int) -> int:
        """Height in pixels at a width."""
        return self.top_at(width) + self.grid_at(0, 0).bounds.height

    def grid_at(self, x: int, y: int) -> CellGrid:
        """The cells, the first of which begins at (x, y)."""
        size = self.cell.width, self.cell.height
        return CellGrid(x, y, *size, self.rows, self.columns, self._row_gap, self._column_gap)

    def normalize(self, weights: NDArray[np.generic]) -> NDArray[np.float64]:
        """The shown filters (filters, channels, height, width) of a step's weights, from −1 to 1."""
        shown = weights[list(self.filters)].astype(np.float64)
        normalized: NDArray[np.float64] = shown / self.scales[:, None, None, None]
        return normalized


def find_peaks(weights: NDArray[np.generic]) -> NDArray[np.float64]:
    """The largest finite magnitude of each filter, (filters,)."""
    magnitudes = np.abs(weights.astype(np.float64)).reshape(len(weights), -1)
    peaks: NDArray[np.float64] = np.where(np.isfinite(magnitudes), magnitudes, 0.0).max(axis=1)
    return peaks


def compare_filters(context: SceneContext, tap: str) -> ChannelSignatures:
    """How the filters differ from each other at the last step."""
    first, last = (
        context.statistics.read_step(step, [tap])[tap].astype(np.float64)
        for step in (context.steps[0], context.steps[-1])
    )
    dead = (first == last).all(axis=(1, 2, 3)) & (len(context.steps) > 1)
    return ChannelSignatures.from_values(last.reshape(len(last), -1), dead)


class FiltersDrawing:
    """The filters in their box."""

    def __init__(self, layout: FiltersLayout, box: Box, palette: PaletteBuilder) -> None:
        context, theme = layout.context, layout.context.theme
        self._layout, self._box = layout, box
        self._grid = layout.grid_at(box.x, box.y + layout.top_at(box.width))
        self._muted = palette.ramp(theme.muted, theme.background)
        self._background, self._faint = palette.solids(theme.background, theme.faint)
        self._hatching = Hatching(theme, palette, context.density)
        self._cube, self._map, self._key = None, None, None
        if layout.is_color:
            numbers = np.rint(np.linspace(0, len(context.steps) - 1, SAMPLED_STEPS)).astype(np.intp)
            steps = dict.fromkeys(context.steps[number] for number in numbers)
            read = context.statistics.read_step
            shown = [layout.normalize(read(step, [layout.tap])[layout.tap]) for step in steps]
            self._cube = ColorCube(np.moveaxis(np.concatenate(shown, axis=2), 1, 3), palette)
        else:
            self._map = palette.colormap(theme.diverging)
        if layout.key is not None:
            y = self._grid.y - context.px(8) - layout.key.height
            key_width = min(box.width, layout.key.limits_width + layout.key.quantity_width + 8 * theme.text)
            self._key = ColorbarDrawing(layout.key, Box(box.x, y, key_width, layout.key.height), palette)

    def cell_regions(self) -> list[CellRegion]:
        """The filters."""
        layout = self._layout
        boxes = self._grid.map_region(layout.cell, changes=True).boxes[: len(layout.filters)]
        scale = layout.cell.scale
        return [CellRegion(boxes, scale, scale, is_picture=False, changes=True)]

    def draw_still(self, canvas: Canvas) -> None:
        """Write what is shown."""
        style = body_style(self._layout.context.theme)
        for number, line in enumerate(self._layout.note_lines(self._box.width)):
            y = self._box.y + number * style.line_height
            write(canvas, line, self._muted, self._box.x, y, style)
        if self._key is not None:
            self._key.draw_still(canvas)
            # Values near 0 may have the color of the background.
            for box in self.cell_regions()[0].boxes:
                fill_box(canvas, box.expand(self._layout.context.px(1)), self._faint)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw the filters of one step."""
        layout = self._layout
        values = layout.normalize(np.asarray(state.snapshot.taps[layout.tap]))
        describe = None
        if self._cube is not None:
            indices = self._cube.find_indices(np.moveaxis(values, 1, 3), canvas)
        elif self._map is not None:
            levels = to_levels(values[:, 0], OWN_SCALE, len(self._map.indices))
            indices = self._map.indices_for(canvas)[levels]
            describe = partial(self._describe_levels, levels, self._map)
        missing = find_missing(values.sum(axis=1))
        count = layout.rows * layout.columns
        shape = layout.rows, layout.columns, *indices.shape[1:]
        blank = np.full((count, *indices.shape[1:]), self._background.indices[0], indices.dtype)
        blank[: len(indices)] = indices
        hatched = np.zeros(blank.shape, np.bool_)
        if missing is not None:
            hatched[: len(missing)] = missing
        self._grid.draw_maps(
            canvas,
            blank.reshape(shape),
            layout.cell,
            hatched.reshape(shape) if missing is not None else None,
            self._hatching,
            describe,
        )

    def _describe_levels(self, levels: NDArray[np.uint8], ink: Ink) -> CellLevels:
        """Filters of one channel; their numbers have the place of samples."""
        layout = self._layout
        shape, count = (layout.rows, layout.columns), layout.rows * layout.columns
        padded = np.zeros((count, *levels.shape[1:]), np.uint8)
        padded[: len(levels)] = levels
        filters = np.full(count, -1)
        filters[: len(levels)] = layout.filters
        samples = filters.reshape(*shape, 1, 1)
        return CellLevels(
            padded.reshape(*shape, *levels.shape[1:]),
            ink,
            layout.tap,
            np.array(0),
            samples,
            OWN_SCALE,
            layout.cell.reduction,
            samples < 0,
        )
