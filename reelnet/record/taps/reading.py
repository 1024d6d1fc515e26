"""Read the values of taps: from the outputs of modules, and from parameters and their gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reelnet._support.text import one_line
from reelnet.errors import ReelnetError, UsageError, suggest_names
from reelnet.record.array_layout import infer_layout
from reelnet.record.probe.distributed import fsdp1_wrappers, summon_parameters
from reelnet.record.samples import Samples
from reelnet.record.taps.attention import suggest_attention
from reelnet.record.taps.selection import ModuleLookup, describe_shared, index_paths
from reelnet.record.taps.tap import ChannelSpec, Tap, parse_channels
from reelnet.record.tensors import (
    dtype_name,
    gather_shards,
    pick_tensor,
    to_numpy,
    to_recordable,
    with_article,
)
from reelnet.runs.header import TapInfo, TapKind, fold_shape, near_square_grid

PREFIX_TOKENS_SUFFIX = ".class"
"""End of the name under which tokens without a position in the image are recorded."""

FUNCTION_BOUNDS: Mapping[Any, tuple[float, float]] = {
    torch.tanh: (-1.0, 1.0),
    torch.sigmoid: (0.0, 1.0),
    nn.functional.tanh: (-1.0, 1.0),
    nn.functional.sigmoid: (0.0, 1.0),
    nn.functional.softsign: (-1.0, 1.0),
    nn.functional.relu6: (0.0, 6.0),
}
"""Smallest and largest value that a function can return."""

FLOAT_DTYPES = {"float16": torch.float16, "float32": torch.float32, "float64": torch.float64}
"""Dtypes in which floating-point values can be recorded."""

Arrays = dict[str, NDArray[np.generic]]
"""Arrays (samples, channels, height, width) by the names of their taps."""


@dataclass(frozen=True)
class ReadOptions:
    """Options that hold for all taps of a recorder.

    Attributes:
        dtype: Dtype in which floating-point values are recorded; None for their own.
        channels: Which channels are recorded; None for all.
    """

    dtype: torch.dtype | None = None
    channels: ChannelSpec | None = None

    @classmethod
    def from_arguments(cls, dtype: str | torch.dtype | None, channels: ChannelSpec | None) -> ReadOptions:
        """Check the arguments `dtype` and `channels` of `Recorder`.

        Raises:
            UsageError: One of them is invalid.
        """
        name = str(dtype).removeprefix("torch.")
        if dtype is not None and name not in FLOAT_DTYPES:
            raise UsageError(f"dtype={dtype!r}: cannot be recorded; {suggest_names(name, FLOAT_DTYPES)}")
        return cls(FLOAT_DTYPES.get(name), None if channels is None else parse_channels(channels))

    def to_array(self, values: Tensor) -> NDArray[np.generic]:
        """Copy values to an array of the recorded dtype."""
        if self.dtype is not None and values.is_floating_point():
            values = values.to(self.dtype)
        return to_numpy(values)


class TapReader:
    """Turns the output of one call of a tapped module into arrays, the same way at every step.

    Args:
        tap: The tap.
        name: Name under which the maps are recorded.
        module: The module that was called.
        values: The tensor of the first call. It fixes shape, dtype and layout.
        note: How the tensor was picked, for people.
        samples: The samples that the model was called with.
        options: Options of the recorder.
        channels_last: Whether the layers around the module have the channels of a sequence last.

    Attributes:
        shape: Shape of the tensor.
        layout: What its dimensions mean.

    Raises:
        UsageError: The tap asks for a channel that does not exist.
        ReelnetError: The tensor cannot be converted to maps.
    """

    def __init__(
        self,
        tap: Tap,
        name: str,
        module: nn.Module,
        values: Tensor,
        note: str,
        samples: Samples,
        options: ReadOptions,
        channels_last: bool | None = None,
    ) -> None:
        self._name, self._options = name, options
        self.shape, self._dtype = tuple(values.shape), values.dtype
        key = None if tap.then is not None else tap.key
        self.layout = infer_layout(
            self.shape,
            module,
            samples,
            dims=tap.dims,
            grid=tap.grid,
            slice_index=tap.slice,
            key=key,
            channels_last=channels_last,
        )
        dims = self.layout.dims
        channel_count = self.shape[dims.index("C")] if "C" in dims else 1
        spec = options.channels if tap.channels is None else tap.channels
        self._channels = _resolve_channels(name, spec, channel_count)
        self._note = "; ".join(filter(None, (note, self.layout.note)))
        self._bounds = _get_tap_bounds(tap, module)

    def read(self, values: Tensor) -> Arrays:
        """Convert a tensor to arrays: its maps, and the tokens before those of the image, if it has any.

        Raises:
            ReelnetError: Shape or dtype differ from those of the first call.
        """
        shape, dtype = tuple(values.shape), values.dtype
        if (shape, dtype) != (self.shape, self._dtype):
            raise ReelnetError(
                f"returns {dtype_name(dtype)} {shape}, but {dtype_name(self._dtype)} {self.shape} at first; "
                "shape and dtype of a layer must not change"
            )
        arrays, prefix_tokens = {}, self.layout.get_prefix_tokens(values)
        if prefix_tokens is not None:
            arrays[f"{self._name}{PREFIX_TOKENS_SUFFIX}"] = self._options.to_array(prefix_tokens)
        maps = self.layout.to_maps(values)
        if self._channels is not None:
            maps = maps[:, list(self._channels)]
        arrays[self._name] = self._options.to_array(maps)
        return arrays

    def describe(self, arrays: Arrays) -> dict[str, TapInfo]:
        """Describe the arrays that `read` returns, for the header of the run."""
        return {name: self._describe(name, array) for name, array in arrays.items()}

    def _describe(self, name: str, array: NDArray[np.generic]) -> TapInfo:
        _, channels, _, width = array.shape
        if name != self._name:
            note = f"tokens before those of the image, {width} values each"
            return _make_info(array, fold=(channels, *near_square_grid(width)), note=note)
        fold = fold_shape(array.shape)
        return _make_info(array, bounds=self._bounds, fold=fold, channels=self._channels, note=self._note)


def read_tensor(
    tap: Tap, module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any
) -> tuple[Tensor, str]:
    """Return the tensor that a tap records of a call, and a note on how it was picked.

    Raises:
        ReelnetError: There is no such tensor, or it cannot be recorded.
    """
    try:
        values, note = (tap.reads(module, args, kwargs), "") if tap.reads else pick_tensor(output, tap.key)
    except ReelnetError as error:
        if tap.reads is not None or tap.key is None or not (hint := suggest_attention(module)):
            raise
        raise ReelnetError(f"{error}; {hint}") from None
    if tap.then is not None:
        try:
            values = tap.then(values)
        except Exception as error:
            raise ReelnetError(f"then= failed for shape {tuple(values.shape)} ({one_line(error)})") from error
        if not isinstance(values, Tensor):
            raise ReelnetError(f"then= returns {with_article(values)}; it must return a tensor")
    return to_recordable(values), note


def get_output_bounds(module: nn.Module) -> tuple[float, float] | None:
    """Return the smallest and largest value that a module can return, if its type implies them.

    A custom module can declare them with an attribute `output_bounds = (low, high)`.
    """
    declared = getattr(module, "output_bounds", None)
    if declared is not None:
        low, high = declared
        return float(low), float(high)
    match module:
        case nn.Tanh() | nn.Softsign():
            return -1.0, 1.0
        case nn.Sigmoid() | nn.Hardsigmoid() | nn.Softmax() | nn.Softmax2d():
            return 0.0, 1.0
        case nn.Hardtanh():  # ReLU6 is a subclass
            return float(module.min_val), float(module.max_val)
    return None


def _get_tap_bounds(tap: Tap, module: nn.Module) -> tuple[float, float] | None:
    if tap.then is not None:
        return FUNCTION_BOUNDS.get(tap.then)
    return None if tap.reads is not None or tap.key is not None else get_output_bounds(module)


def _resolve_channels(name: str, spec: ChannelSpec | None, count: int) -> tuple[int, ...] | None:
    """Return the indices of the recorded channels; None for all."""
    if spec is None:
        return None
    if isinstance(spec, int):
        return tuple(range(spec)) if spec < count else None
    for index in spec:
        if not 0 <= index < count:
            raise UsageError(f"layer {name!r}: has no channel {index}; its {count} are numbered from 0")
    return tuple(spec)


class ParameterReader:
    """Reads the values of parameters, and their gradients.

    Args:
        model: The network.
        taps: Taps on parameters.
        options: Options of the recorder.

    Raises:
        UsageError: A gradient is tapped, but FSDP1 keeps no gradients of single parameters.
    """

    def __init__(self, model: nn.Module, taps: Sequence[Tap], options: ReadOptions) -> None:
        self._model, self._modules = model, ModuleLookup(model)
        self._taps, self._options = {tap.get_name(1): tap for tap in taps}, options
        index = index_paths(model)
        self._notes = {
            name: describe_shared(tap.path, index[tap.kind], "parameter") for name, tap in self._taps.items()
        }
        self._gradients = [tap for tap in self._taps.values() if tap.kind is TapKind.GRADIENT]
        if self._gradients and any(not wrapper._use_orig_params for wrapper in fsdp1_wrappers(model)):
            raise UsageError(
                f"{self._gradients[0].path!r}: FullyShardedDataParallel has gradients of single parameters only with "
                "use_orig_params=True; set it, or wrap the model with fully_shard"
            )

    def __contains__(self, name: object) -> bool:
        return name in self._taps

    def read(self, *, untrained: bool) -> Arrays:
        """Copy the parameters and gradients to arrays with four dimensions; a missing gradient is NaN.

        A parameter that the model has no longer is left out.

        Args:
            untrained: Whether this is before the first step, when there are no gradients.

        Raises:
            ReelnetError: A parameter has more than four dimensions or complex values, or gradients are tapped and
                none exists.
        """
        if not self._taps:
            return {}
        arrays, without_gradient = {}, []
        with summon_parameters(self._model, gradients=bool(self._gradients) and not untrained):
            for name, tap in self._taps.items():
                path, _, attribute = tap.path.rpartition(".")
                parameter = getattr(self._modules.find(path), attribute, None)
                if not isinstance(parameter, Tensor):
                    continue
                values = parameter.grad if tap.kind is TapKind.GRADIENT else parameter
                if values is None:
                    without_gradient.append(tap)
                    # NaN, not 0: no gradient is not the same as a gradient of 0.
                    values = torch.full_like(parameter, torch.nan)
                arrays[name] = self._options.to_array(_to_4_dims(name, gather_shards(values)))
        if without_gradient and without_gradient == self._gradients and not untrained:
            raise ReelnetError(
                f"parameter {without_gradient[0].path!r}: has no gradient; call recorder.step() before zero_grad()"
            )
        return arrays

    def describe(self, arrays: Arrays) -> dict[str, TapInfo]:
        """Describe the arrays that `read` returns, for the header of the run."""
        return {
            name: _make_info(array, kind=self._taps[name].kind, note=self._notes[name])
            for name, array in arrays.items()
        }


def _make_info(array: NDArray[np.generic], **details: Any) -> TapInfo:
    first, channels, height, width = array.shape
    return TapInfo((first, channels, height, width), array.dtype.name, **details)


def _to_4_dims(name: str, values: Tensor) -> Tensor:
    shape = tuple(values.shape)
    if len(shape) > 4 or values.is_complex():
        raise ReelnetError(
            f"parameter {name!r}: {dtype_name(values.dtype)} of shape {shape} cannot be recorded; "
            "only real values with up to four dimensions can"
        )
    # The (outputs, inputs) of a linear layer are one picture; a one-dimensional filter is a row.
    expanded = {0: (1, 1, 1, 1), 1: (1, *shape, 1, 1), 2: (1, 1, *shape), 3: (*shape[:2], 1, *shape[2:])}
    return values.reshape(expanded.get(len(shape), shape))
