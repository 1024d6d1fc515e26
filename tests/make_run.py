"""Runs to test with, written without a network: `write_run`, and arrays to fill them with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reelnet.reel import Reel, Run
from reelnet.runs.header import TapInfo, TapKind
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter

Maps = NDArray[Any]
Floats = NDArray[np.floating[Any]]
Bytes = NDArray[np.uint8]
Shape = tuple[int, int, int, int]
Range = tuple[float, float]
MakeRun = Callable[..., Run]

TANH = (-1.0, 1.0)

CONV1: Mapping[str, Shape] = {"conv1": (3, 2, 4, 4)}


class PlainRun(Run):
    """A run whose reels have a density of 1 unless a test asks for another: tests count pixels."""

    def reel(self, *args: Any, density: int | None = 1, **options: Any) -> Reel:
        """Lay out the run; see `Run.reel`."""
        return super().reel(*args, density=density, **options)


def write_run(
    path: Path,
    taps: Maps | Mapping[str, Maps] | Mapping[str, Shape] = CONV1,
    *,
    values: Mapping[str, Callable[[int], Maps]] | None = None,
    layer: str = "conv1",
    steps: Iterable[int] | None = None,
    metrics: Callable[[int], Mapping[str, float]] | Mapping[str, Sequence[float | None]] | None = None,
    bounds: Range | Mapping[str, Range | None] | Literal["auto"] | None = "auto",
    kinds: Mapping[str, TapKind] | None = None,
    dtype: str = "float32",
    pictures: Bytes | None = None,
    color: bool = False,
    side: int = 6,
    labels: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    class_output: str | None = None,
    about: Mapping[str, Any] | None = None,
) -> Run:
    """Write a run and open it.

    A run of arrays suits tests of rendering: gray pictures, no labels, values from -1 to 1. A run of shapes suits
    tests of reading: random pictures, numbered labels, and random normal values without bounds.

    Args:
        path: The run folder to write.
        taps: The array (steps, samples, channels, height, width) of `layer`, or of each tap by name; or the shape
            (samples, channels, height, width) of each tap by name.
        values: For a tap of `taps` given as shape: the array of a step.
        layer: The name of the tap of a single array.
        steps: The training steps; by default they count from 0. Runs of shapes have five.
        metrics: The metrics of a step; or the values of each metric, with None where a step has none.
        bounds: The possible values of all taps, or of each tap by name; by default (-1, 1) for arrays only.
        kinds: The kinds of taps that are not activations; the first activation determines the number of samples.
        dtype: The type of the values of shapes; arrays keep their own.
        pictures: The samples, uint8 (samples, height, width) or (samples, height, width, 3).
        color: Whether random pictures are RGB.
        side: Height and width of random pictures.
        labels: One label per sample.
        classes: Names of the classes.
        class_output: The tap that gives the class scores; by default the only one that can.
        about: Free-form facts.
    """
    arrays, shapes = _split_taps(taps, layer)
    infos = {name: (array.shape[1:], array.dtype.name) for name, array in arrays.items()}
    infos |= {name: (shape, dtype) for name, shape in shapes.items()}
    kinds = kinds or {}
    count = next(shape[0] for name, (shape, _) in infos.items() if name not in kinds)
    if pictures is None:
        pictures = gray_pictures(count) if arrays else random_pictures(count, side, color=color)
    if shapes and labels is None:
        labels = tuple(map(str, range(count)))
    if bounds == "auto":
        bounds = TANH if arrays else None
    length = 5 if shapes else len(next(iter(arrays.values())))
    with RunWriter(
        path,
        taps={
            name: TapInfo(
                shape,
                array_dtype,
                bounds.get(name) if isinstance(bounds, Mapping) else bounds,
                kind=kinds.get(name, TapKind.ACTIVATION),
            )
            for name, (shape, array_dtype) in infos.items()
        },
        inputs=(np.moveaxis(pictures, 3, 1) if pictures.ndim == 4 else pictures[:, None]).astype(np.float32)
        / 255,
        pictures=pictures,
        labels=None if labels is None else tuple(labels),
        classes=None if classes is None else tuple(classes),
        class_output=class_output,
        about=about,
    ) as writer:
        for position, step in enumerate(range(length) if steps is None else steps):
            snapshot = {name: array[position] for name, array in arrays.items()}
            for name, shape in shapes.items():
                made = values[name](step) if values and name in values else default_maps(step, name, shape)
                snapshot[name] = np.asarray(made, dtype)
            writer.commit(Snapshot(step, snapshot, _select_metrics(metrics, position, step)))
    return PlainRun(path)


def _split_taps(
    taps: Maps | Mapping[str, Maps] | Mapping[str, Shape], layer: str
) -> tuple[dict[str, Maps], dict[str, Shape]]:
    """The taps given as arrays and those given as shapes."""
    if not isinstance(taps, Mapping):
        return {layer: taps}, {}
    arrays = {name: tap for name, tap in taps.items() if isinstance(tap, np.ndarray)}
    return arrays, {name: tap for name, tap in taps.items() if isinstance(tap, tuple)}


def _select_metrics(
    metrics: Callable[[int], Mapping[str, float]] | Mapping[str, Sequence[float | None]] | None,
    position: int,
    step: int,
) -> Mapping[str, float]:
    if metrics is None:
        return {}
    if callable(metrics):
        return metrics(step)
    known = {name: values[position] for name, values in metrics.items()}
    return {name: value for name, value in known.items() if value is not None}


def default_maps(step: int, name: str, shape: tuple[int, ...]) -> Maps:
    """What `write_run` writes for a tap given as shape, before the cast to its dtype."""
    return np.random.default_rng([step, *name.encode()]).normal(size=shape)


def noise(steps: int, samples: int, channels: int, height: int, width: int | None = None) -> Floats:
    """Random maps between -1 and 1, which differ in every step."""
    shape = (steps, samples, channels, height, width if width is not None else height)
    return np.random.default_rng(3).uniform(-1, 1, shape).astype(np.float32)


def gray_pictures(count: int, side: int = 28) -> Bytes:
    """Gradients (count, side, side) in three shades on white paper, which is blank at the top, as digits have it."""
    slope = np.linspace(0, 170, side)
    pictures = np.stack([np.add.outer(slope, slope) / 2 + 40 * (n % 3) for n in range(count)]).astype(
        np.uint8
    )
    pictures[:, : side // 5], pictures[:, -1:], pictures[:, :, :1], pictures[:, :, -1:] = 255, 255, 255, 255
    return pictures


def random_pictures(count: int, side: int, *, color: bool = False) -> Bytes:
    """Random pictures, (count, side, side) or (count, side, side, 3)."""
    shape = (count, side, side, 3) if color else (count, side, side)
    return np.random.default_rng(99).integers(0, 256, shape, dtype=np.uint8)
