"""Which places of a model are recorded, and what comes out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reelnet.errors import ReelnetError, UsageError, options
from reelnet.record.probe import Probe, to_numpy
from reelnet.runs.header import TapInfo, TapKind


@dataclass(frozen=True)
class Tap:
    """A place in a network to record; lists of taps take its path as a plain text, too.

    Attributes:
        path: Dotted path of a module, or of a parameter; or a glob pattern of such paths.
        kind: What the path names: a module whose output is recorded, or a parameter.
    """

    path: str
    kind: TapKind = TapKind.ACTIVATION

    @classmethod
    def weight(cls, layer: str) -> Tap:
        """The weight of a layer: its values themselves, at each step, under the name `layer.weight`."""
        return cls(f"{layer}.weight", TapKind.WEIGHT)


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


def select(model: nn.Module, patterns: Sequence[str | Tap]) -> list[Tap]:
    """The places of `model` that match: modules, then parameters, each in the model's order.

    Args:
        model: The network.
        patterns: Paths, or glob patterns over whole paths (`*` also crosses dots: `layer*.conv?`). A text means
            modules; where it matches none, parameters, so that `*.weight` is every weight.

    Raises:
        UsageError: A pattern matches nothing.
    """
    known = {
        TapKind.ACTIVATION: [path for path, _ in model.named_modules() if path],
        TapKind.WEIGHT: [path for path, _ in model.named_parameters(remove_duplicate=False)],
    }
    chosen: set[Tap] = set()
    for each in patterns:
        pattern = each.path if isinstance(each, Tap) else each
        kinds = [each.kind] if isinstance(each, Tap) else list(known)
        found = next(filter(None, (matching(known[kind], pattern, kind) for kind in kinds)), None)
        if found is None:
            paths = [path for kind in kinds for path in known[kind]]
            what = "layer" if kinds[0] is TapKind.ACTIVATION else "parameter"
            raise UsageError(f"no {what} {pattern!r} in {type(model).__name__}; {options(pattern, paths)}")
        chosen.update(found)
    return [tap for kind, paths in known.items() for path in paths if (tap := Tap(path, kind)) in chosen]


def matching(paths: Sequence[str], pattern: str, kind: TapKind) -> list[Tap]:
    """Those paths that a path or glob pattern means."""
    return [Tap(path, kind) for path in paths if path == pattern or fnmatchcase(path, pattern)]


def convolutions(model: nn.Module) -> list[Tap]:
    """The model's two-dimensional convolutions: what is recorded unless one says otherwise."""
    return [Tap(path) for path, module in model.named_modules() if path and isinstance(module, nn.Conv2d)]


def recordable(model: nn.Module, samples: torch.Tensor) -> list[Place]:
    """Every module of `model` whose output is maps or features, with the form it has for `samples`.

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


def weights(model: nn.Module, paths: Sequence[str]) -> dict[str, NDArray[np.generic]]:
    """A copy of the values of each parameter, brought to four dimensions as `TapInfo` says.

    Raises:
        ReelnetError: A parameter has more dimensions than that, or complex values.
    """
    parameters = dict(model.named_parameters(remove_duplicate=False))
    found = {}
    for path in paths:
        held = parameters[path]
        form = tuple(held.shape)
        if len(form) > 4 or held.is_complex():
            raise ReelnetError(
                f"parameter {path!r}: {held.dtype} of shape {form} cannot be recorded; "
                "only real values of up to four dimensions can"
            )
        # (outputs, inputs) of a linear layer is one picture; what a filter of one dimension has is a line.
        four = {0: (1, 1, 1, 1), 1: (1, *form, 1, 1), 2: (1, 1, *form), 3: (*form[:2], 1, *form[2:])}
        found[path] = to_numpy(held).reshape(four.get(len(form), form))
    return found


def describe_weight(array: NDArray[np.generic]) -> TapInfo:
    """The form of a weight, from its values at one step."""
    outputs, inputs, height, width = array.shape
    return TapInfo((outputs, inputs, height, width), array.dtype.name, kind=TapKind.WEIGHT)


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
