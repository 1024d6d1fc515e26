"""Small networks, with and without names for their layers."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

SAMPLES = torch.rand(3, 1, 8, 8)
CONVOLUTIONS = ["layer1.conv1", "layer2.conv1"]


def network() -> nn.Sequential:
    def block(inputs: int, outputs: int) -> nn.Sequential:
        parts = OrderedDict(conv1=nn.Conv2d(inputs, outputs, 3, padding=1), act=nn.Tanh())
        return nn.Sequential(parts)

    parts = OrderedDict(layer1=block(1, 2), layer2=block(2, 4), flat=nn.Flatten(), head=nn.Linear(256, 2))
    return nn.Sequential(parts)


def unnamed() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 8, 3), nn.Flatten(), nn.Linear(128, 10))
