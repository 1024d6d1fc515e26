"""What a run comes to over all its steps, from what the log and the indexes of segments say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.runs.format.commit import Commit, Range
from reelnet.runs.format.log import Row
from reelnet.runs.format.reader import Values
from reelnet.runs.format.segment import Segment

Places = Mapping[int, Commit | Row]
"""Where each step lies; ascending."""


@dataclass(frozen=True)
class Summary:
    """What is known of all values.

    Attributes:
        ranges: For each tap its range.
        nonfinite: For each tap with values that are NaN or infinite their number, and the first such step.
    """

    ranges: Mapping[str, Range]
    nonfinite: dict[str, tuple[int, int]]


def summary_of(places: Places, values: Values) -> Summary:
    """Sum up the steps that count.

    Raises:
        RunError: The index of a segment of which some steps count no more cannot be read.
    """
    nonfinite: dict[str, tuple[int, int]] = {}
    parts = list(_parts(places, values))
    for part in parts:
        for name, (count, first) in _strange(part).items():
            before, earliest = nonfinite.get(name, (0, first))
            nonfinite[name] = before + count, min(first, earliest)
    return Summary(_ranges(parts, values.taps), dict(sorted(nonfinite.items(), key=lambda item: item[1][1])))


def _ranges(parts: Sequence[Commit | Segment], taps: Sequence[str]) -> dict[str, Range]:
    pairs = [_bounds(part, taps) for part in parts]
    if not pairs:
        return {}
    # These pass over NaN.
    low = np.fmin.reduce(np.array([each[0] for each in pairs]))
    high = np.fmax.reduce(np.array([each[1] for each in pairs]))
    return {
        name: None if np.isnan(least) else (float(least), float(most))
        for name, least, most in zip(taps, low, high, strict=True)
    }


def _bounds(part: Commit | Segment, taps: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if isinstance(part, Segment):
        return part.low, part.high
    ranges = [part.ranges[name] or (np.nan, np.nan) for name in taps]
    return np.array([low for low, _ in ranges]), np.array([high for _, high in ranges])


def metrics_of(places: Places) -> dict[str, NDArray[np.float64]]:
    """For each metric its values, one a step; NaN where a step has none."""
    found: dict[str, NDArray[np.float64]] = {}

    def of(name: str) -> NDArray[np.float64]:
        if name not in found:
            found[name] = np.full(len(places), np.nan)
        return found[name]

    columns: dict[Segment, dict[str, NDArray[np.float64]]] = {}
    for number, place in enumerate(places.values()):
        if isinstance(place, Commit):
            for name, value in place.metrics.items():
                of(name)[number] = value
            continue
        segment, row = place
        if segment not in columns:
            columns[segment] = {
                name: np.array(values, np.float64) for name, values in segment.metrics.items()
            }
        for name, column in columns[segment].items():
            of(name)[number] = column[row]
    return found


def _strange(part: Commit | Segment) -> Mapping[str, tuple[int, int]]:
    if isinstance(part, Segment):
        return part.nonfinite
    return {name: (count, part.step) for name, count in part.nonfinite.items()}


def _parts(places: Places, values: Values) -> Iterable[Commit | Segment]:
    """The steps' commits, or a whole segment in place of all of its steps."""
    rows: dict[Segment, list[int]] = {}
    for place in places.values():
        if isinstance(place, Commit):
            yield place
        else:
            rows.setdefault(place[0], []).append(place[1])
    for segment, kept in rows.items():
        if len(kept) == len(segment.steps):
            yield segment
        else:
            yield from (values.layout(segment).commit(segment, row) for row in kept)
