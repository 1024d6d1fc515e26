"""From what a module returns to one plain tensor, and from that to numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reelnet.errors import ReelnetError, suggest_and_list_names

PLAIN = {
    torch.bool,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.uint16,
    torch.uint32,
    torch.uint64,
    torch.float16,
    torch.float32,
    torch.float64,
}
"""Types that are recorded as they are; other real ones become float32, which holds their values exactly."""


def pick(output: Any, key: int | str | None) -> tuple[Tensor, str]:
    """One tensor of what a module returned, with a note on the choice where there was one.

    Args:
        output: A tensor, or a tuple, list, mapping or dataclass of such, nested at will.
        key: Position or name of the part that is meant, `1.0` for the first part of the second; None for the
            first tensor.

    Raises:
        ReelnetError: There is no such part, or no tensor in it.
    """
    if key is not None:
        output = _part(output, key)
    if isinstance(output, Tensor):
        return output, ""
    found = list(_tensors(output))
    if not found:
        raise ReelnetError(f"gives {a(output)} without a tensor in it")
    if len(found) == 1:
        return found[0][1], ""
    names = ", ".join(name for name, _ in found[:6]) + (", …" if len(found) > 6 else "")
    return found[0][1], f"the first of {len(found)} tensors (key={names})"


def _part(output: Any, key: int | str, before: str = "") -> Any:
    parts = dict(_parts(output))
    if str(key) in parts:
        return parts[str(key)]
    head, _, rest = str(key).partition(".")
    if head in parts and rest:
        return _part(parts[head], rest, f"{before}.{head}" if before else head)
    at = f" at {before!r}" if before else ""
    if not parts:
        raise ReelnetError(f"gives one {type(output).__name__}{at}, in which there is no key {key!r}")
    raise ReelnetError(
        f"gives {a(output)}{at} without key {key!r}; {suggest_and_list_names(str(key), parts)}"
    )


def _parts(output: Any) -> Iterator[tuple[str, Any]]:
    """The parts of a container, by position or name."""
    if isinstance(output, Mapping):
        yield from ((str(name), value) for name, value in output.items())
    elif isinstance(output, tuple | list):
        names = getattr(output, "_fields", ())
        yield from ((str(number), value) for number, value in enumerate(output))
        yield from zip(names, output, strict=False)
    elif is_dataclass(output) and not isinstance(output, type):
        yield from ((each.name, getattr(output, each.name)) for each in fields(output))


def _tensors(output: Any, before: str = "") -> Iterator[tuple[str, Tensor]]:
    """All tensors in a container, each once, with their keys."""
    seen: set[int] = set()
    for name, value in _parts(output):
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Tensor):
            yield before + name, value
        else:
            yield from _tensors(value, f"{before}{name}.")


def require_plain(values: Tensor) -> Tensor:
    """A tensor whose values numpy can hold.

    Raises:
        ReelnetError: It is complex, sparse, nested or quantized.
    """
    if values.is_complex():
        raise ReelnetError(
            f"gives complex values ({_name(values.dtype)}); record a part of them with then=torch.abs, say"
        )
    if values.is_nested or values.layout is not torch.strided or values.is_quantized:
        kind = "nested" if values.is_nested else "quantized" if values.is_quantized else "sparse"
        raise ReelnetError(f"gives a {kind} tensor; make it a plain one with then=…")
    return values if values.dtype in PLAIN else values.float()


def whole(values: Tensor) -> Tensor:
    """A tensor whose parts lie in several processes as one; all of them must ask for it."""
    gathered: Tensor = values.full_tensor() if hasattr(values, "full_tensor") else values
    return gathered


def to_numpy(values: Tensor) -> NDArray[np.generic]:
    """A copy of a tensor's values on the CPU; what numpy has no type for becomes float32, exactly."""
    if values.dtype not in PLAIN and not values.is_complex():
        values = values.float()
    # A copy, not a view: an in-place activation behind the module would rewrite a view.
    return values.detach().to("cpu", copy=True).contiguous().numpy()


def a(value: object) -> str:
    """The type of a value with its article."""
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
