"""The panel `belief`: curves of one sample's probabilities, colored by what the network answers now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Reel, Run
from reelnet.render.panels.answers.belief import Belief, choose_curves
from reelnet.render.typography import body_style
from reelnet.scene.class_scores import ClassScores
from tests.make_run import write_run
from tests.rendering import to_pixels

RIGHT, WRONG = (0, 107, 98), (190, 60, 8)
INK, GHOST, WHITE = (31, 35, 40), (222, 224, 227), (255, 255, 255)
CLASSES = ("ant", "bee", "cat")
STEPS = 9


def probabilities(step: int) -> Any:
    """Sample 1 is taken for class 2 up to step 3, and for class 1, its label, from step 4 on."""
    at = step / (STEPS - 1)
    row = np.array([0.1, 0.2 + 0.6 * at, 0.7 - 0.6 * at])
    return np.stack([row[::-1], row])[:, :, None, None]


def recorded(path: Path, **form: Any) -> Run:
    taps = {"conv1": (2, 2, 4, 4), "out": (2, 3, 1, 1)}
    return write_run(
        path,
        taps=taps,
        **{
            "values": {"out": probabilities},
            "steps": range(STEPS),
            "classes": CLASSES,
            "labels": ("ant", "bee"),
            **form,
        },
    )


def laid_out(run: Run, panel: dict[str, Any], **keys: Any) -> Reel:
    template = {
        "panels": {"belief": panel},
        "layout": {"column": {"padding": 16, "items": ["inputs", "belief"]}},
    }
    file = run.path / "template.yaml"
    file.write_text(json.dumps({**template, **keys}))
    return run.reel(str(file), layer="conv1")


def shown(reel: Reel, step: int) -> Any:
    box = dict(reel.scene.boxes)["belief"]
    return to_pixels(reel.frame(step))[box.y : box.bottom, box.x : box.right]


def count(pixels: Any, color: tuple[int, int, int]) -> int:
    return int((pixels == color).all(axis=-1).sum())


def test_colors_follow_the_current_answer(tmp_path: Path) -> None:
    reel = laid_out(recorded(tmp_path / "run"), {"sample": 1})
    for step in range(1, STEPS):
        pixels = shown(reel, step)
        assert count(pixels, RIGHT) > 20
        assert (count(pixels, WRONG) > 20) == (step <= 3)


def test_without_classes_as_labels_there_is_no_verdict(tmp_path: Path) -> None:
    reel = laid_out(recorded(tmp_path / "run", labels=("ant", "7")), {"sample": 1})
    pixels = shown(reel, 3)
    assert (count(pixels, RIGHT), count(pixels, WRONG)) == (0, 0)


def test_the_future_is_a_ghost(tmp_path: Path) -> None:
    reel = laid_out(recorded(tmp_path / "run"), {"sample": 1, "title": ""}, canvas={"width": 1000})
    # Everything between the grid lines: curves in the past are darker than their ghosts.
    early, late = (shown(reel, step).astype(int) for step in (1, STEPS - 1))
    middle = slice(early.shape[1] // 2, early.shape[1] // 2 + 60)
    assert early[:, middle].min() >= 200
    assert (early[:, middle] < 250).any()
    assert late[:, middle].min() < 150


def test_curves_of_many_classes() -> None:
    beliefs = np.full((4, 1000), 0.5 / 999)
    beliefs[:, 7] = 0.5
    beliefs[2, 7], beliefs[2, 900] = 0.1, 0.4
    beliefs[3] = np.nan
    chosen = choose_curves(beliefs, truth=500)
    assert {7, 500, 900} <= set(chosen)
    assert len(chosen) <= 22


@pytest.mark.parametrize(
    ("panel", "keys", "said"),
    [
        ({"sample": 2}, {}, "sample 2 is not shown; shown: 0, 1"),
        ({"sample": 0}, {"samples": {"show": [1]}}, "sample 0 is not shown; shown: 1"),
        ({"tap": "conv1"}, {}, "class scores are samples × classes"),
    ],
)
def test_errors(tmp_path: Path, panel: dict[str, Any], keys: dict[str, Any], said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        laid_out(recorded(tmp_path / "run"), panel, **keys)


def test_without_classes_it_is_left_out_with_a_reason(tmp_path: Path) -> None:
    reel = laid_out(recorded(tmp_path / "run", classes=None), {"sample": 1})
    assert "belief" not in dict(reel.scene.boxes)
    assert "record it with classes=" in reel.scene.notes[0]


def test_a_nan_has_no_answer(tmp_path: Path) -> None:
    def broken(step: int) -> Any:
        values = probabilities(step)
        if step == 6:
            values[1] = np.nan
        return values

    reel = laid_out(recorded(tmp_path / "run", values={"out": broken}), {"sample": 1})
    labels = slice(-250, None)
    assert count(shown(reel, 8)[:, labels], RIGHT) > count(shown(reel, 6)[:, labels], RIGHT) == 0


@pytest.mark.parametrize("step", [0, 3, 4, 5, 8])
def test_nothing_is_drawn_outside_the_panel(tmp_path: Path, step: int) -> None:
    names = ("W" * 40, "M" * 40, "x")
    reel = laid_out(recorded(tmp_path / "run", classes=names, labels=names[:2]), {"sample": 1})
    pixels, boxes = to_pixels(reel.frame(step)).copy(), dict(reel.scene.boxes)
    for box in boxes.values():
        pixels[box.y : box.bottom, box.x : box.right] = 255
    assert (pixels == 255).all()


def test_a_note_says_from_which_step_on_the_answer_is_right(tmp_path: Path) -> None:
    run = recorded(tmp_path / "run", steps=range(0, 9))
    panel, context = Belief(sample=1), laid_out(run, {"sample": 1}).scene.context
    scores = panel.find_scores(context)
    assert scores is not None
    assert panel.write_note(scores, context) == ("right for good", "from step 4")
    # Sample 0 is taken for its label up to step 3 only.
    assert Belief(sample=0).write_note(scores, context) == ()
    unknown = laid_out(recorded(tmp_path / "other", labels=("ant", "7")), {"sample": 1}).scene.context
    assert panel.write_note(ClassScores.find(unknown) or scores, unknown) == ()


def test_the_note_stands_right_of_all_labels_from_its_step_on(tmp_path: Path) -> None:
    names = ("a name that is cut", "another name", "x")
    run = recorded(tmp_path / "run", classes=names, labels=names[:2], steps=range(0, 9))
    reel = laid_out(run, {"sample": 1, "title": ""})
    ends = [shown(reel, step)[:, -80:] for step in range(9)]
    assert all((end == 255).all() for end in ends[:4])
    assert (ends[4] != 255).any()
    assert all((end == ends[4]).all() for end in ends[4:])


def test_few_steps_have_values_only(tmp_path: Path) -> None:
    run = recorded(tmp_path / "run", steps=(0, 8))
    reel = laid_out(run, {"sample": 1, "title": ""})
    first, last = shown(reel, 0), shown(reel, 8)
    style = body_style(reel.scene.context.theme)
    assert first.shape[0] < 4 * style.line_height
    # The line of the first step stays, in the color of captions; that of the last one is new, with a tick.
    assert count(first, WRONG) == count(last, WRONG) > 0
    half = first.shape[0] // 2
    assert (first[half:] == 255).all()
    assert count(last[half:], RIGHT) > 0
