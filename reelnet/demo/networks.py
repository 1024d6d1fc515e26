"""The networks of `reelnet train`: the article's own, and torchvision's classifiers."""

from __future__ import annotations

import difflib
from collections import OrderedDict
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from reelnet.errors import UsageError, suggest_names

ARTICLE_SIDE = 28
"""Height and width of the article's images, in pixels."""


class TanhConv(nn.Conv2d):
    """A 3×3 convolution with same padding, followed by tanh: one layer, as in Keras.

    Args:
        inputs: Number of input channels.
        outputs: Number of output channels.
    """

    output_bounds = (-1.0, 1.0)

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, kernel_size=3, padding=1)

    def forward(self, input: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H, W) with values in −1..1."""
        return torch.tanh(super().forward(input))


def build_article_network(classes: int = 10) -> nn.Module:
    """Build the network of "Watch this Neural Network Learn to See": six tanh layers, conv1 … conv6.

    Its input is grayscale images of 28×28 pixels, (N, 1, 28, 28).

    Weights are drawn from N(0, σ² = 0.01), biases are 0. (With σ = 0.01, the same training reaches 81 % after
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


def build_network(name: str, classes: int) -> nn.Module:
    """Build a network with random weights from torch's global generator.

    Args:
        name: `article`, for grayscale images, or `torchvision:NAME` for one of torchvision's classifiers, for images
            in color.
        classes: Number of outputs.

    Raises:
        UsageError: The network is unknown.
    """
    if name == "article":
        return build_article_network(classes)
    from torchvision import models

    source, _, model = name.partition(":")
    known = models.list_models(module=models)
    if source != "torchvision":
        hint = suggest_source(name, "article", known)
        raise UsageError(f"--model {name}: unknown network; {hint} article and torchvision:NAME")
    if model not in known:
        raise UsageError(
            f"--model {name}: torchvision has no classifier {model!r}; {suggest_names(model, known)}"
        )
    return models.get_model(model, weights=None, num_classes=classes)  # type: ignore[no-any-return]


def suggest_source(name: str, builtin: str, torchvision_names: Iterable[str]) -> str:
    """Begin the hint for an unknown name: the nearest known one, also for a name without its `torchvision:`."""
    candidates: dict[str, str] = {}
    for known in torchvision_names:
        candidates |= dict.fromkeys([known.lower(), f"torchvision:{known}".lower()], f"torchvision:{known}")
    candidates[builtin] = builtin
    nearest = difflib.get_close_matches(name.lower(), candidates, n=1)
    return f"did you mean {candidates[nearest[0]]!r}? Choose from" if nearest else "choose from"
