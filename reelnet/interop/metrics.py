"""Adds metrics to a run that another tool logged as CSV, JSON or TensorBoard's event files."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from reelnet.errors import ReelnetError, UsageError, suggest_names
from reelnet.reel import open_run
from reelnet.runs.metrics import METRICS_FILE, Scalars, read_imported_metrics, write_imported_metrics
from reelnet.runs.run import RunReader
from reelnet.runs.session import explain_os_errors
from reelnet.runs.step_index import describe_steps

STEP_COLUMNS = ("step", "global_step", "trainer/global_step", "_step", "iteration", "iter")
"""Usual names of the column with the step, in any case. The first one that a file has is used."""

Row = tuple[int, Mapping[str, Any]]
"""Line number of a row in its file, from 1, and the row's values by column."""


@dataclass(frozen=True)
class AddedMetrics:
    """The result of adding metrics to a run.

    Attributes:
        counts: For each metric, the number of recorded steps that have a value.
        left_out: Steps that have values but were not recorded, ascending.
    """

    counts: Mapping[str, int]
    left_out: Sequence[int]


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
        The number of added values per metric, and the steps that were skipped because the run has not recorded them.

    Raises:
        UsageError: A file, column or pattern matches nothing, or the run has recorded a metric of that name.
        ReelnetError: The file cannot be read or has no step of the run, or the run folder cannot be written.
    """
    reader = run if isinstance(run, RunReader) else open_run(run)
    reader.require_steps()
    given = _parse_mapping(source) if isinstance(source, Mapping) else read_metrics(Path(source), step_column)
    metrics = _select_metrics(given, only, prefix)
    if conflicts := sorted(metrics.keys() & reader.recorded_metrics.keys()):
        raise UsageError(
            f"metric {conflicts[0]!r} was recorded with the run and cannot be replaced; add a prefix to the new one"
        )
    recorded_steps = set(reader.steps)
    added = {
        name: {step: value for step, value in values.items() if step in recorded_steps}
        for name, values in metrics.items()
    }
    added = {name: values for name, values in added.items() if values}
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
    left_out = sorted(given_steps - recorded_steps)
    return AddedMetrics({name: len(values) for name, values in added.items()}, left_out)


def read_metrics(path: Path, step_column: str | None = None) -> Scalars:
    """Read the metrics that a tool has logged.

    Args:
        path: A `.csv` or `.tsv` with a header and one row per step; a `.jsonl` with one object per line; a `.json`
            with a list of such objects (or one under `log_history`, as transformers writes it); a file or folder of
            TensorBoard.
        step_column: The column with the step; by default one of the usual names.

    Returns:
        The values of each metric by step. Cells that are empty or not numbers are skipped.

    Raises:
        UsageError: There is no such file or column, or the suffix is unknown.
        ReelnetError: The file cannot be read, or holds no numbers.
    """
    if not path.exists():
        raise UsageError(
            f"{path}: no such file; give .csv, .tsv, .jsonl or .json, or TensorBoard's event files"
        )
    if path.is_dir() or "tfevents" in path.name:
        metrics = _read_tensorboard(path)
    else:
        metrics = _collect_rows(path, _read_rows(path), step_column)
    if not metrics:
        raise ReelnetError(
            f"{path}: no metrics found; give a table with a column of steps and columns of numbers"
        )
    return metrics


def _parse_mapping(source: Mapping[str, Mapping[int, Any]]) -> Scalars:
    try:
        return {
            str(name): {int(step): float(value) for step, value in values.items()}
            for name, values in source.items()
        }
    except (TypeError, ValueError, AttributeError) as error:
        raise ReelnetError(f"metrics: {error}; give a mapping of steps to numbers for each name") from error


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


def _read_rows(path: Path) -> Iterator[Row]:
    readers = {".csv": _read_csv, ".tsv": _read_csv, ".json": _read_json}
    readers |= dict.fromkeys((".jsonl", ".ndjson"), _read_json_lines)
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise UsageError(
            f"{path}: metrics are read from {', '.join(readers)}, and from TensorBoard's event files"
        )
    try:
        yield from readers[suffix](path)
    except OSError as error:
        raise ReelnetError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ReelnetError(f"{path}: not UTF-8 text ({error.reason}); save it as UTF-8") from error


def _read_csv(path: Path) -> Iterator[Row]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file, delimiter=delimiter), 2):
            # Files saved by TensorBoard's web page have the name of the metric only in the file name.
            if row.keys() == {"Wall time", "Step", "Value"}:
                row = {"Step": row["Step"], path.stem: row["Value"]}
            yield number, row


def _read_json_lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ReelnetError(
                    f"{path}:{number}: not JSON ({error}); give one object per line"
                ) from error
            if not isinstance(row, dict):
                raise ReelnetError(
                    f"{path}:{number}: {line.strip()[:40]} is not an object; give one object per line"
                )
            yield number, row


def _read_json(path: Path) -> Iterator[Row]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ReelnetError(f"{path}: not JSON ({error})") from error
    rows = content.get("log_history") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ReelnetError(f"{path}: not a list of objects; give one object per step, or use .jsonl")
    yield from enumerate(rows, 1)


def _collect_rows(path: Path, rows: Iterable[Row], step_column: str | None) -> Scalars:
    """Turn rows into metrics. Rows without a step are skipped."""
    metrics: Scalars = {}
    column, last_row = None, None
    for number, row in rows:
        last_row = row
        column = _find_step_column(row, step_column) or column
        step = _parse_number(row.get(column)) if column is not None else None
        if column is None or step is None:
            continue
        if not step.is_integer() or step < 0:
            raise ReelnetError(f"{path}:{number}: step {row[column]} is not an integer from 0 on")
        for name, cell in row.items():
            value = _parse_number(cell)
            if name not in (column, None) and value is not None:
                metrics.setdefault(str(name), {})[int(step)] = value
    if last_row is not None and column is None:
        missing = f"no column {step_column!r}" if step_column is not None else "no column with steps"
        raise UsageError(
            f"{path}: {missing}; the columns are {', '.join(map(str, last_row))}: name one with --step-column"
        )
    return metrics


def _find_step_column(row: Mapping[str, Any], step_column: str | None) -> str | None:
    if step_column is not None:
        return step_column if step_column in row else None
    by_lower_name = {str(name).lower(): name for name in row}
    return next((by_lower_name[name] for name in STEP_COLUMNS if name in by_lower_name), None)


def _parse_number(cell: Any) -> float | None:
    """Return a finite number, or None for a cell that is not one."""
    try:
        number = float(cell)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _read_tensorboard(path: Path) -> Scalars:
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError as error:
        raise ReelnetError(
            f"{path}: reading TensorBoard's files needs tensorboard; run pip install 'reelnet[tensorboard]'"
        ) from error
    # 0 keeps all values; by default long recordings are thinned out at random.
    events = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})
    try:
        events.Reload()
    except Exception as error:
        raise ReelnetError(f"{path}: not TensorBoard's event files ({error})") from error
    tags = events.Tags()
    metrics = {name: {event.step: event.value for event in events.Scalars(name)} for name in tags["scalars"]}
    for name in tags["tensors"]:
        # Newer writers store scalars as tensors without dimensions.
        tensors = {event.step: event.tensor_proto.float_val for event in events.Tensors(name)}
        if all(len(values) == 1 for values in tensors.values()):
            metrics[name] = {step: values[0] for step, values in tensors.items()}
    return {
        name: {int(step): float(value) for step, value in values.items()} for name, values in metrics.items()
    }
