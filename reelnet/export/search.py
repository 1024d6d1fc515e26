"""The search under a cap: lossless if that fits, else the least loss that does.

What gives way, in this order: the values over time, within the author's limit of error; then frames or scale,
whichever loses less for the bytes that are missing. The price of a change then fills the cap; it can take any value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reelnet.errors import CapError, TemplateError
from reelnet.export.formats import Format
from reelnet.export.held import Held
from reelnet.export.options import EncoderOptions, codec_of
from reelnet.export.platforms import Budget
from reelnet.export.size import spelled
from reelnet.export.trial import Trial, encode

if TYPE_CHECKING:
    from reelnet.reel import Reel

KEEPABLE = frozenset({"frames", "scale"})
"""What an author may forbid to give up."""

MOST_ENCODES = 8
FULL, AIM = 0.97, 0.985
"""Parts of the cap that a file with losses fills at least, and that the search aims at."""
FRAMES_POWER = 0.65
"""Bytes go with about this power of the number of frames: fewer frames differ more from each other."""
SCALE_POWERS = {True: 1.3, False: 0.3}
"""And with this power of the scale. In formats that hold palettes most bytes of an upscaled cell are repeats of its
rows; a video codec codes a flat cell as cheaply whatever its size."""
CHEAP, DEAR = 10.0, 3e4
"""Prices of a change, in squared distances of RGB, at which next to nothing is held, and nearly all that may be."""
HELD_CRF = 17.0
"""CRF of H.264 with values held: a coarser one loses more than it saves."""
SLACK = 1.5
"""An encode is stopped when it is so many times over its cap; up to there its size tells where to go on."""


@dataclass(frozen=True)
class Wish:
    """What an author asks of a file.

    Attributes:
        budget: The cap and a platform's other limits.
        options: To the encoder.
        max_error: Most by which a value may be off, in 240ths of the colormap.
        keep: What must not be given up: `frames`, `scale`.
    """

    budget: Budget
    options: EncoderOptions = field(default_factory=EncoderOptions)
    max_error: float = 4.0
    keep: frozenset[str] = frozenset()


class Search:
    """Finds the file under a cap.

    Args:
        reel: What is shown.
        form: The format.
        path: Where the file will go, for errors.
        folder: For the trials' files.
        wish: What the author asks.
        told: Told the number of encodes after each.

    Attributes:
        encodes: Trials so far.
    """

    def __init__(
        self,
        reel: Reel,
        form: Format,
        path: Path,
        folder: Path,
        wish: Wish,
        told: Callable[[int, int], None] | None = None,
    ) -> None:
        self._reel, self._form, self._path, self._folder, self._wish = reel, form, path, folder, wish
        self._told = told
        self._cap = wish.budget.bytes or 2**62
        self._least, self._complete = math.inf, True
        self.encodes = 0
        self._before: tuple[int, int] | None = None

    def run(self) -> Trial:
        """The best trial that fits.

        Raises:
            CapError: None was found.
        """
        reel = self._within_limits()
        exact = self._try(reel, self._wish.options, None, 0)
        if exact.fits(self._cap):
            return exact
        if self._wish.options.lossless:
            raise self._refusal("it must be lossless")
        options, above = self._lossy(), exact.bytes
        while self.encodes < MOST_ENCODES:
            held = self._held(reel)
            worst = self._try(reel, options, held, DEAR)
            if worst.fits(self._cap):
                return self._filled(held, options, worst, above)
            reel = self._smaller(worst)
            above = max(self._cap * 2, worst.bytes)
        raise self._refusal(f"{MOST_ENCODES} encodes were not enough")

    def _lossy(self) -> EncoderOptions:
        """The encoder's options once values are held."""
        codec, asked = codec_of(self._form, self._wish.options), self._wish.options
        if codec.two_pass and asked.quality is None:
            return replace(asked, quality=HELD_CRF)
        return replace(asked, preset="good") if "good" in codec.presets and asked.preset is None else asked

    def _held(self, reel: Reel) -> Held:
        levels = reel.scene.palette.levels
        return Held(reel.scene, reel.run, max(1, int(self._wish.max_error * levels / 240)))

    def _try(self, reel: Reel, options: EncoderOptions, held: Held | None, price: float) -> Trial:
        limit = self._cap if held is None else int(SLACK * self._cap)
        path = self._folder / f"{self.encodes}{self._form.suffix}"
        loss = held.fit(price) if held is not None else None
        trial = encode(reel, self._form, path, replace(options, limit=limit), held, loss)
        self.encodes += 1
        if trial.bytes < self._least:
            # Of an encode that was stopped, its size is told by the frames that were done.
            self._least, self._complete = trial.bytes, trial.complete
        if not trial.fits(self._cap):
            path.unlink(missing_ok=True)
        if self._told is not None:
            self._told(self.encodes, MOST_ENCODES)
        return trial

    def _filled(self, held: Held, options: EncoderOptions, worst: Trial, above: float) -> Trial:
        """Lower the price as far as the cap allows: regula falsi on the logarithms of price and bytes.

        Where one end has moved twice in a row, the middle is tried instead, or the other end would never move.
        """
        best, aim = worst, math.log(AIM * self._cap)
        low, high = (math.log(CHEAP), math.log(above)), (math.log(DEAR), math.log(worst.bytes))
        moves: list[str] = []
        while self.encodes < MOST_ENCODES and best.bytes < FULL * self._cap:
            stuck = len(moves) > 1 and moves[-1] == moves[-2]
            part = 0.5 if stuck else (low[1] - aim) / max(1e-9, low[1] - high[1])
            # Never at an end, which is known already.
            at = low[0] + min(0.95, max(0.05, part)) * (high[0] - low[0])
            trial = self._try(best.reel, options, held, math.exp(at))
            point = (at, math.log(trial.bytes))
            if not trial.fits(self._cap):
                low = point
                moves.append("low")
                continue
            high = point
            moves.append("high")
            if trial.bytes >= best.bytes:
                best.path.unlink(missing_ok=True)
                best = trial
        return best

    def _smaller(self, worst: Trial) -> Reel:
        """Fewer frames or a smaller scale, whichever loses less for the bytes that must go."""
        reel, part = worst.reel, AIM * self._cap / worst.bytes
        total, scale = len(reel.scene.timeline), reel.scene.facts.cell.scale
        choices: list[tuple[float, int, int]] = []
        count = max(2, int(total * part ** (1 / self._learned(total, worst.bytes))))
        if "frames" not in self._wish.keep and count < total:
            choices.append((total / count, count, scale))
        smaller = min(scale - 1, max(1, int(scale * part ** (1 / SCALE_POWERS[self._form.palette]))))
        if "scale" not in self._wish.keep and smaller >= 1:
            choices.append((scale / smaller, total, smaller))
        if not choices:
            raise self._refusal("nothing more may be given up")
        _, count, scale = min(choices)
        return reel.varied(frames=count, scale=scale)

    def _learned(self, frames: int, size: int) -> float:
        """The power of the number of frames with which bytes really went, once that is known."""
        before, self._before = self._before, (frames, size)
        if before is None or before[0] == frames or before[1] <= size:
            return FRAMES_POWER
        return min(1.0, max(0.2, math.log(before[1] / size) / math.log(before[0] / frames)))

    def _within_limits(self) -> Reel:
        """Meet what a platform asks for beside bytes, by scale and by frames."""
        reel, budget = self._reel, self._wish.budget
        scale = reel.scene.facts.cell.scale
        while too_large(reel, budget):
            size = reel.scene.size
            try:
                if scale == 1 or "scale" in self._wish.keep:
                    raise TemplateError("no smaller scale is left")
                scale -= 1
                reel = reel.varied(scale=scale)
            except TemplateError as error:
                raise CapError(
                    f"{self._path}: a frame of {size.width}×{size.height} pixels is too large for {budget.name} "
                    f"({error}); show fewer channels or samples, or give a smaller canvas"
                ) from error
        size, count = reel.scene.size, len(reel.scene.timeline)
        area = size.width * size.height
        most = min(budget.frames or count, budget.total_pixels // area if budget.total_pixels else count)
        if count <= most:
            return reel
        if "frames" in self._wish.keep:
            raise CapError(f"{self._path}: {count} frames are more than the {most} that {budget.name} takes")
        return reel.varied(frames=most)

    def _refusal(self, why: str) -> CapError:
        about = "" if self._complete else "about "
        reached = f"the smallest reached was {about}{spelled(round(self._least))}"
        kept = f", keeping {' and '.join(sorted(self._wish.keep))}" if self._wish.keep else ""
        return CapError(
            f"{self._path}: cannot be under {spelled(self._cap)}: {why}; {reached}, with errors of up to "
            f"{self._wish.max_error:g} of 240 levels{kept}; allow more error, or show less"
        )


def traded(before: Reel, after: Reel) -> tuple[str, ...]:
    """What was given up on the way from one reel to another, one sentence each."""
    frames = len(before.scene.timeline), len(after.scene.timeline)
    scales = before.scene.facts.cell.scale, after.scene.facts.cell.scale
    told = []
    if frames[1] < frames[0]:
        told.append(f"{frames[1]} of {frames[0]} frames shown")
    if scales[1] < scales[0]:
        told.append(f"scale {scales[1]} instead of {scales[0]}")
    return tuple(told)


def too_large(reel: Reel, budget: Budget) -> bool:
    """Whether a frame is larger than the budget allows."""
    size = reel.scene.size
    area = size.width * size.height
    return (
        size.width > (budget.width or size.width)
        or size.height > (budget.height or size.height)
        or area > (budget.pixels or area)
    )
