"""Reads the metrics that other tools have logged as CSV, JSON or TensorBoard's event files."""

from __future__ import annotations

import csv
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from reelnet._support.input_path import require_regular
from reelnet._support.text import format_count, one_line
from reelnet.errors import ReelnetError, UsageError
from reelnet.runs.metrics import Scalars

STEP_COLUMNS = ("step", "global_step", "trainer/global_step", "_step", "iteration", "iter")
"""Usual names of the column with the step, in any case. The first one that a file has is used."""

DELIMITERS = (",", ";", "\t")
"""What separates the cells of a table; the header decides which, or a line before it."""

SEPARATOR_LINE = re.compile(r'"?sep=([^\w\s"]|\t)"?\s*', re.IGNORECASE)
"""The first line of tables for Excel, which names what separates the cells."""

MAX_TABLE_BYTES = 10**9
"""Bytes of the largest table that is read: 1 GB."""

MAX_TEXT_LENGTH = 40
"""Characters of a cell or line that a message quotes."""

Row = tuple[int, Mapping[str, Any]]
"""Number of a row in its file, from 1, and the row's values by column."""


@dataclass(frozen=True)
class LoggedMetrics:
    """What a file of metrics holds.

    Attributes:
        values: The values of each metric by step.
        notes: What is in the file but not among the values, in words.
    """

    values: Scalars
    notes: Sequence[str] = ()


def read_metrics(path: Path, step_column: str | None = None, only: Collection[str] = ()) -> LoggedMetrics:
    """Read the metrics that a tool has logged.

    Args:
        path: A `.csv` or `.tsv` with a header and one row per step, separated by commas, semicolons or tabs, or
            by what a first line such as `sep=;` names; a
            `.jsonl` with one object per line; a `.json` with a list of such objects (or one under `log_history`, as
            transformers writes it); a file or folder of TensorBoard.
        step_column: The column with the step; by default one of the usual names.
        only: Glob patterns of the metrics that matter; mistakes in others are no errors. All by default.

    Returns:
        All metrics of the file, and notes on its rows and values that are not used: rows without a step or without a
        number, values that are not numbers, and values that a later row of the same step replaces. Empty cells are
        not noted. NaN is a value, unless another row has a number for the step.

    Raises:
        UsageError: There is no such file or column, it is a pipe or a device, or the suffix is unknown.
        ReelnetError: The file cannot be read or is too large, holds no numbers, or has numbers with decimal commas.
    """
    if not path.exists():
        raise UsageError(
            f"{path}: no such file; give .csv, .tsv, .jsonl or .json, or TensorBoard's event files"
        )
    is_folder = path.is_dir()
    for file in path.glob("*tfevents*") if is_folder else [path]:
        require_regular(file)
    if is_folder or "tfevents" in path.name:
        # No tag is empty, as one might be called 'step'.
        table = _Table(path, "", "event")
        for number, (step, name, value) in enumerate(_read_events(path), 1):
            table.add(number, {"": step, name: value})
    else:
        require_regular(path, MAX_TABLE_BYTES)
        table = _Table(path, step_column, "entry" if path.suffix.lower() == ".json" else "line")
        for number, row in _read_rows(path):
            table.add(number, row)
    logged = table.finish(only)
    if not logged.values:
        found = f" ({'; '.join(logged.notes)})" if logged.notes else ""
        raise ReelnetError(
            f"{path}: no metrics found{found}; give a table with a column of steps and columns of numbers"
        )
    return logged


def parse_step(value: object) -> int | None:
    """Return a step as an integer, or None if it is empty or not a number.

    Raises:
        ValueError: It is a number, but not an integer from 0 on.
    """
    try:
        step = int(value) if isinstance(value, str) else _parse_number(value)
    except ValueError:
        step = _parse_number(value)
    if step is None or math.isnan(step):
        return None
    if math.isinf(step) or step != int(step) or step < 0:
        raise ValueError(f"step {value} is not an integer from 0 on")
    return int(step)


@dataclass
class _Tally:
    """How often something occurs, and where first.

    Attributes:
        count: Number of occurrences.
        first: The first one, in words.
    """

    count: int = 0
    first: str = ""

    def add(self, where: str) -> None:
        """Count one more."""
        self.count += 1
        self.first = self.first or where

    def note(self, before: str, noun: str, after: str = "") -> list[str]:
        """A note such as `skipped 3 rows without a step; the first is in line 4`, if anything was counted."""
        if not self.count:
            return []
        return [f"{before} {format_count(self.count, noun)}{after}; the first is {self.first}"]


@dataclass
class _Table:
    """Turns the rows of a table into metrics, and counts what it cannot use.

    Attributes:
        path: The file.
        step_column: The column with the step, where the user names one.
        place: What the numbers of rows count: lines, entries or events.
    """

    path: Path
    step_column: str | None
    place: str = "line"
    _values: Scalars = field(default_factory=dict)
    _column: str | None = None
    _columns: dict[str, None] = field(default_factory=dict)
    _without_step: _Tally = field(default_factory=_Tally)
    _without_number: _Tally = field(default_factory=_Tally)
    _replaced: _Tally = field(default_factory=_Tally)
    _texts: dict[str, _Tally] = field(default_factory=lambda: defaultdict(_Tally))
    _comma_numbers: Counter[str] = field(default_factory=Counter)

    def add(self, number: int, row: Mapping[str, Any]) -> None:
        """Add a row.

        Args:
            number: Its number in the file, from 1.
            row: Its cells by column.

        Raises:
            ReelnetError: Its step is not an integer from 0 on, or has a decimal comma.
        """
        place = f"{self.place} {number}"
        self._columns |= dict.fromkeys(row)
        if (column := _find_step_column(row, self.step_column)) is not None:
            self._column = column
        step_cell = row.get(self._column) if self._column is not None else None
        if _is_comma_number(step_cell):
            raise self._comma_error(f"step {step_cell!r} in {place}")
        try:
            step = parse_step(step_cell)
        except ValueError as error:
            raise ReelnetError(f"{self.path}:{number}: {error}") from None
        if step is None:
            self._without_step.add(place if _is_blank(step_cell) else f"{place} ({_quote(step_cell)})")
            return
        used = False
        for name, cell in row.items():
            if name == self._column or _is_blank(cell):
                continue
            used |= self._add_value(name, step, cell, place)
        if not used:
            self._without_number.add(place)

    def _add_value(self, name: str, step: int, cell: object, place: str) -> bool:
        value = _parse_number(cell)
        if value is None:
            self._comma_numbers[name] += _is_comma_number(cell)
            self._texts[name].add(f"{_quote(cell)} for {name!r} in {place}")
            return False
        series = self._values.setdefault(name, {})
        before = series.get(step, math.nan)
        # Tables that other programs have merged say NaN where a row has no value.
        if math.isnan(before):
            series[step] = value
        elif not math.isnan(value):
            if value != before:
                self._replaced.add(f"{name!r} of step {step}, by {place}")
            series[step] = value
        return True

    def finish(self, only: Collection[str]) -> LoggedMetrics:
        """Return the metrics.

        Args:
            only: Glob patterns of the metrics that matter.

        Raises:
            UsageError: There is no column with steps.
            ReelnetError: A metric that matters has decimal commas.
        """
        if self._columns and self._column is None:
            missing = (
                "no column with steps" if self.step_column is None else f"no column {self.step_column!r}"
            )
            raise UsageError(
                f"{self.path}: {missing}; the columns are {', '.join(self._columns)}: name one with --step-column"
            )
        texts = _Tally()
        for name, tally in self._texts.items():
            if only and not any(fnmatchcase(name, pattern) for pattern in only):
                continue
            # A column in which every text is such a number is one of numbers, and not of lists such as '3,4'.
            if self._comma_numbers[name] == tally.count:
                raise self._comma_error(tally.first, "; or leave the column out with --only")
            if name in self._values:
                texts.count += tally.count
                texts.first = texts.first or tally.first
        without = [name for name in self._columns if name != self._column and name not in self._values]
        return LoggedMetrics(
            self._values,
            [
                *self._without_step.note("skipped", "row", " without a step"),
                *self._without_number.note("skipped", "row", " without a number"),
                *texts.note("skipped", "value", " that cannot be read as numbers"),
                *self._replaced.note("replaced", "value", " by later ones of the same step"),
                *([f"skipped what holds no numbers: {', '.join(without)}"] if without else []),
            ],
        )

    def _comma_error(self, what: str, hint: str = "") -> ReelnetError:
        return ReelnetError(
            f"{self.path}: {what} has a decimal comma or a thousands separator, and reelnet cannot tell which; "
            f"save the numbers with a decimal point and without thousands separators{hint}"
        )


def _find_step_column(row: Mapping[str, Any], step_column: str | None) -> str | None:
    if step_column is not None:
        return step_column if step_column in row else None
    by_lower_name = {str(name).lower(): name for name in reversed(list(row))}
    return next((by_lower_name[name] for name in STEP_COLUMNS if name in by_lower_name), None)


def _parse_number(cell: Any) -> float | None:
    """Return a number, which may be infinite or NaN; None for a cell that is not one."""
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return None


def _is_comma_number(cell: object) -> bool:
    return isinstance(cell, str) and "," in cell and _parse_number(cell.replace(",", "")) is not None


def _is_blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _quote(cell: object) -> str:
    text = " ".join(repr(cell).split())
    return text if len(text) <= MAX_TEXT_LENGTH else f"{text[: MAX_TEXT_LENGTH - 1]}…"


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
    except csv.Error as error:
        raise ReelnetError(f"{path}: not a table ({error})") from error
    except RecursionError as error:
        raise ReelnetError(f"{path}: not JSON that can be read (nested too deeply)") from error


def _read_csv(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header_line = next((line for line in file if line.strip()), "")
        named = SEPARATOR_LINE.fullmatch(header_line)
        delimiter = named[1] if named else _find_delimiter(header_line)
        file.seek(0)
        reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
        columns: list[str] = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if named:
                named = None
                continue
            if not columns:
                columns = _read_header(path, cells)
                continue
            _require_no_swallowed_rows(path, reader.line_num, cells, delimiter, len(columns))
            row = _name_cells(path, reader.line_num, columns, cells)
            # Files saved by TensorBoard's web page have the name of the metric only in the file name.
            if row.keys() == {"Wall time", "Step", "Value"}:
                row = {"Step": row["Step"], path.stem: row["Value"]}
            yield reader.line_num, row


def _require_no_swallowed_rows(
    path: Path, line: int, cells: Sequence[str], delimiter: str, columns: int
) -> None:
    """Check that no cell holds whole rows, which it does after a quote that is not closed.

    Raises:
        ReelnetError: A cell does.
    """
    for cell in cells:
        if any(row.count(delimiter) >= columns - 1 for row in cell.splitlines()[1:]):
            first = line - len(cell.splitlines()) + 1
            raise ReelnetError(
                f"{path}:{first}: a quote is not closed, so that the rows up to line {line} are one cell; close it"
            )


def _find_delimiter(header: str) -> str:
    """Return the delimiter that splits a header into a column with steps, or else into the most cells."""

    def rate(delimiter: str) -> tuple[bool, int]:
        cells = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])
        return any(cell.strip().lower() in STEP_COLUMNS for cell in cells), len(cells)

    return max(DELIMITERS, key=rate)


def _read_header(path: Path, cells: Iterable[str]) -> list[str]:
    columns = [cell.strip() for cell in cells]
    for name, count in Counter(filter(None, columns)).items():
        if count > 1:
            raise ReelnetError(f"{path}: {count} columns are named {name!r}; give each one a name of its own")
    return columns


def _name_cells(path: Path, line: int, columns: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """Return the cells of a row by column.

    Raises:
        ReelnetError: There are more cells than columns, so that it is unknown which column a cell belongs to.
    """
    if any(cell.strip() for cell in cells[len(columns) :]):
        raise ReelnetError(
            f"{path}:{line}: {format_count(len(cells), 'cell')} for {format_count(len(columns), 'column')}; "
            "save numbers with a decimal point, and put text that contains the separator in quotes"
        )
    return {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name}


def _read_json_lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as file:
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
                    f"{path}:{number}: {line.strip()[:MAX_TEXT_LENGTH]} is not an object; give one object per line"
                )
            yield number, row


def _read_json(path: Path) -> Iterator[Row]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ReelnetError(f"{path}: not JSON ({error})") from error
    rows = content.get("log_history") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ReelnetError(f"{path}: not a list of objects; give one object per step, or use .jsonl")
    yield from enumerate(rows, 1)


def _read_events(path: Path) -> Iterator[tuple[int, str, Any]]:
    """Yield the step, name and value of TensorBoard's events, one metric after the other."""
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from tensorboard.util.tensor_util import make_ndarray
    except ImportError as error:
        raise ReelnetError(
            f"{path}: reading TensorBoard's files needs tensorboard; run pip install 'reelnet[tensorboard]'"
        ) from error
    # 0 keeps all values; by default long recordings are thinned out at random.
    events = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})
    try:
        events.Reload()
        tags = events.Tags()
        for name in tags["scalars"]:
            yield from ((event.step, name, event.value) for event in events.Scalars(name))
        # Newer writers store scalars as tensors without dimensions.
        for name in tags["tensors"]:
            yield from (
                (each.step, name, make_ndarray(each.tensor_proto).tolist()) for each in events.Tensors(name)
            )
    except Exception as error:
        raise ReelnetError(f"{path}: not TensorBoard's event files ({one_line(error)})") from error
