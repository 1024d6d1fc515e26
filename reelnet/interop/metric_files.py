"""Numbers of a training that another tool has logged: CSV, JSON lines, TensorBoard's event files."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reelnet.errors import ReelnetError, UsageError
from reelnet.runs.metrics import Scalars

STEPS = ("step", "global_step", "trainer/global_step", "_step", "iteration", "iter")
"""What tools call the column of steps; the first that is there counts, in any case."""

Row = tuple[int, Mapping[str, Any]]
"""Number of a row in its file, from 1, and its values by column."""


def read_scalars(path: Path, step: str | None = None) -> Scalars:
    """Read what a tool has logged.

    Args:
        path: A `.csv` with a header, one row a step; a `.jsonl` with one object a line; a `.json` with a list of
            such objects (or one under `log_history`, as transformers writes); a file or a folder of TensorBoard's.
        step: Name of the column of steps; by default one of the usual.

    Returns:
        The metrics by name. Cells that are empty, or no numbers, are left out.

    Raises:
        UsageError: There is no such file or column, or the suffix is unknown.
        ReelnetError: The file cannot be read, or holds no numbers.
    """
    if not path.exists():
        raise UsageError(
            f"{path}: no such file; give .csv, .tsv, .jsonl or .json, or TensorBoard's event files"
        )
    logs = path.is_dir() or "tfevents" in path.name
    found = _tensorboard(path) if logs else _of_rows(path, _rows(path), step)
    if not found:
        raise ReelnetError(
            f"{path}: holds no numbers by step; give a table with a column of steps and some metrics"
        )
    return found


def _rows(path: Path) -> Iterator[Row]:
    readers = {".csv": _csv, ".tsv": _csv, ".jsonl": _lines, ".ndjson": _lines, ".json": _json}
    if path.suffix.lower() not in readers:
        raise UsageError(
            f"{path}: metrics are read from {', '.join(readers)}, and from TensorBoard's event files"
        )
    try:
        yield from readers[path.suffix.lower()](path)
    except OSError as error:
        raise ReelnetError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ReelnetError(f"{path}: not a text in UTF-8 ({error.reason}); save it as UTF-8") from error


def _csv(path: Path) -> Iterator[Row]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file, delimiter=delimiter), 2):
            # What TensorBoard's page saves has the metric's name in the name of the file alone.
            if row.keys() == {"Wall time", "Step", "Value"}:
                row = {"Step": row["Step"], path.stem: row["Value"]}
            yield number, row


def _lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, _object(path, number, line)


def _object(path: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ReelnetError(f"{path}:{number}: not JSON ({error}); give one object a line") from error
    if not isinstance(row, dict):
        raise ReelnetError(f"{path}:{number}: {line.strip()[:40]} is no object; give one a line")
    return row


def _json(path: Path) -> Iterator[Row]:
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ReelnetError(f"{path}: not JSON ({error})") from error
    rows = whole.get("log_history") if isinstance(whole, dict) else whole
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ReelnetError(f"{path}: holds no list of objects; give one object a step, or .jsonl")
    yield from enumerate(rows, 1)


def _of_rows(path: Path, rows: Iterable[Row], step: str | None) -> Scalars:
    found: Scalars = {}
    column, any_row = None, None
    for number, row in rows:
        any_row = row
        column = _column(row, step) or column
        at = _number(row.get(column)) if column is not None else None
        if at is None:
            continue
        if not at.is_integer() or at < 0:
            raise ReelnetError(f"{path}:{number}: step {row[column or '']} is no whole number from 0")
        for name, value in row.items():
            real = _number(value)
            if name not in (column, None) and real is not None:
                found.setdefault(str(name), {})[int(at)] = real
    if any_row is not None and column is None:
        wanted = f"no column {step!r}" if step is not None else "no column of steps"
        raise UsageError(
            f"{path}: {wanted}; there are {', '.join(map(str, any_row))}: name one with --step-column"
        )
    return found


def _column(row: Mapping[str, Any], step: str | None) -> str | None:
    if step is not None:
        return step if step in row else None
    lower = {str(name).lower(): name for name in row}
    return next((lower[name] for name in STEPS if name in lower), None)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return float(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _tensorboard(path: Path) -> Scalars:
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError as error:
        raise ReelnetError(
            f"{path}: reading TensorBoard's files needs tensorboard; pip install 'reelnet[tensorboard]'"
        ) from error
    # 0 keeps all: by default a tenth of a long training is thrown away at random.
    events = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})
    try:
        events.Reload()
    except Exception as error:
        raise ReelnetError(f"{path}: not TensorBoard's event files ({error})") from error
    tags = events.Tags()
    found = {name: {each.step: each.value for each in events.Scalars(name)} for name in tags["scalars"]}
    for name in tags["tensors"]:
        # Newer writers keep scalars as tensors without dimensions.
        each = {event.step: event.tensor_proto.float_val for event in events.Tensors(name)}
        if all(len(values) == 1 for values in each.values()):
            found[name] = {at: values[0] for at, values in each.items()}
    return {name: {int(at): float(value) for at, value in values.items()} for name, values in found.items()}
