"""The panel `layers`: a row per sample and a column per layer, with several channels of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from reelnet.config.spec import convert_to_tuple
from reelnet.render.canvas import write
from reelnet.render.panels.flow.arrangement import CaptionStyles, Spacing, spread
from reelnet.render.panels.flow.input_part import InputDrawing, InputPart
from reelnet.render.panels.flow.layer_choice import check_layers, choose_layers, list_layers
from reelnet.render.panels.flow.layer_key import LayerKey
from reelnet.render.panels.flow.layers import FlowLayer, LayerDrawing, make_layer
from reelnet.render.panels.maps.colorbar import ColorbarDrawing, ColorbarLayout
from reelnet.render.typography import body_style, text_style, wrap_text
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, LevelMaps, Panel
from reelnet.template.selector import select_indices
from reelnet.template.theme import LimitKind

MIN_PITCH, MAX_PITCH, GAP, LEGIBLE_PITCH = 12, 160, 3, 24
"""Pixels of the layout from one channel to the next: at least, at most, of which the gap, and of legible maps."""
BETWEEN, MAX_BETWEEN, ROW_GAP, MAX_ROW_GAP = 20, 160, 10, 24
"""Pixels of the layout between two layers, and between two samples: at least, and where there is room."""
HEADER_GAP, KEY_GAP = 8, 10
"""Pixels of the layout between the names of the layers and the maps, and around the keys of the colors."""
MAX_ROWS = 8
"""Rows of channels in the row of a sample."""
MAX_NOTE_LINES = 3


class LayerTable(Panel):
    """All recorded layers side by side in the order of depth, some channels of each; rows are samples.

    Of a layer with many channels, those are shown that differ most from each other; of many layers, some that are
    spread by depth. One color bar explains all colors if the scales agree, or else each layer has its own.
    """

    default_grow: ClassVar[float] = 1.0
    has_cells: ClassVar[bool] = True

    layers: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        description="The layers, in this order; by default those that were recorded, of more than 8 some that are "
        "spread by depth. Where there is no space, fewer are shown.",
    )
    channels: Annotated[int, Field(ge=1, le=64)] = Field(8, description="The most channels of a layer.")

    @field_validator("layers", mode="before")
    @classmethod
    def _convert_list(cls, value: Any) -> Any:
        return convert_to_tuple(value)

    def find_layers(self, context: SceneContext) -> list[str]:
        """The layers that are shown if there is room."""
        return list(self.layers) if self.layers is not None else choose_layers(list_layers(context), context)

    def notes(self, context: SceneContext) -> tuple[str, ...]:
        """How many samples are left out for lack of room."""
        shown = len(context.sample_indices)
        asked = len(select_indices(context.samples_spec.show, context.sample_count, "sample"))
        left_out = f"has room for {shown} of {asked} samples; give it more height, or show fewer"
        return (left_out,) if shown < asked else ()

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        """The layers."""
        return tuple(dict.fromkeys(self.find_layers(context)))

    def map_layers(self, context: SceneContext) -> tuple[str, ...]:
        """The layers, if they share their limits; otherwise they need no common size of cells."""
        return tuple(self.find_layers(context)) if context.theme.limits.kind is LimitKind.SHARED else ()

    def measure(self, context: SceneContext) -> Measure:
        """Measure the least space; it fills its box."""
        check_layers(self.layers, context)
        size = context.theme.text
        least = context.grid.round_up(12 * size)
        return Measure(80 * size, 24 * size, 20 * size, lambda _width: least)

    def count_samples(self, context: SceneContext, box: Box) -> int:
        """How many rows the box has room for."""
        return self.place(context, box, PaletteBuilder(context.theme.levels)).way.samples

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> LayerTableDrawing:
        """Choose how many layers, samples and rows of channels the box has room for."""
        return LayerTableDrawing(self, context, box, palette)


@dataclass(frozen=True)
class TableWay:
    """One way to fill the box.

    Attributes:
        source: The sample with which each row begins; sizes are the same for all samples.
        layers: The layers, in order.
        spacing: The cells of a layer, for one sample.
        samples: How many samples are shown.
        styles: Fonts of the headers.
        min_slot: Least width of a layer, for the key of its colors.
    """

    source: InputPart
    layers: Sequence[FlowLayer]
    spacing: Spacing
    samples: int
    styles: CaptionStyles
    min_slot: int

    @cached_property
    def slots(self) -> list[int]:
        """Pixels across of the sample and of each layer, with its header."""
        least = [self.styles.min_width(layer.caption_at(self.spacing)) for layer in self.layers]
        widths = [layer.size_at(self.spacing).width for layer in self.layers]
        inputs = self.source.size_at(self.spacing).width
        return [max(inputs, self.styles.detail.width("input"))] + [
            max(width, min_width, self.min_slot) for width, min_width in zip(widths, least, strict=True)
        ]

    @cached_property
    def row_height(self) -> int:
        """Pixels of the row of a sample."""
        heights = [layer.size_at(self.spacing).height for layer in self.layers]
        return max(self.source.size_at(self.spacing).height, self.spacing.height * bool(self.side), *heights)

    @property
    def header_height(self) -> int:
        """Pixels of the names of the layers."""
        pairs = zip(self.layers, self.slots[1:], strict=True)
        return max(self.styles.height(layer.caption_at(self.spacing), width) for layer, width in pairs)

    @property
    def side(self) -> int:
        """The longer side of the smallest maps in pixels; 0 if no layer has maps."""
        return min(filter(None, (layer.map_side(self.spacing) for layer in self.layers)), default=0)

    @property
    def score(self) -> float:
        """The area of all maps, less for samples and channels that are left out."""
        if not self.side:
            return float(self.samples**2 * self.spacing.pitch)
        cells = [
            (count, layer.map_side(self.spacing) or 0)
            for layer in self.layers
            if (count := layer.count_cells(self.spacing)) is not None
        ]
        loose = replace(self.spacing, rows=1)
        wanted = sum(layer.count_cells(loose) or 0 for layer in self.layers)
        shown, area = sum(count for count, _ in cells), sum(count * side**2 for count, side in cells)
        return self.samples**2 * area * shown / wanted


class LayerTableDrawing:
    """The layers in their places.

    Attributes:
        way: How the box is filled.
    """

    def __init__(self, panel: LayerTable, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme, self._context, px = context.theme, context, context.px
        self._detail = text_style(theme, 0.88 * theme.text)
        self._styles = CaptionStyles(body_style(theme, bold=True), self._detail)
        names = panel.find_layers(context)
        self._total = len(panel.layers or list_layers(context))
        limits = [context.view(name).limits for name in names]
        self._is_shared = all(each.means_the_same(limits[0]) for each in limits)
        every = [make_layer(context, name) for name in names]
        self._min_slot = 0 if self._is_shared else max(LayerKey.min_width(name, context) for name in names)
        self._key_height = px(KEY_GAP) + max(LayerKey.height(context), body_style(theme).line_height)
        for lines in range(1, MAX_NOTE_LINES + 1):
            below = self._key_height + px(KEY_GAP) + lines * self._detail.line_height
            way = self._choose(panel, every, Box(box.x, box.y, box.width, box.height - below))
            if way is None:
                raise ValueError(f"has {box.width}×{box.height} pixels; give it more")
            self.way = way
            self._note = wrap_text(self._write_note(), box.width, self._detail)
            if len(self._note) <= lines:
                break
        self._muted, self._ink = palette.ramps(theme.background, theme.muted, theme.ink)
        self._place(box, palette)

    def _choose(self, panel: LayerTable, every: Sequence[FlowLayer], room: Box) -> TableWay | None:
        """The way with the most layers whose maps are legible, and of these with the largest maps."""
        best: TableWay | None = None
        for number in range(len(every), 0, -1):
            layers = [every[place] for place in spread(number, len(every))]
            ways = [way for rows in range(1, MAX_ROWS + 1) if (way := self._fit(panel, layers, rows, room))]
            found = max(ways, key=lambda way: way.score, default=None)
            if found is None:
                continue
            if found.spacing.pitch >= self._context.px(LEGIBLE_PITCH):
                return found
            if best is None or found.score > best.score:
                best = found
        return best

    def _fit(self, panel: LayerTable, layers: Sequence[FlowLayer], rows: int, room: Box) -> TableWay | None:
        """The largest cells that fit, with `rows` rows of channels per sample; None if none do."""
        context, px, grid = self._context, self._context.px, self._context.grid
        gap, step = grid.round_up(px(GAP)) if grid.step <= 4 else px(4), grid.step if grid.step > 1 else px(4)
        count, channels = (
            len(context.sample_indices),
            min(panel.channels, context.max_channels or panel.channels),
        )
        best: TableWay | None = None
        for pitch in range(grid.round_down(px(MAX_PITCH)), px(MIN_PITCH) - 1, -step):
            spacing = Spacing(rows, pitch, gap, channels, room.height)
            source = InputPart(context, 0)
            way = TableWay(source, layers, spacing, 1, self._styles, self._min_slot)
            if sum(way.slots) + px(BETWEEN) * len(layers) + grid.step > room.width:
                continue
            available = room.height - way.header_height - px(HEADER_GAP) + px(ROW_GAP)
            fitting = min(count, available // (way.row_height + grid.round_up(px(ROW_GAP))))
            if fitting < 1:
                continue
            way = TableWay(source, layers, spacing, fitting, self._styles, self._min_slot)
            if best is None or way.score > best.score:
                best = way
        return best

    def _write_note(self) -> str:
        """What is shown, and what is left out."""
        way, context, notes = self.way, self._context, list[str]()
        shown, samples = len(way.layers), len(context.sample_indices)
        left_out = [layer for layer in way.layers if _shows_some(layer, way.spacing)]
        if shown < self._total:
            notes.append(f"{shown} of {self._total} layers, spread by depth")
        if left_out:
            notes.append("of layers with more channels, those that differ most")
        if way.samples < samples:
            # Other panels show more.
            notes.append(f"the first {way.samples} of {samples} samples")
        notes += [note for layer in way.layers if (note := layer.reduction_at(way.spacing))]
        return " ".join(f"{note[:1].upper()}{note[1:]}." for note in notes)

    def _place(self, box: Box, palette: PaletteBuilder) -> None:
        """Find all boxes, and make the drawings."""
        way, px, grid = self.way, self._context.px, self._context.grid
        spaces = len(way.layers)
        # The last layer may begin up to a step of the grid later.
        between = min(px(MAX_BETWEEN), (box.width - sum(way.slots) - grid.step + 1) // spaces)
        note_height = len(self._note) * self._detail.line_height + px(KEY_GAP) * bool(self._note)
        content = (
            way.header_height + px(HEADER_GAP) + way.samples * way.row_height + self._key_height + note_height
        )
        free = (box.height - content) // max(1, way.samples - 1) if way.samples > 1 else 0
        row_gap = max(grid.round_up(px(ROW_GAP)), grid.round_down(min(free, px(MAX_ROW_GAP))))
        self._header_bottom = box.y + way.header_height
        top = grid.round_up(self._header_bottom + px(HEADER_GAP))
        ys = [top + number * grid.round_up(way.row_height + row_gap) for number in range(way.samples)]
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
        bottom = ys[-1] + way.row_height
        self._keys = list(self._make_keys(bottom + px(KEY_GAP), palette))
        self._note_corner = box.x, bottom + self._key_height + px(KEY_GAP) // 2

    def _make_inputs(self, ys: Sequence[int], palette: PaletteBuilder) -> Iterator[InputDrawing]:
        way, grid = self.way, self._context.grid
        for number, y in enumerate(ys):
            part = InputPart(self._context, number)
            size = part.size_at(way.spacing)
            down = grid.center(way.row_height - size.height)
            yield InputDrawing(part, Box(self._columns[0].x, y + down, size.width, size.height), palette)

    def _make_layers(self, ys: Sequence[int], palette: PaletteBuilder) -> Iterator[LayerDrawing]:
        way, grid = self.way, self._context.grid
        for column, layer in zip(self._columns[1:], way.layers, strict=True):
            size = layer.size_at(way.spacing)
            down = grid.center(way.row_height - size.height)
            for sample, y in zip(self._context.sample_indices, ys, strict=False):
                box = Box(column.x, y + down, size.width, size.height)
                yield LayerDrawing(layer, way.spacing, box, sample, palette)

    def _make_keys(self, y: int, palette: PaletteBuilder) -> Iterator[LayerKey | ColorbarDrawing]:
        """One key for all, or one below each layer."""
        context, way = self._context, self.way
        if self._is_shared:
            tap = way.layers[0].tap
            taps = [layer.tap for layer in way.layers]
            has_missing = any(map(context.statistics.has_nonfinite, taps))
            bar = ColorbarLayout(context, context.view(tap).limits, has_missing=has_missing)
            width = bar.quantity_width + bar.limits_width + 10 * context.theme.text
            yield ColorbarDrawing(bar, Box(self._columns[1].x, y, width, bar.height), palette)
            return
        for column, layer in zip(self._columns[1:], way.layers, strict=True):
            width = max(layer.size_at(way.spacing).width, column.width)
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
        for key in self._keys:
            key.draw_still(canvas)
        style, column = self._detail, self._columns[0]
        write(canvas, "input", self._muted, column.x, self._header_bottom - style.line_height, style)
        for column, layer in zip(self._columns[1:], self.way.layers, strict=True):
            lines = self._styles.wrap(layer.caption_at(self.way.spacing), column.width)
            y = self._header_bottom - sum(style.line_height for _, style in lines)
            for text, style in lines:
                write(canvas, text, self._ink if style.bold else self._muted, column.x, y, style)
                y += style.line_height
        x, y = self._note_corner
        for number, line in enumerate(self._note):
            write(canvas, line, self._muted, x, y + number * self._detail.line_height, self._detail)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw the values of all layers."""
        for drawing in self._layers:
            drawing.draw(canvas, state)


def _shows_some(layer: FlowLayer, spacing: Spacing) -> bool:
    """Whether some channels of a layer with maps are left out."""
    count = layer.count_cells(spacing)
    return count is not None and count < layer.info.map_shape[0]
