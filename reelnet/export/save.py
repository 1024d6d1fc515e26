"""From a rendition to a file: as it is, or as the search under a cap finds it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from reelnet._support.atomic_path import beside, placed
from reelnet.errors import UsageError
from reelnet.export.encoders.base import bytes_of, encoder_of, format_of, placed_animation
from reelnet.export.encoders.formats import Format
from reelnet.export.encoders.png import save_png
from reelnet.export.encoders.settings import codec_of
from reelnet.export.rate_control.codec_rules import advice
from reelnet.export.rate_control.search import search
from reelnet.export.rate_control.trials import FULL, Trial, Trials, Wish
from reelnet.export.report import Report, clipped, traded
from reelnet.export.request import Asked
from reelnet.render.rendition import Rendition
from reelnet.scene.resolve import Scene

Progress = Callable[[int, int], None]
"""Told what is done and what there is to do: frames, or under a cap encodes."""

Trying = Callable[[str], None]
"""Told in words what is tried next under a cap."""


def save(
    rendition: Rendition,
    path: Path,
    asked: Asked,
    progress: Progress | None = None,
    trying: Trying | None = None,
) -> Report:
    """Write a rendition's animation; see `Rendition.save`."""
    wish = asked.wish(path)
    require_colours(rendition, path, lossless=asked.lossless)
    if wish is None:
        return _save_whole(rendition, path, asked, progress)
    return _save_under(rendition, path, wish, progress, trying)


def save_still(rendition: Rendition, step: int, path: Path) -> Report:
    """Write the picture of one step as a PNG; see `Rendition.save_still`."""
    began, size = time.perf_counter(), rendition.scene.size
    save_png(path, rendition.canvas(step), rendition.palette_rgb)
    return Report(
        path=str(path),
        bytes=path.stat().st_size,
        frames=1,
        duration=0.0,
        width=size.width,
        height=size.height,
        seconds=time.perf_counter() - began,
        lossless=True,
        clipped=clipped(rendition.scene),
        steps_shown=(step,),
        scale=rendition.scene.facts.cell.scale,
        notes=rendition.run.warnings(rendition.scene.taps),
    )


def _save_whole(rendition: Rendition, path: Path, asked: Asked, progress: Progress | None) -> Report:
    began, scene, form, options = time.perf_counter(), rendition.scene, format_of(path), asked.options(path)
    timeline, make = scene.timeline, encoder_of(form)
    frames = rendition.frames(few=form.few)
    with placed_animation(path) as temporary:
        encoder = make(temporary, scene.size, rendition.palette_rgb, timeline.fps, options)
        try:
            for done, frame in enumerate(frames, 1):
                encoder.add(frame)
                if progress is not None:
                    progress(done, len(timeline))
            written = encoder.finish()
        finally:
            encoder.abandon()
    return Report.of(
        scene,
        path,
        bytes_=bytes_of(path),
        frames=written,
        seconds=time.perf_counter() - began,
        lossless=(options.lossless or codec_of(form, options).exact) and not reduced(scene, form),
        notes=(
            *make.notes(timeline.fps),
            *reduced(scene, form),
            *scene.notes,
            *rendition.run.warnings(scene.taps),
        ),
    )


def _save_under(
    rendition: Rendition, path: Path, wish: Wish, progress: Progress | None, trying: Trying | None
) -> Report:
    began, form = time.perf_counter(), format_of(path)
    hidden = beside(path, ".").name
    with placed(path) as temporary, TemporaryDirectory(prefix=hidden, dir=path.parent) as folder:
        trials = Trials(form, path, Path(folder), wish, progress, trying)
        best = search(rendition, path, trials)
        best.path.replace(temporary)
    if progress is not None:
        # Most searches need fewer encodes than they may make.
        progress(trials.count, trials.count)
    scene, exact = best.rendition.scene, wish.options.lossless or codec_of(form, wish.options).exact
    return Report.of(
        scene,
        path,
        bytes_=path.stat().st_size,
        frames=best.frames,
        seconds=time.perf_counter() - began,
        lossless=exact and not reduced(scene, form) and (best.loss is None or best.loss.most == 0),
        loss=best.loss,
        cap=wish.budget.bytes,
        encodes=trials.count,
        traded=traded(rendition, best.rendition, best.levels, wish.budget),
        notes=(
            *encoder_of(form).notes(scene.timeline.fps),
            *reduced(scene, form),
            *advice(form, wish.options, wish.budget),
            *spare(form, wish, best, trials),
            *scene.notes,
            *rendition.run.warnings(scene.taps),
        ),
    )


def spare(form: Format, wish: Wish, best: Trial, trials: Trials) -> tuple[str, ...]:
    """Why a video is smaller than it may be."""
    codec = codec_of(form, wish.options)
    if wish.budget.bytes is None or trials.count > 1 or best.bytes >= FULL * trials.cap:
        return ()
    if codec.knob is None or wish.options.lossless or codec.exact:
        return ()
    return (
        f"the file may have more bytes, but they would show nothing more: at {codec.knob.name} "
        f"{codec.knob.default:g} the codec keeps what can be seen",
    )


def require_colours(rendition: Rendition, path: Path, *, lossless: bool) -> None:
    """Make sure that the format of `path` has the colours that a rendition needs.

    Raises:
        TemplateError: It has not, even with few colours for photos.
        UsageError: Photos are to keep all of their colours, and it has too few.
    """
    form = format_of(path)
    if not form.few:
        return
    rendition.require_few_colors(f"{path}", f", or choose a format that is no {form.title}")
    if lossless and (fewer := reduced(rendition.scene, form)):
        raise UsageError(f"{path}: {fewer[0]}; lossless are .webp, .apng, .webm and .mov")


def reduced(scene: Scene, form: Format) -> tuple[str, ...]:
    """What a format's number of colours takes from the fixed pictures of a scene."""
    if not form.few or not scene.palette.reduced:
        return ()
    few = sum(len(picture.few_colours) for picture in scene.palette.reduced)
    count = sum(picture.count for picture in scene.palette.reduced)
    levels, every = scene.palette.few_levels, scene.palette.levels
    maps = f", and the colormap has {levels} of {every} levels" if levels < every else ""
    return (f"a {form.title} has 256 colours: the pictures have {few:,} of their {count:,}{maps}",)
