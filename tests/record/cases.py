"""A model to record, and what a recording of it should hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from reelnet.record.taps.tap import TapSpec

Outputs = Mapping[str, Sequence[Any]]
"""For each path what its module returned, a call after another."""


@dataclass(frozen=True)
class Case:
    """A model to record.

    Attributes:
        build: Makes the model, its random numbers from the global generator.
        samples: What the recorder is given.
        taps: Likewise.
        wanted: From the outputs of a plain forward pass, and the model itself, what the run should hold by its name:
            (samples, channels, height, width).
        loss: Of one training step.
        shown: Pictures of the samples, if the recorder cannot make them.
        inner: The module whose names count.
    """

    build: Callable[[], nn.Module]
    samples: Any
    taps: Sequence[TapSpec] | None
    wanted: Callable[[Outputs, nn.Module], Mapping[str, Tensor]]
    loss: Callable[[nn.Module], Tensor]
    shown: Tensor | None = None
    inner: Callable[[nn.Module], nn.Module] = field(default=lambda model: model)


def pictures(count: int = 3, channels: int = 1, side: int = 8) -> Tensor:
    return torch.linspace(0, 1, count * channels * side * side).reshape(count, channels, side, side).sin()


def total(output: Any) -> Tensor:
    """A loss that depends on all that a model returned."""
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


def unwrapped(model: Any) -> nn.Module:
    """What lies within a wrapper, which torch's types do not know."""
    if not isinstance(model, nn.Module):
        raise AssertionError(f"{type(model)} is no module")
    return model
