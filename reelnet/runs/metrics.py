"""Metrics of a run: those recorded with its steps, and those imported later into `metrics.json`."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from reelnet._support.text import make_printable
from reelnet.errors import RunError, UsageError
from reelnet.runs.format.checked_json import encode_checked, parse_checked, require_int, to_float
from reelnet.runs.format.commit import Commit, to_json_number
from reelnet.runs.format.log import PARSE_ERRORS, StepLocation, metrics_at
from reelnet.runs.format.segment import Segment
from reelnet.runs.header import describe_parse_error, read_error
from reelnet.runs.storage.protocol import Store

Scalars = dict[str, dict[int, float]]
"""Values of each metric by step."""

METRICS_FILE = "metrics.json"
"""Name of the file with imported metrics in a run folder."""

CHECKSUM_MARK = b', "checksum": "'
"""Is at the end of `metrics.json` since format version 3."""

MAX_METRICS_BYTES = 64_000_000
"""A larger `metrics.json` is damaged."""


def recorded_metrics(locations: Mapping[int, StepLocation]) -> dict[str, NDArray[np.float64]]:
    """Collect the metrics that were recorded with the steps.

    Args:
        locations: Where each step is stored, ascending by step.

    Returns:
        The values of each metric, (steps,); NaN where a step has no value.
    """
    metrics: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.full(len(locations), np.nan))
    segment_columns: dict[Segment, dict[str, NDArray[np.float64]]] = {}
    for number, location in enumerate(locations.values()):
        if isinstance(location, Commit):
            for name, value in location.metrics.items():
                metrics[name][number] = value
            continue
        segment, row = location
        if segment not in segment_columns:
            segment_columns[segment] = {
                name: np.array(values, np.float64) for name, values in segment.metrics.items()
            }
        for name, values in segment_columns[segment].items():
            metrics[name][number] = values[row]
    return dict(metrics)


def find_measured(
    locations: Mapping[int, StepLocation], metrics: Mapping[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.bool_]]:
    """Find the steps at which metrics were recorded, which may be with NaN as their value.

    Args:
        locations: Where each step is stored, ascending by step.
        metrics: The values of each metric, as `recorded_metrics` returns them.

    Returns:
        Whether each step has a value, (steps,), by metric.
    """
    measured = {name: ~np.isnan(values) for name, values in metrics.items()}
    places = list(locations.values())
    for name, known in measured.items():
        for number in np.flatnonzero(~known).tolist():
            known[number] = name in metrics_at(places[number])
    return measured


def describe_nonfinite(name: str, values: Mapping[int, float]) -> Iterator[str]:
    """Yield a sentence about the values of a metric that are NaN, and one about those that are infinite.

    Args:
        name: The metric.
        values: Its values by step, ascending; finite ones do not count.
    """
    for word, applies in (("NaN", math.isnan), ("infinite", math.isinf)):
        steps = [step for step, value in values.items() if applies(value)]
        if len(steps) == 1:
            yield f"{make_printable(name)}: 1 value is {word}, at step {steps[0]}"
        elif steps:
            yield f"{make_printable(name)}: {len(steps)} values are {word}, from step {steps[0]} on"


def read_imported_metrics(store: Store) -> Scalars:
    """Read the metrics that were imported into a run.

    Raises:
        RunError: The file is damaged.
    """
    path = store.full_path(METRICS_FILE)
    try:
        data = store.read_bytes(METRICS_FILE, MAX_METRICS_BYTES)
        # Without a checksum the file is of an earlier version, which had the metrics at the top.
        is_checked = CHECKSUM_MARK in data[-64:]
        content = parse_checked(data, required=is_checked)
        metrics = content["metrics"] if is_checked else content
        return {
            name: dict(zip(map(require_int, each["steps"]), map(to_float, each["values"]), strict=True))
            for name, each in metrics.items()
        }
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise read_error(path, "the metrics", error) from error
    except PARSE_ERRORS as error:
        raise RunError(
            f"{path}: not a metrics file ({describe_parse_error(error)}); "
            "remove it, and import the metrics again with 'reelnet metrics'"
        ) from error


def write_imported_metrics(store: Store, metrics: Scalars) -> None:
    """Replace the imported metrics of a run.

    Raises:
        OSError: The file cannot be written.
        UsageError: The file would be larger than the limit for reading it.
    """
    content = {
        name: {"steps": list(values), "values": list(map(to_json_number, values.values()))}
        for name, values in metrics.items()
    }
    data = encode_checked({"metrics": content})
    if len(data) > MAX_METRICS_BYTES:
        raise UsageError(
            f"{store}: {METRICS_FILE} would have {len(data):,} bytes, at most {MAX_METRICS_BYTES:,} are possible; "
            "import fewer metrics"
        )
    store.write_file(METRICS_FILE, data)
