"""Write the interactive figure that a request asks for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reelnet._support.atomic_path import atomic_path
from reelnet._support.byte_size import format_size
from reelnet.errors import CapError, ReelnetError
from reelnet.export.html.figure import MAX_STEPS, Figure, count_values
from reelnet.export.report import Report, describe_reductions
from reelnet.export.request import ResolvedRequest
from reelnet.render.rendition import Rendition

MAX_PAGE_BYTES = 15_000_000
"""A larger page takes seconds to open and much memory; values in files of their own are loaded as they are shown."""

MAX_VALUES = 500_000_000
"""Values of a layer at all its steps, one byte each, which a browser holds at once."""

CHUNK_NAME = re.compile(r"\d+-\d+-[0-9a-f]{16}\.bin")
"""The name of a file with the levels of some steps: layer, number, and checksum."""

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
    renditions = [request.choose_density(each) for each in renditions]
    _check_memory(renditions, request.path)
    if request.needs_search or request.split:
        figure = Figure.from_renditions(renditions, on_progress)
        report = _save_split(figure, request) if request.split else _save_reduced(figure, request, on_trial)
    else:
        figure, report = _save_whole(renditions, request, on_progress)
    return replace(report, notes=(*_describe_choice(renditions, figure), *report.notes))


def _save_whole(
    renditions: Sequence[Rendition], request: ResolvedRequest, on_progress: OnProgress
) -> tuple[Figure, Report]:
    """Write a page with all values."""
    data: dict[int, Future[bytes]] = {}
    # Both take about as long, and compression runs beside Python.
    with ThreadPoolExecutor(1) as pool:
        figure = Figure.from_renditions(
            renditions, on_progress, lambda number, layer: data.update({number: pool.submit(layer.compress)})
        )
    page = figure.make_page([data[number].result() for number in range(len(figure.layers))]).encode()
    if len(page) > MAX_PAGE_BYTES:
        raise CapError(
            f"{request.path}: {format_size(len(page))} are too much for one page "
            f"({format_size(MAX_PAGE_BYTES)}); show fewer channels, samples or steps, give --max-size "
            f"{MAX_PAGE_BYTES // 10**6}MB, or --split for a page that a web server delivers"
        )
    _write(request.path, page)
    return figure, _report(figure, request, lossless=True)


def _describe_choice(asked: Sequence[Rendition], figure: Figure) -> Iterator[str]:
    """Which of the layers and steps that a user asks for a figure shows, one sentence each, if not all."""
    shown = [rendition.layer for rendition in figure.renditions]
    if len(shown) < len(asked):
        yield f"the figure shows {', '.join(shown)}; other layers look the same in this template"
    recorded = len(figure.renditions[0].scene.context.steps)
    every = len(figure.renditions[0].with_steps(recorded).timeline.steps_shown)
    if every > MAX_STEPS and 1 < len(figure.steps) < every:
        yield f"of the {every:,} steps, the figure has {len(figure.steps):,}; 'timeline.steps' chooses others"


def _check_memory(renditions: Sequence[Rendition], path: Path) -> None:
    """Raise an error before maps are read that no browser could hold.

    Raises:
        ReelnetError: There are too many values.
    """
    steps = len(renditions[0].with_steps(MAX_STEPS).timeline.steps_shown)
    values = steps * max(map(count_values, renditions))
    if values > MAX_VALUES:
        raise ReelnetError(
            f"{path}: a layer with {values:,} values in {steps:,} steps is too much for a browser, which holds "
            f"{MAX_VALUES:,}; show fewer channels or samples, or fewer steps with timeline.steps"
        )


def _save_split(figure: Figure, request: ResolvedRequest) -> Report:
    """Write a page and the files that it loads, first of all the files."""
    folder, names, size = request.path.with_suffix(".data"), list[list[str]](), 0
    for layer, chunks in enumerate(figure.make_chunks()):
        names.append([])
        for number, chunk in enumerate(chunks):
            # Browsers and servers that keep files for long must not mix those of two figures.
            name = f"{layer}-{number}-{hashlib.sha256(chunk).hexdigest()[:16]}.bin"
            _write(folder / name, chunk)
            names[-1].append(name)
            size += len(chunk)
    links = [[quote(f"{folder.name}/{name}") for name in own] for own in names]
    page = figure.make_page((), links).encode()
    _write(request.path, page)
    for file in folder.iterdir():
        if CHUNK_NAME.fullmatch(file.name) and not any(file.name in own for own in names):
            file.unlink()
    note = f"{request.path.name} loads its values from {folder.name}/: put both on a web server"
    report = _report(figure, request, lossless=True)
    return replace(report, bytes=len(page) + size, notes=(*report.notes, note))


def _write(path: Path, content: bytes) -> None:
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def _save_reduced(figure: Figure, request: ResolvedRequest, on_trial: OnTrial) -> Report:
    from reelnet.export.html.fit import describe_dropped_layers, fit_figure

    fitted = fit_figure(figure, request, on_trial)
    _write(request.path, fitted.page)
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
    layers = (each.with_timeline(figure.timeline) for each in figure.renditions)
    notes = tuple(dict.fromkeys(note for layer in layers for note in request.describe(layer)))
    report = Report.from_rendition(rendition, request.path, frames=len(figure.steps), notes=notes, **others)
    # A template or a user may have laid it out at another density, but lengths of pages are CSS pixels.
    width, height = map(round, figure.layers[0].size)
    scale, least = report.scale // rendition.density, figure.layers[0].least_zoom
    return replace(report, width=width, height=height, density=1, scale=scale, least_zoom=least)
