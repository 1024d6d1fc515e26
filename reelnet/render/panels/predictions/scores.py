"""Class scores at the output of a classifier: which layer gives them, for which classes, and their probabilities."""

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

UNKNOWN_CLASS = -1
"""Stands for the number of a class that is not known."""
SUM_TOLERANCE = 0.01
"""How far the sum of probabilities may be from 1; in half precision it is off by up to 0.005 with ten classes."""
MAX_LOGIT = 1e300
"""Infinite logits are clipped to this, so that their differences are numbers."""


@dataclass(frozen=True)
class ClassScores:
    """A tap that gives one score per class.

    Attributes:
        tap: Name of the tap.
        classes: Names of the classes.
        truth: The number of each shown sample's class, or `UNKNOWN_CLASS`: intp (samples,).
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
            tap: The tap that gives the scores; by default the only one with the shape of scores.
            classes: Names of the classes; by default those of the run, or numbers.
            kind: What the scores are; by default what their values look like.

        Returns:
            None if no tap is named and not exactly one gives scores.

        Raises:
            OptionError: The named tap gives no scores, or the class names or the kind do not fit it.
        """
        if tap is None:
            candidates = [name for name, info in context.taps.items() if has_class_scores(info)]
            if len(candidates) != 1:
                return None
            tap = candidates[0]
        with error_context("tap"):
            info = context.require(tap)
            require_activation(tap, info)
            if not has_class_scores(info):
                shape = "×".join(map(str, info.shape))
                raise ValueError(f"{tap!r} has shape {shape}; class scores are samples × classes × 1 × 1")
        count, errors = info.shape[1], ErrorCollector()
        known = context.classes if context.classes is not None and len(context.classes) == count else None
        names = tuple(classes) if classes is not None else known or tuple(map(str, range(count)))
        with errors.collect("classes"):
            if len(names) != count:
                raise ValueError(f"{len(names)} names for the {count} scores of {tap!r}")
        low, high = info.min or 0.0, info.max or 0.0
        with errors.collect("scores"):
            if kind == "probabilities" and not -SUM_TOLERANCE <= low <= high <= 1 + SUM_TOLERANCE:
                raise ValueError(
                    f"the values of {tap!r} range from {low:.4g} to {high:.4g}, so they are not probabilities"
                )
        errors.raise_errors()
        logits = kind == "logits" if kind is not None else not are_probabilities(context, tap)
        numbers = {name: number for number, name in enumerate(names)}
        labels = context.labels or [""] * len(context.sample_indices)
        truth = np.array([numbers.get(label, UNKNOWN_CLASS) for label in labels], np.intp)
        return cls(tap, names, truth, logits, context.sample_indices)

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


def has_class_scores(info: TapInfo) -> bool:
    """Whether a tap has the shape of class scores: (samples, two or more classes, 1, 1)."""
    return info.kind is TapKind.ACTIVATION and info.shape[1] >= 2 and info.shape[2:] == (1, 1)


def are_probabilities(context: SceneContext, tap: str) -> bool:
    """Whether the values at the first and the last step are probability distributions."""
    for step in (context.steps[0], context.steps[-1]):
        values = np.asarray(context.statistics.read_step(step, [tap])[tap], np.float64)
        in_range = values.min() >= -SUM_TOLERANCE and values.max() <= 1 + SUM_TOLERANCE
        if not (in_range and (abs(values.sum(axis=1) - 1) <= SUM_TOLERANCE).all()):
            return False
    return True
