"""The training stage: a plain loop with a recorder around it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.utils.data import DataLoader

from reelnet.demo.datasets import Data, batches, load
from reelnet.demo.networks import build, channels_of, logits
from reelnet.errors import ReelnetError
from reelnet.record.probe.probe import TapPoint, list_tap_points
from reelnet.record.recorder import Recorder
from reelnet.record.taps.selection import select_taps
from reelnet.runs.session import require_free_path

TESTS = 58
"""How often a run is tested, about; the article's 290 steps are tested at every fifth."""

TEST_BATCH = 250
"""Small batches stay in the processor's cache: MNIST's test takes 0.25 s so, 0.7 s in one piece."""


@dataclass(frozen=True)
class Recipe:
    """How to train. The defaults are the article's.

    Attributes:
        model: `article` or `torchvision:NAME`.
        data: `mnist`, `torchvision:NAME` or `folder:PATH`.
        steps: Number of optimizer steps, or None to count in epochs.
        epochs: Number of passes over the full batches of the training set, if there are no `steps`.
        batch_size: Pictures a step.
        lr: Adam's learning rate.
        seed: For the weights and the order of the pictures.
        layers: Paths or glob patterns of layers and parameters to record; every convolution if empty.
        samples: Number of fixed pictures to record.
        image_size: Side of the pictures in pixels; None for their own.
    """

    model: str = "article"
    data: str = "mnist"
    steps: int | None = None
    epochs: int = 5
    batch_size: int = 1024
    lr: float = 1e-3
    seed: int = 0
    layers: tuple[str, ...] = ()
    samples: int = 10
    image_size: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What a training came to.

    Attributes:
        steps: Optimizer steps taken.
        test_loss: Mean cross-entropy over the whole test set after the last step.
        test_accuracy: Fraction of the whole test set that is classified right after the last step.
    """

    steps: int
    test_loss: float
    test_accuracy: float


def train(
    run: str | os.PathLike[str],
    recipe: Recipe,
    *,
    root: Path | None = None,
    force: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Outcome:
    """Train a network as `recipe` says and record it into the folder `run`.

    Args:
        run: The run folder to make.
        recipe: How to train.
        root: Where data lies or is downloaded to.
        force: Replace a run that lies at `run`.
        progress: Told the steps done and the steps to do, after each step.

    Raises:
        ReelnetError: The network, the data or the run folder does not do.
    """
    # What is wrong is said before the data is loaded or the network tested, which may take long.
    require_free_path(run, force=force)
    network, data = prepare(recipe, root)
    if recipe.layers:
        select_taps(network, recipe.layers)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device).train()
    optimizer = torch.optim.Adam(network.parameters(), recipe.lr)
    loader, tests = batches(data.train, recipe.batch_size, seed=recipe.seed), batches(data.test, TEST_BATCH)
    total = recipe.steps if recipe.steps is not None else recipe.epochs * len(loader)
    between = max(1, total // TESTS)
    samples, labels = data.chosen()
    tested = test(network, tests, device)
    with Recorder(
        run,
        network,
        samples=samples,
        shown=data.shown(samples),
        taps=recipe.layers or None,
        labels=labels,
        metrics=tested,
        about={**asdict(recipe), "classes": data.classes},
        force=force,
        total_steps=total,
        # Here the recording is what the training is for.
        on_error="raise",
    ) as recorder:
        progress(0, total)
        for step, (pictures, classes) in enumerate(itertools.islice(endless(loader), total), 1):
            trained = take_step(network, optimizer, pictures.to(device), classes.to(device))
            if step % between == 0 or step == total:
                tested = test(network, tests, device)
                trained |= tested
            recorder.step(**trained)
            progress(step, total)
    return Outcome(total, tested["test_loss"], tested["test_accuracy"])


def prepare(recipe: Recipe, root: Path | None) -> tuple[nn.Module, Data]:
    """The untrained network and the data of a recipe.

    Raises:
        ReelnetError: There is no such network or data.
    """
    data = load(
        recipe.data,
        channels=channels_of(recipe.model),
        samples=recipe.samples,
        root=root,
        side=recipe.image_size,
    )
    torch.manual_seed(recipe.seed)
    return build(recipe.model, len(data.classes)), data


def layers(recipe: Recipe, root: Path | None) -> list[TapPoint]:
    """What the recipe's layers record, or every place that can be recorded where it names none.

    Raises:
        ReelnetError: The network, the data or the layers of the recipe do not do.
    """
    network, data = prepare(recipe, root)
    return list_tap_points(network, data.chosen()[0], recipe.layers)


def take_step(
    network: nn.Module, optimizer: torch.optim.Optimizer, pictures: Tensor, classes: Tensor
) -> dict[str, float]:
    """One optimizer step; gives the loss and accuracy of the batch, as the network stood before the step."""
    scores = scores_of(network, pictures)
    loss = F.cross_entropy(scores, classes)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    right = (scores.argmax(1) == classes).float().mean()
    return {"train_loss": loss.item(), "train_accuracy": right.item()}


def scores_of(network: nn.Module, pictures: Tensor) -> Tensor:
    """The class scores (N, classes) that a network gives pictures (N, C, H, W).

    Raises:
        ReelnetError: It cannot take them.
    """
    try:
        return logits(network(pictures))
    except Exception as error:
        # What networks say of it is theirs: too small, not of their size, too few for their normalisation.
        shape, reason = "x".join(map(str, pictures.shape)), " ".join(str(error).split())
        raise ReelnetError(
            f"the network cannot take a batch of {shape} ({reason}); "
            "--image-size and --batch-size choose another"
        ) from error


@torch.no_grad()
def test(network: nn.Module, loader: DataLoader[Any], device: torch.device) -> dict[str, float]:
    """Mean cross-entropy and accuracy over a whole data set."""
    network.eval()
    loss, right, count = 0.0, 0, 0
    for pictures, classes in loader:
        scores, wanted = scores_of(network, pictures.to(device)), classes.to(device)
        loss += F.cross_entropy(scores, wanted, reduction="sum").item()
        right += int((scores.argmax(1) == wanted).sum())
        count += len(classes)
    network.train()
    return {"test_loss": loss / count, "test_accuracy": right / count}


def endless(loader: DataLoader[Any]) -> Iterator[Sequence[Tensor]]:
    """One epoch's batches after another's, each in a new order."""
    while True:
        yield from loader
