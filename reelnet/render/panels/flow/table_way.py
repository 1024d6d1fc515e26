"""How a table of layers fills its room: the columns, and for one spacing of the cells all widths and heights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from reelnet.render.panels.flow.answer_column import AnswerColumn
from reelnet.render.panels.flow.arrangement import Caption, CaptionStyles, Spacing
from reelnet.render.panels.flow.input_part import InputPart
from reelnet.render.panels.flow.layers import BandLayer, FlowLayer, MapLayer
from reelnet.scene.layout.boxes import Size

GOOD_SAMPLES = 4
"""Samples beyond which more do not make a better picture."""
MAX_LINE_ASPECT, MAX_BAND_ASPECT, MAX_LINE_SHARE = 2, 8, 1 / 8
"""Width to height, at most, of a sample that is drawn as a line, and of all bands of a layer together; and the part
of the width that a line may take."""


@dataclass(frozen=True)
class Table:
    """What the columns are, whatever their sizes.

    Attributes:
        source: The sample with which each row begins; sizes are the same for all samples.
        layers: The layers, in order.
        answers: The last column; None without a class output.
        styles: Fonts of the headers.
        min_slots: The least width of each layer, for the key of its colors.
        between: Least pixels between two columns.
        room: Pixels for everything but keys and notes.
        measured: Widths of layers by their spacing, for the search, which asks for the same again and again.
    """

    source: InputPart
    layers: Sequence[FlowLayer]
    answers: AnswerColumn | None
    styles: CaptionStyles
    min_slots: Sequence[int]
    between: int
    room: Size
    measured: dict[tuple[str, Spacing], int] = field(default_factory=dict)

    def select(self, numbers: Sequence[int]) -> Table:
        """The same with some of the layers."""
        return replace(
            self,
            layers=[self.layers[number] for number in numbers],
            min_slots=[self.min_slots[number] for number in numbers],
        )

    def measure_slot(self, layer: FlowLayer, spacing: Spacing, least: int) -> int:
        """Pixels across of a layer with its header, at least `least`."""
        key = layer.tap, spacing
        if key not in self.measured:
            header = self.styles.min_width(layer.caption_at(spacing))
            self.measured[key] = max(layer.size_at(spacing).width, header, least)
        return self.measured[key]

    @property
    def has_maps(self) -> bool:
        """Whether a layer has maps, which are equally large in all layers."""
        return any(isinstance(layer, MapLayer) for layer in self.layers)


@dataclass(frozen=True)
class TableWay:
    """One way to fill the room.

    Attributes:
        table: The columns.
        spacing: The cells of layers with maps, for one sample. Its height is that of vectors and bands.
        samples: How many samples are shown.
    """

    table: Table
    spacing: Spacing
    samples: int

    @property
    def layers(self) -> Sequence[FlowLayer]:
        """The layers."""
        return self.table.layers

    @cached_property
    def input_size(self) -> Size:
        """A sample: as large as two by two cells, or as one if there is one row of them."""
        spacing, (height, width) = self.spacing, self.table.source.picture.shape[1:3]
        side = spacing.span(min(2, spacing.rows))
        if self.table.source.is_sequence:
            most = round(MAX_LINE_SHARE * self.table.room.width)
            return Size(min(MAX_LINE_ASPECT * spacing.height, most), spacing.height)
        longest = min(round(side * math.sqrt(max(height, width) / min(height, width))), 2 * spacing.height)
        longest = min(longest, spacing.height) if height > width else longest
        return self.table.source.size_at(Spacing(1, longest + spacing.gap, spacing.gap, 1, longest))

    @cached_property
    def answer_width(self) -> int:
        """Pixels across of the answers; 0 without them."""
        answers = self.table.answers
        if answers is None:
            return 0
        return max(answers.width_at(self.spacing.height), self.table.styles.min_width(answers.caption))

    @cached_property
    def free(self) -> int:
        """Pixels across that are left for vectors and bands."""
        table = self.table
        maps = [
            self._slot(number, self.spacing)
            for number, layer in enumerate(table.layers)
            if isinstance(layer, MapLayer)
        ]
        columns = len(table.layers) + (table.answers is not None)
        least = max(self.input_size.width, table.styles.detail.width("input"))
        return table.room.width - least - sum(maps) - self.answer_width - table.between * columns

    def _slot(self, number: int, spacing: Spacing) -> int:
        """Pixels across of a layer with its header."""
        return self.table.measure_slot(self.layers[number], spacing, self.table.min_slots[number])

    @cached_property
    def spacings(self) -> list[Spacing]:
        """The cells of each layer: vectors and bands share the width that is free."""
        height, spacing, free = self.spacing.height, self.spacing, max(0, self.free)
        found = [spacing] * len(self.layers)
        flexible = [number for number, layer in enumerate(self.layers) if not isinstance(layer, MapLayer)]
        # Vectors take what they need, bands the rest.
        flexible.sort(key=lambda number: isinstance(self.layers[number], BandLayer))
        for place, number in enumerate(flexible):
            share = min(free // (len(flexible) - place), MAX_BAND_ASPECT * height)
            width = max(share, self.table.min_slots[number], 1)
            found[number] = Spacing(1, width + spacing.gap, spacing.gap, spacing.channels, height)
            free -= self._slot(number, found[number])
        return found

    @cached_property
    def slots(self) -> list[int]:
        """Pixels across of the sample, of each layer with its header, and of the answers."""
        layers = [self._slot(number, spacing) for number, spacing in enumerate(self.spacings)]
        inputs = max(self.input_size.width, self.table.styles.detail.width("input"))
        return [inputs, *layers, *[self.answer_width] * (self.table.answers is not None)]

    @cached_property
    def sizes(self) -> list[Size]:
        """The sizes of the layers."""
        return [layer.size_at(spacing) for layer, spacing in zip(self.layers, self.spacings, strict=True)]

    @property
    def captions(self) -> list[Caption]:
        """The headers of the layers, and of the answers."""
        pairs = zip(self.layers, self.spacings, strict=True)
        captions = [layer.caption_at(spacing) for layer, spacing in pairs]
        return captions if self.table.answers is None else [*captions, self.table.answers.caption]

    @cached_property
    def row_height(self) -> int:
        """Pixels of the row of a sample."""
        answers = self.table.answers.min_height if self.table.answers is not None else 0
        return max(self.input_size.height, answers, *(size.height for size in self.sizes))

    @cached_property
    def header_height(self) -> int:
        """Pixels of the names of the layers."""
        pairs = zip(self.captions, self.slots[1:], strict=True)
        return max(self.table.styles.height(caption, width) for caption, width in pairs)

    def fits(self, row_gap: int, header_gap: int) -> bool:
        """Whether there is room for everything."""
        table, columns = self.table, len(self.slots) - 1
        if self.free < 0 or sum(self.slots) + table.between * columns > table.room.width:
            return False
        return self.header_height + header_gap + self.rows_height(row_gap) <= table.room.height

    def row_pitch(self, row_gap: int) -> int:
        """Pixels from a row to the next, at least `row_gap` apart."""
        return self.table.source.context.grid.round_up(self.row_height + row_gap)

    def rows_height(self, row_gap: int) -> int:
        """Pixels of all rows."""
        return (self.samples - 1) * self.row_pitch(row_gap) + self.row_height

    @property
    def side(self) -> int:
        """The longer side of the smallest maps in pixels; without maps, the height of a sample."""
        sides = (layer.map_side(self.spacing) for layer in self.layers)
        return min(filter(None, sides), default=self.spacing.height)

    @property
    def score(self) -> float:
        """The area of all maps, more for large ones, and less for what is left out and cells that are not filled."""
        few: float = (min(self.samples, GOOD_SAMPLES) / GOOD_SAMPLES) ** 1.5
        if not self.table.has_maps:
            return few * self.side
        cells = [
            (count, layer.map_side(self.spacing) or 0)
            for layer in self.layers
            if (count := layer.count_cells(self.spacing)) is not None
        ]
        loose = replace(self.spacing, rows=1)
        wanted = sum(layer.count_cells(loose) or 0 for layer in self.layers)
        shown, area = sum(count for count, _ in cells), sum(count * side**2 for count, side in cells)
        fill = min(1.0, self.side / self.spacing.cell)
        return self.samples * few * area * math.sqrt(self.side) * fill * shown / wanted
