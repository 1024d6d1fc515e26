"""A segment: many steps in one file, where the values of each tap are contiguous over the steps."""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.runs.format.arrays import ByteSpan
from reelnet.runs.format.arrays import crc32 as compute_crc32
from reelnet.runs.format.checked_json import (
    MAX_INT,
    encode_checked,
    parse_checked,
    parse_crc32,
    require_int,
    require_range,
    require_seconds,
    shorten,
    to_float,
)
from reelnet.runs.format.commit import Commit, to_json_number
from reelnet.runs.format.safetensors_header import MAX_HEADER_BYTES, SafetensorsHeader, safetensors_dtype
from reelnet.runs.format.step_file import LINE_KEY
from reelnet.runs.header import TapInfo

SEGMENT_FILE = re.compile(r"segments/\d{8,19}\.safetensors")
"""Names of the files with many steps; nothing else in a run folder is read or removed as one."""

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
        elapsed: Seconds since the recording began, one per step; None where that is unknown.
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
    elapsed: Sequence[float | None] | None = None

    @classmethod
    def from_line(cls, line: Mapping[str, Any], infos: Mapping[str, TapInfo]) -> Segment:
        """Parse a line of the log.

        Raises:
            KeyError, TypeError, ValueError: The line is not a valid segment.
        """
        file, steps = line["segment"], _parse_steps(line["steps"])
        if not isinstance(file, str) or not SEGMENT_FILE.fullmatch(file):
            raise ValueError(f"{shorten(file)} is not the name of a segment")
        low, high = _parse_limits(line["min"], line["max"], len(infos))
        dropped = frozenset(line.get("without", ()))
        if not dropped <= {*steps}:
            raise ValueError("steps without values are not in it")
        elapsed = line.get("elapsed")
        return cls(
            file=file,
            steps=steps,
            metrics={
                name: _parse_column(values, len(steps), to_float) for name, values in line["metrics"].items()
            },
            low=low,
            high=high,
            nonfinite={
                name: (require_int(count), require_int(step))
                for name, (count, step) in line["nonfinite"].items()
                if name in infos
            },
            head_size=require_int(line["head"], 8, _max_head_size(line, infos)),
            crc32=parse_crc32(line["crc32"]),
            dropped=dropped,
            elapsed=None if elapsed is None else _parse_column(elapsed, len(steps), require_seconds),
        )

    def to_line(self) -> dict[str, Any]:
        """Return the line of the log."""
        return {
            "segment": self.file,
            "steps": list(self.steps),
            "elapsed": None if self.elapsed is None else list(self.elapsed),
            "metrics": _encode_metrics(self.metrics),
            "min": [None if np.isnan(value) else value for value in self.low.tolist()],
            "max": [None if np.isnan(value) else value for value in self.high.tolist()],
            "nonfinite": dict(self.nonfinite),
            "head": self.head_size,
            "crc32": f"{self.crc32:08x}",
            **({"without": sorted(self.dropped)} if self.dropped else {}),
        }

    @classmethod
    def from_head(cls, file: str, head: bytes, infos: Mapping[str, TapInfo]) -> Segment:
        """Build the line of a segment from the head of its file.

        In format versions 1 and 2 the head contains neither metrics nor times.

        Args:
            file: Path relative to the run folder.
            head: The safetensors header and the index.
            infos: Taps of the run.

        Raises:
            KeyError, TypeError, ValueError: `head` is not the head of a segment.
        """
        index = SegmentIndex.from_head(head, infos)
        header = SafetensorsHeader.parse(head)
        line: Mapping[str, Any] = {}
        if LINE_KEY in header.metadata:
            line = parse_checked(header.metadata[LINE_KEY].encode(), required=True)
            if line["index"] != f"{compute_crc32(head[header.size :]):08x}":
                raise ValueError("altered, its index does not match its checksum")
        metrics, elapsed = line.get("metrics", {}), line.get("elapsed")
        nonfinite: dict[str, tuple[int, int]] = {}
        for name, counts in zip(infos, index.nonfinite, strict=True):
            if counts.any():
                nonfinite[name] = int(counts.sum()), index.steps[counts.nonzero()[0][0]]
        return cls(
            file=file,
            steps=index.steps,
            metrics={
                name: _parse_column(values, len(index.steps), to_float) for name, values in metrics.items()
            },
            # These skip NaN.
            low=np.fmin.reduce(index.low, axis=1),
            high=np.fmax.reduce(index.high, axis=1),
            nonfinite=dict(sorted(nonfinite.items(), key=lambda item: item[1][1])),
            head_size=len(head),
            crc32=compute_crc32(head),
            elapsed=None if elapsed is None else _parse_column(elapsed, len(index.steps), require_seconds),
        )

    def elapsed_at(self, row: int) -> float | None:
        """Return the time of one step, given its position in the segment."""
        return None if self.elapsed is None else self.elapsed[row]

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
        header = SafetensorsHeader.parse(head)
        (step_count,) = header.entries["steps"]["shape"]
        require_int(step_count, 1)
        arrays: dict[str, NDArray[Any]] = {}
        for name, dtype in INDEX_DTYPES.items():
            shape = (step_count,) if name == "steps" else (len(infos), step_count)
            start, end = header.locate(name, dtype, shape)
            if end > len(head):
                raise ValueError(f"the array {name} is not in the index")
            arrays[name] = np.frombuffer(head[start:end], dtype).reshape(shape)
        low, high = arrays["min"], arrays["max"]
        is_range = ((low <= high) & np.isfinite(low) & np.isfinite(high)) | (np.isnan(low) & np.isnan(high))
        if not is_range.all() or (arrays["nonfinite"] < 0).any():
            raise ValueError("its value ranges are not valid")
        return cls(
            steps=_parse_steps(arrays["steps"].tolist()),
            offsets={
                name: header.locate(f"tap/{name}", info.dtype, (step_count, *info.shape))[0]
                for name, info in infos.items()
            },
            sizes={name: info.nbytes for name, info in infos.items()},
            low=low,
            high=high,
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
        return Commit(
            segment.steps[row],
            segment.metrics_at(row),
            segment.file,
            spans,
            ranges,
            nonfinite,
            segment.elapsed_at(row),
        )


def head_size(start: bytes, infos: Mapping[str, TapInfo]) -> int:
    """Compute the size of a segment's head from its safetensors header.

    Args:
        start: The first bytes of the file, up to the end of the safetensors header or beyond.
        infos: Taps of the run.

    Raises:
        KeyError, TypeError, ValueError: `start` is not the header of a segment with these taps.
    """
    header = SafetensorsHeader.parse(start)
    if header.entries.keys() != INDEX_DTYPES.keys() | {f"tap/{name}" for name in infos}:
        raise ValueError("the arrays are not those of the run")
    (step_count,) = header.entries["steps"]["shape"]
    return header.size + require_int(step_count, 1) * _index_bytes(infos)


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
    data = b"".join(array.tobytes() for array in index.values())
    line = {
        "index": f"{compute_crc32(data):08x}",
        "elapsed": collect_elapsed(commits),
        "metrics": _encode_metrics(collect_metrics(commits)),
    }
    entries: dict[str, Any] = {"__metadata__": {LINE_KEY: encode_checked(line).decode()}}
    offset = 0
    for name, array in index.items():
        entries[name] = _header_entry(array.dtype, array.shape, offset)
        offset += array.nbytes
    # Larger value types come first, so that all arrays are aligned.
    for name, info in sorted(infos.items(), key=lambda item: -np.dtype(item[1].dtype).itemsize):
        entries[f"tap/{name}"] = _header_entry(np.dtype(info.dtype), (len(commits), *info.shape), offset)
        offset += len(commits) * info.nbytes
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def collect_metrics(commits: Sequence[Commit]) -> dict[str, list[float | None]]:
    """Collect the values of each metric, one per step; None where a step has no value."""
    names = dict.fromkeys(name for commit in commits for name in commit.metrics)
    return {name: [commit.metrics.get(name) for commit in commits] for name in names}


def _header_entry(dtype: np.dtype[Any], shape: tuple[int, ...], offset: int) -> dict[str, Any]:
    size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
    return {"dtype": safetensors_dtype(dtype), "shape": list(shape), "data_offsets": [offset, offset + size]}


def collect_elapsed(commits: Sequence[Commit]) -> list[float | None] | None:
    """Collect the time of each step; None if all are unknown."""
    elapsed = [commit.elapsed for commit in commits]
    return None if elapsed.count(None) == len(elapsed) else elapsed


def _encode_metrics(metrics: Mapping[str, Sequence[float | None]]) -> dict[str, Any]:
    return {
        name: [None if value is None else to_json_number(value) for value in values]
        for name, values in metrics.items()
    }


def _parse_steps(steps: Any) -> tuple[int, ...]:
    if not steps or {*map(type, steps)} != {int} or not 0 <= steps[0] <= steps[-1] <= MAX_INT:
        raise ValueError("its steps are not integers")
    if any(map(operator.ge, steps, steps[1:])):
        raise ValueError("its steps are not ascending")
    return tuple(steps)


def _parse_column(values: Any, count: int, parse: Callable[[Any], float | None]) -> Sequence[float | None]:
    """Parse a list with a number or null for each step."""
    if type(values) is not list or len(values) != count:
        raise ValueError("its steps and metrics do not match")
    # Nearly always the values are what they should be. Converting one by one would dominate the time to read a log.
    if {*map(type, values)} <= {float, NoneType}:
        known = list(filter(None, values))
        if parse is to_float or (min(known, default=0) >= 0 and math.isfinite(sum(known))):
            return values
    return [None if value is None else parse(value) for value in values]


def _parse_limits(low: Any, high: Any, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Parse the smallest and largest values of the taps; null becomes NaN."""
    if type(low) is not list or type(high) is not list or not len(low) == len(high) == count:
        raise ValueError("its value ranges do not match the layers of the run")
    ranges = [require_range(*limits) or (np.nan, np.nan) for limits in zip(low, high, strict=True)]
    columns = np.array(ranges, np.float64).reshape(-1, 2).T
    return columns[0], columns[1]


def _index_bytes(infos: Mapping[str, TapInfo]) -> int:
    """Return the bytes of the index per step."""
    return sum(
        np.dtype(dtype).itemsize * (1 if name == "steps" else len(infos))
        for name, dtype in INDEX_DTYPES.items()
    )


def _max_head_size(line: Mapping[str, Any], infos: Mapping[str, TapInfo]) -> int:
    """Return the most bytes that the head of a segment may have, so that a wrong number takes no memory."""
    return 8 + MAX_HEADER_BYTES + len(line["steps"]) * _index_bytes(infos)
