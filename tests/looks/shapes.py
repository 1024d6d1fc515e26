"""Small runs, written without a network, of the shapes that `make looks` records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from reelnet.reel import Run
from reelnet.runs.header import TapKind
from tests.make_run import Bytes, Maps, Shape, write_run
from tests.rendering import photos

STEPS = (0, 1, 2, 5, 12, 30, 60)

THINGS = (
    "golden retriever",
    "hot-air balloon",
    "sunset",
    "sailing boat",
    "mountain bike",
    "lighthouse",
    "snowman",
    "tennis ball",
    "traffic light",
    "forest",
)


def write_shape(folder: Path, shape: str) -> Run:
    """Write the run of a shape into a folder."""
    return write_run(folder / shape, **SHAPES[shape]())


def wander(shape: Shape, step: int, *, low: float = -1.0, seed: int = 0) -> Maps:
    """Maps that become smooth and strong with the steps; with a `low` of 0, half of the values are 0."""
    samples, channels, height, width = shape
    random = np.random.default_rng(seed)
    phase = random.uniform(0, 6, (samples, channels, 1, 1)) + step / 20
    slope = random.uniform(-6, 6, (2, 1, channels, 1, 1))
    y, x = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)
    waves: Maps = np.sin(slope[0] * y + slope[1] * x + phase) * min(1.0, 0.2 + step / 40)
    return np.maximum(waves, low)


def decide(samples: int, classes: int, step: int) -> Maps:
    """Logits (samples, classes, 1, 1): alike at first, right for one sample after the other later."""
    scores = np.random.default_rng(1).normal(0, 0.3, (samples, classes))
    truth = np.arange(samples) % classes
    scores[np.arange(samples), truth] += 5 * np.clip((step - 3 * np.arange(samples)) / 10, 0, 1)
    return scores[:, :, None, None]


def follow(names: tuple[str, ...], step: int) -> Mapping[str, float]:
    """Metrics of a training that goes well."""
    done = step / (step + 10)
    known = {"train_loss": 2.3 * (1 - done) + 0.05, "train_accuracy": 0.1 + 0.9 * done}
    known |= {"test_loss": known["train_loss"] + 0.1, "test_accuracy": known["train_accuracy"] * 0.97}
    known |= {"learning_rate": 1e-3 * (1 - done), "grad_norm": 12 * (1 - done) + 1, "val_top5": 0.9 * done}
    return {name: known[name] for name in names}


ALL = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")


def describe(
    taps: Mapping[str, Shape],
    *,
    pictures: Bytes,
    output: str | None = None,
    classes: tuple[str, ...] = THINGS,
    rectified: bool = False,
    metrics: tuple[str, ...] = ALL,
    labels: bool = True,
    steps: tuple[int, ...] = STEPS,
    kinds: Mapping[str, TapKind] | None = None,
    change: Callable[[int, Maps], Maps] = lambda step, maps: maps,
) -> dict[str, Any]:
    """The arguments of `write_run`.

    Args:
        taps: Shape of each tap.
        pictures: The samples.
        output: The tap of the class scores.
        classes: Names of the classes.
        rectified: Whether values are never negative; otherwise they are those of tanh.
        metrics: Names of the metrics.
        labels: Whether samples have labels, their classes.
        steps: The training steps.
        kinds: The kinds of taps that are not activations.
        change: Changes the maps of a step.
    """
    values: dict[str, Callable[[int], Maps]] = {
        name: partial(_compute, change, shape, rectified=rectified and name not in (kinds or {}))
        for name, shape in taps.items()
    }
    if output is not None:
        samples, count = taps[output][:2]
        values[output] = partial(decide, samples, count)
    return {
        "taps": taps,
        "values": values,
        "pictures": pictures,
        "labels": [classes[number % len(classes)] for number in range(len(pictures))] if labels else None,
        "classes": classes if output is not None else None,
        "bounds": {name: None if rectified or name == output else (-1.0, 1.0) for name in taps},
        "metrics": partial(follow, metrics),
        "steps": steps,
        "kinds": kinds,
    }


def _compute(change: Callable[[int, Maps], Maps], shape: Shape, step: int, *, rectified: bool) -> Maps:
    return change(step, wander(shape, step, low=0.0 if rectified else -1.0))


def _break(step: int, maps: Maps) -> Maps:
    if step > 2:
        maps[2:5, 3] = np.nan
    if step > 10:
        maps[:, 5, 2:4, 2:4] = np.inf
    return maps


def _gray(count: int, height: int = 28, width: int = 28) -> Bytes:
    return photos(count, max(height, width))[:, :height, :width, 0]


DIGITS = tuple("0123456789")
MAPS: dict[str, Shape] = {
    "conv1": (10, 4, 28, 28),
    "conv3": (10, 8, 14, 14),
    "conv6": (10, 16, 7, 7),
    "dense3": (10, 10, 1, 1),
}

SHAPES: dict[str, Callable[[], dict[str, Any]]] = {
    "digits": lambda: describe(MAPS, pictures=_gray(10), output="dense3", classes=DIGITS),
    "pictures": lambda: describe(
        {
            "conv1": (10, 16, 32, 32),
            "relu3": (10, 64, 8, 8),
            "out": (10, 10, 1, 1),
            "conv1.weight": (16, 3, 7, 7),
            "conv1.weight.grad": (16, 3, 7, 7),
        },
        pictures=photos(10),
        output="out",
        rectified=True,
        kinds={"conv1.weight": TapKind.WEIGHT, "conv1.weight.grad": TapKind.GRADIENT},
    ),
    "filters": lambda: describe(
        {"conv1": (10, 32, 32, 32), "out": (10, 10, 1, 1), "conv1.weight": (32, 3, 7, 7)},
        pictures=photos(10),
        output="out",
        kinds={"conv1.weight": TapKind.WEIGHT},
    ),
    "transformer": lambda: describe(
        {"attention": (10, 4, 64, 64), "blocks.1": (10, 48, 8, 8), "head": (10, 10, 1, 1)},
        pictures=photos(10),
        output="head",
    ),
    "series": lambda: describe(
        {"conv1": (4, 16, 1, 96), "conv2": (4, 8, 1, 96), "out": (4, 4, 1, 1)},
        pictures=_gray(4, 1, 96),
        output="out",
        classes=THINGS[:4],
        metrics=ALL[:2],
    ),
    "vectors": lambda: describe(
        {"1": (10, 256, 1, 1), "4": (10, 30, 1, 1), "5": (10, 10, 1, 1)},
        pictures=photos(10, 16),
        output="5",
    ),
    "many": lambda: describe(
        {"conv1": (64, 4, 32, 32), "relu3": (64, 8, 8, 8), "out": (64, 10, 1, 1)},
        pictures=photos(64),
        output="out",
        rectified=True,
    ),
    "single": lambda: describe(
        {"relu2": (1, 1, 16, 16), "out": (1, 10, 1, 1)},
        pictures=photos(1),
        output="out",
        rectified=True,
        metrics=ALL[:1],
    ),
    "large": lambda: describe(
        {
            "conv1": (3, 64, 55, 55),
            "conv2": (3, 96, 27, 27),
            "conv3": (3, 128, 13, 13),
            "classifier": (3, 1000, 1, 1),
        },
        pictures=photos(3, 224),
        output="classifier",
        classes=(*THINGS, *(f"class {number}" for number in range(10, 1000))),
        rectified=True,
        metrics=ALL[:1],
    ),
    "oblong": lambda: describe(
        {"1": (8, 8, 16, 64), "4": (8, 12, 8, 32), "6": (8, 4, 1, 1)},
        pictures=_gray(8, 16, 64),
        output="6",
        classes=THINGS[:4],
    ),
    "logsteps": lambda: describe(
        {"layer4.1.conv2": (10, 16, 8, 8)},
        pictures=photos(10),
        rectified=True,
        metrics=("train_loss", "learning_rate", "grad_norm", "val_top5"),
        steps=(0, 1, 10, 100, 1_000, 10_000, 100_000),
    ),
    "gaps": lambda: describe(
        {"relu3": (10, 12, 8, 8)},
        pictures=photos(10),
        rectified=True,
        metrics=ALL[:1],
        change=_break,
    ),
    "ends": lambda: describe(
        {"conv6": MAPS["conv6"], "dense3": MAPS["dense3"]},
        pictures=_gray(10),
        output="dense3",
        classes=DIGITS,
        steps=(0, 290),
    ),
    "still": lambda: describe(
        {"conv6": MAPS["conv6"], "dense3": MAPS["dense3"]},
        pictures=_gray(10),
        output="dense3",
        classes=DIGITS,
        steps=(290,),
    ),
    "bare": lambda: describe(
        {"relu3": (10, 16, 8, 8)}, pictures=photos(10), rectified=True, metrics=(), labels=False
    ),
    "three": lambda: describe(
        {"relu2": (3, 64, 16, 16), "out": (3, 10, 1, 1)}, pictures=photos(3), output="out", rectified=True
    ),
}
