"""What recording adds to a training step: the article's network, batch 1024, ten samples, six taps."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

import reelnet
from reelnet.record.datasets import batches
from reelnet.record.training import Recipe, endless, prepare, take_step
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter

WARM_UP = 5


def measure(folder: Path, steps: int) -> dict[str, float]:
    """Train `steps` steps, recording each into a run in `folder`.

    Returns:
        Medians in seconds: `train` of the training step without its batch's loading, `record` of
        `Recorder.step`, `write` of the part of it that commits to disk.
    """
    recipe = Recipe(layers=("conv?",))
    network, data = prepare(recipe, None)
    network.train()
    optimizer = torch.optim.Adam(network.parameters(), recipe.lr)
    loader = endless(batches(data.train, recipe.batch_size, seed=recipe.seed))
    samples, labels = data.chosen()
    train, record = [], []
    with (
        timed_commits() as write,
        reelnet.Recorder(
            folder / "run", network, samples=samples, taps=recipe.layers, labels=labels
        ) as recorder,
    ):
        for pictures, classes in itertools.islice(loader, WARM_UP + steps):
            began = time.perf_counter()
            metrics = take_step(network, optimizer, pictures, classes)
            trained = time.perf_counter()
            recorder.step(**metrics)
            record.append(time.perf_counter() - trained)
            train.append(trained - began)
    seconds = {"train": train, "record": record, "write": write}
    return {name: statistics.median(values[-steps:]) for name, values in seconds.items()}


@contextmanager
def timed_commits() -> Iterator[list[float]]:
    """Collect the seconds of every commit to a run folder."""
    seconds: list[float] = []
    commit = RunWriter.commit

    def timed(self: RunWriter, snapshot: Snapshot) -> None:
        began = time.perf_counter()
        commit(self, snapshot)
        seconds.append(time.perf_counter() - began)

    RunWriter.commit = timed  # type: ignore[method-assign]
    try:
        yield seconds
    finally:
        RunWriter.commit = commit  # type: ignore[method-assign]
