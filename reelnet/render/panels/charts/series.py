"""Metrics as charts: which belong together, under which names, in which colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.errors import suggest_names
from reelnet.render.panels.charts.axis import LARGEST, SMALLEST, Axis
from reelnet.scene.context import SceneContext

MOST = 2
"""Charts that are chosen where the author names no metrics."""
SETS = ("train", "test", "val", "valid", "validation")
"""What a metric's name can begin with."""


@dataclass(frozen=True)
class Series:
    """One metric in its chart.

    Attributes:
        label: What the legend calls it; empty if the chart's title says all.
        values: One a recorded step, NaN where there is none, infinite beyond what an axis can span.
        last: For each recorded step the latest value known by then, NaN before the first.
        measured: For each recorded step that of the latest value, −1 before the first; None where every step from the
            first value on has one.
        tone: Its number among the theme's colours of curves; beyond them they begin anew, in dashes.
        held: Of a test or validation set.
        axis: Where its values stand.
    """

    label: str
    values: NDArray[np.float64]
    last: NDArray[np.float64]
    measured: tuple[int, ...] | None
    tone: int
    held: bool
    axis: Axis


@dataclass(frozen=True)
class Chart:
    """Metrics over the same steps.

    Attributes:
        title: `Loss`, say; empty for none.
        series: In the order of the legend.
        left: The axis on the left.
        right: The axis on the right, or None.
    """

    title: str
    series: Sequence[Series]
    left: Axis
    right: Axis | None


def require(context: SceneContext, option: str, names: Iterable[str]) -> None:
    """Make sure that metrics were recorded.

    Args:
        context: The run.
        option: That names them: a list, or a map by their names.
        names: As the author wrote them.

    Raises:
        OptionError: Some were not.
    """
    errors = ErrorCollector()
    for number, name in enumerate(names):
        with errors.collect(option, name if isinstance(names, Mapping) else number):
            if name not in context.metrics:
                raise OptionError(f"no metric {name!r}; {suggest_names(name, context.metrics)}")
    errors.raise_errors()


def automatic(context: SceneContext, without: Sequence[str] = ()) -> list[list[str]]:
    """The charts of a run: loss first, then accuracy, then other metrics while there is room; train first."""
    kinds: dict[str, list[str]] = {}
    for name, values in context.metrics.items():
        if name not in without and np.isfinite(bounded(values)).any():
            kinds.setdefault(split(name)[1], []).append(name)
    ranked = sorted(kinds, key=lambda kind: (kind != "loss", not is_accuracy(kind)))
    return [sorted(kinds[kind], key=held) for kind in ranked[:MOST]]


def split(name: str) -> tuple[str, str]:
    """A metric's name as set and kind: `test_loss` is (test, loss)."""
    for prefix in SETS:
        for mark in "_/.":
            if name.lower().startswith(prefix + mark):
                return prefix, name[len(prefix) + 1 :].lower()
    return "", name.lower()


def held(name: str) -> bool:
    """Whether a metric is of a test or validation set."""
    return split(name)[0] not in ("", "train")


def is_accuracy(kind: str) -> bool:
    """Whether values of a kind are shares of what is right."""
    return kind in ("accuracy", "acc")


def titled(names: Sequence[str]) -> str:
    """What one or two kinds of metrics are called together; empty for more."""
    kinds = list(dict.fromkeys(split(name)[1] for name in names))
    title = " and ".join({"acc": "accuracy"}.get(kind, readable(kind)) for kind in kinds)
    return title[:1].upper() + title[1:] if len(kinds) <= 2 else ""


def labelled(names: Sequence[str], given: Mapping[str, str]) -> list[str]:
    """What the legend calls metrics: the author's name, or their set if the title says the rest."""
    parts = [split(name) for name in names]
    if len({kind for _, kind in parts}) > 1 or len(set(parts)) < len(parts):
        usual = [readable(name) for name in names]
    elif len(names) == 1:
        usual = [parts[0][0]]
    else:
        usual = [prefix or readable(kind) for prefix, kind in parts]
    return [" ".join(given.get(name, label).split()) for name, label in zip(names, usual, strict=True)]


def readable(name: str) -> str:
    """A metric's name in words, on one line."""
    return " ".join(name.replace("_", " ").split())


def tones(names: Sequence[str], colours: int) -> list[int]:
    """A colour's number for each metric of a chart: 0 is of training sets, 1 of test sets, others follow."""
    found: dict[str, int] = {}
    for name in names:
        role = int(held(name))
        if role < colours and role not in found.values():
            found[name] = role
    spare = [tone for tone in (*range(2, colours), 0, 1) if tone < colours and tone not in found.values()]
    further = chain(spare, count(colours))
    return [found[name] if name in found else next(further) for name in names]


def bounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values, infinite or 0 where no axis could span them."""
    size = np.abs(values)
    return np.where(size > LARGEST, np.copysign(np.inf, values), np.where(size < SMALLEST, 0.0, values))


def carried(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each position the latest value up to it that is not NaN."""
    known = latest(~np.isnan(values))
    return np.where(known >= 0, values[np.maximum(known, 0)], np.nan)


def measured(values: NDArray[np.float64], steps: Sequence[int]) -> tuple[int, ...] | None:
    """See `Series.measured`."""
    known = ~np.isnan(values)
    if not known.any() or known[np.argmax(known) :].all():
        return None
    return tuple(steps[at] if at >= 0 else -1 for at in latest(known).tolist())


def latest(known: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For each position the last one up to it that is known, −1 before the first."""
    found: NDArray[np.intp] = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
    return found
