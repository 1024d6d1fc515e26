"""The curves: drawn once, revealed as the steps pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.compose.panels import PANELS
from reelnet.reel import Reel
from reelnet.scene.resolve import resolve
from reelnet.template.load import parse_template
from tests.rendering import Bytes, noise, pixels, write_run

COUNT = 41
TRAIN, TEST = (176, 94, 0), (0, 107, 98)
LOSS = [2.5 * math.exp(-n / 12) + 0.1 * math.sin(n) for n in range(COUNT)]

Curves = Callable[..., Reel]


@pytest.fixture
def curves(tmp_path: Path) -> Curves:
    """Reels that show nothing but the curves of some metrics."""

    def make(count: int = COUNT, **metrics: Sequence[float | None]) -> Reel:
        run = write_run(tmp_path / "run", noise(count, 1, 1, 1), metrics=metrics)
        layout = {"row": {"items": [{"curve": {"height": 200, "width": 400}}]}}
        return Reel(resolve(parse_template("mine", {"layout": layout}, "mine"), run, PANELS), run)

    return make


def coloured(picture: Bytes, rgb: tuple[int, int, int]) -> NDArray[np.intp]:
    """Rows and columns of the pixels of that very colour, under the title."""
    found = np.argwhere((picture == rgb).all(axis=2))
    return found[found[:, 0] >= 28]


def columns(picture: Bytes, rgb: tuple[int, int, int] = TRAIN) -> NDArray[np.intp]:
    return np.unique(coloured(picture, rgb)[:, 1])


def test_the_curve_ends_at_the_present_step(curves: Curves) -> None:
    reel = curves(loss=LOSS)
    last = columns(pixels(reel.frame(COUNT - 1)))
    left, right = last.min(), 399
    for step in range(0, COUNT, 4):
        head = left + step / (COUNT - 1) * (right - left)
        # The dot at its head reaches 4 pixels further.
        assert abs(columns(pixels(reel.frame(step))).max() - min(head + 3, right)) <= 4


def test_what_was_revealed_stays(curves: Curves) -> None:
    reel = curves(loss=LOSS)
    whole = pixels(reel.frame(COUNT - 1))
    before: set[tuple[int, ...]] = set()
    for step in range(0, COUNT, 5):
        shown = pixels(reel.frame(step))
        head = columns(shown).max() - 8
        assert (shown[28:, :head] == whole[28:, :head]).all()
        now = {tuple(place) for place in coloured(shown, TRAIN) if place[1] < head}
        assert before <= now
        before = now


def test_nothing_is_drawn_before_it_is_known(curves: Curves) -> None:
    held: list[float | None] = [value if n % 10 == 0 else None for n, value in enumerate(LOSS)]
    reel = curves(test_loss=held)
    known = columns(pixels(reel.frame(10)), TEST).max()
    for step in range(11, 20):
        assert columns(pixels(reel.frame(step)), TEST).max() == known


def test_the_curve_stands_where_its_values_are(curves: Curves) -> None:
    accuracy = [n / (COUNT - 1) for n in range(COUNT)]
    whole = pixels(curves(accuracy=accuracy).frame(COUNT - 1))
    found = coloured(whole, TRAIN)
    found = found[found[:, 1] < 390]
    top, bottom = found[:, 0].min(), found[:, 0].max()
    left, right = found[:, 1].min(), found[:, 1].max()
    straight = bottom - (found[:, 1] - left) / (right - left) * (bottom - top)
    assert bottom - top > 100
    assert np.abs(found[:, 0] - straight).max() <= 4


def test_train_and_test_have_a_colour_each(curves: Curves) -> None:
    reel = curves(train_loss=LOSS, test_loss=[value + 0.5 for value in LOSS])
    shown = pixels(reel.frame(COUNT - 1))
    above, below = coloured(shown, TEST), coloured(shown, TRAIN)
    assert above[:, 0].mean() < below[:, 0].mean()


def test_loss_and_accuracy_stand_side_by_side(curves: Curves) -> None:
    reel = curves(count=2, loss=[2.0, 1.0], accuracy=[0.0, 1.0])
    found = coloured(pixels(reel.frame(1)), TRAIN)
    middle = reel.scene.size.width / 2
    left, right = found[found[:, 1] < middle], found[found[:, 1] > middle]
    assert len(left) > 100
    assert len(right) > 100
    # The loss falls, the accuracy rises.
    assert np.corrcoef(*left.T).min() > 0.9
    assert np.corrcoef(*right.T).min() < -0.9


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
        [1e308, -1e308, 0.0],
        [1e16, 1e16 + 2, 1e16],
        [-5.0, -4.0, -3.0],
    ],
)
@pytest.mark.parametrize("name", ["loss", "train_accuracy"])
def test_odd_values(tmp_path: Path, values: list[float | None], name: str) -> None:
    reel = write_run(tmp_path / "run", noise(3, 2, 1, 7), metrics={name: values}).reel()
    assert len({reel.frame(step).size for step in (0, 1, 2)}) == 1


@pytest.mark.parametrize("value", [None, math.nan])
def test_values_that_are_missing_are_not_drawn(curves: Curves, value: float | None) -> None:
    holes = [*[value] * 20, *LOSS[20:]]
    shown = pixels(curves(loss=holes).frame(COUNT - 1))
    assert columns(shown).min() > 180
