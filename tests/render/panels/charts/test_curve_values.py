"""The present values over a chart: what is known by a step, and when it was measured."""

from __future__ import annotations

from typing import Any

import pytest

from reelnet.reel import Reel
from reelnet.render.panels.charts import chart
from tests.render.panels.charts.curves import Curves, maker

TRAIN = [None, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
TEST = [2.0, None, None, 1.5, None, None, 1.25]
STEPS = [0, 10, 20, 30, 40, 50, 1060]


@pytest.fixture(scope="module")
def curves(tmp_path_factory: pytest.TempPathFactory) -> Curves:
    return maker(tmp_path_factory.mktemp("values"))


def words(reel: Reel, step: int, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """What is written anew for a step, each with its middle."""
    said: list[tuple[str, float]] = []

    def write(canvas: Any, text: str, ink: Any, x: int, y: int, style: Any, *, anchor: str = "left") -> None:
        width = style.width(text)
        said.append((text, x + {"left": width / 2, "middle": 0, "right": -width / 2}[anchor]))

    reel.frame(step)
    with monkeypatch.context() as patch:
        patch.setattr(chart, "write", write)
        reel.frame(step)
    return said


def test_values_that_are_held_say_when_they_were_measured(
    curves: Curves, monkeypatch: pytest.MonkeyPatch
) -> None:
    reel = curves({"train_loss": TRAIN, "test_loss": TEST}, {"width": 400}, steps=STEPS)
    said = {step: {text for text, _ in words(reel, step, monkeypatch)} for step in STEPS}
    assert said[0] == {"–", "2.000", "at 0"}
    assert said[20] == {"0.800", "2.000", "at 0"}
    assert said[30] == {"0.700", "1.500", "at 30"}
    assert said[50] == {"0.500", "1.500", "at 30"}
    assert said[1060] == {"0.400", "1.250", "at 1,060"}


def test_no_step_is_told_where_each_has_its_value(curves: Curves, monkeypatch: pytest.MonkeyPatch) -> None:
    reel = curves({"train_loss": TRAIN}, {"width": 400}, steps=STEPS)
    assert [text for text, _ in words(reel, 50, monkeypatch)] == ["0.500"]


def test_all_charts_tell_the_steps_or_none(curves: Curves, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = {"train_loss": TRAIN, "test_loss": TEST, "train_accuracy": TRAIN, "test_accuracy": TEST}
    found = set()
    for width in range(440, 720, 20):
        reel = curves(metrics, {"width": width, "height": 200}, steps=STEPS)
        found.add(sum(text.startswith("at ") for text, _ in words(reel, 50, monkeypatch)))
    assert found == {0, 2}


def test_a_dash_stands_in_the_middle_of_its_value(curves: Curves, monkeypatch: pytest.MonkeyPatch) -> None:
    reel = curves({"train_loss": TRAIN, "test_loss": TEST}, {"width": 400}, steps=STEPS)
    dash = dict(words(reel, 0, monkeypatch))["–"]
    value = dict(words(reel, 10, monkeypatch))["0.900"]
    assert abs(dash - value) <= 1
