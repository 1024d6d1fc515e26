"""Write the file that a request asks for: as it is, or reduced until it satisfies its constraints."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from reelnet._support.atomic_path import atomic_path, hidden_path
from reelnet.export.encoders.formats import is_sequence
from reelnet.export.encoders.png import atomic_sequence, list_files, save_png
from reelnet.export.encoders.table import encode_frames, find_encoder
from reelnet.export.platforms.model import CODEC_TITLES, VIDEO_FORMATS
from reelnet.export.rate_control.search import search
from reelnet.export.rate_control.trials import MIN_FILL, Trial, TrialRunner
from reelnet.export.report import Report, describe_reductions
from reelnet.export.request import ExportRequest, ResolvedRequest, check_colors, describe_color_reduction
from reelnet.render.rendition import Rendition

OnProgress = Callable[[int, int], None]
"""Called with the number of finished and of all steps: frames, or encodes with a cap."""

OnTrial = Callable[[str], None]
"""Called before each encode of a search with a description of what is tried."""


def save(
    request: ExportRequest, on_progress: OnProgress | None = None, on_trial: OnTrial | None = None
) -> Report:
    """Write the file of a request; see `Reel.save` and `Reel.save_still` for the errors."""
    if request.step is not None:
        return _save_still(request.rendition, request.step, request.path)
    resolved = request.options.resolve(request.path)
    check_colors(request.rendition, resolved)
    if resolved.needs_search:
        return _save_reduced(request.rendition, resolved, on_progress, on_trial)
    return _save_complete(request.rendition, resolved, on_progress)


def _save_still(rendition: Rendition, step: int, path: Path) -> Report:
    start = time.perf_counter()
    save_png(path, rendition.draw_step(step), rendition.palette_rgb)
    return Report.from_rendition(
        rendition,
        path,
        bytes_=path.stat().st_size,
        frames=1,
        seconds=time.perf_counter() - start,
        lossless=True,
        step=step,
        notes=rendition.run.warnings(rendition.scene.taps),
    )


def _save_complete(rendition: Rendition, request: ResolvedRequest, on_progress: OnProgress | None) -> Report:
    start, path, scene = time.perf_counter(), request.path, rendition.scene

    def report_frame(done: int) -> None:
        if on_progress is not None:
            on_progress(done, len(scene.timeline))

    with (atomic_sequence if is_sequence(path) else atomic_path)(path) as temporary:
        frames = encode_frames(
            rendition.frames(depth=request.fmt.color_depth),
            temporary,
            request.fmt,
            scene.size,
            rendition.palette_rgb,
            scene.timeline.fps,
            request.settings,
            on_frame=report_frame,
        )
    color_notes = describe_color_reduction(scene, request.fmt)
    return Report.from_rendition(
        rendition,
        path,
        bytes_=sum(file.stat().st_size for file in list_files(path)),
        frames=frames,
        seconds=time.perf_counter() - start,
        lossless=request.exact_colors and not color_notes,
        notes=(
            *find_encoder(request.fmt).notes(scene.timeline.fps),
            *color_notes,
            *scene.notes,
            *rendition.run.warnings(scene.taps),
        ),
    )


def _save_reduced(
    rendition: Rendition,
    request: ResolvedRequest,
    on_progress: OnProgress | None,
    on_trial: OnTrial | None,
) -> Report:
    start, path = time.perf_counter(), request.path
    prefix = hidden_path(path, ".").name
    with atomic_path(path) as temporary, TemporaryDirectory(prefix=prefix, dir=path.parent) as folder:
        runner = TrialRunner(request, Path(folder), on_progress, on_trial)
        best = search(rendition, runner)
        best.path.replace(temporary)
    if on_progress is not None:
        # Most searches need fewer encodes than they may make.
        on_progress(runner.count, runner.count)
    scene = best.rendition.scene
    color_notes = describe_color_reduction(scene, request.fmt)
    return Report.from_rendition(
        best.rendition,
        path,
        bytes_=path.stat().st_size,
        frames=best.frames,
        seconds=time.perf_counter() - start,
        lossless=request.exact_colors
        and not color_notes
        and (best.stats is None or best.stats.max_error == 0),
        stats=best.stats,
        cap=request.constraints.max_bytes,
        encodes=runner.count,
        traded=describe_reductions(rendition, best.rendition, best.levels, request.constraints),
        notes=(
            *find_encoder(request.fmt).notes(scene.timeline.fps),
            *color_notes,
            *_describe_codec_recommendation(request),
            *_describe_unused_bytes(request, best, runner),
            *scene.notes,
            *rendition.run.warnings(scene.taps),
        ),
    )


def _describe_codec_recommendation(request: ResolvedRequest) -> tuple[str, ...]:
    """That a platform recommends another codec, in a sentence; empty if it does not."""
    recommended, codec = request.constraints.recommended_codec, request.codec.name
    if recommended is None or request.fmt.suffix[1:] not in VIDEO_FORMATS or codec == recommended:
        return ()
    title = CODEC_TITLES.get(codec, codec)
    return (
        f"{request.constraints.platform} recommends {CODEC_TITLES[recommended]}, but this file is {title}",
    )


def _describe_unused_bytes(request: ResolvedRequest, best: Trial, runner: TrialRunner) -> tuple[str, ...]:
    """Why a video is smaller than its cap, in a sentence; empty if it fills the cap."""
    quality = request.codec.quality_range
    if request.constraints.max_bytes is None or runner.count > 1 or best.bytes >= MIN_FILL * runner.cap:
        return ()
    if quality is None or request.exact_colors:
        return ()
    return (
        f"the file is smaller than the cap, because more bytes would not be visible: {quality.name} "
        f"{quality.default:g} is visually lossless",
    )
