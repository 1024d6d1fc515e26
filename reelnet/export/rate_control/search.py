"""The search under a cap: lossless if that fits, else down the quality ladder as little as possible.

Videos are found by constant quality too: x264 in two passes lands within 3 % of a rate, but takes two encodes per
trial, and at the same size lost up to 3 dB: it spreads the bits, and most are needed where values change most.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace

from reelnet.errors import TemplateError
from reelnet.export.quantize.level_store import QuantizedMaps, RecordedMaps, quantize
from reelnet.export.rate_control.constraints import fit_constraints
from reelnet.export.rate_control.quality_ladder import (
    PALETTE_CHANGE_POWER,
    QUALITY_RANGES,
    LadderPoint,
    QualityLadder,
    RenditionParams,
    default_quality,
    quality_points,
    reduction_points,
)
from reelnet.export.rate_control.root_finder import SizeRootFinder
from reelnet.export.rate_control.size_model import ChangeCounter, SizeBreakdown, SizeModel, SizeProbe
from reelnet.export.rate_control.trials import TARGET_FILL, Trial, TrialRunner
from reelnet.render.rendition import Rendition

HOPELESS_LOG_EXCESS = 0.2
"""A ladder is not walked if the logarithm of the size at its end is expected to be so far over the target."""

DOUBTFUL_LOG_MARGIN = 0.3
"""The end of a ladder is probed if its expected size is less than this below the target."""

MAX_FLOOR_RATIO = 0.97
"""The codec's quality goes to its floor before frames are dropped if that leaves at most this part of the bytes."""

MIN_STEP_FILL = 0.85
"""With at least this part of the cap full, frames, levels and scale stay as they are, and less quantization fills
it."""


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
    start = LadderPoint(RenditionParams.from_rendition(rendition), default_quality(request.codec))
    # A file that must be lossless has a single size, which the error names.
    lossless = request.settings.lossless
    exact = runner.run(rendition, start, None, abort_factor=None if lossless else 1.0, thorough=True)
    if runner.best is None and not lossless:
        _Search(rendition, runner, exact).run()
    if runner.best is None:
        raise runner.refusal()
    return runner.best


class _Search:
    """The search for a lossy file.

    Args:
        rendition: What is to be shown.
        runner: Runs the encodes.
        exact: The encode of exact values, which does not fit.
    """

    def __init__(self, rendition: Rendition, runner: TrialRunner, exact: Trial) -> None:
        self._runner, self._request, self._exact = runner, runner.request, exact
        self._codec, self._probe = self._request.codec, SizeProbe(self._request.fmt)
        self._quality_range = QUALITY_RANGES.get(self._codec.name)
        self._renditions = {rendition.scale: rendition}
        self._whole = exact.point.params
        self._maps: dict[tuple[int, int], RecordedMaps] = {}
        self._quantized: tuple[LadderPoint, QuantizedMaps] | None = None
        self._breakdowns: dict[LadderPoint, SizeBreakdown] = {}
        self._cap, self._target = math.log(runner.cap), math.log(TARGET_FILL * runner.cap)
        power = PALETTE_CHANGE_POWER if self._quality_range is None else self._quality_range.change_power
        samples = self._recorded(self._whole).samples()
        self._counter = ChangeCounter(rendition, samples, self._request.max_error, power)
        self._quality_ratios: dict[float | None, float] = {exact.point.quality: 1.0}

    def run(self) -> None:
        """Walk down the rungs until a file fits, and fill the cap."""
        ladder = self._build_quality_ladder()
        finder = SizeRootFinder(ladder.end, self._cap, self._target)
        finder.observe(0.0, math.log(self._estimate_exact_size()), measured=self._exact.complete)
        if self._may_suffice(ladder, finder):
            self._walk(ladder, finder)
        if self._runner.best is None and (coarser := self._add_quality_floor(ladder)) is not None:
            ladder, finder.end = coarser, coarser.end
            if self._may_suffice(ladder, finder):
                self._walk(ladder, finder)
        if self._runner.best is None:
            self._reduce(ladder, finder)

    def _build_quality_ladder(self) -> QualityLadder:
        """The rungs that keep all frames, levels and the scale; coarser codec quality may be added later."""
        points = quality_points(self._whole, self._codec, quantizes=self._counter.quantizes)
        start = points[0]
        if self._quality_range is not None:
            self._quality_ratios[points[1].quality] = self._probe.quality_ratio(
                self._renditions[self._whole.scale],
                None,
                self._runner.settings(points[1].quality),
                self._runner.settings(start.quality),
            )
        anchor = points[1] if self._quality_range is not None else start
        # Without quantization only quality changes the size, whatever it is made of.
        known = self._break_down(anchor) if self._counter.quantizes else SizeBreakdown(1.0, 1.0)
        model = SizeModel(anchor, known, self._counter, self._quality_ratios)
        return QualityLadder(points, map(model.predict, points), self._codec)

    def _add_quality_floor(self, ladder: QualityLadder) -> QualityLadder | None:
        """The ladder down to the codec's lowest quality; None if that saves too little."""
        last, ranges = ladder.points[-1], self._quality_range
        if ranges is None or not self._counter.quantizes or ranges.floor <= ranges.unseen:
            return None
        ratio = self._probe.quality_ratio(
            self._renditions[self._whole.scale],
            self._quantize(last),
            self._runner.settings(ranges.floor),
            self._runner.settings(last.quality),
        )
        if ratio >= MAX_FLOOR_RATIO:
            return None
        self._quality_ratios[ranges.floor] = ratio * self._quality_ratios[last.quality]
        return ladder.extended(replace(last, quality=ranges.floor), -math.log(ratio))

    def _may_suffice(self, ladder: QualityLadder, finder: SizeRootFinder) -> bool:
        """Whether some file on a ladder may fit. Probing its end tells more than the prediction, and takes time."""
        # A few frames of a video take more bytes than among others, so both estimates must be too large.
        margin = -DOUBTFUL_LOG_MARGIN if self._request.fmt.palette_based else HOPELESS_LOG_EXCESS
        if finder.end_size <= self._target + margin:
            return True
        return math.log(self._break_down(ladder.points[-1]).total) <= self._target + HOPELESS_LOG_EXCESS

    def _reduce(self, ladder: QualityLadder, finder: SizeRootFinder) -> None:
        """Walk down the rungs that show less, to their very end if need be, and fill the cap."""
        runner, last = self._runner, ladder.points[-1]
        half = self._half_scale()
        known = self._break_down(last)
        model = SizeModel(last, known, self._counter, self._quality_ratios)
        measured = finder.reached_end
        log_size = finder.end_size if measured else math.log(known.total)
        points = [
            last,
            *reduction_points(
                last,
                self._request.keep,
                palette_based=self._request.fmt.palette_based,
                fixed_canvas=half is not None and half.size == self._renditions[self._whole.scale].size,
                quantizes=self._counter.quantizes,
            ),
        ]
        reductions = QualityLadder(points, map(model.predict, points), self._codec)
        finder = SizeRootFinder(reductions.end, self._cap, self._target)
        finder.observe(0.0, log_size, measured=measured)
        reductions = self._walk(reductions, finder, min_fill=MIN_STEP_FILL)
        while runner.best is None and len(reductions.points) > 1:
            least = reductions.points[-1]
            try:
                trial = self._encode(least, thorough=True)
            except TemplateError:
                reductions = reductions.without_scale(least.params.scale)
                continue
            finder.end = reductions.end
            finder.observe(finder.end, math.log(trial.bytes), measured=trial.complete)
            if runner.best is not None:
                self._walk(reductions, finder, min_fill=MIN_STEP_FILL)
            break
        if runner.best is not None and runner.may_continue:
            self._fill(runner.best, ladder, model)

    def _fill(self, best: Trial, ladder: QualityLadder, model: SizeModel) -> None:
        """Keep what a trial shows, and quantize it less until it fills the cap."""
        points = [replace(point, params=best.point.params) for point in ladder.points]
        filling = QualityLadder(points, map(model.predict, points), self._codec)
        finder = SizeRootFinder(filling.end, self._cap, self._target)
        finder.observe(filling.end, math.log(best.bytes))
        self._walk(filling, finder)

    def _walk(self, ladder: QualityLadder, finder: SizeRootFinder, min_fill: float = 1.0) -> QualityLadder:
        """Encode points of a ladder until the cap is full, or no point is left between those that were encoded.

        Args:
            ladder: The path.
            finder: Knows sizes on it.
            min_fill: The fraction of the cap at which to stop.

        Returns:
            The ladder without scales that cannot be laid out.
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

    def _encode(self, point: LadderPoint, *, thorough: bool = False) -> Trial:
        rendition = self._render(point.params)
        quantized = self._quantize(point) if point.change_cost else None
        if thorough:
            return self._runner.run(rendition, point, quantized, abort_factor=None, thorough=True)
        return self._runner.run(rendition, point, quantized)

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
            half = self._half_scale() if point.change_cost or not self._counter.quantizes else None
            rendition, settings = self._render(point.params), self._runner.settings(point.quality)
            self._breakdowns[point] = self._probe.break_down(rendition, self._quantize(point), settings, half)
        return self._breakdowns[point]

    def _half_scale(self) -> Rendition | None:
        """All of it at half the scale; None if there is no such layout."""
        if self._whole.scale == 1:
            return None
        with suppress(TemplateError):
            return self._render(replace(self._whole, scale=self._whole.scale // 2))
        return None

    def _render(self, params: RenditionParams) -> Rendition:
        """The rendition of some frames at a scale. Only a new scale lays it out again."""
        if params.scale not in self._renditions:
            self._renditions[params.scale] = self._renditions[self._whole.scale].with_scale(params.scale)
        return self._renditions[params.scale].with_frames(params.frames)

    def _recorded(self, params: RenditionParams) -> RecordedMaps:
        """The exact values, of all frames at the whole scale and of the last other choice."""
        key = params.frames, params.scale
        if key not in self._maps:
            whole = self._whole.frames, self._whole.scale
            rendition = self._render(params)
            self._maps = {known: maps for known, maps in self._maps.items() if known == whole}
            self._maps[key] = RecordedMaps(rendition.scene, rendition.run)
        return self._maps[key]

    def _quantize(self, point: LadderPoint) -> QuantizedMaps:
        """The values at a point; those of the last one are kept."""
        if self._quantized is None or self._quantized[0] != replace(point, quality=None):
            params = point.params
            levels = params.levels if params.levels < self._whole.levels else None
            quantized = quantize(
                self._recorded(params), point.change_cost, max_error=self._request.max_error, levels=levels
            )
            self._quantized = replace(point, quality=None), quantized
        return self._quantized[1]
