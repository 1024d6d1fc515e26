"""A figure whose values are quantized over time, as under a cap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from reelnet.export.html.cell_series import LayerMaps
from reelnet.export.html.figure import Figure
from reelnet.export.html.figure_layer import FigureLayer
from reelnet.export.html.level_coding import MISSING_LEVEL
from reelnet.export.html.map_block import Levels
from reelnet.export.quantize.level_store import QuantizationStats, QuantizedMaps, RecordedMaps, quantize
from reelnet.render.rendition import Rendition
from reelnet.scene.timeline.timeline import TimelineFrame


class FigureQuantizer:
    """Quantizes the values of a figure, or of parts of it.

    Args:
        figure: The figure with all steps and layers, and exact values.
        max_error: The largest allowed error of a value, in 240ths of the color range.
    """

    def __init__(self, figure: Figure, max_error: float) -> None:
        self._figure, self._max_error = figure, max_error
        self._recorded: dict[int, RecordedMaps] = {}

    def quantize(
        self, figure: Figure, change_cost: float, levels: int | None
    ) -> tuple[Figure, QuantizationStats]:
        """A figure with fewer changes of values.

        Args:
            figure: The figure, or the first of its layers at some of its steps.
            change_cost: See `TemporalQuantizer.quantize`.
            levels: The number of levels of the colormaps between the first and the last step; None for all.
        """
        numbers = {step: number for number, step in enumerate(self._figure.steps)}
        steps = np.array([numbers[step] for step in figure.steps], np.intp)
        layers, stats, weights = [], list[QuantizationStats](), list[int]()
        for number, layer in enumerate(figure.layers):
            maps = self._record(number).select(steps)
            quantized = quantize(maps, change_cost, max_error=self._max_error, levels=levels)
            layers.append(_replace_levels(layer, quantized, steps))
            stats.append(quantized.stats)
            weights.append(sum(each.levels.size for each in layer.maps))
        mean = (
            float(np.average([each.mean_error for each in stats], weights=weights)) if any(weights) else 0.0
        )
        merged = QuantizationStats(max(each.max_error for each in stats), mean, ())
        return replace(figure, layers=tuple(layers)), merged

    def _record(self, layer: int) -> RecordedMaps:
        """The exact values of a layer at all steps."""
        if layer not in self._recorded:
            rendition = self._figure.renditions[layer]
            self._recorded[layer] = RecordedMaps(_show_each_step(rendition, self._figure.steps))
        return self._recorded[layer]


def _show_each_step(rendition: Rendition, steps: Sequence[int]) -> Rendition:
    """A rendition that shows some steps in order, each once."""
    frames = tuple(TimelineFrame(step, Fraction(pts), Fraction(1)) for pts, step in enumerate(steps))
    timeline = replace(rendition.timeline, frames=frames, thumbnail=Fraction(0))
    return rendition.with_timeline(timeline)


def _replace_levels(layer: FigureLayer, quantized: QuantizedMaps, steps: NDArray[np.intp]) -> FigureLayer:
    """A layer with quantized levels in all blocks of the arrays that were quantized."""
    replaced: list[Levels | None] = [
        np.empty_like(maps.levels) if _is_quantized(maps, quantized) else None for maps in layer.maps
    ]
    for number, step in enumerate(steps.tolist()):
        shown = quantized.levels_at(step)
        for maps, levels in zip(layer.maps, replaced, strict=True):
            if levels is not None and maps.tap is not None:
                levels[number] = shown[maps.tap][np.ix_(maps.block.samples, maps.block.channels)]
    for maps, levels in zip(layer.maps, replaced, strict=True):
        if levels is not None:
            levels[maps.levels == MISSING_LEVEL] = MISSING_LEVEL
    return replace(
        layer,
        maps=[
            maps if levels is None else replace(maps, levels=levels)
            for maps, levels in zip(layer.maps, replaced, strict=True)
        ],
    )


def _is_quantized(maps: LayerMaps, quantized: QuantizedMaps) -> bool:
    """Whether the levels of a block are among those that were quantized."""
    if maps.is_still or maps.tap is None or maps.tap not in quantized.tables:
        return False
    samples, channels, *size = quantized.maps.taps[maps.tap].shape
    block = maps.block
    return (
        [*maps.levels.shape[3:]] == size
        and min(block.samples) >= 0
        and max(block.samples) < samples
        and max(block.channels) < channels
    )
