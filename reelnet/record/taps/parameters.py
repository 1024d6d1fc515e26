"""Parameters and their gradients, as arrays of four dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reelnet.errors import ReelnetError, UsageError
from reelnet.record.probe.distributed import gathered, managed_modules
from reelnet.record.taps.module_paths import also, named_modules, paths_of
from reelnet.record.taps.reading import Arrays, Wanted
from reelnet.record.taps.tap import Tap
from reelnet.record.tensors import whole
from reelnet.runs.header import TapInfo, TapKind


class Parameters:
    """Reads the values of some parameters, and the gradients of some.

    Args:
        model: Whose they are.
        taps: On parameters.
        wanted: What holds for all taps.
    """

    def __init__(self, model: nn.Module, taps: Sequence[Tap], wanted: Wanted) -> None:
        self._taps, self._wanted = {tap.named(1): tap for tap in taps}, wanted
        self._modules = named_modules(model)
        known = paths_of(model)
        self._also = {name: also(tap.path, known[tap.kind], "parameter") for name, tap in self._taps.items()}
        self._model = model
        gradients = [tap for tap in taps if tap.kind is TapKind.GRADIENT]
        if gradients and any(not wrapper._use_orig_params for wrapper in managed_modules(model)):
            raise UsageError(
                f"{gradients[0].path!r}: FullyShardedDataParallel has no gradients of single parameters without "
                "use_orig_params=True; give it that, or wrap the model with fully_shard"
            )

    def __contains__(self, name: object) -> bool:
        return name in self._taps

    def __call__(self, *, untrained: bool) -> Arrays:
        """A copy of the values of each, brought to four dimensions as `TapInfo` says.

        Args:
            untrained: Whether it is before the first step, when there are no gradients.

        Raises:
            ReelnetError: A parameter has more dimensions than that, or complex values; or no tapped one has a
                gradient.
        """
        if not self._taps:
            return {}
        found, without = {}, []
        gradients = [tap for tap in self._taps.values() if tap.kind is TapKind.GRADIENT]
        with gathered(self._model, gradients=bool(gradients) and not untrained):
            for name, tap in self._taps.items():
                held = self._held(tap)
                values = held.grad if tap.kind is TapKind.GRADIENT else held
                if values is None:
                    without.append(tap)
                    # There is none, which is not the same as 0.
                    values = torch.full_like(held, torch.nan)
                found[name] = self._wanted.array(_four(name, whole(values)))
        if without and without == gradients and not untrained:
            raise ReelnetError(
                f"parameter {without[0].path!r}: has no gradient; call recorder.step() before zero_grad()"
            )
        return found

    def infos(self, arrays: Arrays) -> dict[str, TapInfo]:
        """The forms of those arrays."""
        found = {}
        for name, array in arrays.items():
            outputs, inputs, height, width = array.shape
            shape = outputs, inputs, height, width
            found[name] = TapInfo(shape, array.dtype.name, kind=self._taps[name].kind, note=self._also[name])
        return found

    def _held(self, tap: Tap) -> Tensor:
        path, _, name = tap.path.rpartition(".")
        held: Tensor = getattr(self._modules[path], name)
        return held


def _four(name: str, held: Tensor) -> Tensor:
    form = tuple(held.shape)
    if len(form) > 4 or held.is_complex():
        raise ReelnetError(
            f"parameter {name!r}: {held.dtype} of shape {form} cannot be recorded; "
            "only real values of up to four dimensions can"
        )
    # (outputs, inputs) of a linear layer is one picture; what a filter of one dimension has is a line.
    four = {0: (1, 1, 1, 1), 1: (1, *form, 1, 1), 2: (1, 1, *form), 3: (*form[:2], 1, *form[2:])}
    return held.reshape(four.get(len(form), form))
