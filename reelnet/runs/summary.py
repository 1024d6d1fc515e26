"""Statistics of a whole run, from the log and the indexes of segments, without reading values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.runs.format.commit import Commit, ValueRange
from reelnet.runs.format.log import StepLocation
from reelnet.runs.format.reader import ValueReader
from reelnet.runs.format.segment import Segment


@dataclass(frozen=True)
class RunSummary:
    """Statistics over all values of a run.

    Attributes:
        ranges: Value range of each tap; empty if the run has no steps.
        nonfinite: Number of NaN and infinite values and the first step with one, for taps that have any, ordered
            by that step.
    """

    ranges: Mapping[str, ValueRange]
    nonfinite: dict[str, tuple[int, int]]


def summarize_run(
    locations: Mapping[int, StepLocation], reader: ValueReader, taps: Sequence[str]
) -> RunSummary:
    """Summarize the steps of a run.

    Args:
        locations: Where each step is stored, ascending by step.
        reader: Reads the indexes of segments.
        taps: Names of the taps, in the header's order.

    Raises:
        RunError: The index of a segment with dropped steps cannot be read.
    """
    parts = list(_merge_whole_segments(locations, reader))
    totals: dict[str, tuple[int, int]] = {}
    for part in parts:
        for name, (count, first) in _nonfinite(part).items():
            total, earliest = totals.get(name, (0, first))
            totals[name] = total + count, min(first, earliest)
    return RunSummary(_value_ranges(parts, taps), dict(sorted(totals.items(), key=lambda item: item[1][1])))


def _merge_whole_segments(
    locations: Mapping[int, StepLocation], reader: ValueReader
) -> Iterator[Commit | Segment]:
    """Yield the steps' commits, with a segment in place of its steps if it holds no dropped ones."""
    rows: dict[Segment, list[int]] = {}
    for location in locations.values():
        if isinstance(location, Commit):
            yield location
        else:
            rows.setdefault(location[0], []).append(location[1])
    for segment, used_rows in rows.items():
        if len(used_rows) == len(segment.steps):
            yield segment
        else:
            yield from (reader.commit_at((segment, row)) for row in used_rows)


def _nonfinite(part: Commit | Segment) -> Mapping[str, tuple[int, int]]:
    if isinstance(part, Segment):
        return part.nonfinite
    return {name: (count, part.step) for name, count in part.nonfinite.items()}


def _value_ranges(parts: Sequence[Commit | Segment], taps: Sequence[str]) -> dict[str, ValueRange]:
    if not parts:
        return {}
    bounds = [_bounds(part, taps) for part in parts]
    # These skip NaN.
    low = np.fmin.reduce(np.array([each[0] for each in bounds]))
    high = np.fmax.reduce(np.array([each[1] for each in bounds]))
    return {
        name: None if np.isnan(smallest) else (float(smallest), float(largest))
        for name, smallest, largest in zip(taps, low, high, strict=True)
    }


def _bounds(part: Commit | Segment, taps: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if isinstance(part, Segment):
        return part.low, part.high
    ranges = np.array([part.ranges[name] or (np.nan, np.nan) for name in taps]).reshape(-1, 2)
    return ranges[:, 0], ranges[:, 1]
