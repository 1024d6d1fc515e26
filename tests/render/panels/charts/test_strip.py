"""The curve panel as a strip."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.reel import Reel
from reelnet.render.panels.charts.strip import StripDrawing
from reelnet.render.registry import PANELS
from reelnet.template.builder import build_template
from tests.make_run import noise, write_run
from tests.render.panels.charts.curves import TEST, TRAIN, Curves, find_pixels, make_curves
from tests.render.panels.drawing import lay_out
from tests.rendering import to_pixels

STRIP = {"style": "strip", "width": 600}
COUNT = 11
TEMPLATE = {
    "panels": {"curve": STRIP},
    "layout": {"column": {"padding": 16, "items": ["curve"]}},
}
RISING = [n / (COUNT - 1) for n in range(COUNT)]


@pytest.fixture(scope="module")
def curves(tmp_path_factory: pytest.TempPathFactory) -> Curves:
    return make_curves(tmp_path_factory.mktemp("strips"))


def texts(reel: Reel, step: int) -> list[str]:
    (drawing,) = reel.scene.drawings
    assert isinstance(drawing, StripDrawing)
    return [text for text, *_ in drawing.current_texts(reel.scene.context.steps.index(step))]


@pytest.mark.parametrize(
    ("metrics", "options", "wanted"),
    [
        ({"loss": RISING, "test_accuracy": RISING}, {}, ["50%", "in tests"]),
        ({"train_loss": [3 * value for value in RISING]}, {}, ["1.500", "in training"]),
        ({"accuracy": [0.9, 0.95, 0.961, 0.97, 0.98, 0.99104, *[1.0] * 5]}, {}, ["99.1%", ""]),
        ({"lr": RISING, "f1": RISING}, {}, ["0.500", ""]),
        ({"val_loss": [2.0, None, None, 1.5, *[None] * 7]}, {}, ["1.500", "in validation at step 3"]),
        ({"loss": RISING, "accuracy": RISING}, {"metrics": ["loss"]}, ["0.500", ""]),
        ({"loss": [2.0, 1e-5, *[0.0] * 9]}, {}, ["< 0.001", ""]),
        ({"loss": [2.0, *[0.0] * 10]}, {}, ["0.000", ""]),
        ({"train_loss": RISING, "test_loss": RISING}, {}, ["0.500", "in tests; thin line: in training"]),
        ({"train_loss": [1.0, *[None] * 10], "test_loss": RISING}, {}, ["0.500", "in tests"]),
    ],
)
def test_the_value_and_what_it_is_measured_on(
    curves: Curves, metrics: Mapping[str, Any], options: Mapping[str, Any], wanted: list[str]
) -> None:
    value, *lines = texts(curves(metrics, {**STRIP, **options}), 5)
    assert [value, " ".join(lines)] == wanted


def test_the_main_curve_is_in_color_and_ends_at_the_current_step(curves: Curves) -> None:
    reel = curves({"train_accuracy": RISING, "test_accuracy": RISING[::-1]}, STRIP)
    ends = [find_pixels(to_pixels(reel.frame(step)), TEST)[:, 1].max() for step in (4, 7, 10)]
    assert abs(np.diff(ends, 2)[0]) <= 2
    assert len(find_pixels(to_pixels(reel.frame(10)), TRAIN)) == 0


@pytest.mark.parametrize(("width", "height"), [(240, 96), (240, 300), (480, 96), (1400, 96), (1400, 300)])
def test_it_stays_in_its_box(curves: Curves, width: int, height: int) -> None:
    metrics = {"train_accuracy": RISING, "test_accuracy": RISING}
    reel = curves(metrics, {"style": "strip", "width": width, "height": height})
    ((_, box),) = reel.scene.boxes
    for step in (0, 10):
        frame = to_pixels(reel.frame(step)).copy()
        assert (frame != 255).any()
        frame[box.y : box.bottom, box.x : box.right] = 255
        assert (frame == 255).all()


def test_in_a_narrow_frame_the_value_is_above_the_plot(curves: Curves) -> None:
    for width, beside in ((600, True), (240, False)):
        reel = curves({"loss": RISING}, {"style": "strip", "width": width, "height": 200})
        (drawing,) = reel.scene.drawings
        assert isinstance(drawing, StripDrawing)
        plot, text = drawing.layout.plot, drawing.layout.text
        assert plot is not None
        assert (plot.x >= text.right, plot.y >= text.bottom) == (beside, not beside)


def test_fewer_than_five_steps_have_no_plot(curves: Curves) -> None:
    reel = curves({"test_accuracy": RISING[:4]}, STRIP)
    assert reel.scene.boxes[0][1].height < 40
    assert texts(reel, 3) == ["30%", "in tests"]
    metrics = {"train_accuracy": RISING[:4], "test_accuracy": RISING[:4]}
    assert texts(curves(metrics, STRIP), 3) == ["30%", "in tests"]


def test_the_plot_has_the_edges_of_the_maps(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", noise(COUNT, 4, 2, 14), metrics={"loss": RISING})
    for labels in (True, False):
        laid_out = lay_out(
            run,
            {"channels": {"labels": labels}, "curve": {"style": "strip", "height": 160}},
            theme={"cell": 112},
        )
        _, chart = laid_out.scene.drawings
        assert isinstance(chart, StripDrawing)
        assert chart.layout.plot is not None
        boxes = [box for region in laid_out.scene.cell_regions for box in region.boxes]
        assert chart.layout.plot.x == min(box.x for box in boxes)


def test_a_low_strip_beside_wide_maps_has_room_for_its_text(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", noise(COUNT, 4, 2, 14), metrics={"accuracy": RISING})
    laid_out = lay_out(
        run, {"channels": {"labels": False}, "curve": {"style": "strip", "height": 60}}, theme={"cell": 112}
    )
    _, chart = laid_out.scene.drawings
    assert isinstance(chart, StripDrawing)
    layout, boxes = chart.layout, [box for region in laid_out.scene.cell_regions for box in region.boxes]
    assert layout.plot is not None
    assert layout.beside
    assert layout.shown_title == "Accuracy"
    assert layout.text.right < layout.plot.x
    assert layout.plot.right <= max(box.right for box in boxes)


def test_right_answers_of_the_samples_are_counted(tmp_path: Path) -> None:
    def scores(step: int) -> Any:
        return np.eye(4, 5)[:, :, None, None] if step > 2 else np.eye(4, 5)[:1].repeat(4, 0)[:, :, None, None]

    taps = {"conv1": (4, 2, 4, 4), "out": (4, 5, 1, 1)}
    form: dict[str, Any] = {"steps": range(COUNT), "labels": "0123", "classes": "01234"}
    for metric, wanted in (("accuracy", ["1 of 4 samples", "4 of 4 samples"]), ("loss", ["", ""])):
        run = write_run(
            tmp_path / metric, taps=taps, values={"out": scores}, metrics={metric: RISING}, **form
        )
        reel = run.reel(build_template("test", TEMPLATE, PANELS))
        assert [texts(reel, step)[1:] for step in (2, 3)] == [[text] * bool(text) for text in wanted]


@pytest.mark.parametrize(
    "values",
    [
        [math.nan, 1.0, math.inf],
        [math.nan, math.nan, math.nan],
        [-math.inf, math.inf, math.nan],
        [None, 2.0, None],
        [0.0, 0.0, 0.0],
        [1e-13, 2e-13, 3e-13],
        [1e308, -1e308, 0.0],
        [1e16, 1e16 + 2, 1e16],
        [-5.0, -4.0, -3.0],
    ],
)
@pytest.mark.parametrize("name", ["loss", "train_accuracy", "a_metric_with_a_very_long_name_indeed_it_is"])
@pytest.mark.parametrize("y", ["linear", "log"])
def test_odd_values(curves: Curves, values: list[float | None], name: str, y: str) -> None:
    metrics = {name: [*values * 3, 1.0], "test_loss": [1.0, 2.0, 3.0, 4.0, 5.0] * 2}
    for chosen in ([name], list(metrics)):
        reel = curves(metrics, {**STRIP, "metrics": chosen, "y": y})
        assert len({reel.frame(step).size for step in reel.run.steps}) == 1
