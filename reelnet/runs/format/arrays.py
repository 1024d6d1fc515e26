"""Arrays to bytes and back, with one checksum per array."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

try:
    from zlib_ng.zlib_ng import crc32
except ImportError:  # No wheel for this machine: zlib gives the same checksums at a fifth of the speed.
    from zlib import crc32

__all__ = [
    "ByteSpan",
    "compute_crc32s",
    "count_nonfinite",
    "crc32",
    "crc32_hex",
    "finite_range",
    "pack_arrays",
    "unpack_array",
]


@dataclass(frozen=True)
class ByteSpan:
    """The byte range of one array in a file.

    Attributes:
        offset: First byte, counted from the start of the file.
        size: Number of bytes.
        crc32: CRC-32 checksum of those bytes (ISO 3309, as in zlib and PNG).
    """

    offset: int
    size: int
    crc32: int


def crc32_hex(data: bytes | memoryview) -> str:
    """Compute the CRC-32 of `data` as eight hexadecimal digits, the notation in a run's JSON."""
    return f"{crc32(data):08x}"


def compute_crc32s(arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, int]:
    """Compute the checksum of each array's values in C order."""
    return {
        name: crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        for name, array in arrays.items()
    }


def pack_arrays(
    arrays: Mapping[str, NDArray[np.generic]], metadata: Mapping[str, str] | None = None
) -> tuple[bytes, dict[str, int]]:
    """Encode named arrays as one safetensors file.

    Args:
        arrays: The arrays.
        metadata: Texts to store with them.

    Returns:
        The bytes of the file, and the offset of each array in it, so that one array can be read without the others.
    """
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    data = save(contiguous, dict(metadata) if metadata else None)
    # A safetensors file is 8 bytes of header length, the JSON header, then the values; the header's
    # offsets count from the end of the header.
    base = 8 + int.from_bytes(data[:8], "little")
    entries: dict[str, Any] = json.loads(data[8:base])
    return data, {name: base + entries[name]["data_offsets"][0] for name in arrays}


def unpack_array(data: bytes, dtype: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """Return `data`, little-endian values, as a read-only array of `shape` without a copy."""
    return np.frombuffer(data, np.dtype(dtype).newbyteorder("<")).reshape(shape)


def finite_range(array: NDArray[np.generic]) -> tuple[float, float] | None:
    """Return the smallest and largest finite value of a real array, or None if it has no finite value."""
    if array.size == 0:
        return None
    low, high = float(array.min()), float(array.max())
    if not np.isfinite(low + high):
        finite = array[np.isfinite(array)]
        if finite.size == 0:
            return None
        low, high = float(finite.min()), float(finite.max())
    return low, high


def count_nonfinite(array: NDArray[np.generic]) -> int:
    """Count the values of a real array that are NaN or infinite."""
    if array.dtype.kind != "f":
        return 0
    # The sum of finite values is finite unless it overflows, and computing it needs no second array.
    with np.errstate(all="ignore"):
        if np.isfinite(array.sum(dtype=np.float64)):
            return 0
    return int(array.size - np.count_nonzero(np.isfinite(array)))
