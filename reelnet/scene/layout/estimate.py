"""How large cells may be in each arrangement, and how good the picture is then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

from reelnet.scene.context import SceneContext
from reelnet.scene.layout.arrangement import Arrangement, BlockLength, Division
from reelnet.scene.layout.boxes import Size
from reelnet.scene.panel import Panel
from reelnet.template.model import CanvasSpec

ENOUGH_CHANNELS = 7
"""Channels with which a picture counts half of what it does with very many, if the cells have the same area."""

MANY_SAMPLES = 0.5
"""Power of the number of samples by which a picture with more of them is better, likewise."""

LEAST_SHARE = 0.45
"""Part of the frame that the maps with their inputs should take; a picture counts much less with a smaller part."""

ONE_MORE_BLOCK, UNEVEN, RASTER = 0.98, 0.5, 0.4
"""What a picture counts with each block after the first, with a last block that is smaller than the others,
and with blocks both beside and below each other."""

REPEATED_NAMES = 0.8
"""What it counts with each block after the first, if all samples' names stand beside each block again."""

SHAPES = 1.5
"""By how much the area of a stretched cell may differ at other scales."""

OFF_GRID = 0.8
"""What a picture counts whose values do not suit video codecs as well as slightly smaller ones would."""

MIN_CELL_EMS = 1.5
"""Size of a cell in ems; beside smaller ones, the text is larger than what the picture is about."""

MIN_FITTED = Fraction(8, 9)
"""How much smaller cells that fit may become for a scale that video codecs prefer: maps lose a fifth of their area at
most."""


@dataclass(frozen=True)
class Room:
    """The pixels that a frame has for a panel.

    Attributes:
        size: The most that the panel may take.
        others: Width and height that the rest of the frame takes.
        least: Size of the frame with the smallest cells.
    """

    size: Size
    others: Size
    least: Size

    def measure_frame(self, panel: Size, canvas: CanvasSpec) -> Size:
        """The size of the frame if the panel takes a part of its height, and the width that the frame may have."""
        width = canvas.width_limit or max(self.others.width + panel.width, self.least.width)
        height = canvas.height or max(self.others.height + panel.height, self.least.height)
        return Size(width, height)


class Estimate:
    """How large cells may be, and how good the picture is then, from measures of one panel in one block.

    Args:
        context: The run, with the choice of channels; rows and names are as it says.
        panel: The panel that wraps.
        canvas: The frame.
        rooms: The pixels for the panel if all channels are shown, and if fewer are, which texts say.
        scales: All scales, ascending.
    """

    def __init__(
        self,
        context: SceneContext,
        panel: Panel,
        canvas: CanvasSpec,
        rooms: tuple[Room, Room],
        scales: Sequence[Fraction],
    ) -> None:
        if context.choice is None:
            raise AssertionError("a panel that wraps shows channels")
        self.context, self._panel, self._canvas, self._rooms = context, panel, canvas, rooms
        self._scales, self._channels = scales, len(context.choice.channels)
        self._at_scale = cache(context.with_scale)
        self._rate_names = cache(lambda scale: panel.rate_names(self._at_scale(scale)))
        self._measure_block, self._measure_pair = cache(self._measure_block_at), cache(self._measure_pair_at)

    def _measure_block_at(self, scale: Fraction) -> tuple[BlockLength, BlockLength]:
        """Width and height of a block at a scale."""
        context = self._at_scale(scale)
        size, cell = self._panel.measure(context), context.cell
        if size is None:
            raise AssertionError("the panel is part of the layout")
        channel_gap = context.choose_channel_gap(context.view(context.layer), context.samples_spec.gap)
        across = len(context.sample_indices), context.cell_pitch, context.cell_pitch - context.cell_extent
        down = self._channels, channel_gap + (cell.width if context.transposed else cell.height), channel_gap
        if context.transposed:
            across, down = down, across
        return BlockLength.from_length(size.width, *across), BlockLength.from_length(size.height, *down)

    def _measure_pair_at(self, scale: Fraction) -> BlockLength:
        """Length of blocks along their row or column at a scale: not all have names, heads and turned labels."""
        context, alone = self._at_scale(scale), self._measure_block(scale)[self.context.transposed]
        size = self._panel.measure(replace(context, arrangement=Arrangement(2)))
        if size is None:
            raise AssertionError("the panel is part of the layout")
        whole = alone.measure(1, len(context.sample_indices), 0, context.grid)
        pair = size.height if context.transposed else size.width
        return replace(alone, further=pair - whole - (self._panel.wrap_gap or 0) - (whole - alone.fixed))

    def measure(self, division: Division, scale: Fraction) -> Size:
        """The size of the panel with some of the channels and samples, in an arrangement at a scale."""
        transposed = self.context.transposed
        across, down = division.count_cells(transposed=transposed)
        width, height = self._measure_block(scale)
        if division.arrangement.channel_blocks > 1:
            pair = self._measure_pair(scale)
            width, height = (width, pair) if transposed else (pair, height)
        apart, grid = self._panel.wrap_gap or 0, self.context.grid
        return Size(width.measure(*across, apart, grid), height.measure(*down, apart, grid))

    def _choose_room(self, channels: int) -> Room:
        return self._rooms[channels < self._channels]

    def find_scales(self, division: Division) -> set[Fraction]:
        """The largest scale at which cells fit, and one that video codecs prefer; empty if none fits."""
        room, low, high = self._choose_room(division.channels).size, -1, len(self._scales)
        while high - low > 1:
            middle = (low + high) // 2
            size = self.measure(division, self._scales[middle])
            fits = size.width <= room.width and size.height <= room.height
            low, high = (middle, high) if fits else (low, middle)
        return set() if low < 0 else {self._scales[low], prefer_scale(self._scales[low], self.context)}

    def rate(self, division: Division, scale: Fraction) -> float:
        """How good the picture is.

        It is the part of the frame that the maps' cells have, less for names that are hard to read or missing, for
        fewer channels and samples, for more blocks, and for room that is left empty.
        """
        context, room = self._at_scale(scale), self._choose_room(division.channels)
        panel = self.measure(division, scale)
        frame, cell = room.measure_frame(panel, self._canvas), context.cell
        area, share = frame.width * frame.height, panel.width * panel.height / (frame.width * frame.height)
        rate = division.channels * division.samples * cell.width * cell.height / area
        rate *= self._rate_names(scale) * rate_division(division)
        rate *= min(1.0, share / LEAST_SHARE) ** 3
        rate *= min(1.0, cell.size / (MIN_CELL_EMS * context.theme.text)) ** 2
        if context.transposed:
            rate *= REPEATED_NAMES ** (division.arrangement.channel_blocks - 1)
        return rate if prefer_scale(scale, context) == scale else OFF_GRID * rate

    def bound(self, division: Division) -> float:
        """The most that `rate` may be at any scale, without a measure."""
        room, cell = self._choose_room(division.channels), self._at_scale(self._scales[-1]).cell
        divided = division.count_cells(transposed=self.context.transposed)
        across, down = (blocks * cells for blocks, cells in divided)
        width = min(room.size.width / across, room.size.height / down * cell.width / cell.height)
        height = width / cell.width * cell.height
        frame = room.measure_frame(Size(int(across * width), int(down * height)), self._canvas)
        share = division.channels * division.samples * width * height / (frame.width * frame.height)
        # Stretched cells are of several shapes.
        return share * (1 if cell.scale_x == cell.scale_y else SHAPES) * rate_division(division)


def rate_division(division: Division) -> float:
    """The score of a number of channels, samples and blocks, for cells of equal area."""
    channels, arrangement = division.channels, division.arrangement
    blocks, bands = arrangement.channel_blocks, arrangement.sample_bands
    rate: float = channels / (channels + ENOUGH_CHANNELS) * division.samples**MANY_SAMPLES
    rate *= ONE_MORE_BLOCK ** (blocks * bands - 1)
    return (
        rate
        * (UNEVEN if channels % blocks or division.samples % bands else 1)
        * (RASTER if min(blocks, bands) > 1 else 1)
    )


def prefer_scale(scale: Fraction, context: SceneContext) -> Fraction:
    """A scale, or a slightly smaller one that video codecs prefer."""
    if scale <= 1:
        return scale
    return Fraction(context.grid.prefer_scale(int(scale), scale * MIN_FITTED, scale))
