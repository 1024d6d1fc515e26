"""A segment: many steps in one file, in which the values of each tap lie one step behind the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.runs.format.arrays import Span
from reelnet.runs.format.arrays import crc32 as crc32_of
from reelnet.runs.format.commit import Commit, Range, joined, number
from reelnet.runs.header import TapInfo

Index = Mapping[str, NDArray[np.generic]]

NAMES = {"b": "BOOL", "f": "F", "i": "I", "u": "U"}
"""What safetensors calls the kinds of numbers of numpy."""

INDEX = {"steps": "<i8", "min": "<f8", "max": "<f8", "nonfinite": "<i8", "crc32": "<u4"}
"""The arrays of a segment's index and their types; all but the steps are (taps, steps)."""


@dataclass(frozen=True, eq=False)
class Segment:
    """A segment's line in the log: enough to open a run, without reading the segment.

    Attributes:
        file: Path relative to the run folder.
        steps: The steps in it, ascending.
        metrics: For each metric its value at each of the steps, None where there is none.
        low: For each tap, in the header's order, its least finite value over the steps, NaN where there is none.
        high: The greatest, likewise.
        nonfinite: For each tap with values that are NaN or infinite their number, and the first such step.
        head: Bytes at the beginning of the file that tell of the values: its header and its index.
        crc32: Checksum of the head.
        without: Those of the steps that count no more.
    """

    file: str
    steps: tuple[int, ...]
    metrics: Mapping[str, Sequence[float | None]]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    nonfinite: Mapping[str, tuple[int, int]]
    head: int
    crc32: int
    without: frozenset[int] = frozenset()

    @classmethod
    def of(cls, line: Mapping[str, Any], infos: Mapping[str, TapInfo]) -> Segment:
        """Read a line of the log.

        Raises:
            KeyError, TypeError, ValueError: It is none.
        """
        steps = tuple(map(int, line["steps"]))
        metrics, low, high = line["metrics"], line["min"], line["max"]
        if not steps or any(len(values) != len(steps) for values in metrics.values()):
            raise ValueError("its steps and metrics do not match")
        if not len(low) == len(high) == len(infos):
            raise ValueError("its ranges do not match the layers of the run")
        return cls(
            file=str(line["segment"]),
            steps=steps,
            metrics={name: _numbers(values) for name, values in metrics.items()},
            # None becomes NaN.
            low=np.array(low, np.float64),
            high=np.array(high, np.float64),
            nonfinite={name: (int(each[0]), int(each[1])) for name, each in line["nonfinite"].items()},
            head=int(line["head"]),
            crc32=int(line["crc32"], 16),
            without=frozenset(map(int, line.get("without", ()))),
        )

    def numbers(self, row: int) -> dict[str, float]:
        """The metrics at one of the steps, by its position."""
        found = {name: values[row] for name, values in self.metrics.items()}
        return {name: value for name, value in found.items() if value is not None}

    def line(self) -> dict[str, Any]:
        """The line of the log."""
        return {
            "segment": self.file,
            "steps": list(self.steps),
            "metrics": {
                name: [None if value is None else number(value) for value in values]
                for name, values in self.metrics.items()
            },
            "min": _listed(self.low),
            "max": _listed(self.high),
            "nonfinite": dict(self.nonfinite),
            "head": self.head,
            "crc32": f"{self.crc32:08x}",
            **({"without": sorted(self.without)} if self.without else {}),
        }


@dataclass(frozen=True, eq=False)
class Layout:
    """Where everything lies in a segment, and its index.

    Attributes:
        offsets: For each tap the first byte of its values.
        sizes: For each tap the bytes of one step.
        crc32: Checksums (taps, steps) of the values.
        low: Least finite values (taps, steps); NaN where there is none.
        high: Greatest finite values, likewise.
        nonfinite: Numbers (taps, steps) of values that are NaN or infinite.
    """

    offsets: Mapping[str, int]
    sizes: Mapping[str, int]
    crc32: NDArray[np.uint32]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    nonfinite: NDArray[np.int64]

    def commit(self, segment: Segment, row: int) -> Commit:
        """One of the segment's steps, by its position."""
        names = list(self.offsets)
        ranges = {name: self.range(number, row) for number, name in enumerate(names)}
        counts = {name: int(self.nonfinite[number, row]) for number, name in enumerate(names)}
        return Commit(
            step=segment.steps[row],
            metrics=segment.numbers(row),
            file=segment.file,
            spans={
                name: Span(
                    self.offsets[name] + row * self.sizes[name],
                    self.sizes[name],
                    int(self.crc32[number, row]),
                )
                for number, name in enumerate(names)
            },
            ranges=ranges,
            nonfinite={name: count for name, count in counts.items() if count},
        )

    def range(self, tap: int, row: int) -> Range:
        """A tap's range at a step, both by position."""
        low, high = float(self.low[tap, row]), float(self.high[tap, row])
        return None if np.isnan(low) else (low, high)

    @classmethod
    def of(cls, head: bytes, segment: Segment, infos: Mapping[str, TapInfo]) -> Layout:
        """Read the head of a segment.

        Raises:
            KeyError, TypeError, ValueError: It is none.
        """
        base, entries = entries_of(head)
        index = index_of(head, len(infos))
        return cls(
            offsets={name: base + int(entries[f"tap/{name}"]["data_offsets"][0]) for name in infos},
            sizes={name: info.nbytes for name, info in infos.items()},
            low=index["min"],
            high=index["max"],
            nonfinite=index["nonfinite"],
            crc32=index["crc32"],
        )


def entries_of(head: bytes) -> tuple[int, dict[str, Any]]:
    """The header of a segment: where it ends, and what it says of each array.

    Raises:
        ValueError: It is none.
    """
    base = 8 + int.from_bytes(head[:8], "little")
    return base, json.loads(head[8:base])


def index_of(head: bytes, taps: int) -> dict[str, NDArray[Any]]:
    """The arrays of a segment's index.

    Args:
        head: Of the segment.
        taps: Their number.

    Raises:
        KeyError, TypeError, ValueError: It is none.
    """
    base, entries = entries_of(head)
    (steps,) = entries["steps"]["shape"]
    found = {}
    for name, dtype in INDEX.items():
        start, end = entries[name]["data_offsets"]
        values = np.frombuffer(head[base + start : base + end], dtype)
        found[name] = values.reshape((steps,) if name == "steps" else (taps, steps))
    return found


def plan(file: str, commits: Sequence[Commit], infos: Mapping[str, TapInfo]) -> tuple[Segment, Layout, bytes]:
    """Lay out a segment of some steps, which are ascending.

    Returns:
        Its line, where everything lies, and its head; the values follow at the layout's offsets.
    """
    names, steps = list(infos), [commit.step for commit in commits]
    bounds = [[commit.ranges[name] or (np.nan, np.nan) for commit in commits] for name in names]
    rows: dict[str, Any] = {
        "steps": steps,
        "min": [[low for low, _ in row] for row in bounds],
        "max": [[high for _, high in row] for row in bounds],
        "nonfinite": [[commit.nonfinite.get(name, 0) for commit in commits] for name in names],
        "crc32": [[commit.spans[name].crc32 for commit in commits] for name in names],
    }
    index = {name: np.array(rows[name], dtype) for name, dtype in INDEX.items()}
    entries, at = {}, 0
    for name, array in index.items():
        entries[name] = _entry(array.dtype, array.shape, at)
        at += array.nbytes
    # Values of more bytes first, so that all of them are aligned.
    for name, info in sorted(infos.items(), key=lambda item: -np.dtype(item[1].dtype).itemsize):
        entries[f"tap/{name}"] = _entry(np.dtype(info.dtype), (len(steps), *info.shape), at)
        at += len(steps) * info.nbytes
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    head = len(text).to_bytes(8, "little") + text + b"".join(array.tobytes() for array in index.values())
    metrics = dict.fromkeys(name for commit in commits for name in commit.metrics)
    ranges = [_over(commit.ranges[name] for commit in commits) for name in names]
    segment = Segment(
        file=file,
        steps=tuple(steps),
        metrics={name: [commit.metrics.get(name) for commit in commits] for name in metrics},
        low=np.array([each[0] if each else np.nan for each in ranges]),
        high=np.array([each[1] if each else np.nan for each in ranges]),
        nonfinite=_counted(commits, names),
        head=len(head),
        crc32=crc32_of(head),
    )
    return segment, Layout.of(head, segment, infos), head


def _listed(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]


def _numbers(values: list[Any]) -> Sequence[float | None]:
    # Nearly always they are as they should be; one by one they would take longer than all else of a log.
    if {*map(type, values)} <= {float, NoneType}:
        return values
    return [None if value is None else float(value) for value in values]


def _entry(dtype: np.dtype[Any], shape: tuple[int, ...], at: int) -> dict[str, Any]:
    kind = NAMES[dtype.kind]
    size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
    name = kind if kind == "BOOL" else f"{kind}{8 * dtype.itemsize}"
    return {"dtype": name, "shape": list(shape), "data_offsets": [at, at + size]}


def _over(ranges: Iterator[Range]) -> Range:
    found: Range = None
    for each in ranges:
        found = joined(found, each)
    return found


def _counted(commits: Sequence[Commit], names: Sequence[str]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for commit in commits:
        for name in names:
            if count := commit.nonfinite.get(name):
                before, first = found.get(name, (0, commit.step))
                found[name] = before + count, first
    return found
