"""Run the fixed samples through a model, and leave no trace in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from reelnet._support.text import format_count
from reelnet.errors import ReelnetError, UsageError
from reelnet.record.array_layout import ChannelOrder, has_channels_last, is_batch_first
from reelnet.record.probe.copies import ParameterGuard
from reelnet.record.probe.distributed import reshard
from reelnet.record.probe.probing import exclusive_probe
from reelnet.record.probe.state import (
    describe_forward_error,
    disable_attention_fast_path,
    preserve_rng_states,
    preserve_state,
    run_uncompiled,
    set_aside_user_hooks,
    use_eval_mode,
)
from reelnet.record.samples import Samples
from reelnet.record.taps.attention import suggest_unfused
from reelnet.record.taps.reading import (
    Arrays,
    ParameterReader,
    ReadOptions,
    TapReader,
    get_output_bounds,
    read_tensor,
)
from reelnet.record.taps.selection import (
    ModuleLookup,
    describe_shared,
    distinct_modules,
    index_paths,
    named_modules,
    unwrap_model,
)
from reelnet.record.taps.tap import Tap
from reelnet.record.tensors import pick_tensor, to_numpy
from reelnet.runs.header import TapInfo, TapKind

MIN_MULTITHREADED_VALUES = 1 << 18
"""Number of values in the samples below which one thread runs the probe. Threads wait for each other at every layer.
For ten small pictures that costs more than they gain, and far more if another process needs the cores, too: 114 ms
per probe with two threads on two busy cores, 8 ms with one."""

TapCall = tuple[str, int, int]
"""The path of a module, the index of a tap on it, and the number of a call, from 1."""


class Probe:
    """Runs the same samples through a model and returns what its taps record.

    Afterwards the model is as it was, also after an error: the train/eval flag of every module, parameters, buffers,
    hooks, attributes and all that can be reached through them; and so are the global random number generators.

    Args:
        model: The network. One wrapped by `torch.compile`, `DataParallel` or `DistributedDataParallel` is run inside
            its wrapper, where hooks fire.
        samples: What the model is called with.
        taps: Taps on the model, as `select_taps` returns them.
        options: Options that hold for all taps.
        strict: Raise an error if a tap's module is not called, or its output cannot be recorded; otherwise skip the
            tap. Taps from patterns are always skipped.

    Attributes:
        model: The network without its wrapper.
        names: The names under which the taps are recorded, known before the first pass.
        infos: What is recorded under each name, known after the first pass.
        skipped: The reason why each skipped tap cannot be recorded, known after the first pass.
        class_scores: What the model returns in the first pass if that is one vector per sample, (samples, values);
            None otherwise.
        doubts: What the first pass cannot be sure of: which dimensions are those of the samples and of the channels.
        exchanged: What happened to modules that were exchanged before the last pass, by their paths.
        refused: The reason why each tap that no longer fits has no values in the last pass.
        unrestorable: The reason why something could not be restored if the last pass changed it, by its name; each
            is here only once.
    """

    def __init__(
        self,
        model: nn.Module,
        samples: Samples,
        taps: Sequence[Tap],
        options: ReadOptions | None = None,
        *,
        strict: bool = True,
    ) -> None:
        self.model = unwrap_model(model)
        self.names = [tap.get_name(1) for tap in taps]
        self.infos: dict[str, TapInfo] = {}
        self.skipped: dict[str, str] = {}
        self.class_scores: NDArray[np.generic] | None = None
        self.doubts: list[str] = []
        self._samples = samples
        self._options = options or ReadOptions()
        self._strict = strict
        self._taps: dict[str, list[Tap]] = defaultdict(list)
        for tap in taps:
            if tap.kind is TapKind.ACTIVATION:
                self._taps[tap.module].append(tap)
        self.exchanged: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self.unrestorable: dict[str, str] = {}
        self._guard = ParameterGuard()
        self._reported: set[str] = set()
        paths = index_paths(self.model)[TapKind.ACTIVATION]
        self._lookup = ModuleLookup(self.model)
        self._owners = {tap.get_name(1): tap.module.rpartition(".")[0] for tap in taps}
        self._owners |= {tap.get_name(1): tap.module for tap in taps if tap.kind is TapKind.ACTIVATION}
        self._modules = {path: self._lookup.find(path) for path in self._owners.values()}
        self._shared_notes = {path: describe_shared(path, paths, "module") for path in self._taps}
        self._parameters = ParameterReader(
            self.model, [tap for tap in taps if tap.kind is not TapKind.ACTIVATION], self._options
        )
        self._readers: dict[TapCall, TapReader] = {}
        self._settled_dims: dict[TapCall, str] = {}
        self._output_sizes: set[int] = set()

    def run(self, *, untrained: bool = False) -> Arrays:
        """Run one forward pass.

        Args:
            untrained: Whether this is before the first step, when there are no gradients.

        Returns:
            An array (samples, channels, height, width) per tap: activations in the order of the forward pass, then
            parameters and gradients. It is NaN where what a tap reads no longer fits: it was not called, or its
            shape or dtype differs from the first pass.

        Raises:
            ReelnetError: The model fails on the samples, or no tap has something that can be recorded, or a tap with
                integers no longer fits. In the first pass: a tap that was named has nothing that can be recorded.
        """
        first = not self.infos
        self.unrestorable = {}
        with exclusive_probe():
            arrays = self._run(untrained=untrained)
            if first:
                self._settled_dims = self._settle_dims()
                if self._settled_dims:
                    self.infos = {}
                    arrays = self._run(untrained=untrained)
                self.doubts += self._list_doubts()
        return arrays

    def _settle_dims(self) -> dict[TapCall, str]:
        """Find the dimensions of outputs with as many positions as samples, by running fewer samples.

        This also shows whether the inputs are (positions, samples).
        """
        doubtful = {
            call: reader
            for call, reader in self._readers.items()
            if reader.layout.other_dims.find("N") not in (-1, reader.layout.dims.index("N"))
        }
        inputs = self._samples.first.shape
        is_square = self._samples.samples_dim is None and 1 < len(inputs) < 4 and inputs[0] == inputs[1]
        if not doubtful and not is_square:
            return {}
        # Fewer samples, not more: if these are positions after all, more of them might exceed a table of positions,
        # which a GPU does not survive.
        sizes = self._output_sizes.union(*(reader.shape for reader in doubtful.values()))
        counts = [number for number in range(1, self._samples.count) if number not in sizes]
        if not counts:
            return {}
        taps = [tap for taps in self._taps.values() for tap in taps]
        other = Probe(self.model, self._samples.take_first(counts[-1]), taps, self._options, strict=False)
        # The model may need all samples, or no output may fit these.
        with suppress(ReelnetError):
            other._run(untrained=True)
        if other.doubts:
            self.doubts += [f"with fewer samples, {doubt}" for doubt in other.doubts]
            return {}
        layouts = {call: other._readers[call].layout for call in doubtful if call in other._readers}
        return {call: layout.dims for call, layout in layouts.items() if not layout.other_dims}

    def _list_doubts(self) -> list[str]:
        layouts = {call: reader.layout for call, reader in self._readers.items() if reader.layout.other_dims}
        if not layouts:
            return []
        (path, _, _), layout = next(iter(layouts.items()))
        return [
            f"the shapes of {format_count(len(layouts), 'output')} fit two layouts; the first is {path!r}, read as "
            f"{layout.dims} and not as {layout.other_dims}; if that is wrong, set dims="
        ]

    def _run(self, *, untrained: bool) -> Arrays:
        first = not self.infos
        if first:
            self._require_initialized()
        self._look_up_modules(first=first)
        forward = _ForwardPass(channel_order=ChannelOrder.from_modules(self.model.modules()))
        # no_grad, not inference_mode: what a model caches in the pass (positions, masks) may be used by the training
        # later, and autograd refuses tensors that were made in inference mode.
        with ExitStack() as stack:
            if sum(tensor.numel() for tensor in self._samples.tensors.values()) < MIN_MULTITHREADED_VALUES:
                stack.callback(torch.set_num_threads, torch.get_num_threads())
                torch.set_num_threads(1)
            stack.enter_context(torch.no_grad())
            stack.enter_context(run_uncompiled())
            stack.enter_context(disable_attention_fast_path())
            # Without the cache: inside a loop under autocast, it holds the weights from before the step.
            stack.enter_context(torch.autocast(self._device.type, enabled=False, cache_enabled=False))
            # A model without parameters runs where its buffers and the samples are.
            tensors = self.model.parameters(), self.model.buffers(), self._samples.tensors.values()
            stack.enter_context(preserve_rng_states(chain(*tensors)))
            state = stack.enter_context(preserve_state(self.model, self._guard, self._report))
            stack.enter_context(set_aside_user_hooks(state))
            stack.enter_context(use_eval_mode(self.model))
            self._call_model(forward, first=first)
            reshard(self.model)
            # Still in eval mode: in training mode, reading a spectrally normalized weight updates its statistics.
            parameters = self._parameters.read(untrained=untrained)
        if forward.error is not None:
            raise forward.error
        if first:
            self._require_calls(forward)
            self.infos = forward.infos | self._parameters.describe(parameters)
            self._owners |= forward.paths
        return self._fill_refused(forward, parameters)

    def _report(self, name: str, reason: str) -> None:
        if name not in self._reported:
            self._reported.add(name)
            self.unrestorable[name] = reason

    def _look_up_modules(self, *, first: bool) -> None:
        """Find the modules that are at the paths of the taps now."""
        self.exchanged = {}
        for path, known in self._modules.items():
            module = self._lookup.find(path)
            if module is not known:
                self._modules[path] = module
                if first:
                    continue
                self.exchanged[path] = "is not in the model" if module is None else "is another module"

    def _fill_refused(self, forward: _ForwardPass, parameters: Arrays) -> Arrays:
        """Return all arrays; those of modules and parameters that no longer fit are NaN.

        Raises:
            ReelnetError: One that does not fit has integers, for which there is no NaN, or no tap has values.
        """
        arrays = forward.arrays | parameters
        self.refused = {}
        refused = dict(forward.refused)
        for name, info in self.infos.items():
            array = arrays.get(name)
            path = self._owners[name]
            if array is None:
                gone = name in self._parameters or self._modules[path] is None
                what = "is not in the model" if gone else "was not called in the forward pass on the samples"
                reason = refused.get(name, what)
            elif name in self._parameters and array.shape != info.shape:
                reason = f"has the shape {array.shape}, but {info.shape} at first"
            else:
                continue
            noun = "parameter" if name in self._parameters else "layer"
            if not np.issubdtype(info.dtype, np.floating):
                raise ReelnetError(f"{noun} {name!r}: {reason}")
            refused[name] = reason
            arrays[name] = np.full(info.shape, np.nan, info.dtype)
        if refused.keys() >= self.infos.keys():
            name, reason = next(iter(refused.items()))
            raise ReelnetError(f"layer {name!r}: {reason}")
        self.refused = refused
        # The order of the forward pass and of the header.
        return {name: arrays[name] for name in self.infos}

    def _require_initialized(self) -> None:
        for path, parameter in self.model.named_parameters():
            if is_lazy(parameter) or parameter.is_meta:
                raise ReelnetError(
                    f"parameter {path!r} has no values yet; run one batch through the model, or load its weights, "
                    "before recording"
                )

    def _call_model(self, forward: _ForwardPass, *, first: bool) -> None:
        dtypes = (parameter.dtype for parameter in self.model.parameters() if parameter.is_floating_point())
        args, kwargs = self._samples.copy_to(self._device, next(dtypes, None))
        with self._capture_outputs(forward, first=first):
            try:
                output = self.model(*args, **kwargs)
            except Exception as error:
                last = next(reversed(forward.arrays), None)
                raise describe_forward_error(self.model, self._samples, error, last) from error
        if first:
            self._keep_class_scores(output)
        if first and self._samples.samples_dim is None:
            self._check_count(output)

    def _keep_class_scores(self, output: Any) -> None:
        self.class_scores = None
        with suppress(ReelnetError):
            scores = pick_tensor(output, None)[0]
            if scores.ndim == 2 and len(scores) == self._samples.count and scores.is_floating_point():
                self.class_scores = to_numpy(scores)

    @property
    def _device(self) -> torch.device:
        devices = (parameter.device for parameter in self.model.parameters())
        return next(devices, self._samples.first.device)

    @contextmanager
    def _capture_outputs(self, forward: _ForwardPass, *, first: bool) -> Iterator[None]:
        with ExitStack() as stack:
            for path, module in self._modules.items():
                if path in self._taps and module and not isinstance(module, torch.jit.ScriptModule):
                    hook = self._make_hook(path, forward, first=first)
                    stack.callback(module.register_forward_hook(hook, with_kwargs=True).remove)
            for path, module in distinct_modules(self.model).items() if first else ():
                if isinstance(module, torch.jit.ScriptModule):
                    continue
                if self._samples.samples_dim is None and is_batch_first(module) is False:
                    stack.callback(module.register_forward_hook(self._make_order_hook(path)).remove)
                if has_channels_last(module) is not None:
                    stack.callback(module.register_forward_hook(forward.watch_channels).remove)
            yield

    def _check_count(self, output: Any) -> None:
        """Doubt that the first dimension of the inputs is of the samples if the output has the second one instead."""
        with suppress(ReelnetError):
            shape, inputs = tuple(pick_tensor(output, None)[0].shape), self._samples.first.shape
            self._output_sizes = set(shape)
            if 1 < len(inputs) < 4 and shape[:1] == inputs[1:2] and self._samples.count not in shape:
                self._doubt_samples_dim(f"the model returns {shape}", shape[0])

    def _make_order_hook(self, path: str) -> Any:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            shape = _find_shape(output)
            if len(shape) == 3 and shape[0] == self._samples.count != shape[1]:
                self._doubt_samples_dim(f"{path!r} with batch_first=False returns {shape}", shape[1])

        return hook

    def _doubt_samples_dim(self, what: str, count: int) -> None:
        if not self.doubts:
            self.doubts.append(
                f"{what}, which is {count} samples, but the inputs have {self._samples.count}; "
                "if the inputs are (positions, samples), give samples_dim=1"
            )

    def _make_hook(self, path: str, forward: _ForwardPass, *, first: bool) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any) -> None:
            forward.call_counts[path] += 1
            call = forward.call_counts[path]
            for index, tap in enumerate(self._taps[path]):
                key = path, index, call
                if tap.call not in (None, call) or not (first or key in self._readers):
                    continue
                if key in self._settled_dims:
                    tap = replace(tap, dims=self._settled_dims[key])
                name = tap.get_name(call)
                strict = self._strict and not tap.from_pattern
                refused = None if first else forward.refused
                where = path if tap.name is not None else name
                with forward.collect_error(name, where, strict=strict, refused=refused):
                    if not first and tap.then is None:
                        self._require_bounds(name, module)
                    values, note = read_tensor(tap, module, args, kwargs, output)
                    if first:
                        note = "; ".join(filter(None, (note, self._shared_notes[path])))
                        order = forward.channel_order.guess(tuple(values.shape))
                        reader = TapReader(
                            tap, name, module, values, note, self._samples, self._options, order
                        )
                        forward.add_first(path, reader, values)
                        self._readers[key] = reader
                    else:
                        forward.arrays |= self._readers[key].read(values)

        return hook

    def _require_bounds(self, name: str, module: nn.Module) -> None:
        """Check that a module keeps the bounds by which its maps are colored."""
        bounds = self.infos[name].bounds
        if bounds is not None and get_output_bounds(module) != bounds:
            raise ReelnetError(
                f"can return values outside of {bounds[0]:g} to {bounds[1]:g}, its range at first"
            )

    def _require_calls(self, forward: _ForwardPass) -> None:
        """Check after the first pass that the tapped modules were called."""
        self.skipped = forward.skipped
        for path, taps in self._taps.items() if self._strict else ():
            for tap in taps:
                if forward.call_counts[path] < (tap.call or 1):
                    reason = self._explain_no_call(path, forward.call_counts[path])
                    if not tap.from_pattern:
                        raise ReelnetError(f"layer {tap.path!r}: {reason}")
                    self.skipped[tap.path] = reason
        if self.skipped and not forward.infos:
            name, reason = next(iter(self.skipped.items()))
            raise ReelnetError(f"layer {name!r}: {reason}")

    def _explain_no_call(self, path: str, calls: int) -> str:
        if isinstance(self._modules[path], torch.jit.ScriptModule):
            return "was compiled by TorchScript, which runs no hooks; record the model before its compilation"
        times = {0: "was not called", 1: "was called only once"}.get(calls, f"was called only {calls} times")
        parent = named_modules(self.model).get(path.rpartition(".")[0])
        return f"{times} in the forward pass on the samples{suggest_unfused(parent)}"


def _find_shape(output: Any) -> tuple[int, ...]:
    """The shape of the first tensor of an output; () without one."""
    with suppress(ReelnetError):
        return tuple(pick_tensor(output, None)[0].shape)
    return ()


@dataclass
class _ForwardPass:
    """What the hooks collect in one forward pass.

    Attributes:
        arrays: The recorded arrays, in the order of the calls.
        infos: Descriptions of the arrays; filled in the first pass only.
        call_counts: Number of calls of each tapped module, by path.
        error: The first error of a hook.
        skipped: The reason why each skipped tap cannot be recorded.
        refused: The reason why a tap has no values, after the first pass.
        paths: The paths of the tapped modules by the names of the arrays; filled in the first pass only.
        channel_order: Where the channels of sequences are; known in the first pass only.
    """

    arrays: Arrays = field(default_factory=dict)
    infos: dict[str, TapInfo] = field(default_factory=dict)
    call_counts: Counter[str] = field(default_factory=Counter)
    error: ReelnetError | None = None
    skipped: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    channel_order: ChannelOrder = field(default_factory=ChannelOrder)

    def watch_channels(self, module: nn.Module, args: Any, output: Any) -> None:
        """Note whether the channels of a sequence are last, in a hook on a module that tells."""
        self.channel_order.update(module, _find_shape(output))

    def add_first(self, path: str, reader: TapReader, values: Tensor) -> None:
        """Add the arrays of a tap that is read for the first time.

        Raises:
            UsageError: Another tap is recorded under the same name.
        """
        arrays = reader.read(values)
        for name in arrays.keys() & self.arrays.keys():
            raise UsageError(f"two taps are named {name!r}; rename one of them with name=")
        self.arrays |= arrays
        self.infos |= reader.describe(arrays)
        self.paths |= dict.fromkeys(arrays, path)

    @contextmanager
    def collect_error(
        self, name: str, path: str, *, strict: bool, refused: dict[str, str] | None = None
    ) -> Iterator[None]:
        """Keep the first error, to be raised after the pass: a model may catch what a hook raises.

        Args:
            name: Name under which the tap is recorded.
            path: Path of its module, for the message.
            strict: Whether an output that cannot be recorded is an error; otherwise the tap is skipped.
            refused: Where to note the error instead, if it concerns this tap alone.
        """
        try:
            yield
        except UsageError as error:
            self.error = self.error or error
        except ReelnetError as error:
            if refused is not None:
                refused[name] = str(error)
            elif strict:
                named = "" if name == path else f" (named {name!r})"
                self.error = self.error or ReelnetError(f"layer {path!r}{named}: {error}")
            else:
                self.skipped[name] = str(error)
