"""What commands print: progress bars, notes and tables.

Results go to stdout; progress bars and notes go to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import click

from reelnet._support.text import make_printable

if TYPE_CHECKING:
    from reelnet.export.parallel import SaveTask
    from reelnet.export.report import Report
    from reelnet.export.request import ExportRequest
    from reelnet.export.save import OnProgress, OnTrial

T = TypeVar("T")


@dataclass(frozen=True)
class ProgressBar:
    """A progress bar.

    Attributes:
        update: Called with the number of finished steps and of all steps.
        set_text: Called with a description of the current step.
        echo: Called with a line to print above the bar.
    """

    update: Callable[[int, int], None]
    set_text: Callable[[str], None]
    echo: Callable[[str], None]


@contextmanager
def progress_bars(*, quiet: bool) -> Iterator[Callable[[str], ProgressBar]]:
    """Show progress bars on stderr, unless `quiet` is set or stderr is not a terminal.

    Yields:
        A function that adds a bar with a title.
    """
    if quiet or not sys.stderr.isatty():
        echo = partial(click.echo, err=True)
        yield lambda title: ProgressBar(lambda done, total: None, lambda text: None, echo)
        return

    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(elapsed_when_finished=True),
        progress.TextColumn("{task.fields[now]}", markup=False),
    )
    # By default rich redirects stdout to its own console, here stderr, and results with it.
    with progress.Progress(
        *columns, console=Console(stderr=True), redirect_stdout=False, redirect_stderr=False
    ) as bars:

        def add_bar(title: str) -> ProgressBar:
            task = bars.add_task(title, total=None, now="")

            def update(done: int, total: int) -> None:
                bars.update(task, completed=done, total=total)
                if done == total:
                    bars.update(task, now="")

            def echo(line: str) -> None:
                # Without breaks, so that an address can be clicked.
                bars.console.print(line, markup=False, highlight=False, soft_wrap=True)

            return ProgressBar(update, lambda text: bars.update(task, now=text), echo)

        yield add_bar


def save_with_bars(
    requests: Sequence[ExportRequest], task: SaveTask[T], *, quiet: bool, jobs: int | None = 1
) -> list[T]:
    """Write each file with a progress bar; see `save_each`. Without a number of jobs, the default is used."""
    from reelnet.export.parallel import default_jobs, save_each

    with progress_bars(quiet=quiet) as add_bar:

        def start(request: ExportRequest) -> tuple[OnProgress, OnTrial]:
            bar = add_bar(str(request.path))
            return bar.update, bar.set_text

        return save_each(requests, task, default_jobs() if jobs is None else jobs, start)


def save_all(requests: Sequence[ExportRequest], *, quiet: bool, jobs: int | None = 1) -> list[Report]:
    """Write each file with a progress bar, then print the notes about the files; see `save_with_bars`."""
    from reelnet.export.save import save

    reports = save_with_bars(requests, save, quiet=quiet, jobs=jobs)
    print_notes(reports)
    return reports


def print_notes(reports: Iterable[Report]) -> None:
    """Print each different note once, on stderr."""
    print_notes_of(report.notes for report in reports)


def print_notes_of(files: Iterable[Sequence[str]]) -> None:
    """Print each different note about some files once, on stderr."""
    for note in dict.fromkeys(note for notes in files for note in notes):
        click.echo(f"reelnet: note: {make_printable(note)}", err=True)


def format_shape(shape: Sequence[int]) -> str:
    """A shape such as `10x4x28x28`."""
    return "x".join(map(str, shape))


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: The text above it.
        right: Whether its cells are aligned to the right.
        wrap: Whether its cells may be wrapped on a terminal.
        max_width: The largest width on a terminal, in characters.
        merge: Whether a cell is blank on a terminal if the row above has the same first cell.
    """

    heading: str
    right: bool = False
    wrap: bool = True
    max_width: int | None = None
    merge: bool = False


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str]], footer: Sequence[str] = ()) -> None:
    """Print a table: wrapped to fit a terminal, but with one line per row to anything else.

    Control characters in cells are escaped.

    Args:
        columns: The columns.
        rows: The cells of each row.
        footer: Lines below the table, printed on a terminal only.
    """
    from rich.console import Console
    from rich.table import Table

    rows = [list(map(make_printable, row)) for row in rows]
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        right = [number for number, column in enumerate(columns) if column.right]
        click.echo("\n".join(align_columns([[column.heading for column in columns], *rows], right)))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(
            column.heading,
            justify="right" if column.right else "left",
            no_wrap=not column.wrap,
            overflow="fold" if column.wrap else "ignore",
            max_width=column.max_width,
        )
    above: Sequence[str] = [""]
    for row in rows:
        same = row[0] == above[0]
        above = row
        table.add_row(
            *("" if same and column.merge else cell for column, cell in zip(columns, row, strict=True))
        )
    console.print(table)
    for line in footer:
        console.print(line, style="dim", soft_wrap=True)


def align_columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Pad cells so that columns line up; columns whose number is in `right` are aligned to the right.

    A last column without text below its heading is omitted.
    """
    if not any(row[-1] for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
