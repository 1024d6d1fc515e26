"""List what can be recorded of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from reelnet.record.probe.probe import Probe
from reelnet.record.samples import Samples
from reelnet.record.taps.reading import PREFIX_TOKENS_SUFFIX
from reelnet.record.taps.selection import distinct_modules, named_modules, select_taps
from reelnet.record.taps.tap import Tap, TapSpec
from reelnet.runs.header import TapInfo


@dataclass(frozen=True)
class TapPoint:
    """A module or parameter that can be recorded.

    Attributes:
        path: Its dotted path in the model, with the number of the call from the second call on.
        kind: The class of the module; for a parameter, whether its weight or gradient is meant.
        info: Shape and dtype of one snapshot, for given samples.
    """

    path: str
    kind: str
    info: TapInfo


def list_tap_points(model: nn.Module, samples: Tensor, specs: Sequence[TapSpec] = ()) -> list[TapPoint]:
    """List what can be recorded of a model.

    Args:
        model: The network.
        samples: What the model is called with.
        specs: Taps as for `Recorder`, to list what they record; by default all modules.

    Raises:
        UsageError: A path, pattern or predicate matches nothing.
        ReelnetError: The model fails on the samples, or something that `specs` names cannot be recorded.
    """
    taps = select_taps(model, specs) if specs else [Tap(path) for path in distinct_modules(model)]
    probe = Probe(model, Samples.from_inputs(samples), taps, strict=bool(specs))
    probe.run(untrained=True)
    kinds = {path: type(module).__name__ for path, module in named_modules(model).items()}
    return [
        TapPoint(
            name,
            kinds.get(name.partition("#")[0].removesuffix(PREFIX_TOKENS_SUFFIX), info.kind.value),
            info,
        )
        for name, info in probe.infos.items()
    ]
