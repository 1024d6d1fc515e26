"""What the names of metrics say: data set and kind; and which charts, titles, labels and colors follow from them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

import numpy as np

from reelnet.render.panels.charts.axis import limit_magnitude
from reelnet.scene.context import SceneContext

MAX_DEFAULT_CHARTS = 2
"""Charts that are chosen if the author names no metrics."""
DATASET_PREFIXES = ("train", "test", "val", "valid", "validation")
SETTING = re.compile(
    r"(^|[^a-z])(lr|learning[ _-]?rate|momentum|weight[ _-]?decay|beta\d?|temperature|batch[ _-]?size|epoch)"
    r"($|[^a-z])"
)
"""Metrics that are settings of the training."""
DATASET_PHRASES = {"train": "in training", "test": "in tests"} | dict.fromkeys(
    ("val", "valid", "validation"), "in validation"
)


def choose_charts(context: SceneContext, excluded: Sequence[str] = ()) -> list[list[str]]:
    """Choose the charts of a run: loss first, then accuracy, then other metrics; training sets first.

    Settings of the training, such as the learning rate, come last.
    """
    kinds: dict[str, list[str]] = {}
    for name, values in context.metrics.items():
        if name not in excluded and np.isfinite(limit_magnitude(values)).any():
            kinds.setdefault(split_metric(name)[1], []).append(name)
    ranked = sorted(kinds, key=lambda kind: (kind != "loss", not is_accuracy(kind), is_setting(kind)))
    return [sorted(kinds[kind], key=is_held_out) for kind in ranked[:MAX_DEFAULT_CHARTS]]


def choose_strip(context: SceneContext) -> list[str]:
    """Choose the metrics of a strip: the accuracies, or else the first chart's."""
    charts = choose_charts(context)
    accuracies = [group for group in charts if is_accuracy(split_metric(group[0])[1])]
    return next(iter([*accuracies, *charts]), [])


def is_setting(kind: str) -> bool:
    """Whether a kind of metric is a setting of the optimizer rather than a result."""
    return SETTING.search(kind) is not None


def describe_dataset(name: str) -> str:
    """What a metric was measured on, as far as its name tells: `in tests`; empty if it does not."""
    return DATASET_PHRASES.get(split_metric(name)[0], "")


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
    candidates = itertools.chain(
        range(2, color_count), range(min(2, color_count)), itertools.count(color_count)
    )
    remaining = (index for index in candidates if index not in assigned.values())
    return [assigned[name] if name in assigned else next(remaining) for name in names]
