"""Moments: the few training steps that a picture for print shows, chosen by how much changes between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reelnet.scene.context import SceneContext
from reelnet.scene.timeline.selection import adaptive_weights, sample_by_weight, spread_positions

MAX_CANDIDATES = 300
"""Steps among which moments are chosen; of a longer run those with most change between them."""

MIN_PREFERRED = 3
"""Preferred steps per moment from which on the others are left out."""

EQUAL_CHANGE = "moments of equal change"
"""What moments are, in words."""


def choose_moments(
    context: SceneContext,
    tap: str,
    channels: tuple[int, ...],
    count: int,
    right: NDArray[np.intp] | None = None,
    preferred: NDArray[np.bool_] | None = None,
) -> tuple[int, ...]:
    """Choose training steps, with the first and the last, so that neighboring pictures differ about equally.

    Args:
        context: The run, and the samples that are shown.
        tap: The layer that is shown.
        channels: Its channels, as they are displayed.
        count: How many steps; the last alone if it is 1, and all if there are no more.
        right: How many answers are right at each recorded step, (steps,), if the picture shows that too. Maps and
            answers then count equally, each as a part of its largest difference.
        preferred: Which recorded steps are better than the others, such as those at which a metric was measured, bool
            (steps,). All but the first and the last are of these if there are `MIN_PREFERRED` times as many.
    """
    steps = context.steps
    if count == 1:
        return steps[-1:]
    if count >= len(steps):
        return steps
    candidates = _find_candidates(context, tap)
    if preferred is not None:
        among = [position for position in candidates[1:-1] if preferred[position]]
        if len(among) >= MIN_PREFERRED * count:
            candidates = [candidates[0], *among, candidates[-1]]
    shown = tuple(steps[position] for position in candidates)
    differences = _normalize(context.statistics.differences(tap, context.sample_indices, channels, shown))
    if right is not None:
        own = right[candidates].astype(np.float64)
        differences = differences + _normalize(np.abs(own[:, None] - own))
    return tuple(shown[position] for position in spread_positions(differences, count))


def _find_candidates(context: SceneContext, tap: str) -> list[int]:
    if len(context.steps) <= MAX_CANDIDATES:
        return [*range(len(context.steps))]
    changes = context.statistics.changes(tap).by_step
    return sample_by_weight(adaptive_weights(changes[1:]), MAX_CANDIDATES)


def _normalize(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide differences by the largest; all 0 stay so."""
    return differences / (float(differences.max()) or 1.0)
