"""Find out what the dimensions of an output mean, and convert it to maps (samples, channels, height, width)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from torch import Tensor, nn

from reelnet._support.text import format_count
from reelnet.errors import ReelnetError, UsageError
from reelnet.record.samples import Samples

SPATIAL_DIMS = ({"H", "W"}, {"D", "H", "W"}, {"T"}, {"L"}, set[str]())
"""Dimensions allowed beside N and C: those of an image or volume, tokens of an image, positions, none."""

PREFIX_TOKEN_COUNTS = (0, 1, 2, 4, 5)
"""Numbers of tokens that may precede the image's: none, class, class and distillation, registers (and class)."""

CHANNELS_FIRST_1D = (
    nn.Conv1d,
    nn.ConvTranspose1d,
    nn.BatchNorm1d,
    nn.InstanceNorm1d,
    nn.MaxPool1d,
    nn.AvgPool1d,
    nn.AdaptiveAvgPool1d,
    nn.AdaptiveMaxPool1d,
)
"""Modules that return (samples, channels, positions)."""

CHANNELS_FIRST_2D = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d, nn.GroupNorm, nn.MaxPool2d, nn.AvgPool2d)
"""Modules that return (samples, channels, height, width)."""

CHANNELS_LAST = (
    nn.Linear,
    nn.LayerNorm,
    nn.Embedding,
    nn.RNNBase,
    nn.MultiheadAttention,
    nn.TransformerEncoder,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoder,
    nn.TransformerDecoderLayer,
)
"""Modules that return (samples, positions, channels)."""


@dataclass(frozen=True)
class ArrayLayout:
    """The meaning of an output's dimensions, and so how the output becomes maps.

    Attributes:
        dims: One letter per dimension: N samples, C channels, D depth, H height, W width, T tokens of an image,
            L positions in a sequence.
        grid: Rows and columns of the tokens; None without tokens.
        prefix_tokens: Number of tokens before those of the grid. They have no position in the image.
        depth: Number of slices of a volume, and the index of the recorded one; None for what is not a volume.
        other_dims: Dimensions that the shape fits equally well; empty if `dims` is certain, or as good as.
    """

    dims: str
    grid: tuple[int, int] | None = None
    prefix_tokens: int = 0
    depth: tuple[int, int] | None = None
    other_dims: str = field(default="", compare=False)

    @property
    def note(self) -> str:
        """How the output was rearranged, for people; empty if it was not."""
        doubt = f"read as {self.dims}, but {self.other_dims} fits, too" if self.other_dims else ""
        return "; ".join(filter(None, (self._change, doubt)))

    @property
    def _change(self) -> str:
        if self.grid is not None:
            rows, columns = self.grid
            apart = f", {format_count(self.prefix_tokens, 'token')} apart" if self.prefix_tokens else ""
            return f"tokens folded to {rows}×{columns}{apart}"
        if self.depth is not None:
            return f"slice {self.depth[1]} of {self.depth[0]}"
        if "L" in self.dims:
            return "channels down, positions across"
        return "channels come last" if self.dims == "NHWC" else ""

    def to_maps(self, values: Tensor) -> Tensor:
        """Rearrange an output to (samples, channels, height, width).

        A sequence becomes a single row per channel, a vector one 1×1 map per channel.
        """
        dims = self.dims
        if self.depth is not None:
            values, dims = values.select(dims.index("D"), self.depth[1]), dims.replace("D", "")
        values = _permute(values, dims)
        if self.grid is not None:
            grid_tokens = values[:, :, self.prefix_tokens :]
            return grid_tokens.reshape(*grid_tokens.shape[:2], *self.grid)
        if values.ndim == 3:
            return values.unsqueeze(2)
        return values[:, :, None, None] if values.ndim == 2 else values

    def get_prefix_tokens(self, values: Tensor) -> Tensor | None:
        """Return the tokens before the grid as (samples, tokens, 1, channels); None if there are none."""
        if not self.prefix_tokens:
            return None
        return _permute(values, self.dims)[:, :, : self.prefix_tokens].transpose(1, 2).unsqueeze(2)


def _permute(values: Tensor, dims: str) -> Tensor:
    """Put samples first and channels second; without channels, add one."""
    if "C" not in dims:
        values, dims = values.unsqueeze(-1), f"{dims}C"
    return values.permute([dims.index(letter) for letter in "NCHWTL" if letter in dims])


def infer_layout(
    shape: tuple[int, ...],
    module: nn.Module,
    samples: Samples,
    *,
    dims: str | None = None,
    grid: tuple[int, int] | None = None,
    slice_index: int | None = None,
    key: int | str | None = None,
    channels_last: bool | None = None,
) -> ArrayLayout:
    """Infer the layout of an output from its shape, the kind of its module and the samples.

    Args:
        shape: Shape of the output.
        module: The module that returned it.
        samples: The samples that the model was called with.
        dims: The letters of the dimensions, where the author gives them.
        grid: Rows and columns of the tokens, where the author gives them.
        slice_index: Which slice of a volume to record; None for the middle one.
        key: Which part of what the module returned the output is; None for the first tensor.
        channels_last: Whether the layers around the module have the channels of a sequence last; None if they do not
            say.

    Raises:
        ReelnetError: The output has no layout that can be recorded, or contradicts what the author gives.
    """
    if dims is not None and len(dims) != len(shape):
        raise ReelnetError(
            f"output of shape {shape} does not have the {len(dims)} dimensions of dims={dims!r}"
        )
    letters, other_dims = (
        (dims, "") if dims else _infer_dims(shape, module, samples, grid, str(key), channels_last)
    )
    if letters is None or 0 in shape:
        raise ReelnetError(
            f"output of shape {shape} cannot be recorded; expected 1 to 5 dimensions, none of them empty, one "
            f"of them the {samples.count} samples"
        )
    if shape[letters.index("N")] != samples.count:
        raise ReelnetError(_explain_count(shape, letters, samples))
    if "D" in letters:
        return ArrayLayout(letters, depth=_choose_slice(shape[letters.index("D")], slice_index))
    if slice_index is not None:
        raise ReelnetError(f"output of shape {shape} has no depth; remove slice={slice_index}")
    if "T" not in letters:
        return ArrayLayout(letters, other_dims=other_dims)
    tokens = shape[letters.index("T")]
    folding = (tokens - math.prod(grid), grid) if grid is not None else _fit_grid(tokens, samples.image_size)
    if folding is None or folding[0] < 0:
        form = "a grid with the aspect ratio of the samples" if grid is None else f"a grid of {grid}"
        raise ReelnetError(f"cannot fold {tokens} tokens to {form}; set grid=(rows, columns)")
    return ArrayLayout(letters, folding[1], folding[0], other_dims=other_dims)


def has_channels_last(module: nn.Module) -> bool | None:
    """Whether a module has the channels of a sequence last; None if it takes both orders."""
    if isinstance(module, CHANNELS_FIRST_1D):
        return False
    return True if isinstance(module, CHANNELS_LAST) else None


@dataclass
class ChannelOrder:
    """Where the channels of sequences are, as far as the modules tell that were called last.

    Attributes:
        last: Whether they are the last dimension; None if no module has told. Before the first call, what all modules
            of the network have in common.
        shape: Shape of the output that told.
    """

    last: bool | None = None
    shape: tuple[int, ...] = ()

    @classmethod
    def from_modules(cls, modules: Iterable[nn.Module]) -> ChannelOrder:
        """The order before the first call."""
        orders = {has_channels_last(module) for module in modules} - {None}
        return cls(orders.pop() if len(orders) == 1 else None)

    def update(self, module: nn.Module, shape: tuple[int, ...]) -> None:
        """Note the output of a module that tells the order."""
        if len(shape) == 3:
            self.last, self.shape = has_channels_last(module), shape

    def guess(self, shape: tuple[int, ...]) -> bool | None:
        """Whether the channels of another output are last; it may be the transpose of the one that told."""
        is_transposed = shape[1:] == self.shape[:0:-1] != self.shape[1:]
        return self.last is not is_transposed if self.last is not None else None


def is_batch_first(module: nn.Module) -> bool | None:
    """Whether the first dimension of a sequence module's output is that of the samples; None if it does not say."""
    if isinstance(module, nn.TransformerEncoder | nn.TransformerDecoder):
        return is_batch_first(module.layers[0]) if len(module.layers) else None
    if isinstance(module, nn.TransformerEncoderLayer | nn.TransformerDecoderLayer):
        module = module.self_attn
    declared = getattr(module, "batch_first", None)
    return declared if isinstance(declared, bool) else None


def _explain_count(shape: tuple[int, ...], letters: str, samples: Samples) -> str:
    """Explain that an output does not have as many samples as the inputs."""
    found, given = (format_count(count, "sample") for count in (shape[letters.index("N")], samples.count))
    hint = "Name the dimensions with dims=, e.g. dims='NCHW', or reshape the output with then=…"
    size = samples.first.shape
    if samples.samples_dim is None and 1 < len(size) < 4 and size[1] in shape:
        hint = (
            f"If the inputs of shape {tuple(size)} are {format_count(size[1], 'sample')}, (positions, samples), "
            "give the recorder samples_dim=1; otherwise name the dimensions with dims="
        )
    return f"output of shape {shape}, read as {letters}, has {found}, not the {given} of the inputs. {hint}"


def require_dims(dims: str) -> str:
    """Return `dims` if its letters describe a layout.

    Raises:
        UsageError: They do not.
    """
    letters = set(dims)
    if len(letters) < len(dims) or "N" not in letters or letters - {"N", "C"} not in SPATIAL_DIMS:
        raise UsageError(
            f"dims={dims!r}: use N, C and one of HW, DHW, T or L, in the order of the array, such as NCHW or NTC"
        )
    return dims


def _choose_slice(depth: int, index: int | None) -> tuple[int, int]:
    chosen = depth // 2 if index is None else index
    if not 0 <= chosen < depth:
        raise ReelnetError(f"has no slice {chosen}; its {depth} slices are numbered from 0")
    return depth, chosen


def _infer_dims(
    shape: tuple[int, ...],
    module: nn.Module,
    samples: Samples,
    grid: tuple[int, int] | None,
    key: str,
    channels_last: bool | None,
) -> tuple[str | None, str]:
    """Return the dimensions of an output, and others that its shape fits equally well."""
    match len(shape):
        case 2:
            return _infer_2_dims(shape, samples)
        case 3:
            return _infer_3_dims(shape, module, samples, grid, key, channels_last)
        case 4:
            return _infer_4_dims(shape, module, samples.image_size)
        case count:
            return {1: "N", 5: "NCDHW"}.get(count), ""


def _infer_2_dims(shape: tuple[int, ...], samples: Samples) -> tuple[str, str]:
    # One value per position, if the inputs are (positions, samples), and else one per channel.
    if samples.samples_dim != 1 or shape[1] != samples.count:
        return "NC", ""
    return ("NC", "LN") if shape[0] == samples.count else ("LN", "")


def _infer_3_dims(
    shape: tuple[int, ...],
    module: nn.Module,
    samples: Samples,
    grid: tuple[int, int] | None,
    key: str,
    channels_last_around: bool | None,
) -> tuple[str, str]:
    first, second, third = shape
    size, count = samples.image_size, samples.count
    if isinstance(module, CHANNELS_FIRST_1D):
        return "NCL", ""
    # Beside the first tensor, these return attention weights and the last states of each layer.
    is_second_part = key.partition(".")[0] == "1"
    if isinstance(module, nn.MultiheadAttention) and is_second_part:
        return "NHW", ""
    if isinstance(module, nn.RNNBase) and is_second_part:
        return "LNC", ""
    channels_last = isinstance(module, CHANNELS_LAST)
    batch_first = is_batch_first(module)
    fits_both = batch_first is None and first == second == count > 1
    samples_second = batch_first is False or (
        second == count and (first != count or (fits_both and samples.samples_dim == 1))
    )
    if isinstance(module, nn.RNNBase):
        return "LNC" if samples_second else "NLC", ""
    if samples_second:
        letter = "T" if grid or _fit_grid(first, size) else "L"
        return f"{letter}NC", f"N{letter}C" if fits_both else ""
    if size == (second, third) and not channels_last:
        return "NHW", "NTC" if _fit_grid(second, size) else ""
    if grid or _fit_grid(second, size):
        others = "NCT" if second == third and not channels_last and grid is None else ""
        return "NTC", "TNC" if fits_both else others
    if not channels_last and _fit_grid(third, size):
        return "NCT", ""
    if channels_last or channels_last_around is not None:
        return "NLC" if channels_last or channels_last_around else "NCL", "LNC" if fits_both else ""
    letters, others = ("NCL", "NLC") if samples.are_signals else ("NLC", "")
    return letters, "LNC" if fits_both else others


def _infer_4_dims(shape: tuple[int, ...], module: nn.Module, size: tuple[int, int] | None) -> tuple[str, str]:
    _, second, third, last = shape
    if second != last and _returns_channels_last(module, last):
        return "NHWC", ""
    # An image keeps its aspect ratio in a network, so height and width are the two dimensions that have this ratio.
    if size is None or not _has_aspect((second, third), size):
        return "NCHW", ""
    if not _has_aspect((third, last), size):
        return "NHWC", ""
    # Both pairs have the ratio: the last module inside that works on one kind of layout decides.
    for inner in reversed(list(module.modules())):
        if isinstance(inner, CHANNELS_FIRST_2D):
            return "NCHW", ""
        if _returns_channels_last(inner, last):
            return "NHWC", ""
    return "NCHW", "NHWC" if second == third == last else ""


def _returns_channels_last(module: nn.Module, channels: int) -> bool:
    """Whether a module returns `channels` channels in the last dimension."""
    if isinstance(module, nn.Linear):
        return module.out_features == channels
    return type(module) is nn.LayerNorm and module.normalized_shape == (channels,)


def _has_aspect(sides: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether a map has the aspect ratio of the image, apart from rounding."""
    return abs(sides[0] * size[1] - sides[1] * size[0]) <= max(size)


def _fit_grid(tokens: int, size: tuple[int, int] | None) -> tuple[int, tuple[int, int]] | None:
    """Return the number of prefix tokens, and the grid of the remaining tokens with the image's aspect ratio."""
    if size is None:
        return None
    divisor = math.gcd(*size)
    rows, columns = size[0] // divisor, size[1] // divisor
    for prefix_tokens in PREFIX_TOKEN_COUNTS:
        scale = math.isqrt(max(0, tokens - prefix_tokens) // (rows * columns))
        grid_tokens = scale**2 * rows * columns
        # Many numbers happen to be a small square plus a few. So the grid must outweigh the prefix, and be no line.
        if (
            grid_tokens == tokens - prefix_tokens
            and scale * min(rows, columns) > 1
            and grid_tokens >= 3 * prefix_tokens
        ):
            return prefix_tokens, (scale * rows, scale * columns)
    return None
