"""Arrays as bytes, and bytes as arrays, with a checksum for each array."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

try:
    from zlib_ng.zlib_ng import crc32
except ImportError:  # No wheel for this machine: the same numbers at a fifth of the speed.
    from zlib import crc32

__all__ = ["Span", "checksum", "crc32", "finite_range", "nonfinite", "pack", "unpack"]


@dataclass(frozen=True)
class Span:
    """Where one array's bytes lie in a file.

    Attributes:
        offset: First byte, counted from the start of the file.
        size: Number of bytes.
        crc32: Checksum of those bytes, CRC-32 (ISO 3309, as in zlib and PNG).
    """

    offset: int
    size: int
    crc32: int


def checksum(data: bytes | memoryview) -> str:
    """CRC-32 of `data` as the JSON of a run has it: eight hexadecimal digits."""
    return f"{crc32(data):08x}"


def pack(arrays: Mapping[str, NDArray[np.generic]]) -> tuple[bytes, dict[str, Span]]:
    """Lay named arrays into one safetensors file.

    Returns:
        The file's bytes, and for each array where its values lie in them, so that one array can be read
        (and checked) without the others.
    """
    data = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    # A safetensors file is 8 bytes of header length, the JSON header, then the values; the header's
    # offsets count from the end of the header.
    base = 8 + int.from_bytes(data[:8], "little")
    view, spans = memoryview(data), {}
    for name, entry in json.loads(data[8:base]).items():
        start, end = entry["data_offsets"]
        spans[name] = Span(base + start, end - start, crc32(view[base + start : base + end]))
    return data, spans


def unpack(data: bytes, dtype: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """The array of `shape` whose little-endian values are `data`; read-only, no copy."""
    return np.frombuffer(data, np.dtype(dtype).newbyteorder("<")).reshape(shape)


def finite_range(array: NDArray[np.generic]) -> tuple[float, float] | None:
    """Least and greatest finite value of a real array, or None where there is none."""
    if array.size == 0:
        return None
    low, high = float(array.min()), float(array.max())
    if not np.isfinite(low + high):
        finite = array[np.isfinite(array)]
        if finite.size == 0:
            return None
        low, high = float(finite.min()), float(finite.max())
    return low, high


def nonfinite(array: NDArray[np.generic]) -> int:
    """How many values of a real array are NaN or infinite."""
    # A sum is finite where all values are, but for one that overflows; it needs no second array.
    if array.dtype.kind != "f":
        return 0
    with np.errstate(all="ignore"):
        if np.isfinite(array.sum(dtype=np.float64)):
            return 0
    return int(array.size - np.count_nonzero(np.isfinite(array)))
