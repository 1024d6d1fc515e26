"""The quality ladder: everything a file may lose, in one order, from nothing to the least that can be shown.

Its rungs come in the order in which viewers notice the loss: invisible loss of codec quality, values that change
less often (change cost), a coarser codec quality, fewer frames, fewer colormap levels, a density of 1, half of the
channels, a smaller scale, and as a last resort still fewer frames. Where they meet was measured on the demo's run,
with the PSNR of the decoded maps in RGB against the recorded values (H.264, 120 frames):

- Squares of 8 pixels: 637 kB at 45.8 dB by default, 546 kB at 43.0 dB two steps of quality lower. From there a
  change cost of 20 saves 15 % for 1.4 dB, and one of 80 saves 25 % for 2.8 dB. Then quality pays more: four steps
  save 23 % for 1.9 dB, a change cost of 320 would save 10 % for as much. Both together reach 214 kB at 35.1 dB.
  With still higher change costs, values lose 1 to 3 dB for 3 to 5 % of the bytes.
- Squares of 4 pixels behave the same.
- Fine patterns: quantized values save 6 % for 1.3 dB, a coarser quality 18 %. So they lose quality alone.

A picture stays one at which people can look: maps keep at least `MIN_WIDTH_RATIO` of their width, and values of small
maps `MIN_VALUE_SIZE` pixels. At a scale of 4 instead of 8 pixels a video has as many bytes for the same PSNR anyway,
since edges then lie inside the codec's blocks; a GIF has half of them. A viewer who looks at the nearest of 24 frames
sees the values of 291 steps at 35 dB (conv6) to 48 dB (conv3).
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

VIDEO_CHANGE_COSTS = MIN_CHANGE_COST, 5.0, 20.0, 80.0, 320.0
"""The same for videos; the last one goes with the lowest quality."""

FRAME_FRACTIONS = 0.8, 0.5, 0.25
"""Points of the first frames rung, as fractions of all frames."""

MIN_SHOWN_FRAMES = 48
"""Frames that the first frames rung keeps, if there are as many: about 5 seconds at the lowest frame rate."""

MIN_FRAMES = 2
"""The first and the last frame."""

MIN_WIDTH_RATIO = 0.6
"""The fraction of their width that maps keep."""

SMALL_MAP_SIDE, MIN_VALUE_SIZE = 8, 4
"""Longest side of a small map in values, and the least size of its values in pixels; smaller ones keep theirs."""

COARSE_LEVELS = 127, 85, 57, 43, 34, 29, 25, 21, 18, 15
"""Points of the levels rung."""

VIDEO_SCALES = 16, 8, 4, 2
"""Scales that suit video: its blocks are squares of 4, 8 and 16 pixels, and its chroma has half the resolution. Cells
of other sizes take twice the bytes."""

FLOOR_RATIO = 0.55
"""About the bytes that the lowest quality leaves of those of the lowest invisible one."""

STEP_COST_RATIO = 16.0
"""The change cost at the end of a quality step, divided by the one at its beginning, where the file is at least as
large as at the end of the step before. A step of H.264 is up to 12 % of the bytes."""

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
        density: Output pixels per pixel of the layout.
        channels: The most channels of a layer.
        scale: Output pixels per map value.
    """

    frames: int
    levels: int
    density: int
    channels: int
    scale: int

    @classmethod
    def from_rendition(cls, rendition: Rendition) -> RenditionParams:
        """The parameters of a rendition as it is."""
        return cls(
            len(rendition.timeline),
            rendition.scene.palette.levels,
            rendition.density,
            rendition.channels,
            rendition.scale,
        )


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
        quality_step: The smallest difference of quality that changes a file; 0 if every one does.
    """

    def __init__(
        self, points: Sequence[LadderPoint], log_sizes: Iterable[float], quality_step: float = 0
    ) -> None:
        self.points, self._quality_step = tuple(points), quality_step
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
        return QualityLadder([point for point, _ in kept], [size for _, size in kept], self._quality_step)

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
        between = replace(here, quality=quality, change_cost=cost)
        if not self._quality_step or not self._fills_quality_steps:
            return between
        return self._between_qualities(between, self._quality_step)

    @staticmethod
    def _between_qualities(point: LadderPoint, step: float) -> LadderPoint:
        """A point of a codec that has quality steps: the change cost fills what lies between two of them."""
        assert point.quality is not None
        whole = math.floor(point.quality / step)
        part = point.quality / step - whole
        if not point.change_cost:
            return replace(point, quality=float(whole * step), change_cost=part * CHANGE_COSTS[1])
        if part == 0:
            return point
        cost = point.change_cost * STEP_COST_RATIO ** (part - 1)
        return replace(point, quality=float((whole + 1) * step), change_cost=cost)


def quality_points(
    params: RenditionParams, codec: Codec, content: Content, *, quantizes: bool
) -> list[LadderPoint]:
    """The points of the rungs that keep frames, levels and scale.

    Codec quality falls as long as the loss is invisible, then the change cost rises to its maximum. In a video it
    rises only as long as that saves more than a coarser quality; then both go on together, to the floor of quality.

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
        costs = CHANGE_COSTS if limits is None else VIDEO_CHANGE_COSTS[:-1]
        points += [replace(points[-1], change_cost=cost) for cost in costs]
        if limits is not None:
            points.append(LadderPoint(params, limits.floor, VIDEO_CHANGE_COSTS[-1]))
    return points


def find_smallest_scale(scale: int, map_side: int) -> int:
    """The smallest scale, in canvas pixels per map value, at which a picture is still itself.

    Args:
        scale: The scale that the author asked for, or that the layout found.
        map_side: The longer side of the maps, in values.
    """
    least = math.ceil(MIN_WIDTH_RATIO * scale)
    return max(least, min(scale, MIN_VALUE_SIZE)) if map_side <= SMALL_MAP_SIDE else least


def reduction_points(
    last: LadderPoint,
    keep: Collection[str],
    *,
    levels: bool,
    undense: RenditionParams,
    channels: int,
    scales: Sequence[int],
    fixed_canvas: bool,
) -> list[LadderPoint]:
    """The points of the rungs that show less: frames, levels, density, channels, scale, and still fewer frames.

    Args:
        last: The end of the rungs before, whose quality and change cost stay.
        keep: The rungs to leave out: `frames`, `levels`, `channels`, `scale`, which keeps the density, too.
        levels: Whether fewer levels save bytes.
        undense: The whole at the smallest density.
        channels: The smaller number of channels that may be shown.
        scales: The scales below that of `undense` that may be taken, descending.
        fixed_canvas: Whether fewer channels and a smaller scale leave the canvas as large. Then both go last.
    """
    whole, points = last.params, [last]
    fewest = max(MIN_SHOWN_FRAMES, math.ceil(FRAME_FRACTIONS[-1] * whole.frames))
    few = [max(MIN_FRAMES, fewest >> halvings) for halvings in range(1, fewest.bit_length())]
    fewer = [max(fewest, round(fraction * whole.frames)) for fraction in FRAME_FRACTIONS]
    last_frames = "frames", [{"frames": count} for count in few]
    smaller = [("channels", [{"channels": channels}]), ("scale", [{"scale": scale} for scale in scales])]
    rungs: list[tuple[str, list[dict[str, int]]]] = [
        ("frames", [{"frames": count} for count in fewer]),
        ("levels", [{"levels": count} for count in COARSE_LEVELS] if levels else []),
        ("scale", [{"density": undense.density, "scale": undense.scale}]),
        *([last_frames, *smaller] if fixed_canvas else [*smaller, last_frames]),
    ]
    for name, updates in rungs:
        for update in updates if name not in keep else ():
            params = points[-1].params
            if all(value < getattr(params, key) for key, value in update.items()):
                points.append(replace(last, params=replace(params, **update)))
    return points[1:]
