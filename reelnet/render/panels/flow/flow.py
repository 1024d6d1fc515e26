"""The panel `flow`: what the layers make of one sample, from the picture to the probabilities."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import Field

from reelnet.render.canvas import stamp, write
from reelnet.render.panels.flow.arrangement import (
    Candidate,
    CaptionStyles,
    Part,
    PlacedPart,
    Room,
    arrange_parts,
    spread,
)
from reelnet.render.panels.flow.bands import rasterize_band, rasterize_fade
from reelnet.render.panels.flow.input_part import InputDrawing, InputPart
from reelnet.render.panels.flow.layer_choice import check_layers
from reelnet.render.panels.flow.layer_drawing import LayerDrawing
from reelnet.render.panels.flow.layers import FlowLayer, MapLayer, make_layer
from reelnet.render.panels.flow.layers_panel import LayersPanel
from reelnet.render.panels.flow.probabilities import ProbabilityDrawing, ProbabilityPart
from reelnet.render.panels.maps.hatching import MISSING_LABEL
from reelnet.render.typography import body_style, text_style, wrap_text
from reelnet.scene.answers.sample_choice import HARDEST, SampleOption, find_sample
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.class_scores import ClassScores
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure, Size
from reelnet.scene.palette.color_names import describe_scales
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, LevelMaps
from reelnet.template.color import mix_colors

MIN_PITCH, MIN_GAP, LEGIBLE_SIDE = 16, 5, 52
"""Pixels of the layout: at least from one cell to the next, and between them; side of maps that are large enough."""
BAND_STRENGTH = 0.75
"""How strong bands are, of 1 for faint lines."""
FADE = 20
"""Pixels of the layout in which a band fades where a line ends."""
MIN_EMS, CAPTION_EMS = 6, 7
"""Least height in ems of the theme's text: of the cells, and of the texts below them."""
CAPTION_GAP = 12
"""Pixels of the layout between cells and their captions."""
MAX_NOTE_LINES, NOTE_GAP = 3, 16
"""Lines of the note below, and pixels of the layout above it."""


class Flow(LayersPanel):
    """One sample's way through the network: its picture, the recorded layers in their order, and the probabilities.

    Of a layer with many channels, those are shown that differ most from each other. Without a class output, the flow
    ends with the last layer.
    """

    sample: SampleOption = HARDEST
    channels: Annotated[int, Field(ge=1, le=64)] = Field(
        16, description="Maximum number of channels per layer. If space is short, fewer are shown."
    )
    colors: bool = Field(
        True,
        description="Explain the colors in a line below; the field {colors} of a text can explain "
        "them elsewhere.",
    )

    def measure(self, context: SceneContext) -> Measure:
        """Measure the least space; it fills its box."""
        check_layers(self.layers, context)
        self.check_names(context)
        scores, size = self.find_scores(context), context.theme.text
        position = find_sample(self.sample, context, scores)
        ends = [ProbabilityPart(context, scores, position).min_height] if scores is not None else []
        below = CAPTION_EMS * size + context.px(NOTE_GAP + CAPTION_GAP)
        least = context.grid.round_up(max([MIN_EMS * size, *ends])) + below
        return Measure(80 * size, 26 * size, 20 * size, lambda _width: least)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> FlowDrawing:
        """Arrange the layers in the box."""
        return FlowDrawing(self, context, box, palette)


class FlowDrawing:
    """The parts in their places."""

    def __init__(self, panel: Flow, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme, self._context = context.theme, context
        scores = panel.find_scores(context)
        position = find_sample(panel.sample, context, scores)
        self._detail_style = text_style(theme, 0.88 * theme.text)
        self._styles = CaptionStyles(body_style(theme, bold=True), self._detail_style)
        self._says_colors = panel.colors
        self._layer_count = len(panel.layers or panel.list_layers(context))
        self._layers = [make_layer(context, name) for name in panel.find_layers(context)]
        start, end = InputPart(context, position), _make_end(context, scores, position)
        for lines in range(MAX_NOTE_LINES + 1):
            note_gap = context.px(NOTE_GAP) if lines else 0
            note_height = note_gap + lines * self._detail_style.line_height
            size = Size(box.width, box.height - note_height)
            found = self._arrange(panel, size, start, end)
            if found is None:
                raise ValueError(f"has {context.format_size((box.width, box.height))} pixels; give it more")
            self._arrangement, self._parts = found, found.parts
            note = self._write_note()
            self._note = wrap_text(note, box.width, self._detail_style) if note else []
            if len(self._note) <= lines:
                break
        arranged = self._arrangement
        content = arranged.height + note_height
        # Space that is left over is above, between and below the lines.
        lines = len(arranged.lines or [])
        space = context.grid.round_down(max(0, box.height - content) // (lines + 1))
        self._placed = [_move(part, box.x, box.y + (part.line + 1) * space) for part in arranged.place()]
        self._note_corner = box.x, box.y + lines * space + arranged.height + note_gap
        self._band_color = mix_colors(theme.faint, theme.background, BAND_STRENGTH)
        self._band_ink = palette.ramp(self._band_color, theme.background, 8)
        self._muted, self._ink = palette.ramps(theme.background, theme.muted, theme.ink)
        self._layer_drawings: list[LayerDrawing] = []
        self._bars: ProbabilityDrawing | None = None
        sample = context.sample_indices[position]
        for place in self._placed:
            part = self._parts[place.number]
            if isinstance(part, FlowLayer):
                self._layer_drawings.append(LayerDrawing(part, arranged.spacing, place.box, sample, palette))
            elif isinstance(part, ProbabilityPart):
                self._bars = ProbabilityDrawing(part, place.box, palette, self._band_color)
            elif isinstance(part, InputPart):
                self._input = InputDrawing(part, place.box, palette)

    def _arrange(self, panel: Flow, size: Size, start: Part, end: list[Part]) -> Candidate | None:
        context, px, grid = self._context, self._context.px, self._context.grid
        gap, step = grid.round_up(px(MIN_GAP)), grid.step if grid.step > 1 else px(4)
        has_maps = any(isinstance(layer, MapLayer) for layer in self._layers)
        least, most = px(MIN_PITCH), gap + (round(context.cell_size) if has_maps else size.height)
        pitches = range(grid.round_up(least), max(least, most) + gap, step)
        room = Room(
            size,
            grid,
            pitches,
            gap,
            between=px(28),
            most_between=px(56),
            line_gap=px(24),
            caption_gap=px(CAPTION_GAP),
            legible=px(LEGIBLE_SIDE),
            styles=self._styles,
        )

        def make_parts(count: int) -> list[Part]:
            return [start, *(self._layers[each] for each in spread(count, len(self._layers))), *end]

        channels = min(panel.channels, context.max_channels or panel.channels)
        return arrange_parts(make_parts, len(self._layers), channels, room)

    @property
    def _shown_layers(self) -> list[FlowLayer]:
        return [part for part in self._parts if isinstance(part, FlowLayer)]

    def _write_note(self) -> str:
        """What the colors mean, and what is left out."""
        context, spacing, shown = self._context, self._arrangement.spacing, self._shown_layers
        limits = [context.view(layer.tap).limits for layer in shown]
        notes = [describe_scales(limits, context.theme) if self._says_colors else ""]
        if any(context.statistics.has_nonfinite(layer.tap) for layer in shown):
            notes.append(f"hatched: {MISSING_LABEL}")
        total = self._layer_count
        if len(shown) < total:
            notes.append(f"{len(shown)} of {total} layers, spread by depth")
        reductions = [note for layer in shown if (note := layer.reduction_at(spacing))]
        notes += reductions
        return " ".join(f"{note[:1].upper()}{note[1:]}." for note in notes if note)

    def level_maps(self) -> list[LevelMaps]:
        """The maps of all layers, for quantization over time."""
        return [drawing.level_maps() for drawing in self._layer_drawings]

    def cell_regions(self) -> list[CellRegion]:
        """The maps of all layers, and the picture."""
        regions = [drawing.cell_region() for drawing in self._layer_drawings]
        return [*regions, *self._input.cell_regions()]

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the picture, the bands and all captions."""
        self._input.draw(canvas)
        self._draw_bands(canvas)
        if self._bars is not None:
            self._bars.draw_still(canvas)
        for place in self._placed:
            caption, y = self._arrangement.captions[place.number], place.caption_y
            middle = place.box.x + place.box.width // 2
            for text, style in self._styles.wrap(caption, place.slot_width):
                ink = self._ink if style.bold else self._muted
                write(canvas, text, ink, middle, y, style, anchor="middle")
                y += style.line_height
        x, y = self._note_corner
        for number, line in enumerate(self._note):
            write(
                canvas, line, self._muted, x, y + number * self._detail_style.line_height, self._detail_style
            )

    def _draw_bands(self, canvas: Canvas) -> None:
        """Draw a band from each part to the next one; from one line to the next, it fades out and in."""
        gap, fade = self._arrangement.spacing.gap, self._context.px(FADE)
        for left, right in pairwise(self._placed):
            if left.line == right.line:
                start, end = left.box.right + gap, right.box.x - gap
                mask, top = rasterize_band(left.box, right.box, start, end - start)
                stamp(canvas, mask, self._band_ink, start, top)
                continue
            out = rasterize_fade(left.box.height, fade, comes=False)
            stamp(canvas, out, self._band_ink, left.box.right + gap, left.box.y)
            back = rasterize_fade(right.box.height, fade, comes=True)
            stamp(canvas, back, self._band_ink, right.box.x - gap - fade, right.box.y)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw the values of all layers and the probabilities."""
        for drawing in self._layer_drawings:
            drawing.draw(canvas, state)
        if self._bars is not None:
            self._bars.draw(canvas, state)


def _make_end(context: SceneContext, scores: ClassScores | None, position: int) -> list[Part]:
    return [ProbabilityPart(context, scores, position)] if scores is not None else []


def _move(part: PlacedPart, x: int, y: int) -> PlacedPart:
    """The part at its place on the canvas."""
    box = Box(x + part.box.x, y + part.box.y, part.box.width, part.box.height)
    return PlacedPart(part.number, part.line, x + part.slot_x, part.slot_width, box, y + part.caption_y)
