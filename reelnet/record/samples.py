"""The fixed samples as a model takes them: one tensor, several, or named ones.

Samples as a person sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reelnet.errors import ReelnetError
from reelnet.record.tensors import to_numpy
from reelnet.runs.header import near_square_grid

Given = Tensor | NDArray[np.generic]


@dataclass(frozen=True)
class Samples:
    """What the model is called with.

    Attributes:
        args: Inputs by position; what is no tensor goes to the model as it is.
        kwargs: Inputs by name.
        count: How many samples there are: the length of the first tensor.
    """

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    count: int

    @classmethod
    def of(cls, given: Given | tuple[Any, ...] | Mapping[str, Any]) -> Samples:
        """Samples that nobody else changes.

        Args:
            given: A tensor or array (samples, …); a tuple of them for a model of several inputs; a mapping for
                inputs by name.

        Raises:
            ReelnetError: They hold something else than numbers, or nothing.
        """
        args: tuple[Any, ...] = ()
        kwargs: dict[str, Any] = {}
        if isinstance(given, Mapping):
            kwargs = _each({str(name): value for name, value in given.items()}, _kept)
        elif isinstance(given, tuple):
            args = _each(given, _kept)
        else:
            args = (as_tensor(given).detach().clone(),)
        found = cls(args, kwargs, 0)
        first = next(iter(found.tensors.values()), None)
        if first is None or first.ndim == 0 or first.numel() == 0:
            raise ReelnetError(
                f"samples of {found.form} hold no sample; "
                "give at least one, (samples, channels, height, width)"
            )
        return cls(args, kwargs, len(first))

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All tensors by the name under which the run keeps them: `fed`, then `fed.1` or `fed.mask`."""
        listed = [*_tensors(self.args), *_tensors(self.kwargs)]
        return {f"fed{name}" if number else "fed": value for number, (name, value) in enumerate(listed)}

    @property
    def form(self) -> str:
        """The shapes, for errors."""
        shapes = [str(tuple(value.shape)) for value in self.tensors.values()]
        return f"shape {shapes[0]}" if len(shapes) == 1 else f"shapes {', '.join(shapes) or '()'}"

    @property
    def numel(self) -> int:
        """Numbers in all of them."""
        return sum(value.numel() for value in self.tensors.values())

    @property
    def nbytes(self) -> int:
        """Bytes of all of them."""
        return sum(value.nbytes for value in self.tensors.values())

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width of the first input that is pictures (samples, channels, height, width)."""
        found = (value for value in self.tensors.values() if value.ndim == 4)
        return next(((value.shape[2], value.shape[3]) for value in found), None)

    @property
    def lines(self) -> bool:
        """Whether the first input is signals (samples, channels, positions)."""
        first = next(iter(self.tensors.values()))
        return first.ndim == 3 and first.is_floating_point()

    def moved(
        self, device: torch.device, dtype: torch.dtype | None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Copies on a device, floating ones as `dtype`: a model may work on its input in place."""

        def move(value: Any) -> Any:
            if not isinstance(value, Tensor):
                return value
            wanted = dtype if dtype is not None and value.is_floating_point() else value.dtype
            return value.to(device, wanted, copy=True)

        return _each(self.args, move), _each(self.kwargs, move)

    def pictures(self, shown: Given | None) -> NDArray[np.uint8]:
        """The samples as a person sees them: `shown`, or made from the first input that allows it.

        Raises:
            ReelnetError: None does, or there are more or fewer pictures than samples.
        """
        if shown is not None:
            found = as_pictures(to_numpy(as_tensor(shown)))
        else:
            found = _first(lambda value: as_pictures(to_numpy(value)), list(self.tensors.values()))
        if len(found) != self.count:
            raise ReelnetError(f"shown: {len(found)} pictures for {self.count} samples; give one each")
        return found


def _first(make: Callable[[Tensor], NDArray[np.uint8]], values: Sequence[Tensor]) -> NDArray[np.uint8]:
    refused: ReelnetError | None = None
    for value in values:
        try:
            return make(value)
        except ReelnetError as error:
            refused = refused or error
    raise refused or ReelnetError("there are no samples")


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """Containers in the same order, with what is in them changed."""
    if isinstance(value, Mapping):
        return {name: _each(part, change) for name, part in value.items()}
    if type(value) in (tuple, list):
        return type(value)(_each(part, change) for part in value)
    return change(value)


def _tensors(value: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """All tensors in containers, with their places, `.1.mask`, say."""
    if isinstance(value, Tensor):
        yield name, value
    parts = (
        value.items()
        if isinstance(value, Mapping)
        else enumerate(value)
        if type(value) in (tuple, list)
        else ()
    )
    for key, part in parts:
        yield from _tensors(part, f"{name}.{key}")


def _kept(value: Any) -> Any:
    return as_tensor(value).detach().clone() if isinstance(value, Tensor | np.ndarray) else value


def as_tensor(values: Given) -> Tensor:
    """An array of numbers as a tensor; torch takes no array with negative strides, a flipped one say.

    Raises:
        ReelnetError: It holds something else than numbers.
    """
    if isinstance(values, Tensor):
        return values
    kind: object = type(values).__name__
    try:
        array = np.ascontiguousarray(values)
        kind = array.dtype
        return torch.as_tensor(array)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ReelnetError(
            f"samples of type {kind} are no numbers; give a tensor or an array of numbers, or a tuple of them "
            "for several inputs"
        ) from error


def as_pictures(samples: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Turn samples, or pictures that were given for them, into pictures.

    Of volumes the middle slice is taken; vectors and rows of tokens become near-square grids of cells.
    Values that lie in 0..1 and uint8 values are taken as brightness; any others (normalised inputs, say) are
    stretched, all samples alike, so that the least becomes black and the greatest white.

    Args:
        samples: (samples, height, width), (samples, 1 or 3, height, width) or (samples, height, width, 3);
            (samples, 1 or 3, depth, height, width); (samples, values).

    Returns:
        uint8 (samples, height, width), or (samples, height, width, 3) in colour.

    Raises:
        ReelnetError: The samples are no pictures.
    """
    array = np.asarray(samples)
    if array.ndim == 5:
        array = array[:, :, array.shape[2] // 2]
    elif array.ndim == 2 and array.size > 0:
        array = in_grid(array)
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    elif array.ndim == 4 and array.shape[1] == 3:
        array = array.transpose(0, 2, 3, 1)
    if array.size == 0 or array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] != 3):
        raise ReelnetError(
            f"samples of shape {samples.shape} are no pictures; give pictures of them with shown=, "
            "(samples, height, width) or (samples, height, width, 3)"
        )
    if array.dtype == np.bool_:
        array = array.astype(np.float32)
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    values = np.nan_to_num(array.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = values.min(), values.max()
    if low < 0 or high > 1:
        values = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return np.rint(values * 255).astype(np.uint8)


def in_grid(vectors: NDArray[np.generic]) -> NDArray[np.generic]:
    """Vectors (samples, values) as near-square pictures (samples, height, width), with zeros at the end."""
    height, width = near_square_grid(vectors.shape[1])
    grid = np.zeros((len(vectors), height * width), vectors.dtype)
    grid[:, : vectors.shape[1]] = vectors
    return grid.reshape(-1, height, width)
