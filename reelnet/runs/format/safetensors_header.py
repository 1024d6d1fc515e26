"""The JSON header of a safetensors file, checked before anything is read by it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reelnet.runs.format.checked_json import parse_json, require_int, shorten
from reelnet.runs.storage.protocol import Store

MAX_HEADER_BYTES = 100_000_000
"""The largest header that safetensors allows."""


@dataclass(frozen=True)
class SafetensorsHeader:
    """A parsed header.

    Attributes:
        size: Bytes before the first value.
        entries: The entry of each array by name.
        metadata: The texts that are stored with the arrays.
    """

    size: int
    entries: Mapping[str, Any]
    metadata: Mapping[str, str]

    @classmethod
    def parse(cls, start: bytes) -> SafetensorsHeader:
        """Parse the first bytes of a file, up to the end of the header or beyond.

        Raises:
            ValueError: They are not a header.
        """
        size = 8 + int.from_bytes(start[:8], "little")
        if not 8 < size <= len(start):
            raise ValueError("not a safetensors file")
        entries = parse_json(start[8:size])
        metadata = entries.pop("__metadata__", {}) if isinstance(entries, dict) else None
        if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
            raise ValueError("not a safetensors header")
        return cls(size, entries, metadata)

    def file_size(self) -> int:
        """Return the bytes of the whole file.

        Raises:
            KeyError, TypeError, ValueError: The entries are not valid.
        """
        ends = [0]
        for entry in self.entries.values():
            _, end = entry["data_offsets"]
            ends.append(require_int(end))
        return self.size + max(ends)

    def locate(self, name: str, dtype: str, shape: tuple[int, ...]) -> tuple[int, int]:
        """Return the first byte of an array in the file, and the byte after its last one.

        Args:
            name: The array.
            dtype: numpy's name of the type that it must have.
            shape: The shape that it must have.

        Raises:
            ValueError: There is no such array of this type and shape.
        """
        entry = self.entries.get(name)
        if not isinstance(entry, dict):
            raise ValueError(f"there is no array {shorten(name)}")
        if entry.get("dtype") != safetensors_dtype(np.dtype(dtype)) or entry.get("shape") != list(shape):
            raise ValueError(f"the array {shorten(name)} has another type or shape than the run")
        start, end = entry["data_offsets"]
        start, end = require_int(start), require_int(end)
        if end - start != math.prod(shape) * np.dtype(dtype).itemsize:
            raise ValueError(f"the array {shorten(name)} has another size than its shape")
        return self.size + start, self.size + end


def read_start(store: Store, name: str) -> bytes:
    """Read a file up to the end of its header.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not a safetensors file.
    """
    (start,) = store.read_spans(name, [(0, 8)])
    size = int.from_bytes(start, "little")
    if len(start) < 8 or size > MAX_HEADER_BYTES:
        raise ValueError("not a safetensors file")
    return store.read_spans(name, [(0, 8 + size)])[0]


def safetensors_dtype(dtype: np.dtype[Any]) -> str:
    """Return safetensors' name of a type, such as `F32`."""
    return "BOOL" if dtype.kind == "b" else f"{dtype.kind.upper()}{8 * dtype.itemsize}"
