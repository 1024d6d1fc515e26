"""Metrics of a run: those recorded with its steps, and those imported later into `metrics.json`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import RunError
from reelnet.runs.format.commit import Commit, to_json_number
from reelnet.runs.format.log import StepLocation
from reelnet.runs.format.segment import Segment
from reelnet.runs.header import describe_parse_error, read_error
from reelnet.runs.storage.protocol import Store

Scalars = dict[str, dict[int, float]]
"""Values of each metric by step."""

METRICS_FILE = "metrics.json"
"""Name of the file with imported metrics in a run folder."""


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


def read_imported_metrics(store: Store) -> Scalars:
    """Read the metrics that were imported into a run.

    Raises:
        RunError: The file is damaged.
    """
    path = store.full_path(METRICS_FILE)
    try:
        content = json.loads(store.read_bytes(METRICS_FILE))
        return {
            str(name): dict(zip(map(int, each["steps"]), map(float, each["values"]), strict=True))
            for name, each in content.items()
        }
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise read_error(path, "the metrics", error) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{path}: not a metrics file ({describe_parse_error(error)}); "
            "remove it, and import the metrics again with 'reelnet metrics'"
        ) from error


def write_imported_metrics(store: Store, metrics: Scalars) -> None:
    """Replace the imported metrics of a run.

    Raises:
        OSError: The file cannot be written.
    """
    content = {
        name: {"steps": list(values), "values": list(map(to_json_number, values.values()))}
        for name, values in metrics.items()
    }
    store.write_file(METRICS_FILE, (json.dumps(content, ensure_ascii=False) + "\n").encode())
