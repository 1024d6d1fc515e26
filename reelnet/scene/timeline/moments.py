"""Moments: the few training steps that a picture for print shows, chosen by how much changes between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reelnet.scene.context import SceneContext
from reelnet.scene.timeline.selection import adaptive_weights, sample_by_weight, spread_positions

MAX_CANDIDATES = 300
"""Steps among which moments are chosen; of a longer run those with most change between them."""

MIN_PREFERRED_CHANGE = 0.5
"""Least change between neighbors among preferred steps, as a part of that among all: else the others count, too."""

EQUAL_CHANGE = "moments of equal change"
"""What moments are, in words."""


def choose_moments(
    context: SceneContext,
    tap: str,
    channels: tuple[int, ...],
    count: int,
    preferred: NDArray[np.bool_] | None = None,
) -> tuple[int, ...]:
    """Choose training steps, with the first and the last, so that neighboring pictures differ about equally in color.

    Args:
        context: The run, and the samples that are shown.
        tap: The layer that is shown.
        channels: Its channels, as they are displayed.
        count: How many steps; the last alone if it is 1, and all if there are no more.
        preferred: Which recorded steps are better than the others, such as those at which a metric was measured, bool
            (steps,). All but the first and the last are of these, unless neighbors would differ far less; see
            `MIN_PREFERRED_CHANGE`.
    """
    steps = context.steps
    if count == 1:
        return steps[-1:]
    if count >= len(steps):
        return steps
    candidates = _find_candidates(context, tap)
    shown, limits = tuple(steps[position] for position in candidates), context.view(tap).limits
    bounds = tuple(
        (limits.low, limits.by_channel[channel] if limits.by_channel else limits.high) for channel in channels
    )
    differences = context.statistics.differences(tap, context.sample_indices, channels, shown, bounds)
    chosen = spread_positions(differences, count)
    if preferred is not None:
        last = len(shown) - 1
        among = [number for number, each in enumerate(candidates) if preferred[each] or number in (0, last)]
        better = [among[number] for number in spread_positions(differences[np.ix_(among, among)], count)]
        if len(better) == count and _find_least(differences, better) >= MIN_PREFERRED_CHANGE * _find_least(
            differences, chosen
        ):
            chosen = better
    return tuple(shown[number] for number in chosen)


def _find_least(differences: NDArray[np.float64], numbers: list[int]) -> float:
    """The least difference between neighbors."""
    return float(differences[numbers[:-1], numbers[1:]].min())


def _find_candidates(context: SceneContext, tap: str) -> list[int]:
    if len(context.steps) <= MAX_CANDIDATES:
        return [*range(len(context.steps))]
    changes = context.statistics.changes(tap).by_step
    return sample_by_weight(adaptive_weights(changes[1:]), MAX_CANDIDATES)
