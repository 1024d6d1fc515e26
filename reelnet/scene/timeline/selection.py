"""Which steps are shown: pure functions from recorded steps to positions.

A position is an index into the recorded steps, from 0.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from reelnet._support.text import format_count
from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.template.timeline import StepsSpec, TimelineSpec

DEFAULT_STEP_COUNT = 120
"""Steps that `log` and `adaptive` show if nothing says how many."""

EVEN_SHARE = 0.1
"""Fraction of the adaptive weights that is spread evenly, so that quiet stretches still move."""

EVEN_DIFFERENCE = 0.01
"""Fraction of the differences of `spread_positions` that is spread evenly, so that what is all the same is shown at
even intervals."""

ComputeChanges = Callable[[], NDArray[np.float64]]
"""Computes how much the activations change from the previous recorded step to each step, float64 (steps,)."""


def select_positions(
    spec: TimelineSpec,
    steps: Sequence[int],
    required: Collection[int] = (),
    compute_changes: ComputeChanges | None = None,
) -> list[int]:
    """The positions of the steps that the template asks for, ascending and distinct.

    Args:
        spec: What the author wrote.
        steps: The recorded training steps, ascending; at least one.
        required: Positions to add where the rule leaves them out. They must be in the template's list or range of
            steps, if there is one.
        compute_changes: Called only for an adaptive selection that leaves steps out.

    Raises:
        OptionError: Listed steps were not recorded, or no recorded step is in the range.
        ValueError: The selection is adaptive and `compute_changes` is None.
    """
    rule = resolve_rule(spec)
    if rule.list is not None:
        return resolve_steps(steps, rule.list)
    first, last = resolve_range(steps, rule.range)
    count = last - first + 1
    if rule.every is not None:
        selected = [*range(0, count - 1, rule.every), count - 1]
    elif rule.log is not None:
        log_steps = np.log1p(np.array(steps[first : last + 1], np.float64))
        selected = sample_by_weight(np.diff(log_steps), rule.log)
    elif rule.adaptive is not None and rule.adaptive < count:
        if compute_changes is None:
            raise ValueError("an adaptive selection needs the changes of the activations")
        selected = sample_by_weight(adaptive_weights(compute_changes()[first + 1 : last + 1]), rule.adaptive)
    else:
        selected = [*range(count)]
    return sorted({first + position for position in selected} | set(required))


def resolve_rule(spec: TimelineSpec) -> StepsSpec:
    """The rule for choosing steps, with words such as `log` spelled out."""
    if isinstance(spec.steps, StepsSpec):
        return spec.steps
    if spec.steps == "all":
        return StepsSpec(every=1)
    count = max(2, spec.moving_frames or spec.max_frames or DEFAULT_STEP_COUNT)
    return StepsSpec(log=count) if spec.steps == "log" else StepsSpec(adaptive=count)


def find_allowed(spec: TimelineSpec, steps: Sequence[int], first: int, last: int) -> int | None:
    """The position of the first step from `first` to `last` that the template's list or range of steps allows."""
    rule = resolve_rule(spec)
    low, high = rule.range or (None, None)
    begin, end = max(first, low or 0), last if high is None else min(last, high)
    allowed = steps if rule.list is None else rule.list
    step = next((each for each in allowed[bisect_left(allowed, begin) :] if each <= end), None)
    return None if step is None else find_step(steps, step)


def resolve_steps(steps: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """The positions of all wanted steps.

    Raises:
        OptionError: Some were not recorded.
    """
    errors, positions = ErrorCollector(), []
    for number, step in enumerate(wanted):
        with errors.collect("steps", "list", number):
            positions.append(resolve_step(steps, step))
    errors.raise_errors()
    return positions


def resolve_step(steps: Sequence[int], step: int) -> int:
    """The position of a step.

    Raises:
        OptionError: The step was not recorded.
    """
    position = find_step(steps, step)
    if position is None:
        raise OptionError(f"step {step} was not recorded; the nearest is {find_nearest(steps, step)}")
    return position


def resolve_range(steps: Sequence[int], ends: tuple[int | None, int | None] | None) -> tuple[int, int]:
    """The positions of the first and the last step in a range, both included.

    Raises:
        OptionError: No recorded step is in the range.
    """
    low, high = ends or (None, None)
    first = 0 if low is None else bisect_left(steps, low)
    last = len(steps) - 1 if high is None else bisect_right(steps, high) - 1
    if first <= last:
        return first, last
    if low is None or high is None:
        where = f"at or after {low}" if high is None else f"at or before {high}"
    else:
        where = f"between {low} and {high}"
    message = f"no recorded step lies {where}; steps run from {steps[0]} to {steps[-1]}"
    raise OptionError(message, "steps", "range")


def find_step(steps: Sequence[int], step: int) -> int | None:
    """The position of a step; None if it was not recorded."""
    position = bisect_left(steps, step)
    return position if position < len(steps) and steps[position] == step else None


def find_nearest(steps: Sequence[int], step: int) -> int:
    """The recorded step that is nearest; of two equally near ones, the earlier."""
    return min(steps, key=lambda each: (abs(each - step), each))


def sample_evenly(length: int, count: int) -> list[int]:
    """Choose one of `length` positions for each of `count` frames, as evenly as integers allow.

    With fewer frames than positions, both ends are chosen, gaps differ by at most 1 and no position is repeated; a
    single frame shows the last position. With more frames, positions are repeated, and how often differs by at most
    1. Both numbers are at least 1.
    """
    if count >= length:
        return [frame * length // count for frame in range(count)]
    if count == 1:
        return [length - 1]
    gaps = count - 1
    return [(2 * frame * (length - 1) + gaps) // (2 * gaps) for frame in range(count)]


def sample_by_weight(weights: NDArray[np.float64], count: int) -> list[int]:
    """Choose `count` positions, including both ends, with nearly equal weight between neighbors.

    This is inverse transform sampling at evenly spaced quantiles of the cumulative weight (Devroye, Non-Uniform
    Random Variate Generation, 1986, II.2). A gap between neighbors can hold at most one share, so heavier gaps are
    first cut to the level that makes all shares equal ("water-filling"). Otherwise several quantiles would fall on
    the same position, and dropping the duplicates would leave too few.

    Args:
        weights: Weight of each gap between neighboring positions, above 0, float64 (positions - 1,).
        count: At least 2. If it is not below the number of positions, all are chosen.
    """
    length = len(weights) + 1
    if count >= length:
        return [*range(length)]
    cut = np.minimum(weights, _find_equal_share(weights, count - 1))
    cumulative = np.concatenate([[0.0], np.cumsum(cut)])
    quantiles = np.linspace(0.0, cumulative[-1], count)
    # The position nearest to a quantile is the number of midpoints between positions below it.
    positions = np.searchsorted((cumulative[1:] + cumulative[:-1]) / 2, quantiles)
    # Rounding, or a quantile midway between two positions, can still produce duplicates. Push them apart, first to
    # the right, then back from the right end; distinct positions stay where they are.
    number = np.arange(count)
    positions = np.maximum.accumulate(positions - number) + number
    positions = np.minimum(positions, length - count + number)
    return [0, *map(int, positions[1:-1]), length - 1]


def spread_positions(differences: NDArray[np.float64], count: int) -> list[int]:
    """Choose `count` positions, including both ends, so that neighbors differ from each other about equally.

    The sum of the inverse squares of their differences is the smallest possible, found by dynamic programming: two
    neighbors that are almost the same cost most. Unlike with `sample_by_weight`, what goes back and forth does not
    add up, so that noise takes no pictures.

    Args:
        differences: How much the positions differ from each other, float64 (positions, positions), not negative.
        count: At least 2. If it is not below the number of positions, all are chosen.
    """
    length = len(differences)
    if count >= length:
        return [*range(length)]
    number = np.arange(length)
    even = np.abs(number[:, None] - number) / (length - 1)
    blended = EVEN_DIFFERENCE * even + (1 - EVEN_DIFFERENCE) * differences / (differences.max() or 1.0)
    # From a position to itself or an earlier one there is no way.
    cost = np.where(
        number[:, None] < number, 1 / np.maximum(blended, np.finfo(float).tiny ** 0.25) ** 2, np.inf
    )
    best, sources = cost[0], []
    for _ in range(count - 2):
        sums = best[:, None] + cost
        sources.append(sums.argmin(axis=0))
        best = sums.min(axis=0)
    positions = [length - 1]
    for source in reversed(sources):
        positions.append(int(source[positions[-1]]))
    return [0, *reversed(positions)]


def _find_equal_share(weights: NDArray[np.float64], shares: int) -> float:
    """The level that equals one of `shares` equal parts of the sum of `weights`, each cut to this level."""
    ordered = np.sort(weights)
    cumulative = np.cumsum(ordered)
    # Cut the k heaviest: they take one share each, and the others have to make up the remaining shares.
    for cut in range(shares):
        share = float(cumulative[len(ordered) - 1 - cut]) / (shares - cut)
        if ordered[len(ordered) - 1 - cut] <= share:
            break
    return share


def adaptive_weights(change: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights for `sample_by_weight` that follow the changes, plus a small even part; their sum is 1.

    Args:
        change: Change across each gap between neighboring steps, float64. NaN and negative values count as 0,
            infinity as the largest finite value. If nothing changes, the weights are equal.
    """
    finite = change[np.isfinite(change)]
    largest = max(0.0, float(finite.max(initial=0.0))) or float(np.isposinf(change).any())
    equal = np.full(len(change), 1 / max(1, len(change)))
    if largest == 0:
        return equal
    # Divide by the largest first: the sum could overflow.
    moving = np.nan_to_num(change, nan=0.0, posinf=largest, neginf=0.0).clip(0.0) / largest
    weights: NDArray[np.float64] = EVEN_SHARE * equal + (1 - EVEN_SHARE) * moving / moving.sum()
    return weights


def sample_with_required(length: int, count: int, required: Sequence[range]) -> list[int]:
    """`sample_evenly`, but at least one position of each required range is chosen.

    A range that would be skipped takes the place of the nearest chosen position that is neither an end nor needed for
    another range. The number of frames stays the same, and only the two gaps beside it change.

    Args:
        length: Number of positions.
        count: Number of frames.
        required: Ranges of positions, ascending and disjoint.

    Raises:
        OptionError: There are more required ranges than frames.
    """
    positions = sample_evenly(length, count)
    if count >= length:
        return positions
    missing: list[int] = []
    fixed = {positions[0], positions[-1]}
    for stretch in required:
        frame = bisect_left(positions, stretch.start)
        if frame < count and positions[frame] in stretch:
            fixed.add(positions[frame])
        else:
            missing.append(stretch.start)
    if len(fixed) + len(missing) > count:
        needed = len({0, length - 1} | fixed | set(missing))
        frames = format_count(count, "frame")
        message = f"the held steps, the first and the last do not fit into {frames}; allow at least {needed}"
        raise OptionError(message, "holds")
    for position in missing:
        replaced = min(set(positions) - fixed, key=lambda each: (abs(each - position), each))
        positions[positions.index(replaced)] = position
        fixed.add(position)
    return sorted(positions)
