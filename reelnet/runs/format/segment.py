"""A segment: many steps in one file, where the values of each tap are contiguous over the steps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.runs.format.arrays import ByteSpan
from reelnet.runs.format.arrays import crc32 as compute_crc32
from reelnet.runs.format.commit import Commit, to_json_number
from reelnet.runs.header import TapInfo

INDEX_DTYPES = {"steps": "<i8", "min": "<f8", "max": "<f8", "nonfinite": "<i8", "crc32": "<u4"}
"""Arrays of a segment's index and their types; `steps` is (steps,), the others are (taps, steps)."""


@dataclass(frozen=True, eq=False)
class Segment:
    """The line of a segment in the log: enough to open a run without reading the segment.

    Attributes:
        file: Path relative to the run folder.
        steps: The steps in the segment, ascending.
        metrics: Values of each metric, one per step; None where a step has no value.
        low: Smallest finite value of each tap over all steps, in the header's order; NaN if there is none.
        high: Largest finite value of each tap, likewise.
        nonfinite: Number of NaN and infinite values and the first step with one, for taps that have any.
        head_size: Bytes before the values: the safetensors header and the index.
        crc32: Checksum of those bytes.
        dropped: Steps that are stored in the segment but no longer part of the run.
    """

    file: str
    steps: tuple[int, ...]
    metrics: Mapping[str, Sequence[float | None]]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    nonfinite: Mapping[str, tuple[int, int]]
    head_size: int
    crc32: int
    dropped: frozenset[int] = frozenset()

    @classmethod
    def from_line(cls, line: Mapping[str, Any], infos: Mapping[str, TapInfo]) -> Segment:
        """Parse a line of the log.

        Raises:
            KeyError, TypeError, ValueError: The line is not a valid segment.
        """
        steps = tuple(map(int, line["steps"]))
        metrics, low, high = line["metrics"], line["min"], line["max"]
        if not steps or any(len(values) != len(steps) for values in metrics.values()):
            raise ValueError("its steps and metrics do not match")
        if not len(low) == len(high) == len(infos):
            raise ValueError("its value ranges do not match the layers of the run")
        return cls(
            file=str(line["segment"]),
            steps=steps,
            metrics={name: _parse_metric(values) for name, values in metrics.items()},
            # None becomes NaN.
            low=np.array(low, np.float64),
            high=np.array(high, np.float64),
            nonfinite={name: (int(count), int(step)) for name, (count, step) in line["nonfinite"].items()},
            head_size=int(line["head"]),
            crc32=int(line["crc32"], 16),
            dropped=frozenset(map(int, line.get("without", ()))),
        )

    def to_line(self) -> dict[str, Any]:
        """Return the line of the log."""
        return {
            "segment": self.file,
            "steps": list(self.steps),
            "metrics": {
                name: [None if value is None else to_json_number(value) for value in values]
                for name, values in self.metrics.items()
            },
            "min": [None if np.isnan(value) else value for value in self.low.tolist()],
            "max": [None if np.isnan(value) else value for value in self.high.tolist()],
            "nonfinite": dict(self.nonfinite),
            "head": self.head_size,
            "crc32": f"{self.crc32:08x}",
            **({"without": sorted(self.dropped)} if self.dropped else {}),
        }

    @classmethod
    def from_head(
        cls,
        file: str,
        head: bytes,
        infos: Mapping[str, TapInfo],
        metrics: Mapping[str, Sequence[float | None]] | None = None,
    ) -> Segment:
        """Build the line of a segment from the head of its file, which does not contain metrics.

        Args:
            file: Path relative to the run folder.
            head: The safetensors header and the index.
            infos: Taps of the run.
            metrics: Values of each metric, one per step; by default there are none.

        Raises:
            KeyError, TypeError, ValueError: `head` is not the head of a segment.
        """
        index = SegmentIndex.from_head(head, infos)
        nonfinite: dict[str, tuple[int, int]] = {}
        for name, counts in zip(infos, index.nonfinite, strict=True):
            if counts.any():
                nonfinite[name] = int(counts.sum()), index.steps[counts.nonzero()[0][0]]
        return cls(
            file=file,
            steps=index.steps,
            metrics=metrics or {},
            # These skip NaN.
            low=np.fmin.reduce(index.low, axis=1),
            high=np.fmax.reduce(index.high, axis=1),
            nonfinite=dict(sorted(nonfinite.items(), key=lambda item: item[1][1])),
            head_size=len(head),
            crc32=compute_crc32(head),
        )

    def metrics_at(self, row: int) -> dict[str, float]:
        """Return the metrics of one step, given its position in the segment."""
        values = {name: column[row] for name, column in self.metrics.items()}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, eq=False)
class SegmentIndex:
    """The index at the start of a segment's file, and where the values are stored.

    Attributes:
        steps: The steps in the segment, ascending.
        offsets: First byte of each tap's values in the file.
        sizes: Bytes of one step of each tap.
        crc32: Checksums of the values, uint32 (taps, steps).
        low: Smallest finite values, float64 (taps, steps); NaN where there is none.
        high: Largest finite values, likewise.
        nonfinite: Numbers of NaN and infinite values, int64 (taps, steps).
    """

    steps: tuple[int, ...]
    offsets: Mapping[str, int]
    sizes: Mapping[str, int]
    crc32: NDArray[np.uint32]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    nonfinite: NDArray[np.int64]

    @classmethod
    def from_head(cls, head: bytes, infos: Mapping[str, TapInfo]) -> SegmentIndex:
        """Parse the head of a segment's file.

        Raises:
            KeyError, TypeError, ValueError: `head` is not the head of a segment.
        """
        base, entries = _parse_header(head)
        (step_count,) = entries["steps"]["shape"]
        arrays: dict[str, NDArray[Any]] = {}
        for name, dtype in INDEX_DTYPES.items():
            start, end = entries[name]["data_offsets"]
            values = np.frombuffer(head[base + start : base + end], dtype)
            arrays[name] = values.reshape((step_count,) if name == "steps" else (len(infos), step_count))
        return cls(
            steps=tuple(arrays["steps"].tolist()),
            offsets={name: base + int(entries[f"tap/{name}"]["data_offsets"][0]) for name in infos},
            sizes={name: info.nbytes for name, info in infos.items()},
            low=arrays["min"],
            high=arrays["max"],
            nonfinite=arrays["nonfinite"],
            crc32=arrays["crc32"],
        )

    def commit_at(self, segment: Segment, row: int) -> Commit:
        """Return the commit of one step, given its position in the segment."""
        spans, ranges, nonfinite = {}, {}, {}
        for tap, (name, offset) in enumerate(self.offsets.items()):
            size = self.sizes[name]
            spans[name] = ByteSpan(offset + row * size, size, int(self.crc32[tap, row]))
            low, high = float(self.low[tap, row]), float(self.high[tap, row])
            ranges[name] = None if np.isnan(low) else (low, high)
            if count := int(self.nonfinite[tap, row]):
                nonfinite[name] = count
        return Commit(segment.steps[row], segment.metrics_at(row), segment.file, spans, ranges, nonfinite)


def head_size(start: bytes, infos: Mapping[str, TapInfo]) -> int:
    """Compute the size of a segment's head from its safetensors header.

    Args:
        start: The first bytes of the file, up to the end of the safetensors header or beyond.
        infos: Taps of the run.

    Raises:
        KeyError, TypeError, ValueError: `start` is not the header of a segment with these taps.
    """
    base, entries = _parse_header(start)
    if entries.keys() != INDEX_DTYPES.keys() | {f"tap/{name}" for name in infos}:
        raise ValueError("the arrays are not those of the run")
    return base + max(int(entries[name]["data_offsets"][1]) for name in INDEX_DTYPES)


def encode_head(commits: Sequence[Commit], infos: Mapping[str, TapInfo]) -> bytes:
    """Encode the head of a segment's file: its safetensors header and its index.

    Args:
        commits: The steps, ascending.
        infos: Taps of the run.
    """
    bounds = [[commit.ranges[name] or (np.nan, np.nan) for commit in commits] for name in infos]
    rows: dict[str, Any] = {
        "steps": [commit.step for commit in commits],
        "min": [[low for low, _ in row] for row in bounds],
        "max": [[high for _, high in row] for row in bounds],
        "nonfinite": [[commit.nonfinite.get(name, 0) for commit in commits] for name in infos],
        "crc32": [[commit.spans[name].crc32 for commit in commits] for name in infos],
    }
    index = {name: np.array(rows[name], dtype) for name, dtype in INDEX_DTYPES.items()}
    entries, offset = {}, 0
    for name, array in index.items():
        entries[name] = _header_entry(array.dtype, array.shape, offset)
        offset += array.nbytes
    # Larger value types come first, so that all arrays are aligned.
    for name, info in sorted(infos.items(), key=lambda item: -np.dtype(item[1].dtype).itemsize):
        entries[f"tap/{name}"] = _header_entry(np.dtype(info.dtype), (len(commits), *info.shape), offset)
        offset += len(commits) * info.nbytes
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(array.tobytes() for array in index.values())


def _parse_header(head: bytes) -> tuple[int, dict[str, Any]]:
    """Return where the safetensors header ends, and its entries."""
    base = 8 + int.from_bytes(head[:8], "little")
    return base, json.loads(head[8:base])


def _header_entry(dtype: np.dtype[Any], shape: tuple[int, ...], offset: int) -> dict[str, Any]:
    size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
    name = "BOOL" if dtype.kind == "b" else f"{dtype.kind.upper()}{8 * dtype.itemsize}"
    return {"dtype": name, "shape": list(shape), "data_offsets": [offset, offset + size]}


def _parse_metric(values: list[Any]) -> Sequence[float | None]:
    # Nearly always the values are what they should be. Converting one by one would dominate the time to read a log.
    if {*map(type, values)} <= {float, NoneType}:
        return values
    return [None if value is None else float(value) for value in values]
