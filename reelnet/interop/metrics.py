"""Metrics from elsewhere onto a run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from reelnet.errors import ReelnetError, UsageError, suggest_names
from reelnet.interop.metric_files import read_scalars
from reelnet.reel import Run, open_run
from reelnet.runs.metrics import NAME, Scalars, packed, read_added
from reelnet.runs.step_index import span


@dataclass(frozen=True)
class Added:
    """What came of adding metrics.

    Attributes:
        counts: For each metric the number of recorded steps that it has a value for.
        left_out: The steps that had values but were not recorded, ascending.
    """

    counts: Mapping[str, int]
    left_out: Sequence[int]


def chosen(found: Scalars, only: Sequence[str], prefix: str) -> Scalars:
    """The metrics whose names match one of some glob patterns (or all, if there are none), with a prefix.

    Raises:
        UsageError: A pattern matches none.
    """
    for pattern in only:
        if not any(fnmatchcase(name, pattern) for name in found):
            raise UsageError(f"no metric {pattern!r}; {suggest_names(pattern, found)}")
    wanted = {
        name: values
        for name, values in found.items()
        if not only or any(fnmatchcase(name, pattern) for pattern in only)
    }
    return {f"{prefix}{name}": values for name, values in wanted.items()}


def placed_on(found: Scalars, steps: Sequence[int], committed: Sequence[str]) -> tuple[Scalars, Added]:
    """The values at the steps of a run, and what is left out.

    Args:
        found: The metrics.
        steps: That were recorded.
        committed: The names of the metrics that the recording gave itself.

    Raises:
        UsageError: The run has a metric of that name itself.
        ReelnetError: No step with values was recorded.
    """
    taken = [name for name in found if name in committed]
    if taken:
        raise UsageError(
            f"metric {taken[0]!r} was recorded with the run and stays as it is; give those from elsewhere a prefix"
        )
    recorded = set(steps)
    kept = {
        name: {at: value for at, value in values.items() if at in recorded} for name, values in found.items()
    }
    kept = {name: values for name, values in kept.items() if values}
    given = {at for values in found.values() for at in values}
    if not kept:
        raise ReelnetError(
            f"the metrics have values for {span(given)}, which the run has not recorded; it holds {span(steps)}"
        )
    return kept, Added({name: len(values) for name, values in kept.items()}, sorted(given - recorded))


def add_metrics(
    run: Run | str | os.PathLike[str],
    source: str | os.PathLike[str] | Mapping[str, Mapping[int, float]],
    *,
    step_column: str | None = None,
    only: Sequence[str] = (),
    prefix: str = "",
) -> Added:
    """Add numbers that another tool has logged to a run; what was recorded with it stays as it is.

    Args:
        run: An open run, or its folder.
        source: A `.csv`, `.tsv`, `.jsonl` or `.json` file, or TensorBoard's event files; or for each metric its
            values by step.
        step_column: Name of a file's column of steps; by default one of the usual.
        only: Glob patterns of the names that are wanted; all by default.
        prefix: What to put before the names.

    Returns:
        What was added, and which steps were left out since the run has not recorded them.

    Raises:
        UsageError: A name or pattern is none, or the run has recorded a metric of that name itself.
        ReelnetError: The file cannot be read, has no step of the run, or the run folder cannot be written.
    """
    opened = run if isinstance(run, Run) else open_run(run)
    opened.require_steps()
    given = scalars_of(source) if isinstance(source, Mapping) else read_scalars(Path(source), step_column)
    wanted = chosen(given, only, prefix)
    kept, added = placed_on(wanted, opened.steps, list(opened.recorded_metrics))
    try:
        opened.store.write(NAME, packed(read_added(opened.store) | kept))
    except OSError as error:
        raise ReelnetError(f"{opened.store.full(NAME)}: cannot be written ({error.strerror})") from error
    for name in ("metrics", "added"):
        opened.__dict__.pop(name, None)
    return added


def scalars_of(given: Mapping[str, Mapping[int, Any]]) -> Scalars:
    """Metrics that a program gives, by name and step.

    Raises:
        ReelnetError: One of them is no number.
    """
    try:
        return {
            str(name): {int(at): float(value) for at, value in values.items()}
            for name, values in given.items()
        }
    except (TypeError, ValueError, AttributeError) as error:
        raise ReelnetError(f"metrics: {error}; give a mapping of steps to numbers for each name") from error
