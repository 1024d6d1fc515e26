"""How the bytes of a format go with the scale: some frames of a reel, encoded at both."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from reelnet.errors import TemplateError
from reelnet.export.encoder import encoder_of
from reelnet.export.formats import Format
from reelnet.export.options import EncoderOptions

if TYPE_CHECKING:
    from reelnet.export.held import Held
    from reelnet.reel import Reel

FROM, SOME = 0.1, 24
"""Where the frames that are encoded begin, as a part of all, and how many follow a first one, which counts for
nothing."""

USUAL = 0.5
"""The part that is left where no half can be shown."""


def half_scale(reel: Reel, held: Held, form: Format, options: EncoderOptions) -> float:
    """The part of a reel's bytes that is left at half its scale, about.

    Args:
        reel: What is shown.
        held: Its values, as they are held now.
        form: The format.
        options: To the encoder.
    """
    scale = reel.scene.facts.cell.scale
    try:
        smaller = reel.varied(scale=max(1, scale // 2))
    except TemplateError:
        return USUAL
    if scale < 2:
        return USUAL
    sizes = [changing_bytes(each, held, form, options) for each in (smaller, reel)]
    part = max(1, sizes[0]) / max(1, sizes[1])
    return float(min(0.95, part ** (1 / math.log2(scale / max(1, scale // 2)))))


def changing_bytes(reel: Reel, held: Held, form: Format, options: EncoderOptions) -> int:
    """The bytes of some frames beyond those of the first."""
    first, rate = int(FROM * len(reel.scene.timeline)), reel.scene.timeline.fps
    frames = [*islice(reel.frames(held, few=form.few), first, first + SOME + 1)]
    sizes = []
    with TemporaryDirectory() as folder:
        for count in (1, len(frames)):
            path = Path(folder) / f"{count}{form.suffix}"
            encoder = encoder_of(form)(path, reel.scene.size, reel.palette_rgb, rate, options)
            try:
                for number, frame in enumerate(frames[:count]):
                    encoder.add(replace(frame, pts=number / rate, duration=1 / rate))
                encoder.finish()
            finally:
                encoder.abandon()
            sizes.append(path.stat().st_size)
    return sizes[1] - sizes[0]
