"""The encodes of a search under a cap: how many there may be, the best file so far, and the refusal if none fits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from reelnet._support.byte_size import format_size
from reelnet.errors import CapError
from reelnet.export.encoders.base import CapExceeded, StreamInfo
from reelnet.export.encoders.encode import encode_frames
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.export.quantize.level_store import QuantizationStats, QuantizedMaps
from reelnet.export.quantize.temporal import ERROR_UNITS
from reelnet.export.rate_control.quality_ladder import LadderPoint
from reelnet.export.request import ResolvedRequest
from reelnet.render.rendition import Rendition

MAX_ENCODES = 8
"""The most encodes of a search."""

RESERVED_ENCODES = 3
"""Encodes that are reserved for the least that can be shown, and from there upwards, if nothing fits before."""

MIN_FILL, TARGET_FILL = 0.97, 0.985
"""The fraction of the cap that a lossy file fills at least, and the one that the search aims at."""

ABORT_FACTOR = 2.0
"""An encode is stopped when it is this many times over the cap; a smaller file shows where to go on."""


@dataclass(frozen=True)
class Trial:
    """The result of one encode.

    Attributes:
        rendition: What the file shows.
        point: The choice that was encoded.
        path: The file.
        bytes: Its size; if the encode was stopped, an estimate of the whole size.
        complete: Whether the encode was finished.
        frames: Frames in the file, where identical neighbors may be merged; or the number before the stop.
        written: Bytes written before the stop.
        stats: The errors of quantization; None for exact values.
    """

    rendition: Rendition
    point: LadderPoint
    path: Path
    bytes: int
    complete: bool
    frames: int
    written: int
    stats: QuantizationStats | None = None

    @property
    def levels(self) -> int | None:
        """The number of colormap levels between the first frame and the last; None for all."""
        return None if self.stats is None else self.point.params.levels


class TrialRunner:
    """Runs the encodes for one file under a cap.

    Args:
        request: The file to make.
        folder: For the files of the trials.
        on_encode: Called with the number of encodes and their limit after each.
        on_trial: Called with a description of the next encode before each.

    Attributes:
        request: The file to make.
        cap: The most bytes.
        count: The number of encodes so far.
        best: The largest file that fits; None before one does.
    """

    def __init__(
        self,
        request: ResolvedRequest,
        folder: Path,
        on_encode: Callable[[int, int], None],
        on_trial: Callable[[str], None],
    ) -> None:
        self.request, self._folder = request, folder
        self._on_encode, self._on_trial = on_encode, on_trial
        self.cap = request.constraints.max_bytes or 2**62
        self.count = 0
        self.best: Trial | None = None
        self._smallest: Trial | None = None

    @property
    def may_continue(self) -> bool:
        """Whether another encode is allowed and useful."""
        if self.best is None:
            return self.count < MAX_ENCODES - RESERVED_ENCODES
        return self.count < MAX_ENCODES and self.best.bytes < MIN_FILL * self.cap

    def run(
        self,
        rendition: Rendition,
        point: LadderPoint,
        quantized: QuantizedMaps | None,
        abort_factor: float | None = ABORT_FACTOR,
    ) -> Trial:
        """Encode a rendition, and keep the file if it is the best.

        Args:
            rendition: What is shown.
            point: The choice that it was made for.
            quantized: Its values; None for exact ones.
            abort_factor: The encode is stopped at this multiple of the cap; None never stops it.
        """
        values = "quantized" if point.change_cost else "exact"
        self._on_trial(f"{values} values, {point.params.frames} frames at scale {point.params.scale}")
        cap = None if abort_factor is None else int(abort_factor * self.cap)
        # A faster preset is for sizes that may be off; exact values and the last resort get the default.
        thorough = quantized is None or abort_factor is None
        settings = replace(self.settings(point.quality, thorough=thorough), cap=cap)
        trial = self._encode(rendition, point, quantized, settings)
        self.count += 1
        # A measured size counts more than an estimate.
        self._smallest = min(
            filter(None, (self._smallest, trial)), key=lambda each: (not each.complete, each.bytes)
        )
        self._keep_best(trial)
        self._on_encode(self.count, MAX_ENCODES)
        return trial

    def fits(self, trial: Trial) -> bool:
        """Whether a trial gave a whole file under the cap."""
        return trial.complete and trial.bytes <= self.cap

    def settings(self, quality: float | None, *, thorough: bool = False) -> EncoderSettings:
        """The encoder's settings at a quality, which is None for the default."""
        settings, codec = self.request.settings, self.request.codec
        if quality is not None and not settings.lossless and codec.quality_limits:
            settings = replace(settings, quality=quality)
        if not thorough and "good" in codec.presets and settings.preset is None:
            settings = replace(settings, preset="good")
        return settings

    def refusal(self) -> CapError:
        """The error that no file fits: the smallest size that was reached, and what would help."""
        request, smallest = self.request, self._smallest
        assert smallest is not None, "there is no refusal without a trial"
        kept = f" with {' and '.join(sorted(request.keep))} kept" if request.keep else ""
        reached = f"; the smallest possible{kept} is"
        advice = ["keep less"] if request.keep else []
        if smallest.stats is not None and smallest.stats.max_error > 0 and request.max_error < ERROR_UNITS:
            advice.append(f"allow a max_error above {request.max_error:g}")
        if request.settings.lossless:
            reached, advice = " without loss; the lossless size is", ["allow loss"]
        help_text = ", ".join([*advice, f"{'or ' * bool(advice)}show fewer channels, samples or steps"])
        return CapError(
            f"{request.path}: cannot fit in {format_size(self.cap)}{reached} {'about ' * (not smallest.complete)}"
            f"{format_size(smallest.bytes)}. {help_text[0].upper()}{help_text[1:]}."
        )

    def _encode(
        self,
        rendition: Rendition,
        point: LadderPoint,
        quantized: QuantizedMaps | None,
        settings: EncoderSettings,
    ) -> Trial:
        path = self._folder / f"{self.count}{self.request.fmt.suffix}"
        levels, stats = (quantized.levels_at, quantized.stats) if quantized is not None else (None, None)
        frames = rendition.frames(levels, depth=self.request.fmt.color_depth)
        try:
            count = encode_frames(frames, path, StreamInfo.from_rendition(rendition), settings)
        except CapExceeded as stopped:
            done = max(1, min(stopped.frames, len(rendition.timeline)))
            ratio = len(rendition.timeline) / done
            if stats is not None and any(stats.changes[:done]):
                # Most values change in the first frames.
                ratio = sum(stats.changes) / sum(stats.changes[:done])
            size = math.ceil(stopped.bytes * ratio)
            return Trial(rendition, point, path, size, False, done, stopped.bytes, stats)
        size = path.stat().st_size
        return Trial(rendition, point, path, size, True, count, size, stats)

    def _keep_best(self, trial: Trial) -> None:
        """Keep the larger one of two files that fit, and delete the other."""
        if not self.fits(trial) or (self.best is not None and trial.bytes < self.best.bytes):
            trial.path.unlink(missing_ok=True)
            return
        if self.best is not None:
            self.best.path.unlink(missing_ok=True)
        self.best = trial
