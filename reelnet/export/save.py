"""Write the file that a request asks for: as it is, or reduced until it satisfies its constraints."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from reelnet._support.atomic_path import atomic_path, temporary_sibling
from reelnet._support.output_path import resolve_output
from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.content import blurs_colors, find_content
from reelnet.export.encoders.encode import encode_frames
from reelnet.export.encoders.formats import is_figure, is_sequence
from reelnet.export.encoders.png import atomic_sequence
from reelnet.export.report import Report, describe_reductions
from reelnet.export.request import ExportRequest, ResolvedRequest, check_colors
from reelnet.render.rendition import Rendition

if TYPE_CHECKING:
    from reelnet.export.rate_control.trials import Trial, TrialRunner

OnProgress = Callable[[int, int], None]
"""Called with the number of finished and of all steps: frames, or encodes with a cap."""

OnTrial = Callable[[str], None]
"""Called before each encode of a search with a description of what is tried."""


def save(
    request: ExportRequest, on_progress: OnProgress | None = None, on_trial: OnTrial | None = None
) -> Report:
    """Write the file of a request; see `Reel.save` and `Reel.save_still` for the errors."""
    on_progress, on_trial = on_progress or (lambda done, total: None), on_trial or (lambda text: None)
    start, rendition, path = time.perf_counter(), request.rendition, request.path
    if request.step is not None:
        report = request.options.resolve_still(path).save(rendition, request.step)
    else:
        resolved = request.options.resolve(path)
        if is_figure(path):
            # Frames are written without it.
            from reelnet.export.html.save_figure import save_figure

            report = save_figure((rendition, *request.others), resolved, on_progress, on_trial)
            return replace(report, seconds=time.perf_counter() - start)
        rendition = resolved.add_thumbnail(rendition)
        rendition = resolved.choose_density(rendition)
        check_colors(rendition, resolved)
        if resolved.needs_search:
            report = _save_reduced(rendition, resolved, on_progress, on_trial)
        else:
            report = _save_complete(rendition, resolved, on_progress)
    return replace(report, seconds=time.perf_counter() - start)


def _save_complete(rendition: Rendition, request: ResolvedRequest, on_progress: OnProgress) -> Report:
    path, total = request.path, len(rendition.timeline)
    with (atomic_sequence if is_sequence(path) else atomic_path)(path) as temporary:
        frames = encode_frames(
            rendition.frames(depth=request.fmt.color_depth),
            temporary,
            StreamInfo.from_rendition(rendition),
            request.settings,
            lambda done: on_progress(done, total),
        )
    return Report.from_rendition(
        rendition,
        path,
        frames=frames,
        lossless=request.is_exact(rendition),
        notes=request.describe(rendition),
    )


def _save_reduced(
    rendition: Rendition, request: ResolvedRequest, on_progress: OnProgress, on_trial: OnTrial
) -> Report:
    # Most files are written without a search, and stills start faster without these imports.
    from reelnet.export.rate_control.search import search
    from reelnet.export.rate_control.trials import TrialRunner

    path = request.path
    with temporary_sibling(path) as folder:
        folder.mkdir()
        runner = TrialRunner(request, folder, on_progress, on_trial)
        best = search(rendition, runner)
        best.path.replace(resolve_output(path))
    # Most searches need fewer encodes than they may make.
    on_progress(runner.count, runner.count)
    return Report.from_rendition(
        best.rendition,
        path,
        frames=best.frames,
        lossless=request.is_exact(best.rendition) and (best.stats is None or best.stats.max_error == 0),
        stats=best.stats,
        cap=request.constraints.max_bytes,
        encodes=runner.count,
        traded=tuple(describe_reductions(rendition, best.rendition, best.levels, request.constraints)),
        notes=(*request.describe(best.rendition), *_describe_unused_bytes(request, best, runner)),
    )


def _describe_unused_bytes(request: ResolvedRequest, best: Trial, runner: TrialRunner) -> tuple[str, ...]:
    """Why a video is smaller than its cap, in a sentence; empty if it fills the cap."""
    from reelnet.export.rate_control.trials import MIN_FILL

    codec = request.codec
    if request.constraints.max_bytes is None or runner.count > 1 or best.bytes >= MIN_FILL * runner.cap:
        return ()
    quality = codec.default_quality(find_content(best.rendition))
    if codec.quality_range is None or quality is None or request.settings.lossless:
        return ()
    if blurs_colors(best.rendition):
        return (
            "the file is smaller than the cap, because more bytes would not help: the colors of values of an odd "
            "number of pixels blur in this format; choose an even scale, or a GIF, WebP or APNG",
        )
    return (
        f"the file is smaller than the cap, because more bytes would not be visible: {codec.quality_range.name} "
        f"{quality:g} is visually lossless",
    )
