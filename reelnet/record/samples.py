"""The fixed samples: as inputs of the model, and as pictures for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reelnet.errors import ReelnetError
from reelnet.record.tensors import to_numpy
from reelnet.runs.header import near_square_grid

TensorLike = Tensor | NDArray[np.generic]


@dataclass(frozen=True)
class Samples:
    """The arguments with which the model is called in every probe.

    Attributes:
        args: Positional inputs. Values that are not tensors are passed to the model unchanged.
        kwargs: Inputs by name.
    """

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @classmethod
    def from_inputs(cls, inputs: TensorLike | tuple[Any, ...] | Mapping[str, Any]) -> Samples:
        """Copy the inputs, so that later changes to them have no effect.

        Args:
            inputs: A tensor or array (samples, …); a tuple of them for a model with several inputs; a mapping for
                inputs by name.

        Raises:
            ReelnetError: The inputs are not numeric, or they are empty.
        """
        args: tuple[Any, ...] = ()
        kwargs: dict[str, Any] = {}
        if isinstance(inputs, Mapping):
            kwargs = _map_nested({str(name): value for name, value in inputs.items()}, _copy_input)
        elif isinstance(inputs, tuple):
            args = _map_nested(inputs, _copy_input)
        else:
            args = (as_tensor(inputs).detach().clone(),)
        samples = cls(args, kwargs)
        first = next(iter(samples.tensors.values()), None)
        if first is None or first.ndim == 0 or first.numel() == 0:
            raise ReelnetError(
                f"samples of {samples.shapes_text} are empty; give at least one sample, "
                "shaped (samples, channels, height, width)"
            )
        return samples

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All input tensors by the names that they have in the run folder: `fed`, then `fed.1` or `fed.mask`."""
        named = [*_iter_tensors(self.args), *_iter_tensors(self.kwargs)]
        return {f"fed{name}" if index else "fed": value for index, (name, value) in enumerate(named)}

    @property
    def first(self) -> Tensor:
        """The first input tensor."""
        return next(iter(self.tensors.values()))

    @property
    def count(self) -> int:
        """Number of samples, which is the length of the first tensor."""
        return len(self.first)

    @property
    def shapes_text(self) -> str:
        """The shapes of all tensors, for error messages."""
        shapes = [str(tuple(value.shape)) for value in self.tensors.values()]
        return f"shape {shapes[0]}" if len(shapes) == 1 else f"shapes {', '.join(shapes) or '()'}"

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors together."""
        return sum(value.nbytes for value in self.tensors.values())

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Height and width of the first input of shape (samples, channels, height, width); None without one."""
        images = (value for value in self.tensors.values() if value.ndim == 4)
        return next(((value.shape[2], value.shape[3]) for value in images), None)

    @property
    def are_signals(self) -> bool:
        """Whether the first input has the shape (samples, channels, positions)."""
        return self.first.ndim == 3 and self.first.is_floating_point()

    def copy_to(
        self, device: torch.device, dtype: torch.dtype | None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Copy the inputs to a device.

        Always a copy, because a model may change its input in place.

        Args:
            device: Where the model is.
            dtype: Dtype of floating-point inputs; None keeps theirs.

        Returns:
            The positional inputs, and the inputs by name.
        """

        def copy(value: Any) -> Any:
            if not isinstance(value, Tensor):
                return value
            return value.to(device, dtype if value.is_floating_point() else None, copy=True)

        return _map_nested(self.args, copy), _map_nested(self.kwargs, copy)

    def make_pictures(self, shown: TensorLike | None) -> NDArray[np.uint8]:
        """Return one picture per sample: `shown`, or the first input that can be shown as pictures.

        Raises:
            ReelnetError: No input can be shown as pictures, or their number differs from that of the samples.
        """
        pictures = _first_pictures(self.tensors.values() if shown is None else [as_tensor(shown)])
        if len(pictures) != self.count:
            raise ReelnetError(
                f"shown: got {len(pictures)} pictures for {self.count} samples; give one per sample"
            )
        return pictures

    def format_labels(self, labels: Sequence[object] | Tensor | None) -> tuple[str, ...] | None:
        """Convert labels to strings, one per sample.

        Raises:
            ReelnetError: Their number differs from that of the samples.
        """
        if labels is None:
            return None
        values = labels.tolist() if isinstance(labels, Tensor | np.ndarray) else list(labels)
        if len(values) != self.count:
            raise ReelnetError(
                f"labels: got {len(values)} labels for {self.count} samples; give one per sample"
            )
        return tuple(map(str, values))


def _first_pictures(tensors: Iterable[Tensor]) -> NDArray[np.uint8]:
    errors = []
    for tensor in tensors:
        try:
            return to_pictures(to_numpy(tensor))
        except ReelnetError as error:
            errors.append(error)
    raise errors[0]


def _map_nested(value: Any, function: Callable[[Any], Any]) -> Any:
    """Apply a function to all values of nested mappings, tuples and lists."""
    if isinstance(value, Mapping):
        return {name: _map_nested(part, function) for name, part in value.items()}
    if type(value) in (tuple, list):
        return type(value)(_map_nested(part, function) for part in value)
    return function(value)


def _iter_tensors(value: Any, path: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield all tensors of nested containers with their paths, such as `.1.mask`."""
    if isinstance(value, Tensor):
        yield path, value
    elif isinstance(value, Mapping) or type(value) in (tuple, list):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _iter_tensors(part, f"{path}.{key}")


def _copy_input(value: Any) -> Any:
    return as_tensor(value).detach().clone() if isinstance(value, Tensor | np.ndarray) else value


def as_tensor(values: TensorLike) -> Tensor:
    """Return a numeric array as a tensor; the array may have negative strides, which torch does not accept.

    Raises:
        ReelnetError: The array is not numeric.
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
            f"samples of type {kind} are not numeric; give a tensor or a numeric array, or a tuple of them "
            "for several inputs"
        ) from error


def to_pictures(samples: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Convert samples to pictures.

    A volume is shown by its middle slice; a vector, or a row of tokens, as a near-square grid of cells.
    uint8 values, and values that all lie in 0..1, are brightness. Any other values (normalized inputs, for example)
    are stretched, with one scale for all samples: the smallest value becomes black, the largest white.

    Args:
        samples: (samples, height, width), (samples, 1 or 3, height, width), (samples, height, width, 3),
            (samples, 1 or 3, depth, height, width) or (samples, values).

    Returns:
        uint8 (samples, height, width), or (samples, height, width, 3) for color.

    Raises:
        ReelnetError: The shape is none of these, or it is empty.
    """
    array = np.asarray(samples)
    if array.ndim == 5:
        array = array[:, :, array.shape[2] // 2]
    elif array.ndim == 2 and array.size > 0:
        array = _fold_vectors(array)
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    elif array.ndim == 4 and array.shape[1] == 3:
        array = array.transpose(0, 2, 3, 1)
    if array.size == 0 or array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] != 3):
        raise ReelnetError(
            f"samples of shape {samples.shape} cannot be shown as pictures; give pictures with shown=, "
            "shaped (samples, height, width) or (samples, height, width, 3)"
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


def _fold_vectors(vectors: NDArray[np.generic]) -> NDArray[np.generic]:
    """Fold vectors (samples, values) to near-square grids (samples, height, width), padded with zeros."""
    height, width = near_square_grid(vectors.shape[1])
    grid = np.zeros((len(vectors), height * width), vectors.dtype)
    grid[:, : vectors.shape[1]] = vectors
    return grid.reshape(-1, height, width)
