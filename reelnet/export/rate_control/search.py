"""The search under a cap: lossless if that fits, else down the quality ladder as little as possible.

Videos are found by constant quality too: x264 in two passes lands within 3 % of a rate, but takes two encodes per
trial, and at the same size lost up to 3 dB: it spreads the bits, and most are needed where values change most.

The other limits of a platform are met before anything is encoded, by a smaller scale and fewer frames.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import TemplateError
from reelnet.export.encoders.content import find_content
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.export.quantize.frame_windows import FrameWindows
from reelnet.export.quantize.level_store import QuantizedMaps, RecordedMaps, quantize
from reelnet.export.rate_control.constraint_fit import fit_constraints
from reelnet.export.rate_control.quality_ladder import (
    FLOOR_RATIO,
    PALETTE_CHANGE_POWER,
    VIDEO_SCALES,
    LadderPoint,
    QualityLadder,
    RenditionParams,
    find_smallest_scale,
    quality_points,
    reduction_points,
)
from reelnet.export.rate_control.root_finder import SizeRootFinder
from reelnet.export.rate_control.size_model import (
    DEFAULT_HALF_RATIOS,
    ChangeCounter,
    SizeBreakdown,
    SizeModel,
    SizeProbe,
)
from reelnet.export.rate_control.trials import ABORT_FACTOR, TARGET_FILL, Trial, TrialRunner
from reelnet.render.rendition import Rendition

HOPELESS_LOG_EXCESS = 0.2
"""A ladder is skipped if both estimates of the log size at its end are more than this above the target."""

DOUBTFUL_LOG_MARGIN = 0.3
"""The end of a ladder is probed unless its predicted log size is at least this far below the target."""

MAX_HALF_RATIO = 0.95
"""Half the scale saves at least a little, even if a probe measures less."""

MAX_SAMPLES = 8
"""The most samples between two encodes."""

MIN_STEP_FILL = 0.9
"""From this fraction of the cap on, frames, levels and scale stay, and a lower change cost fills the rest."""


def search(rendition: Rendition, runner: TrialRunner) -> Trial:
    """Find the best file under a cap.

    Args:
        rendition: What is to be shown.
        runner: Runs the encodes.

    Returns:
        The best trial that fits.

    Raises:
        CapError: None fits.
    """
    request = runner.request
    rendition = fit_constraints(rendition, request.constraints, request.keep, request.path)
    quality = request.codec.default_quality(find_content(rendition))
    start = LadderPoint(RenditionParams.from_rendition(rendition), quality)
    if request.settings.lossless:
        # A file that must be lossless has a single size, which the error names.
        runner.run(rendition, start, None, abort_factor=None)
    else:
        Search(rendition, runner, start).run()
    if runner.best is None:
        raise runner.refusal()
    return runner.best


class Search:
    """The search for a file, which may be lossy.

    A long animation is not encoded as a whole at every step: samples of its frames tell where to go, and whole files
    correct them.

    Args:
        rendition: What is to be shown; it satisfies all constraints but the cap.
        runner: Runs the encodes.
        start: The whole, with exact values.
    """

    def __init__(self, rendition: Rendition, runner: TrialRunner, start: LadderPoint) -> None:
        self._runner, self._request, self._start = runner, runner.request, start
        self._codec, self._probe = self._request.codec, SizeProbe(self._request.fmt)
        self._content = find_content(rendition)
        self._limits = self._codec.quality_limits.get(self._content)
        self._quality_step = max(
            0 if self._codec.quality_range is None else self._codec.quality_range.step,
            0 if self._limits is None else self._limits.step,
        )
        self._whole = start.params
        self._layouts = {(self._whole.density, self._whole.channels, self._whole.scale): rendition}
        self._maps: dict[RenditionParams, RecordedMaps] = {}
        self._quantized: tuple[LadderPoint, QuantizedMaps] | None = None
        self._partly_quantized: tuple[LadderPoint, QuantizedMaps] | None = None
        self._breakdowns: dict[LadderPoint, SizeBreakdown] = {}
        self._cap, self._target = math.log(runner.cap), math.log(TARGET_FILL * runner.cap)
        self._quality_ratios: dict[float | None, float] = {start.quality: 1.0}

    def run(self) -> None:
        """Encode exact values, unless samples say that they are too large, and reduce what does not fit."""
        log_size = self._sample(self._start)
        if log_size is None or log_size <= self._cap + DOUBTFUL_LOG_MARGIN:
            exact = self._runner.run(self._render(self._whole), self._start, None, 1.0)
            if self._runner.best is not None:
                return
            if log_size is None or exact.complete:
                log_size = math.log(self._estimate_exact_size(exact))
            self._reduce_quality(log_size, measured=exact.complete)
        else:
            self._reduce_quality(log_size, measured=False)

    def predict(self, log_size: float) -> tuple[LadderPoint, float]:
        """Predict what a file loses, without encoding it and without another layout.

        Args:
            log_size: The logarithm of the size of exact values.

        Returns:
            The point at which it fits, or the last one of this layout, and the logarithm of the size there.
        """
        ladder = self._build_quality_ladder()
        if log_size - ladder.end > self._target:
            log_size, last = log_size - ladder.end, ladder.points[-1]
            model = SizeModel(last, self._break_down(last), self._counter, self._quality_ratios)
            few_levels = self._request.fmt.palette_based and self._counter.quantizes
            rest = reduction_points(
                last,
                self._request.keep,
                levels=few_levels,
                undense=self._whole,
                channels=self._whole.channels,
                scales=(),
                fixed_canvas=False,
            )
            ladder = QualityLadder([last, *rest], map(model.predict, [last, *rest]), self._quality_step)
        position, point = ladder.locate(log_size - self._target)
        return point, log_size - position

    def _reduce_quality(self, log_size: float, *, measured: bool) -> None:
        """Walk down from exact values, whose size is known, to a file that fits, and fill the cap."""
        ladder = self._build_quality_ladder()
        finder = SizeRootFinder(ladder.end, self._cap, self._target)
        finder.observe(0.0, log_size, measured=measured)
        last = ladder.points[-1]
        if self._may_suffice(ladder, finder):
            self._walk(ladder, finder)
        if self._runner.best is None:
            model = SizeModel(last, self._break_down(last), self._counter, self._quality_ratios)
            measured = finder.reached_end
            self._reduce(model, last, finder.end_size if measured else model.predict(last), measured=measured)
            if self._runner.best is not None and self._runner.may_continue:
                self._fill(self._runner.best, ladder, model)

    def _may_suffice(self, ladder: QualityLadder, finder: SizeRootFinder) -> bool:
        """Whether a file at the end of a ladder may fit."""
        last = ladder.points[-1]
        log_size = self._sample(last)
        if log_size is not None:
            finder.sample(ladder.end, log_size)
            return log_size <= self._cap + HOPELESS_LOG_EXCESS
        # A few frames of a video take more bytes than among others, so both estimates must be too large.
        margin = -DOUBTFUL_LOG_MARGIN if self._request.fmt.palette_based else HOPELESS_LOG_EXCESS
        return (
            finder.end_size <= self._target + margin
            or math.log(self._break_down(last).total) <= self._target + HOPELESS_LOG_EXCESS
        )

    @cached_property
    def _counter(self) -> ChangeCounter:
        """Counts changes in samples of all values."""
        power = PALETTE_CHANGE_POWER if self._limits is None else self._limits.change_power
        samples = self._record_maps(self._whole).samples()
        return ChangeCounter(self._render(self._whole), samples, self._request.max_error, power)

    def _build_quality_ladder(self) -> QualityLadder:
        """The rungs that keep all frames, levels and the scale."""
        points = quality_points(self._whole, self._codec, self._content, quantizes=self._counter.quantizes)
        anchor = points[0]
        if self._limits is not None:
            # Quality changes before anything is quantized.
            settings = [self._settings(point) for point in points[:2]]
            anchor, ratio = points[1], self._probe.quality_ratio(self._render(self._whole), *settings)
            self._quality_ratios |= {points[-1].quality: FLOOR_RATIO * ratio, anchor.quality: ratio}
        # Without quantization only quality changes the size, whatever it is made of.
        known = self._break_down(anchor) if self._counter.quantizes else SizeBreakdown(1.0, 1.0)
        model = SizeModel(anchor, known, self._counter, self._quality_ratios)
        return QualityLadder(points, map(model.predict, points), self._quality_step)

    def _reduce(self, model: SizeModel, last: LadderPoint, log_size: float, *, measured: bool) -> None:
        """Walk down from `last`, whose size is known, over the rungs that show less, to their end if need be."""
        runner, fmt = self._runner, self._request.fmt
        keep, few_levels = self._request.keep, fmt.palette_based and self._counter.quantizes
        build = partial(reduction_points, last, keep, levels=few_levels)
        whole, density = self._whole, self._whole.density
        undense = replace(whole, density=1, scale=max(1, whole.scale // density))
        half = (whole.channels + 1) // 2
        points = [
            last,
            *build(undense=undense, channels=half, scales=[undense.scale - 1], fixed_canvas=False),
        ]
        larger = [point for point in points if self._has_whole_layout(point)]
        if len(larger) < len(points) and model.predict(larger[-1]) > self._target - DOUBTFUL_LOG_MARGIN:
            # Only now anything else is laid out.
            with suppress(TemplateError):
                undense, model = self._find_undense(), replace(model, half_ratios=self._probe_smaller(last))
                scales = self._find_smaller_scales(undense, any_scale=fmt.palette_based)
                is_fixed = bool(scales) and self._keeps_canvas(replace(undense, scale=scales[-1]))
                fewer = self._find_fewer_channels()
                points = [last, *build(undense=undense, channels=fewer, scales=scales, fixed_canvas=is_fixed)]
        ladder = QualityLadder(points, map(model.predict, points), self._quality_step)
        finder = SizeRootFinder(ladder.end, self._cap, self._target)
        finder.observe(0.0, log_size, measured=measured)
        ladder = self._walk(ladder, finder, min_fill=MIN_STEP_FILL)
        while runner.best is None and len(ladder.points) > 1:
            try:
                trial = self._encode(ladder.points[-1], None)
            except TemplateError:
                ladder = ladder.without_scale(ladder.points[-1].params.scale)
                continue
            finder.end = ladder.end
            finder.observe(ladder.end, math.log(trial.bytes), measured=trial.complete)
            if runner.best is None:
                break
            self._walk(ladder, finder, min_fill=MIN_STEP_FILL)

    def _has_whole_layout(self, point: LadderPoint) -> bool:
        """Whether a point shows all channels at the whole density and scale."""
        return replace(point.params, frames=self._whole.frames, levels=self._whole.levels) == self._whole

    def _find_undense(self) -> RenditionParams:
        """All of the rendition at a density of 1.

        Raises:
            TemplateError: It cannot be laid out at that density.
        """
        if self._whole.density == 1:
            return self._whole
        undense = self._render(self._whole).with_density(1)
        params = replace(self._whole, density=1, scale=undense.scale)
        self._layouts[1, params.channels, params.scale] = undense
        return params

    def _find_fewer_channels(self) -> int:
        """Half of the channels; all of them if the author chose them one by one.

        Raises:
            TemplateError: Fewer channels cannot be laid out.
        """
        return self._render(replace(self._whole, channels=(self._whole.channels + 1) // 2)).channels

    def _find_smaller_scales(self, undense: RenditionParams, *, any_scale: bool) -> list[int]:
        """The scales below that at a density of 1, descending: all that may be taken, or those that suit video."""
        context = self._render(undense).scene.context
        smallest = find_smallest_scale(undense.scale, max(context.require(context.layer).map_shape[1:]))
        scales = range(undense.scale - 1, smallest - 1, -1)
        return [scale for scale in scales if any_scale or scale in VIDEO_SCALES]

    def _keeps_canvas(self, params: RenditionParams) -> bool:
        """Whether the canvas is as large as without the parameters' smaller scale."""
        return self._render(params).size == self._render(self._find_undense()).size

    def _probe_smaller(self, last: LadderPoint) -> tuple[float, float]:
        """The fractions of static bytes and of those of maps that half the scale or density leaves."""
        undense = self._find_undense()
        smaller = undense if undense != self._whole else replace(undense, scale=max(1, undense.scale // 2))
        rendition = self._render(replace(smaller, frames=last.params.frames))
        if rendition.scale == self._whole.scale:
            return DEFAULT_HALF_RATIOS
        settings = self._settings(replace(last, params=replace(smaller, frames=last.params.frames)))
        whole = self._break_down(last).probed
        quantized, changes = self._quantize_windows(last)
        probed = self._probe.break_down(rendition, quantized.levels_at, settings, changes).probed
        power = 1 / math.log2(self._whole.scale / rendition.scale)
        static, maps = (min(MAX_HALF_RATIO, probed[part] / whole[part]) ** power for part in (0, 1))
        return static, maps

    def _fill(self, best: Trial, ladder: QualityLadder, model: SizeModel) -> None:
        """Keep what a trial shows, and quantize it less until it fills the cap."""
        points = [replace(point, params=best.point.params) for point in ladder.points]
        filling = QualityLadder(points, map(model.predict, points), self._quality_step)
        finder = SizeRootFinder(filling.end, self._cap, self._target)
        finder.observe(filling.end, math.log(best.bytes))
        self._walk(filling, finder)

    def _walk(self, ladder: QualityLadder, finder: SizeRootFinder, min_fill: float = 1.0) -> QualityLadder:
        """Encode points of a ladder until a file fills `min_fill` of the cap, or no point is left to try.

        Returns the ladder without the scales that cannot be laid out.
        """
        runner, encoded = self._runner, set[LadderPoint]()
        while runner.may_continue and (runner.best is None or runner.best.bytes < min_fill * runner.cap):
            found = self._find_next(ladder, finder)
            if found is None or found[1] in encoded:
                break
            position, point = found
            try:
                trial = self._encode(point)
            except TemplateError:
                ladder = ladder.without_scale(point.params.scale)
                finder.end = ladder.end
                continue
            encoded.add(point)
            finder.observe(position, math.log(trial.bytes), measured=trial.complete)
            if position <= 0 and runner.fits(trial):
                break
        return ladder

    def _find_next(self, ladder: QualityLadder, finder: SizeRootFinder) -> tuple[float, LadderPoint] | None:
        """The position and the point to encode next, by samples of long animations; None if none is left."""
        for _ in range(MAX_SAMPLES):
            position = finder.find_sampled(on_target=True)
            if position is not None:
                return position, ladder.locate(position)[1]
            if (position := finder.predict()) is None:
                return None
            position, point = ladder.locate(position)
            if finder.is_sampled(position):
                break
            log_size = self._sample(point)
            if log_size is None:
                return position, point
            finder.sample(position, log_size)
        position = finder.find_sampled(on_target=False)
        return None if position is None else (position, ladder.locate(position)[1])

    def _encode(self, point: LadderPoint, abort_factor: float | None = ABORT_FACTOR) -> Trial:
        quantized = self._quantize(point) if point.change_cost else None
        encoded = replace(point, quality=self._translate_quality(point))
        return self._runner.run(self._render(point.params), encoded, quantized, abort_factor)

    def _settings(self, point: LadderPoint, *, thorough: bool = False) -> EncoderSettings:
        """The encoder's settings at a point."""
        return self._runner.settings(self._translate_quality(point), thorough=thorough)

    def _translate_quality(self, point: LadderPoint) -> float | None:
        """The quality of a point in terms of what the codec sees: a smaller scale may be another content."""
        if point.quality is None or self._limits is None or point.params.scale == self._whole.scale:
            return point.quality
        other = self._codec.quality_limits[find_content(self._render(point.params))]
        return float(np.interp(point.quality, self._limits.qualities, other.qualities))

    def _sample(self, point: LadderPoint) -> float | None:
        """The logarithm of the size at a point, estimated by windows of the frames; None for a short animation."""
        windows = FrameWindows.spread(len(self._render(point.params).timeline))
        if windows is None:
            return None
        levels, changes = None, self._record_maps(point.params).changes
        if point.change_cost:
            quantized, changes = self._quantize_windows(point)
            levels = quantized.levels_at
        settings = self._settings(point, thorough=not point.change_cost)
        rendition = self._render(point.params)
        return math.log(self._probe.estimate_size(rendition, levels, settings, windows, changes))

    def _estimate_exact_size(self, exact: Trial) -> float:
        """The size of all exact values, of which some were encoded."""
        changes = self._record_maps(self._whole).changes
        encoded = changes[: exact.frames].sum()
        return exact.bytes if exact.complete or not encoded else exact.written * changes.sum() / encoded

    def _break_down(self, point: LadderPoint) -> SizeBreakdown:
        """What the bytes at a point with all frames are made of."""
        if point not in self._breakdowns:
            rendition, settings = self._render(point.params), self._settings(point)
            quantized, changes = self._quantize_windows(point)
            self._breakdowns[point] = self._probe.break_down(
                rendition, quantized.levels_at, settings, changes
            )
        return self._breakdowns[point]

    def _render(self, params: RenditionParams) -> Rendition:
        """The rendition of some frames. Only another density, scale or number of channels lays it out again."""
        layout = params.density, params.channels, params.scale
        if layout not in self._layouts:
            rendition = self._layouts[self._whole.density, self._whole.channels, self._whole.scale]
            rendition = rendition.with_density(params.density).with_channels(params.channels)
            self._layouts[layout] = rendition.with_scale(params.scale)
        return self._layouts[layout].with_frames(params.frames)

    def _record_maps(self, params: RenditionParams) -> RecordedMaps:
        """Exact maps; the full set and the latest other one are cached."""
        key = replace(params, levels=self._whole.levels)
        if key not in self._maps:
            rendition = self._render(params)
            self._maps = {known: maps for known, maps in self._maps.items() if known == self._whole}
            self._maps[key] = RecordedMaps(rendition)
        return self._maps[key]

    def _quantize(self, point: LadderPoint) -> QuantizedMaps:
        """Quantize the maps for a point. The last result is cached."""
        key = replace(point, quality=None)
        if self._quantized is None or self._quantized[0] != key:
            self._quantized = key, self._quantize_maps(self._record_maps(point.params), point)
        return self._quantized[1]

    def _quantize_windows(self, point: LadderPoint) -> tuple[QuantizedMaps, NDArray[np.int64]]:
        """Quantize the windows of a long animation and the frames around them, or all of a short one.

        Returns:
            The levels, and how many values change in each frame of the animation, exact ones where it is long.
        """
        maps = self._record_maps(point.params)
        windows = FrameWindows.spread(maps.frames)
        if windows is None or len(frames := windows.with_context()) == maps.frames:
            quantized = self._quantize(point)
            return quantized, np.array(quantized.stats.changes)
        key = replace(point, quality=None)
        if self._partly_quantized is None or self._partly_quantized[0] != key:
            self._partly_quantized = key, self._quantize_maps(maps.select(frames), point)
        return self._partly_quantized[1], maps.changes

    def _quantize_maps(self, maps: RecordedMaps, point: LadderPoint) -> QuantizedMaps:
        levels = point.params.levels if point.params.levels < self._whole.levels else None
        return quantize(maps, point.change_cost, max_error=self._request.max_error, levels=levels)
