"""Layers in a flow: maps in cells, vectors as grids of values, and sequences as bands."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.render.panels.flow.arrangement import Caption, Part, Spacing, keep_together
from reelnet.scene.cell import Cell
from reelnet.scene.channel_choice import ChannelChoice
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Size
from reelnet.scene.wording import name_layer
from reelnet.template.selector import Selector

MAX_DROPPED = 1 / 8
"""Fraction of the channels that may be left out so that no place in the last column stays blank."""
MIN_REDUCED_FILL = 0.75
"""Fraction of the side of a cell that a reduced map should fill."""
MAX_VALUE_PITCH, MIN_VALUE_PITCH, VALUE_PITCH_STEP = 24, 6, 2
"""Pixels of the layout from one value of a vector to the next: at most, at least, and how much two differ."""
MIN_GAP_PITCH = 8
"""Pitch from which on there is a gap between the values of a vector, so that they are not read as a map."""
MAX_VECTOR_COLUMNS, MAX_BAND_COLUMNS = 2, 4
"""Columns of cells that a vector and a sequence may take; a vector of which some values are shown takes one."""
BAND_GAP = 3
"""Pixels of the layout between two bands."""


def make_layer(context: SceneContext, tap: str) -> FlowLayer:
    """The part for a layer, by the shape of its activations."""
    info = context.require(tap)
    if info.shape[2:] == (1, 1) or (info.is_grid and info.map_shape[0] == 1):
        return VectorLayer(context, tap)
    return (BandLayer if info.map_shape[1] == 1 else MapLayer)(context, tap)


class FlowLayer(Part):
    """One layer of the flow, for one sample.

    Args:
        context: The run.
        tap: Name of the layer.
    """

    def __init__(self, context: SceneContext, tap: str) -> None:
        self.context, self.tap, self.info = context, tap, context.require(tap)

    @abstractmethod
    def tiles_at(self, spacing: Spacing, box: Box) -> Tiles:
        """Where its values are drawn."""

    def reduction_at(self, spacing: Spacing) -> str:
        """In words by how much its maps are reduced; empty if each value is shown."""
        return ""


@dataclass(frozen=True)
class Tiles:
    """Where the values of a layer are drawn.

    Attributes:
        channels: The channels that are shown, in their order.
        order: Which values of these channels, reduced if they are, go into each tile: indices into the flattened
            (channels, height, width), of shape (tiles, rows, columns); −1 for none.
        boxes: The box of each tile.
        value_size: Height and width of a value in pixels, with the gap after it.
        value_gap: Pixels between two values.
        cell: How the maps are reduced before; its size does not matter.
    """

    channels: tuple[int, ...]
    order: NDArray[np.intp]
    boxes: tuple[Box, ...]
    value_size: tuple[int, int]
    cell: Cell
    value_gap: int = 0


def limit_channels(most: int, layer: FlowLayer) -> int:
    """The number of channels of a layer that are shown. Dead ones are left out unless all channels fit."""
    total, signatures = layer.info.map_shape[0], layer.context.statistics.signatures(layer.tap)
    alive = total - int(np.count_nonzero(signatures.dead))
    return total if most >= total else min(most, alive or most)


class MapLayer(FlowLayer):
    """A layer with maps: one cell per channel, a square, or of the maps' own shape and as large as a square."""

    def _count_shown(self, spacing: Spacing) -> int:
        """The number of channels: all, or as many as fill whole columns if others are left out anyway, or few are."""
        total, rows = self.info.map_shape[0], self._count_rows(spacing)
        shown = limit_channels(spacing.channels, self)
        rest = shown % rows
        is_whole = shown < rows or (shown == total and rest > MAX_DROPPED * total)
        return shown if is_whole else limit_channels(shown - rest, self)

    def count_cells(self, spacing: Spacing) -> int | None:
        """The number of channels that are shown."""
        return self._count_shown(spacing)

    def count_places(self, spacing: Spacing) -> int:
        """Rows times columns."""
        return math.prod(self._split(spacing))

    def _find_factor(self, spacing: Spacing) -> int:
        return math.ceil(math.sqrt(math.prod(self.info.map_shape[1:])) / spacing.cell)

    def _reduce_shape(self, spacing: Spacing) -> tuple[int, int]:
        factor = self._find_factor(spacing)
        height, width = (-(-side // factor) for side in self.info.map_shape[1:])
        return height, width

    def _find_scale(self, spacing: Spacing) -> int:
        return max(1, int(spacing.cell / math.sqrt(math.prod(self._reduce_shape(spacing)))))

    def _measure_cell(self, spacing: Spacing) -> Size:
        """A cell: a square, which layers with maps of other sizes share, or as large as a map that is none."""
        (height, width), scale = self._reduce_shape(spacing), self._find_scale(spacing)
        return Size(spacing.cell, spacing.cell) if height == width else Size(width * scale, height * scale)

    def _measure_pitches(self, spacing: Spacing) -> tuple[int, int]:
        """Pixels from a cell to the one below it, and to the one right of it."""
        cell, grid = self._measure_cell(spacing), self.context.grid
        return grid.round_up(cell.height + spacing.gap), grid.round_up(cell.width + spacing.gap)

    def _count_rows(self, spacing: Spacing) -> int:
        return max(1, (spacing.height + spacing.gap) // self._measure_pitches(spacing)[0])

    def _split(self, spacing: Spacing) -> tuple[int, int]:
        """Rows and columns of cells, the columns filled one after the other."""
        count = self._count_shown(spacing)
        columns = -(-count // self._count_rows(spacing))
        return -(-count // columns), columns

    def size_at(self, spacing: Spacing) -> Size:
        """The cells in columns."""
        (rows, columns), (down, across) = self._split(spacing), self._measure_pitches(spacing)
        cell = self._measure_cell(spacing)
        return Size((columns - 1) * across + cell.width, (rows - 1) * down + cell.height)

    def caption_at(self, spacing: Spacing) -> Caption:
        """Channels, the size of their maps, and how many never change: `16 × 7², 3 dead`."""
        total, height, width = self.info.map_shape
        shown, attention = self._count_shown(spacing), self.context.statistics.is_attention(self.tap)
        unit = " head" + "s" * (total != 1) if attention else ""
        number = f"{total:,}{unit}" if shown == total else f"{shown} of {total:,}{unit}"
        side = f"{height}²" if height == width else f"{height} × {width}"
        count = self._count_dead(shown)
        dead = ", dead: never changes" if count == shown else f", {count} dead" if count else ""
        if shown == total and not attention:
            detail = keep_together(f"{number} × {side}")
        else:
            detail = f"{keep_together(number)} {keep_together(f'× {side}')}"
        return Caption(name_layer(self.tap), detail + dead)

    def _choose(self, count: int) -> tuple[int, ...]:
        """The channels that differ most, similar ones together."""
        show, statistics = Selector(top=count), self.context.statistics
        return ChannelChoice.choose(show, "similar", self.tap, self.info.map_shape[0], statistics).channels

    def _count_dead(self, shown: int) -> int:
        """How many of the shown channels never change."""
        if self.info.fold is not None:
            return 0
        key = "dead", self.tap, shown
        dead = self.context.statistics.signatures(self.tap).dead
        return self.context.get_cached(key, lambda: int(np.count_nonzero(dead[list(self._choose(shown))])))

    def map_side(self, spacing: Spacing) -> int | None:
        """The side of a map as it is drawn; of a reduced one, whose values count less, that of its cell."""
        side = int(math.sqrt(math.prod(self._reduce_shape(spacing))) * self._find_scale(spacing))
        is_filled = self._find_factor(spacing) > 1 and side >= MIN_REDUCED_FILL * spacing.cell
        return spacing.cell if is_filled else side

    def reduction_at(self, spacing: Spacing) -> str:
        """Such as `each pixel of conv1 is the mean of 4 × 4 values`."""
        factor = self._find_factor(spacing)
        return (
            f"each pixel of {name_layer(self.tap)} is the mean of {factor} × {factor} values"
            if factor > 1
            else ""
        )

    def tiles_at(self, spacing: Spacing, box: Box) -> Tiles:
        """One tile per channel, down the columns."""
        (height, width), scale = self._reduce_shape(spacing), self._find_scale(spacing)
        count = self._count_shown(spacing)
        channels = self._choose(count)
        (rows, _), (pitch_y, pitch_x) = self._split(spacing), self._measure_pitches(spacing)
        grid, room = self.context.grid, self._measure_cell(spacing)
        down, across = grid.center(room.height - height * scale), grid.center(room.width - width * scale)
        boxes = tuple(
            Box(
                box.x + number // rows * pitch_x + across,
                box.y + number % rows * pitch_y + down,
                width * scale,
                height * scale,
            )
            for number in range(count)
        )
        one = np.arange(height * width).reshape(height, width)
        order = np.arange(count)[:, None, None] * (height * width) + one
        factor = self._find_factor(spacing)
        cell = Cell(width * scale, height * scale, scale, scale, (factor, factor))
        return Tiles(channels, order, boxes, (scale, scale), cell)


class VectorLayer(FlowLayer):
    """A layer with one value per unit: a narrow grid of values, down its columns."""

    @property
    def _count(self) -> int:
        return math.prod(self.info.shape[1:])

    def _choose_units(self, most: int) -> NDArray[np.intp]:
        """The values that are shown, in their order: all, or those that change most over the run."""
        if self._count <= most or self.info.shape[1] != self._count:
            return np.arange(min(most, self._count))
        change = self.context.statistics.changes(self.tap).by_channel
        units: NDArray[np.intp] = np.sort(np.argsort(-change, kind="stable")[:most])
        return units

    def _most_width(self, spacing: Spacing) -> int:
        return spacing.span(min(MAX_VECTOR_COLUMNS, spacing.rows))

    def _layout(self, spacing: Spacing) -> tuple[int, int, int]:
        """Pitch, rows and columns: the largest pitch at which all values fit, in a full rectangle if there is one."""
        most, px = self._most_width(spacing), self.context.px
        step, smallest = max(self.context.grid.step, px(VALUE_PITCH_STEP)), px(MIN_VALUE_PITCH)
        for pitch in [*range(px(MAX_VALUE_PITCH), smallest, -step), smallest]:
            highest = max(1, min(spacing.height, spacing.room) // pitch)
            full = [rows for rows in range(highest, -(-3 * highest // 4) - 1, -1) if self._count % rows == 0]
            for rows in [*full, -(-self._count // -(-self._count // highest))]:
                columns = -(-self._count // rows)
                if columns * pitch <= most:
                    return pitch, rows, columns
        highest = max(1, min(spacing.height, spacing.room) // smallest)
        return smallest, highest, max(1, spacing.cell // smallest)

    def size_at(self, spacing: Spacing) -> Size:
        """The grid of values."""
        pitch, rows, columns = self._layout(spacing)
        gap = self._gap(pitch)
        return Size(columns * pitch - gap, rows * pitch - gap)

    def _gap(self, pitch: int) -> int:
        return max(1, pitch // 8) if pitch >= self.context.px(MIN_GAP_PITCH) else 0

    def caption_at(self, spacing: Spacing) -> Caption:
        """The number of values."""
        _, rows, columns = self._layout(spacing)
        shown = min(self._count, rows * columns)
        unit = "value" + "s" * (self._count != 1)
        if shown == self._count:
            return Caption(name_layer(self.tap), keep_together(f"{shown:,} {unit}"))
        return Caption(
            name_layer(self.tap),
            f"{keep_together(f'{shown:,} of')} {keep_together(f'{self._count:,} {unit}')}",
        )

    def tiles_at(self, spacing: Spacing, box: Box) -> Tiles:
        """One tile with all values."""
        pitch, rows, columns = self._layout(spacing)
        gap, order = self._gap(pitch), np.full(rows * columns, -1)
        units = self._choose_units(rows * columns)
        order[: len(units)] = units
        tile = Box(box.x, box.y, columns * pitch, rows * pitch)
        channels, height, width = self.info.map_shape
        return Tiles(
            tuple(range(channels)),
            order.reshape(1, columns, rows).swapaxes(1, 2),
            (tile,),
            (pitch, pitch),
            Cell(width, height, 1, 1),
            value_gap=gap,
        )


class BandLayer(FlowLayer):
    """A layer with sequences: one band per channel, as high as its share of the rows."""

    def _geometry(self, spacing: Spacing) -> tuple[int, int, int, int]:
        """How many channels are shown; by which factor they are reduced; and height and width of a value."""
        _, _, length = self.info.map_shape
        count, most = (
            limit_channels(spacing.channels, self),
            spacing.span(min(MAX_BAND_COLUMNS, spacing.rows)),
        )
        factor = -(-length // most)
        width = most // -(-length // factor)
        pitch = (min(spacing.height, spacing.room) + self._gap) // count
        pitch = self.context.grid.round_down(pitch) or pitch
        height = max(1, min(spacing.pitch, pitch) - self._gap)
        return count, factor, height, width

    @property
    def _gap(self) -> int:
        return self.context.px(BAND_GAP)

    def size_at(self, spacing: Spacing) -> Size:
        """The bands below each other."""
        count, factor, height, width = self._geometry(spacing)
        return Size(-(-self.info.map_shape[2] // factor) * width, count * (height + self._gap) - self._gap)

    def caption_at(self, spacing: Spacing) -> Caption:
        """Channels and their length: `16 × 96`."""
        total, _, length = self.info.map_shape
        shown = self._geometry(spacing)[0]
        part = f"{shown} of " if shown < total else ""
        return Caption(name_layer(self.tap), keep_together(f"{part}{total:,} × {length:,}"))

    def reduction_at(self, spacing: Spacing) -> str:
        """Such as `each pixel of conv1 is the mean of 4 values`."""
        factor = self._geometry(spacing)[1]
        return f"each pixel of {name_layer(self.tap)} is the mean of {factor} values" if factor > 1 else ""

    def tiles_at(self, spacing: Spacing, box: Box) -> Tiles:
        """One tile per channel."""
        count, factor, height, width = self._geometry(spacing)
        total, _, length = self.info.map_shape
        show, reduced = Selector(top=count), -(-length // factor)
        channels = ChannelChoice.choose(show, "recorded", self.tap, total, self.context.statistics).channels
        boxes = tuple(
            Box(box.x, box.y + number * (height + self._gap), reduced * width, height)
            for number in range(count)
        )
        order = np.arange(count * reduced).reshape(count, 1, reduced)
        cell = Cell(reduced * width, height, width, height, (1, factor))
        return Tiles(channels, order, boxes, (height, width), cell)
