"""Which sample a picture of one sample is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.config.diagnostics import OptionError
from reelnet.scene.answers.sample_choice import find_right_since, find_sample, is_for_good
from reelnet.scene.class_scores import ClassScores
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.snap import SnapGrid
from reelnet.template.model import SamplesSpec
from reelnet.template.selector import Selector
from reelnet.template.theme import Theme
from tests.make_run import noise, write_run

CLASSES = ("ant", "bee", "cat")


def make_context(path: Path, answers: list[list[int]], **form: Any) -> SceneContext:
    """A run in which sample n has the answer `answers[step][n]`, with 60 % certainty."""
    probabilities = np.full((len(answers), len(answers[0]), 3, 1, 1), 0.2, np.float32)
    for step, row in enumerate(answers):
        for sample, answer in enumerate(row):
            probabilities[step, sample, answer] = 0.6
    form = {"labels": CLASSES[: len(answers[0])], "classes": CLASSES, "bounds": None, **form}
    show = form.pop("show", None)
    run = write_run(path, {"conv1": noise(len(answers), len(answers[0]), 1, 2), "out": probabilities}, **form)
    samples = SamplesSpec(show=Selector(positions=show)) if show else SamplesSpec()
    return SceneContext.from_run(run, "conv1", Theme(), samples, SnapGrid())


def find(context: SceneContext, choice: int | str = "hardest") -> int:
    return find_sample(choice, context, ClassScores.find(context))


def test_the_hardest_is_the_last_that_became_right_for_good(tmp_path: Path) -> None:
    # Sample 0 is right from step 1 on, 1 at step 1 and from step 3 on, and 2 never in the end.
    context = make_context(tmp_path / "run", [[1, 0, 2], [0, 1, 2], [0, 0, 0], [0, 1, 1], [0, 1, 1]])
    assert find(context) == 1


def test_without_labels_the_hardest_is_the_one_whose_probabilities_change_most(tmp_path: Path) -> None:
    context = make_context(tmp_path / "run", [[1, 0, 2], [1, 0, 0]], labels=None)
    assert find(context) == 2


def test_if_nothing_is_ever_right_the_one_that_changes_most_is_taken(tmp_path: Path) -> None:
    context = make_context(tmp_path / "run", [[1, 0, 0], [1, 2, 0]])
    assert find(context) == 1


def test_a_number_counts_recorded_samples_and_a_text_is_a_label(tmp_path: Path) -> None:
    context = make_context(tmp_path / "run", [[0, 1, 2], [0, 1, 2]], show=(0, 2))
    assert find(context, 2) == find(context, "cat") == 1


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (1, "sample 1 is not shown; shown: 0, 2"),
        ("bee", "no shown sample has the label 'bee'.*hardest, ant, cat"),
    ],
)
def test_a_sample_that_is_not_shown(tmp_path: Path, choice: int | str, said: str) -> None:
    context = make_context(tmp_path / "run", [[0, 1, 2], [0, 1, 2]], show=(0, 2))
    with pytest.raises(OptionError, match=said):
        find(context, choice)


@pytest.mark.parametrize(
    ("answers", "since"),
    [([1, 1, 1], 0), ([0, 1, 1], 1), ([1, 0, 1], 2), ([1, 1, 0], None), ([-1, -1, -1], None)],
)
def test_right_since(answers: list[int], since: int | None) -> None:
    assert find_right_since(np.array(answers), 1) == since
    assert find_right_since(np.array(answers), -1) is None


@pytest.mark.parametrize(
    ("since", "count", "good"),
    [
        (None, 10, False),
        (0, 1, False),
        (9, 10, False),
        (8, 10, True),
        (1, 2, False),
        (81, 100, False),
        (80, 100, True),
    ],
)
def test_for_good_is_a_fifth_of_the_steps_and_more_than_one(
    since: int | None, count: int, good: bool
) -> None:
    assert is_for_good(since, count) is good
