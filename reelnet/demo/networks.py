"""The networks that `reelnet train` knows: the article's, and torchvision's by name."""

from __future__ import annotations

import difflib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from reelnet.errors import UsageError, suggest_names


class TanhConv(nn.Conv2d):
    """A 3×3 same-padding convolution followed by tanh: one layer, as in Keras."""

    output_bounds = (-1.0, 1.0)

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, kernel_size=3, padding=1)

    def forward(self, input: Tensor) -> Tensor:
        """Maps (N, inputs, H, W) to values (N, outputs, H, W) in −1..1."""
        return torch.tanh(super().forward(input))


def article(classes: int = 10) -> nn.Module:
    """The network of "Watch this Neural Network Learn to See": six tanh layers, conv1 … conv6, for 1×28×28.

    Weights are drawn from N(0, σ² = 0.01), biases are 0. (Read as σ = 0.01, the same recipe reaches 81 % after
    290 steps, not the "over 95 %" of the article.)
    """
    network = nn.Sequential(
        OrderedDict(
            conv1=TanhConv(1, 4),
            conv2=TanhConv(4, 4),
            pool1=nn.MaxPool2d(2),
            conv3=TanhConv(4, 8),
            conv4=TanhConv(8, 8),
            pool2=nn.MaxPool2d(2),
            conv5=TanhConv(8, 16),
            conv6=TanhConv(16, 16),
            flatten=nn.Flatten(),
            dense1=nn.Linear(16 * 7 * 7, 64),
            relu1=nn.ReLU(),
            dense2=nn.Linear(64, 32),
            relu2=nn.ReLU(),
            dense3=nn.Linear(32, classes),
        )
    )
    for module in network:
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.1)
            nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    return network


def build(name: str, classes: int) -> nn.Module:
    """A network with random weights from torch's generator, for `classes` classes.

    Args:
        name: `article`, or `torchvision:NAME` for one of torchvision's classification models.
        classes: Number of outputs.

    Raises:
        UsageError: There is no such network.
    """
    if name == "article":
        return article(classes)
    from torchvision import models

    kind, _, wanted = name.partition(":")
    known = models.list_models(module=models)
    if kind != "torchvision":
        raise _unknown(name, known)
    if wanted not in known:
        raise UsageError(
            f"--model {name}: torchvision has no classifier {wanted!r}; {suggest_names(wanted, known)}"
        )
    return models.get_model(wanted, weights=None, num_classes=classes)  # type: ignore[no-any-return]


def _unknown(name: str, known: Sequence[str]) -> UsageError:
    # Also by the bare name: --model resnet18 lacks nothing but where it comes from.
    meant = {"article": "article"}
    for each in known:
        whole = f"torchvision:{each}"
        meant |= {each: whole, whole: whole}
    near = difflib.get_close_matches(name.lower(), meant, n=1)
    hint = f"did you mean {meant[near[0]]!r}? There" if near else "there"
    return UsageError(f"--model {name}: no such network; {hint} are article and torchvision:NAME")


def channels_of(name: str) -> int:
    """How many channels the network's pictures have: 1 for the article's, 3 for torchvision's."""
    return 1 if name == "article" else 3


def logits(output: Any) -> Tensor:
    """The class scores (N, classes) in what a classifier returns; some return them with auxiliary ones."""
    return output if isinstance(output, Tensor) else output.logits
