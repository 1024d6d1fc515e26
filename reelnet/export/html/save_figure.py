"""Write the interactive figure that a request asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from reelnet._support.atomic_path import atomic_path
from reelnet._support.byte_size import format_size
from reelnet.errors import CapError
from reelnet.export.html.figure import Figure
from reelnet.export.report import Report, describe_reductions
from reelnet.export.request import ResolvedRequest
from reelnet.render.rendition import Rendition

MAX_PAGE_BYTES = 15_000_000
"""A larger page takes seconds to open and much memory; values in files of their own are loaded as they are shown."""

OnProgress = Callable[[int, int], None]
OnTrial = Callable[[str], None]


def save_figure(
    renditions: Sequence[Rendition], request: ResolvedRequest, on_progress: OnProgress, on_trial: OnTrial
) -> Report:
    """Write a figure; see `Reel.save` for the errors.

    Args:
        renditions: Its layers.
        request: The file.
        on_progress: Called with the number of finished and of all steps, over all layers.
        on_trial: With a cap: called before each trial with a description of what is tried.
    """
    figure = Figure.from_renditions([request.choose_density(each) for each in renditions], on_progress)
    if request.needs_search:
        return _save_reduced(figure, request, on_trial)
    page = figure.make_page(figure.compress_layers()).encode()
    if len(page) > MAX_PAGE_BYTES:
        raise CapError(
            f"{request.path}: {format_size(len(page))} are too much for one page "
            f"({format_size(MAX_PAGE_BYTES)}); show fewer channels, samples or steps, give --max-size "
            f"{MAX_PAGE_BYTES // 10**6}MB, or --split for a page that a web server delivers"
        )
    with atomic_path(request.path) as temporary:
        temporary.write_bytes(page)
    return _report(figure, request, lossless=True)


def _save_reduced(figure: Figure, request: ResolvedRequest, on_trial: OnTrial) -> Report:
    from reelnet.export.html.fit import describe_dropped_layers, fit_figure

    fitted = fit_figure(figure, request, on_trial)
    with atomic_path(request.path) as temporary:
        temporary.write_bytes(fitted.page)
    before, after = (each.renditions[0].with_timeline(each.timeline) for each in (figure, fitted.figure))
    layers = [[layer.name for layer in each.layers] for each in (figure, fitted.figure)]
    return _report(
        fitted.figure,
        request,
        lossless=fitted.stats is None or fitted.stats.max_error == 0,
        stats=fitted.stats,
        cap=request.constraints.max_bytes,
        encodes=fitted.trials,
        traded=(
            *describe_reductions(before, after, fitted.levels, request.constraints),
            *describe_dropped_layers(*layers),
        ),
    )


def _report(figure: Figure, request: ResolvedRequest, **others: Any) -> Report:
    rendition = figure.renditions[0].with_timeline(figure.timeline)
    notes = request.describe(rendition)
    return Report.from_rendition(rendition, request.path, frames=len(figure.steps), notes=notes, **others)
