"""What bytes some frames take: by them one can tell what all would, at another quality or scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from reelnet.errors import TemplateError
from reelnet.export.encoders.formats import EncoderSettings, Format
from reelnet.export.encoders.table import encode_frames
from reelnet.export.quantize.level_store import CachedDrawing, Held
from reelnet.render.rendition import Rendition

if TYPE_CHECKING:
    from reelnet.export.rate_control.trials import Trial

FROM, SOME = 0.1, 24
"""Where the frames that are encoded begin, as a part of all, and how many follow a first one, which counts for
nothing."""

SPOTS, FEW = (0.2, 0.65), 12
"""Where, in what was not encoded of an animation, some frames are, and how many."""

USUAL = 0.5
"""The part that is left where no half can be shown."""


@dataclass(frozen=True)
class Parts:
    """What the bytes of a rendition are made of.

    Attributes:
        beside: Bytes of the first frame, and of what is beside the maps in the others.
        maps: Bytes of the maps' changes.
        half_beside: The part of `beside` that is left at half the scale, where that was looked at.
        half_maps: That of `maps`.
    """

    beside: float
    maps: float
    half_beside: float
    half_maps: float

    @property
    def bytes(self) -> float:
        """Of all."""
        return self.beside + self.maps


class Probe:
    """Encodes some frames of renditions.

    Args:
        form: The format.
    """

    def __init__(self, form: Format) -> None:
        self._form = form

    def part(
        self, rendition: Rendition, held: Held | None, options: EncoderSettings, usual: EncoderSettings
    ) -> float:
        """The part of the bytes that some options leave, of those that the usual ones take, about."""
        some = range(first := int(FROM * len(rendition.scene.timeline)), first + SOME + 1)
        sizes = [self.bytes(rendition, held, each, some) for each in (options, usual)]
        return max(1, sizes[0]) / max(1, sizes[1])

    def parts(
        self,
        rendition: Rendition,
        held: Held,
        options: EncoderSettings,
        changed: Sequence[int],
        *,
        halved: bool = False,
    ) -> Parts:
        """What the bytes of a rendition are made of, about, with its values as they are held now.

        Args:
            rendition: What is shown.
            held: Its values.
            options: To the encoder.
            changed: How many values change in each frame.
            halved: Whether to look at half the scale, too.
        """
        every, scale = len(rendition.scene.timeline), rendition.scene.context.cell.scale
        some = range(first := int(FROM * every), min(every, first + SOME + 1))
        beside, maps = self._apart(rendition, held, options, some)
        half = USUAL, USUAL
        if scale > 1 and halved:
            with suppress(TemplateError):
                smaller = self._apart(rendition.at_scale(scale // 2), held, options, some)
                power = 1 / math.log2(scale / (scale // 2))
                half = min(1.0, smaller[0] / beside) ** power, min(0.95, smaller[1] / maps) ** power
        moved = sum(changed[some.start + 1 : some.stop])
        again = (every - 1) / max(1, len(some) - 1)
        begin = self._sizes(rendition, held, options, some)[0]
        return Parts(begin + beside * again, maps * (sum(changed) / moved if moved else again), *half)

    def _apart(
        self, rendition: Rendition, held: Held, options: EncoderSettings, some: range
    ) -> tuple[float, float]:
        """The bytes of some frames beyond those of the first of them: of all but the maps, and of the maps."""
        beside = max(1, self.bytes(rendition, CachedDrawing(held, some.start), options, some))
        return beside, max(1, self.bytes(rendition, held, options, some) - beside)

    def whole(self, trial: Trial, options: EncoderSettings, changed: Sequence[int]) -> int:
        """The bytes that all of a trial of exact values would have had, about, if it was stopped.

        Args:
            trial: Of exact values.
            options: To the encoder.
            changed: How many values change in each frame.
        """
        done, every = trial.frames, len(changed)
        before = sum(changed[:done])
        if trial.complete or not before:
            return trial.bytes
        written = trial.bytes * done / every
        # A change costs less later on, when values move by less and fewer at a time.
        places, costs = [done / 2], [written / before]
        for spot in SPOTS:
            first = done + int(spot * (every - done))
            some = range(first, min(every, first + FEW + 1))
            if moved := sum(changed[some.start + 1 : some.stop]):
                places.append(first + FEW / 2)
                costs.append(self.bytes(trial.rendition, None, options, some) / moved)
        rest = np.arange(done, every)
        return math.ceil(written + float(np.interp(rest, places, costs) @ np.asarray(changed[done:])))

    def bytes(
        self, rendition: Rendition, held: Held | CachedDrawing | None, options: EncoderSettings, some: range
    ) -> int:
        """The bytes of some frames beyond those of the first of them."""
        first, every = self._sizes(rendition, held, options, some)
        return every - first

    def _sizes(
        self, rendition: Rendition, held: Held | CachedDrawing | None, options: EncoderSettings, some: range
    ) -> list[int]:
        """The bytes of the first of some frames, and of all of them."""
        rate, sizes = rendition.scene.timeline.fps, []
        some = range(some.start, min(some.stop, len(rendition.scene.timeline)))
        frames = [
            replace(frame, pts=number / rate, duration=1 / rate)
            for number, frame in enumerate(
                rendition.frames(held.at if held is not None else None, some, self._form.color_depth)
            )
        ]
        with TemporaryDirectory() as folder:
            for count in (1, len(frames)):
                path = Path(folder) / f"{count}{self._form.suffix}"
                encode_frames(
                    frames[:count],
                    path,
                    self._form,
                    rendition.scene.size,
                    rendition.palette_rgb,
                    rate,
                    options,
                )
                sizes.append(path.stat().st_size)
        return sizes
