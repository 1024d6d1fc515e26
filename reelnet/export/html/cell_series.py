"""The cells of one panel at all steps of a figure: blocks of levels, and how the script draws them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.export.html.color_table import resample_colors
from reelnet.export.html.item_writer import FindDark, ItemWriter, SchemeMismatch
from reelnet.export.html.level_coding import MISSING_LEVEL
from reelnet.export.html.map_block import Levels, MapBlock, UnclearCells, find_blocks, merge_levels
from reelnet.render.description.items import CellLevels, CellsItem, Item, RectItem
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink


@dataclass(frozen=True, eq=False)
class LayerMaps:
    """One block of maps.

    Attributes:
        block: Which channels and samples it shows.
        fields: What the script needs besides the levels, in JSON.
        levels: uint8 (steps, samples, channels, height, width), `MISSING_LEVEL` where there is none; one step if they
            do not change.
        tap: Name of the recorded array whose values it shows; None if it shows colors.
        revealed: For each step, how many columns of values are shown already; None for all.
    """

    block: MapBlock
    fields: dict[str, Any]
    levels: Levels
    tap: str | None
    revealed: Sequence[int] | None = None

    @property
    def is_still(self) -> bool:
        """Whether the maps are the same at all steps."""
        return len(self.levels) == 1

    def select_steps(self, steps: NDArray[np.intp]) -> LayerMaps:
        """The maps at some steps, by their numbers in these maps."""
        revealed = self.revealed and [self.revealed[step] for step in steps.tolist()]
        return replace(self, levels=self.levels if self.is_still else self.levels[steps], revealed=revealed)

    def as_json(self, offset: int) -> dict[str, Any]:
        """The block for the script, whose levels begin at an offset of the layer's data."""
        revealed = {} if self.revealed is None else {"revealed": self.revealed}
        return {**self.fields, **revealed, "offset": offset, "still": self.is_still}


class CellSeries:
    """Collects the cells of a panel step by step.

    Args:
        first: The cells at the first step.
        panel: Number of the panel.
        context: The run.
        rgb: The color of each palette index, in the scheme of the template and in the dark one.
        writer: Writes colors and lengths.
    """

    def __init__(
        self,
        first: CellsItem,
        panel: int,
        context: SceneContext,
        rgb: tuple[NDArray[np.uint8], NDArray[np.uint8]],
        writer: ItemWriter,
    ) -> None:
        self._item, self._panel, self._context, self._rgb, self._writer = first, panel, context, rgb, writer
        self._frames: list[Levels] = []
        self._colors: dict[int, int] = {}
        self._pairs: list[NDArray[np.uint8]] = []
        self._dark_ink: Ink | None = None
        self._missing: list[int] = []

    def matches(self, item: CellsItem) -> bool:
        """Whether cells are in the same places, and show the same array. Those within a clip may grow."""
        return _identify(item) == _identify(self._item)

    def add(self, item: CellsItem, find_dark: FindDark | None) -> None:
        """Add the cells of the next step.

        Raises:
            SchemeMismatch: The dark scene has other items.
        """
        if item.indices.shape[3] > self._item.indices.shape[3]:
            self._item = item
        if item.hatching is not None and not self._missing:
            self._missing = [self._number_hatching(item, find_dark, part) for part in (1, 0)]
        if item.levels is not None:
            if not self._frames:
                self._dark_ink = self._find_dark_levels(item, find_dark).ink
            self._frames.append(merge_levels(item))
            return
        self._frames.append(self._number_colors(item, find_dark))

    @property
    def is_steady(self) -> bool:
        """Whether the cells are the same at all steps, but for their levels or for those that are added."""
        return all(
            not np.any(frame != self._frames[-1][..., : frame.shape[3]])
            for frame in self._frames
            if frame.shape != self._frames[-1].shape
        )

    def _stack_frames(self) -> Levels:
        """The levels at all steps, or at the last if those before are parts of them."""
        if len({frame.shape for frame in self._frames}) > 1:
            return self._frames[-1][None]
        levels = np.stack(self._frames)
        return levels[:1] if not np.any(levels[1:] != levels[0]) else levels

    def finish(self, first_panel: int) -> Iterator[LayerMaps]:
        """The blocks, once all steps are added; panels are counted from `first_panel`."""
        levels, widths = self._stack_frames(), [frame.shape[3] for frame in self._frames]
        revealed = widths if min(widths) < max(widths) else None
        shape, own = self._item.indices.shape, self._item.levels
        try:
            blocks = [] if own is None else find_blocks(own, shape)
        except UnclearCells:
            blocks = []
        meaning = own if blocks else None
        for block in blocks or [MapBlock.for_colors(shape)]:
            chosen = np.stack([block.select(frame) for frame in levels])
            fields = {"panel": self._panel + first_panel, **self._describe(block, meaning, shape)}
            yield LayerMaps(block, fields, chosen, None if meaning is None else meaning.tap, revealed)

    def covers(self) -> Iterator[Box]:
        """Boxes of background on top of the cells: gaps between values, and places without a value."""
        item, gap = self._item, self._item.value_gap
        rows, columns, height, width = item.indices.shape
        last = item.cell_box(rows - 1, columns - 1)
        full_width, full_height = last.right - item.x, last.bottom - item.y
        if item.clip is not None:
            # Cells may reach over the edges of their clip.
            yield Box(item.x, item.y, max(0, item.clip.x - item.x), full_height)
            yield Box(item.clip.right, item.y, max(0, last.right - item.clip.right), full_height)
        for row, y in np.ndindex(rows, height) if gap else ():
            bottom = item.cell_box(row, 0).y + (y + 1) * item.value_height
            yield Box(item.x, bottom - gap, full_width, gap)
        for column, x in np.ndindex(columns, width) if gap else ():
            right = item.cell_box(0, column).x + (x + 1) * item.value_width
            yield Box(right - gap, item.y, gap, full_height)
        if item.levels is None or item.levels.blank is None:
            return
        with suppress(UnclearCells):
            if any(block.units is not None for block in find_blocks(item.levels, item.indices.shape)):
                # The script leaves out values without a channel.
                return
        blank = np.broadcast_to(item.levels.blank, item.indices.shape)
        for row, column, y in np.ndindex(rows, columns, height):
            (places,) = np.nonzero(blank[row, column, y])
            for part in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(places) else ():
                cell, start = item.cell_box(row, column), int(part[0]) * item.value_width
                top = cell.y + y * item.value_height
                yield Box(cell.x + start, top, len(part) * item.value_width, item.value_height)

    def _find_dark_levels(self, item: CellsItem, find_dark: FindDark | None) -> CellLevels:
        dark = find_dark() if find_dark is not None else item
        if not isinstance(dark, CellsItem) or dark.levels is None:
            raise SchemeMismatch(item, dark)
        return dark.levels

    def _number_hatching(self, item: CellsItem, find_dark: FindDark | None, part: int) -> int:
        """The number of a color of missing values: 0 for that of the stripes, 1 for that of the ground."""

        def make_rect(cells: Any) -> RectItem:
            if not isinstance(cells, CellsItem) or cells.hatching is None:
                raise SchemeMismatch(item, cells)
            return RectItem(Box(0, 0, 1, 1), cells.hatching[:2][part])

        return self._writer.number_ink(
            make_rect(item), None if find_dark is None else lambda: make_rect(find_dark())
        )

    def _number_colors(self, item: CellsItem, find_dark: FindDark | None) -> Levels:
        """The number of each palette index among those of the series, in the order in which they come up."""
        found, places = np.unique(item.indices, return_index=True)
        dark: CellsItem | None = None
        for index, place in zip(found.tolist(), places.tolist(), strict=True):
            if index in self._colors:
                continue
            if dark is None:
                dark = _require_like(item, find_dark() if find_dark is not None else item)
            if len(self._pairs) >= MISSING_LEVEL:
                # The nearest known color; more cannot be told apart in one byte.
                known = np.array([pair[0] for pair in self._pairs], np.int64)
                distance = ((known - self._rgb[0][index].astype(np.int64)) ** 2).sum(axis=1)
                self._colors[index] = int(distance.argmin())
                continue
            self._colors[index] = len(self._pairs)
            pair = self._rgb[0][index], self._rgb[1][dark.indices.ravel()[place]]
            self._pairs.append(np.stack(pair))
        table = np.zeros(int(found.max()) + 1, np.uint8)
        table[found] = [self._colors[index] for index in found.tolist()]
        numbers: Levels = table[item.indices]
        if item.missing is not None:
            numbers[np.broadcast_to(item.missing, numbers.shape)] = MISSING_LEVEL
        return numbers

    def _describe(self, block: MapBlock, own: CellLevels | None, shape: tuple[int, ...]) -> dict[str, Any]:
        """The fields of a block but for the place of its levels."""
        item, measure = self._item, self._writer.measure
        height, width = shape[2:]
        cell = item.cell_box(block.rows.start, block.columns.start)
        fields: dict[str, Any] = {
            "x": measure(cell.x),
            "y": measure(cell.y),
            "cell": [measure(cell.width), measure(cell.height)],
            "pitch": [measure(item.column_pitch), measure(item.row_pitch)],
            "rows": block.rows.stop - block.rows.start,
            "columns": block.columns.stop - block.columns.start,
            "map": [height, width],
            "channels": [*block.channels],
            "samples": [*block.samples],
            "rowsAreSamples": block.rows_are_samples,
            "tap": None,
            "quantity": None,
            "colors": self._encode_colors(),
            **({"missing": self._missing} if self._missing else {}),
            "limits": [[0, 1]],
            "clipped": [False, False],
        }
        if own is None:
            return fields
        tap, limits = self._context.require(own.tap), own.limits
        numbers = tap.channels if tap.channels is not None else None
        name = (lambda channel: channel) if numbers is None else (lambda channel: numbers[channel])
        fields |= {"tap": own.tap, "quantity": limits.quantity, "clipped": [*limits.exceeds]}
        if block.units is None:
            fields["channels"] = [name(channel) for channel in block.channels]
        else:
            fields["units"] = [None if unit < 0 else name(unit) for unit in block.units]
        ends = (
            [limits.by_channel[channel] for channel in block.channels] if limits.by_channel else [limits.high]
        )
        fields["limits"] = [[_round(limits.low), _round(end)] for end in ends]
        if own.reduction != (1, 1):
            fields["means"] = [*own.reduction]
        if own.steps is not None:
            fields["steps"] = self._list_steps(block, np.broadcast_to(own.steps, shape))
        return fields

    def _list_steps(self, block: MapBlock, steps: NDArray[np.intp]) -> dict[str, Any]:
        """The training steps of values (rows, columns, height, width), one along axes where they do not differ."""
        own = steps[block.rows, block.columns, 0]
        for axis in range(own.ndim):
            if np.array_equal(own, np.broadcast_to(own.take([0], axis), own.shape)):
                own = own.take([0], axis)
        return {
            "shape": [*own.shape],
            "numbers": [self._context.steps[step] for step in own.ravel().tolist()],
        }

    def _encode_colors(self) -> dict[str, str | None]:
        """The colors of all levels by scheme, joined."""
        own = self._item.levels
        if own is None:
            light, dark = (np.array([pair[part] for pair in self._pairs], np.uint8) for part in (0, 1))
        else:
            light = own.ink.colors
            dark = light if self._dark_ink is None else resample_colors(self._dark_ink.colors, len(light))
        has_dark = self._writer.has_dark
        return {"light": light.tobytes().hex(), "dark": dark.tobytes().hex() if has_dark else None}


def _require_like(item: CellsItem, dark: Item) -> CellsItem:
    """The dark counterpart of cells, which must be cells of the same shape."""
    if not isinstance(dark, CellsItem) or dark.indices.shape != item.indices.shape:
        raise SchemeMismatch(item, dark)
    return dark


def _identify(item: CellsItem) -> tuple[object, ...]:
    """What is the same for the cells of all steps."""
    places = item.x, item.y, item.row_pitch, item.column_pitch, item.value_width, item.value_height
    # Cells within a clip may grow.
    shape = item.indices.shape if item.clip is None else item.indices.shape[:3]
    return *places, item.value_gap, item.clip, shape, item.levels and item.levels.tap


def _round(value: float) -> float:
    """A value with as many digits as its text needs."""
    return float(f"{value:.6g}")
