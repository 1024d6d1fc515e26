"""Predicts the size of files: from a few encoded frames, and from the number of changes in a sample of the values."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from reelnet._support.scratch_space import explain_scratch_errors
from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.encode import encode_frames
from reelnet.export.encoders.formats import EncoderSettings, Format
from reelnet.export.quantize.frame_windows import LEAD_FRAMES, FrameWindows
from reelnet.export.quantize.level_store import MapSample
from reelnet.export.rate_control.quality_ladder import CHANGE_COSTS, MAX_CHANGE_COST, LadderPoint
from reelnet.render.compositor import LevelSource
from reelnet.render.rendition import Rendition

PROBE_START, PROBE_FRAMES = 0.1, 24
"""Where the probed frames begin, as a fraction of all frames, and how many follow the first, which does not count."""

STATIC_WEIGHT = 0.03
"""Added to the weight of each frame, as a fraction of the mean changes of a frame."""

STATIC_POWER = 0.72
"""The bytes of text, curves and the overhead of frames grow with this power of the number of frames."""

UNQUANTIZED_POWER = 0.8
"""The bytes of maps grow with this power of the number of frames, where values cannot be quantized."""

DEFAULT_HALF_RATIOS = 0.5, 0.5
"""The fractions of static bytes and of those of maps left at half the scale, where that was not probed."""

MIN_SAVING = 0.01
"""The fraction of all changes that quantization must save to be of use."""


@dataclass(frozen=True)
class SizeBreakdown:
    """What the bytes of a file are made of.

    Attributes:
        static: The bytes of the first frame, and of all but the maps in the others.
        maps: The bytes of the changes of the maps.
        probed: Both parts of the probed frames alone, without the first.
    """

    static: float
    maps: float
    probed: tuple[float, float] = (1.0, 1.0)

    @property
    def total(self) -> float:
        """All bytes."""
        return self.static + self.maps


class ChangeCounter:
    """Estimates how many values change in a rendition with other frames, fewer levels or a change cost.

    Args:
        rendition: All of it.
        samples: Of its values, in all of its frames.
        max_error: The largest allowed error of a value, in 240ths of the color range.
        change_power: The bytes of maps grow with this power of the number of changes; 0 if that does not apply.
    """

    def __init__(
        self, rendition: Rendition, samples: Sequence[MapSample], max_error: float, change_power: float
    ) -> None:
        self._rendition, self._max_error, self._change_power = rendition, max_error, change_power
        self._whole = whole = len(rendition.timeline), rendition.scene.palette.levels
        # For each limit of frames the number that the rendition then has, and the samples in these frames.
        self._samples = {whole[0]: (whole[0], samples)}
        self._counts: dict[tuple[int, int, float], float] = {}
        self.quantizes = False
        """Whether a change cost saves bytes."""
        if change_power > 0:
            exact, least = self.count(*whole, 0.0), self.count(*whole, MAX_CHANGE_COST)
            self.quantizes = exact > 0 and least < (1 - MIN_SAVING) * exact
        if self.quantizes:
            # Counted at once, in threads, because the ladder asks for each of them.
            with ThreadPoolExecutor(min(len(CHANGE_COSTS), os.cpu_count() or 1)) as pool:
                list(pool.map(lambda cost: self.count(*whole, cost), CHANGE_COSTS))

    def shown_frames(self, frames: int) -> int:
        """How many frames the rendition has if it is limited to `frames`; required steps may need more."""
        return self._sample(frames)[0]

    def count(self, frames: int, levels: int, change_cost: float) -> float:
        """About how many values change."""
        key = frames, levels, change_cost
        if key not in self._counts:
            self._counts[key] = sum(
                sample.estimate_changes(change_cost, self._max_error, levels)
                for sample in self._sample(frames)[1]
            )
        return self._counts[key]

    def map_bytes_ratio(self, point: LadderPoint, other: LadderPoint) -> float:
        """The bytes of the maps at one point, as a fraction of those at another, all else being equal."""
        if not self.quantizes:
            frames = self.shown_frames(point.params.frames) / self.shown_frames(other.params.frames)
            return float(frames**UNQUANTIZED_POWER)
        changes = [
            max(1.0, self.count(each.params.frames, each.params.levels, each.change_cost))
            for each in (point, other)
        ]
        return float((changes[0] / changes[1]) ** self._change_power)

    def _sample(self, frames: int) -> tuple[int, Sequence[MapSample]]:
        if frames not in self._samples:
            # Approximate each frame by the frame of the full timeline that shows the nearest step.
            steps = np.array([frame.step for frame in self._rendition.timeline])
            order = np.argsort(steps, kind="stable")
            timeline = self._rendition.with_frames(frames).timeline
            shown = np.array([frame.step for frame in timeline])
            nearest = order[np.clip(np.searchsorted(steps[order], shown), 0, len(steps) - 1)].tolist()
            samples = [sample.with_frames(nearest) for sample in self._samples[self._whole[0]][1]]
            self._samples[frames] = len(timeline), samples
        return self._samples[frames]


@dataclass(frozen=True)
class SizeModel:
    """Predicts the size of a file at any point of a ladder from what is known of one of them.

    Attributes:
        anchor: The point that is known.
        breakdown: What its bytes are made of.
        counter: Of the changes.
        quality_ratios: For each quality the bytes that it leaves, as a fraction of those of the default quality.
        half_ratios: The fractions of `static` and `maps` that half the scale leaves.
    """

    anchor: LadderPoint
    breakdown: SizeBreakdown
    counter: ChangeCounter
    quality_ratios: Mapping[float | None, float]
    half_ratios: tuple[float, float] = DEFAULT_HALF_RATIOS

    def predict(self, point: LadderPoint) -> float:
        """The logarithm of the size at a point."""
        anchor, known, counter = self.anchor, self.breakdown, self.counter
        halvings = math.log2(anchor.params.scale / point.params.scale)
        frames = counter.shown_frames(point.params.frames) / counter.shown_frames(anchor.params.frames)
        quality = self.quality_ratios[point.quality] / self.quality_ratios[anchor.quality]
        static = known.static * self.half_ratios[0] ** halvings * frames**STATIC_POWER
        channels = point.params.channels / max(1, anchor.params.channels)
        maps = (
            known.maps * channels * self.half_ratios[1] ** halvings * counter.map_bytes_ratio(point, anchor)
        )
        return math.log(quality * (static + maps))


@dataclass(frozen=True)
class SizeProbe:
    """Encodes a few frames of renditions.

    Attributes:
        fmt: The format of the file.
    """

    fmt: Format

    def quality_ratio(
        self, rendition: Rendition, reference: EncoderSettings, settings: EncoderSettings
    ) -> float:
        """The bytes of exact values with some settings, as a fraction of those with the reference."""
        positions = self._positions(rendition)
        before, after = (self._size(rendition, None, each, positions) for each in (reference, settings))
        return max(1, after) / max(1, before)

    def break_down(
        self,
        rendition: Rendition,
        levels: LevelSource,
        settings: EncoderSettings,
        changes: NDArray[np.int64],
    ) -> SizeBreakdown:
        """Estimate what the bytes of a rendition are made of.

        Args:
            rendition: What the file shows.
            levels: Its levels, in the windows of a long animation and around them.
            settings: The encoder's settings.
            changes: How many values change in each frame; only the proportions count.
        """
        positions = self._positions(rendition)
        frozen = levels(positions.start)
        first, all_static = self._encode(rendition, lambda _: frozen, settings, positions)
        static = max(1, all_static - first)
        maps = max(1, self._size(rendition, levels, settings, positions) - static)
        probed, frames = changes[positions.start + 1 : positions.stop].sum(), len(rendition.timeline)
        repeats = (frames - 1) / max(1, len(positions) - 1)
        map_repeats = float(changes.sum() / probed) if probed else repeats
        return SizeBreakdown(first + static * repeats, maps * map_repeats, (static, maps))

    def estimate_size(
        self,
        rendition: Rendition,
        levels: LevelSource | None,
        settings: EncoderSettings,
        windows: FrameWindows,
        changes: NDArray[np.int64],
    ) -> float:
        """Estimate the size of a whole file from windows of its frames.

        Args:
            rendition: What the file shows.
            levels: Its levels, in the windows and in front of them; None for exact values.
            settings: The encoder's settings.
            windows: The windows to encode.
            changes: How many values change in each frame; only the proportions count.
        """
        first, _ = self._encode(rendition, levels, settings, range(1))
        sizes = [
            self._size(
                rendition, levels, settings, range(window.start - LEAD_FRAMES, window.stop), LEAD_FRAMES
            )
            for window in windows.windows
        ]
        # Text and curves change in every frame.
        weights = changes + STATIC_WEIGHT * changes.mean() + 1
        return first + windows.extrapolate(np.array(sizes, np.float64), weights)

    @staticmethod
    def _positions(rendition: Rendition) -> range:
        windows = FrameWindows.spread(len(rendition.timeline))
        # In a long animation only the windows are quantized, and the frames around them.
        first = int(PROBE_START * len(rendition.timeline)) if windows is None else windows.windows[1].start
        return range(first, min(len(rendition.timeline), first + PROBE_FRAMES + 1))

    def _size(
        self,
        rendition: Rendition,
        levels: LevelSource | None,
        settings: EncoderSettings,
        positions: range,
        lead: int = 1,
    ) -> int:
        """The bytes of some frames without those of the first `lead` of them."""
        first, total = self._encode(rendition, levels, settings, positions, lead)
        return total - first

    def _encode(
        self,
        rendition: Rendition,
        levels: LevelSource | None,
        settings: EncoderSettings,
        positions: range,
        lead: int = 1,
    ) -> list[int]:
        """The sizes of a file of the first `lead` of some frames, and of one of all of them."""
        fps, sizes = rendition.timeline.fps, []
        frames = [
            replace(frame, pts=number / fps, duration=1 / fps)
            for number, frame in enumerate(rendition.frames(levels, positions, self.fmt.color_depth))
        ]
        with explain_scratch_errors(), TemporaryDirectory() as folder:
            for count in (lead, len(frames)):
                path = Path(folder) / f"{count}{self.fmt.suffix}"
                encode_frames(frames[:count], path, StreamInfo.from_rendition(rendition), settings)
                sizes.append(path.stat().st_size)
        return sizes
