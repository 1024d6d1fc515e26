"""Which steps are shown: pure functions from recorded steps to positions, numbered from 0, among them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.template.timeline import StepsSpec, TimelineSpec

USUAL_COUNT = 300
"""Steps shown by `log` and `adaptive` when nothing says how many."""

EVEN_SHARE = 0.1
"""Part of the adaptive selection that is spread evenly, so that quiet stretches still move."""

Changes = Callable[[], NDArray[np.float64]]


def select(
    spec: TimelineSpec, steps: Sequence[int], held: Collection[int] = (), change: Changes | None = None
) -> list[int]:
    """The positions of the steps that the template asks for, ascending, each once.

    Args:
        spec: What the author wrote.
        steps: The recorded training steps, ascending; at least one.
        held: Positions that a hold needs; they are added where the rule leaves them out. They must lie in
            the list or range of the template, if there is one.
        change: Gives for each recorded step by how much the activations changed since the one before,
            float64 (steps,); asked only for an adaptive selection that leaves steps out.

    Raises:
        OptionError: Listed steps were not recorded, or none lies in the range.
        ValueError: The selection is adaptive and there is no `change`.
    """
    rule = rule_of(spec)
    if rule.list is not None:
        return listed(steps, rule.list)
    first, last = within(steps, rule.range)
    count = last - first + 1
    if rule.every is not None:
        chosen = [*range(0, count - 1, rule.every), count - 1]
    elif rule.log is not None:
        chosen = sample_by_weight(np.diff(np.log1p(np.array(steps[first : last + 1], np.float64))), rule.log)
    elif rule.adaptive is not None and rule.adaptive < count:
        if change is None:
            raise ValueError("an adaptive selection needs the changes of the activations")
        chosen = sample_by_weight(adaptive_weights(change()[first + 1 : last + 1]), rule.adaptive)
    else:
        chosen = [*range(count)]
    return sorted({first + position for position in chosen} | set(held))


def rule_of(spec: TimelineSpec) -> StepsSpec:
    """The choice of steps in full, whatever word it was written as."""
    if isinstance(spec.steps, StepsSpec):
        return spec.steps
    if spec.steps == "all":
        return StepsSpec(every=1)
    count = max(2, spec.moving_frames or spec.max_frames or USUAL_COUNT)
    return StepsSpec(log=count) if spec.steps == "log" else StepsSpec(adaptive=count)


def may_show(spec: TimelineSpec, steps: Sequence[int], first: int, last: int) -> int | None:
    """The position of the first step from `first` to `last` that the template's list or range of steps allows."""
    rule = rule_of(spec)
    low, high = rule.range or (None, None)
    begin, end = max(first, low or 0), last if high is None else min(last, high)
    allowed = steps if rule.list is None else rule.list
    step = next((each for each in allowed[bisect_left(allowed, begin) :] if each <= end), None)
    return None if step is None else find(steps, step)


def listed(steps: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """The positions of steps.

    Raises:
        OptionError: Some were not recorded.
    """
    errors, found = ErrorCollector(), []
    for number, step in enumerate(wanted):
        with errors.collect("steps", "list", number):
            found.append(resolve_step(steps, step))
    errors.raise_errors()
    return found


def resolve_step(steps: Sequence[int], step: int) -> int:
    """The position of a step.

    Raises:
        OptionError: It was not recorded.
    """
    position = find(steps, step)
    if position is None:
        raise OptionError(f"step {step} was not recorded; the nearest is {nearest(steps, step)}")
    return position


def within(steps: Sequence[int], ends: tuple[int | None, int | None] | None) -> tuple[int, int]:
    """The first and the last position whose steps lie in the range, both included.

    Raises:
        OptionError: There is none.
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
    what = f"no recorded step lies {where}; steps run from {steps[0]} to {steps[-1]}"
    raise OptionError(what, "steps", "range")


def find(steps: Sequence[int], step: int) -> int | None:
    """The position of that step, or None when it was not recorded."""
    position = bisect_left(steps, step)
    return position if position < len(steps) and steps[position] == step else None


def nearest(steps: Sequence[int], step: int) -> int:
    """The recorded step nearest to that one; of two equally near, the earlier."""
    return min(steps, key=lambda each: (abs(each - step), each))


def even(length: int, count: int) -> list[int]:
    """For each of `count` places the one of `length` positions it shows, as evenly as whole numbers can.

    With fewer places than positions both ends stay, gaps differ by at most 1 and no position comes twice;
    a single place shows the last position. With more, positions are repeated, and how often differs by
    at most 1. Both numbers are at least 1.
    """
    if count >= length:
        return [place * length // count for place in range(count)]
    if count == 1:
        return [length - 1]
    gaps = count - 1
    return [(2 * place * (length - 1) + gaps) // (2 * gaps) for place in range(count)]


def sample_by_weight(weights: NDArray[np.float64], count: int) -> list[int]:
    """So many positions, both ends among them, with nearly the same weight between any two neighbours.

    This is inverse transform sampling at evenly spaced quantiles (Devroye, Non-Uniform Random Variate
    Generation, 1986, II.2) of the cumulative weight. One gap between neighbours can hold no more than one
    share, so heavier gaps are first cut to a share, the level that makes every share equal ("water-filling");
    without that, places would fall on the same position, and dropping them would starve the rest.

    Args:
        weights: Above 0, of each gap between neighbouring positions, float64 (positions - 1,).
        count: At least 2; no fewer than all positions gives them all.
    """
    length = len(weights) + 1
    if count >= length:
        return [*range(length)]
    cumulative = np.concatenate([[0.0], np.cumsum(np.minimum(weights, _share(weights, count - 1)))])
    targets = np.linspace(0.0, cumulative[-1], count)
    # The position nearest to a target is the number of midpoints between positions that lie below it.
    found = np.searchsorted((cumulative[1:] + cumulative[:-1]) / 2, targets)
    # A target midway between two positions, or rounding, can still make two places meet: push them apart,
    # first to the right, then back from the right end. Where places differ already this changes nothing.
    number = np.arange(count)
    found = np.maximum.accumulate(found - number) + number
    found = np.minimum(found, length - count + number)
    return [0, *map(int, found[1:-1]), length - 1]


def _share(weights: NDArray[np.float64], shares: int) -> float:
    """The level that is one of so many equal shares of the sum of `weights`, each cut to that level."""
    ordered = np.sort(weights)
    below = np.cumsum(ordered)
    # Cut the k heaviest: they take a share each, and the others have to make up the remaining shares.
    for cut in range(shares):
        share = float(below[len(ordered) - 1 - cut]) / (shares - cut)
        if ordered[len(ordered) - 1 - cut] <= share:
            break
    return share


def adaptive_weights(change: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights for `spread` that follow the changes, with a small even part; their sum is 1.

    Args:
        change: Of each gap between neighbouring steps, float64; NaN and what is below 0 count as 0, and
            infinity as the greatest finite one. If nothing changes, the weights are equal.
    """
    finite = change[np.isfinite(change)]
    largest = max(0.0, float(finite.max(initial=0.0))) or float(np.isposinf(change).any())
    equal = np.full(len(change), 1 / max(1, len(change)))
    if largest == 0:
        return equal
    # Divided by the largest before the sum is taken, which could overflow otherwise.
    moving = np.nan_to_num(change, nan=0.0, posinf=largest, neginf=0.0).clip(0.0) / largest
    weights: NDArray[np.float64] = EVEN_SHARE * equal + (1 - EVEN_SHARE) * moving / moving.sum()
    return weights


def thin(length: int, count: int, wanted: Sequence[range]) -> list[int]:
    """`even`, but of each wanted stretch of positions one stays.

    Where all of a stretch would be left out, its first position takes the place of the nearest one that
    neither is an end nor stands for another stretch: the number of places stays, and only the two gaps
    beside it change.

    Args:
        length: Number of positions.
        count: Number of places.
        wanted: Stretches of positions, ascending and apart.

    Raises:
        OptionError: There are more wanted stretches than places for them.
    """
    chosen = even(length, count)
    if count >= length:
        return chosen
    missing: list[int] = []
    fixed = {chosen[0], chosen[-1]}
    for stretch in wanted:
        place = bisect_left(chosen, stretch.start)
        if place < count and chosen[place] in stretch:
            fixed.add(chosen[place])
        else:
            missing.append(stretch.start)
    if len(fixed) + len(missing) > count:
        needed = len({0, length - 1} | fixed | set(missing))
        frames = "1 frame" if count == 1 else f"{count} frames"
        what = f"the held steps, the first and the last do not fit into {frames}; allow at least {needed}"
        raise OptionError(what, "holds")
    for position in missing:
        given_up = min(set(chosen) - fixed, key=lambda each: (abs(each - position), each))
        chosen[chosen.index(given_up)] = position
        fixed.add(position)
    return sorted(chosen)
