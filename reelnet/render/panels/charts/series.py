"""Metrics as the series of charts: which share a chart, their labels, and their colors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.errors import suggest_names
from reelnet.render.panels.charts.axis import MAX_MAGNITUDE, MIN_MAGNITUDE, Axis
from reelnet.scene.context import SceneContext

MAX_DEFAULT_CHARTS = 2
"""Charts that are chosen if the author names no metrics."""
DATASET_PREFIXES = ("train", "test", "val", "valid", "validation")


@dataclass(frozen=True)
class Series:
    """One metric in its chart.

    Attributes:
        label: Its name in the legend; empty if the chart's title is enough.
        values: One per recorded step, NaN if there is none, infinite beyond what an axis can show.
        latest: For each recorded step the latest known value, NaN before the first.
        measured_steps: For each recorded step the step of the latest value, −1 before the first; None if every step
            from the first value on has one.
        color_index: Its number among the theme's curve colors; higher numbers repeat the colors, dashed.
        held_out: Whether it is from a test or validation set.
        axis: The axis of its values.
    """

    label: str
    values: NDArray[np.float64]
    latest: NDArray[np.float64]
    measured_steps: tuple[int, ...] | None
    color_index: int
    held_out: bool
    axis: Axis


@dataclass(frozen=True)
class Chart:
    """Metrics over the same steps.

    Attributes:
        title: For example `Loss`; empty for none.
        series: In the order of the legend.
        left_axis: The axis on the left.
        right_axis: The axis on the right, or None.
    """

    title: str
    series: Sequence[Series]
    left_axis: Axis
    right_axis: Axis | None


def require_metrics(context: SceneContext, option: str, names: Iterable[str]) -> None:
    """Check that metrics were recorded.

    Args:
        context: The run.
        option: The option that names them: a list, or a map with their names as keys.
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


def choose_charts(context: SceneContext, excluded: Sequence[str] = ()) -> list[list[str]]:
    """Choose the charts of a run: loss first, then accuracy, then other metrics; training sets first."""
    kinds: dict[str, list[str]] = {}
    for name, values in context.metrics.items():
        if name not in excluded and np.isfinite(limit_magnitude(values)).any():
            kinds.setdefault(split_metric(name)[1], []).append(name)
    ranked = sorted(kinds, key=lambda kind: (kind != "loss", not is_accuracy(kind)))
    return [sorted(kinds[kind], key=is_held_out) for kind in ranked[:MAX_DEFAULT_CHARTS]]


def split_metric(name: str) -> tuple[str, str]:
    """Split a metric's name into dataset and kind: `test_loss` is (test, loss)."""
    for prefix in DATASET_PREFIXES:
        for separator in "_/.":
            if name.lower().startswith(prefix + separator):
                return prefix, name[len(prefix) + 1 :].lower()
    return "", name.lower()


def is_held_out(name: str) -> bool:
    """Whether a metric is from a test or validation set."""
    return split_metric(name)[0] not in ("", "train")


def is_accuracy(kind: str) -> bool:
    """Whether a kind of metric is an accuracy."""
    return kind in ("accuracy", "acc")


def choose_title(names: Sequence[str]) -> str:
    """A title for the metrics of a chart; empty if they are of more than two kinds."""
    kinds = list(dict.fromkeys(split_metric(name)[1] for name in names))
    title = " and ".join({"acc": "accuracy"}.get(kind, to_words(kind)) for kind in kinds)
    return title[:1].upper() + title[1:] if len(kinds) <= 2 else ""


def choose_labels(names: Sequence[str], given: Mapping[str, str]) -> list[str]:
    """Legend labels: the author's, or the datasets if the title says the rest.

    Args:
        names: The metrics of the chart.
        given: The author's labels, by metric.
    """
    parts = [split_metric(name) for name in names]
    if len({kind for _, kind in parts}) > 1 or len(set(parts)) < len(parts):
        defaults = [to_words(name) for name in names]
    elif len(names) == 1:
        defaults = [parts[0][0]]
    else:
        defaults = [prefix or to_words(kind) for prefix, kind in parts]
    return [" ".join(given.get(name, label).split()) for name, label in zip(names, defaults, strict=True)]


def to_words(name: str) -> str:
    """A metric's name in words, on one line."""
    return " ".join(name.replace("_", " ").split())


def assign_colors(names: Sequence[str], color_count: int) -> list[int]:
    """A color index for each metric of a chart: 0 is for training sets, 1 for held-out sets, others follow."""
    assigned: dict[str, int] = {}
    for name in names:
        role = int(is_held_out(name))
        if role < color_count and role not in assigned.values():
            assigned[name] = role
    spare = [
        index
        for index in (*range(2, color_count), 0, 1)
        if index < color_count and index not in assigned.values()
    ]
    remaining = chain(spare, count(color_count))
    return [assigned[name] if name in assigned else next(remaining) for name in names]


def limit_magnitude(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace values that are too large for an axis with infinity, and those that are too small with 0."""
    magnitude = np.abs(values)
    signed_infinity = np.copysign(np.inf, values)
    return np.where(
        magnitude > MAX_MAGNITUDE, signed_infinity, np.where(magnitude < MIN_MAGNITUDE, 0.0, values)
    )


def fill_forward(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each position the latest value up to it that is not NaN."""
    known = find_latest(~np.isnan(values))
    return np.where(known >= 0, values[np.maximum(known, 0)], np.nan)


def find_measured_steps(values: NDArray[np.float64], steps: Sequence[int]) -> tuple[int, ...] | None:
    """The steps of the latest values; see `Series.measured_steps`."""
    known = ~np.isnan(values)
    if not known.any() or known[np.argmax(known) :].all():
        return None
    return tuple(steps[index] if index >= 0 else -1 for index in find_latest(known).tolist())


def find_latest(known: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For each position the last known position up to it, −1 before the first."""
    latest: NDArray[np.intp] = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
    return latest
