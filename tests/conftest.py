"""Runs to test with: one really recorded, and any number written straight to disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.reel import Run
from reelnet.runs.header import TapInfo
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter

Maps = NDArray[Any]
MakeRun = Callable[..., Run]


def write_run(
    path: Path,
    *,
    taps: Mapping[str, tuple[int, int, int, int]] | None = None,
    values: Mapping[str, Callable[[int], Maps]] | None = None,
    steps: Iterable[int] = range(5),
    metrics: Callable[[int], Mapping[str, float]] | None = None,
    bounds: Mapping[str, tuple[float, float] | None] | None = None,
    dtype: str = "float32",
    color: bool = False,
    side: int = 6,
    labels: tuple[str, ...] | None = None,
    about: Mapping[str, Any] | None = None,
) -> Run:
    """Write a run without a network and open it.

    Args:
        path: The folder to make.
        taps: Shape (samples, channels, height, width) by name; `conv1` of 3×2×4×4 by default.
        values: For a tap the array of a step; reproducible normal numbers by default.
        steps: The steps to commit.
        metrics: The metrics of a step; none by default.
        bounds: What a tap's values can be at all, (low, high).
        dtype: numpy's name of the values' type.
        color: Whether the samples are RGB pictures.
        side: Height and width of the samples' pictures.
        labels: One a sample; the sample's number by default.
        about: Free facts.
    """
    shapes = dict(taps or {"conv1": (3, 2, 4, 4)})
    count = next(iter(shapes.values()))[0]
    infos = {name: TapInfo(shape, dtype, (bounds or {}).get(name)) for name, shape in shapes.items()}
    form = (count, side, side, 3) if color else (count, side, side)
    shown = np.random.default_rng(99).integers(0, 256, form, dtype=np.uint8)
    fed = (shown.transpose(0, 3, 1, 2) if color else shown[:, None]).astype(np.float32) / 255
    writer = RunWriter(
        path,
        taps=infos,
        inputs=fed,
        pictures=shown,
        labels=tuple(map(str, range(count))) if labels is None else labels,
        about=about,
    )
    for step in steps:
        arrays = {
            name: np.asarray(
                values[name](step) if values and name in values else default_maps(step, name, shape), dtype
            )
            for name, shape in shapes.items()
        }
        writer.commit(Snapshot(step, arrays, metrics(step) if metrics else {}))
    writer.close()
    return Run(path)


def default_maps(step: int, name: str, shape: tuple[int, ...]) -> Maps:
    """What `write_run` writes for a tap at a step, before the cast to its dtype."""
    return np.random.default_rng([step, *name.encode()]).normal(size=shape)


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """`write_run` into a new folder at each call."""
    made = iter(range(1000))
    return lambda **form: write_run(tmp_path / f"run{next(made)}", **form)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small training that a Recorder really recorded: 4 samples, conv1 and conv2, steps 0…6."""
    import torch
    from torch import nn

    from reelnet.record.recorder import Recorder

    path = tmp_path_factory.mktemp("recorded") / "run"
    torch.manual_seed(0)
    model = nn.Sequential()
    model.add_module("conv1", nn.Conv2d(1, 3, 3, padding=1))
    model.add_module("act", nn.Tanh())
    model.add_module("conv2", nn.Conv2d(3, 5, 3))
    model.add_module("flat", nn.Flatten())
    model.add_module("out", nn.Linear(5 * 6 * 6, 4))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    pictures, classes = torch.rand(16, 1, 8, 8), torch.arange(16) % 4
    with Recorder(
        path,
        model,
        samples=pictures[:4],
        taps=["conv1", "conv2"],
        labels="abcd",
        metrics={"test_loss": 1.5, "test_accuracy": 0.25},
    ) as recorder:
        for step in range(1, 7):
            scores = model(pictures)
            loss = nn.functional.cross_entropy(scores, classes)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            tested = {"test_loss": loss.item() + 0.1, "test_accuracy": step / 6} if step % 2 == 0 else {}
            accuracy = (scores.argmax(1) == classes).float().mean()
            recorder.step(train_loss=loss, train_accuracy=accuracy, **tested)
    return path


@pytest.fixture
def own_platforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own file of platforms, which is not there yet."""
    from reelnet.export.platforms import load as platform_file

    file = tmp_path / "settings" / "platforms.yaml"
    file.parent.mkdir()
    monkeypatch.setattr(platform_file, "user_file", lambda: file)
    return file
