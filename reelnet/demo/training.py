"""Train a network and record it: a plain training loop with a recorder around it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence, Sized
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.utils.data import DataLoader

from reelnet._support.text import one_line
from reelnet.demo.datasets import LabeledImages, fit_count, load_images, make_loader
from reelnet.demo.networks import ARTICLE_SIDE, build_network
from reelnet.errors import ReelnetError, UsageError
from reelnet.record.probe.tap_points import TapPoint, list_tap_points
from reelnet.record.recorder import Recorder
from reelnet.record.taps.selection import select_taps
from reelnet.runs.session import require_free_path

EVALUATIONS = 58
"""Number of evaluations on the test set per training, roughly; the article's 290 steps have one after every fifth."""

DEFAULT_BATCH_SIZE = 1024
"""Images per step, unless the user sets it or the training set has fewer."""

TEST_BATCH_SIZE = 250
"""Small batches stay in the processor's cache: evaluating MNIST takes 0.25 s, but 0.7 s in a single batch."""


@dataclass(frozen=True)
class Recipe:
    """What to train, and how. The defaults are those of the article.

    Attributes:
        model: `article` or `torchvision:NAME`.
        data: `mnist`, `torchvision:NAME` or `folder:PATH`.
        steps: Number of optimizer steps; None to count in epochs.
        epochs: Number of passes over the full batches of the training set; only used without `steps`.
        batch_size: Images per step; by default 1024, or all of a smaller training set.
        lr: Learning rate of Adam.
        seed: Seed for the weights and the order of the images.
        layers: Paths or glob patterns of the layers and parameters to record; by default every
            `Conv2d` and the last `Linear`.
        samples: Number of fixed images to record; by default 10, or all of a smaller test set.
        image_size: Height and width of the images in pixels; None keeps theirs.
    """

    model: str = "article"
    data: str = "mnist"
    steps: int | None = None
    epochs: int = 5
    batch_size: int | None = None
    lr: float = 1e-3
    seed: int = 0
    layers: tuple[str, ...] = ()
    samples: int | None = None
    image_size: int | None = None


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training.

    Attributes:
        steps: Number of optimizer steps taken.
        test_loss: Mean cross-entropy over the test set after the last step.
        test_accuracy: Fraction (0..1) of the test set that is classified correctly after the last step.
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
    evaluations: int = EVALUATIONS,
) -> TrainingResult:
    """Train a network and record it.

    Args:
        run: The run folder to create.
        recipe: What to train, and how.
        root: Folder in which the data is, or into which it is downloaded; None for the user's cache folder.
        force: Replace a run that exists at `run`.
        progress: Called after each step with the number of steps taken and the total number.
        evaluations: Number of evaluations on the test set, roughly.

    Raises:
        ReelnetError: The network or the data cannot be loaded or do not fit, or the run cannot be written.
    """
    # Find mistakes before loading the data and evaluating the network, which may take long.
    require_free_path(run, force=force)
    network, data = prepare(recipe, root)
    if recipe.layers:
        select_taps(network, recipe.layers)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device).train()
    optimizer = torch.optim.Adam(network.parameters(), recipe.lr)
    train_size = len(cast(Sized, data.train))
    batch_size = fit_count(
        "--batch-size", recipe.batch_size, DEFAULT_BATCH_SIZE, train_size, "training image"
    )
    recipe = replace(recipe, samples=len(data.sample_indices), batch_size=batch_size)
    train_loader = make_loader(data.train, batch_size, seed=recipe.seed)
    test_loader = make_loader(data.test, TEST_BATCH_SIZE)
    total = recipe.steps if recipe.steps is not None else recipe.epochs * len(train_loader)
    interval = max(1, total // evaluations)
    samples, labels = data.get_samples()
    test_metrics = evaluate(network, test_loader, device)
    with Recorder(
        run,
        network,
        samples=samples,
        shown=data.to_display(samples),
        taps=recipe.layers or [choose_taps(network)],
        labels=labels,
        classes=data.classes,
        metrics=test_metrics,
        about=describe_recipe(recipe),
        force=force,
        total_steps=total,
        # The recording is the purpose of this training.
        on_error="raise",
    ) as recorder:
        progress(0, total)
        for step, (images, targets) in enumerate(itertools.islice(cycle_batches(train_loader), total), 1):
            metrics = train_step(network, optimizer, images.to(device), targets.to(device))
            if step % interval == 0 or step == total:
                test_metrics = evaluate(network, test_loader, device)
                metrics |= test_metrics
            recorder.step(**metrics)
            progress(step, total)
    return TrainingResult(total, **test_metrics)


def describe_recipe(recipe: Recipe) -> dict[str, Any]:
    """The facts about a recipe, with model and data in the words of a title: `resnet18` and `CIFAR10`."""
    words = {"article": "a small network", "mnist": "MNIST"}
    named = {key: getattr(recipe, key) for key in ("model", "data")}
    named = {key: words.get(name, Path(name.partition(":")[2]).name or name) for key, name in named.items()}
    return {**asdict(recipe), **named}


def choose_taps(network: nn.Module) -> Callable[[str, nn.Module], bool]:
    """Select every convolution, and the last dense layer, which in most classifiers gives the class scores."""
    dense = [path for path, module in network.named_modules() if isinstance(module, nn.Linear)]

    def is_selected(path: str, module: nn.Module) -> bool:
        return isinstance(module, nn.Conv2d) or path in dense[-1:]

    return is_selected


def prepare(recipe: Recipe, root: Path | None) -> tuple[nn.Module, LabeledImages]:
    """Build the untrained network and load the data of a recipe.

    Raises:
        UsageError: The network or the data is unknown, or they do not fit.
        ReelnetError: The data cannot be loaded.
    """
    data = load_images(
        recipe.data,
        channels=1 if recipe.model == "article" else 3,
        samples=recipe.samples,
        root=root,
        image_size=recipe.image_size,
    )
    if recipe.model == "article":
        _require_article_size(data.get_samples()[0], recipe.data)
    torch.manual_seed(recipe.seed)
    return build_network(recipe.model, len(data.classes)), data


def _require_article_size(images: Tensor, name: str) -> None:
    height, width = images.shape[2:]
    # The pools leave 7×7 of a few more pixels, too.
    if {height // 4, width // 4} != {ARTICLE_SIDE // 4}:
        raise UsageError(
            f"--model article: takes images of {ARTICLE_SIDE}×{ARTICLE_SIDE} pixels, but those of --data {name} have "
            f"{width}×{height}; use --image-size {ARTICLE_SIDE}, or another --model"
        )


def list_layers(recipe: Recipe, root: Path | None) -> list[TapPoint]:
    """List what the recipe's layers record, or everything that can be recorded if it names none.

    Raises:
        ReelnetError: The network, the data or a layer is unknown, or they do not fit.
    """
    network, data = prepare(recipe, root)
    return list_tap_points(network, data.get_samples()[0], recipe.layers)


def train_step(
    network: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, targets: Tensor
) -> dict[str, float]:
    """Take one optimizer step; return loss and accuracy of the batch, as they were before the step."""
    logits = compute_logits(network, images)
    loss = F.cross_entropy(logits, targets)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    accuracy = (logits.argmax(1) == targets).float().mean()
    return {"train_loss": loss.item(), "train_accuracy": accuracy.item()}


def compute_logits(network: nn.Module, images: Tensor) -> Tensor:
    """Compute the class scores (N, classes) of images (N, C, H, W).

    Raises:
        ReelnetError: The network fails on the images.
    """
    try:
        output = network(images)
        # Some of torchvision's classifiers return auxiliary scores, too.
        return output if isinstance(output, Tensor) else output.logits
    except Exception as error:
        # The reason is the network's own: images too small or of a fixed size, too few for its normalization.
        shape = "x".join(map(str, images.shape))
        raise ReelnetError(
            f"the network cannot take a batch of {shape} ({one_line(error)}); "
            "try another --image-size or --batch-size"
        ) from error


@torch.no_grad()
def evaluate(network: nn.Module, loader: DataLoader[Any], device: torch.device) -> dict[str, float]:
    """Compute the mean cross-entropy and the accuracy over a dataset; leave the network in train mode."""
    network.eval()
    loss, correct, count = 0.0, 0, 0
    for images, targets in loader:
        logits, labels = compute_logits(network, images.to(device)), targets.to(device)
        loss += F.cross_entropy(logits, labels, reduction="sum").item()
        correct += int((logits.argmax(1) == labels).sum())
        count += len(labels)
    network.train()
    return {"test_loss": loss / count, "test_accuracy": correct / count}


def cycle_batches(loader: DataLoader[Any]) -> Iterator[Sequence[Tensor]]:
    """Yield the batches of one epoch after the other, each in a new order, without end."""
    while True:
        yield from loader
