"""A figure to look at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from reelnet.cli import main
from reelnet.reel import Run
from tests.make_run import write_run

STEPS = 12


def make_maps(layer: str, step: int) -> NDArray[np.float32]:
    """Maps that differ in every value: (samples, channels, height, width), from -1 to 1."""
    seed = int.from_bytes(layer.encode(), "little") % 2**32
    start = np.random.default_rng(seed).uniform(-1, 1, (4, 3, 5, 5))
    return np.tanh(2 * start * step / STEPS + start).astype(np.float32)


def make_metrics(step: int) -> Mapping[str, float]:
    """A loss that falls and an accuracy that rises."""
    return {"loss": float(np.exp(-step / 4)), "accuracy": float(1 - np.exp(-step / 4))}


@pytest.fixture(scope="session")
def figure_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small run with two layers, labels and metrics."""
    return write_run(
        tmp_path_factory.mktemp("figure") / "run",
        {"conv1": (4, 3, 5, 5), "conv2": (4, 3, 5, 5)},
        values={layer: partial(make_maps, layer) for layer in ("conv1", "conv2")},
        layer="conv2",
        steps=range(STEPS),
        metrics=make_metrics,
        bounds=(-1.0, 1.0),
        labels=["cat", "dog", "<b>bird</b>", "fish"],
    )


@pytest.fixture(scope="session")
def figure_file(figure_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The figure of one layer."""
    file = tmp_path_factory.mktemp("figure") / "conv2.html"
    figure_run.reel("article", layer="conv2", density=1).save(file)
    return file


@pytest.fixture(scope="session")
def layers_file(figure_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The figure of both layers."""
    file = tmp_path_factory.mktemp("figure") / "all.html"
    result = CliRunner().invoke(main, ["render", figure_run.location, "--layer", "all", "-o", str(file)])
    assert result.exit_code == 0, result.output
    return file
