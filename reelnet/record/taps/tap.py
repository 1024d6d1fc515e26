"""Taps: which outputs and parameters of a model to record, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from numbers import Integral
from typing import Any

from torch import Tensor, nn

from reelnet.errors import UsageError
from reelnet.record.array_layout import require_dims
from reelnet.record.taps.attention import compute_attention_weights
from reelnet.runs.header import TapKind

ReadFunction = Callable[[nn.Module, tuple[Any, ...], Mapping[str, Any]], Tensor]
"""Computes the recorded tensor from a module and the positional and named arguments of its call."""

Predicate = Callable[[str, nn.Module], bool]
"""Whether to record the module at a path."""

ChannelSpec = int | Sequence[int]
"""The number of leading channels, or the indices of channels."""


@dataclass(frozen=True)
class Tap:
    """One output or parameter of a model to record, with options.

    In `Recorder(taps=[…])` a plain string stands for `Tap(path)`. Use a `Tap` for anything beyond the path:

        Tap("conv1", then=torch.tanh, name="conv1.tanh")  # a function of the output
        Tap("lstm", key="1.0")                            # one tensor of a nested output
        Tap("blocks.3", dims="NTC", grid=(14, 14))        # the layout, where reelnet cannot infer it
        Tap.weight("conv1"), Tap.grad("conv1"), Tap.attention("encoder.*.self_attention")

    Attributes:
        path: Dotted path of a module or parameter, or a glob pattern of such paths (`*` also matches dots). A module
            that is called several times in a forward pass is recorded as `path`, `path#2`, `path#3`, …; give
            `path#2` to record the second call only.
        kind: What the path names: a module, whose output is recorded (`TapKind.ACTIVATION`), a parameter
            (`WEIGHT`), or a parameter whose gradient is recorded (`GRADIENT`).
        then: Function applied to the output, on the model's device: `torch.tanh`, for example, if the activation is
            not a module. It must return a tensor, and must not change its argument in place.
        key: Which part of an output that is a tuple, list, mapping or dataclass: its index or name; `"1.0"` is the
            first part of the second part. By default the first tensor.
        dims: One letter per dimension of the output: N samples, C channels, D depth, H height, W width, T tokens of
            an image, L positions in a sequence. By default inferred from the module, the shape and the samples.
        grid: Rows and columns of an image's tokens; additional tokens before them are recorded separately, as
            `NAME.class`. By default a grid with the aspect ratio of the samples.
        slice: Which slice of a volume to record, numbered from 0; the middle one by default.
        channels: Which channels to record: the first n, or a list of indices. By default those of the recorder.
        name: Name of the recording, instead of the path.
        reads: Computes the tensor to record from the module and the arguments of its call, instead of taking the
            module's output. `Tap.attention` uses it.
        from_pattern: Set by reelnet on taps that a pattern or predicate matched: such a tap is skipped if its module
            is not called, or if its output cannot be recorded.

    Raises:
        UsageError: The number of a call, `channels` or `dims` is invalid.
    """

    path: str
    kind: TapKind = TapKind.ACTIVATION
    _: KW_ONLY
    then: Callable[[Tensor], Tensor] | None = None
    key: int | str | None = None
    dims: str | None = None
    grid: tuple[int, int] | None = None
    slice: int | None = None
    channels: ChannelSpec | None = None
    name: str | None = None
    reads: ReadFunction | None = None
    from_pattern: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        _, sign, call = self.path.partition("#")
        if sign and not (call.isdigit() and int(call) > 0):
            raise UsageError(f"{self.path!r}: '#' must be followed by the number of a call, from 1")
        # Tuples, because taps are kept in sets.
        if self.channels is not None:
            object.__setattr__(self, "channels", parse_channels(self.channels))
        if self.grid is not None:
            object.__setattr__(self, "grid", tuple(self.grid))
        if self.dims is not None:
            require_dims(self.dims)

    @classmethod
    def weight(cls, layer: str) -> Tap:
        """Record the weight of a layer at each step, as `layer.weight`.

        Args:
            layer: Path of the layer, or a glob pattern.
        """
        return cls(f"{layer}.weight", TapKind.WEIGHT)

    @classmethod
    def grad(cls, layer: str) -> Tap:
        """Record the gradient of a layer's weight that the step used, as `layer.weight.grad`.

        It is NaN at step 0. Call `recorder.step()` before `optimizer.zero_grad()`.

        Args:
            layer: Path of the layer, or of any parameter (`conv1.bias`), or a glob pattern.
        """
        return cls(f"{layer}.weight", TapKind.GRADIENT)

    @classmethod
    def attention(cls, layer: str) -> Tap:
        """Record the attention weights of an `nn.MultiheadAttention`, as `layer.attention`.

        There is one map (queries, keys) per head. The probe computes the weights in a second call of the layer,
        since models rarely ask for them. For attention of transformers, load the model with
        `attn_implementation="eager"` and use `Tap(layer, key="1")`; for timm, set `fused_attn=False` on the layer and
        use `Tap("….attn_drop", dims="NCHW")`.

        Args:
            layer: Path of the layer, or a glob pattern.
        """
        return cls(layer, reads=compute_attention_weights, dims="NCHW")

    @property
    def module(self) -> str:
        """The path without the number of the call."""
        return self.path.partition("#")[0]

    @property
    def call(self) -> int | None:
        """Which call of the module in a forward pass to record, from 1; None for every call."""
        number = self.path.partition("#")[2]
        return int(number) if number else None

    def get_name(self, call: int) -> str:
        """Return the name under which a call is recorded."""
        if self.kind is TapKind.GRADIENT:
            return self.name or f"{self.path}.grad"
        if self.name is not None:
            return self.name if call == (self.call or 1) else f"{self.name}#{call}"
        name = self.module if self.reads is None else f"{self.module}.attention"
        return name if call == 1 else f"{name}#{call}"


def parse_channels(channels: ChannelSpec) -> ChannelSpec:
    """Return `channels` as an int or a tuple of ints.

    Raises:
        UsageError: It is neither an integer above 0 nor a list of distinct indices.
    """
    if isinstance(channels, int) and channels > 0:
        return channels
    if isinstance(channels, Iterable):
        indices = tuple(channels)
        distinct = len(set(indices)) == len(indices)
        if indices and distinct and all(isinstance(index, Integral) for index in indices):
            return tuple(map(int, indices))
    raise UsageError(f"channels={channels!r}: give a number from 1, or a list of distinct indices")


TapSpec = str | Tap | Predicate
"""What a list of taps may contain: a path or glob pattern, a `Tap`, or a predicate."""


def modules(*kinds: type[nn.Module]) -> Predicate:
    """Select all modules of the given types.

    Example:
        `Recorder(…, taps=[reelnet.modules(nn.Conv2d, nn.Linear)])`

    Args:
        kinds: Module classes; instances of subclasses are selected, too.
    """

    def is_selected(path: str, module: nn.Module) -> bool:
        return isinstance(module, kinds)

    is_selected.__name__ = " or ".join(kind.__name__ for kind in kinds)
    return is_selected
