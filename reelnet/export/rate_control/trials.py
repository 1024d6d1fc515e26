"""One encode of a search, and what came of it.

The encodes of a search under a cap: how many there may be, which of them fit, and the smallest there was.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from reelnet._support.byte_size import format_size
from reelnet.errors import CapError
from reelnet.export.encoders.base import CapExceeded
from reelnet.export.encoders.formats import EncoderSettings, Format
from reelnet.export.encoders.table import encode_frames
from reelnet.export.quantize.level_store import Held
from reelnet.export.quantize.temporal import LIMIT, Loss
from reelnet.export.rate_control.quality_ladder import COURSES, Dial, Turns
from reelnet.export.rate_control.size_model import plan_of
from reelnet.export.request import ResolvedRequest
from reelnet.render.rendition import Rendition


@dataclass(frozen=True)
class Trial:
    """What came of an encode.

    Attributes:
        rendition: What it shows.
        path: Its file.
        bytes: Of the file; if the encode was stopped, about what the whole would have had.
        complete: Whether the file is whole.
        frames: In the file, where identical neighbours may have been merged; or that were done.
        loss: By how much values were held; None if they are as recorded.
        levels: Of the colormap, between the first frame and the last; None for all.
    """

    rendition: Rendition
    path: Path
    bytes: int
    complete: bool
    frames: int = 0
    loss: Loss | None = None
    levels: int | None = None

    def fits(self, cap: int) -> bool:
        """Whether it is a file within the cap."""
        return self.complete and self.bytes <= cap

    def guessed(self, changed: tuple[int, ...]) -> Trial:
        """With another guess at its bytes, by the values that change in each frame: most do in the first ones."""
        if self.complete or not any(changed[: self.frames]):
            return self
        done = self.bytes * self.frames / len(changed)
        return replace(self, bytes=math.ceil(done * sum(changed) / sum(changed[: self.frames])))


def encode(
    rendition: Rendition,
    form: Format,
    path: Path,
    options: EncoderSettings,
    held: Held | None,
    loss: Loss | None,
) -> Trial:
    """Write a trial's file; one that grows over the limit of its options is stopped."""
    scene, levels = rendition.scene, held.levels if held is not None else None
    try:
        frames = encode_frames(
            rendition.frames(held.at if held is not None else None, depth=form.color_depth),
            path,
            form,
            scene.size,
            rendition.palette_rgb,
            scene.timeline.fps,
            options,
        )
    except CapExceeded as stopped:
        done = max(1, min(stopped.frames, len(scene.timeline)))
        whole = math.ceil(stopped.bytes * len(scene.timeline) / done)
        found = Trial(rendition, path, whole, complete=False, frames=done, loss=loss, levels=levels)
        return found.guessed(loss.changed) if loss is not None else found
    return Trial(rendition, path, path.stat().st_size, complete=True, frames=frames, loss=loss, levels=levels)


MOST_ENCODES, RESERVED = 8, 3
"""Encodes of a search, and how many of them are left for the least that may be shown, if nothing else fits."""

FULL, AIM = 0.97, 0.985
"""Parts of the cap that a file with losses fills at least, and that the search aims at."""
SLACK = 2.0
"""An encode is stopped when it is so many times over its cap; up to there its size tells where to go on."""


class Trials:
    """Encodes for one file under a cap.

    Args:
        request: The file to make.
        folder: For the trials' files.
        told: Told the number of encodes after each.
        trying: Told in words what the next encode is, before each.

    Attributes:
        request: The file to make.
        form: Its format.
        codec: Its codec.
        cap: Most bytes.
        target: The logarithm of the bytes to aim at.
        count: Encodes so far.
    """

    def __init__(
        self,
        request: ResolvedRequest,
        folder: Path,
        told: Callable[[int, int], None] | None = None,
        trying: Callable[[str], None] | None = None,
    ) -> None:
        self.request, self.form, self.codec = request, request.fmt, request.codec
        self._path, self._folder = request.path, folder
        self._told, self._trying = told, trying
        self.cap = request.constraints.max_bytes or 2**62
        self.target = math.log(AIM * self.cap)
        self.count = 0
        self._smallest: Trial | None = None

    def more(self, best: Trial | None) -> bool:
        """Whether there may be another encode, and the best one so far leaves something to wish for."""
        if best is None:
            return self.count < MOST_ENCODES - RESERVED
        return self.count < MOST_ENCODES and best.bytes < FULL * self.cap

    def run(
        self,
        rendition: Rendition,
        held: Held | None,
        quality: float | None,
        price: float = 0.0,
        *,
        limited: bool = True,
    ) -> Trial:
        """Encode a rendition.

        Args:
            rendition: What is shown.
            held: Its values; None for the first encode, of exact values.
            quality: Of the codec, in its own terms.
            price: Of a change.
            limited: Whether to stop when it is well over the cap, and be content with good presets.
        """
        options = self.options(quality, exact=held is None or not limited)
        limit = self.cap if held is None else int(SLACK * self.cap)
        options = replace(options, cap=limit if limited else None)
        path = self._folder / f"{self.count}{self.form.suffix}"
        if self._trying is not None:
            self._trying(in_words(rendition, price))
        loss = held.fit(price) if held is not None and price else None
        trial = encode(rendition, self.form, path, options, held if loss else None, loss)
        self.count += 1
        # What was measured tells more than what was guessed.
        every = [trial] if self._smallest is None else [self._smallest, trial]
        self._smallest = min(every, key=lambda each: (not each.complete, each.bytes))
        if not trial.fits(self.cap):
            path.unlink(missing_ok=True)
        if self._told is not None:
            self._told(self.count, MOST_ENCODES)
        return trial

    def turned(
        self, rendition: Rendition, held: Held, dial: Dial, turns: Turns, best: Trial | None = None
    ) -> Trial | None:
        """Turn a dial as little as the cap allows; the best trial that fits, if any does."""
        while self.more(best):
            turn = turns.next()
            if turn is None:
                break
            setting = dial.at(turn)
            trial = self.run(rendition, held, setting.quality, setting.price)
            turns.learn(turn, math.log(trial.bytes), sure=trial.complete)
            best = self.better(best, trial)
            if turn <= 0 and trial.fits(self.cap):
                break
        return best

    def turns(self, end: float) -> Turns:
        """Of something that can be turned so far."""
        return Turns(end, math.log(self.cap), self.target)

    def better(self, best: Trial | None, trial: Trial) -> Trial | None:
        """Of two trials the one that fits and has more bytes; the other's file goes."""
        if not trial.fits(self.cap):
            return best
        if best is not None and best.bytes > trial.bytes:
            best, trial = trial, best
        if best is not None:
            best.path.unlink(missing_ok=True)
        return trial

    def options(self, quality: float | None, *, exact: bool = False) -> EncoderSettings:
        """To the encoder."""
        options = self.request.settings
        if quality is not None and not options.lossless and self.codec.name in COURSES:
            options = replace(options, quality=quality)
        if not exact and "good" in self.codec.presets and options.preset is None:
            options = replace(options, preset="good")
        return options

    def refusal(self) -> CapError:
        """That no file under the cap was found, with the smallest that was, and the wishes that stand in the way."""
        smallest, request = self._smallest, self.request
        reached = "nothing was tried"
        if smallest is not None:
            about = "" if smallest.complete else "about "
            reached = f"the smallest reached was {about}{format_size(smallest.bytes)}"
        if request.settings.lossless:
            why, help_ = "it must be lossless", "leave --lossless out"
        elif smallest is not None and not request.keep and (smallest.loss is None or smallest.loss.most == 0):
            why, help_ = "with fewer frames and smaller maps nothing is left to give up", "show less"
        else:
            kept = f", and keeping {' and '.join(sorted(request.keep))}" if request.keep else ""
            why = f"in the way stand errors of at most {request.max_error:g} of {LIMIT} levels{kept}"
            ways = ["allow more error"] * (request.max_error < LIMIT) + ["keep less"] * bool(request.keep)
            help_ = " or ".join([", ".join(ways), "show less"] if ways else ["show less"])
        return CapError(f"{self._path}: cannot be under {format_size(self.cap)}: {reached}; {why}; {help_}")


def in_words(rendition: Rendition, price: float) -> str:
    """What an encode is, for a progress bar."""
    plan, values = plan_of(rendition), "values held steady" if price else "exact"
    return f"{values}, {plan.frames} frames at scale {plan.scale}"
