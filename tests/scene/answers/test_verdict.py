"""Sentences about what the network takes a sample for: true for any names, and never more than is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reelnet.scene.answers.verdict import Outcome, Sentences, name_truth, write_sentences
from reelnet.scene.class_scores import ClassScores
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.snap import SnapGrid
from reelnet.template.model import SamplesSpec
from reelnet.template.theme import Theme
from tests.make_run import noise, write_run

ROWS = [[0.35, 0.33, 0.32], [0.2, 0.5, 0.3], [0.6, 0.1, 0.3], [0.004, 0.995, 0.001], [0.0, 1.0, 0.0]]
"""Probabilities of one sample at the steps 0, 10, 20, 30 and 40."""


def write(
    path: Path,
    labels: tuple[str, ...] | None,
    classes: tuple[str, ...] = ("3", "8", "9"),
    rows: list[list[float]] = ROWS,
) -> list[Sentences]:
    values = np.array(rows, np.float32)[:, None, :, None, None]
    run = write_run(
        path,
        {"conv1": noise(5, 1, 1, 2), "out": values},
        labels=labels,
        classes=classes,
        bounds=None,
        steps=range(0, 50, 10),
    )
    context = SceneContext.from_run(run, "conv1", Theme(), SamplesSpec(), SnapGrid())
    scores = ClassScores.find(context)
    assert scores is not None
    return write_sentences(scores, context, 0)


def test_right_and_wrong_answers(tmp_path: Path) -> None:
    assert write(tmp_path / "run", ("8",)) == [
        Sentences(
            "It says 3, with 35% certainty.", "It is an 8. 33% of its belief lies there.", Outcome.WRONG
        ),
        Sentences(
            "It says 8, with 50% certainty, and is right.", "It was still wrong at step 0.", Outcome.RIGHT
        ),
        Sentences(
            "It says 3, with 60% certainty.",
            "It is an 8. 10% of its belief lies there by now.",
            Outcome.WRONG,
        ),
        Sentences(
            "It says 8, with more than 99% certainty, and is right.",
            "It was still wrong at step 20.",
            Outcome.RIGHT,
        ),
        Sentences(
            "It says 8, with 100% certainty, and is right.", "It has been right since step 30.", Outcome.RIGHT
        ),
    ]


def test_what_is_right_but_not_for_good(tmp_path: Path) -> None:
    right, wrong = [0.2, 0.5, 0.3], [0.6, 0.1, 0.3]
    said = write(tmp_path / "run", ("8",), rows=[right, right, wrong, right, right])
    assert [each.comment for each in said] == [
        "Next is 9, with 30%.",
        "It has been right from the start, but not for good.",
        "It is an 8. 10% of its belief lies there by now.",
        "It was still wrong at step 20.",
        "It has been right since step 30.",
    ]


def test_a_share_below_one_percent_begins_a_sentence(tmp_path: Path) -> None:
    assert (
        write(tmp_path / "run", ("3",))[3].comment
        == "It is a 3. Less than 1% of its belief lies there by now."
    )


def test_right_from_the_start(tmp_path: Path) -> None:
    said = write(tmp_path / "run", ("3",))
    assert said[0] == Sentences(
        "It says 3, with 35% certainty, and is right.", "Next is 8, with 33%.", Outcome.RIGHT
    )


def test_without_a_known_truth_nothing_is_right_or_wrong(tmp_path: Path) -> None:
    said = write(tmp_path / "run", ("a digit",))
    assert {each.outcome for each in said} == {Outcome.UNKNOWN}
    assert said[1] == Sentences("It says 8, with 50% certainty.", "Next is 9, with 30%.", Outcome.UNKNOWN)
    assert not any("right" in f"{each.headline}{each.comment}" for each in said)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("8", "It is an 8."),
        ("1", "It is a 1."),
        ("11", "It is an 11."),
        ("18", "It is an 18."),
        ("110", "It is a 110."),
        ("80", "It is an 80."),
        ("18000", "It is an 18000."),
        ("A", "It is an A."),
        ("B", "It is a B."),
        ("U", "It is a U."),
        ("cat", "The right answer is cat."),
        ("positive", "The right answer is positive."),
        ("tench, Tinca tinca", "The right answer is tench, Tinca tinca."),
    ],
)
def test_articles(name: str, sentence: str) -> None:
    assert name_truth(name) == sentence
