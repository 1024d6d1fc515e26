"""Sentences about what the network takes one sample for at a step: true for any names of classes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from reelnet.scene.answers.sample_choice import find_right_since
from reelnet.scene.class_scores import UNKNOWN_CLASS, ClassScores, find_top_class
from reelnet.scene.context import SceneContext
from reelnet.scene.number_text import format_percent

AN = re.compile(r"8\d*|11|18|(11|18)\d{3}(\d{3})*|[AEFHILMNORSXaefhilmnorsx]")
"""Numbers and letters that begin with the sound of a vowel: an 8, an 11, an 800, an F."""
COUNTED = re.compile(r"\d+|[A-Za-z]")
"""Names of classes that take an article: a 7, an A. Of other names, nobody knows: `a cat`, but not `a positive`."""


class Outcome(Enum):
    """Whether an answer is right."""

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Sentences:
    """What is said at one step.

    Attributes:
        headline: What the network says, with its certainty.
        comment: What the sample is, and how much of the belief lies there; or what else the network considers.
        outcome: Whether the answer is right.
    """

    headline: str
    comment: str
    outcome: Outcome


def write_sentences(scores: ClassScores, context: SceneContext, position: int) -> list[Sentences]:
    """What is said at each recorded step.

    Args:
        scores: The class output.
        context: The run.
        position: The sample, counted from 0 among the shown ones.
    """
    beliefs, truth = scores.beliefs(context, position), int(scores.truth[position])
    answers = np.array([find_top_class(row) for row in beliefs])
    sentences, since, for_good = [], None, find_right_since(answers, truth)
    for index, row in enumerate(beliefs):
        is_right = truth != UNKNOWN_CLASS and answers[index] == truth
        since = (index if since is None else since) if is_right else None
        said = _write_at(row, scores.classes, truth, index, since, context.steps)
        if since is not None and since < index and since != for_good:
            said = replace(said, comment=f"{said.comment.removesuffix('.')}, but not for good.")
        sentences.append(said)
    return sentences


def _write_at(
    row: NDArray[np.float64],
    classes: tuple[str, ...],
    truth: int,
    index: int,
    since: int | None,
    steps: tuple[int, ...],
) -> Sentences:
    top = find_top_class(row)
    name = classes[truth] if truth != UNKNOWN_CLASS else ""
    if top == UNKNOWN_CLASS:
        comment = name_truth(name) if name else ""
        return Sentences("Its answer is not a number.", comment, Outcome.UNKNOWN)
    says = f"It says {classes[top]}, with {format_share(row[top])} certainty"
    if not name:
        return Sentences(f"{says}.", name_second(row, classes), Outcome.UNKNOWN)
    if top != truth:
        share = format_share(row[truth])
        by_now = " by now" if index else ""
        comment = f"{name_truth(name)} {share[:1].upper()}{share[1:]} of its belief lies there{by_now}."
        return Sentences(f"{says}.", comment, Outcome.WRONG)
    if since == index:
        comment = f"It was still wrong at step {steps[index - 1]:,}." if index else name_second(row, classes)
    elif since:
        comment = f"It has been right since step {steps[since]:,}."
    else:
        comment = "It has been right from the start."
    return Sentences(f"{says}, and is right.", comment, Outcome.RIGHT)


def name_second(row: NDArray[np.float64], classes: tuple[str, ...]) -> str:
    """Say what the network takes the sample for if not for its answer."""
    second = int(np.argsort(-row, kind="stable")[1])
    return f"Next is {classes[second]}, with {format_share(row[second])}."


def name_truth(name: str) -> str:
    """Say what a sample is: `It is an 8.` or `The right answer is cat.`."""
    if COUNTED.fullmatch(name):
        return f"It is {'an' if AN.fullmatch(name) else 'a'} {name}."
    return f"The right answer is {name}."


def format_share(probability: float) -> str:
    """A probability in a sentence: `35%`, `more than 99%`, `less than 1%`."""
    text = format_percent(float(probability), 0)
    return text.replace("> ", "more than ").replace("< ", "less than ")
