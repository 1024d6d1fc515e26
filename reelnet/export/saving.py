"""From a reel to a file: as it is, or as the search under a cap finds it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from reelnet.export.asked import Asked
from reelnet.export.encoder import bytes_of, encoder_of, format_of, placed_animation
from reelnet.export.options import codec_of
from reelnet.export.place import placed
from reelnet.export.png import save_png
from reelnet.export.report import Report, clipped
from reelnet.export.search import search
from reelnet.export.taken import advice
from reelnet.export.traded import traded
from reelnet.export.trials import Trials, Wish
from reelnet.runs.notes import notes_of

if TYPE_CHECKING:
    from reelnet.reel import Reel

Progress = Callable[[int, int], None]
"""Told what is done and what there is to do: frames, or under a cap encodes."""

Trying = Callable[[str], None]
"""Told in words what is tried next under a cap."""


def save(
    reel: Reel, path: Path, asked: Asked, progress: Progress | None = None, trying: Trying | None = None
) -> Report:
    """Write a reel's animation; see `Reel.save`."""
    wish = asked.wish(path)
    if wish is None:
        return _save_whole(reel, path, asked, progress)
    return _save_under(reel, path, wish, progress, trying)


def save_still(reel: Reel, step: int, path: Path) -> Report:
    """Write the picture of one step as a PNG; see `Reel.save_still`."""
    began, size = time.perf_counter(), reel.scene.size
    save_png(path, reel.canvas(step), reel.palette_rgb)
    return Report(
        path=str(path),
        bytes=path.stat().st_size,
        frames=1,
        duration=0.0,
        width=size.width,
        height=size.height,
        seconds=time.perf_counter() - began,
        lossless=True,
        clipped=clipped(reel.scene),
        steps_shown=(step,),
        scale=reel.scene.facts.cell.scale,
        notes=notes_of(reel.run, reel.scene.taps),
    )


def _save_whole(reel: Reel, path: Path, asked: Asked, progress: Progress | None) -> Report:
    began, scene, form, options = time.perf_counter(), reel.scene, format_of(path), asked.options(path)
    timeline, make = scene.timeline, encoder_of(form)
    with placed_animation(path) as temporary:
        encoder = make(temporary, scene.size, reel.palette_rgb, timeline.fps, options)
        try:
            for done, frame in enumerate(reel.frames(), 1):
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
        lossless=options.lossless or codec_of(form, options).exact,
        notes=(*make.notes(timeline.fps), *scene.notes, *notes_of(reel.run, scene.taps)),
    )


def _save_under(
    reel: Reel, path: Path, wish: Wish, progress: Progress | None, trying: Trying | None
) -> Report:
    began, form = time.perf_counter(), format_of(path)
    with placed(path) as temporary, TemporaryDirectory(prefix=".reelnet-", dir=path.parent) as folder:
        trials = Trials(form, path, Path(folder), wish, progress, trying)
        best = search(reel, path, trials)
        best.path.replace(temporary)
    if progress is not None:
        # Most searches need fewer encodes than they may make.
        progress(trials.count, trials.count)
    scene, exact = best.reel.scene, wish.options.lossless or codec_of(form, wish.options).exact
    return Report.of(
        scene,
        path,
        bytes_=path.stat().st_size,
        frames=best.frames,
        seconds=time.perf_counter() - began,
        lossless=exact and (best.loss is None or best.loss.most == 0),
        loss=best.loss,
        cap=wish.budget.bytes,
        encodes=trials.count,
        traded=traded(reel, best.reel, wish.budget),
        notes=(
            *encoder_of(form).notes(scene.timeline.fps),
            *advice(form, wish.options, wish.budget),
            *scene.notes,
            *notes_of(reel.run, scene.taps),
        ),
    )
