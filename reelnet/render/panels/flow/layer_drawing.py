"""The values of a layer of a flow in their place: drawn, described, and as maps for quantization."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from reelnet.render.description.described_canvas import DescribedCanvas
from reelnet.render.description.items import CellLevels, CellsItem
from reelnet.render.panels.flow.arrangement import Spacing
from reelnet.render.panels.flow.layers import FlowLayer
from reelnet.render.panels.maps.hatching import Hatching, find_missing
from reelnet.render.panels.maps.levels import to_level_positions, to_levels
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.context import FrameState
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, LevelMaps

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class LayerDrawing:
    """A layer in its place.

    Args:
        layer: Which one.
        spacing: The cells.
        box: Where they are.
        sample: The sample, as a position in the recorded arrays.
        palette: Where inks come from.
    """

    def __init__(
        self, layer: FlowLayer, spacing: Spacing, box: Box, sample: int, palette: PaletteBuilder
    ) -> None:
        self.box, self._layer, self._sample = box, layer, sample
        self._tiles = layer.tiles_at(spacing, box)
        view, theme = layer.context.view(layer.tap), layer.context.theme
        self._limits = view.limits.select_channels(self._tiles.channels)
        self._all_limits, self._ink = view.limits, palette.colormap(view.anchors)
        self._hatching = Hatching(theme, palette, layer.context.density)
        self._background = palette.solids(theme.background)[0]

    def level_maps(self) -> LevelMaps:
        """The maps of the sample, for quantization over time."""
        info = self._layer.info
        return LevelMaps(
            tap=self._layer.tap,
            colors=self._ink.colors,
            shape=(info.shape[0], info.map_shape[0], *self._tiles.cell.shown_shape),
            samples=(self._sample,),
            channels=self._tiles.channels,
            positions=self._to_positions,
        )

    def cell_region(self) -> CellRegion:
        """Where the values are."""
        tiles = self._tiles
        (height, width), gap = tiles.value_size, tiles.value_gap
        boxes: Sequence[Box] = tiles.boxes
        if gap:
            rows, columns = np.nonzero(tiles.order[0] >= 0)
            x, y = (tiles.boxes[0].x + columns * width).tolist(), (tiles.boxes[0].y + rows * height).tolist()
            boxes = [Box(left, top, width - gap, height - gap) for left, top in zip(x, y, strict=True)]
        return CellRegion(tuple(boxes), width - gap, height - gap, is_picture=False, changes=True)

    def _to_maps(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Turn recorded values (samples, …) into maps (samples, channels, rows, columns), reduced if they are."""
        return self._tiles.cell.reduce(self._layer.info.fold_values(values))

    def _to_positions(self, values: NDArray[np.generic]) -> Floats:
        return to_level_positions(self._to_maps(values), self._all_limits, len(self._ink.indices))

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw the values of the current step."""
        tap, tiles, shown = self._layer.tap, self._tiles, list(self._tiles.channels)
        recorded = np.asarray(state.snapshot.taps[tap])[[self._sample]]
        if self._layer.info.fold is None:
            # Of many channels, only those that are shown are reduced.
            values = self._to_maps(recorded[:, shown])
        else:
            values = self._to_maps(recorded)[:, shown]
        if state.levels is not None and tap in state.levels:
            levels = state.levels[tap][self._sample, shown]
        else:
            levels = to_levels(values, self._limits, len(self._ink.indices))[0]
        missing = find_missing(values[0])
        indices = self._ink.indices_for(canvas).take(levels).ravel()[tiles.order]
        indices[tiles.order < 0] = self._background.indices[0]
        covered = missing.ravel()[tiles.order] & (tiles.order >= 0) if missing is not None else None
        if isinstance(canvas, DescribedCanvas):
            item = self._describe_tiles(canvas.origin, levels, indices, covered)
            canvas.note([item], partial(self._draw_tiles, indices=indices, missing=covered))
        self._draw_tiles(canvas, indices, covered)

    def _describe_tiles(
        self, origin: tuple[int, int], levels: NDArray[np.uint8], indices: Canvas, missing: Mask | None
    ) -> CellsItem:
        """The tiles as cells in rows and columns; places without a tile are blank."""
        tiles, (height, width) = self._tiles, self._tiles.value_size
        xs, columns = np.unique([box.x for box in tiles.boxes], return_inverse=True)
        ys, rows = np.unique([box.y for box in tiles.boxes], return_inverse=True)
        order = np.full((len(ys), len(xs), *tiles.order.shape[1:]), -1)
        order[rows, columns] = tiles.order
        blank, size = order < 0, math.prod(levels.shape[1:])
        shown_indices = np.full(order.shape, self._background.indices[0], indices.dtype)
        shown_indices[rows, columns] = indices
        shown_missing = None if missing is None else np.zeros(order.shape, np.bool_)
        if shown_missing is not None:
            shown_missing[rows, columns] = missing
        places = order.clip(0)
        return CellsItem(
            origin[0] + int(xs[0]),
            origin[1] + int(ys[0]),
            int(np.diff(ys).max(initial=0)),
            int(np.diff(xs).max(initial=0)),
            width,
            height,
            shown_indices,
            shown_missing,
            self._hatching.inks if missing is not None else None,
            tiles.value_gap,
            levels=CellLevels(
                levels.ravel()[places],
                self._ink,
                self._layer.tap,
                np.array(tiles.channels)[places // size],
                np.full((1, 1, 1, 1), self._sample),
                self._all_limits,
                tiles.cell.reduction,
                blank=blank if blank.any() else None,
                positions=places % size,
            ),
        )

    def _draw_tiles(self, canvas: Canvas, indices: Canvas, missing: Mask | None) -> None:
        """Draw tiles (tiles, rows, columns) of palette indices, and hatch what is missing."""
        height, width = self._tiles.value_size
        gap, background = self._tiles.value_gap, self._background.indices[0]
        for number, box in enumerate(self._tiles.boxes):
            target = canvas[box.y : box.bottom, box.x : box.right]
            target[...] = indices[number].repeat(width, axis=1).repeat(height, axis=0)
            if missing is not None and missing[number].any():
                y, x = np.arange(box.y, box.bottom)[:, None], np.arange(box.x, box.right)
                covered = missing[number].repeat(width, axis=1).repeat(height, axis=0)
                np.copyto(target, self._hatching.indices_at(y, x).astype(canvas.dtype), where=covered)
            for shift in range(gap):
                target[:, width - 1 - shift :: width] = background
                target[height - 1 - shift :: height] = background
