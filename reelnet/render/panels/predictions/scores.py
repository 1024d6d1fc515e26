"""The scores of classes at a classifier's output: which tap, which classes, what a network says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reelnet.config.diagnostics import ErrorCollector, error_context
from reelnet.runs.header import TapInfo, TapKind, require_activation
from reelnet.scene.context import SceneContext

ScoreKind = Literal["logits", "probabilities"]

UNKNOWN = -1
"""In place of a class."""
SLACK = 0.01
"""By how much the sum of probabilities may miss 1; half precision misses it by up to 0.005 with ten classes."""
MOST = 1e300
"""What is infinite counts as this much, so that differences are still numbers."""


@dataclass(frozen=True)
class Scores:
    """A tap that gives a score for each class.

    Attributes:
        tap: Its name.
        classes: Names of the classes.
        truth: For each sample that is shown the number of its class, or `UNKNOWN`: intp (samples,).
        logits: Whether a softmax makes probabilities of the values.
    """

    tap: str
    classes: tuple[str, ...]
    truth: NDArray[np.intp]
    logits: bool
    _columns: tuple[int, ...]

    @classmethod
    def of(
        cls, context: SceneContext, tap: str | None, classes: Sequence[str] | None, kind: ScoreKind | None
    ) -> Scores | None:
        """Look the scores up; None if no tap is named and not just one gives scores.

        Raises:
            ValueError: The named tap gives no scores, or names of classes or the kind of scores do not fit it.
        """
        if tap is None:
            found = [name for name, info in context.taps.items() if gives_scores(info)]
            if len(found) != 1:
                return None
            tap = found[0]
        with error_context("tap"):
            info = context.require(tap)
            require_activation(tap, info)
            if not gives_scores(info):
                form = "×".join(map(str, info.shape))
                raise ValueError(f"{tap!r} is {form}; scores of classes are samples × classes × 1 × 1")
        count, errors = info.shape[1], ErrorCollector()
        known = context.classes if context.classes is not None and len(context.classes) == count else None
        names = tuple(classes) if classes is not None else known or tuple(map(str, range(count)))
        with errors.collect("classes"):
            if len(names) != count:
                raise ValueError(f"{len(names)} names for the {count} scores of {tap!r}")
        low, high = info.min or 0.0, info.max or 0.0
        with errors.collect("scores"):
            if kind == "probabilities" and not -SLACK <= low <= high <= 1 + SLACK:
                raise ValueError(
                    f"{tap!r} has values from {low:.4g} to {high:.4g}, which are no probabilities"
                )
        errors.raise_errors()
        logits = kind == "logits" if kind is not None else not are_probabilities(context, tap)
        numbers = {name: number for number, name in enumerate(names)}
        labels = context.labels or [""] * len(context.sample_indices)
        truth = np.array([numbers.get(label, UNKNOWN) for label in labels], np.intp)
        return cls(tap, names, truth, logits, context.sample_indices)

    def distribution(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """The probabilities (samples shown, classes) of a step's values (samples, classes, 1, 1).

        All of a sample's are NaN where one of its values is.
        """
        scores = values[list(self._columns), :, 0, 0].astype(np.float64)
        if self.logits:
            # The greatest score is taken off first, so that no exponential overflows.
            scores = np.clip(scores, -MOST, MOST)
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
            scores /= scores.sum(axis=1, keepdims=True)
        scores[np.isnan(scores).any(axis=1)] = np.nan
        return scores


def gives_scores(info: TapInfo) -> bool:
    """Whether a tap's form is that of scores: (samples, two classes or more, 1, 1)."""
    return info.kind is TapKind.ACTIVATION and info.shape[1] >= 2 and info.shape[2:] == (1, 1)


def are_probabilities(context: SceneContext, tap: str) -> bool:
    """Whether the values at the first and last step are those of distributions."""
    for step in (context.steps[0], context.steps[-1]):
        values = np.asarray((context.statistics.read_step(step, [tap]) or {})[tap], np.float64)
        sums = values.sum(axis=1)
        if not (values.min() >= -SLACK and values.max() <= 1 + SLACK and (abs(sums - 1) <= SLACK).all()):
            return False
    return True
