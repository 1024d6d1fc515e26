"""Write a run of any length, to measure the memory that rendering it takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import LAYER

import reelnet
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter


def write_long_run(source: Path, target: Path, steps: int) -> None:
    """Write a run of `steps` snapshots with the layer, samples and shape of `source`.

    The values are a random walk through tanh, which changes as slowly as in a training and stays within ±1.
    """
    run = reelnet.open(source)
    info = run.taps[LAYER]
    generator = np.random.default_rng(0)
    position = np.zeros(info.shape, np.float32)
    writer = RunWriter(target, taps={LAYER: info}, inputs=run.inputs, pictures=run.samples, labels=run.labels)
    try:
        for step in range(steps):
            writer.commit(Snapshot(step, {LAYER: np.tanh(position)}, {"train_loss": 1 / (1 + step)}))
            position += generator.normal(0, 0.02, info.shape).astype(np.float32)
    finally:
        writer.close()
