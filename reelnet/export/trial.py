"""One encode of a search, and what came of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reelnet.compose.rendition import Rendition
from reelnet.export.encoder import encoder_of
from reelnet.export.formats import Format
from reelnet.export.limit import OverLimit
from reelnet.export.options import EncoderOptions
from reelnet.export.steady import Loss

if TYPE_CHECKING:
    from reelnet.export.held import Held


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
    options: EncoderOptions,
    held: Held | None,
    loss: Loss | None,
) -> Trial:
    """Write a trial's file; one that grows over the limit of its options is stopped."""
    scene, levels = rendition.scene, held.levels if held is not None else None
    encoder = encoder_of(form)(path, scene.size, rendition.palette_rgb, scene.timeline.fps, options)
    try:
        for frame in rendition.frames(held.at if held is not None else None, few=form.few):
            encoder.add(frame)
        frames = encoder.finish()
    except OverLimit as stopped:
        done = max(1, min(stopped.frames, len(scene.timeline)))
        whole = math.ceil(stopped.bytes * len(scene.timeline) / done)
        found = Trial(rendition, path, whole, complete=False, frames=done, loss=loss, levels=levels)
        return found.guessed(loss.changed) if loss is not None else found
    finally:
        encoder.abandon()
    return Trial(rendition, path, path.stat().st_size, complete=True, frames=frames, loss=loss, levels=levels)
