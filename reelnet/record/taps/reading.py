"""How the values of a tap are got from a call of its module, the same way at every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reelnet.errors import ReelnetError, UsageError, suggest_names
from reelnet.record.array_layout import Fed, Form, form_of
from reelnet.record.taps.tap import Channels, Tap, channels_of
from reelnet.record.tensors import a, pick, require_plain, to_numpy
from reelnet.runs.header import TapInfo, fold_shape, near_square_grid

APART = ".class"
"""End of the name under which the tokens without a place in the picture are recorded."""

BOUNDS: Mapping[Any, tuple[float, float]] = {
    torch.tanh: (-1.0, 1.0),
    torch.sigmoid: (0.0, 1.0),
    nn.functional.tanh: (-1.0, 1.0),
    nn.functional.sigmoid: (0.0, 1.0),
    nn.functional.softsign: (-1.0, 1.0),
    nn.functional.relu6: (0.0, 6.0),
}
"""What functions can give at all."""

DTYPES = {"float16": torch.float16, "float32": torch.float32, "float64": torch.float64}
"""Types in which floating values may be recorded."""

Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Wanted:
    """What holds for all taps of a recorder.

    Attributes:
        dtype: Type in which floating values are recorded; None for their own.
        channels: The first so many, or the positions of some; None for all.
    """

    dtype: torch.dtype | None = None
    channels: Channels | None = None

    @classmethod
    def of(cls, dtype: object, channels: Channels | None) -> Wanted:
        """What a recorder was told.

        Raises:
            UsageError: Nothing can be recorded in such a type, or channels cannot be.
        """
        name = str(dtype).removeprefix("torch.")
        if dtype is not None and name not in DTYPES:
            raise UsageError(f"dtype={dtype!r}: cannot be recorded as that; {suggest_names(name, DTYPES)}")
        return cls(DTYPES.get(name), None if channels is None else channels_of(channels))

    def array(self, values: Tensor) -> NDArray[np.generic]:
        """Values as they are recorded."""
        if self.dtype is not None and values.is_floating_point():
            values = values.to(self.dtype)
        return to_numpy(values)


@dataclass(frozen=True)
class Reading:
    """How one call of a tapped module is read.

    Attributes:
        tap: The tap.
        name: Under which the maps are recorded.
        shape: Of the tensor that was read first; any other one is a mistake.
        dtype: Of that tensor.
        form: How it becomes maps.
        channels: Positions of the channels that are recorded; None for all.
        note: On how it came about.
    """

    tap: Tap
    name: str
    shape: tuple[int, ...]
    dtype: torch.dtype
    form: Form
    channels: tuple[int, ...] | None
    note: str
    bounds: tuple[float, float] | None
    wanted: Wanted

    @classmethod
    def first(
        cls, tap: Tap, name: str, module: nn.Module, values: Tensor, note: str, fed: Fed, wanted: Wanted
    ) -> Reading:
        """Settle how a tensor is read.

        Raises:
            UsageError: It lacks a channel.
            ReelnetError: It cannot be brought to maps.
        """
        shape = tuple(values.shape)
        form = form_of(shape, module, fed, dims=tap.dims, grid=tap.grid, plane=tap.slice)
        count = shape[form.dims.index("C")] if "C" in form.dims else 1
        asked = wanted.channels if tap.channels is None else tap.channels
        notes = "; ".join(filter(None, (note, form.note)))
        return cls(
            tap,
            name,
            shape,
            values.dtype,
            form,
            _positions(name, asked, count),
            notes,
            _bounds(tap, module),
            wanted,
        )

    def arrays(self, values: Tensor) -> Arrays:
        """What is recorded of a tensor: its tokens without a place, if there are any, and its maps.

        Raises:
            ReelnetError: It has not the form of the first one.
        """
        shape, dtype = tuple(values.shape), values.dtype
        if (shape, dtype) != (self.shape, self.dtype):
            raise ReelnetError(
                f"gives {_named(dtype)} {shape}, but gave {_named(self.dtype)} {self.shape} at first; "
                "a layer is recorded in one form"
            )
        found, apart = {}, self.form.apart(values)
        if apart is not None:
            found[f"{self.name}{APART}"] = self.wanted.array(apart)
        maps = self.form.maps(values)
        found[self.name] = self.wanted.array(maps if self.channels is None else maps[:, list(self.channels)])
        return found

    def infos(self, arrays: Arrays) -> dict[str, TapInfo]:
        """The forms of those arrays."""
        return {name: self._info(name, array) for name, array in arrays.items()}

    def _info(self, name: str, array: NDArray[np.generic]) -> TapInfo:
        samples, channels, height, width = array.shape
        shape = samples, channels, height, width
        if name != self.name:
            note = f"tokens before the picture's, {width} values each"
            return TapInfo(shape, array.dtype.name, fold=(channels, *near_square_grid(width)), note=note)
        fold = fold_shape(shape)
        return TapInfo(
            shape, array.dtype.name, self.bounds, fold=fold, channels=self.channels, note=self.note
        )


def read(
    tap: Tap, module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any
) -> tuple[Tensor, str]:
    """The tensor of a call that a tap means, with a note on the choice.

    Raises:
        ReelnetError: There is none, or one that cannot be recorded.
    """
    values, note = (tap.reads(module, args, kwargs), "") if tap.reads else pick(output, tap.key)
    if tap.then is not None:
        try:
            values = tap.then(values)
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ReelnetError(f"then= failed for {tuple(values.shape)} ({reason})") from error
        if not isinstance(values, Tensor):
            raise ReelnetError(f"then= gives {a(values)}; it must give a tensor")
    return require_plain(values), note


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


def _bounds(tap: Tap, module: nn.Module) -> tuple[float, float] | None:
    if tap.then is not None:
        return BOUNDS.get(tap.then)
    return None if tap.reads is not None or tap.key is not None else bounds_of(module)


def _positions(name: str, asked: Channels | None, count: int) -> tuple[int, ...] | None:
    if asked is None:
        return None
    if isinstance(asked, int):
        return tuple(range(asked)) if asked < count else None
    for position in asked:
        if not 0 <= position < count:
            raise UsageError(f"layer {name!r}: has no channel {position}; its {count} are numbered from 0")
    return tuple(asked)


def _named(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
