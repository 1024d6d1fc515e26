"""Fit a figure into a cap: exact if that fits, else with as little loss as possible, in the order of other formats.

First values change less often, then colormaps have fewer levels, then there are fewer steps, and then fewer layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet._support.byte_size import format_size
from reelnet._support.text import format_count
from reelnet.errors import CapError
from reelnet.export.html.cell_series import LayerMaps
from reelnet.export.html.figure import Figure
from reelnet.export.html.figure_layer import FigureLayer
from reelnet.export.html.level_coding import MISSING_LEVEL
from reelnet.export.html.map_block import Levels
from reelnet.export.quantize.level_store import QuantizationStats, QuantizedMaps, RecordedMaps, quantize
from reelnet.export.rate_control.quality_ladder import CHANGE_COSTS, COARSE_LEVELS, MIN_SHOWN_FRAMES
from reelnet.export.request import ResolvedRequest
from reelnet.render.rendition import Rendition
from reelnet.scene.timeline.timeline import TimelineFrame

TARGET_FILL = 0.985
"""The fraction of the cap at which the search aims."""

MIN_FILL = 0.97
"""The fraction of the cap that is full enough."""

REFINEMENTS = 5
"""Trials between two neighboring points."""

STEP_FRACTIONS = 0.8, 0.65, 0.5, 0.35, 0.25, 0.0
"""Points of the first rung of steps, as fractions of all; it keeps `MIN_SHOWN_FRAMES`."""
EXACT_STEPS = 2
"""Steps that are never quantized: the first and the last."""
LEAST_STEPS = 24, 12, 6, EXACT_STEPS
"""Steps of the last points, for the smallest caps."""

OnTrial = Callable[[str], None]


@dataclass(frozen=True)
class FigurePoint:
    """How much of a figure is kept.

    Attributes:
        change_cost: See `quantize`; 0 for exact values.
        levels: The number of levels of the colormaps between the first and the last step; None for all.
        steps: The number of steps.
        layers: The number of layers.
    """

    change_cost: float
    levels: int | None
    steps: int
    layers: int

    def describe(self) -> str:
        """The point in a few words."""
        values = "quantized" if self.change_cost else "exact"
        layers = f", {format_count(self.layers, 'layer')}" if self.layers > 1 else ""
        return f"{values} values, {format_count(self.steps, 'step')}{layers}"


@dataclass(frozen=True)
class FittedFigure:
    """The result of a search.

    Attributes:
        figure: The figure as it fits.
        page: The file.
        stats: The errors of its values; None if they are exact.
        levels: The number of levels of the colormaps; None for all.
        trials: How often it was encoded.
    """

    figure: Figure
    page: bytes
    stats: QuantizationStats | None
    levels: int | None
    trials: int


def fit_figure(figure: Figure, request: ResolvedRequest, on_trial: OnTrial) -> FittedFigure:
    """Find the figure with the least loss that fits.

    Raises:
        CapError: None fits.
    """
    return _Fitter(figure, request, on_trial).run()


class _Fitter:
    def __init__(self, figure: Figure, request: ResolvedRequest, on_trial: OnTrial) -> None:
        self._figure, self._request, self._on_trial = figure, request, on_trial
        self._cap = request.constraints.max_bytes or math.inf
        self._quantizer = FigureQuantizer(figure, request.max_error)
        self._trials = 0
        self._smallest = math.inf
        self._best: FittedFigure | None = None
        self._known: dict[FigurePoint, int] = {}

    def run(self) -> FittedFigure:
        points = [*self._list_points()]
        if self._try(points[0]) <= self._cap or self._request.settings.lossless:
            return self._require_best()
        low, high = 0, len(points) - 1
        # The first point that fits, if sizes fall from point to point.
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._try(points[middle]) <= self._cap else (middle, high)
        self._try(points[high])
        self._fill(points[low], points[high])
        return self._require_best()

    def _list_points(self) -> Iterator[FigurePoint]:
        """The points in the order in which readers notice the loss."""
        point = FigurePoint(0.0, None, len(self._figure.steps), len(self._figure.layers))
        yield point
        for changes in self._list_reductions() if not self._request.settings.lossless else ():
            if changes.get("steps", 0) < point.steps:
                point = replace(point, **changes)
                yield point

    def _list_reductions(self) -> Iterator[dict[str, Any]]:
        """What is reduced from one point to the next."""
        keep, steps = self._request.keep, len(self._figure.steps)
        if self._request.max_error > 0:
            yield from ({"change_cost": cost} for cost in CHANGE_COSTS)
        if "levels" not in keep:
            every = max(rendition.scene.palette.levels for rendition in self._figure.renditions)
            for levels in COARSE_LEVELS:
                if levels < every:
                    yield {"levels": levels, "change_cost": CHANGE_COSTS[-1]}
        if "frames" not in keep:
            counts = [round(fraction * steps) for fraction in STEP_FRACTIONS]
            yield from ({"steps": max(count, MIN_SHOWN_FRAMES)} for count in counts)
        yield from ({"layers": count} for count in range(len(self._figure.layers) - 1, 0, -1))
        if "frames" not in keep:
            yield from ({"steps": count} for count in LEAST_STEPS)

    def _fill(self, larger: FigurePoint, smaller: FigurePoint) -> None:
        """Try points between one that is too large and one that fits."""
        if larger.layers > smaller.layers:
            # There is no half of a layer, but the others may have more steps.
            larger = replace(smaller, steps=len(self._figure.steps))
            if self._try(larger) <= self._cap:
                return
        for _ in range(REFINEMENTS):
            if self._best is None or len(self._best.page) >= MIN_FILL * self._cap:
                return
            between = self._find_between(larger, smaller)
            if between is None or between in self._known:
                return
            if self._try(between) <= self._cap:
                smaller = between
            else:
                larger = between

    def _find_between(self, larger: FigurePoint, smaller: FigurePoint) -> FigurePoint | None:
        """The point between two neighbors where the size is on target, if sizes fall evenly."""
        sizes = [math.log(self._known[point]) for point in (larger, smaller)]
        if sizes[0] <= sizes[1]:
            return None
        part = (sizes[0] - math.log(TARGET_FILL * self._cap)) / (sizes[0] - sizes[1])
        part = min(0.9, max(0.1, part))
        if larger.steps > smaller.steps:
            steps = round(larger.steps ** (1 - part) * smaller.steps**part)
            return replace(smaller, steps=steps)
        if larger.change_cost < smaller.change_cost and larger.levels == smaller.levels:
            if not larger.change_cost:
                return replace(smaller, change_cost=part * smaller.change_cost)
            ratio = smaller.change_cost / larger.change_cost
            return replace(smaller, change_cost=larger.change_cost * ratio**part)
        if larger.levels != smaller.levels:
            levels = [
                point.levels or self._figure.renditions[0].scene.palette.levels for point in (larger, smaller)
            ]
            middle = round(levels[0] ** (1 - part) * levels[1] ** part)
            return replace(smaller, levels=middle)
        return None

    def _try(self, point: FigurePoint) -> int:
        """The size of a file, which is kept if it is the best."""
        if point in self._known:
            return self._known[point]
        self._on_trial(point.describe())
        self._trials += 1
        figure = self._figure.with_layers(point.layers)
        if point.steps < len(figure.steps):
            figure = figure.with_steps(point.steps)
        stats = None
        # The first and the last step keep their values.
        if point.change_cost and len(figure.steps) > EXACT_STEPS:
            figure, stats = self._quantizer.quantize(figure, point.change_cost, point.levels)
        page = figure.make_page([layer.compress() for layer in figure.layers]).encode()
        size = self._known[point] = len(page)
        self._smallest = min(self._smallest, size)
        if size <= self._cap and (self._best is None or size > len(self._best.page)):
            self._best = FittedFigure(figure, page, stats, None if stats is None else point.levels, 0)
        return size

    def _require_best(self) -> FittedFigure:
        if self._best is not None:
            return replace(self._best, trials=self._trials)
        request, kept = self._request, ""
        if request.keep:
            kept = f" with {' and '.join(sorted(request.keep))} kept"
        possible = "the lossless size is" if request.settings.lossless else f"the smallest possible{kept} is"
        raise CapError(
            f"{request.path}: cannot fit in {format_size(int(self._cap))}; {possible} "
            f"{format_size(int(self._smallest))}. Show fewer channels, samples or panels."
        )


def describe_dropped_layers(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """Say which layers a cap left out, if it did."""
    if len(after) < len(before):
        yield f"{len(after)} of {len(before)} layers shown: {', '.join(after)}"


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
