"""Small networks of every kind that is recorded, and the training that all of them get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

import reelnet


@dataclass(frozen=True)
class Training:
    """A network, its data, and what is recorded of it.

    Attributes:
        model: A classifier.
        data: Its training set: inputs, and the number of each one's class.
        test: A test set like it.
        samples: The fixed samples, and the number of each one's class.
        classes: Names of the classes.
        taps: What to record.
        steps: Number of optimizer steps.
        lr: Learning rate of Adam.
        batch: Inputs per step.
        metrics: Which metrics to record.
        about: Model and data in the words of a title.
    """

    model: nn.Module
    data: tuple[NDArray[np.float32], NDArray[np.intp]]
    test: tuple[NDArray[np.float32], NDArray[np.intp]]
    samples: tuple[NDArray[np.float32], NDArray[np.intp]]
    classes: Sequence[str]
    taps: Sequence[Any]
    steps: int
    lr: float = 2e-3
    batch: int = 64
    metrics: Sequence[str] = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
    about: dict[str, Any] = field(default_factory=dict)

    def record(self, path: Path) -> None:
        """Train the network and record it."""
        inputs, targets = (torch.from_numpy(each) for each in self.data)
        optimizer = torch.optim.Adam(self.model.parameters(), self.lr)
        drawn = np.random.default_rng(0)
        samples, numbers = self.samples
        with reelnet.Recorder(
            path,
            self.model,
            samples=torch.from_numpy(samples),
            taps=list(self.taps),
            labels=[self.classes[number] for number in numbers],
            classes=self.classes,
            about=self.about,
            metrics=self._select(self._test()),
            on_error="raise",
        ) as recorder:
            for step in range(1, self.steps + 1):
                batch = drawn.integers(0, len(inputs), self.batch)
                scores = self.model(inputs[batch])
                loss = functional.cross_entropy(scores, targets[batch])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                right = (scores.argmax(1) == targets[batch]).float().mean()
                found = {"train_loss": loss.item(), "train_accuracy": right.item()}
                if step % 5 == 0 or step == self.steps:
                    found |= self._test()
                recorder.step(**self._select(found))

    @torch.no_grad()
    def _test(self) -> dict[str, float]:
        if not any(name.startswith("test") for name in self.metrics):
            return {}
        self.model.eval()
        scores, targets = self.model(torch.from_numpy(self.test[0])), torch.from_numpy(self.test[1])
        self.model.train()
        right = (scores.argmax(1) == targets).float().mean()
        return {
            "test_loss": functional.cross_entropy(scores, targets).item(),
            "test_accuracy": right.item(),
        }

    def _select(self, found: dict[str, float]) -> dict[str, float]:
        return {name: value for name, value in found.items() if name in self.metrics}


class PictureNetwork(nn.Module):
    """Three convolutions with ReLU, and a dense layer: (N, 3, 32, 32) to (N, 10).

    Args:
        channels: Of the three convolutions.
        colors: Channels of the inputs.
    """

    def __init__(self, channels: Sequence[int], colors: int = 3) -> None:
        super().__init__()
        first, second, third = channels
        self.conv1, self.relu1 = nn.Conv2d(colors, first, 7, padding=3), nn.ReLU()
        self.conv2, self.relu2 = nn.Conv2d(first, second, 3, 2, 1), nn.ReLU()
        self.conv3, self.relu3 = nn.Conv2d(second, third, 3, 2, 1), nn.ReLU()
        self.out = nn.LazyLinear(10)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits (N, 10)."""
        maps = self.relu1(self.conv1(pictures - 0.5))
        maps = self.relu3(self.conv3(self.relu2(self.conv2(maps))))
        scores: Tensor = self.out(maps.flatten(1))
        return scores


class FilterNetwork(nn.Module):
    """Two convolutions with ReLU, of which the first has 32 filters of 7 × 7 pixels: (N, 3, 32, 32) to (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 32, 7, padding=3), nn.Conv2d(32, 32, 3, 2, 1)
        self.out = nn.Linear(32, 10)
        # From faint noise to patterns within a short training.
        nn.init.normal_(self.conv1.weight, 0, 0.03)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits (N, 10)."""
        maps = functional.max_pool2d(functional.relu(self.conv1(pictures - 0.5)), 2)
        scores: Tensor = self.out(functional.relu(self.conv2(maps)).amax((2, 3)))
        return scores


class PatchTransformer(nn.Module):
    """Two blocks of attention over patches of 4 × 4 pixels: (N, 3, 32, 32) to (N, 10)."""

    def __init__(self, width: int = 48, heads: int = 4) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, width, 4, 4)
        self.position = nn.Parameter(torch.randn(1, 64, width) * 0.02)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, 2 * width, 0.0, batch_first=True, norm_first=True)
            for _ in range(2)
        )
        self.head = nn.Linear(width, 10)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits (N, 10)."""
        tokens = self.patch(pictures - 0.5).flatten(2).transpose(1, 2) + self.position
        for block in self.blocks:
            tokens = block(tokens)
        scores: Tensor = self.head(tokens.mean(1))
        return scores


class SeriesNetwork(nn.Module):
    """Two convolutions along time: (N, 1, length) to (N, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(1, 16, 7, padding=3), nn.Conv1d(16, 8, 7, padding=3)
        self.out = nn.Linear(8, 4)

    def forward(self, series: Tensor) -> Tensor:
        """Return logits (N, 4)."""
        maps = torch.relu(self.conv2(torch.relu(self.conv1(series))))
        scores: Tensor = self.out(maps.amax(2))
        return scores


class LargeNetwork(nn.Module):
    """The proportions of AlexNet, without its dense layers: (N, 3, 224, 224) to (N, 1000)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 11, 4, 2)
        self.conv2 = nn.Conv2d(64, 96, 5, padding=2)
        self.conv3 = nn.Conv2d(96, 128, 3, padding=1)
        self.classifier = nn.Linear(128, 1000)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits (N, 1000)."""
        maps = functional.max_pool2d(functional.relu(self.conv1(pictures - 0.5)), 3, 2)
        maps = functional.max_pool2d(functional.relu(self.conv2(maps)), 3, 2)
        maps = functional.relu(self.conv3(maps))
        scores: Tensor = self.classifier(maps.amax((2, 3)))
        return scores


def build_dense_network() -> nn.Module:
    """Two hidden dense layers, of 256 and of 30 units: (N, 3, 16, 16) to (N, 10)."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(768, 256), nn.Tanh(), nn.Linear(256, 30), nn.ReLU(), nn.Linear(30, 10)
    )


def build_oblong_network() -> nn.Module:
    """Two convolutions on wide pictures: (N, 1, 16, 64) to (N, 4)."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2),
        nn.Tanh(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 5, padding=2),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(12 * 8 * 32, 4),
    )
