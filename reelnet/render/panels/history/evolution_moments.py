"""The moments of the panel `evolution`: the network's answers and the metric at a step."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from reelnet.render.panels.charts.axis import MIN_FLOORED_END, VALUE_FLOOR
from reelnet.render.panels.charts.metric_names import is_accuracy, split_metric
from reelnet.scene.class_scores import UNKNOWN_CLASS, ClassScores
from reelnet.scene.context import SceneContext
from reelnet.scene.number_text import format_percent, format_value


@dataclass(frozen=True)
class Moment:
    """One training step.

    Attributes:
        step: The training step.
        answers: The class that each sample is taken for, or `UNKNOWN_CLASS`; empty if there are none.
        value: The metric in words, a dash where it was not measured, or without a metric the number of right answers;
            empty if there is neither.
        fraction: The same as a fraction of 1; None if it is none.
        note: A line below it beside a metric: how many answers are right; empty for none.
    """

    step: int
    answers: tuple[int, ...]
    value: str
    fraction: float | None
    note: str


@dataclass(frozen=True)
class MomentValues:
    """What there is to say of each recorded step.

    Attributes:
        context: The run.
        scores: What gives the answers; None for none.
        metric: The metric; empty for none.
    """

    context: SceneContext
    scores: ClassScores | None
    metric: str

    @property
    def counts_right(self) -> bool:
        """Whether numbers of right answers say more than the answers: of one sample, they do not."""
        return len(self.context.sample_indices) > 1 and self.count_right() is not None

    def count_right(self) -> np.ndarray[tuple[int], np.dtype[np.intp]] | None:
        """How many answers are right at each recorded step, (steps,); None if that is not known."""
        if self.scores is None or (self.scores.truth == UNKNOWN_CLASS).any():
            return None
        counts: np.ndarray[tuple[int], np.dtype[np.intp]] = (
            self.scores.answers(self.context) == self.scores.truth
        ).sum(axis=1)
        return counts

    def describe(self, steps: tuple[int, ...]) -> list[Moment]:
        """The moments at some of the recorded steps."""
        context, metric, right = self.context, self.metric, self.count_right()
        answers = None if self.scores is None else self.scores.answers(context)
        values = np.full(len(context.steps), np.nan)
        if metric:
            values = np.where(context.measured[metric], context.metrics[metric], np.nan)
        finite = values[np.isfinite(values)]
        largest = float(np.abs(finite).max(initial=0.0))
        floor = VALUE_FLOOR if largest >= MIN_FLOORED_END else 0.0
        is_fraction = is_accuracy(split_metric(metric)[1]) and bool(((finite >= 0) & (finite <= 1)).all())
        moments, samples = [], len(context.sample_indices)
        for position in map(context.steps.index, steps):
            number, text, note = float(values[position]), "", ""
            fraction = number if is_fraction and not math.isnan(number) else None
            if metric:
                text = format_value(number, floor=floor) if fraction is None else format_percent(fraction, 0)
            if right is not None and metric and self.counts_right:
                note = f"{right[position]} of these {samples}"
            elif right is not None and not metric:
                text, fraction = f"{right[position]} of {samples}", right[position] / samples
            taken_for = () if answers is None else tuple(answers[position].tolist())
            moments.append(Moment(context.steps[position], taken_for, text, fraction, note))
        return moments
