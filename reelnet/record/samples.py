"""The fixed samples: as inputs of the model, and as pictures for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reelnet._support.text import to_utf8
from reelnet.errors import ReelnetError, UsageError
from reelnet.record.denormalize import Denormalize
from reelnet.record.tensors import dtype_name, to_numpy, with_article
from reelnet.runs.header import fold_to_maps, near_square_grid

TensorLike = Tensor | NDArray[np.generic]


@dataclass(frozen=True)
class Samples:
    """The arguments with which the model is called in every probe.

    Attributes:
        args: Positional inputs. Values that are not tensors are passed to the model unchanged. A list with one tensor
            per sample, such as the pictures of a detection model, or one mapping per sample, counts as one input.
        kwargs: Inputs by name.
        samples_dim: Which dimension of the inputs is that of the samples; None if the user does not say. Then it is
            the first.
    """

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    samples_dim: int | None = None

    @classmethod
    def from_inputs(
        cls, inputs: TensorLike | tuple[Any, ...] | Mapping[str, Any], samples_dim: int | None = None
    ) -> Samples:
        """Copy the inputs, so that later changes to them have no effect.

        Args:
            inputs: A tensor or array (samples, …); a tuple of them for a model with several inputs; a mapping for
                inputs by name.
            samples_dim: Which dimension of the inputs is that of the samples; None for the first.

        Raises:
            UsageError: The first input has no such dimension.
            ReelnetError: The inputs are not numeric, or they are empty, or the pictures of a list do not go together.
        """
        args: tuple[Any, ...] = ()
        kwargs: dict[str, Any] = {}
        if isinstance(inputs, Mapping):
            kwargs = _map_nested({str(name): value for name, value in inputs.items()}, _copy_input)
        elif isinstance(inputs, tuple):
            args = _map_nested(inputs, _copy_input)
        else:
            args = (as_tensor(inputs).detach().clone(),)
        samples = cls(args, kwargs, samples_dim)
        first = next(iter(samples.tensors.values()), None)
        if first is None or first.ndim == 0 or first.numel() == 0:
            raise ReelnetError(
                f"samples of {samples.shapes_text} are empty; give at least one sample, "
                "shaped (samples, channels, height, width)"
            )
        if samples_dim is not None and not 0 <= samples_dim < first.ndim:
            raise UsageError(
                f"samples_dim={samples_dim}: the inputs have {samples.shapes_text}; give 0 to {first.ndim - 1}, "
                "the dimension of the samples"
            )
        return samples

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """All inputs by the names that they have in the run folder: `fed`, then `fed.1` or `fed.mask`.

        The samples come first in each. Lists with one tensor per sample are stacked, and padded with zeros.
        """
        named = list(self._iter_tensors(_stack_padded))
        dim = self.samples_dim or 0
        count = named[0][1].shape[dim] if named and named[0][1].ndim > dim else 0
        return {
            f"fed{name}" if index else "fed": value.movedim(dim, 0)
            if dim < value.ndim and value.shape[dim] == count
            else value
            for index, (name, value) in enumerate(named)
        }

    def _iter_tensors(self, stack: Callable[[list[Tensor]], Tensor]) -> Iterator[tuple[str, Tensor]]:
        """Yield all inputs with their paths; `stack` makes one tensor of a list with one tensor per sample."""
        for path, value in self._iter_leaves():
            if isinstance(value, list):
                yield path, stack(value)
            elif isinstance(value, Tensor):
                yield path, value

    def _iter_leaves(self) -> Iterator[tuple[str, Any]]:
        for inputs in (self.args, self.kwargs):
            for path, value in _iter_leaves(inputs, self._is_list):
                if not self._is_list(value):
                    yield path, value
                elif not isinstance(value[0], Mapping):
                    yield path, list(value)
                else:
                    for name in value[0]:
                        parts = [each[name] for each in value]
                        if all(isinstance(part, Tensor) and part.ndim == parts[0].ndim for part in parts):
                            yield f"{path}.{name}", parts

    def _is_list(self, value: Any) -> bool:
        """Whether a value is a list with one entry per sample, and not one with a tensor per input."""
        if (
            self.samples_dim is not None
            or type(value) not in (list, tuple)
            or value is self.args
            or not value
        ):
            return False
        # Other tuples are the states of an RNN and the like, and other mappings are targets.
        is_first = value is next(iter((*self.args, *self.kwargs.values())))
        if is_first and all(isinstance(each, Mapping) and each.keys() == value[0].keys() for each in value):
            first = next((part for part in value[0].values() if isinstance(part, Tensor)), None)
            return first is not None and first.ndim == 3
        if not is_first and isinstance(value, tuple):
            return False
        if not all(isinstance(each, Tensor) and each.ndim == value[0].ndim > 0 for each in value):
            return False
        return value[0].ndim == 3 or len(set(map(len, value))) > 1

    @property
    def first(self) -> Tensor:
        """The first input tensor."""
        return next(iter(self.tensors.values()))

    @property
    def count(self) -> int:
        """Number of samples, according to the first input."""
        return len(self.first)

    @property
    def shapes_text(self) -> str:
        """The shapes of all tensors, for error messages."""
        shapes = [str(tuple(value.shape)) for _, value in self._iter_tensors(_stack_padded)]
        return f"shape {shapes[0]}" if len(shapes) == 1 else f"shapes {', '.join(shapes) or '()'}"

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors together."""
        return sum(value.nbytes for value in self.tensors.values())

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Height and width of the first input of shape (samples, channels, height, width); None without one.

        Also None if the sizes of the pictures differ: only the model knows what size it makes of them.
        """
        if self.fitting_note:
            return None
        images = (value for value in self.tensors.values() if value.ndim == 4)
        return next(((value.shape[2], value.shape[3]) for value in images), None)

    @property
    def are_signals(self) -> bool:
        """Whether the first input has the shape (samples, channels, positions)."""
        return not self.samples_dim and self.first.ndim == 3 and self.first.is_floating_point()

    @property
    def fitting_note(self) -> str:
        """How pictures of different sizes are made to fit the cells in which they are shown; empty without any."""
        for _, value in self._iter_leaves():
            if isinstance(value, list) and value[0].ndim == 3:
                heights, widths = zip(*(picture.shape[1:] for picture in value), strict=True)
                sizes = len(set(zip(heights, widths, strict=True)))
                if sizes > 1:
                    cells = f"cells of {max(widths)}×{max(heights)}"
                    return f"pictures of {sizes} sizes, enlarged by whole factors and centered in {cells}"
        return ""

    def take_first(self, count: int) -> Samples:
        """Return the first `count` samples; inputs without an entry per sample stay as they are."""
        dim = self.samples_dim or 0

        def take(value: Any) -> Any:
            if isinstance(value, list | tuple):
                return value[:count] if len(value) == self.count else value
            if isinstance(value, Tensor) and value.ndim > dim and value.shape[dim] == self.count:
                return value.narrow(dim, 0, count)
            return value

        args = _map_nested(self.args, take, self._is_list)
        return replace(self, args=args, kwargs=_map_nested(self.kwargs, take, self._is_list))

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

    def make_pictures(
        self, shown: TensorLike | None, denormalize: Denormalize | None = None
    ) -> NDArray[np.uint8]:
        """Return one picture per sample: `shown`, or the first input that can be shown as pictures.

        Args:
            shown: Pictures of the user; None for none.
            denormalize: Turns the inputs into brightness; None if they are, or if nobody knows how.

        Raises:
            UsageError: The normalization is not that of the inputs.
            ReelnetError: `shown` or the inputs cannot be shown as pictures, or their number differs from that of the
                samples.
        """
        if shown is not None:
            pictures = _read_shown(shown)
        elif denormalize is None:
            pictures = _first_pictures(self._iter_shown_inputs())
        elif self.fitting_note:

            def fit(values: list[Tensor]) -> Tensor:
                return _fit_into_cells([denormalize(value[None])[0].float() for value in values])

            pictures = _first_pictures(value for _, value in self._iter_tensors(fit))
        else:
            tensors = [*self.tensors.values()]
            images = [value for value in tensors if value.ndim >= 4]
            pictures = _first_pictures(map(denormalize, images or tensors))
        if len(pictures) != self.count:
            raise ReelnetError(
                f"shown: got {len(pictures)} pictures for {self.count} samples; give one per sample"
            )
        return pictures

    def _iter_shown_inputs(self) -> Iterator[Tensor]:
        """Yield the inputs that may be shown as pictures."""
        if self.fitting_note:
            yield from (value for _, value in self._iter_tensors(_fit_into_cells))
        else:
            yield from self.tensors.values()

    @property
    def stretching_note(self) -> str:
        """How the values of pictures are changed to be seen; empty if they are brightness, or are no pictures."""
        for value in self._iter_shown_inputs():
            try:
                to_pictures(to_numpy(value))
            except ReelnetError:
                continue
            finite = value[value.isfinite()]
            if value.ndim != 4 or min(value.shape[2:]) < 2 or value.dtype == torch.uint8 or not len(finite):
                return ""
            low, high = float(finite.min()), float(finite.max())
            if 0 <= low <= high <= 1:
                return ""
            return (
                f"inputs from {low:.3g} to {high:.3g} are stretched, so the pictures have other colors and another "
                "contrast; give mean= and std= of their normalization, or shown="
            )
        return ""

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
        return tuple(to_utf8(str(value)) for value in values)


def _read_shown(shown: TensorLike) -> NDArray[np.uint8]:
    try:
        return to_pictures(to_numpy(as_tensor(shown)))
    except ReelnetError:
        is_dense = isinstance(shown, np.ndarray) or (isinstance(shown, Tensor) and not shown.is_nested)
        what = f"{shown.dtype} of shape {tuple(shown.shape)}" if is_dense else with_article(shown)
        raise ReelnetError(
            f"shown: {what} cannot be shown; give pictures of one size, (samples, height, width) or "
            "(samples, height, width, 3)"
        ) from None


def _first_pictures(tensors: Iterable[Tensor]) -> NDArray[np.uint8]:
    errors = []
    for tensor in tensors:
        try:
            return to_pictures(to_numpy(tensor))
        except ReelnetError as error:
            errors.append(error)
    raise errors[0]


def _map_nested(
    value: Any, function: Callable[[Any], Any], is_leaf: Callable[[Any], bool] = lambda value: False
) -> Any:
    """Apply a function to all values of nested mappings, tuples and lists, except those that are leaves."""
    if isinstance(value, Mapping):
        return {name: _map_nested(part, function, is_leaf) for name, part in value.items()}
    if type(value) in (tuple, list) and not is_leaf(value):
        return type(value)(_map_nested(part, function, is_leaf) for part in value)
    return function(value)


def _iter_leaves(value: Any, is_leaf: Callable[[Any], bool], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield all values of nested containers with their paths, such as `.1.mask`."""
    if isinstance(value, Mapping) or (type(value) in (tuple, list) and not is_leaf(value)):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _iter_leaves(part, is_leaf, f"{path}.{key}")
    else:
        yield path, value


def _stack_padded(values: list[Tensor]) -> Tensor:
    """Stack tensors, padded with zeros to the size of the largest.

    Raises:
        ReelnetError: Their dtypes differ, or pictures have different numbers of channels.
    """
    dtypes = sorted({dtype_name(value.dtype) for value in values})
    channels = sorted({len(value) for value in values}) if values[0].ndim == 3 else []
    if len(dtypes) > 1 or len(channels) > 1:
        what = f"dtypes ({', '.join(dtypes)})" if len(dtypes) > 1 else f"numbers of channels ({channels})"
        raise ReelnetError(f"samples: a list of tensors of different {what}; make them alike")
    sides = [max(value.shape[side] for value in values) for side in range(values[0].ndim)]
    stacked = values[0].new_zeros((len(values), *sides))
    for number, value in enumerate(values):
        stacked[number][tuple(slice(size) for size in value.shape)] = value
    return stacked


def _fit_into_cells(values: list[Tensor]) -> Tensor:
    """Enlarge pictures (channels, height, width) by whole factors, and center them in cells of equal size."""
    if values[0].ndim != 3:
        return _stack_padded(values)
    height, width = (max(value.shape[side] for value in values) for side in (1, 2))
    low = min(float(value.nan_to_num().min()) for value in values)
    high = max(float(value.nan_to_num().max()) for value in values)
    # What becomes black, whether values are brightness or are stretched.
    black = 0 if values[0].dtype == torch.uint8 or 0 <= low <= high <= 1 else low
    cells = values[0].new_full((len(values), len(values[0]), height, width), black)
    for cell, value in zip(cells, values, strict=True):
        factor = min(height // value.shape[1], width // value.shape[2])
        enlarged = value.repeat_interleave(factor, 1).repeat_interleave(factor, 2)
        rows, columns = enlarged.shape[1:]
        top, left = (height - rows) // 2, (width - columns) // 2
        cell[:, top : top + rows, left : left + columns] = enlarged
    return cells


def _copy_input(value: Any) -> Any:
    return as_tensor(value).detach().clone() if isinstance(value, Tensor | np.ndarray) else value


def as_tensor(values: TensorLike) -> Tensor:
    """Return a numeric array as a tensor; the array may have negative strides, which torch does not accept.

    Raises:
        ReelnetError: The array is not numeric.
    """
    if isinstance(values, Tensor):
        if values.is_nested or values.layout is not torch.strided:
            what = "nested" if values.is_nested else "sparse"
            raise ReelnetError(
                f"samples: a {what} tensor cannot be recorded; give a dense one, or a list with one tensor per "
                "sample, in a tuple: (pictures,)"
            )
        return values
    kind: object = type(values).__name__
    try:
        array = np.ascontiguousarray(values)
        kind = array.dtype
        return torch.as_tensor(array)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ReelnetError(
            f"samples of type {kind} are not numeric; give a tensor or a numeric array, or a tuple of them "
            "for several inputs; a model that takes a list of pictures gets it from a tuple: (pictures,)"
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
        ReelnetError: The shape is none of these, or it is empty, or the values are complex.
    """
    array = np.asarray(samples)
    if array.ndim == 5:
        array = array[:, :, array.shape[2] // 2]
    elif array.ndim == 2 and array.size > 0:
        array = fold_to_maps(array, (1, *near_square_grid(array.shape[1])))[:, 0]
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    elif array.ndim == 4 and array.shape[1] == 3:
        array = array.transpose(0, 2, 3, 1)
    has_wrong_shape = array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] != 3)
    if array.size == 0 or has_wrong_shape or np.iscomplexobj(array):
        raise ReelnetError(
            f"{samples.dtype} samples of shape {samples.shape} cannot be shown as pictures; give pictures with "
            "shown=, shaped (samples, height, width) or (samples, height, width, 3)"
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
