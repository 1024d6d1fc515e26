"""Running the fixed samples through a model without leaving a trace in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.utils.hooks import RemovableHandle

from reelnet.errors import ReelnetError, UsageError
from reelnet.record.array_layout import Fed
from reelnet.record.probe.distributed import spread_again
from reelnet.record.probe.failure import failure_of
from reelnet.record.probe.state import (
    generators,
    one_thread,
    uncompiled,
    untouched_generators,
    untouched_modules,
)
from reelnet.record.samples import Samples
from reelnet.record.taps.module_paths import also, named_modules, paths_of, unwrap
from reelnet.record.taps.parameters import Parameters
from reelnet.record.taps.reading import Arrays, Reading, Wanted, read
from reelnet.record.taps.tap import Tap
from reelnet.runs.header import TapInfo, TapKind

SMALL = 1 << 18
"""Numbers in the samples below which one thread does the probe. Threads that wait for each other at every layer cost
more than they bring for ten small pictures, and many times more where another process wants the cores too: 114 ms
a probe with two threads on two busy cores, 8 ms with one."""


class Probe:
    """Runs the same samples through a model and returns what its taps give.

    The model is as it was afterwards, also after an error: every module's train/eval flag, its buffers and
    attributes, its hooks, and the state of every random number generator.

    Args:
        model: The network. One wrapped by `torch.compile`, `DataParallel` or `DistributedDataParallel` is
            probed inside its wrapper, where hooks fire.
        samples: What the model is called with.
        taps: Places of the model, as `select` gives them.
        wanted: What holds for all taps.
        strict: Refuse outputs that cannot be brought to maps; otherwise leave them out.

    Attributes:
        infos: After the first pass, what is recorded by its name, and in which form.
        names: What is meant to be recorded, before any pass.
        left_out: After the first pass, what a pattern found and that cannot be recorded, with the reason.
    """

    infos: dict[str, TapInfo]

    def __init__(
        self,
        model: nn.Module,
        samples: Samples,
        taps: Sequence[Tap],
        wanted: Wanted | None = None,
        *,
        strict: bool = True,
    ) -> None:
        self.model = unwrap(model)
        self.infos = {}
        self.left_out: dict[str, str] = {}
        self.names = [tap.named(1) for tap in taps]
        self._samples = samples
        self._strict = strict
        self._wanted = wanted or Wanted()
        self._taps: dict[str, list[Tap]] = defaultdict(list)
        for tap in taps:
            if tap.kind is TapKind.ACTIVATION:
                self._taps[tap.module].append(tap)
        modules, known = named_modules(self.model), paths_of(self.model)[TapKind.ACTIVATION]
        self._modules = {path: modules[path] for path in self._taps}
        self._also = {path: also(path, known, "module") for path in self._taps}
        self._parameters = Parameters(
            self.model, [tap for tap in taps if tap.kind is not TapKind.ACTIVATION], self._wanted
        )
        self._readings: dict[tuple[str, int, int], Reading] = {}
        self._generators = generators(self.model)

    def __call__(self, *, untrained: bool = False) -> Arrays:
        """One pass: for each place an array (samples, channels, height, width), in the order of the forward pass.

        Parameters and gradients follow.

        Args:
            untrained: Whether it is before the first step, when there are no gradients.

        Raises:
            ReelnetError: The model cannot take the samples, or a place gave nothing that can be recorded, or not in
                the form of the first pass.
        """
        first = not self.infos
        if first:
            self._require_values()
        heard = _Heard()
        # no_grad, not inference_mode: what a model caches on the way (positions, masks) may be used by the
        # training later, and autograd refuses tensors that were made in inference mode.
        with ExitStack() as stack:
            stack.enter_context(torch.no_grad())
            stack.enter_context(uncompiled())
            stack.enter_context(torch.autocast(self._device.type, enabled=False))
            devices = {held.device for held in self.model.parameters()}
            stack.enter_context(untouched_generators(devices, self._generators))
            stack.enter_context(untouched_modules(self.model))
            if self._samples.numel < SMALL:
                stack.enter_context(one_thread())
            self._run(heard, first=first)
            spread_again(self.model)
            # Normalised weights are computed when they are read, in training from moving statistics.
            parameters = self._parameters(untrained=untrained)
        if heard.refused is not None:
            raise heard.refused
        self._require_heard(heard, first=first)
        if first:
            self.infos = heard.infos | self._parameters.infos(parameters)
        return heard.arrays | parameters

    def _require_values(self) -> None:
        held = self.model.named_parameters()
        lazy = next((path for path, each in held if is_lazy(each) or each.is_meta), None)
        if lazy is not None:
            raise ReelnetError(
                f"parameter {lazy!r} has no values yet; run one batch through the model, or load them, "
                "before recording it"
            )

    def _run(self, heard: _Heard, *, first: bool) -> None:
        args, kwargs = self._samples.moved(self._device, self._dtype)
        with self._listening(heard, first=first):
            try:
                self.model(*args, **kwargs)
            except Exception as error:
                raise failure_of(
                    self.model, self._samples, error, next(reversed(heard.arrays), None)
                ) from error

    @property
    def _device(self) -> torch.device:
        own = next(iter(self._samples.tensors.values())).device
        return next((tensor.device for tensor in self.model.parameters()), own)

    @property
    def _dtype(self) -> torch.dtype | None:
        return next((held.dtype for held in self.model.parameters() if held.is_floating_point()), None)

    @contextmanager
    def _listening(self, heard: _Heard, *, first: bool) -> Iterator[None]:
        handles: list[RemovableHandle] = []
        try:
            for path, module in self._modules.items():
                if isinstance(module, torch.jit.ScriptModule):
                    continue
                hook = self._hook(path, heard, first=first)
                handles.append(module.register_forward_hook(hook, with_kwargs=True))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _hook(self, path: str, heard: _Heard, *, first: bool) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any) -> None:
            heard.calls[path] += 1
            call = heard.calls[path]
            for number, tap in enumerate(self._taps[path]):
                place = path, number, call
                if tap.call in (None, call) and (first or place in self._readings):
                    name = tap.named(call)
                    # A model may catch what is raised in here, so it is kept and raised behind it.
                    strict = not first or (self._strict and not tap.sought)
                    with heard.refusing(name, path if tap.name is not None else name, strict=strict):
                        values, note = read(tap, module, args, kwargs, output)
                        if first:
                            note = "; ".join(filter(None, (note, self._also[path])))
                            reading = Reading.first(tap, name, module, values, note, self._fed, self._wanted)
                            heard.take(reading, reading.arrays(values))
                            self._readings[place] = reading
                        else:
                            heard.arrays.update(self._readings[place].arrays(values))

        return hook

    @property
    def _fed(self) -> Fed:
        return Fed(self._samples.count, self._samples.size, self._samples.lines)

    def _require_heard(self, heard: _Heard, *, first: bool) -> None:
        if not first:
            missing = [
                name for name in self.infos if name not in heard.arrays and name not in self._parameters
            ]
            if missing:
                raise ReelnetError(f"layer {missing[0]!r}: was not called while the model ran on the samples")
            return
        self.left_out = heard.left_out
        for path, taps in self._taps.items() if self._strict else ():
            for tap in taps:
                if heard.calls[path] < (tap.call or 1):
                    reason = self._why(path, heard.calls[path])
                    if not tap.sought:
                        raise ReelnetError(f"layer {tap.path!r}: {reason}")
                    self.left_out[tap.path] = reason
        if self.left_out and not heard.infos:
            name, reason = next(iter(self.left_out.items()))
            raise ReelnetError(f"layer {name!r}: {reason}")

    def _why(self, path: str, calls: int) -> str:
        if isinstance(self._modules[path], torch.jit.ScriptModule):
            return "was compiled by TorchScript, where nothing can listen; record the model as it was before"
        times = f"was called {calls} times" if calls else "was not called"
        return f"{times} while the model ran on the samples"


class _Heard:
    """What was heard in one pass."""

    def __init__(self) -> None:
        self.arrays: Arrays = {}
        self.infos: dict[str, TapInfo] = {}
        self.calls: Counter[str] = Counter()
        self.refused: ReelnetError | None = None
        self.left_out: dict[str, str] = {}

    def take(self, reading: Reading, arrays: Arrays) -> None:
        """Keep the arrays of a place that is read for the first time."""
        for name in arrays.keys() & self.arrays.keys():
            raise UsageError(f"two taps are named {name!r}; give one of them another name=")
        self.arrays |= arrays
        self.infos |= reading.infos(arrays)

    @contextmanager
    def refusing(self, name: str, path: str, *, strict: bool) -> Iterator[None]:
        """Keep the first mistake, with the path of the layer; if not `strict`, the layer is left out."""
        try:
            yield
        except UsageError as error:
            self.refused = self.refused or error
        except ReelnetError as error:
            if strict:
                named = "" if name == path else f" (named {name!r})"
                self.refused = self.refused or ReelnetError(f"layer {path!r}{named}: {error}")
            else:
                self.left_out[name] = str(error)
