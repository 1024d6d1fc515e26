"""Events of a training at which a caption begins: when answers become right, or a metric gets where it stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import suggest_names
from reelnet.render.panels.charts.metric_names import split_metric
from reelnet.scene.class_scores import count_right
from reelnet.scene.context import SceneContext

METRIC_SHARE = re.compile(r"(?P<metric>\S.*?) +(?P<percent>\d{1,2}(\.\d{1,4})?|100) ?%")
"""Such as `test_accuracy 90%`."""

RIGHT_SAMPLES: Mapping[str, Callable[[int], int]] = {
    "first_correct": lambda _samples: 1,
    "half_correct": lambda samples: -(-samples // 2),
    "all_correct": lambda samples: samples,
}
"""How many of the shown samples must be right, by event."""

LOSS_HALVED = "loss_halved"


@dataclass(frozen=True)
class TrainingEvent:
    """A condition that holds from some step until the end of the recording.

    Attributes:
        name: `first_correct`, `half_correct`, `all_correct`, `loss_halved`, or the name of a metric.
        share: The least value of the metric, 0 to 1; None for the other events.
    """

    name: str
    share: float | None = None

    @classmethod
    def parse(cls, text: str) -> TrainingEvent:
        """Parse an event.

        Raises:
            ValueError: There is no such event.
        """
        if text in RIGHT_SAMPLES or text == LOSS_HALVED:
            return cls(text)
        if found := METRIC_SHARE.fullmatch(text):
            return cls(found["metric"], float(found["percent"]) / 100)
        known = [*RIGHT_SAMPLES, LOSS_HALVED]
        raise ValueError(
            f"no event {text!r}; give {', '.join(known)}, or a metric with a share: accuracy 90%"
        )

    def find_step(self, context: SceneContext) -> int:
        """The first recorded step from which the condition holds until the end.

        Raises:
            ValueError: It never holds, not until the end, or already at the first recorded step; or data is missing.
        """
        held, steps = self._find_held(context)
        if not held[-1]:
            when = (
                "at no step"
                if not held.any()
                else f"at step {steps[int(np.argmax(held))]}, but not until the end"
            )
            raise ValueError(f"{self.describe()} holds {when}; remove the caption, or begin it at a step")
        first = len(held) - int(np.argmin(held[::-1])) if not held.all() else 0
        if first == 0:
            raise ValueError(
                f"{self.describe()} holds from the first recorded step; begin the caption at a step"
            )
        return steps[first]

    def describe(self) -> str:
        """The event as the author writes it."""
        return self.name if self.share is None else f"{self.name} {100 * self.share:g}%"

    def _find_held(self, context: SceneContext) -> tuple[NDArray[np.bool_], list[int]]:
        """Whether the condition holds at each step with data, and these steps."""
        if self.name in RIGHT_SAMPLES and self.share is None:
            needed = RIGHT_SAMPLES[self.name](len(context.sample_indices))
            return count_right(context) >= needed, list(context.steps)
        metric = find_metric(context, "loss" if self.share is None else self.name)
        values, measured = context.metrics[metric], context.measured[metric]
        steps = [step for step, known in zip(context.steps, measured, strict=True) if known]
        known = values[measured]
        if self.share is None:
            if not known[0] > 0:
                raise ValueError(f"metric {metric!r} begins at {known[0]:.4g}, which cannot be halved")
            return known <= known[0] / 2, steps
        finite = known[np.isfinite(known)]
        if ((finite < 0) | (finite > 1)).any():
            raise ValueError(
                f"metric {metric!r} has values from {finite.min():.4g} to {finite.max():.4g}, so it is not a share; "
                "shares are 0 to 1"
            )
        return known >= self.share, steps


def find_metric(context: SceneContext, name: str) -> str:
    """The metric of that name, or of that kind if there is only one; for a loss, that of the training.

    Raises:
        ValueError: There is none, or several.
    """
    measured = [each for each in context.metrics if context.measured[each].any()]
    if name in measured:
        return name
    of_kind = [each for each in measured if split_metric(each)[1] == name.lower()]
    if name == "loss":
        of_kind = [each for each in of_kind if split_metric(each)[0] in ("", "train")] or of_kind
    if not of_kind:
        raise ValueError(
            f"no metric {name!r}; {suggest_names(name, measured)}" if measured else "the run has no metrics"
        )
    if len(of_kind) > 1:
        raise ValueError(f"{name!r} may be {' or '.join(of_kind)}; give the full name")
    return of_kind[0]
