"""Which steps are shown, without pixels and without a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reelnet.config.diagnostics import OptionError, format_key_path
from reelnet.scene.timeline.selection import (
    adaptive_weights,
    find_nearest,
    sample_by_weight,
    sample_evenly,
    sample_with_required,
    select_positions,
    spread_positions,
)
from reelnet.template.timeline import TimelineSpec

RUN = st.lists(st.integers(0, 3000), min_size=1, max_size=80, unique=True).map(sorted)
CHANGE = st.floats(allow_nan=True, allow_infinity=True)


def chosen(
    choice: Any, steps: list[int], change: NDArray[np.float64] | None = None, **more: Any
) -> list[int]:
    """The steps that the template selects."""
    spec = TimelineSpec.model_validate({"steps": choice, **more})
    return [
        steps[n]
        for n in select_positions(spec, steps, compute_changes=None if change is None else lambda: change)
    ]


@pytest.mark.parametrize(("length", "count"), [(290, 200), (599, 300), (1000, 300)])
def test_resampling_is_even(length: int, count: int) -> None:
    positions = sample_evenly(length, count)
    assert (positions[0], positions[-1], len(positions)) == (0, length - 1, count)
    gaps = {second - first for first, second in pairwise(positions)}
    assert min(gaps) >= 1
    assert max(gaps) - min(gaps) <= 1


@given(st.integers(2, 400), st.integers(2, 400))
def test_fewer_frames_show_the_nearest_positions(length: int, count: int) -> None:
    positions = sample_evenly(length, count)
    assert len(positions) == count
    assert (positions[0], positions[-1]) == (0, length - 1)
    if count <= length:
        gaps = [second - first for first, second in pairwise(positions)]
        assert 1 <= min(gaps) <= max(gaps) <= min(gaps) + 1
        ideal = np.linspace(0, length - 1, count)
        assert np.abs(np.array(positions) - ideal).max() <= 0.5 + 1e-9
    else:
        often = np.bincount(positions, minlength=length)
        assert positions == sorted(positions)
        assert 1 <= often.min() <= often.max() <= often.min() + 1


def test_a_single_frame_shows_the_last_position() -> None:
    assert sample_evenly(290, 1) == [289]
    assert sample_evenly(1, 1) == [0]


@given(st.data(), st.integers(3, 200))
def test_required_ranges_survive_and_little_else_changes(data: st.DataObject, length: int) -> None:
    count = data.draw(st.integers(3, length))
    starts = data.draw(st.sets(st.integers(0, length - 1), max_size=count - 2))
    wanted = [range(start, start + 1) for start in sorted(starts)]
    places = sample_with_required(length, count, wanted)
    assert places == sorted(set(places))
    assert len(places) == count
    assert {0, length - 1} | starts <= set(places)
    assert len(set(sample_evenly(length, count)) - set(places)) <= len(starts)


def test_a_required_position_replaces_its_neighbor() -> None:
    # Even: 0 3 6 9.
    assert sample_with_required(10, 4, [range(5, 6)]) == [0, 3, 5, 9]
    assert sample_with_required(10, 4, [range(4, 5), range(5, 6)]) == [0, 4, 5, 9]
    # The end never gives way, however near.
    assert sample_with_required(10, 4, [range(8, 9)]) == [0, 3, 8, 9]
    # Of a stretch that stays anyway nothing moves.
    assert sample_with_required(10, 4, [range(4, 7)]) == [0, 3, 6, 9]


@pytest.mark.parametrize(
    ("count", "wanted", "needed"), [(2, [4], 3), (1, [0], 2), (1, [4, 5], 4), (3, [4, 5], 4)]
)
def test_too_many_required_ranges_are_an_error(count: int, wanted: list[int], needed: int) -> None:
    with pytest.raises(OptionError, match=rf"^the held steps.*{count} frame.*at least {needed}$"):
        sample_with_required(10, count, [range(each, each + 1) for each in wanted])
    assert len(sample_with_required(10, needed, [range(each, each + 1) for each in wanted])) == needed


@given(RUN)
def test_all_steps_are_the_default(steps: list[int]) -> None:
    assert chosen("all", steps) == steps


@given(RUN, st.integers(1, 100))
def test_every_nth_and_the_last(steps: list[int], every: int) -> None:
    expected = [step for number, step in enumerate(steps) if number % every == 0 or number == len(steps) - 1]
    assert chosen({"every": every}, steps) == expected


@given(RUN, st.data())
def test_a_list_is_shown_as_it_is(steps: list[int], data: st.DataObject) -> None:
    listed = sorted(data.draw(st.sets(st.sampled_from(steps), min_size=1)))
    assert chosen({"list": listed}, steps) == listed


@given(RUN, st.none() | st.integers(0, 3000), st.none() | st.integers(0, 3000), st.integers(1, 9))
def test_a_range_holds_both_its_ends(
    steps: list[int], first: int | None, last: int | None, every: int
) -> None:
    if first is not None and last is not None and first > last:
        first, last = last, first
    inside = [step for step in steps if (first is None or step >= first) and (last is None or step <= last)]
    if not inside:
        with pytest.raises(OptionError, match=rf"^no .*; steps run from {steps[0]} to {steps[-1]}"):
            chosen({"range": [first, last]}, steps)
        return
    assert chosen({"range": [first, last]}, steps) == inside
    thinned = chosen({"range": [first, last], "every": every}, steps)
    assert thinned == sorted({*inside[::every], inside[-1]})


@given(RUN, st.integers(2, 100))
def test_log_keeps_the_ends_and_the_number(steps: list[int], count: int) -> None:
    shown = chosen({"log": count}, steps)
    assert (shown[0], shown[-1]) == (steps[0], steps[-1])
    assert len(shown) == min(count, len(steps))
    assert set(shown) <= set(steps)
    assert shown == sorted(set(shown))


def test_log_is_even_in_the_logarithm() -> None:
    # So far from the beginning every target has a recorded step within half a step.
    shown = chosen({"log": 8}, list(range(999, 100_000)))
    ideal = [1000 * 100 ** (number / 7) - 1 for number in range(8)]
    assert all(abs(step - wanted) <= 1 for step, wanted in zip(shown, ideal, strict=True))


def test_log_shows_every_step_where_there_are_too_few_and_spreads_the_rest() -> None:
    shown = chosen({"log": 60}, list(range(291)))
    dense = next(number for number, (first, second) in enumerate(pairwise(shown)) if second - first > 1)
    ratios = [math.log1p(second) - math.log1p(first) for first, second in pairwise(shown[dense:])]
    assert dense >= 8
    # Rounding to whole steps moves each end by half a step at most.
    for (first, second), ratio in zip(pairwise(shown[dense:]), ratios, strict=True):
        assert abs(ratio - sum(ratios) / len(ratios)) <= 1 / (first + 1) + 1 / (second + 1)


@pytest.mark.parametrize("word", ["log", "adaptive"])
@pytest.mark.parametrize(
    ("more", "count"),
    [
        ({}, 120),
        ({"max_frames": 40}, 40),
        ({"frames": 70}, 70),
        ({"duration": 2, "fps": 12}, 24),
        ({"max_frames": 1}, 2),
    ],
)
def test_a_bare_word_shows_as_many_steps_as_there_are_frames(word: str, more: Any, count: int) -> None:
    change = np.ones(500)
    assert len(chosen(word, list(range(500)), change, **more)) == count
    assert len(chosen(word, list(range(5)), change[:5], **more)) == min(count, 5)


@given(st.lists(CHANGE, min_size=1, max_size=60), st.integers(2, 80))
def test_adaptive_keeps_the_ends_and_the_number_whatever_the_changes(change: list[float], count: int) -> None:
    steps = [3 * number for number in range(len(change))]
    shown = chosen({"adaptive": count}, steps, np.array(change))
    assert (shown[0], shown[-1]) == (steps[0], steps[-1])
    assert len(shown) == min(count, len(steps))
    assert shown == sorted(set(shown))
    assert set(shown) <= set(steps)


@given(st.integers(3, 300), st.data(), st.sampled_from([0.0, 1.0, math.nan, 1e308]))
def test_adaptive_is_even_where_the_change_is(length: int, data: st.DataObject, amount: float) -> None:
    count = data.draw(st.integers(2, length))
    shown = chosen({"adaptive": count}, list(range(length)), np.full(length, amount))
    assert np.abs(np.array(shown) - np.linspace(0, length - 1, count)).max() <= 0.5 + 1e-6


def test_adaptive_shows_more_where_more_changes() -> None:
    change = np.full(1001, 1.0)
    change[0] = 0
    change[401:601] = 9.0
    shown = np.array(chosen({"adaptive": 101}, list(range(1001)), change))
    # Of the change 1800 in 2600 lie within; of the even tenth, a fifth.
    expected = 100 * (0.9 * 1800 / 2600 + 0.1 * 0.2)
    inside = int(((shown > 400) & (shown <= 600)).sum())
    assert abs(inside - expected) <= 1
    share = (0.9 * 1 / 2600 + 0.1 / 1000) ** -1 / 100
    assert set(np.diff(shown[shown < 380])) <= {math.floor(share), math.ceil(share)}


def test_quiet_stretches_still_move() -> None:
    change = np.zeros(1001)
    change[1:101] = 1.0
    shown = chosen({"adaptive": 101}, list(range(1001)), change)
    assert len([step for step in shown if step > 100]) == pytest.approx(9, abs=1)
    assert max(second - first for first, second in pairwise(shown)) <= 115


def test_one_great_jump_does_not_starve_the_rest() -> None:
    change = np.ones(1001)
    change[500] = 1e9
    shown = np.array(chosen({"adaptive": 101}, list(range(1001)), change))
    # The jump takes a share of its own; the others are spread as if it were not there.
    assert np.diff(shown).max() <= 11
    assert abs(int((shown < 500).sum()) - int((shown >= 500).sum())) <= 2


def test_changes_are_asked_for_only_when_they_matter() -> None:
    def never() -> NDArray[np.float64]:
        raise AssertionError("asked")

    steps = list(range(20))
    for choice in ("all", "log", {"log": 5}, {"every": 2}, {"adaptive": 20}, "adaptive"):
        select_positions(TimelineSpec.model_validate({"steps": choice}), steps, compute_changes=never)
    with pytest.raises(AssertionError, match="asked"):
        select_positions(
            TimelineSpec.model_validate({"steps": {"adaptive": 19}}), steps, compute_changes=never
        )
    with pytest.raises(ValueError, match="needs the changes"):
        select_positions(TimelineSpec.model_validate({"steps": {"adaptive": 19}}), steps)


@given(RUN, st.data(), st.sampled_from([{"every": 7}, {"log": 4}, {"adaptive": 4}]))
def test_held_steps_are_added(steps: list[int], data: st.DataObject, choice: Any) -> None:
    held = data.draw(st.sets(st.integers(0, len(steps) - 1), max_size=3))
    spec = TimelineSpec.model_validate({"steps": choice})
    usual = select_positions(spec, steps, compute_changes=lambda: np.ones(len(steps)))
    assert select_positions(spec, steps, held, lambda: np.ones(len(steps))) == sorted({*usual, *held})


def test_the_range_of_an_adaptive_selection_knows_no_changes_outside() -> None:
    change = np.ones(1000)
    change[:200] = 1e6
    shown = chosen({"adaptive": 9, "range": [200, 600]}, list(range(1000)), change)
    assert shown == [200, 250, 300, 350, 400, 450, 500, 550, 600]


@given(st.lists(CHANGE, min_size=1, max_size=50))
def test_adaptive_weights_are_a_distribution(change: list[float]) -> None:
    weights = adaptive_weights(np.array(change))
    assert weights.sum() == pytest.approx(1)
    assert weights.min() >= 0.1 / len(change) - 1e-12


def test_values_that_are_not_finite_count_as_0_or_the_largest() -> None:
    strange = adaptive_weights(np.array([math.nan, 2.0, -3.0, math.inf, -math.inf, 1.0]))
    plain = adaptive_weights(np.array([0.0, 2.0, 0.0, 2.0, 0.0, 1.0]))
    assert strange == pytest.approx(plain)
    assert adaptive_weights(np.array([math.inf, 0.0]))[0] == pytest.approx(0.95)


@given(st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=60), st.data())
def test_shares_are_equal_up_to_one_position(weights: list[float], data: st.DataObject) -> None:
    count = data.draw(st.integers(2, len(weights)))
    positions = sample_by_weight(np.array(weights), count)
    assert (positions[0], positions[-1], len(set(positions))) == (0, len(weights), count)
    # The share, found by bisection: the level at which the cut weights make up that many shares.
    low, high = 0.0, sum(weights)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if sum(min(w, middle) for w in weights) > (count - 1) * middle else (low, middle)
        )
    for first, second in pairwise(positions):
        assert sum(min(w, low) for w in weights[first:second]) <= 2 * low * (1 + 1e-6)


def test_the_nearest_of_two_is_the_earlier() -> None:
    assert find_nearest([0, 6, 8, 290], 7) == 6
    assert find_nearest([0, 6, 8, 290], 999) == 290
    assert find_nearest([5], 0) == 5


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"list": [0, 7]}, "steps.list[1]: step 7 was not recorded; the nearest is 8"),
        (
            {"range": [400, 500]},
            "steps.range: no recorded step lies between 400 and 500; steps run from 0 to 290",
        ),
        ({"range": [291, None]}, "no recorded step lies at or after 291; steps run from 0 to 290"),
        ({"range": [4, 5]}, "no recorded step lies between 4 and 5; steps run from 0 to 290"),
    ],
)
def test_errors_say_what_would_work(choice: Any, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        chosen(choice, [0, 3, 8, 100, 290])
    assert message in "; ".join(
        ": ".join((format_key_path(path), what)) for path, what in caught.value.errors
    )


@given(
    st.lists(st.floats(0, 1, width=16), min_size=3, max_size=8),
    st.integers(2, 8),
)
def test_spread_positions_are_the_best_of_all_choices(values: list[float], count: int) -> None:
    path = np.array(values)
    differences = np.abs(path[:, None] - path)
    chosen = spread_positions(differences, count)
    last = len(values) - 1
    if count >= len(values):
        assert chosen == [*range(len(values))]
        return
    scaled = 0.99 * differences / (differences.max() or 1)
    ways = [(0, *inner, last) for inner in combinations(range(1, last), count - 2)]

    def cost(way: Sequence[int]) -> float:
        return float(sum((scaled[a, b] + 0.01 * (b - a) / last) ** -2 for a, b in pairwise(way)))

    assert cost(chosen) == pytest.approx(min(map(cost, ways)))


def test_noise_takes_no_pictures() -> None:
    # It goes up in the first third, and back and forth by as much as a step of it from there on.
    path = np.concatenate([np.linspace(0, 1, 11), np.tile([0.9, 1.0], 10)])
    chosen = spread_positions(np.abs(path[:, None] - path), 6)
    assert [path[position] for position in chosen[:-1]] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8], abs=0.11)


def test_what_never_changes_is_shown_at_even_intervals() -> None:
    assert spread_positions(np.zeros((9, 9)), 5) == [0, 2, 4, 6, 8]
