"""Runs of two small networks: one with ReLUs, and one with a layer of 64 channels."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

import reelnet
from reelnet.demo.datasets import load_images, make_loader

STEPS, BATCH, SAMPLES = 150, 256, 10


def record_small_run(name: str, folder: Path) -> None:
    """Train a small network on MNIST and record one layer as `maps`, unless the run exists already.

    Args:
        name: `relu` for 16 maps of 14×14 that are never negative, or `wide` for 64 maps of 7×7 between −1 and 1.
        folder: The run folder to write.
    """
    if folder.exists():
        return
    data = load_images("mnist", channels=1, samples=SAMPLES, root=None, image_size=None)
    torch.manual_seed(0)
    maps: nn.Module
    first: list[nn.Module] = [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    if name == "relu":
        layers = [
            *first,
            nn.Conv2d(16, 16, 3, padding=1),
            maps := nn.ReLU(),
            nn.Flatten(),
            nn.Linear(16 * 196, 10),
        ]
    else:
        layers = [*first, nn.MaxPool2d(2), nn.Conv2d(16, 64, 3, padding=1), maps := nn.Tanh(), nn.Flatten()]
        layers.append(nn.Linear(64 * 49, 10))
    model = nn.Sequential(*layers)
    tap = reelnet.Tap(str(layers.index(maps)), name="maps")
    samples, labels = data.get_samples()
    optimizer, loss_of = torch.optim.Adam(model.parameters(), 1e-3), nn.CrossEntropyLoss()
    drawn = iter(make_loader(data.train, BATCH, seed=0))
    with reelnet.Recorder(folder, model, samples=samples, labels=labels, taps=[tap]) as recorder:
        for _ in range(STEPS):
            pictures, classes = next(drawn)
            loss = loss_of(model(pictures), classes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recorder.step(train_loss=loss)
