"""Past the limit of error: fewer frames, fewer levels or a smaller scale, whatever costs least, and a full cap."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from reelnet.errors import TemplateError
from reelnet.export.dial import Dial
from reelnet.export.forecast import (
    FEWEST,
    Forecast,
    Plan,
    cheapest,
    plan_of,
    plans,
    reached,
    scales_of,
)
from reelnet.export.held import Held
from reelnet.export.trial import Trial
from reelnet.export.trials import Trials

if TYPE_CHECKING:
    from reelnet.reel import Reel

SPARE = 0.03
"""By so much the logarithm of a plan's bytes is to stay below the aim, with the dial at its end."""
NEAR = 0.36
"""So far the logarithm of a plan's bytes may be from the aim for its scale and levels to stay as they are."""

ENOUGH = 4
"""Encodes after which another choice of levels and scale is not tried, if one fits."""

CLOSE = 0.9
"""Part of the cap from which on the number of frames stays as it is."""


class Lesser:
    """Gives up what costs least, with values held as far as they may be.

    Args:
        trials: Makes the encodes.
        reel: All of it.
        dial: For its values.
        forecast: Of its bytes.
        measured: Whether all of it was encoded with the dial at its end.
    """

    def __init__(self, trials: Trials, reel: Reel, dial: Dial, forecast: Forecast, *, measured: bool) -> None:
        self._measured = measured
        self._trials, self._reel, self._dial, self._forecast = trials, reel, dial, forecast
        self._whole = plan_of(reel)

    def found(self, size: float) -> Trial:
        """The best trial.

        Args:
            size: The logarithm of the bytes of all of it with the dial at its end, about.

        Raises:
            CapError: None fits.
        """
        trials, forecast, keep = self._trials, self._forecast, self._trials.wish.keep
        palette, tried = trials.form.palette, set[Plan]()
        scales = scales_of(self._whole.scale, palette=palette)
        wanted, best, fits = size - trials.target + SPARE, None, None
        while trials.more(best):
            choices = [*plans(self._whole, keep, scales, levels=palette and self._dial.holds)]
            plan = cheapest(forecast, choices, wanted, keep_frames="frames" in keep)
            if plan is None:
                return self._least(choices, size, best)
            if fits is not None and best is not None and (plan in tried or trials.count >= ENOUGH):
                # The choice goes to and fro; what is left of the trials fills the cap.
                return self._filled(fits, size, best, best)
            try:
                trial = self._tried(plan)
            except TemplateError:
                scales.remove(plan.scale)
                continue
            tried.add(plan)
            best = trials.better(best, trial)
            fits = plan if best is trial else fits
            off, told = math.log(trial.bytes) - trials.target, forecast.fall(plan)
            # What is a little too much needs fewer frames, or if they must stay another plan.
            stuck = off > 0 and "frames" in keep
            if plan == self._whole or (abs(off) < NEAR and not stuck):
                return self._filled(plan, size, trial, best)
            # The forecast was wrong by so much; what is missing is told in its terms.
            times = min(2.0, max(0.7, told / max(size - trials.target - off, 0.01)))
            wanted = max(0.01, told + (off + SPARE) * times)
        return self._or_refused(best)

    def _least(self, choices: list[Plan], size: float, best: Trial | None) -> Trial:
        """Where nothing is thought to do: the least that may be shown, so that it is known what can be reached."""
        fewest = None if "frames" in self._trials.wish.keep else FEWEST
        least = [replace(plan, frames=fewest or plan.frames) for plan in choices]
        for plan in sorted(least, key=self._forecast.fall, reverse=True):
            try:
                trial = self._tried(plan, limited=False)
            except TemplateError:
                continue
            best = self._trials.better(best, trial)
            return (
                self._filled(plan, size, trial, best)
                if trial.fits(self._trials.cap)
                else self._or_refused(best)
            )
        return self._or_refused(best)

    def _filled(self, plan: Plan, size: float, trial: Trial, best: Trial | None) -> Trial:
        """Stay with a plan's levels and scale: find the frames that fill the cap, and turn the dial for the rest."""
        trials, forecast, whole = self._trials, self._forecast, self._whole
        every = Plan(whole.frames, plan.levels, plan.scale)
        if plan != every or (best is None and "frames" not in trials.wish.keep):
            turns = trials.turns(forecast.fall(replace(every, frames=FEWEST)))
            turns.learn(forecast.fall(plan), math.log(trial.bytes), sure=trial.complete)
            if plan != every == whole and self._measured:
                turns.learn(0.0, size)
            tried = {plan.frames}
            # With the frames that a few more or less leave out bytes go up and down; the dial comes nearer.
            while trials.more(best) and (best is None or best.bytes < CLOSE * trials.cap):
                if (wanted := turns.next()) is None:
                    break
                plan = reached(forecast, every, wanted) or every
                if plan.frames in tried:
                    break
                tried.add(plan.frames)
                trial = self._tried(plan)
                turns.learn(forecast.fall(plan), math.log(trial.bytes), sure=trial.complete)
                best = trials.better(best, trial)
        if best is not None and trials.more(best):
            # What is too much with all frames, or with one more, the dial has in between.
            levels = whole.levels if best.levels is None else best.levels
            dial = self._dial.with_beside(forecast.beside(replace(plan_of(best.reel), levels=levels)))
            turns = trials.turns(dial.end)
            turns.learn(dial.end, math.log(best.bytes))
            best = trials.turned(best.reel, self._held(best.reel, levels), dial, turns, best)
        return self._or_refused(best)

    def _tried(self, plan: Plan, *, limited: bool = True) -> Trial:
        """A plan with the dial at its end."""
        whole, end = self._whole, self._dial.at(self._dial.end)
        reel = self._reel.varied(
            frames=plan.frames if plan.frames < whole.frames else None,
            scale=plan.scale,
        )
        held = self._held(reel, plan.levels)
        return self._trials.run(reel, held, end.quality, end.price, limited=limited)

    def _held(self, reel: Reel, levels: int) -> Held:
        return Held(reel.scene, reel.run, self._trials.wish.max_error, levels=levels)

    def _or_refused(self, best: Trial | None) -> Trial:
        if best is None:
            raise self._trials.refusal()
        return best
