"""One encode of a search, and what came of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reelnet.export.encoder import encoder_of
from reelnet.export.formats import Format
from reelnet.export.limit import OverLimit
from reelnet.export.options import EncoderOptions
from reelnet.export.steady import Loss

if TYPE_CHECKING:
    from reelnet.export.held import Held
    from reelnet.reel import Reel


@dataclass(frozen=True)
class Trial:
    """What came of an encode.

    Attributes:
        reel: What it shows.
        path: Its file.
        bytes: Of the file; if the encode was stopped, what the whole would have had by the frames that were done.
        complete: Whether the file is whole.
        frames: In the file; identical neighbours may have been merged.
        loss: By how much values were held; None if they are as recorded.
    """

    reel: Reel
    path: Path
    bytes: int
    complete: bool
    frames: int = 0
    loss: Loss | None = None

    def fits(self, cap: int) -> bool:
        """Whether it is a file within the cap."""
        return self.complete and self.bytes <= cap


def encode(
    reel: Reel, form: Format, path: Path, options: EncoderOptions, held: Held | None, loss: Loss | None
) -> Trial:
    """Write a trial's file; one that grows over the limit of its options is stopped."""
    scene = reel.scene
    encoder = encoder_of(form)(path, scene.size, reel.palette_rgb, scene.timeline.fps, options)
    try:
        for frame in reel.frames(held):
            encoder.add(frame)
        frames = encoder.finish()
    except OverLimit as stopped:
        whole = math.ceil(stopped.bytes * len(scene.timeline) / max(1, stopped.frames))
        return Trial(reel, path, max(whole, stopped.bytes), complete=False, loss=loss)
    finally:
        encoder.abandon()
    return Trial(reel, path, path.stat().st_size, complete=True, frames=frames, loss=loss)
