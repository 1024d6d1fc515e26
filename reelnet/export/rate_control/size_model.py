"""What could be given up past the limit of error, what it would save, and what it would cost.

Savings are told by samples: how often a part of the values changes in fewer frames or in fewer levels, and what some
frames take at half the scale, and without any change of a map: text and curves are more than the maps of some
renditions.
Costs have one measure: what halves the number of frames costs 1, what halves the
scale, and leaves a quarter of the picture, 1.5. A step from one level of the colormap to the next costs 1 once it is
twice as large as the error that the author allows; up to there it is hardly seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from reelnet.export.quantize.level_store import Sample
from reelnet.export.quantize.temporal import LIMIT
from reelnet.export.rate_control.constraints import FEWEST
from reelnet.export.rate_control.quality_ladder import DEAR
from reelnet.export.rate_control.size_probe import Parts
from reelnet.render.rendition import Rendition

PARTS = 0.5, 0.2, 0.07
"""Of the frames, at which changes are counted on the sample; powers are laid between them."""

COARSE = 127, 85, 57, 43, 29, 21, 15
"""Numbers of levels to choose from."""

BESIDE_POWER = 0.72
"""Of the number of frames, with which the bytes of text, curves and what every frame takes go."""

SCALE_COST = 1.5
"""Of half the scale, where half the frames cost 1."""

BARE_POWER = 0.8
"""Of the number of frames, with which the bytes of a video go where no values can be held."""


@dataclass(frozen=True)
class Plan:
    """What is shown.

    Attributes:
        frames: Of the timeline.
        levels: Of the colormap, between the first frame and the last; 0 without one.
        scale: Canvas pixels a map value.
    """

    frames: int
    levels: int
    scale: int


class Forecast:
    """Tells for each plan how its bytes compare with those of the whole, at the worst that a dial allows.

    Args:
        whole: The plan that gives up nothing.
        samples: Of the values that can be held.
        most: Bound on the error, in 240ths of the colormap.
        power: Of the number of changes, with which the bytes of maps go.
        parts: Gives what the bytes of the whole are made of.
    """

    def __init__(
        self, whole: Plan, samples: Sequence[Sample], most: float, power: float, parts: Callable[[], Parts]
    ) -> None:
        self._whole, self._samples, self._most = whole, samples, most
        self._power, self._parts = power, parts
        self._coarser = cache(self._with_levels)

    @property
    def size(self) -> float:
        """The logarithm of the bytes of the whole."""
        return math.log(self._parts().bytes)

    def changes(self, price: float) -> float:
        """About how many changes of all values are left at a price."""
        return sum(sample.changes(price, self._most) for sample in self._samples)

    def cost(self, plan: Plan) -> float:
        """What a plan gives up."""
        whole = self._whole
        steps = [0.0 if levels < 2 else LIMIT / (levels - 1) for levels in (plan.levels, whole.levels)]
        coarse = [(step / (2 * self._most)) ** 2 if self._most > 0 else math.inf * step for step in steps]
        finer = plan.levels >= whole.levels
        return (
            (whole.frames / plan.frames - 1)
            + SCALE_COST * (whole.scale / plan.scale - 1)
            + (0 if finer else coarse[0] - coarse[1])
        )

    def fall(self, plan: Plan) -> float:
        """By how much the logarithm of the bytes is about lower than that of the whole."""
        return math.log(self._parts().bytes / sum(self._left(plan)))

    def beside(self, plan: Plan) -> float:
        """The part of a plan's bytes that is beside its maps."""
        beside, maps = self._left(plan)
        return beside / (beside + maps)

    def _left(self, plan: Plan) -> tuple[float, float]:
        """A plan's bytes beside its maps, and those of its maps."""
        whole, parts = self._whole, self._parts()
        part, halvings = plan.frames / whole.frames, math.log2(whole.scale / plan.scale)
        fall = float(np.interp(-math.log(part), *self._fewer))
        if plan.levels < whole.levels:
            fall += self._coarser(plan.levels)
        beside = parts.beside * parts.half_beside**halvings * part**BESIDE_POWER
        return beside, parts.maps * parts.half_maps**halvings * math.exp(-fall)

    @cached_property
    def _fewer(self) -> tuple[list[float], list[float]]:
        """Falls of the logarithm of the maps' bytes by those of the number of frames."""
        logs, falls, exact = [0.0], [0.0], self._worst(self._samples)
        for part in PARTS:
            frames = max(FEWEST, round(part * self._whole.frames))
            left = self._worst([sample.thinned(frames) for sample in self._samples])
            logs.append(-math.log(part))
            if exact and left and self._power:
                falls.append(max(falls[-1], self._power * math.log(exact / left)))
            else:
                falls.append(BARE_POWER * logs[-1])
        return [*logs, logs[-1] + 10], [*falls, falls[-1] + 10]

    def _with_levels(self, levels: int) -> float:
        exact = self._worst(self._samples)
        left = sum(sample.changes(DEAR, self._most, levels) for sample in self._samples)
        return self._power * math.log(max(1.0, exact / left)) if left else 0.0

    def _worst(self, samples: Sequence[Sample]) -> float:
        return sum(sample.changes(DEAR, self._most) for sample in samples)


def plan_of(rendition: Rendition) -> Plan:
    """What a rendition shows."""
    scene = rendition.scene
    return Plan(len(scene.timeline), scene.palette.levels, scene.context.cell.scale)


def plans(whole: Plan, keep: frozenset[str], scales: Sequence[int], *, levels: bool) -> Iterator[Plan]:
    """What can be shown with all its frames: each scale with each number of levels.

    Args:
        whole: What gives up nothing.
        keep: What must not be given up.
        scales: To choose from, the whole's among them.
        levels: Whether fewer levels save bytes.
    """
    choice = [whole.levels]
    if levels and "levels" not in keep:
        choice += [each for each in COARSE if each < whole.levels]
    for scale in [whole.scale] if "scale" in keep else scales:
        for each in choice:
            yield replace(whole, levels=each, scale=scale)


def scales_of(whole: int, *, palette: bool) -> list[int]:
    """The scales to choose from.

    A video's blocks are squares of 4, 8 and 16 pixels, and its chroma has half the resolution: cells of other sides
    than these take twice the bytes.
    """
    return [each for each in range(whole, 0, -1) if palette or each == whole or each in (2, 4, 8, 16)]


def cheapest(forecast: Forecast, choices: Sequence[Plan], wanted: float, *, keep_frames: bool) -> Plan | None:
    """Of some plans and as few of their frames as they need, the one that costs least.

    Args:
        forecast: Of their bytes.
        choices: Plans with all their frames.
        wanted: By how much the logarithm of the bytes must fall.
        keep_frames: Whether all frames must stay.
    """
    found = [
        (forecast.cost(plan), plan)
        for each in choices
        if (plan := reached(forecast, each, wanted, keep_frames=keep_frames))
    ]
    return min(found, key=lambda each: each[0])[1] if found else None


def reached(forecast: Forecast, plan: Plan, wanted: float, *, keep_frames: bool = False) -> Plan | None:
    """A plan with as many of its frames as it can have; None if too few are left, or all must stay."""
    if forecast.fall(plan) >= wanted:
        return plan
    low, high = min(FEWEST, plan.frames), plan.frames
    if keep_frames or forecast.fall(replace(plan, frames=low)) < wanted:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if forecast.fall(replace(plan, frames=middle)) >= wanted else (low, middle)
    return replace(plan, frames=low)
