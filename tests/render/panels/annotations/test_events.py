"""Captions at events: computed from what was recorded, true as long as they are shown, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.render.panels.annotations.captions import Captions
from reelnet.render.panels.annotations.events import TrainingEvent
from tests.make_run import write_run
from tests.render.panels.drawing import lay_out

STEPS = [0, 10, 20, 30, 40, 50]
RIGHT = [0, 2, 1, 3, 4, 4]
"""How many of the four samples are right at each step."""
CLASSES = ("a", "b", "c", "d")


def answers(step: int) -> Any:
    """Scores by which the first samples have their own class, and the others that of the next one."""
    right = RIGHT[STEPS.index(step)]
    scores = np.zeros((4, 4, 1, 1))
    for sample in range(4):
        scores[sample, sample if sample < right else (sample + 1) % 4] = 2
    return scores


METRICS = {
    "train_loss": [None, 4.0, 1.9, 2.2, 1.8, 1.0],
    "test_loss": [4.0, 3.9, 3.8, 3.7, 3.6, 3.5],
    "test_accuracy": [0.1, None, 0.92, 0.85, None, 0.95],
    "percent": [10.0, 20.0, 30.0, 40.0, 50.0, 60.0],
}


def recorded(path: Path, **form: Any) -> Run:
    taps = {"conv1": (4, 1, 4, 4), "out": (4, 4, 1, 1)}
    given = {
        "values": {"out": answers},
        "steps": STEPS,
        "classes": CLASSES,
        "labels": CLASSES,
        "metrics": METRICS,
    }
    return write_run(path, taps=taps, **{**given, **form})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return recorded(tmp_path_factory.mktemp("events") / "run")


def context_of(run: Run) -> Any:
    return lay_out(run, {"channels": {}}, layer="conv1").scene.context


@pytest.mark.parametrize(
    ("event", "step"),
    [
        ("first_correct", 10),
        # Two of four are right at step 10, too, but only one at step 20.
        ("half_correct", 30),
        ("all_correct", 40),
        # The training loss begins at 4, at step 10; it is 1.9 at step 20, but 2.2 after it.
        ("loss_halved", 40),
        ("test_accuracy 90%", 50),
        ("accuracy 85 %", 20),
        ("Accuracy 0.5%", None),
    ],
)
def test_an_event_is_where_something_stays_so(run: Run, event: str, step: int | None) -> None:
    found = TrainingEvent.parse(event)
    if step is None:
        with pytest.raises(ValueError, match="holds from the first recorded step"):
            found.find_step(context_of(run))
    else:
        assert found.find_step(context_of(run)) == step


@pytest.mark.parametrize(
    ("event", "form", "reason"),
    [
        (
            "all_correct",
            {"labels": ("a", "b", "c", "x")},
            "not all labels of the samples are names of classes",
        ),
        ("half_correct", {"classes": None}, "the run has no names of classes"),
        ("accuracy 99%", {}, "accuracy 99% holds at no step"),
        (
            "accuracy 90%",
            {"metrics": {"accuracy": [0, 1, 1, 1, 1, 0.5]}},
            "at step 10, but not until the end",
        ),
        ("accuracy 90%", {"metrics": {"accuracy": [0, 1, 1, 1, 1, float("nan")]}}, "but not until the end"),
        (
            "accuracy 90%",
            {"metrics": {"train_accuracy": [0] * 6, "test_accuracy": [0] * 6}},
            "may be train_accuracy or",
        ),
        ("percent 50%", {}, "has values from 10 to 60, so it is not a share"),
        ("loss_halved", {"metrics": {"loss": [0.0] * 6}}, "begins at 0, which cannot be halved"),
        ("loss_halved", {"metrics": None}, "the run has no metrics"),
        ("recall 50%", {}, "no metric 'recall'"),
    ],
)
def test_what_does_not_happen_or_is_not_known_is_refused(
    tmp_path: Path, event: str, form: dict[str, Any], reason: str
) -> None:
    run = recorded(tmp_path / "run", **form)
    caption = {"at": event, "text": "Here."}
    with pytest.raises(TemplateError, match=reason) as error:
        lay_out(run, {"captions": {"items": [caption]}, "channels": {}}, layer="conv1")
    assert "captions.items[0].at" in str(error.value)
    # A caption that is left out may name what the run lacks.
    optional = {**caption, "text": "{right} of {metrics.nothing}", "optional": True}
    shown = lay_out(
        run, {"captions": {"items": [optional, {"text": "Always."}]}, "channels": {}}, layer="conv1"
    )
    assert "captions" in dict(shown.scene.boxes)
    alone = lay_out(run, {"captions": {"items": [optional]}, "channels": {}}, layer="conv1")
    assert "captions" not in dict(alone.scene.boxes)


def test_captions_follow_each_other(run: Run) -> None:
    panel = Captions.model_validate(
        {
            "items": [
                {"text": "start"},
                {"at": "all_correct", "text": "all"},
                {"at": "half_correct", "text": "half"},
                {"at": "loss_halved", "text": "takes the place of all"},
                {"from": "100%", "text": "end"},
            ]
        }
    )
    ranges = [each and (each.first, each.last) for each in panel.resolve_ranges(context_of(run))]
    assert ranges == [(0, 20), None, (30, 30), (40, 40), (50, 50)]


def test_an_optional_caption_is_left_out_once_an_event_listed_after_it_has_begun_one(run: Run) -> None:
    panel = Captions.model_validate(
        {
            "items": [
                {"from": "0%", "optional": True, "text": "start"},
                {"from": "20%", "optional": True, "text": "before"},
                {"from": "80%", "optional": True, "text": "left out"},
                {"at": "loss_halved", "optional": True, "text": "left out"},
                {"at": "half_correct", "optional": True, "text": "half"},
            ]
        }
    )
    ranges = [each and (each.first, each.last) for each in panel.resolve_ranges(context_of(run))]
    assert ranges == [(0, 0), (10, 20), None, None, (30, 50)]


def test_an_optional_caption_is_left_out_if_its_event_is_at_the_last_step_only(run: Run) -> None:
    items = [
        {"from": "0%", "optional": True, "text": "start"},
        {"at": "test_accuracy 90%", "optional": True, "text": "left out"},
        {"from": "100%", "optional": True, "text": "end"},
    ]
    panel = Captions.model_validate({"items": items})
    ranges = [each and (each.first, each.last) for each in panel.resolve_ranges(context_of(run))]
    assert ranges == [(0, 40), None, (50, 50)]


def test_a_caption_says_at_which_step_it_begins(run: Run) -> None:
    def words(text: str) -> Any:
        items = [{"at": "half_correct", "text": text}, {"text": "{right} {{of}} {step:,}"}]
        return lay_out(run, {"captions": {"items": items}, "channels": {}}, layer="conv1").panel(
            "captions", 50
        )

    assert (words("Since {since:,}: {right}.") == words("Since 30: {right}.")).all()
    assert (words("Since {since}") != words("Since 40")).any()
    with pytest.raises(TemplateError, match="no field 'since'"):
        lay_out(run, {"text": {"text": "{since}"}, "channels": {}}, layer="conv1")


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"at": "no_such"}, "no event 'no_such'; give first_correct"),
        ({"at": "accuracy 101%"}, "no event"),
        ({"at": 7}, "7 is not an event"),
        ({"at": "all_correct", "from": 3}, "give from or at, not both"),
        ({"optional": True}, "optional is for captions with at"),
    ],
)
def test_mistakes(item: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Captions.model_validate({"items": [{"text": "a", **item}]})


def test_the_number_of_right_samples_is_a_field(run: Run, tmp_path: Path) -> None:
    def words(text: str, run: Run) -> Any:
        return lay_out(run, {"text": {"text": text}, "channels": {}}, layer="conv1")

    counted, written = words("{right} are right", run), words("3 are right", run)
    assert (counted.panel("text", 30) == written.panel("text", 30)).all()
    assert (counted.panel("text", 20) != written.panel("text", 20)).any()
    with pytest.raises(TemplateError, match="field 'right': not all labels"):
        words("{right}", recorded(tmp_path / "run", labels=("a", "b", "c", "x")))
