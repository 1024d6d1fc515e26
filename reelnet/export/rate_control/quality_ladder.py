"""The quality ladder: everything a file may lose, in one order, from nothing to the least that can be shown.

Its rungs come in the order in which viewers notice the loss: invisible loss of codec quality, values that change
less often (change cost), codec quality down to its floor, fewer frames, fewer colormap levels, a smaller scale, and
as a last resort still fewer frames. The limits of the first rungs were measured on recorded runs (sizes and PSNR by
decoding) and belong to the codecs, for each kind of content (`QualityLimits`): where a loss of quality is invisible,
it saves bytes for less than 1 dB; then a higher change cost saves more for the same loss; beyond the error limit a
coarser quality pays.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from reelnet.export.encoders.codec import Codec
from reelnet.export.encoders.content import Content
from reelnet.export.quantize.temporal import MIN_CHANGE_COST
from reelnet.render.rendition import Rendition

MAX_CHANGE_COST = 3e4
"""The change cost, in squared RGB distances, at which values change about as seldom as the error limit allows."""

CHANGE_COSTS = MIN_CHANGE_COST, 5.0, 20.0, 80.0, 320.0, 1280.0, 5120.0, MAX_CHANGE_COST
"""Points of the change cost rung."""

FRAME_FRACTIONS = 0.8, 0.5, 0.25
"""Points of the first frames rung, as fractions of all frames."""

MIN_SHOWN_FRAMES = 48
"""Frames that the first frames rung keeps, if there are as many: 6 seconds at the lowest frame rate."""

MIN_FRAMES = 2
"""The first and the last frame."""

COARSE_LEVELS = 127, 85, 57, 43, 34, 29, 25, 21, 18, 15
"""Points of the levels rung."""

VIDEO_SCALES = 2, 4, 8, 16
"""Scales that suit video: its blocks are squares of 4, 8 and 16 pixels, and its chroma has half the resolution.
Cells of other sizes take twice the bytes."""

FLOOR_RATIO = 0.6
"""About the bytes that the lowest quality leaves of those of the lowest invisible one: 0.75 where values change
seldom, 0.4 in an animation of few frames, which change much."""

MIN_LOG_STEP = 1e-3
"""The least distance between two points, so that each has a position of its own."""


PALETTE_CHANGE_POWER = 1.15
"""The `change_power` of formats that keep exact colors."""


@dataclass(frozen=True)
class RenditionParams:
    """How much of a rendition is shown.

    Attributes:
        frames: The number of frames.
        levels: The number of colormap levels between the first frame and the last.
        scale: Canvas pixels per map value.
    """

    frames: int
    levels: int
    scale: int

    @classmethod
    def from_rendition(cls, rendition: Rendition) -> RenditionParams:
        """The parameters of a rendition as it is."""
        return cls(len(rendition.timeline), rendition.scene.palette.levels, rendition.scale)


@dataclass(frozen=True)
class LadderPoint:
    """One choice of everything that decides a file.

    Attributes:
        params: What is shown.
        quality: The quality of the codec, in its own terms; None for its default.
        change_cost: See `quantize`; 0 for exact values.
    """

    params: RenditionParams
    quality: float | None
    change_cost: float = 0.0


class QualityLadder:
    """A path through points of falling size; its positions are continuous.

    A position is the predicted fall of the logarithm of the size since the first point, so that a position and an
    observed size tell directly how far to go on.

    Args:
        points: The points in order.
        log_sizes: The predicted logarithm of the size of each.
        codec: The codec of the file.
    """

    def __init__(self, points: Sequence[LadderPoint], log_sizes: Iterable[float], codec: Codec) -> None:
        self.points, self._codec = tuple(points), codec
        first, *rest = log_sizes
        falls = accumulate(rest, lambda fall, size: max(fall + MIN_LOG_STEP, first - size), initial=0.0)
        self._positions = np.array([*falls])
        self._fills_quality_steps = any(point.change_cost > 0 for point in self.points)

    @property
    def end(self) -> float:
        """The last position."""
        return float(self._positions[-1])

    def without_scale(self, scale: int) -> QualityLadder:
        """The ladder without the points of a scale; all others keep their positions."""
        kept = [
            each for each in zip(self.points, -self._positions, strict=True) if each[0].params.scale != scale
        ]
        return QualityLadder([point for point, _ in kept], [size for _, size in kept], self._codec)

    def locate(self, position: float) -> tuple[float, LadderPoint]:
        """Find the point at a position, or next to it where frames, levels and scale take steps.

        Returns:
            The position of that point, at or after `position`, and the point.
        """
        if len(self.points) == 1:
            return 0.0, self.points[0]
        position = min(max(position, 0.0), self.end)
        index = int(np.clip(np.searchsorted(self._positions, position, "right") - 1, 0, len(self.points) - 2))
        here, there = self.points[index], self.points[index + 1]
        start, end = self._positions[index : index + 2].tolist()
        part = (position - start) / (end - start)
        if part == 0:
            return position, here
        if here.params == there.params:
            return position, self._interpolate(here, there, part)
        if replace(here.params, frames=there.params.frames) != there.params:
            return end, there
        ratio = math.log(there.params.frames / here.params.frames)
        frames = max(there.params.frames, math.floor(here.params.frames * math.exp(part * ratio) + 1e-9))
        part = math.log(frames / here.params.frames) / ratio if ratio else 1.0
        return start + part * (end - start), replace(there, params=replace(there.params, frames=frames))

    def _interpolate(self, here: LadderPoint, there: LadderPoint, part: float) -> LadderPoint:
        """The point at a part of the way between two points that differ in quality or change cost."""
        cost = part * there.change_cost
        if here.change_cost:
            # Equal costs stay exactly equal.
            cost = here.change_cost * (there.change_cost / here.change_cost) ** part
        if here.quality is None or there.quality is None or here.quality == there.quality:
            return replace(here, change_cost=cost)
        quality = (1 - part) * here.quality + part * there.quality
        step = self._codec.quality_range.step if self._codec.quality_range is not None else 0
        if not step or not self._fills_quality_steps:
            return replace(here, quality=quality, change_cost=cost)
        return self._between_qualities(replace(here, quality=quality, change_cost=cost), step)

    @staticmethod
    def _between_qualities(point: LadderPoint, step: float) -> LadderPoint:
        """A point of a codec that has quality steps: the change cost fills what lies between two of them."""
        assert point.quality is not None
        whole = math.floor(point.quality / step)
        part = point.quality / step - whole
        if point.change_cost < MAX_CHANGE_COST:
            return replace(point, quality=float(whole * step), change_cost=part * MIN_CHANGE_COST)
        if part == 0:
            return point
        cost = CHANGE_COSTS[-3] * (MAX_CHANGE_COST / CHANGE_COSTS[-3]) ** part
        return replace(point, quality=float((whole + 1) * step), change_cost=cost)


def quality_points(
    params: RenditionParams, codec: Codec, content: Content, *, quantizes: bool
) -> list[LadderPoint]:
    """The points of the rungs that keep frames, levels and scale.

    Codec quality falls as long as the loss is invisible, then the change cost rises to its maximum, then codec
    quality falls to its floor.

    Args:
        params: What is shown.
        codec: The codec of the file.
        content: What the frames look like to the codec.
        quantizes: Whether values can be quantized; if not, codec quality goes further.
    """
    limits = codec.quality_limits.get(content)
    points = [LadderPoint(params, codec.default_quality(content))]
    if limits is not None:
        points.append(LadderPoint(params, limits.unseen if quantizes else limits.alone))
    if quantizes:
        points += [replace(points[-1], change_cost=cost) for cost in CHANGE_COSTS]
        if limits is not None and limits.floor > limits.unseen:
            points.append(replace(points[-1], quality=limits.floor))
    return points


def reduction_points(
    last: LadderPoint, keep: Collection[str], *, levels: bool, all_scales: bool, fixed_canvas: bool
) -> list[LadderPoint]:
    """The points of the rungs that show less: frames, levels, scale, and the last resort of still fewer frames.

    Args:
        last: The end of the rungs before, whose quality and change cost stay.
        keep: The rungs to leave out: `frames`, `levels`, `scale`.
        levels: Whether fewer levels save bytes.
        all_scales: Whether every scale suits the format, not just `VIDEO_SCALES`.
        fixed_canvas: Whether a smaller scale leaves the canvas as large. Then scale goes last.
    """
    whole, points = last.params, [last]
    fewest = max(MIN_SHOWN_FRAMES, math.ceil(FRAME_FRACTIONS[-1] * whole.frames))
    rungs: list[tuple[str, Iterable[int]]] = [
        ("frames", (max(fewest, round(fraction * whole.frames)) for fraction in FRAME_FRACTIONS)),
        ("levels", COARSE_LEVELS if levels else ()),
        ("scale", range(whole.scale - 1, 0, -1) if all_scales else reversed(VIDEO_SCALES)),
        ("frames", (max(MIN_FRAMES, fewest >> halvings) for halvings in range(1, fewest.bit_length()))),
    ]
    if fixed_canvas:
        rungs[2:] = reversed(rungs[2:])
    for name, values in rungs:
        for value in values if name not in keep else ():
            if value < getattr(points[-1].params, name):
                points.append(replace(last, params=replace(points[-1].params, **{name: value})))
    return points[1:]
