"""Statistics of a whole run, from the log and the indexes of segments, without reading values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

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
    lows, highs = [], []
    nonfinite: dict[str, tuple[int, int]] = {}
    for part in _merge_whole_segments(locations, reader):
        if isinstance(part, Segment):
            low, high, counts = part.low, part.high, part.nonfinite
        else:
            bounds = np.array([part.ranges[name] or (np.nan, np.nan) for name in taps]).reshape(-1, 2)
            low, high = bounds.T
            counts = {name: (count, part.step) for name, count in part.nonfinite.items()}
        lows.append(low)
        highs.append(high)
        for name, (count, first) in counts.items():
            total, earliest = nonfinite.get(name, (0, first))
            nonfinite[name] = total + count, min(first, earliest)
    ranges: dict[str, ValueRange] = {}
    if lows:
        # These skip NaN.
        for name, low, high in zip(taps, np.fmin.reduce(lows), np.fmax.reduce(highs), strict=True):
            ranges[name] = None if np.isnan(low) else (float(low), float(high))
    return RunSummary(ranges, dict(sorted(nonfinite.items(), key=lambda item: item[1][1])))


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
