"""Predictions: what the network predicts for each sample, aligned with the samples' cells."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Reel, Run
from reelnet.render.panels.answers.answer_panel import format_percent, rasterize_mark
from reelnet.scene.class_scores import ClassScores
from tests.make_run import write_run
from tests.rendering import to_pixels

RIGHT, WRONG, MUTED = (0, 107, 98), (190, 60, 8), (94, 101, 110)
SAMPLES, CLASSES = 4, 5


def scores(step: int) -> Any:
    """Scores that predict class 0 for every sample at step 0, and the correct class at step 1."""
    found = np.zeros((SAMPLES, CLASSES, 1, 1))
    found[np.arange(SAMPLES), np.arange(SAMPLES) if step else 0] = 3
    return found


def recorded(path: Path, more: dict[str, Any] | None = None, **form: Any) -> Run:
    taps = {"conv1": (SAMPLES, 2, 4, 4), "out": (SAMPLES, CLASSES, 1, 1), **(more or {})}
    return write_run(
        path, taps=taps, **{"values": {"out": scores}, "steps": range(2), "classes": "01234", **form}
    )


def laid_out(run: Run, panel: dict[str, Any], **keys: Any) -> Reel:
    stack = "row" if keys.get("samples", {}).get("transposed") else "column"
    template = {
        "panels": {"says": panel},
        "layout": {"column": {"padding": 16, "items": [{stack: ["inputs", "channels", "says"]}]}},
        **keys,
    }
    file = run.path / "template.yaml"
    file.write_text(json.dumps(template))
    return run.reel(str(file), layer="conv1")


def slots(reel: Reel, step: int) -> list[Any]:
    """The pixels below each sample's column."""
    box = dict(reel.scene.boxes)["says"]
    shown = to_pixels(reel.frame(step))[box.y : box.bottom]
    context = reel.scene.context
    side, gap = context.cell.width, context.cell_pitch - context.cell.width
    left = box.right - SAMPLES * side - (SAMPLES - 1) * gap
    return [shown[:, left + n * (side + gap) : left + n * (side + gap) + side] for n in range(SAMPLES)]


def has(shown: Any, color: tuple[int, int, int]) -> bool:
    return bool((shown == color).all(axis=-1).any())


@pytest.mark.parametrize("panel", [{}, {"percent": True}, {"classes": ["a", "b", "c", "d", "e"]}])
def test_marks_are_below_their_columns(tmp_path: Path, panel: dict[str, Any]) -> None:
    labels = tuple(panel.get("classes", "01234"))[:SAMPLES]
    reel = laid_out(recorded(tmp_path / "run", labels=labels), panel, samples={"gap": 6})
    first, second = slots(reel, 0), slots(reel, 1)
    assert [has(slot, RIGHT) for slot in first] == [True, False, False, False]
    assert [has(slot, WRONG) for slot in first] == [False, True, True, True]
    assert all(has(slot, RIGHT) and not has(slot, WRONG) for slot in second)


def test_percentages_are_0_and_100_only_if_the_probability_is_0_or_1() -> None:
    texts = [format_percent(each) for each in (0.0, 0.001, 0.006, 0.014, 0.354, 0.997, 1.0, math.nan)]
    assert texts == ["0%", "< 1%", "< 1%", "1%", "35%", "> 99%", "100%", "–"]


def test_marks_differ_in_shape() -> None:
    for side in (6, 10, 24):
        tick, cross = rasterize_mark(side, right=True), rasterize_mark(side, right=False)
        assert tick.shape == cross.shape == (side, side)
        # A cross is symmetric, a tick is not.
        assert np.abs(cross.astype(int) - cross[:, ::-1]).mean() < 12
        assert np.abs(tick.astype(int) - tick[:, ::-1]).mean() > 30


def test_without_labels_there_are_names_but_no_marks(tmp_path: Path) -> None:
    run = recorded(tmp_path / "run", labels=("w", "x", "y", "z"))
    for slot in slots(laid_out(run, {}), 1):
        assert slot.min() < 100
        assert not has(slot, RIGHT)
        assert not has(slot, WRONG)


def test_bar_heights_match_the_softmax(tmp_path: Path) -> None:
    reel = laid_out(
        recorded(tmp_path / "run"), {"show": "bars", "height": 104}, samples={"show": [1, 2], "gap": 0}
    )
    box = dict(reel.scene.boxes)["says"]
    high, low = (math.exp(score) / (math.exp(3) + CLASSES - 1) for score in (3, 0))
    shown = to_pixels(reel.frame(0))[box.y : box.bottom]
    for number, truth in enumerate((1, 2)):
        left = box.right - (2 - number) * reel.scene.context.cell.width
        slot = shown[:, left : left + reel.scene.context.cell.width]
        for color, part, bars in ((WRONG, high, 1), (RIGHT, low, 1), (MUTED, low, CLASSES - 2)):
            columns = (slot[:100] == color).all(axis=-1).sum(axis=0)
            assert set(columns[columns > 0]) == {round(100 * part)}
            edges = np.diff(np.pad((columns > 0).astype(int), 1))
            assert (edges == 1).sum() >= bars - 1 if bars > 1 else (edges == 1).sum() == 1
        # The notch identifies the correct class without its color.
        notch = (slot[101:104] == RIGHT).all(axis=-1).all(axis=0)
        bar = (slot[:100] == RIGHT).all(axis=-1).any(axis=0)
        assert (notch == bar).all()
        assert notch.any()
        assert abs(np.flatnonzero(notch).mean() / 56 - (truth + 0.5) / CLASSES) < 0.05


@pytest.mark.parametrize(
    ("values", "said", "wanted"),
    [
        ([0.7, 0.1, 0.1, 0.05, 0.05], None, 0.7),
        (
            [0.7, 0.1, 0.1, 0.05, 0.05],
            "logits",
            math.exp(0.7) / sum(map(math.exp, (0.7, 0.1, 0.1, 0.05, 0.05))),
        ),
        ([0.7, 0.1, 0.1, 0.05, 0.9], None, math.exp(0.9) / sum(map(math.exp, (0.7, 0.1, 0.1, 0.05, 0.9)))),
        ([math.inf, 0, 0, 0, 0], None, 1.0),
        ([1000.0, 0, 0, 0, 999.0], None, 1 / (1 + math.exp(-1))),
        ([-math.inf, 0, 0, 0, 0], None, 0.25),
    ],
)
def test_probabilities(tmp_path: Path, values: list[float], said: str | None, wanted: float) -> None:
    def all_alike(_step: int) -> Any:
        return np.broadcast_to(np.array(values)[None, :, None, None], (SAMPLES, CLASSES, 1, 1))

    run = recorded(tmp_path / "run", values={"out": all_alike})
    reel = laid_out(run, {"scores": said})
    found = ClassScores.find(reel.scene.context, None, None, said)  # type: ignore[arg-type]
    assert found is not None
    parts = found.to_probabilities(run.read("out", 0)[0])
    np.testing.assert_allclose(parts.max(axis=1), wanted, rtol=1e-5)
    np.testing.assert_allclose(parts.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("show", ["top", "bars"])
def test_a_nan_score_gives_no_prediction(tmp_path: Path, show: str) -> None:
    def broken(step: int) -> Any:
        found = scores(step)
        found[2, 4] = np.nan
        return found

    reel = laid_out(recorded(tmp_path / "run", values={"out": broken}), {"show": show, "percent": True})
    shown = slots(reel, 0)
    assert has(shown[1], WRONG)
    assert not has(shown[2], WRONG)


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({}, ""),
        ({"more": {"dense": (SAMPLES, 7, 1, 1)}}, ""),
        (
            {"more": {"dense": (SAMPLES, CLASSES, 1, 1)}},
            "out, dense all have one value per class; name the class output",
        ),
        ({"classes": None}, "the run has no names of classes; record it with classes="),
        ({"classes": "abc"}, "no class output was recorded, a vector of 3 values"),
        # A sigmoid per class.
        ({"bounds": {"conv1": None, "out": (0, 1)}}, "no class output was recorded, a vector of 5 values"),
    ],
)
def test_the_panel_is_left_out_with_a_reason_unless_one_tap_gives_scores(
    tmp_path: Path, form: dict[str, Any], reason: str
) -> None:
    run = recorded(tmp_path / "run", **form)
    reel = laid_out(run, {})
    assert ("says" in dict(reel.scene.boxes)) == (not reason)
    assert len(reel.scene.notes) == bool(reason)
    assert all(f"is left out: {reason}" in note for note in reel.scene.notes)
    if form.get("classes", "01234") is not None and "classes" not in form:
        assert "says" in dict(laid_out(run, {"tap": "out"}).scene.boxes)


def test_labels_that_are_not_all_classes_are_no_truth(tmp_path: Path) -> None:
    # Numbers of samples, of which some happen to be names of classes.
    run = recorded(tmp_path / "run", labels=("0", "1", "2", "17"))
    for slot in slots(laid_out(run, {}, samples={"gap": 6}), 1):
        assert not has(slot, RIGHT)
        assert not has(slot, WRONG)


@pytest.mark.parametrize("transposed", [False, True])
def test_the_length_of_a_bar_is_the_certainty(tmp_path: Path, transposed: bool) -> None:
    keys: dict[str, Any] = {"samples": {"transposed": transposed, "gap": 8}}
    run = recorded(tmp_path / "run")
    reel = laid_out(run, {}, **keys)
    bare = laid_out(run, {"bar": False}, **keys)
    box, certainty = dict(reel.scene.boxes)["says"], math.exp(3) / (math.exp(3) + CLASSES - 1)
    for step, colors in ((0, [RIGHT, WRONG, WRONG, WRONG]), (1, [RIGHT] * SAMPLES)):
        shown = to_pixels(reel.frame(step))[box.y : box.bottom, box.x : box.right]
        cell, pitch = reel.scene.context.cell.width, reel.scene.context.cell_pitch
        for number, color in enumerate(colors):
            if transposed:
                top = box.height - reel.scene.context.samples_extent + number * pitch
                row, full = shown[top + cell - 1], box.width
            else:
                left = box.width - reel.scene.context.samples_extent + number * pitch
                row, full = shown[-1, left : left + cell], cell - 4
            assert (row == color).all(axis=-1).sum() == round(certainty * full)
    assert (dict(bare.scene.boxes)["says"].height < box.height) != transposed


@pytest.mark.parametrize(
    ("panel", "said"),
    [
        ({"tap": "conv1"}, "'conv1' has shape 4×2×4×4; class scores are samples × classes × 1 × 1"),
        ({"tap": "dense3"}, "no layer 'dense3' was recorded"),
        ({"classes": ["a", "b"]}, "classes: 2 names for the 5 scores of 'out'"),
        ({"scores": "probabilities"}, "the values of 'out' range from 0 to 3, so they are not probabilities"),
        ({"classes": ["a", True, "c", "d", "e"]}, r"classes"),
    ],
)
def test_an_error_is_one_line_with_its_position(tmp_path: Path, panel: dict[str, Any], said: str) -> None:
    with pytest.raises(TemplateError, match=said) as error:
        laid_out(recorded(tmp_path / "run"), panel)
    assert "template.yaml:1" in str(error.value)
    assert "\n" not in str(error.value)


def test_rows_of_samples_have_their_predictions_on_the_right(tmp_path: Path) -> None:
    reel = laid_out(recorded(tmp_path / "run"), {"percent": True}, samples={"transposed": True, "gap": 8})
    boxes, side = dict(reel.scene.boxes), reel.scene.context.cell.width
    assert boxes["says"].x == boxes["channels"].right
    shown = to_pixels(reel.frame(0))[boxes["says"].y :, boxes["says"].x : boxes["says"].right]
    top = boxes["says"].height - (SAMPLES * side + (SAMPLES - 1) * 8)
    rows = [shown[top + n * (side + 8) : top + n * (side + 8) + side] for n in range(SAMPLES)]
    assert [has(row, RIGHT) for row in rows] == [True, False, False, False]
    assert [has(row, WRONG) for row in rows] == [False, True, True, True]


@pytest.mark.parametrize("cell", [4, 9, 24, 56])
@pytest.mark.parametrize("panel", [{"percent": True}, {"show": "bars", "percent": True}])
@pytest.mark.parametrize("transposed", [False, True])
def test_nothing_is_drawn_outside_the_panel(
    tmp_path: Path, cell: int, panel: dict[str, Any], transposed: bool
) -> None:
    names = ["a", "a rather long name", "neither short", "W" * 40, "e"]
    run = recorded(tmp_path / "run", labels=tuple(names[:SAMPLES]))
    keys: dict[str, Any] = {"theme": {"cell": cell}, "samples": {"transposed": transposed}}
    with_panel = laid_out(run, {"classes": names, **panel}, **keys)
    box = dict(with_panel.scene.boxes)["says"]
    shown = to_pixels(with_panel.frame(1)).copy()
    others = dict(with_panel.scene.boxes)
    # The other panels, with their hairline, are left of it if rows are samples, and above it otherwise.
    if transposed:
        shown[:, : box.x + 1] = 255
    else:
        shown[: others["channels"].bottom + 1] = 255
    shown[box.y : box.bottom, box.x - 4 : box.right + 4] = 255
    assert (shown == 255).all()
