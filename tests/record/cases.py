"""A model to record, and what a recording of it should hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from reelnet.record.taps.tap import TapSpec

Outputs = Mapping[str, Sequence[Any]]
"""The outputs of the module at each path, one per call."""


@dataclass(frozen=True)
class Case:
    """A model to record.

    Attributes:
        build: Builds the model, with random numbers from the global generator.
        samples: The `samples` of the recorder.
        taps: The `taps` of the recorder.
        expected: Computes the values of the run by name, (samples, channels, height, width), from the outputs of a
            plain forward pass and the model.
        loss: Computes the loss of one training step.
        shown: Pictures of the samples, if the recorder cannot make them.
        inner: Returns the module whose paths the taps use.
    """

    build: Callable[[], nn.Module]
    samples: Any
    taps: Sequence[TapSpec] | None
    expected: Callable[[Outputs, nn.Module], Mapping[str, Tensor]]
    loss: Callable[[nn.Module], Tensor]
    shown: Tensor | None = None
    inner: Callable[[nn.Module], nn.Module] = field(default=lambda model: model)


def pictures(count: int = 3, channels: int = 1, side: int = 8) -> Tensor:
    return torch.linspace(0, 1, count * channels * side * side).reshape(count, channels, side, side).sin()


def total(output: Any) -> Tensor:
    """A loss that depends on everything that a model returned."""
    if isinstance(output, Tensor):
        return output.float().square().mean()
    parts = (
        output.values()
        if isinstance(output, Mapping)
        else vars(output).values()
        if hasattr(output, "__dict__")
        else output
    )
    return sum((total(part) for part in parts), torch.zeros(()))


def on_noise(*shape: int) -> Callable[[nn.Module], Tensor]:
    """A loss on random inputs."""
    return lambda model: total(model(torch.randn(shape)))


def require_module(model: Any) -> nn.Module:
    """Return the module inside a wrapper, whose type torch does not declare."""
    if not isinstance(model, nn.Module):
        raise AssertionError(f"{type(model)} is no module")
    return model
