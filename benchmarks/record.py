"""Measure what recording adds to a training step, and what it writes.

    python benchmarks/record.py [--steps N]

Prints a table and writes it to `benchmarks/record.md`.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torchvision
from common import HERE, markdown_table, time_call
from torch import Tensor, nn
from torch._dynamo.utils import counters

import reelnet
from reelnet.demo.datasets import make_loader
from reelnet.demo.training import DEFAULT_BATCH_SIZE, Recipe, cycle_batches, prepare, train_step
from reelnet.record.taps.tap import TapSpec
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter

WARM_UP, BLOCK = 5, 5

NOTES = """\
Written by `python benchmarks/record.py` on {today}, {system}, {cores} cores, torch {torch}. Ten samples;
the taps are six convolutions, the stem and four stages, or
the patches and six blocks. Medians over {steps} recorded steps.

- *Added* is the time in `Recorder.step`, also as a fraction of a step without the loading of its batch.
- *Paired* compares blocks of {block} steps with recording to blocks without, alternately; it includes noise.
- *Writing* is the time of committing a step, and the fraction of a step for which the training waits for it.
- *Writes* are system calls while a step is recorded; *recompiled* are graphs under `torch.compile`."""


@dataclass(frozen=True)
class Subject:
    """A training.

    Attributes:
        model: The network, trained by Adam.
        taps: The taps to record.
        samples: The samples to record.
        draw: Draws a batch: pictures and classes.
    """

    model: nn.Module
    taps: Sequence[TapSpec]
    samples: Tensor
    draw: Callable[[], tuple[Tensor, Tensor]]

    @property
    def step(self) -> Callable[[], float]:
        """A function that trains one step and returns its seconds, without the loading of the batch."""
        optimizer = torch.optim.Adam(self.model.parameters(), 1e-3)

        def step() -> float:
            pictures, classes = self.draw()
            start = time.perf_counter()
            train_step(self.model, optimizer, pictures, classes)
            return time.perf_counter() - start

        return step


def make_article() -> Subject:
    recipe = Recipe(layers=("conv?",))
    network, data = prepare(recipe, None)
    loader = cycle_batches(make_loader(data.train, DEFAULT_BATCH_SIZE, seed=recipe.seed))

    def draw() -> tuple[Tensor, Tensor]:
        pictures, classes = next(loader)
        return pictures, classes

    return Subject(network.train(), recipe.layers, data.get_samples()[0], draw)


def make_resnet18() -> Subject:
    taps = ["conv1", *(f"layer{stage}" for stage in range(1, 5))]
    return train_on_noise(torchvision.models.resnet18(num_classes=10), taps, batch=32, side=64)


def make_vit() -> Subject:
    model = torchvision.models.VisionTransformer(
        image_size=32, patch_size=4, num_layers=6, num_heads=4, hidden_dim=128, mlp_dim=256, num_classes=10
    )
    return train_on_noise(model, ["conv_proj", "encoder.layers.encoder_layer_?"], batch=64, side=32)


def train_on_noise(model: nn.Module, taps: Sequence[TapSpec], *, batch: int, side: int) -> Subject:
    def draw() -> tuple[Tensor, Tensor]:
        return torch.rand(batch, 3, side, side), torch.randint(10, (batch,))

    return Subject(model.train(), taps, torch.rand(10, 3, side, side), draw)


SUBJECTS = {
    "the article's, batch 1024": make_article,
    "ResNet-18, batch 32 of 64×64": make_resnet18,
    "small ViT, batch 64 of 32×32": make_vit,
}


def measure_recording(
    folder: Path, steps: int, make: Callable[[], Subject] = make_article
) -> dict[str, float]:
    """Train and record.

    Args:
        folder: The folder for the runs.
        steps: The number of recorded steps.
        make: Makes the training.

    Returns:
        Medians in seconds: `train` of a training step, `record` of `Recorder.step`, `write` of committing a step,
        `wait` of the part of it for which the training waits, and `tenth` of the time per step if every tenth step
        is recorded. `paired` is the fraction that recording adds, from blocks with and without it. `bytes` and
        `writes` count per recorded step; `writes` is 0 where the system does not report it.
    """
    torch.manual_seed(0)
    subject = make()
    step = subject.step
    for _ in range(WARM_UP):
        step()
    train, record, parts = [], [], []
    before = count_writes()
    with time_commits() as commits, make_recorder(folder / "each", subject, 1) as recorder:
        for _ in range(max(1, steps // BLOCK)):
            alone = [step() for _ in range(BLOCK)]
            pairs = [(step(), time_call(recorder.step)) for _ in range(BLOCK)]
            train += alone
            record += [recorded for _, recorded in pairs]
            parts.append(sum(map(sum, pairs)) / sum(alone) - 1)
    after = count_writes()
    count = len(record) + 1
    tenth = time_every_tenth(folder, subject, step, max(2, steps // 10))
    run = reelnet.open(folder / "each")
    return {
        "train": statistics.median(train),
        "record": statistics.median(record),
        "write": statistics.median(seconds for seconds, _ in commits),
        "wait": statistics.median(seconds * waits for seconds, waits in commits),
        "tenth": tenth,
        "paired": statistics.median(parts),
        "bytes": run.nbytes / count,
        "writes": (after - before) / count,
    }


def time_every_tenth(folder: Path, subject: Subject, step: Callable[[], float], count: int) -> float:
    """The seconds that recording every tenth step adds to a step: the median of `count` groups of ten."""
    tens = []
    with make_recorder(folder / "tenth", subject, 10) as recorder:
        for _ in range(count):
            added = 0.0
            for _ in range(10):
                step()
                added += time_call(recorder.step)
            tens.append(added / 10)
    return statistics.median(tens)


def make_recorder(path: Path, subject: Subject, every: int) -> reelnet.Recorder:
    return reelnet.Recorder(path, subject.model, samples=subject.samples, taps=subject.taps, every=every)


@contextmanager
def time_commits() -> Iterator[list[tuple[float, bool]]]:
    """Collect the seconds of every commit, and whether the training waits for it."""
    found: list[tuple[float, bool]] = []
    commit = RunWriter.commit

    def observed(self: RunWriter, snapshot: Snapshot) -> None:
        seconds = time_call(lambda: commit(self, snapshot))
        found.append((seconds, threading.current_thread() is threading.main_thread()))

    RunWriter.commit = observed  # type: ignore[method-assign]
    try:
        yield found
    finally:
        RunWriter.commit = commit  # type: ignore[method-assign]


def count_writes() -> int:
    """The number of write calls of this process; 0 where the system does not report it."""
    file = Path("/proc/self/io")
    if not file.exists():
        return 0
    return next(int(line.split()[1]) for line in file.read_text().splitlines() if line.startswith("syscw"))


def count_recompiled_graphs(folder: Path, make: Callable[[], Subject]) -> int:
    """The number of graphs that recording recompiles in three steps of a compiled model."""
    torch._dynamo.reset()
    subject = make()
    # The number of graphs counts, not their speed.
    compiled: Any = torch.compile(subject.model, backend="eager")
    subject = Subject(compiled, subject.taps, subject.samples, subject.draw)
    step = subject.step
    step()
    before = counters["stats"]["unique_graphs"]
    with make_recorder(folder / "compiled", subject, 1) as recorder:
        for _ in range(3):
            step()
            recorder.step()
    return int(counters["stats"]["unique_graphs"] - before)


def make_row(name: str, steps: int) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="reelnet-bench-") as folder:
        found = measure_recording(Path(folder), steps, SUBJECTS[name])
        anew = count_recompiled_graphs(Path(folder), SUBJECTS[name])
    return [
        name,
        f"{1000 * found['train']:.0f} ms",
        f"{1000 * found['record']:.2f} ms, {found['record'] / found['train']:.2%}",
        f"{found['paired']:+.1%}",
        f"{found['tenth'] / found['train']:.2%}",
        f"{1000 * found['write']:.2f} ms, {found['wait'] / found['train']:.2%}",
        f"{found['bytes']:,.0f}",
        f"{found['writes']:.1f}",
        str(anew),
    ]


TABLE_HEAD = [
    "network",
    "step",
    "added at every step",
    "paired",
    "added at every tenth",
    "writing, waited for",
    "bytes per step",
    "writes per step",
    "recompiled",
]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what recording adds to a training.")
    parser.add_argument("--steps", type=int, default=40, help="recorded steps a network")
    steps = parser.parse_args().steps
    rows = [TABLE_HEAD]
    for name in SUBJECTS:
        rows.append(make_row(name, steps))
        print(" | ".join(rows[-1]), flush=True)
        # Written after each network, so that an interrupted run keeps its results.
        (HERE / "record.md").write_text(format_page(rows, steps), encoding="utf-8")


def format_page(rows: Sequence[Sequence[str]], steps: int) -> str:
    notes = NOTES.format(
        today=datetime.date.today(),
        system=f"{platform.system()} {platform.machine()}",
        cores=os.cpu_count(),
        torch=torch.__version__,
        steps=steps,
        block=BLOCK,
    )
    return f"# Recording\n\n{notes}\n\n{markdown_table(rows)}\n"


if __name__ == "__main__":
    main()
