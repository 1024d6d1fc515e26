"""The search under a cap: lossless if that fits, else the least loss that does.

What gives way, in this order: the quality of video as far as nobody sees it, and the values over time within the
author's limit of error; then frames, levels of the colormap or scale, whatever costs least for the bytes that are
missing. A dial that can stand anywhere then fills the cap.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from reelnet.errors import CapError, TemplateError
from reelnet.export.bounds import within_limits
from reelnet.export.dial import COURSES, DEAR, Dial, Turns, course_of
from reelnet.export.forecast import Forecast, Plan, cheapest, loosened, plans, scales_of
from reelnet.export.formats import Codec, Format
from reelnet.export.held import Held
from reelnet.export.options import EncoderOptions, codec_of
from reelnet.export.platforms import Budget
from reelnet.export.probe import changing_bytes, half_scale
from reelnet.export.size import spelled
from reelnet.export.trial import Trial, encode

if TYPE_CHECKING:
    from reelnet.reel import Reel

KEEPABLE = frozenset({"frames", "levels", "scale"})
"""What an author may forbid to give up."""

MOST_ENCODES = 8
FULL, AIM = 0.97, 0.985
"""Parts of the cap that a file with losses fills at least, and that the search aims at."""
SLACK = 2.0
"""An encode is stopped when it is so many times over its cap; up to there its size tells where to go on."""
HOPELESS = 0.6
"""A dial is not tried if at its end the logarithm of the bytes is thought to be so much too high."""
PAYS = 0.85
"""Part of the bytes that the worst quality may leave at the most, for it to be chosen before frames are given up."""
SPARE = 0.06
"""By so much the logarithm of a plan's bytes is to stay below the aim, with the dial at its end."""
NEAR = 0.7
"""Part of the cap that a plan must reach for its frames to stay as they are."""


@dataclass(frozen=True)
class Wish:
    """What an author asks of a file.

    Attributes:
        budget: The cap and a platform's other limits.
        options: To the encoder.
        max_error: Most by which a value may be off, in 240ths of the colormap.
        keep: What must not be given up: `frames`, `levels`, `scale`.
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
        trying: Told in words what the next encode is, before each.

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
        trying: Callable[[str], None] | None = None,
    ) -> None:
        self._reel, self._form, self._path, self._folder, self._wish = reel, form, path, folder, wish
        self._told, self._trying = told, trying
        self._cap = wish.budget.bytes or 2**62
        self._smallest: Trial | None = None
        self.encodes = 0

    def run(self) -> Trial:
        """The best trial that fits.

        Raises:
            CapError: None was found.
        """
        reel = within_limits(self._reel, self._wish.budget, self._wish.keep, self._path)
        knob = self._codec.knob
        exact = self._try(reel, None, knob.default if knob is not None else None)
        if exact.fits(self._cap):
            return exact
        if self._wish.options.lossless:
            raise self._refusal("it must be lossless")
        held = Held(reel.scene, reel.run, self._wish.max_error)
        exact = exact.guessed(held.fit(0).changed)
        power = course_of(self._codec).power
        forecast = Forecast(
            plan_of(reel),
            held.samples(),
            self._wish.max_error,
            power,
            lambda: self._at_half_scale(reel, held),
        )
        dial = Dial(self._codec, forecast.changes)
        turns = self._turns(dial)
        turns.learn(0.0, math.log(exact.bytes))
        found = self._turned(reel, held, dial, turns)
        if found is None:
            forecast.mend(turns.slope)
            self._go_on(reel, held, dial, turns)
            found = self._turned(reel, held, dial, turns)
        return found or self._given_up(reel, dial, forecast, turns.at_end)

    def _go_on(self, reel: Reel, held: Held, dial: Dial, turns: Turns) -> None:
        """Let the dial go on to the worst quality, if that pays."""
        course = dial.course
        if not dial.holds or course.floor <= course.held:
            return
        held.fit(DEAR)
        sizes = [
            changing_bytes(reel, held, self._form, self._options(quality))
            for quality in (course.floor, course.held)
        ]
        part = sizes[0] / max(1, sizes[1])
        if part < PAYS:
            dial.coarser(part)
            turns.extend(dial.end)

    @cached_property
    def _codec(self) -> Codec:
        return codec_of(self._form, self._wish.options)

    @property
    def _target(self) -> float:
        return math.log(AIM * self._cap)

    def _turns(self, dial: Dial) -> Turns:
        return Turns(dial.end, math.log(self._cap), self._target)

    def _try(self, reel: Reel, held: Held | None, quality: float | None, price: float = 0.0) -> Trial:
        options = self._options(quality, exact=held is None)
        options = replace(options, limit=self._cap if held is None else int(SLACK * self._cap))
        path = self._folder / f"{self.encodes}{self._form.suffix}"
        if self._trying is not None:
            self._trying(in_words(reel, price))
        loss = held.fit(price) if held is not None and price else None
        trial = encode(reel, self._form, path, options, held if loss else None, loss)
        self.encodes += 1
        if self._smallest is None or trial.bytes < self._smallest.bytes:
            self._smallest = trial
        if not trial.fits(self._cap):
            path.unlink(missing_ok=True)
        if self._told is not None:
            self._told(self.encodes, MOST_ENCODES)
        return trial

    def _options(self, quality: float | None, *, exact: bool = False) -> EncoderOptions:
        """To the encoder."""
        options = self._wish.options
        if quality is not None and not options.lossless and self._codec.name in COURSES:
            options = replace(options, quality=quality)
        if not exact and "good" in self._codec.presets and options.preset is None:
            options = replace(options, preset="good")
        return options

    def _at_half_scale(self, reel: Reel, held: Held) -> float:
        held.fit(DEAR)
        return half_scale(reel, held, self._form, self._options(course_of(self._codec).held))

    def _turned(
        self, reel: Reel, held: Held, dial: Dial, turns: Turns, best: Trial | None = None
    ) -> Trial | None:
        """Turn a dial as little as the cap allows; the best trial that fits, if any does."""
        if best is None and turns.at_end > self._target + HOPELESS:
            return None
        while self.encodes < MOST_ENCODES and (best is None or best.bytes < FULL * self._cap):
            turn = turns.next()
            if turn is None:
                break
            setting = dial.at(turn)
            trial = self._try(reel, held, setting.quality, setting.price)
            turns.learn(turn, math.log(trial.bytes))
            best = self._better(best, trial)
            if turn <= 0 and trial.fits(self._cap):
                break
        return best

    def _better(self, best: Trial | None, trial: Trial) -> Trial | None:
        """Of two trials the one that fits and has more bytes; the other's file goes."""
        if not trial.fits(self._cap):
            return best
        if best is not None and best.bytes > trial.bytes:
            best, trial = trial, best
        if best is not None:
            best.path.unlink(missing_ok=True)
        return trial

    def _given_up(self, reel: Reel, dial: Dial, forecast: Forecast, size: float) -> Trial:
        """Give up frames, levels or scale, whatever costs least, with the dial at its end; then fill the cap.

        Args:
            reel: All of it.
            dial: For its values.
            forecast: Of its bytes.
            size: The logarithm of the bytes of all of it with the dial at its end, about.
        """
        whole, best = plan_of(reel), None
        # A plan that is a little too small is filled by the dial; one that is too large was for nothing.
        wanted, scales = size - self._target + SPARE, scales_of(whole.scale, palette=self._form.palette)
        while self.encodes < MOST_ENCODES:
            choices = [*plans(whole, self._wish.keep, scales, holds=dial.holds)]
            plan = cheapest(forecast, choices, wanted, keep_frames="frames" in self._wish.keep)
            if plan is None:
                break
            try:
                smaller = self._varied(reel, whole, plan)
            except TemplateError:
                scales.remove(plan.scale)
                continue
            most = loosened(self._wish.max_error, plan.levels, whole.levels)
            held, end = Held(smaller.scene, smaller.run, most), dial.at(dial.end)
            trial = self._try(smaller, held, end.quality, end.price)
            gained, told = size - math.log(trial.bytes), forecast.fall(plan)
            if trial.fits(self._cap) and (trial.bytes > NEAR * self._cap or plan == whole):
                turns = self._turns(dial)
                turns.learn(dial.end, math.log(trial.bytes))
                return self._turned(smaller, held, dial, turns, self._better(best, trial)) or trial
            best = self._better(best, trial)
            # The forecast was wrong by so much; what is missing is told in its terms.
            missing = math.log(trial.bytes) - self._target + SPARE
            wanted = max(0.01, told + missing * min(2.0, max(0.7, told / max(gained, 0.01))))
        if best is not None:
            return best
        raise self._refusal(
            "nothing more may be given up" if self.encodes < MOST_ENCODES else "no way was found"
        )

    @staticmethod
    def _varied(reel: Reel, whole: Plan, plan: Plan) -> Reel:
        """A reel by a plan."""
        return reel.varied(
            frames=plan.frames if plan.frames < whole.frames else None,
            levels=plan.levels if plan.levels < whole.levels else None,
            scale=plan.scale,
        )

    def _refusal(self, why: str) -> CapError:
        smallest, wish = self._smallest, self._wish
        reached = "nothing was written"
        if smallest is not None:
            about = "" if smallest.complete else "about "
            reached = f"the smallest reached was {about}{spelled(smallest.bytes)}"
        kept = f", keeping {' and '.join(sorted(wish.keep))}" if wish.keep else ""
        return CapError(
            f"{self._path}: cannot be under {spelled(self._cap)}: {why}; {reached}, with errors of up to "
            f"{wish.max_error:g} of 240 levels{kept}; allow more error, or show less"
        )


def plan_of(reel: Reel) -> Plan:
    """What a reel shows."""
    scene = reel.scene
    return Plan(len(scene.timeline), scene.palette.levels, scene.facts.cell.scale)


def in_words(reel: Reel, price: float) -> str:
    """What an encode is, for a progress bar."""
    plan, values = plan_of(reel), "values held steady" if price else "exact"
    return f"{values}, {plan.frames} frames at scale {plan.scale}"
