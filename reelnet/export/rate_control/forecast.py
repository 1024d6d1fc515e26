"""How large a file will be, and what it will lose for a cap, without encoding all of it where that takes long."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from reelnet._support.byte_size import format_size
from reelnet._support.scratch_space import explain_scratch_errors
from reelnet.errors import CapError
from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.content import find_content
from reelnet.export.encoders.encode import encode_frames, find_encoder
from reelnet.export.quantize.frame_windows import FrameWindows
from reelnet.export.quantize.level_store import RecordedMaps
from reelnet.export.rate_control.constraint_fit import fit_constraints
from reelnet.export.rate_control.quality_ladder import LadderPoint, RenditionParams
from reelnet.export.rate_control.search import Search
from reelnet.export.rate_control.size_model import STATIC_WEIGHT
from reelnet.export.rate_control.trials import TrialRunner
from reelnet.export.report import describe_reductions
from reelnet.export.request import ExportRequest, ResolvedRequest, check_colors
from reelnet.render.compositor import Frame
from reelnet.render.rendition import Rendition

SECONDS, WINDOW_SECONDS = 2.5, 1.0
"""How long all frames may take to encode; and the time for windows, about, if all frames would take longer."""

PALETTE_ERROR, VIDEO_ERROR = 5, 20
"""By how many percent estimates from windows are usually off at most. Measured on six runs: of 18 files of formats
with palettes 16 were within 5.1 %, two were 14 % off; of 6 H.264 files the median was 12 %, the worst 22 %."""

FIRST_FRAMES = 6
"""Frames after which the time of all is known well enough."""

WINDOW_FRAMES, WINDOWS = 8, 8
"""Frames of a window, and the most windows."""

WAIT_SECONDS = 0.01
"""How long a codec works until `on_frame` is called again."""

VIDEO_LEAD = 3
"""Frames that are encoded in front of a window of a video and do not count: the first of them is a key frame."""

MIN_WINDOWS, MIN_FRAMES, PROCESSOR_SECONDS = 2, 2, 4.0
"""The fewest windows and frames of a window, and the processor time they may take if all frames take as long
as the first; a codec that is slower is not asked. On one run 2 s were spent on WebP, whose estimate was 3 % off, and
windows of 8 frames would have taken 7 s for WebM and 24 s for AVIF."""

SLOW_CODECS, SHORT = ("av1", "vp9", "h265", "webp"), 2 * WINDOW_FRAMES
"""Codecs of which whole files are encoded only if they have few frames; others are begun, and stopped if need be."""

OnFrame = Callable[[], None]
"""Called after each frame, and while a codec works. What it raises ends the forecast."""


@dataclass(frozen=True)
class Forecast:
    """What is known of a file in advance.

    Attributes:
        bytes: The size of the file; None if its codec is too slow for an estimate.
        is_exact: Whether all of it was encoded.
        fits: Whether a file under the cap, and within the other limits, is likely, or nothing is known.
        words: How the size was found, and what the file loses for its limits, one clause each.
        rendition: What it shows, but for what it loses for the cap; None if there can be no file.
    """

    bytes: int | None
    is_exact: bool
    fits: bool
    words: tuple[str, ...]
    rendition: Rendition | None = None


@dataclass(frozen=True)
class Estimate:
    """The size of a file without a cap.

    Attributes:
        bytes: The size.
        frames: How many frames were encoded; all of them if the size is exact.
    """

    bytes: float
    frames: int


class _TooSlowError(Exception):
    """All frames of a file would take too long."""


def forecast(request: ExportRequest, on_frame: OnFrame, known: dict[Hashable, Estimate | None]) -> Forecast:
    """Forecast the size of an animation, and what it will lose.

    Args:
        request: The file.
        on_frame: Called after each frame that is encoded.
        known: Estimates of the same rendition, by what else decides them; receives a new one.

    Raises:
        UsageError: The options do not fit the format or the platform.
        TemplateError: The format has too few colors.
        RunError: The file of a step is missing, truncated or altered.
    """
    resolved = request.options.resolve(request.path)
    whole = resolved.choose_density(resolved.add_thumbnail(request.rendition))
    check_colors(whole, resolved)
    constraints, cap = resolved.constraints, resolved.constraints.max_bytes
    try:
        rendition = fit_constraints(whole, constraints, resolved.keep, request.path)
    except CapError as error:
        return Forecast(0, False, False, (str(error),))
    timeline = rendition.timeline
    key = resolved.fmt.suffix, resolved.settings, rendition.size, len(timeline), timeline.thumbnail
    if key not in known:
        try:
            known[key] = estimate_size(rendition, resolved, on_frame)
        except _TooSlowError:
            known[key] = None
    estimate = known[key]
    if estimate is None:
        slow = f"{resolved.fmt.title} takes too long to encode for an estimate"
        return Forecast(
            None, False, True, (slow, *describe_reductions(whole, rendition, None, constraints)), rendition
        )
    words = [
        *_describe_estimate(estimate, rendition, is_video=not resolved.fmt.palette_based),
        *describe_reductions(whole, rendition, None, constraints),
    ]
    size, is_exact, fits = round(estimate.bytes), estimate.frames == len(rendition.timeline), True
    if cap is not None and size > cap:
        words.insert(0, f"{'' if is_exact else 'about '}{format_size(size)} without the limit")
        point, log_size = predict_reduction(rendition, resolved, estimate)
        size, is_exact = round(math.exp(log_size)), False
        fits = size <= cap
        words += _describe_point(RenditionParams.from_rendition(rendition), point, fits=fits)
    return Forecast(size, is_exact, fits, tuple(words), rendition)


def estimate_size(rendition: Rendition, request: ResolvedRequest, on_frame: OnFrame) -> Estimate:
    """The size of a file without a cap: all of it encoded if that is quick, else a few windows.

    Raises:
        _TooSlowError: Even these would take too long.
    """
    count, is_slow = len(rendition.timeline), request.codec.name in SLOW_CODECS
    with explain_scratch_errors(), TemporaryDirectory() as folder:
        encoder = _Encoder(rendition, request, Path(folder), on_frame)
        if count <= SHORT or not is_slow:
            deadline = math.inf if count <= SHORT else time.perf_counter() + SECONDS
            with suppress(_TooSlowError):
                return Estimate(encoder.encode(range(count), deadline), count)
        return encoder.extrapolate(time.perf_counter() + WINDOW_SECONDS)


class _Encoder:
    """Encodes parts of an animation."""

    def __init__(
        self, rendition: Rendition, request: ResolvedRequest, folder: Path, on_frame: OnFrame
    ) -> None:
        self._rendition, self._request, self._on_frame = rendition, request, on_frame
        self._path = folder / f"part{request.fmt.suffix}"

    def encode(self, positions: range, deadline: float = math.inf) -> int:
        """The bytes of a file of some frames.

        Raises:
            _TooSlowError: It would not be finished before the deadline.
        """
        frames: Iterable[Frame] = self._frames(positions, deadline)
        if len(positions) > SHORT:
            self._write(frames)
            return self._path.stat().st_size
        # A slow codec works in a thread, so that somebody else can draw meanwhile.
        frames = [*frames]
        with ThreadPoolExecutor(1) as pool:
            written = pool.submit(self._write, frames)
            while not written.done():
                wait([written], WAIT_SECONDS)
                self._on_frame()
            written.result()
        return self._path.stat().st_size

    def _write(self, frames: Iterable[Frame]) -> None:
        stream = StreamInfo.from_rendition(self._rendition)
        encode_frames(frames, self._path, stream, self._request.settings)

    def extrapolate(self, deadline: float) -> Estimate:
        """The size of all frames, from as many windows as there is time for, in an order that spreads them.

        Raises:
            _TooSlowError: The fewest windows would take too long.
        """
        count, lead = len(self._rendition.timeline), 1 if self._request.fmt.palette_based else VIDEO_LEAD
        # What the encoder imports belongs to no frame.
        find_encoder(self._request.fmt)
        begin = time.process_time()
        first, encoded = self.encode(range(1)), 1
        affordable = PROCESSOR_SECONDS / MIN_WINDOWS / (time.process_time() - begin)
        # The frames in front of a window are encoded twice.
        window_frames = min(WINDOW_FRAMES, int(affordable) - 2 * lead)
        if window_frames < MIN_FRAMES:
            raise _TooSlowError
        starts = np.linspace(lead, max(lead, count - window_frames), WINDOWS).astype(int).tolist()
        sizes = dict[int, int]()
        for start in (starts[number] for number in (0, 4, 2, 6, 1, 5, 3, 7)):
            if len(sizes) >= MIN_WINDOWS and time.perf_counter() > deadline:
                break
            end = min(count, start + window_frames)
            before = self.encode(range(start - lead, start))
            sizes[start] = max(1, self.encode(range(start - lead, end)) - before)
            encoded += end - start
        ranges = (range(start, min(count, start + window_frames)) for start in sorted(sizes))
        windows = FrameWindows(count, tuple(ranges))
        changes = RecordedMaps(self._rendition).changes
        # Text and curves change in every frame.
        weights = changes + STATIC_WEIGHT * changes.mean() + 1
        amounts = np.array([sizes[window.start] for window in windows.windows], np.float64)
        return Estimate(first + windows.extrapolate(amounts, weights), encoded)

    def _frames(self, positions: range, deadline: float) -> Iterator[Frame]:
        """Some frames, from the time 0 on."""
        start, begin = time.perf_counter(), None
        depth = self._request.fmt.color_depth
        for number, frame in enumerate(self._rendition.frames(None, positions, depth)):
            begin = frame.pts if begin is None else begin
            seconds = (time.perf_counter() - start) / max(1, number)
            rest = seconds * (len(positions) - number)
            if number >= FIRST_FRAMES and time.perf_counter() + rest > deadline:
                raise _TooSlowError
            yield replace(frame, pts=frame.pts - begin)
            self._on_frame()


def predict_reduction(
    rendition: Rendition, request: ResolvedRequest, estimate: Estimate
) -> tuple[LadderPoint, float]:
    """What a file must lose to fit its cap, and the logarithm of the size that it has then."""
    runner = TrialRunner(request, Path(), lambda done, total: None, lambda text: None)
    quality = request.codec.default_quality(find_content(rendition))
    start = LadderPoint(RenditionParams.from_rendition(rendition), quality)
    return Search(rendition, runner, start).predict(math.log(estimate.bytes))


def _describe_estimate(estimate: Estimate, rendition: Rendition, *, is_video: bool) -> Iterator[str]:
    """How a size was found."""
    count = len(rendition.timeline)
    if estimate.frames < count:
        error = VIDEO_ERROR if is_video else PALETTE_ERROR
        yield f"estimated from {estimate.frames} of {count} frames, usually within {error} %"


def _describe_point(whole: RenditionParams, point: LadderPoint, *, fits: bool) -> Iterator[str]:
    """What a file loses at a point."""
    if point.change_cost:
        yield "values change less often"
    if point.params.frames < whole.frames:
        yield f"about {point.params.frames} of {whole.frames} frames"
    if point.params.levels < whole.levels:
        yield f"about {point.params.levels} of {whole.levels} colormap levels"
    if not fits:
        yield "smaller or fewer maps, too"
