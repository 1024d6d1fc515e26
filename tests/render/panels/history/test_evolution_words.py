"""The words of the panel `evolution` hold for every kind of layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.render.panels.history.evolution_words import (
    describe_evolution,
    name_values,
    title_evolution,
)
from tests.make_run import noise, write_run
from tests.render.panels.drawing import lay_out

ATTENTION = np.full((2, 2, 2, 4, 4), 0.25, np.float32)


@pytest.mark.parametrize(
    ("name", "maps", "title", "text"),
    [
        ("conv3", noise(2, 2, 3, 7), "One filter learns to see", "Channel 1 of conv3 for two samples."),
        (
            "features.0",
            noise(2, 2, 3, 7),
            "One channel of features.0 over the training",
            "Channel 1 of features.0 for two samples.",
        ),
        (
            "2",
            noise(2, 2, 3, 7),
            "One channel of layer 2 over the training",
            "Channel 1 of layer 2 for two samples.",
        ),
        ("conv3", noise(1, 2, 3, 7), "One channel of conv3", "Channel 1 of conv3 for two samples."),
        (
            "attn",
            ATTENTION,
            "One head of attn over the training",
            "Head 1 of attn for two samples; it never changes.",
        ),
    ],
)
def test_title_and_text(tmp_path: Path, name: str, maps: Any, title: str, text: str) -> None:
    run = write_run(tmp_path / "run", {name: maps}, bounds=None)
    context = lay_out(run, {"evolution": {}}).scene.context
    view = context.view(name)
    assert title_evolution(context, view) == title
    assert describe_evolution(context, view, 1, is_choice=False, has_answers=False) == (text,)


def test_choices_and_answers_are_explained(tmp_path: Path) -> None:
    context = lay_out(write_run(tmp_path / "run", noise(2, 2, 3, 7)), {"evolution": {}}).scene.context
    text = describe_evolution(context, context.view("conv1"), 0, is_choice=True, has_answers=True)
    assert text == (
        "Channel 0 of conv1 for two samples, at moments of equal change.",
        "Under each map: what the whole network takes the sample for at that moment.",
    )


def test_channels_of_the_class_output_are_called_by_their_classes(tmp_path: Path) -> None:
    form: dict[str, Any] = {"labels": ["cat", "dog"], "classes": ["cat", "dog"]}
    run = write_run(tmp_path / "run", {"head": noise(2, 2, 2, 1)}, bounds=None, **form)
    context = lay_out(run, {"evolution": {}}).scene.context
    view = context.view("head")
    assert title_evolution(context, view) == "One class of head over the training"
    (text,) = describe_evolution(context, view, 1, is_choice=False, has_answers=False)
    assert text == "The score of “dog” in head for two samples."


def test_what_never_changes_is_said(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", noise(1, 2, 3, 7).repeat(2, axis=0), steps=[0, 9])
    context = lay_out(run, {"evolution": {}}).scene.context
    (text,) = describe_evolution(context, context.view("conv1"), 0, is_choice=False, has_answers=False)
    assert text == "Channel 0 of conv1 for two samples; it never changes."


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        ("test_acc", "test accuracy"),
        ("grad_norm", "grad norm"),
        ("", "right answers"),
        ("val/top5", "val top5"),
    ],
)
def test_names_of_values(metric: str, name: str) -> None:
    assert name_values(metric) == name
