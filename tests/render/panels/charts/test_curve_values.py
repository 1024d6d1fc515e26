"""The current values above a chart, and the steps at which they were measured."""

from __future__ import annotations

import math

import pytest

from reelnet.reel import Reel
from reelnet.render.panels.charts.curve import CurveDrawing
from tests.render.panels.charts.curves import PAD, Curves, find_pixels, make_curves
from tests.rendering import to_pixels

TRAIN = [None, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
TEST = [2.0, None, None, 1.5, None, None, 1.25]
STEPS = [0, 10, 20, 30, 40, 50, 1060]


@pytest.fixture(scope="module")
def curves(tmp_path_factory: pytest.TempPathFactory) -> Curves:
    return make_curves(tmp_path_factory.mktemp("values"))


def texts(reel: Reel, step: int) -> list[tuple[str, float]]:
    """The texts above the charts that change from step to step, with the x of their centers."""
    (drawing,) = reel.scene.drawings
    assert isinstance(drawing, CurveDrawing)
    step_index = reel.scene.context.steps.index(step)
    return [
        (text, x + {"left": 0.5, "middle": 0, "right": -0.5}[anchor] * style.width(text))
        for chart in drawing.charts
        for text, _, x, _, style, anchor in chart.current_texts(step_index)
    ]


def test_values_that_were_not_measured_at_every_step_name_their_step(curves: Curves) -> None:
    reel = curves({"train_loss": TRAIN, "test_loss": TEST}, {"width": 400}, steps=STEPS)
    said = {step: {text for text, _ in texts(reel, step)} for step in STEPS}
    assert said[0] == {"–", "2.000", "at 0"}
    assert said[20] == {"0.800", "2.000", "at 0"}
    assert said[30] == {"0.700", "1.500", "at 30"}
    assert said[50] == {"0.500", "1.500", "at 30"}
    assert said[1060] == {"0.400", "1.250", "at 1,060"}


def test_values_that_were_measured_at_every_step_name_none(curves: Curves) -> None:
    reel = curves({"train_loss": TRAIN}, {"width": 400}, steps=STEPS)
    assert [text for text, _ in texts(reel, 50)] == ["0.500"]


def test_all_charts_name_the_steps_or_none(curves: Curves) -> None:
    metrics = {"train_loss": TRAIN, "test_loss": TEST, "train_accuracy": TRAIN, "test_accuracy": TEST}
    found = set()
    for width in range(440, 720, 20):
        reel = curves(metrics, {"width": width, "height": 200}, steps=STEPS)
        found.add(sum(text.startswith("at ") for text, _ in texts(reel, 50)))
    assert found == {0, 2}


def test_a_dash_is_centered(curves: Curves) -> None:
    reel = curves({"train_loss": TRAIN, "test_loss": TEST}, {"width": 400}, steps=STEPS)
    dash = dict(texts(reel, 0))["–"]
    value = dict(texts(reel, 10))["0.900"]
    assert abs(dash - value) <= 1


def test_a_value_that_is_nan_or_infinite_is_written_in_the_color_of_missing_values(curves: Curves) -> None:
    values = [2.0, math.nan, None, 1.0, math.inf, -math.inf, 0.5]
    reel = curves({"train_loss": values}, {"width": 400}, steps=STEPS)
    said = {step: [text for text, _ in texts(reel, step)][-1] for step in STEPS}
    assert list(said.values()) == ["2.000", "nan", "nan", "1.000", "inf", "−inf", "0.500"]
    for step in STEPS:
        pixels = to_pixels(reel.frame(step))[: PAD + 20]
        has_missing = bool(len(find_pixels(pixels, (150, 150, 150))))
        assert has_missing == (step in (10, 20, 40, 50)), step


def test_a_nan_is_no_dash_and_a_missing_value_no_nan(curves: Curves) -> None:
    reel = curves({"loss": [None, math.nan, 1.0]}, {"width": 400})
    assert [texts(reel, step)[0][0] for step in range(3)] == ["–", "nan", "1.000"]
