"""The panel `layers`: a row per sample and a column per layer, with several channels of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from reelnet.render.canvas import draw_picture, fill_box, write
from reelnet.render.panels.flow.answer_column import AnswerColumn, AnswerColumnDrawing
from reelnet.render.panels.flow.arrangement import CaptionStyles, Spacing, spread
from reelnet.render.panels.flow.input_part import InputDrawing, InputPart
from reelnet.render.panels.flow.layer_choice import check_layers
from reelnet.render.panels.flow.layer_drawing import LayerDrawing
from reelnet.render.panels.flow.layers import FlowLayer, make_layer
from reelnet.render.panels.flow.layers_panel import LayersPanel
from reelnet.render.panels.flow.table_way import Table, TableWay
from reelnet.render.panels.maps.colorbar import ColorbarDrawing, ColorbarLayout
from reelnet.render.panels.maps.hatching import MISSING_LABEL
from reelnet.render.typography import TextStyle, body_style, text_style, wrap_text
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure, Size
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, LevelMaps, Still
from reelnet.template.selector import select_indices

MIN_PITCH, LEGIBLE_PITCH, GAP = 12, 28, 3
"""Pixels of the layout from one channel to the next: at least, and of legible maps; and the gap between them."""
MIN_FILLED_PITCH = 0.7
"""A pitch may be this much smaller than the largest if maps fill its cells better."""
BETWEEN, MAX_BETWEEN, ROW_GAP, MAX_ROW_GAP = 20, 200, 8, 32
"""Pixels of the layout between two columns, and between two samples: at least, and where there is room."""
HEADER_GAP, KEY_GAP = 6, 8
"""Pixels of the layout between the names of the layers and the maps, and around the keys of the colors."""
KEY_THICKNESS = 8
"""Thickness of the bar in pixels of the layout."""
MAX_KEY_EMS = 16
"""Width of the key of a layer's colors."""
MAX_ROWS = 8
"""Rows of channels in the row of a sample."""
MAX_NOTE_LINES = 3


class LayerTable(LayersPanel):
    """All recorded layers side by side in the order of depth, some channels of each; rows are samples.

    The last column says what the network takes each sample for, if the run has a class output. Of a layer with many
    channels, those are shown that differ most from each other; of many layers, some that are spread by depth. One
    color bar explains all colors if the scales agree, or else each layer has its own.
    """

    channels: Annotated[int, Field(ge=1, le=64)] = Field(
        8, description="Maximum number of channels per layer."
    )

    def notes(self, context: SceneContext) -> tuple[str, ...]:
        """How many samples are left out for lack of room, unless the author limits only their number."""
        shown = len(context.sample_indices)
        if context.samples_spec.show.first is not None:
            return ()
        asked = len(select_indices(context.samples_spec.show, context.sample_count, "sample"))
        left_out = f"has room for {shown} of {asked} samples; give it more height, or show fewer"
        return (left_out,) if shown < asked else ()

    def measure(self, context: SceneContext) -> Measure:
        """Measure the least space; it fills its box."""
        check_layers(self.layers, context)
        self.check_names(context)
        size = context.theme.text
        least = context.grid.round_up(12 * size)
        return Measure(80 * size, 24 * size, 20 * size, lambda _width: least)

    def count_samples(self, context: SceneContext, box: Box) -> int:
        """How many rows the box has room for."""
        return self.place(context, box, PaletteBuilder(context.theme.levels)).way.samples

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> LayerTableDrawing:
        """Choose how many layers, samples and rows of channels the box has room for."""
        return LayerTableDrawing(self, context, box, palette)


class LayerTableDrawing:
    """The layers in their places.

    Attributes:
        way: How the box is filled.
    """

    def __init__(self, panel: LayerTable, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme, self._context, px = context.theme, context, context.px
        self._detail = text_style(theme, 0.88 * theme.text)
        self._styles = CaptionStyles(body_style(theme, bold=True), self._detail)
        names, scores = panel.find_layers(context), panel.find_scores(context)
        self._total = len(panel.layers or panel.list_layers(context))
        limits = [context.view(name).limits for name in names]
        self._is_shared = all(each.means_the_same(limits[0]) for each in limits)
        every = [make_layer(context, name) for name in names]
        min_slots = [0 if self._is_shared else LayerKey.min_width(name, context) for name in names]
        self._key_height = px(KEY_GAP) + max(LayerKey.height(context), body_style(theme).line_height)
        for lines in range(MAX_NOTE_LINES + 1):
            below = self._key_height + px(KEY_GAP) * bool(lines) + lines * self._detail.line_height
            # The last column may begin up to a step of the grid later, and so may the first row.
            room = Size(box.width - context.grid.step, box.height - below - context.grid.step)
            source = InputPart(context, 0)
            answers = AnswerColumn(context, scores) if scores is not None else None
            table = Table(source, every, answers, self._styles, min_slots, px(BETWEEN), room)
            way = self._choose(panel, table)
            if way is None:
                raise ValueError(f"has {context.format_size((box.width, box.height))} pixels; give it more")
            self.way = way
            self._note = wrap_text(self._write_note(), box.width, self._detail)
            if len(self._note) <= lines:
                break
        self._muted, self._ink = palette.ramps(theme.background, theme.muted, theme.ink)
        self._place(box, palette)

    def _choose(self, panel: LayerTable, table: Table) -> TableWay | None:
        """The way with the most layers whose maps are legible, and of these with the largest maps."""
        best: TableWay | None = None
        legible = self._context.px(LEGIBLE_PITCH)
        for number in range(len(table.layers), 0, -1):
            ways = list(self._find_ways(panel, table.select(spread(number, len(table.layers)))))
            found = max(ways, key=lambda way: (way.spacing.pitch >= legible, way.score), default=None)
            if found is not None and found.spacing.pitch >= legible:
                return found
            if found is not None and (best is None or found.score > best.score):
                best = found
        return best

    def _find_ways(self, panel: LayerTable, table: Table) -> Iterator[TableWay]:
        """The ways with about the largest cells that fit, for each number of samples and of rows of channels."""
        context, px, grid = self._context, self._context.px, self._context.grid
        gap, step = grid.round_up(px(GAP)) if grid.step <= 4 else px(4), grid.step if grid.step > 1 else px(4)
        row_gap, header_gap = grid.round_up(px(ROW_GAP)), px(HEADER_GAP)
        channels = min(panel.channels, context.max_channels or panel.channels)
        header = self._styles.name.line_height + self._styles.detail.line_height
        for samples in range(1, len(context.sample_indices) + 1):
            height = (table.room.height - header - header_gap + row_gap) // samples - row_gap
            for rows in range(1, (MAX_ROWS if table.has_maps else 1) + 1):
                largest = 0
                for pitch in range(grid.round_down((height + gap) // rows), px(MIN_PITCH) - 1, -step):
                    if pitch < MIN_FILLED_PITCH * largest:
                        break
                    way = TableWay(table, Spacing(rows, pitch, gap, channels, table.room.height), samples)
                    if way.fits(row_gap, header_gap):
                        largest = largest or pitch
                        yield way

    def _write_note(self) -> str:
        """What is shown, and what is left out."""
        way, context, notes = self.way, self._context, list[str]()
        shown, samples = len(way.layers), len(context.sample_indices)
        pairs = list(zip(way.layers, way.spacings, strict=True))
        left_out = [layer for layer, spacing in pairs if _shows_some(layer, spacing)]
        if not self._is_shared and any(context.statistics.has_nonfinite(layer.tap) for layer in way.layers):
            notes.append(f"hatched: {MISSING_LABEL}")
        if shown < self._total:
            notes.append(f"{shown} of {self._total} layers, spread by depth")
        if left_out:
            notes.append("where a layer has more channels, those that differ most are shown")
        if way.samples < samples:
            # Other panels show more.
            notes.append(f"the first {way.samples} of {samples} samples")
        notes += [note for layer, spacing in pairs if (note := layer.reduction_at(spacing))]
        return " ".join(f"{note[:1].upper()}{note[1:]}." for note in notes)

    def _place(self, box: Box, palette: PaletteBuilder) -> None:
        """Find all boxes, and make the drawings."""
        way, px, grid = self.way, self._context.px, self._context.grid
        spaces = len(way.slots) - 1
        # The last column may begin up to a step of the grid later.
        between = min(px(MAX_BETWEEN), (box.width - sum(way.slots) - grid.step + 1) // spaces)
        note_height = len(self._note) * self._detail.line_height + px(KEY_GAP) * bool(self._note)
        around = way.header_height + px(HEADER_GAP) + self._key_height + note_height + grid.step
        free = max(0, box.height - around - way.rows_height(grid.round_up(px(ROW_GAP))))
        row_gap = grid.round_up(px(ROW_GAP)) + grid.round_down(
            min(free // way.samples, px(MAX_ROW_GAP - ROW_GAP))
        )
        free = max(0, box.height - around - way.rows_height(row_gap))
        self._header_bottom = box.y + free // 2 + way.header_height
        top = grid.round_up(self._header_bottom + px(HEADER_GAP))
        ys = [top + number * way.row_pitch(row_gap) for number in range(way.samples)]
        xs, x = list[int](), box.x
        for slot in way.slots:
            xs.append(x)
            x += slot + between
        self._columns = [
            Box(grid.round_up(left) if left > box.x else left, box.y, slot, way.header_height)
            for left, slot in zip(xs, way.slots, strict=True)
        ]
        self._inputs = list(self._make_inputs(ys, palette))
        self._layers = list(self._make_layers(ys, palette))
        self._answers: AnswerColumnDrawing | None = None
        if way.table.answers is not None:
            column = self._columns[-1]
            boxes = [Box(column.x, y, column.width, way.row_height) for y in ys]
            self._answers = AnswerColumnDrawing(way.table.answers, boxes, palette)
        bottom = ys[-1] + way.row_height
        self._keys = list(self._make_keys(bottom + px(KEY_GAP), palette))
        self._note_corner = box.x, bottom + self._key_height + px(KEY_GAP) // 2

    def _make_inputs(self, ys: Sequence[int], palette: PaletteBuilder) -> Iterator[InputDrawing]:
        way, grid, size = self.way, self._context.grid, self.way.input_size
        for number, y in enumerate(ys):
            part, down = InputPart(self._context, number), grid.center(way.row_height - size.height)
            yield InputDrawing(part, Box(self._columns[0].x, y + down, size.width, size.height), palette)

    def _make_layers(self, ys: Sequence[int], palette: PaletteBuilder) -> Iterator[LayerDrawing]:
        way, grid = self.way, self._context.grid
        for number, layer in enumerate(way.layers):
            size, column = way.sizes[number], self._columns[1 + number]
            down = grid.center(way.row_height - size.height)
            for sample, y in zip(self._context.sample_indices, ys, strict=False):
                box = Box(column.x, y + down, size.width, size.height)
                yield LayerDrawing(layer, way.spacings[number], box, sample, palette)

    def _make_keys(self, y: int, palette: PaletteBuilder) -> Iterator[LayerKey | ColorbarDrawing]:
        """One key for all, or one below each layer."""
        context, way, most = self._context, self.way, MAX_KEY_EMS * self._context.theme.text
        if self._is_shared:
            tap = way.layers[0].tap
            taps = [layer.tap for layer in way.layers]
            has_missing = any(map(context.statistics.has_nonfinite, taps))
            bar = ColorbarLayout(context, context.view(tap).limits, has_missing=has_missing)
            width = bar.quantity_width + bar.limits_width + 10 * context.theme.text
            yield ColorbarDrawing(bar, Box(self._columns[1].x, y, width, bar.height), palette)
            return
        for number, layer in enumerate(way.layers):
            column, least = self._columns[1 + number], way.table.min_slots[number]
            width = max(least, min(most, way.sizes[number].width))
            yield LayerKey(layer.tap, context, Box(column.x, y, width, 0), palette)

    def level_maps(self) -> list[LevelMaps]:
        """The maps of all layers, for quantization over time."""
        return [drawing.level_maps() for drawing in self._layers]

    def cell_regions(self) -> list[CellRegion]:
        """The maps of all layers, and the pictures."""
        regions = [drawing.cell_region() for drawing in self._layers]
        return [*regions, *(region for each in self._inputs for region in each.cell_regions())]

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the pictures, the names of the layers, the keys and the note."""
        for picture in self._inputs:
            picture.draw(canvas)
        if self._answers is not None:
            self._answers.draw_still(canvas)
        for key in self._keys:
            key.draw_still(canvas)
        style, column = self._detail, self._columns[0]
        write(canvas, "input", self._muted, column.x, self._header_bottom - style.line_height, style)
        for column, caption in zip(self._columns[1:], self.way.captions, strict=True):
            lines = self._styles.wrap(caption, column.width)
            y = self._header_bottom - sum(style.line_height for _, style in lines)
            for text, style in lines:
                write(canvas, text, self._ink if style.bold else self._muted, column.x, y, style)
                y += style.line_height
        x, y = self._note_corner
        for number, line in enumerate(self._note):
            write(canvas, line, self._muted, x, y + number * self._detail.line_height, self._detail)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw the values of all layers, and the answers."""
        for drawing in self._layers:
            drawing.draw(canvas, state)
        if self._answers is not None:
            self._answers.draw(canvas, state)


def _shows_some(layer: FlowLayer, spacing: Spacing) -> bool:
    """Whether some channels of a layer with maps are left out."""
    count = layer.count_cells(spacing)
    return count is not None and count < layer.info.map_shape[0]


class LayerKey(Still):
    """A bar as wide as its box, with the limits of a layer's colors below its ends.

    Args:
        tap: The layer.
        context: The run.
        box: Its upper left corner and its width.
        palette: Where inks come from.
    """

    def __init__(self, tap: str, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme, self._limits = context.theme, context.view(tap).limits
        self._box, self._style = box, key_style(context)
        self._thickness, self._line = context.px(KEY_THICKNESS), context.px(1)
        self._muted = palette.ramp(theme.muted, theme.background)
        self._faint = palette.ramp(theme.faint, theme.faint, 1)
        self._map = palette.colormap(self._limits.select_anchors(theme))
        self._is_constant = self._limits.low == self._limits.high

    @staticmethod
    def height(context: SceneContext) -> int:
        """Pixels of the bar and its limits."""
        return context.px(KEY_THICKNESS + 1) + key_style(context).line_height

    @staticmethod
    def min_width(tap: str, context: SceneContext) -> int:
        """Pixels of the two limits side by side."""
        low, high = context.view(tap).limits.labels
        style = key_style(context)
        return style.width(low) + style.width(high) + style.size

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the bar in its frame, and write the limits."""
        box, style = self._box, self._style
        width = 2 * style.size if self._is_constant else box.width
        frame = Box(box.x, box.y, width, self._thickness)
        fill_box(canvas, frame, self._faint)
        indices, inner = self._map.indices_for(canvas), frame.expand(-self._line)
        last = 0 if self._is_constant else len(indices) - 1
        levels = np.rint(np.linspace(0, last, inner.width)).astype(np.intp)
        draw_picture(canvas, indices[levels][None], inner)
        low, high = self._limits.labels
        y = frame.bottom + self._line
        write(canvas, low, self._muted, box.x, y, style)
        if not self._is_constant:
            write(canvas, high, self._muted, box.right, y, style, anchor="right")


def key_style(context: SceneContext) -> TextStyle:
    """The font of the limits."""
    return text_style(context.theme, 0.8 * context.theme.text)
