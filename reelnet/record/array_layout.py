"""The forms that outputs come in, and what becomes of each: maps (samples, channels, height, width)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor, nn

from reelnet.errors import ReelnetError, UsageError

SHAPES = ({"H", "W"}, {"D", "H", "W"}, {"T"}, {"L"}, set[str]())
"""What may stand beside N and C: pictures, volumes, the tokens of a picture, positions in a row, nothing."""

EXTRA = (0, 1, 2, 4, 5)
"""Tokens that may stand before the picture's: none, a class, class and distillation, registers (with a class)."""

ROWS_OF_CHANNELS = (
    nn.Conv1d,
    nn.ConvTranspose1d,
    nn.BatchNorm1d,
    nn.InstanceNorm1d,
    nn.MaxPool1d,
    nn.AvgPool1d,
    nn.AdaptiveAvgPool1d,
    nn.AdaptiveMaxPool1d,
)
"""Modules that give (samples, channels, positions)."""

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
"""Modules that give (samples, positions, channels)."""

CHANNELS_FIRST = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d, nn.GroupNorm, nn.MaxPool2d, nn.AvgPool2d)
"""Modules that give (samples, channels, height, width)."""


@dataclass(frozen=True)
class Form:
    """How one place's output becomes maps.

    Attributes:
        dims: A letter for each dimension: Samples (N), Channels (C), Depth, Height, Width, Tokens of a picture,
            positions in a Line.
        grid: Rows and columns of the tokens; None without tokens.
        extra: Tokens before those of the grid, which have no place in the picture.
        depth: Number of slices of a volume, and which of them is taken; None for what is no volume.
    """

    dims: str
    grid: tuple[int, int] | None = None
    extra: int = 0
    depth: tuple[int, int] | None = None

    @property
    def note(self) -> str:
        """What was done to the output, for people; empty if nothing."""
        if self.grid is not None:
            rows, columns = self.grid
            apart = {0: "", 1: ", 1 token apart"}.get(self.extra, f", {self.extra} tokens apart")
            return f"tokens folded to {rows}×{columns}{apart}"
        if self.depth is not None:
            return f"slice {self.depth[1]} of {self.depth[0]}"
        if "L" in self.dims:
            return "channels down, positions across"
        return "channels come last" if self.dims == "NHWC" else ""

    def maps(self, values: Tensor) -> Tensor:
        """The output as (samples, channels, height, width): a line is one row, a vector's channels are 1×1."""
        dims = self.dims
        if self.depth is not None:
            values, dims = values.select(dims.index("D"), self.depth[1]), dims.replace("D", "")
        values = _in_order(values, dims)
        if self.grid is not None:
            placed = values[:, :, self.extra :]
            return placed.reshape(*placed.shape[:2], *self.grid)
        if values.ndim == 3:
            return values.unsqueeze(2)
        return values[:, :, None, None] if values.ndim == 2 else values

    def apart(self, values: Tensor) -> Tensor | None:
        """The tokens without a place in the picture, (samples, tokens, 1, channels); None if there are none."""
        if not self.extra:
            return None
        return _in_order(values, self.dims)[:, :, : self.extra].transpose(1, 2).unsqueeze(2)


def _in_order(values: Tensor, dims: str) -> Tensor:
    if "C" not in dims:
        values, dims = values.unsqueeze(-1), f"{dims}C"
    return values.permute([dims.index(letter) for letter in "NCHWTL" if letter in dims])


@dataclass(frozen=True)
class Fed:
    """What is known of the samples.

    Attributes:
        count: How many.
        size: Height and width, if they are pictures.
        lines: Whether they are signals (samples, channels, positions).
    """

    count: int
    size: tuple[int, int] | None
    lines: bool


def form_of(
    shape: tuple[int, ...],
    module: nn.Module,
    fed: Fed,
    *,
    dims: str | None = None,
    grid: tuple[int, int] | None = None,
    plane: int | None = None,
) -> Form:
    """Find the form of an output.

    Args:
        shape: Of the output.
        module: What gave it.
        fed: The samples.
        dims: Its dimensions, if the author says them.
        grid: Rows and columns of its tokens, likewise.
        plane: Which slice of a volume to take; the middle one by default.

    Raises:
        ReelnetError: It cannot be brought to maps, or not as the author says.
    """
    if dims is not None and len(dims) != len(shape):
        raise ReelnetError(f"gives an array of shape {shape}, which has not the {len(dims)} dims {dims!r}")
    letters = dims or _dims(shape, module, fed, grid)
    if letters is None or shape[letters.index("N")] != fed.count or 0 in shape:
        raise ReelnetError(
            f"gives an array of shape {shape}; what can be recorded has {fed.count} samples along its first "
            "dimension and channels, positions or a picture behind it; say dims='NCHW', say, or change it with then=…"
        )
    if "D" in letters:
        return Form(letters, depth=_slice(shape[letters.index("D")], plane))
    if plane is not None:
        raise ReelnetError(f"gives an array of shape {shape}, which has no depth to take slice {plane} of")
    if "T" not in letters:
        return Form(letters)
    tokens = shape[letters.index("T")]
    folding = (tokens - math.prod(grid), grid) if grid is not None else _grid(tokens, fed.size)
    if folding is None or folding[0] < 0:
        raise ReelnetError(
            f"gives {tokens} tokens, which make no grid {grid or 'of the picture'}; say grid=(rows, columns)"
        )
    return Form(letters, folding[1], folding[0])


def require_dims(dims: str) -> str:
    """The letters of a form, if they make one.

    Raises:
        UsageError: They do not.
    """
    letters = set(dims)
    if len(letters) < len(dims) or "N" not in letters or letters - {"N", "C"} not in SHAPES:
        raise UsageError(
            f"dims={dims!r}: give N, C and one of HW, DHW, T, L, in their order, such as NCHW or NTC"
        )
    return dims


def _slice(depth: int, plane: int | None) -> tuple[int, int]:
    chosen = depth // 2 if plane is None else plane
    if not 0 <= chosen < depth:
        raise ReelnetError(f"gives {depth} slices, of which there is no number {chosen}")
    return depth, chosen


def _dims(shape: tuple[int, ...], module: nn.Module, fed: Fed, grid: tuple[int, int] | None) -> str | None:
    match len(shape):
        case 1:
            return "N"
        case 2:
            return "NC"
        case 3:
            return _three(shape, module, fed, grid)
        case 4:
            return _four(shape, module, fed.size)
        case 5:
            return "NCDHW"
    return None


def _three(shape: tuple[int, ...], module: nn.Module, fed: Fed, grid: tuple[int, int] | None) -> str:
    first, second, third = shape
    if isinstance(module, ROWS_OF_CHANNELS):
        return "NCL"
    if isinstance(module, nn.MultiheadAttention) and second == third != module.embed_dim:
        return "NHW"  # the weights beside its output
    last = isinstance(module, CHANNELS_LAST)
    turned = getattr(module, "batch_first", True) is False or (first != fed.count and second == fed.count)
    if isinstance(module, nn.RNNBase):
        return "LNC" if turned else "NLC"
    if turned:
        return "TNC" if grid or _grid(first, fed.size) else "LNC"
    if fed.size == (second, third) and not last:
        return "NHW"
    if grid or _grid(second, fed.size):
        return "NTC"
    if not last and _grid(third, fed.size):
        return "NCT"
    return "NCL" if fed.lines and not last else "NLC"


def _four(shape: tuple[int, ...], module: nn.Module, size: tuple[int, int] | None) -> str:
    _, second, third, last = shape
    if second != last and _puts_last(module, last):
        return "NHWC"
    # A picture keeps its aspect through a network, so the two dimensions that have it are its sides.
    if size is None or not _alike((second, third), size):
        return "NCHW"
    if not _alike((third, last), size):
        return "NHWC"
    # Three like sides: what the last layer inside works on tells.
    for inner in reversed(list(module.modules())):
        if isinstance(inner, CHANNELS_FIRST):
            break
        if _puts_last(inner, last):
            return "NHWC"
    return "NCHW"


def _puts_last(module: nn.Module, channels: int) -> bool:
    """Whether a module's output has so many channels in its last dimension."""
    if isinstance(module, nn.Linear):
        return module.out_features == channels
    return type(module) is nn.LayerNorm and module.normalized_shape == (channels,)


def _alike(sides: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether a map has the aspect of the picture, but for a side that was rounded."""
    return abs(sides[0] * size[1] - sides[1] * size[0]) <= max(size)


def _grid(tokens: int, size: tuple[int, int] | None) -> tuple[int, tuple[int, int]] | None:
    """How many tokens stand before a grid of the picture's aspect, and that grid."""
    if size is None:
        return None
    part = math.gcd(*size)
    rows, columns = size[0] // part, size[1] // part
    for extra in EXTRA:
        times = math.isqrt(max(0, tokens - extra) // (rows * columns))
        placed = times**2 * rows * columns
        # Chance makes many a number a small square and a few more.
        if placed == tokens - extra and times * min(rows, columns) > 1 and placed >= 3 * extra:
            return extra, (times * rows, times * columns)
    return None
