"""Pick one tensor from a module's output, and convert tensors to numpy arrays and metrics to numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from reelnet.errors import ReelnetError, suggest_and_list_names

INT_DTYPES = {getattr(torch, f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)}
NUMPY_DTYPES = INT_DTYPES | {torch.bool, torch.float16, torch.float32, torch.float64}
"""Dtypes that are recorded unchanged. Other real dtypes become float32, which represents their values exactly."""

MAX_LISTED_KEYS = 6
"""Keys that the note on an output with several tensors lists."""

PACKED = (
    "returns a PackedSequence, in which the samples are interleaved; record its last state with key='1' (of an LSTM "
    "'1.0'), or pass what pad_packed_sequence returns through an nn.Identity and record that"
)
"""Why the output of an RNN for sequences of different lengths is refused."""


def pick_tensor(output: Any, key: int | str | None) -> tuple[Tensor, str]:
    """Pick one tensor from a module's output.

    Args:
        output: A tensor, or a tuple, list, mapping or dataclass of tensors, nested to any depth.
        key: Index or name of the wanted part; `1.0` is the first part of the second part. None picks the first
            tensor.

    Returns:
        The tensor, and a note on the choice; the note is empty if there was only one tensor.

    Raises:
        ReelnetError: The key does not exist, or the part holds no tensor.
    """
    if key is not None:
        output = _get_part(output, key)
    if isinstance(output, Tensor):
        return output, ""
    if isinstance(output, PackedSequence):
        raise ReelnetError(PACKED)
    if output is None:
        raise ReelnetError("returns None" if key is None else f"returns None as its part {str(key)!r}")
    tensors = list(_iter_tensors(output))
    if not tensors:
        raise ReelnetError(f"returns {with_article(output)} that holds no tensor")
    if isinstance(tensors[0][1], PackedSequence):
        raise ReelnetError(PACKED)
    if len(tensors) == 1:
        return tensors[0][1], ""
    names = [name for name, _ in tensors[:MAX_LISTED_KEYS]] + ["…"] * (len(tensors) > MAX_LISTED_KEYS)
    return tensors[0][1], f"the first of {len(tensors)} tensors (key={', '.join(names)})"


def _get_part(output: Any, key: int | str, parent: str = "") -> Any:
    parts = dict(_iter_parts(output))
    if str(key) in parts:
        return parts[str(key)]
    head, _, rest = str(key).partition(".")
    if head in parts and rest:
        return _get_part(parts[head], rest, f"{parent}.{head}" if parent else head)
    where = f" at {parent!r}" if parent else ""
    if not parts:
        raise ReelnetError(f"returns a single {type(output).__name__}{where}; it has no key {key!r}")
    raise ReelnetError(
        f"returns {with_article(output)}{where} without key {key!r}; {suggest_and_list_names(str(key), parts)}"
    )


def _iter_parts(output: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a container by index or name; a named tuple's parts by both."""
    if isinstance(output, Mapping):
        yield from ((str(name), value) for name, value in output.items())
    elif isinstance(output, tuple | list):
        yield from ((str(index), value) for index, value in enumerate(output))
        yield from zip(getattr(output, "_fields", ()), output, strict=False)
    elif is_dataclass(output) and not isinstance(output, type):
        yield from ((field.name, getattr(output, field.name)) for field in fields(output))


def _iter_tensors(output: Any, prefix: str = "") -> Iterator[tuple[str, Tensor | PackedSequence]]:
    """Yield all tensors of a container with their keys, each tensor once; a packed sequence counts as one."""
    seen: set[int] = set()
    for name, value in _iter_parts(output):
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Tensor | PackedSequence):
            yield prefix + name, value
        else:
            yield from _iter_tensors(value, f"{prefix}{name}.")


def to_recordable(values: Tensor) -> Tensor:
    """Convert a tensor to a dtype that numpy has.

    Raises:
        ReelnetError: The tensor is complex, sparse, nested or quantized, or has no values.
    """
    if torch._C._functorch.is_functorch_wrapped_tensor(values):
        raise ReelnetError(
            "returns no values inside of a transform of torch.func, such as grad or vmap; record a layer that is "
            "called outside of it"
        )
    if values.is_complex():
        raise ReelnetError(
            f"returns complex values ({dtype_name(values.dtype)}); record real values, e.g. with then=torch.abs"
        )
    if values.is_nested or values.layout is not torch.strided or values.is_quantized:
        kind = "nested" if values.is_nested else "quantized" if values.is_quantized else "sparse"
        method = {"nested": "to_padded_tensor(0)", "quantized": "dequantize()", "sparse": "to_dense()"}[kind]
        raise ReelnetError(f"returns a {kind} tensor; make it dense with then=lambda values: values.{method}")
    return values if values.dtype in NUMPY_DTYPES else values.float()


def gather_shards(values: Tensor) -> Tensor:
    """Return a distributed tensor (DTensor) as a whole; every process must call this. Others are returned as is."""
    gathered: Tensor = values.full_tensor() if hasattr(values, "full_tensor") else values
    return gathered


def to_numpy(values: Tensor) -> NDArray[np.generic]:
    """Copy a tensor to the CPU as a numpy array; dtypes that numpy lacks become float32, exactly."""
    if values.dtype not in NUMPY_DTYPES and not values.is_complex():
        values = values.float()
    # A copy, not a view: an in-place activation after the module would overwrite a view.
    return values.detach().to("cpu", copy=True).contiguous().numpy()


def to_number(name: str, value: Any) -> float:
    """Convert the value of a metric to a float.

    Raises:
        ReelnetError: The value is not a single real number.
    """
    try:
        if isinstance(value, str):
            raise TypeError
        return float(value.item() if isinstance(value, Tensor | np.ndarray) else value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        shape = getattr(value, "shape", None)
        what = repr(value) if shape is None else f"{with_article(value)} of shape {tuple(shape)}"
        raise ReelnetError(f"metric {name!r}: {what} is not a single number") from None


def dtype_name(dtype: torch.dtype) -> str:
    """Return the name of a dtype without the prefix `torch.`."""
    return str(dtype).removeprefix("torch.")


def with_article(value: object) -> str:
    """Return the name of a value's type with its article: `a dict`, `an Answer`."""
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
