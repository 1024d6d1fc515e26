"""Which sample a picture of one sample is about: one that the author names, or the one with the best story."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reelnet.config.diagnostics import OptionError
from reelnet.errors import suggest_names
from reelnet.scene.class_scores import UNKNOWN_CLASS, ClassScores
from reelnet.scene.context import SceneContext
from reelnet.template.selector import format_positions

HARDEST = "hardest"
MIN_GOOD_SHARE = 0.2
"""Part of the recorded steps, the last ones, at which an answer that is right for good is right at least."""

SampleOption = Annotated[
    Annotated[int, Field(ge=0)] | Annotated[str, Field(min_length=1, max_length=200)],
    Field(
        description="The sample: its number, counted from 0, or its label in quotes. `hardest`: the one "
        "that the network learned last for good or, if that is unknown, the one whose probabilities change "
        "most."
    ),
]


def find_sample(choice: int | str, context: SceneContext, scores: ClassScores | None) -> int:
    """The position of a sample among the shown ones.

    Args:
        choice: Its number among the recorded samples, its label, or `hardest`.
        context: The run.
        scores: The class output, which tells the hardest sample; without it, that is the first one.

    Raises:
        OptionError: The sample is not shown.
    """
    if isinstance(choice, int):
        if choice not in context.sample_indices:
            shown = format_positions(context.sample_indices)
            raise OptionError(f"sample {choice} is not shown; shown: {shown}", "sample")
        return context.sample_indices.index(choice)
    labels = context.labels or ()
    if choice in labels:
        return labels.index(choice)
    if choice != HARDEST:
        suggestion = suggest_names(choice, dict.fromkeys([HARDEST, *labels]))
        raise OptionError(f"no shown sample has the label {choice!r}; {suggestion}", "sample")
    return find_hardest(context, scores) if scores is not None else 0


def find_hardest(context: SceneContext, scores: ClassScores) -> int:
    """The sample that became right for good last, of those that are right in the end.

    If none is, or it is not known, it is the one whose probabilities differ most between the first and the last step.
    """
    answers = scores.answers(context)
    starts = [find_right_since(answers[:, each], int(truth)) for each, truth in enumerate(scores.truth)]
    latest = max((start for start in starts if start is not None), default=0)
    if latest > 0:
        return starts.index(latest)
    moved = [
        float(np.nan_to_num(np.abs(beliefs[-1] - beliefs[0])).sum())
        for beliefs in (scores.beliefs(context, each) for each in range(len(context.sample_indices)))
    ]
    return int(np.argmax(moved))


def find_right_since(answers: NDArray[np.intp], truth: int) -> int | None:
    """The index of the first recorded step from which on all answers are right.

    Args:
        answers: The answers to one sample up to a step (steps,), at least one.
        truth: The right one, or `UNKNOWN_CLASS`.

    Returns:
        None if the last answer is not right.
    """
    wrong = np.flatnonzero(answers != truth)
    since = int(wrong[-1]) + 1 if len(wrong) else 0
    return None if truth == UNKNOWN_CLASS or since == len(answers) else since


def is_for_good(since: int | None, count: int) -> bool:
    """Whether an answer is right long enough to be called right for good, and not just at the end of the run.

    Args:
        since: The index of the first recorded step from which on it is right; None if it is not right in the end.
        count: Number of recorded steps.
    """
    return since is not None and count - since >= max(2, MIN_GOOD_SHARE * count)
