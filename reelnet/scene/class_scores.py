"""Class scores at the output of a classifier: which layer gives them, for which classes, and their probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reelnet._support.text import make_printable
from reelnet.config.diagnostics import ErrorCollector, error_context
from reelnet.runs.header import TapInfo, TapKind, require_activation
from reelnet.scene.context import SceneContext
from reelnet.scene.statistics import SUM_TOLERANCE

ScoreKind = Literal["logits", "probabilities"]

UNKNOWN_CLASS = -1
"""Stands for the number of a class that is not known."""
MAX_LOGIT = 1e300
"""Infinite logits are clipped to this, so that their differences are numbers."""


@dataclass(frozen=True)
class ClassScores:
    """A tap that gives one score per class.

    Attributes:
        tap: Name of the tap.
        classes: Names of the classes.
        truth: The number of each shown sample's class, or `UNKNOWN_CLASS`: intp (samples,). It is known only if all
            labels of the run are names of classes.
        logits: Whether the values are logits, which a softmax turns into probabilities.
        sample_indices: The shown samples, as positions in the recorded arrays.
    """

    tap: str
    classes: tuple[str, ...]
    truth: NDArray[np.intp]
    logits: bool
    sample_indices: tuple[int, ...]

    @classmethod
    def find(
        cls,
        context: SceneContext,
        tap: str | None = None,
        classes: Sequence[str] | None = None,
        kind: ScoreKind | None = None,
    ) -> ClassScores | None:
        """Find the class scores of a run.

        Args:
            context: The run.
            tap: The tap that gives the scores; by default the model's output, or the only tap with one value per
                class.
            classes: Names of the classes; by default those of the run.
            kind: What the scores are; by default probabilities if none is negative and each sample's sum is 1, else
                logits.

        Returns:
            None if no tap is named and no class output is known; `explain_missing_scores` says why.

        Raises:
            OptionError: The named tap gives no scores, the class names or the kind do not fit it, or it is named but
                the classes have no names.
        """
        key = "scores", tap, None if classes is None else tuple(classes), kind, context.sample_indices
        return context.get_cached(key, lambda: cls._find(context, tap, classes, kind))

    @classmethod
    def _find(
        cls, context: SceneContext, tap: str | None, classes: Sequence[str] | None, kind: ScoreKind | None
    ) -> ClassScores | None:
        names = tuple(classes) if classes is not None else context.classes
        if tap is None:
            candidates = find_candidates(context, classes)
            if len(candidates) != 1:
                return None
            tap = candidates[0]
        with error_context("tap"):
            info = context.require(tap)
            require_activation(tap, info)
            if not has_class_scores(info):
                shape = "×".join(map(str, info.shape))
                raise ValueError(f"{tap!r} has shape {shape}; class scores are samples × classes × 1 × 1")
            if names is None:
                raise ValueError(NO_CLASSES)
        errors = ErrorCollector()
        with errors.collect("classes"):
            if len(names) != info.shape[1]:
                raise ValueError(f"{len(names)} names for the {info.shape[1]} scores of {tap!r}")
        low, high = info.min or 0.0, info.max or 0.0
        with errors.collect("scores"):
            if kind == "probabilities" and not -SUM_TOLERANCE <= low <= high <= 1 + SUM_TOLERANCE:
                raise ValueError(
                    f"the values of {tap!r} range from {low:.4g} to {high:.4g}, so they are not probabilities"
                )
        errors.raise_errors()
        logits = kind == "logits" if kind is not None else not context.statistics.are_probabilities(tap)
        return cls(tap, names, find_truth(context, names), logits, context.sample_indices)

    def to_probabilities(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """Turn one step's values (samples, classes, 1, 1) into probabilities (shown samples, classes).

        If one value of a sample is NaN, all its probabilities are.
        """
        scores = values[list(self.sample_indices), :, 0, 0].astype(np.float64)
        if self.logits:
            # Subtract the greatest score first, so that no exponential overflows.
            scores = np.clip(scores, -MAX_LOGIT, MAX_LOGIT)
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
            scores /= scores.sum(axis=1, keepdims=True)
        scores[np.isnan(scores).any(axis=1)] = np.nan
        return scores

    def answers(self, context: SceneContext) -> NDArray[np.intp]:
        """The most likely class of each shown sample at each recorded step, (steps, shown samples)."""

        def measure(values: NDArray[np.generic]) -> NDArray[np.intp]:
            return np.array([find_top_class(row) for row in self.to_probabilities(values)], np.intp)

        return context.statistics.series(self.tap, ("answers", self.sample_indices, self.logits), measure)

    def shares(self, context: SceneContext, classes: Sequence[int]) -> NDArray[np.float64]:
        """The probabilities of some classes at each recorded step, (steps, shown samples, classes)."""
        numbers = list(classes)

        def measure(values: NDArray[np.generic]) -> NDArray[np.float64]:
            return self.to_probabilities(values)[:, numbers]

        key = "shares", self.sample_indices, self.logits, tuple(numbers)
        return context.statistics.series(self.tap, key, measure)

    def beliefs(self, context: SceneContext, position: int) -> NDArray[np.float64]:
        """The probabilities of one sample at each recorded step, (steps, classes).

        Args:
            context: The run.
            position: The sample, counted from 0 among the shown ones.
        """
        index = self.sample_indices[position]

        def measure(values: NDArray[np.generic]) -> NDArray[np.float64]:
            belief: NDArray[np.float64] = self.to_probabilities(values)[position]
            return belief

        return context.statistics.series(self.tap, ("belief", index, self.logits), measure)


NO_CLASSES = "the run has no names of classes; record it with classes=[…]"


def find_candidates(context: SceneContext, classes: Sequence[str] | None) -> list[str]:
    """The taps that may be the class output: that of the header, or all with one value per class.

    Args:
        context: The run.
        classes: The classes that an author names, in place of those of the run. If no tap has as many values, all
            that give scores are returned, since the names are wrong then.
    """
    names = classes if classes is not None else context.classes
    if names is None:
        return []
    taps = [name for name, info in context.taps.items() if has_class_scores(info)]
    if context.class_output is not None:
        taps = [name for name in taps if name == context.class_output]
    taps = [name for name in taps if not is_bounded(context, name)]
    fitting = [name for name in taps if context.taps[name].shape[1] == len(names)]
    return fitting if fitting or classes is None else taps


def explain_missing_scores(context: SceneContext, classes: Sequence[str] | None = None) -> str:
    """Say why `ClassScores.find` finds none if no tap is named, and what to do."""
    names = classes if classes is not None else context.classes
    if names is None:
        return NO_CLASSES
    candidates = find_candidates(context, classes)
    if len(candidates) > 1:
        listed = ", ".join(map(make_printable, candidates))
        return f"{listed} all have one value per class; name the class output with 'tap'"
    count = len(names)
    return f"no class output was recorded, a vector of {count} values, one per class; record the model's last layer"


def explain_missing_truth(context: SceneContext) -> str:
    """Say why it is not known which answers are right; empty if it is."""
    scores = ClassScores.find(context)
    if scores is None:
        return explain_missing_scores(context)
    if (scores.truth == UNKNOWN_CLASS).any():
        return "not all labels of the samples are names of classes, so it is not known what is right"
    return ""


def count_right(context: SceneContext) -> NDArray[np.intp]:
    """How many of the shown samples have the right answer at each recorded step, (steps,).

    Raises:
        ValueError: It is not known which answers are right.
    """
    scores = ClassScores.find(context)
    if scores is None or (reason := explain_missing_truth(context)):
        raise ValueError(explain_missing_scores(context) if scores is None else reason)
    right: NDArray[np.intp] = (scores.answers(context) == scores.truth).sum(axis=1)
    return right


def find_truth(context: SceneContext, classes: Sequence[str]) -> NDArray[np.intp]:
    """The number of each shown sample's class, or `UNKNOWN_CLASS` if the labels of the run are not all classes."""
    numbers = {name: number for number, name in enumerate(classes)}
    labels = context.run_labels or ()
    known = bool(labels) and all(label in numbers for label in labels)
    truth = [numbers[labels[index]] if known else UNKNOWN_CLASS for index in context.sample_indices]
    return np.array(truth, np.intp)


def has_class_scores(info: TapInfo) -> bool:
    """Whether a tap has the shape of class scores: (samples, two or more classes, 1, 1)."""
    return info.kind is TapKind.ACTIVATION and info.shape[1] >= 2 and info.shape[2:] == (1, 1)


def is_bounded(context: SceneContext, tap: str) -> bool:
    """Whether a tap has limits, as of a sigmoid or tanh, and its values are not probabilities.

    They are no logits either, so that a softmax of them would be nobody's certainty.
    """
    return context.taps[tap].bounds is not None and not context.statistics.are_probabilities(tap)


def find_top_class(probabilities: NDArray[np.float64]) -> int:
    """The number of the most likely class, or `UNKNOWN_CLASS` if a probability is NaN."""
    return UNKNOWN_CLASS if np.isnan(probabilities).any() else int(probabilities.argmax())
