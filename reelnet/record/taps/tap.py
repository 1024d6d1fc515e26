"""What is recorded of a model: a place, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from numbers import Integral
from typing import Any

from torch import Tensor, nn

from reelnet.errors import UsageError
from reelnet.record.array_layout import require_dims
from reelnet.record.taps.attention import attention_weights
from reelnet.runs.header import TapKind

Reader = Callable[[nn.Module, tuple[Any, ...], Mapping[str, Any]], Tensor]
"""Gets values from a call of a module: of the module and what it was called with, by position and by name."""

Predicate = Callable[[str, nn.Module], bool]
"""Whether the module at a path is wanted."""

Channels = int | Sequence[int]
"""The first so many channels, or the positions of some."""


@dataclass(frozen=True)
class Tap:
    """A place in a network to record; lists of taps take its path as a plain text, too.

    Attributes:
        path: Dotted path of a module, or of a parameter; or a glob pattern of such paths. A module that is called
            several times in a forward pass is recorded under `path`, `path#2`, `path#3`, …; a path with such an
            end means that call alone.
        kind: What the path names: a module whose output is recorded, or a parameter.
        then: Applied to the output (on the model's device), torch.tanh, say, where the activation is a function; the
            output must not be changed in place.
        key: Which part of an output that is a tuple, list, mapping or dataclass: its position or name, `1.0` for the
            first part of the second; by default the first tensor.
        dims: What the dimensions of the output are, a letter each: N samples, C channels, D depth, H height,
            W width, T tokens of a picture, L positions in a row. By default as module and samples suggest.
        grid: Rows and columns of a picture's tokens; tokens before those are kept apart. By default as the samples'
            aspect suggests.
        slice: Which slice of a volume is recorded, counted from 0; the middle one by default.
        channels: Which channels; by default those of the recorder.
        name: Under which the place is recorded, instead of its path.
        reads: What is recorded of a call instead of the module's output: its attention weights.
        sought: Whether a pattern or predicate found it; one that turns out not to be called, or to give what
            cannot be recorded, is then left out.
    """

    path: str
    kind: TapKind = TapKind.ACTIVATION
    _: KW_ONLY
    then: Callable[[Tensor], Tensor] | None = None
    key: int | str | None = None
    dims: str | None = None
    grid: tuple[int, int] | None = None
    slice: int | None = None
    channels: Channels | None = None
    name: str | None = None
    reads: Reader | None = None
    sought: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        _, sign, call = self.path.partition("#")
        if sign and not (call.isdigit() and int(call) > 0):
            raise UsageError(
                f"{self.path!r}: behind # goes the number of a call in a forward pass, 1 or more"
            )
        # Taps are kept in sets.
        if self.channels is not None:
            object.__setattr__(self, "channels", channels_of(self.channels))
        if self.grid is not None:
            object.__setattr__(self, "grid", tuple(self.grid))
        if self.dims is not None:
            require_dims(self.dims)

    @classmethod
    def weight(cls, layer: str) -> Tap:
        """The weight of a layer: its values themselves, at each step, under the name `layer.weight`."""
        return cls(f"{layer}.weight", TapKind.WEIGHT)

    @classmethod
    def grad(cls, layer: str) -> Tap:
        """The gradient of a layer's weight (or of a parameter by its own path), as the step used it.

        It is recorded as `layer.weight.grad`; before the first step it is NaN. Call `recorder.step()` before
        `zero_grad()`.
        """
        return cls(f"{layer}.weight", TapKind.GRADIENT)

    @classmethod
    def attention(cls, layer: str) -> Tap:
        """The attention weights of an `nn.MultiheadAttention`, a map (queries, keys) for each head.

        They are recorded as `layer.attention`. The probe computes them once more: a model seldom asks for them.
        """
        return cls(layer, reads=attention_weights, dims="NCHW")

    @property
    def module(self) -> str:
        """The path without a call's number."""
        return self.path.partition("#")[0]

    @property
    def call(self) -> int | None:
        """Which call of the module in a forward pass, counted from 1; None for each."""
        number = self.path.partition("#")[2]
        return int(number) if number else None

    def named(self, call: int) -> str:
        """The name under which a call is recorded."""
        if self.kind is TapKind.GRADIENT:
            return self.name or f"{self.path}.grad"
        if self.name is not None:
            return self.name if call == (self.call or 1) else f"{self.name}#{call}"
        name = self.module if self.reads is None else f"{self.module}.attention"
        return name if call == 1 else f"{name}#{call}"


def channels_of(channels: Channels) -> Channels:
    """How many channels are recorded, or which.

    Raises:
        UsageError: That is no whole number above 0, nor a list of different positions.
    """
    if isinstance(channels, int) and channels > 0:
        return channels
    if isinstance(channels, Iterable):
        found = tuple(channels)
        if found and len(set(found)) == len(found) and all(isinstance(each, Integral) for each in found):
            return tuple(map(int, found))
    raise UsageError(f"channels={channels!r}: give how many, 1 or more, or a list of different positions")


Pattern = str | Tap | Predicate


def modules(*kinds: type[nn.Module]) -> Predicate:
    """All modules of some types, as in `taps=[reelnet.modules(nn.Conv2d, nn.Linear)]`."""

    def wanted(path: str, module: nn.Module) -> bool:
        return isinstance(module, kinds)

    wanted.__name__ = " or ".join(kind.__name__ for kind in kinds)
    return wanted
