"""Write the file of a film: as it is, or with less quality until it is under its cap."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from reelnet._support.atomic_path import atomic_path, temporary_sibling
from reelnet._support.output_path import resolve_output
from reelnet.errors import CapError, UsageError
from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.encode import encode_frames
from reelnet.export.encoders.formats import FORMATS
from reelnet.export.encoders.sound import SOUND_CODECS, encode_sound
from reelnet.export.film.content import find_film_content
from reelnet.export.film.search import FilmSearch, FilmTrial
from reelnet.export.film.source import FilmSource
from reelnet.export.platforms.model import OutputConstraints
from reelnet.export.report import Report
from reelnet.export.request import ExportOptions, ResolvedRequest
from reelnet.export.save import OnProgress, OnTrial

FILM_SUFFIXES = (".mp4", ".webm", ".mov", ".webp", ".gif", ".avif")
"""Formats of films. All others store one palette."""


def resolve_film(path: Path, options: ExportOptions) -> ResolvedRequest:
    """Resolve what a user asks of the file of a film.

    Raises:
        UsageError: The format is not one of films, or the options do not fit it.
    """
    request = options.resolve(path)
    if request.fmt.suffix not in FILM_SUFFIXES or request.fmt not in FORMATS.values():
        raise UsageError(f"{path}: a film is one of {', '.join(FILM_SUFFIXES)}")
    return request


def save_film(
    source: FilmSource, request: ResolvedRequest, on_progress: OnProgress, on_trial: OnTrial
) -> Report:
    """Write a film.

    Raises:
        UsageError: The format cannot store the frame rate.
        CapError: The film exceeds a limit of the platform, or no file under the cap is possible.
        ReelnetError: The file cannot be written.
    """
    start, path, suffix, drawn = time.perf_counter(), request.path, request.fmt.suffix, source
    request.fmt.check_fps(source.fps)
    _check_constraints(source, request.constraints, path)
    if not request.fmt.palette_based:
        source = source.with_even_size()
    with temporary_sibling(path) as folder:
        folder.mkdir()
        sound = None
        if source.sound is not None and suffix in SOUND_CODECS:
            sound = folder / f"sound{suffix}"
            encode_sound(source.sound, sound, source.duration)
        content, chapters = find_film_content(source), source.chapters if suffix in SOUND_CODECS else ()
        stream = StreamInfo(source.size, None, source.fps, content, sound=sound, chapters=chapters)
        if request.constraints.max_bytes is None:
            with atomic_path(path) as temporary:
                count = encode_frames(
                    source.frames(),
                    temporary,
                    stream,
                    request.settings,
                    lambda done: on_progress(done, source.count),
                )
            trial, encodes = FilmTrial(path, None, path.stat().st_size, count, True), 1
        else:
            search = FilmSearch(source, stream, request, folder, on_progress, on_trial)
            trial = search.run()
            trial.path.replace(resolve_output(path))
            encodes = search.count
            on_progress(encodes, encodes)
    return Report(
        path=str(path),
        bytes=trial.bytes,
        frames=trial.frames,
        duration=float(source.duration),
        width=source.size.width,
        height=source.size.height,
        lossless=trial.quality is None and _is_exact(request),
        clipped=0.0,
        steps_shown=(),
        scale=1,
        seconds=time.perf_counter() - start,
        cap=request.constraints.max_bytes,
        encodes=encodes,
        traded=(*_describe_quality(request, stream, trial),),
        notes=(*_describe(drawn, source, request),),
    )


def _is_exact(request: ResolvedRequest) -> bool:
    """Whether every pixel has its exact color, whatever the film shows."""
    return request.settings.lossless or (request.codec.exact and request.fmt.suffix != ".gif")


def _describe_quality(request: ResolvedRequest, stream: StreamInfo, trial: FilmTrial) -> Iterator[str]:
    """What quality the cap took, in a sentence."""
    codec = request.codec
    if trial.quality is None or codec.quality_range is None:
        return
    default = codec.default_quality(stream.content)
    instead = "lossless" if default is None else f"{default:g}"
    yield f"{codec.quality_range.name} {trial.quality:g} instead of {instead}"


def _describe(drawn: FilmSource, source: FilmSource, request: ResolvedRequest) -> Iterator[str]:
    """What users should know about the file, one sentence each."""
    yield from request.fmt.describe_playback(source.fps)
    if source.size != drawn.size:
        yield (
            f"videos have even sides: the film of {drawn.size.width}×{drawn.size.height} pixels is "
            f"{source.size.width}×{source.size.height}, with its edge repeated"
        )
    if source.sound is not None and request.fmt.suffix not in SOUND_CODECS:
        yield f"a {request.fmt.title} has no sound; write one of {', '.join(SOUND_CODECS)} to hear it"


def _check_constraints(source: FilmSource, constraints: OutputConstraints, path: Path) -> None:
    """Raise an error if a film exceeds a limit of a platform that quality does not change.

    Raises:
        CapError: It does.
    """
    size, area = source.size, source.size.width * source.size.height
    for value, limit, text in (
        (size.width, constraints.max_width, "{:,} pixels wide"),
        (size.height, constraints.max_height, "{:,} pixels high"),
        (area, constraints.max_pixels, "{:,} pixels per frame"),
        (source.count, constraints.max_frames, "{:,} frames long"),
        (source.count * area, constraints.max_total_pixels, "{:,} pixels in all frames"),
    ):
        if limit is not None and value > limit:
            found, allowed = text.format(value), f"{limit:,}"
            raise CapError(
                f"{path}: the film is {found}, but {constraints.platform} takes at most {allowed}; make it "
                "smaller, shorter, or slower"
            )
