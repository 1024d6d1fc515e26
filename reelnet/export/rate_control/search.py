"""The search under a cap: lossless if that fits, else down the quality ladder as little as possible.

Videos are found by constant quality too: x264 in two passes lands within 3 % of a rate, but takes two encodes per
trial, and at the same size lost up to 3 dB: it spreads the bits, and most are needed where values change most.

The other limits of a platform are met before anything is encoded, by a smaller scale and fewer frames.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from reelnet.errors import CapError, TemplateError
from reelnet.export.encoders.content import find_content
from reelnet.export.platforms.model import OutputConstraints
from reelnet.export.quantize.level_store import QuantizedMaps, RecordedMaps, quantize
from reelnet.export.rate_control.quality_ladder import (
    FLOOR_RATIO,
    MIN_FRAMES,
    PALETTE_CHANGE_POWER,
    LadderPoint,
    QualityLadder,
    RenditionParams,
    quality_points,
    reduction_points,
)
from reelnet.export.rate_control.root_finder import SizeRootFinder
from reelnet.export.rate_control.size_model import ChangeCounter, SizeBreakdown, SizeModel, SizeProbe
from reelnet.export.rate_control.trials import ABORT_FACTOR, TARGET_FILL, Trial, TrialRunner
from reelnet.render.rendition import Rendition

HOPELESS_LOG_EXCESS = 0.2
"""A ladder is skipped if both estimates of the log size at its end are more than this above the target."""

DOUBTFUL_LOG_MARGIN = 0.3
"""The end of a ladder is probed unless its predicted log size is at least this far below the target."""

MAX_HALF_RATIO = 0.95
"""Half the scale saves at least a little, even if a probe measures less."""

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
    # A file that must be lossless has a single size, which the error names.
    lossless = request.settings.lossless
    exact = runner.run(rendition, start, None, None if lossless else 1.0)
    if runner.best is None and not lossless:
        _Search(rendition, runner, exact).run()
    if runner.best is None:
        raise runner.refusal()
    return runner.best


class _Search:
    """The search for a lossy file, after the encode of exact values did not fit."""

    def __init__(self, rendition: Rendition, runner: TrialRunner, exact: Trial) -> None:
        self._runner, self._request, self._exact = runner, runner.request, exact
        self._codec, self._probe = self._request.codec, SizeProbe(self._request.fmt)
        self._content = find_content(rendition)
        self._limits = self._codec.quality_limits.get(self._content)
        self._renditions = {rendition.scale: rendition}
        self._whole = exact.point.params
        self._maps: dict[tuple[int, int], RecordedMaps] = {}
        self._quantized: tuple[LadderPoint, QuantizedMaps] | None = None
        self._breakdowns: dict[LadderPoint, SizeBreakdown] = {}
        self._cap, self._target = math.log(runner.cap), math.log(TARGET_FILL * runner.cap)
        power = PALETTE_CHANGE_POWER if self._limits is None else self._limits.change_power
        samples = self._record_maps(self._whole).samples()
        self._counter = ChangeCounter(rendition, samples, self._request.max_error, power)
        self._quality_ratios: dict[float | None, float] = {exact.point.quality: 1.0}

    def run(self) -> None:
        """Walk down the rungs until a file fits, and fill the cap."""
        ladder = self._build_quality_ladder()
        finder = SizeRootFinder(ladder.end, self._cap, self._target)
        finder.observe(0.0, math.log(self._estimate_exact_size()), measured=self._exact.complete)
        # A few frames of a video take more bytes than among others, so both estimates must be too large.
        margin = -DOUBTFUL_LOG_MARGIN if self._request.fmt.palette_based else HOPELESS_LOG_EXCESS
        last = ladder.points[-1]
        if (
            finder.end_size <= self._target + margin
            or math.log(self._break_down(last).total) <= self._target + HOPELESS_LOG_EXCESS
        ):
            self._walk(ladder, finder)
        if self._runner.best is None:
            model = SizeModel(last, self._break_down(last), self._counter, self._quality_ratios)
            measured = finder.reached_end
            self._reduce(model, last, finder.end_size if measured else model.predict(last), measured=measured)
            if self._runner.best is not None and self._runner.may_continue:
                self._fill(self._runner.best, ladder, model)

    def _build_quality_ladder(self) -> QualityLadder:
        """The rungs that keep all frames, levels and the scale."""
        points = quality_points(self._whole, self._codec, self._content, quantizes=self._counter.quantizes)
        anchor = points[0]
        if self._limits is not None:
            # Quality changes before anything is quantized.
            settings = [self._runner.settings(point.quality) for point in points[:2]]
            anchor, ratio = points[1], self._probe.quality_ratio(self._render(self._whole), *settings)
            self._quality_ratios |= {points[-1].quality: FLOOR_RATIO * ratio, anchor.quality: ratio}
        # Without quantization only quality changes the size, whatever it is made of.
        known = self._break_down(anchor) if self._counter.quantizes else SizeBreakdown(1.0, 1.0)
        model = SizeModel(anchor, known, self._counter, self._quality_ratios)
        return QualityLadder(points, map(model.predict, points), self._codec)

    def _reduce(self, model: SizeModel, last: LadderPoint, log_size: float, *, measured: bool) -> None:
        """Walk down from `last`, whose size is known, over the rungs that show less, to their end if need be."""
        runner, fmt = self._runner, self._request.fmt
        keep, few_levels = self._request.keep, fmt.palette_based and self._counter.quantizes
        build = partial(reduction_points, last, keep, levels=few_levels, all_scales=fmt.palette_based)
        points = [last, *build(fixed_canvas=False)]
        unscaled = [point for point in points if point.params.scale == self._whole.scale]
        may_scale = len(unscaled) < len(points)
        if may_scale and model.predict(unscaled[-1]) > self._target - DOUBTFUL_LOG_MARGIN:
            # Only now another scale is laid out.
            with suppress(TemplateError):
                half = self._render(replace(self._whole, scale=max(1, self._whole.scale // 2)))
                model = replace(model, half_ratios=self._probe_half_scale(half, last))
                points = [last, *build(fixed_canvas=half.size == self._render(self._whole).size)]
        ladder = QualityLadder(points, map(model.predict, points), self._codec)
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

    def _probe_half_scale(self, half: Rendition, last: LadderPoint) -> tuple[float, float]:
        """The fractions of static bytes and of those of maps that half the scale leaves."""
        settings, whole = self._runner.settings(last.quality), self._break_down(last).probed
        probed = self._probe.break_down(half, self._quantize(last), settings).probed
        power = 1 / math.log2(self._whole.scale / half.scale)
        static, maps = (min(MAX_HALF_RATIO, probed[part] / whole[part]) ** power for part in (0, 1))
        return static, maps

    def _fill(self, best: Trial, ladder: QualityLadder, model: SizeModel) -> None:
        """Keep what a trial shows, and quantize it less until it fills the cap."""
        points = [replace(point, params=best.point.params) for point in ladder.points]
        filling = QualityLadder(points, map(model.predict, points), self._codec)
        finder = SizeRootFinder(filling.end, self._cap, self._target)
        finder.observe(filling.end, math.log(best.bytes))
        self._walk(filling, finder)

    def _walk(self, ladder: QualityLadder, finder: SizeRootFinder, min_fill: float = 1.0) -> QualityLadder:
        """Encode points of a ladder until a file fills `min_fill` of the cap, or no point is left to try.

        Returns the ladder without the scales that cannot be laid out.
        """
        runner, encoded = self._runner, set[LadderPoint]()
        while runner.may_continue and (runner.best is None or runner.best.bytes < min_fill * runner.cap):
            position = finder.predict()
            if position is None:
                break
            position, point = ladder.locate(position)
            if point in encoded:
                break
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

    def _encode(self, point: LadderPoint, abort_factor: float | None = ABORT_FACTOR) -> Trial:
        quantized = self._quantize(point) if point.change_cost else None
        return self._runner.run(self._render(point.params), point, quantized, abort_factor)

    def _estimate_exact_size(self) -> int:
        """The size of all exact values, of which some were encoded."""
        exact, changes = self._exact, self._quantize(self._exact.point).stats.changes
        if exact.complete or not sum(changes[: exact.frames]):
            return exact.bytes
        settings = self._runner.settings(exact.point.quality, thorough=True)
        return self._probe.complete_size(exact.rendition, exact.written, exact.frames, settings, changes)

    def _break_down(self, point: LadderPoint) -> SizeBreakdown:
        """What the bytes at a point with all frames are made of."""
        if point not in self._breakdowns:
            rendition, settings = self._render(point.params), self._runner.settings(point.quality)
            self._breakdowns[point] = self._probe.break_down(rendition, self._quantize(point), settings)
        return self._breakdowns[point]

    def _render(self, params: RenditionParams) -> Rendition:
        """The rendition of some frames at a scale. Only a new scale lays it out again."""
        if params.scale not in self._renditions:
            self._renditions[params.scale] = self._renditions[self._whole.scale].with_scale(params.scale)
        return self._renditions[params.scale].with_frames(params.frames)

    def _record_maps(self, params: RenditionParams) -> RecordedMaps:
        """Exact maps; the full set and the latest other one are cached."""
        key = params.frames, params.scale
        if key not in self._maps:
            whole = self._whole.frames, self._whole.scale
            rendition = self._render(params)
            self._maps = {known: maps for known, maps in self._maps.items() if known == whole}
            self._maps[key] = RecordedMaps(rendition)
        return self._maps[key]

    def _quantize(self, point: LadderPoint) -> QuantizedMaps:
        """Quantize the maps for a point. The last result is cached."""
        if self._quantized is None or self._quantized[0] != replace(point, quality=None):
            params = point.params
            levels = params.levels if params.levels < self._whole.levels else None
            maps, max_error = self._record_maps(params), self._request.max_error
            quantized = quantize(maps, point.change_cost, max_error=max_error, levels=levels)
            self._quantized = replace(point, quality=None), quantized
        return self._quantized[1]


def fit_constraints(
    rendition: Rendition, constraints: OutputConstraints, keep: Collection[str], path: Path
) -> Rendition:
    """Reduce scale and frames until no frame is too large and there are not too many.

    Args:
        rendition: What is to be shown.
        constraints: The limits.
        keep: What must not be reduced: `frames`, `scale`.
        path: Where the file will go, for errors.

    Raises:
        CapError: What must be kept exceeds a limit, or no scale is small enough.
    """
    platform, scale = constraints.platform, rendition.scale
    while _is_too_large(rendition, constraints):
        size = rendition.size
        try:
            if scale == 1 or "scale" in keep:
                raise TemplateError("there is no smaller scale" if scale == 1 else "the scale must be kept")
            scale -= 1
            rendition = rendition.with_scale(scale)
        except TemplateError as error:
            raise CapError(
                f"{path}: a frame of {size.width}×{size.height} pixels is too large for {platform} ({error}); "
                "show fewer channels or samples, or set a smaller canvas"
            ) from error
    size, count = rendition.size, len(rendition.timeline)
    max_frames = min(
        constraints.max_frames or count,
        (constraints.max_total_pixels or count * size.width * size.height) // (size.width * size.height),
    )
    if count <= max_frames:
        return rendition
    limit = f"{max_frames} that {platform} allows"
    if max_frames != constraints.max_frames:
        limit += f" ({(constraints.max_total_pixels or 0) / 1e6:g} Mpx over all frames)"
    if "frames" in keep:
        raise CapError(
            f"{path}: {count} frames of {size.width}×{size.height} pixels are more than the {limit}"
        )
    rendition = rendition.with_frames(max_frames)
    if (count := len(rendition.timeline)) > max_frames:
        raise CapError(
            f"{path}: {count} frames are more than the {limit}; the first, the last and the held steps and the way "
            "back need them"
        )
    return rendition


def _is_too_large(rendition: Rendition, constraints: OutputConstraints) -> bool:
    """Whether a frame is larger than the constraints allow."""
    size, frames = rendition.size, min(MIN_FRAMES, len(rendition.timeline))
    area = size.width * size.height
    return (
        frames * area > (constraints.max_total_pixels or frames * area)
        or size.width > (constraints.max_width or size.width)
        or size.height > (constraints.max_height or size.height)
        or area > (constraints.max_pixels or area)
    )
