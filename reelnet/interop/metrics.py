"""Adds metrics to a run that another tool logged."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from reelnet.errors import ReelnetError, UsageError, suggest_names
from reelnet.interop.metric_files import LoggedMetrics, parse_step, read_metrics
from reelnet.reel import open_run
from reelnet.runs.metrics import METRICS_FILE, Scalars, read_imported_metrics, write_imported_metrics
from reelnet.runs.run import RunReader
from reelnet.runs.session import explain_os_errors
from reelnet.runs.step_index import describe_steps


@dataclass(frozen=True)
class AddedMetrics:
    """The result of adding metrics to a run.

    Attributes:
        counts: For each metric, the number of recorded steps that have a value; a metric with 0 is not added.
        left_out: Steps that have values but were not recorded, ascending.
        notes: What else was not added or was replaced, in words.
    """

    counts: Mapping[str, int]
    left_out: Sequence[int]
    notes: Sequence[str] = ()


def add_metrics(
    run: RunReader | str | os.PathLike[str],
    source: str | os.PathLike[str] | Mapping[str, Mapping[int, float]],
    *,
    step_column: str | None = None,
    only: Sequence[str] = (),
    prefix: str = "",
) -> AddedMetrics:
    """Add metrics that another tool logged to a run. The recorded metrics do not change.

    Args:
        run: An open run, or its folder.
        source: A `.csv`, `.tsv`, `.jsonl` or `.json` file, or TensorBoard's event files; or the values of each metric
            by step.
        step_column: The file's column with the step; by default one of the usual names.
        only: Glob patterns of the metrics to add; all by default.
        prefix: Text to put before the names.

    Returns:
        The number of added values per metric, the steps that were skipped because the run has not recorded them, and
        what else of the source was not used.

    Raises:
        UsageError: A file, column or pattern matches nothing, or the run has recorded a metric of that name.
        ReelnetError: The file cannot be read or has no step of the run, or the run folder cannot be written.
    """
    reader = run if isinstance(run, RunReader) else open_run(run)
    reader.require_steps()
    given = (
        LoggedMetrics(_parse_mapping(source))
        if isinstance(source, Mapping)
        else read_metrics(Path(source), step_column, only)
    )
    metrics = _select_metrics(given.values, only, prefix)
    if conflicts := sorted(metrics.keys() & reader.recorded_metrics.keys()):
        raise UsageError(
            f"metric {conflicts[0]!r} was recorded with the run and cannot be replaced; add a prefix to the new one"
        )
    recorded_steps = set(reader.steps)
    found = {
        name: {step: value for step, value in values.items() if step in recorded_steps}
        for name, values in metrics.items()
    }
    added = {name: values for name, values in found.items() if values}
    given_steps = {step for values in metrics.values() for step in values}
    if not added:
        raise ReelnetError(
            f"the metrics have values for {describe_steps(given_steps)}, which the run has not recorded; "
            f"it has {describe_steps(reader.steps)}"
        )
    imported = read_imported_metrics(reader.store)
    with explain_os_errors(f"{reader.store.full_path(METRICS_FILE)}: cannot be written"):
        write_imported_metrics(reader.store, imported | added)
    reader.reload_imported_metrics()
    replaced = [name for name in added if name in imported and imported[name] != added[name]]
    return AddedMetrics(
        {name: len(values) for name, values in found.items()},
        sorted(given_steps - recorded_steps),
        [*given.notes, *([f"replaced what was added before: {', '.join(replaced)}"] if replaced else [])],
    )


def _parse_mapping(source: Mapping[str, Mapping[int, Any]]) -> Scalars:
    try:
        return {
            str(name): {_require_step(step): float(value) for step, value in values.items()}
            for name, values in source.items()
        }
    except (TypeError, ValueError, AttributeError) as error:
        raise ReelnetError(f"metrics: {error}; give a mapping of steps to numbers for each name") from error


def _require_step(value: object) -> int:
    step = parse_step(value)
    if step is None:
        raise ValueError(f"{value!r} is not a step")
    return step


def _select_metrics(metrics: Scalars, only: Sequence[str], prefix: str) -> Scalars:
    """Return the metrics whose names match any pattern (all without patterns), with a prefix."""
    for pattern in only:
        if not any(fnmatchcase(name, pattern) for name in metrics):
            raise UsageError(f"no metric {pattern!r}; {suggest_names(pattern, metrics)}")
    return {
        f"{prefix}{name}": values
        for name, values in metrics.items()
        if not only or any(fnmatchcase(name, pattern) for pattern in only)
    }
