"""Runs of every shape that templates must cope with: small trainings, and runs made of their values.

Each is recorded once, in seconds, and kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import reelnet
from looks.pictures import CLASSES, WAVES, draw_pictures, draw_strokes, draw_waves

ROOT = Path(__file__).parents[2]

RUNS = ROOT / "renders" / "looks" / "runs"
"""Where the runs are kept."""

STROKES = ("one stroke", "two strokes", "three strokes", "four strokes")
"""Names of the classes of oblong pictures."""

DEMO_STEPS = 290
"""The steps of `reelnet demo`."""

LAST_STEP = 100_000
"""The last step of the run whose steps are spaced as logarithms."""


def find_run(shape: str, folder: Path = RUNS) -> Path:
    """The folder of a run, which is recorded first if it does not exist.

    Args:
        shape: A key of `SHAPES`.
        folder: Where the runs are kept.
    """
    if shape == "digits" and _is_demo(ROOT / "runs" / "demo"):
        return ROOT / "runs" / "demo"
    path = folder / shape
    if not path.exists():
        unfinished = folder / f".{shape}"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        folder.mkdir(parents=True, exist_ok=True)
        SHAPES[shape](unfinished)
        unfinished.rename(path)
    return path


def _is_demo(path: Path) -> bool:
    """Whether a folder has the demo's run, in full and with what its network says."""
    if not (path / "run.json").exists():
        return False
    run = reelnet.open(path)
    return "dense3" in run.taps and run.steps[-1:] == [DEMO_STEPS]


def _record_digits(path: Path) -> None:
    """The demo: ten digits in gray, six layers with tanh."""
    from reelnet.demo.training import Recipe, train

    train(path, Recipe(steps=DEMO_STEPS, layers=("conv?", "dense3")))


def _record_pictures(path: Path) -> None:
    """Ten color pictures with long names; ReLU, up to 64 channels, filters and gradients."""
    from looks.networks import PictureNetwork, Training
    from reelnet import Tap

    taps = ["conv1", "relu1", "relu2", "relu3", "out", "conv1.weight", Tap.grad("conv1"), "conv2.weight"]
    about = {"model": "a small network", "data": "things"}
    _build(
        lambda: Training(PictureNetwork((16, 64, 64)), *_draw(10, 32), CLASSES, taps, steps=80, about=about),
        path,
    )


def _record_filters(path: Path) -> None:
    """Ten color pictures, and 32 filters of 7 × 7 pixels that begin as faint noise."""
    from looks.networks import FilterNetwork, Training

    taps = ["conv1", "out", "conv1.weight"]
    _build(lambda: Training(FilterNetwork(), *_draw(10, 32), CLASSES, taps, steps=120, lr=1e-2), path)


def _record_transformer(path: Path) -> None:
    """Ten color pictures for a transformer: tokens and attention."""
    from looks.networks import PatchTransformer, Training
    from reelnet import Tap

    taps = ["patch", "blocks.0", "blocks.1", Tap.attention("blocks.*.self_attn"), "head"]
    _build(
        lambda: Training(PatchTransformer(), *_draw(10, 32), CLASSES, taps, steps=80),
        path,
    )


def _record_series(path: Path) -> None:
    """Four series of 96 values."""
    from looks.networks import SeriesNetwork, Training

    data, test, samples = (draw_waves(count, 96, seed) for count, seed in ((600, 1), (100, 2), (4, 3)))
    _build(
        lambda: Training(
            SeriesNetwork(),
            data,
            test,
            samples,
            WAVES,
            ["conv1", "conv2", "out"],
            steps=60,
            lr=1e-2,
            metrics=("train_loss", "train_accuracy"),
        ),
        path,
    )


def _record_vectors(path: Path) -> None:
    """A network of dense layers."""
    from looks.networks import Training, build_dense_network

    taps = ["1", "2", "4", "5"]
    _build(lambda: Training(build_dense_network(), *_draw(10, 16), CLASSES, taps, steps=60), path)


def _record_many(path: Path) -> None:
    """64 samples."""
    from looks.networks import PictureNetwork, Training

    taps = ["conv1", "relu2", "relu3", "out"]
    _build(lambda: Training(PictureNetwork((4, 16, 8)), *_draw(64, 32), CLASSES, taps, steps=40), path)


def _record_single(path: Path) -> None:
    """One sample, and one channel of 1 × 1 in the last layer before the scores."""
    from looks.networks import PictureNetwork, Training

    taps = ["conv1", "relu2", "out"]
    _build(lambda: Training(PictureNetwork((1, 1, 8)), *_draw(1, 32), CLASSES, taps, steps=40), path)


def _record_large(path: Path) -> None:
    """Three pictures of 224 × 224 pixels, maps of up to 55 × 55, and 1000 classes."""
    from looks.networks import LargeNetwork, Training

    names = [*CLASSES, *(f"class {number}" for number in range(len(CLASSES), 1000))]
    data, samples = draw_pictures(40, 224, 1), draw_pictures(3, 224, 3)
    _build(
        lambda: Training(
            LargeNetwork(),
            data,
            data,
            samples,
            names,
            ["conv1", "conv2", "conv3", "classifier"],
            steps=12,
            batch=10,
            metrics=("train_loss",),
        ),
        path,
    )


def _record_oblong(path: Path) -> None:
    """Eight gray pictures of 64 × 16 pixels."""
    from looks.networks import Training, build_oblong_network

    data, test, samples = (draw_strokes(count, 16, 64, seed) for count, seed in ((400, 1), (100, 2), (8, 3)))
    _build(
        lambda: Training(build_oblong_network(), data, test, samples, STROKES, ["1", "4", "6"], steps=50),
        path,
    )


def _derive_log_steps(path: Path) -> None:
    """Steps spaced as logarithms, up to 100,000, and four metrics."""
    run = reelnet.open(find_run("pictures", path.parent))
    count = 40
    spaced = np.geomspace(1, LAST_STEP, count - 1).round().astype(int)
    steps = [0, *np.maximum.accumulate(spaced + np.arange(count - 1) * (spaced < count))]
    steps[-1] = LAST_STEP
    time = np.linspace(0, 1, count)
    wiggle = np.random.default_rng(0).normal(0, 0.02, count)
    metrics = {
        "train_loss": 6.9 * np.exp(-4 * time) + 0.8 + wiggle,
        "learning_rate": 5e-4 * (1 + np.cos(np.pi * time)),
        "grad_norm": 12 * np.exp(-5 * time) + 1 + abs(wiggle) * 10,
        "val_top5": 0.95 - 0.9 * np.exp(-3 * time),
    }
    _write_part(path, run, steps=steps, taps={"layer4.1.conv2": "relu3"}, metrics=metrics, channels=16)


def _derive_gaps(path: Path) -> None:
    """Values that are NaN or infinite in the middle of the training, and a metric with NaN."""
    run = reelnet.open(find_run("pictures", path.parent))
    values = run.read("relu3")[:, :, :12].astype(np.float32)
    values[len(values) // 3 :, 2:5, 3] = np.nan
    values[len(values) // 2 :, :, 5, 2:4, 2:4] = np.inf
    loss = run.metrics["train_loss"].copy()
    loss[20:30] = np.nan
    _write_part(path, run, taps={"relu3": values}, metrics={"train_loss": loss})


def _derive_ends(path: Path) -> None:
    """The first and the last step of the digits."""
    run = reelnet.open(find_run("digits", path.parent))
    _write_part(
        path, run, positions=[0, -1], taps={"conv6": "conv6", "dense3": "dense3"}, metrics=run.metrics
    )


def _derive_still(path: Path) -> None:
    """The last step of the digits."""
    run = reelnet.open(find_run("digits", path.parent))
    _write_part(path, run, positions=[-1], taps={"conv6": "conv6", "dense3": "dense3"}, metrics=run.metrics)


def _derive_bare(path: Path) -> None:
    """No metrics, no labels, no scores."""
    run = reelnet.open(find_run("pictures", path.parent))
    reelnet.write_run(
        path, steps=run.steps, samples=run.samples, taps={"relu3": run.read("relu3")[:, :, :16]}
    )


def _derive_three(path: Path) -> None:
    """Three samples, 64 channels."""
    run = reelnet.open(find_run("pictures", path.parent))
    _write_part(path, run, taps={"relu2": "relu2", "out": "out"}, metrics=run.metrics, samples=3)


def _write_part(
    path: Path,
    run: reelnet.Run,
    *,
    taps: dict[str, Any],
    metrics: Any,
    steps: Any = None,
    positions: list[int] | None = None,
    samples: int | None = None,
    channels: int | None = None,
) -> None:
    """Write a part of a run as a run.

    Args:
        path: The run to write.
        run: The run to take values from.
        taps: By the new name, the tap of `run`, or its values.
        metrics: The values of each metric at the steps of `run`, or at `steps`.
        steps: New numbers for steps at even distances; by default the steps of `run`, or those at `positions`.
        positions: Which steps of `run`, as positions.
        samples: How many samples.
        channels: How many channels.
    """
    count = len(run.steps)
    if positions is None:
        positions = (
            list(range(count))
            if steps is None
            else np.linspace(0, count - 1, len(steps)).astype(int).tolist()
        )
    arrays = {name: run.read(tap) if isinstance(tap, str) else tap for name, tap in taps.items()}
    reelnet.write_run(
        path,
        steps=[run.steps[position] for position in positions] if steps is None else steps,
        samples=run.samples[:samples],
        taps={name: array[positions][:, :samples, :channels] for name, array in arrays.items()},
        metrics=metrics if steps is not None else {name: each[positions] for name, each in metrics.items()},
        labels=list(run.labels or ())[:samples],
        classes=run.classes
        if any(array.shape[2] == len(run.classes or ()) for array in arrays.values())
        else None,
    )


def _draw(samples: int, side: int) -> tuple[Any, Any, Any]:
    """A training set, a test set and samples of color pictures."""
    return draw_pictures(600, side, 1), draw_pictures(150, side, 2), draw_pictures(samples, side, 3)


def _build(make: Callable[[], Any], path: Path) -> None:
    """Make a training with the same random weights each time, and record it."""
    import torch

    torch.manual_seed(0)
    make().record(path)


SHAPES: dict[str, Callable[[Path], None]] = {
    "digits": _record_digits,
    "pictures": _record_pictures,
    "filters": _record_filters,
    "transformer": _record_transformer,
    "series": _record_series,
    "vectors": _record_vectors,
    "many": _record_many,
    "single": _record_single,
    "large": _record_large,
    "oblong": _record_oblong,
    "logsteps": _derive_log_steps,
    "gaps": _derive_gaps,
    "ends": _derive_ends,
    "still": _derive_still,
    "bare": _derive_bare,
    "three": _derive_three,
}
"""What records the run of each shape."""
