"""The places of a network that can be recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from reelnet.record.probe.probe import Probe
from reelnet.record.samples import Samples
from reelnet.record.taps.module_paths import distinct_modules, named_modules
from reelnet.record.taps.selection import select
from reelnet.record.taps.tap import Pattern, Tap
from reelnet.runs.header import TapInfo


@dataclass(frozen=True)
class Place:
    """A place that can be recorded.

    Attributes:
        path: Its dotted path in the model, with the number of the call from the second one on.
        kind: The class of its module, or what it is of a parameter.
        info: The form of one snapshot's array.
    """

    path: str
    kind: str
    info: TapInfo


def recordable(model: nn.Module, samples: torch.Tensor, patterns: Sequence[Pattern] = ()) -> list[Place]:
    """What can be recorded of `model`, with the form that it has for `samples`.

    Args:
        model: The network.
        samples: What it is called with.
        patterns: What a recorder would be told to record; every module by default.

    Raises:
        UsageError: A pattern matches nothing.
        ReelnetError: The model cannot take the samples, or something that a pattern means cannot be recorded.
    """
    taps = select(model, patterns) if patterns else [Tap(path) for path in distinct_modules(model)]
    probe = Probe(model, Samples.of(samples), taps, strict=bool(patterns))
    probe(untrained=True)
    kinds = {path: type(module).__name__ for path, module in named_modules(model).items()}
    return [
        Place(name, kinds.get(name.partition("#")[0].removesuffix(".class"), info.kind.value), info)
        for name, info in probe.infos.items()
    ]
