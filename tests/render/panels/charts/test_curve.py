"""Curves: drawn once, revealed as the steps pass."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from tests.render.panels.charts.curves import (
    BARE,
    FOURTH,
    PAD,
    TEST,
    THIRD,
    TRAIN,
    WHITE,
    Curves,
    Metrics,
    find_columns,
    find_pixels,
    last_frame,
    make_curves,
)
from tests.rendering import to_pixels


@pytest.fixture
def curves(tmp_path: Path) -> Curves:
    return make_curves(tmp_path)


COUNT = 41
FAINT = (222, 225, 229)
"""The color of ghost lines."""
LOSS = [2.5 * math.exp(-n / 12) + 0.1 * math.sin(n) for n in range(COUNT)]


def test_the_curve_ends_at_the_current_step(curves: Curves) -> None:
    reel = curves({"loss": LOSS}, BARE)
    whole = find_columns(last_frame(reel))
    left, right = whole.min(), whole.max()
    for step in range(0, COUNT, 4):
        head = left + step / (COUNT - 1) * (right - left)
        # The dot at its end extends 3 pixels further.
        assert abs(find_columns(to_pixels(reel.frame(step))).max() - min(head + 2, right)) <= 4


def test_frames_show_later_values_as_ghost_lines_only(curves: Curves) -> None:
    for now in (1, 13, 27):
        ends = [[9.0 - n % 8 for n in range(now + 1, COUNT)], [1.0 + n % 8 for n in range(now + 1, COUNT)]]
        begun = [0.0 + n % 10 for n in range(now + 1)]
        a, b = (curves({"loss": [*begun, *end], "test_loss": [*begun[::-1], *end]}) for end in ends)
        assert (last_frame(a) != last_frame(b)).any()
        for step in range(now + 1):
            one, other = to_pixels(a.frame(step)), to_pixels(b.frame(step))
            different = (one != other).any(axis=-1)
            for pixels in (one[different], other[different]):
                assert len(pixels) > 0
                assert pixels.min() >= min(FAINT)


def test_frames_do_not_depend_on_their_order(curves: Curves) -> None:
    reel = curves({"loss": LOSS, "test_loss": LOSS[::-1]}, {"cursor": True})
    forth = [to_pixels(reel.frame(step)) for step in range(0, COUNT, 8)]
    back = [to_pixels(reel.frame(step)) for step in reversed(range(0, COUNT, 8))]
    assert all((a == b).all() for a, b in zip(forth, reversed(back), strict=True))


def test_revealed_curves_stay(curves: Curves) -> None:
    reel = curves({"loss": LOSS}, BARE)
    whole = last_frame(reel)
    for step in range(0, COUNT, 5):
        shown = to_pixels(reel.frame(step))
        head = find_columns(shown).max() - 8
        assert (shown[:, :head] == whole[:, :head]).all()


def test_nothing_is_drawn_before_the_first_value(curves: Curves) -> None:
    held: list[float | None] = [value if n % 10 == 0 else None for n, value in enumerate(LOSS)]
    reel = curves({"test_loss": held}, BARE)
    known = to_pixels(reel.frame(10))
    for step in range(11, 20):
        assert (to_pixels(reel.frame(step)) == known).all()


@pytest.mark.parametrize(
    ("metrics", "options", "steps", "what"),
    [
        ({"loss": [0.0, -1.0]}, {"y": "log"}, None, "log axis needs values above 0.*loss"),
        ({"loss": [1.0]}, {"style": "strip", "legend": False}, None, "legend: is for charts"),
        ({"loss": [1.0] * 5}, {"style": "strip", "height": 24}, None, "pixels; give it more"),
        ({"train_loss": [1.0]}, {"metrics": ["trian_loss"]}, None, "did you mean 'train_loss'"),
        ({"loss": [1.0]}, {"right": ["acc"]}, None, "right.0.: no metric 'acc'; choose from loss"),
        ({"loss": [1.0]}, {"names": {"los": "x"}}, None, "names.los: .*did you mean 'loss'"),
        ({"loss": [1.0]}, {"right": ["loss"]}, None, "no metric for the left axis"),
        ({"loss": [1.0]}, {"metrics": ["loss", "loss"]}, None, "twice"),
        ({"loss": [1.0]}, {"metrics": []}, None, "is empty"),
        ({"loss": [1.0]}, {"range": [2, 1]}, None, r"range: \[2, 1\]"),
        ({"loss": [1.0]}, {"range": [0, 1], "y": "log"}, None, "must begin above 0"),
        ({"loss": [1.0], "acc": [1.0]}, {"title": "Both"}, None, "2 charts"),
        ({"loss": [1.0] * 5}, {"chart_height": 20}, None, "chart_height: 20: give at least"),
        ({"loss": [1.0]}, {"chart_width": 20}, None, "chart_width: 20: give at least"),
        ({"loss": [1.0] * 5}, {"height": 24}, None, "has 240×24 pixels"),
    ],
)
def test_errors(
    curves: Curves, metrics: Metrics, options: Mapping[str, Any], steps: Sequence[int] | None, what: str
) -> None:
    with pytest.raises(TemplateError, match=what):
        curves(metrics, options, steps=steps)


def test_train_and_test_have_different_colors(curves: Curves) -> None:
    shown = last_frame(curves({"train_loss": LOSS, "test_loss": [value + 0.5 for value in LOSS]}, BARE))
    assert find_pixels(shown, TEST)[:, 0].mean() < find_pixels(shown, TRAIN)[:, 0].mean()


def test_loss_and_accuracy_have_separate_charts(curves: Curves) -> None:
    metrics = {"accuracy": [0.0, 1.0], "loss": [2.0, 1.0], "speed": [1.0, 2.0]}
    for arrange, axis in (("row", 1), ("column", 0)):
        shown = last_frame(curves(metrics, {**BARE, "height": 400, "arrange": arrange}))
        found, middle = find_pixels(shown), shown.shape[axis] / 2
        first, second = found[found[:, axis] < middle], found[found[:, axis] > middle]
        # The first chart shows the loss, which falls; the second the accuracy, which rises.
        assert np.corrcoef(*first.T).min() > 0.9
        assert np.corrcoef(*second.T).min() < -0.9


def test_charts_in_a_column_have_aligned_plots(curves: Curves) -> None:
    shown = last_frame(
        curves({"loss": [1.0, 2.0], "accuracy": [0.0, 1.0]}, {**BARE, "height": 400, "arrange": "column"})
    )
    above, below = find_columns(shown[:200]), find_columns(shown[200:])
    assert above[0] == below[0]
    assert above[-1] == below[-1]


def test_metrics_share_one_chart(curves: Curves) -> None:
    metrics = {
        "train_loss": [0.0, 4.0],
        "train_accuracy": [0.0, 1.0],
        "lr": [0.0, 2.0],
        "test_loss": [0.0, 3.0],
    }
    shown = last_frame(curves(metrics, {**BARE, "metrics": list(metrics)}))
    ends = [find_pixels(shown, rgb)[:, 0].min() for rgb in (TRAIN, TEST, FOURTH, THIRD)]
    # The values are 4, 3, 2 and 1; the second metric gets the first color that train and test do not use.
    assert np.ptp(np.diff(ends)) <= 3
    assert ends[1] - ends[0] > 20


@pytest.mark.parametrize(
    "options",
    [
        {"metrics": ["test_loss", "train_loss"]},
        {"metrics": ["train_loss"]},
        {"names": {"test_loss": "held out"}},
        {"title": "Cross entropy"},
        {"title": ""},
        {"x": "log"},
        {"y": "log"},
        {"right": ["test_loss"]},
        {"range": [0, 5]},
        {"ticks": 0},
        {"ticks": 12},
        {"legend": False},
        {"values": False},
        {"cursor": True},
        {"chart_width": 500},
        {"chart_height": 300},
    ],
)
def test_every_option_changes_the_picture_and_stays_in_its_box(
    curves: Curves, options: Mapping[str, Any]
) -> None:
    metrics = {"train_loss": [5.0, 2.0, 3.0, 3.0, 3.0], "test_loss": [4.0, 2.5, 1.0, 1.0, 1.0]}
    usual, shown = last_frame(curves(metrics)), last_frame(curves(metrics, options))
    assert usual.shape != shown.shape or (usual != shown).any()
    inside = np.zeros(shown.shape[:2], bool)
    inside[PAD:-PAD, PAD:-PAD] = True
    assert (shown[~inside] == WHITE).all()


def test_twenty_metrics_with_long_names_stay_in_their_box(curves: Curves) -> None:
    metrics = {f"the_{n}th_of_many_metrics_whose_name_is_much_too_long": [n, 1.0, 2.0] for n in range(20)}
    reel = curves(metrics, {"metrics": list(metrics), "title": "A title that is too long for one line " * 3})
    shown = last_frame(reel)
    inside = np.zeros(shown.shape[:2], bool)
    inside[PAD:-PAD, PAD:-PAD] = True
    assert (shown[~inside] == WHITE).all()
    assert shown.shape[1] < 600


def test_it_shrinks_and_grows(curves: Curves) -> None:
    metrics = {"train_loss": LOSS, "test_loss": LOSS, "accuracy": [value / 3 for value in LOSS]}
    usual = last_frame(curves(metrics))
    for width, height in ((400, None), (900, 500)):
        canvas = {"width": width} if height is None else {"width": width, "height": height}
        shown = last_frame(curves(metrics, canvas=canvas))
        assert shown.shape[1] == width
        assert abs(find_columns(shown).max() - (width - PAD)) <= 4
        assert np.ptp(find_pixels(shown)[:, 0]) > (
            100 if height is None else np.ptp(find_pixels(usual)[:, 0]) + 200
        )


@pytest.mark.parametrize(
    "values",
    [
        [math.nan, 1.0, math.inf],
        [math.nan, math.nan, math.nan],
        [-math.inf, math.inf, math.nan],
        [None, 2.0, None],
        [0.0, 0.0, 0.0],
        [0.001, 0.0010000000000000002, 0.001],
        [1e-13, 2e-13, 3e-13],
        [5e-324, 1e-323, 0.0],
        [1e308, -1e308, 0.0],
        [1e300, -1e300, 1e300],
        [1e16, 1e16 + 2, 1e16],
        [-5.0, -4.0, -3.0],
        [7.0],
    ],
)
@pytest.mark.parametrize("name", ["loss", "train_accuracy"])
@pytest.mark.parametrize("chosen", [False, True])
@pytest.mark.parametrize("repeats", [1, 5])
def test_odd_values(
    curves: Curves, values: list[float | None], name: str, chosen: bool, repeats: int
) -> None:
    metrics = {name: values * repeats, "test_loss": [1.0, 2.0, 3.0][: len(values)] * repeats}
    reel = curves(metrics, {"metrics": list(metrics)} if chosen else {})
    assert len({reel.frame(step).size for step in reel.run.steps}) == 1


@pytest.mark.parametrize("value", [None, math.nan])
def test_missing_values_are_not_drawn(curves: Curves, value: float | None) -> None:
    shown = last_frame(curves({"loss": [*[value] * 20, *LOSS[20:]]}, BARE))
    assert find_columns(shown).min() > PAD + 180


def test_overlapping_dots_have_no_rim_of_background(curves: Curves) -> None:
    shown = last_frame(curves({"train_loss": [2.0, 1.0, 1.0], "test_loss": [2.0, 1.0, 1.0]}, BARE))
    # The dot of the training set is on top of that of the test set, which is larger (3.5 pixels radius).
    rows, right = find_pixels(shown, TEST), find_columns(shown, TEST).max()
    y, x = round(rows[rows[:, 1] == right][:, 0].mean()), right - 3
    around = shown[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3)
    assert {tuple(map(int, each)) for each in around} == {TRAIN, TEST}


def test_a_nan_is_not_bridged_and_a_missing_value_is(curves: Curves) -> None:
    def columns(gap: float | None, *, step: int | None = None) -> Any:
        reel = curves({"loss": [3.0, 2.9, gap, gap, 2.6, 2.5, 2.4, 2.3, 2.2, 2.1, 2.0]}, BARE)
        shown = last_frame(reel) if step is None else to_pixels(reel.frame(step))
        return find_columns(shown)

    # Eleven steps over some 370 pixels: 37 pixels from one to the next, and three from 2.9 to 2.6.
    assert np.diff(columns(None)).max() <= 4
    assert 105 <= np.diff(columns(math.nan)).max() <= 120
    assert len(columns(math.nan)) > 100
    # While the value is NaN, the curve stays where it was, without a dot.
    assert np.ptp(columns(math.nan, step=3)) <= 40
    assert len(columns(math.nan, step=3)) < len(columns(math.nan, step=1))


def test_a_value_between_two_nans_is_visible(curves: Curves) -> None:
    nan = math.nan
    shown = last_frame(curves({"loss": [3.0, 3.0, nan, 2.0, nan, 1.0, 1.0]}, BARE))
    gaps = np.diff(find_columns(shown))
    assert (gaps > 30).sum() == 2


def test_a_value_without_a_position_on_a_log_axis_breaks_the_curve(curves: Curves) -> None:
    shown = last_frame(curves({"loss": [3.0, 2.0, 0.0, 2.0, 1.0]}, {**BARE, "y": "log"}))
    assert np.diff(find_columns(shown)).max() > 100


def test_infinite_values_are_marked_and_the_axis_stays_finite(curves: Curves) -> None:
    missing = (150, 150, 150)
    reel = curves({"loss": [3.0, 2.0, math.inf, 2.0, -math.inf, 1.0]}, BARE)
    chart = reel.scene.drawings[0].charts[0]  # type: ignore[attr-defined]
    axis = chart._chart.left_axis
    assert (axis.low, axis.high) == (0, 3)
    assert not len(find_pixels(to_pixels(reel.frame(1)), missing))
    above = find_pixels(to_pixels(reel.frame(2)), missing)
    assert 0 < np.ptp(above[:, 0]) < 8
    below = find_pixels(to_pixels(reel.frame(5)), missing)
    assert len(below) == 2 * len(above)
    assert np.ptp(below[:, 0]) > 100


@pytest.mark.parametrize("seed", range(12))
def test_a_curve_connects_two_values_unless_a_nan_was_measured_between_them(
    curves: Curves, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    kinds = chance.choice(["value", "value", "none", "nan"], 14)
    values = [{"value": 1.0 + 0.01 * n, "none": None, "nan": math.nan}[kind] for n, kind in enumerate(kinds)]
    values[0] = values[-1] = 1.0
    painted = set(find_columns(last_frame(curves({"loss": values}, {**BARE, "range": [0, 2], "ticks": 0}))))
    width = 400 - 2 * 4
    x = [PAD + 4 + round(n * (width - 1) / 13) for n in range(14)]
    known = [n for n, value in enumerate(values) if value is not None and not math.isnan(value)]
    for first, second in itertools.pairwise(known):
        is_broken = any(value is not None for value in values[first + 1 : second])
        between = {*range(x[first] + 6, x[second] - 6)}
        assert bool(between & painted) is not is_broken, (first, second, values)
