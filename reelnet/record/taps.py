"""Which places of a model are recorded, and what comes out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reelnet.errors import UsageError, options
from reelnet.record.probe import Probe
from reelnet.runs.header import TapInfo


@dataclass(frozen=True)
class Place:
    """A module that can be recorded.

    Attributes:
        path: Its dotted path in the model.
        kind: Its class.
        info: The form of one snapshot's array.
    """

    path: str
    kind: str
    info: TapInfo


def select(model: nn.Module, patterns: Sequence[str]) -> list[str]:
    """The paths of `model`'s modules that match, in the model's order.

    Args:
        model: The network.
        patterns: Module paths, or glob patterns over whole paths (`*` also crosses dots: `layer*.conv?`).

    Raises:
        UsageError: A pattern matches nothing.
    """
    paths = [path for path, _ in model.named_modules() if path]
    chosen: set[str] = set()
    for pattern in patterns:
        found = [path for path in paths if path == pattern or fnmatchcase(path, pattern)]
        if not found:
            raise UsageError(f"no layer {pattern!r} in {type(model).__name__}; {options(pattern, paths)}")
        chosen.update(found)
    return [path for path in paths if path in chosen]


def convolutions(model: nn.Module) -> list[str]:
    """The paths of the model's two-dimensional convolutions: what is recorded unless one says otherwise."""
    return [path for path, module in model.named_modules() if path and isinstance(module, nn.Conv2d)]


def recordable(model: nn.Module, samples: torch.Tensor) -> list[Place]:
    """Every module of `model` whose output is maps, with the form it has for `samples`.

    Raises:
        ReelnetError: The model cannot take the samples.
    """
    kinds = {path: module for path, module in model.named_modules() if path}
    arrays = Probe(model, samples, list(kinds), strict=False)()
    return [
        Place(path, type(kinds[path]).__name__, describe(array, kinds[path]))
        for path, array in arrays.items()
    ]


def describe(array: NDArray[np.generic], module: nn.Module) -> TapInfo:
    """The form of a tap, from one of its arrays (samples, channels, height, width) and its module."""
    samples, channels, height, width = array.shape
    return TapInfo((samples, channels, height, width), array.dtype.name, bounds_of(module))


def bounds_of(module: nn.Module) -> tuple[float, float] | None:
    """The values that a module's output can take, where its kind says so; None otherwise.

    A module of one's own can say so itself with an attribute `output_bounds = (low, high)`.
    """
    own = getattr(module, "output_bounds", None)
    if own is not None:
        low, high = own
        return float(low), float(high)
    match module:
        case nn.Tanh() | nn.Softsign():
            return -1.0, 1.0
        case nn.Sigmoid() | nn.Hardsigmoid() | nn.Softmax() | nn.Softmax2d():
            return 0.0, 1.0
        case nn.Hardtanh():  # ReLU6 is one of these
            return float(module.min_val), float(module.max_val)
    return None
