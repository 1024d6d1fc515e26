"""Past the limit of error: fewer frames, fewer levels or a smaller scale, whatever costs least, and a full cap."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace

from reelnet.errors import TemplateError
from reelnet.export.quantize.level_store import Held
from reelnet.export.rate_control.constraints import FEWEST
from reelnet.export.rate_control.quality_ladder import Dial
from reelnet.export.rate_control.size_model import (
    Forecast,
    Plan,
    cheapest,
    plan_of,
    plans,
    reached,
    scales_of,
)
from reelnet.export.rate_control.trials import Trial, Trials
from reelnet.render.rendition import Rendition

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
        rendition: All of it.
        dial: For its values.
        forecast: Of its bytes.
        measured: Whether all of it was encoded with the dial at its end.
    """

    def __init__(
        self, trials: Trials, rendition: Rendition, dial: Dial, forecast: Forecast, *, measured: bool
    ) -> None:
        self._measured = measured
        self._trials, self._rendition, self._dial, self._forecast = trials, rendition, dial, forecast
        self._whole = plan_of(rendition)

    def found(self, size: float) -> Trial:
        """The best trial.

        Args:
            size: The logarithm of the bytes of all of it with the dial at its end, about.

        Raises:
            CapError: None fits.
        """
        best = self._chosen(size)
        if best is None:
            best = self._from_least(size)
        if best is None:
            raise self._trials.refusal()
        return best

    def _chosen(self, size: float) -> Trial | None:
        """By what the forecast says."""
        trials, forecast, keep = self._trials, self._forecast, self._trials.request.keep
        palette, tried = trials.form.palette_based, set[Plan]()
        # Smaller maps leave a canvas of a fixed size as large, and emptier: there scale goes last.
        scales = [self._whole.scale] if self._fixed() else scales_of(self._whole.scale, palette=palette)
        wanted, best, fits = size - trials.target + SPARE, None, None
        while trials.more(best):
            choices = [*plans(self._whole, keep, scales, levels=palette and self._dial.holds)]
            plan = cheapest(forecast, choices, wanted, keep_frames="frames" in keep)
            if plan is None:
                return best
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
        return best

    def _fixed(self) -> bool:
        """Whether the canvas is as large at a smaller scale."""
        with suppress(TemplateError):
            smaller = self._rendition.at_scale(max(1, self._whole.scale // 2))
            return self._whole.scale > 1 and smaller.scene.size == self._rendition.scene.size
        return False

    def _from_least(self, size: float) -> Trial | None:
        """Where nothing that was thought to do does: the least that may be shown, and from there as much as fits."""
        trials, whole, keep = self._trials, self._whole, self._trials.request.keep
        palette = trials.form.palette_based
        frames = whole.frames if "frames" in keep else min(FEWEST, whole.frames)
        # Levels are given up between the first and the last frame.
        levels = palette and self._dial.holds and frames > FEWEST
        choices = plans(
            replace(whole, frames=frames), keep, scales_of(whole.scale, palette=palette), levels=levels
        )
        ladder = sorted(choices, key=lambda plan: (plan.scale, plan.levels))
        plan, trial = self._lowest(ladder)
        if trial is None or not trial.fits(trials.cap):
            return None
        best = trials.better(None, trial)
        # The largest scale, and of that the most levels, that fit: by halving.
        low, high = ladder.index(plan), len(ladder)
        while high - low > 1 and trials.more(best):
            middle = (low + high) // 2
            with suppress(TemplateError):
                trial = self._tried(ladder[middle], limited=False)
                best = trials.better(best, trial)
                if trial.fits(trials.cap):
                    low, plan = middle, ladder[middle]
                    continue
            high = middle
        return self._filled(plan, size, best, best) if best is not None else None

    def _lowest(self, ladder: list[Plan]) -> tuple[Plan, Trial | None]:
        """The first of some plans that can be laid out."""
        for plan in ladder:
            with suppress(TemplateError):
                return plan, self._tried(plan, limited=False)
        return ladder[0], None

    def _filled(self, plan: Plan, size: float, trial: Trial, best: Trial | None) -> Trial | None:
        """Stay with a plan's levels and scale: find the frames that fill the cap, and turn the dial for the rest."""
        trials, forecast, whole = self._trials, self._forecast, self._whole
        every = Plan(whole.frames, plan.levels, plan.scale)
        if plan != every or (best is None and "frames" not in trials.request.keep):
            turns = trials.turns(forecast.fall(replace(every, frames=min(FEWEST, every.frames))))
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
            dial = self._dial.with_beside(forecast.beside(replace(plan_of(best.rendition), levels=levels)))
            turns = trials.turns(dial.end)
            turns.learn(dial.end, math.log(best.bytes))
            best = trials.turned(best.rendition, self._held(best.rendition, levels), dial, turns, best)
        return best

    def _tried(self, plan: Plan, *, limited: bool = True) -> Trial:
        """A plan with the dial at its end."""
        end = self._dial.at(self._dial.end)
        rendition = self._rendition.with_frames(plan.frames).at_scale(plan.scale)
        held = self._held(rendition, plan.levels)
        return self._trials.run(rendition, held, end.quality, end.price, limited=limited)

    def _held(self, rendition: Rendition, levels: int) -> Held:
        return Held(rendition.scene, rendition.run, self._trials.request.max_error, levels=levels)
