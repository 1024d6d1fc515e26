"""The search for the best film under a cap: as little less quality as possible, found in few encodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from reelnet._support.byte_size import format_size
from reelnet.errors import CapError
from reelnet.export.encoders.base import CapExceeded, StreamInfo
from reelnet.export.encoders.encode import encode_frames
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.export.film.source import FilmSource
from reelnet.export.rate_control.root_finder import SizeRootFinder
from reelnet.export.rate_control.trials import ABORT_FACTOR, MAX_ENCODES, MIN_FILL, TARGET_FILL
from reelnet.export.request import ResolvedRequest

HALVING_STEPS = {"h264": 6.0, "h265": 6.0, "av1": 10.0, "vp9": 10.0, "webp": 30.0}
"""By how much quality falls, in the codec's own terms, where the bytes are about halved. Sizes correct it."""

WEBP_QUALITIES = 100.0, 10.0
"""The best and the lowest quality of WebP below lossless."""

QUALITY_STEP = 0.25
"""The smallest difference of quality that is tried."""


@dataclass(frozen=True)
class FilmTrial:
    """The result of one encode.

    Attributes:
        path: The file.
        quality: In the codec's own terms; None for its default.
        bytes: Its size; if the encode was stopped, an estimate of the whole size.
        frames: Frames in the file, or before the stop.
        complete: Whether the encode was finished.
    """

    path: Path
    quality: float | None
    bytes: int
    frames: int
    complete: bool


class FilmSearch:
    """The encodes of a film for one file.

    Args:
        source: The film.
        stream: What its frames have in common.
        request: The file to make.
        folder: For the files of the trials.
        on_encode: Called with the number of encodes and their limit after each.
        on_trial: Called with a description of the next encode before each.

    Attributes:
        count: The number of encodes so far.
        best: The largest file that fits; None before one does.
    """

    def __init__(
        self,
        source: FilmSource,
        stream: StreamInfo,
        request: ResolvedRequest,
        folder: Path,
        on_encode: Callable[[int, int], None],
        on_trial: Callable[[str], None],
    ) -> None:
        self._source, self._stream, self._request, self._folder = source, stream, request, folder
        self._on_encode, self._on_trial = on_encode, on_trial
        self._cap = request.constraints.max_bytes or 2**62
        self.count = 0
        self.best: FilmTrial | None = None
        self._smallest: FilmTrial | None = None

    def run(self) -> FilmTrial:
        """Find the best file that fits.

        Raises:
            CapError: None fits. The error names the smallest possible size.
        """
        qualities = self._find_qualities()
        first = self._encode(None, whole=qualities is None)
        if self.best is None and qualities is not None:
            self._lower_quality(first, *qualities)
        if self.best is None:
            raise self._refuse()
        return self.best

    def _find_qualities(self) -> tuple[float, float] | None:
        """The best and the lowest quality that may be tried; None if the codec has one only."""
        codec = self._request.codec
        if self._request.settings.lossless or codec.quality_range is None:
            return None
        if codec.name == "webp":
            return WEBP_QUALITIES
        limits = codec.quality_limits[self._stream.content]
        # Films may lose more than maps, whose values can be reduced by other means.
        return limits.default, (limits.alone + codec.quality_range.worst) / 2

    def _lower_quality(self, first: FilmTrial, start: float, end: float) -> None:
        step = math.copysign(HALVING_STEPS[self._request.codec.name] / math.log(2), end - start)
        finder = SizeRootFinder((end - start) / step, math.log(self._cap), math.log(TARGET_FILL * self._cap))
        finder.observe(0.0, math.log(first.bytes), measured=first.complete)
        tried = {start} if first.complete else set[float]()
        while self.count < MAX_ENCODES and (self.best is None or self.best.bytes < MIN_FILL * self._cap):
            position = finder.predict()
            if position is None:
                break
            if self.best is None and self.count == MAX_ENCODES - 1:
                position = finder.end
            quality = round((start + position * step) / QUALITY_STEP) * QUALITY_STEP
            if quality in tried:
                break
            tried.add(quality)
            trial = self._encode(quality, whole=position >= finder.end)
            finder.observe((quality - start) / step, math.log(trial.bytes), measured=trial.complete)

    def _encode(self, quality: float | None, *, whole: bool) -> FilmTrial:
        """Encode the film; unless its size is wanted as a whole, only as long as it may fit."""
        codec, path = self._request.codec, self._folder / f"{self.count}{self._request.fmt.suffix}"
        name = codec.quality_range.name if codec.quality_range is not None else ""
        self._on_trial(f"{codec.name}, {'default quality' if quality is None else f'{name} {quality:g}'}")
        settings = replace(self._request.settings, cap=None if whole else int(ABORT_FACTOR * self._cap))
        if quality is not None:
            settings = replace(settings, quality=quality)
        trial = self._try(path, quality, settings)
        self.count += 1
        # A measured size counts more than an estimate.
        self._smallest = min(
            filter(None, (self._smallest, trial)), key=lambda each: (not each.complete, each.bytes)
        )
        if trial.complete and trial.bytes <= self._cap and (not self.best or self.best.bytes <= trial.bytes):
            if self.best is not None:
                self.best.path.unlink(missing_ok=True)
            self.best = trial
        else:
            path.unlink(missing_ok=True)
        self._on_encode(self.count, MAX_ENCODES)
        return trial

    def _try(self, path: Path, quality: float | None, settings: EncoderSettings) -> FilmTrial:
        try:
            frames = encode_frames(self._source.frames(), path, self._stream, settings)
        except CapExceeded as stopped:
            done = max(1, min(stopped.frames, self._source.count))
            size = math.ceil(stopped.bytes * self._source.count / done)
            return FilmTrial(path, quality, size, done, False)
        return FilmTrial(path, quality, path.stat().st_size, frames, True)

    def _refuse(self) -> CapError:
        assert self._smallest is not None, "there is no refusal without a trial"
        size, sound = self._smallest, self._stream.sound
        heard = f" ({format_size(sound.stat().st_size)} of them sound)" if sound is not None else ""
        return CapError(
            f"{self._request.path}: cannot fit in {format_size(self._cap)}; the smallest possible is "
            f"{'about ' * (not size.complete)}{format_size(size.bytes)}{heard}. {'; '.join(self._advise())}."
        )

    def _advise(self) -> Iterator[str]:
        yield "Make the film shorter or its pictures smaller"
        if self._request.settings.lossless:
            yield "allow loss"
        if self._request.codec.quality_range is None:
            yield "or write an .mp4"
