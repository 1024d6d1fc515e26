"""Saving reels, and the lines that tell of it.

Progress bars on stderr, for people who watch a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from reelnet._support.text import format_count

if TYPE_CHECKING:
    from reelnet.export.platform_batch import PlatformResult
    from reelnet.export.report import Report
    from reelnet.export.request import ExportRequest


def save_all(jobs: Sequence[ExportRequest], *, quiet: bool) -> list[Report]:
    """Write each file, animations with a progress bar; notes about the files go to stderr."""
    from reelnet.export.save import save

    with progress_bars(quiet=quiet) as start:
        reports = []
        for job in jobs:
            bar = start(str(job.path))
            reports.append(save(job, bar.update, bar.set_text))
    print_notes(reports)
    return reports


def export_all(jobs: Sequence[ExportRequest], *, quiet: bool) -> list[PlatformResult]:
    """Write each file, whatever caps the others fail at; notes about the files go to stderr."""
    from reelnet.export.platform_batch import export_request
    from reelnet.export.save import save

    with progress_bars(quiet=quiet) as start:

        def save_with_bar(job: ExportRequest) -> Report:
            bar = start(str(job.path))
            return save(job, bar.update, bar.set_text)

        found = [export_request(job, save_with_bar) for job in jobs]
    print_notes(each.report for each in found if each.report is not None)
    return found


def report_line(report: Report) -> str:
    """A report as one line for people; MB is 10^6 bytes."""
    from reelnet._support.byte_size import format_size

    what = f"{format_count(report.frames, 'frame')}, {report.duration:.2f} s" if report.duration else "still"
    parts = [f"{report.path}: {format_size(report.bytes)}"]
    if report.cap is not None:
        parts.append(f"{fill_text(report)} of {format_size(report.cap)}")
    parts += [what, f"{report.width}x{report.height}", quality_text(report)]
    if report.clipped:
        parts.append(f"{report.clipped:.2%} of the values clipped")
    if report.encodes > 1:
        parts.append(f"{report.encodes} encodes")
    parts.append(f"took {report.seconds:.1f} s")
    return ", ".join(parts) + "".join(f"; {each}" for each in report.traded)


def fill_text(report: Report) -> str:
    """The part of the cap that a file takes, never rounded up to all of it."""
    return "-" if report.fill is None else f"{int(1000 * report.fill) / 10:.1f} %"


def quality_text(report: Report) -> str:
    """What a file lost, in a few words."""
    if report.lossless:
        return "lossless"
    if report.max_error_levels == 0:
        from reelnet.export.encoders.formats import find_format
        from reelnet.scene.palette.palette import ColorDepth

        # Nothing but photos is lost in a format of few colours.
        is_reduced = find_format(report.path).color_depth is ColorDepth.EIGHT_BIT
        return f"exact but for the {'pictures' if is_reduced else 'codec'}"
    mean, most = report.mean_error_levels, report.max_error_levels
    return f"values off by {mean:.2f} of 240 levels on average, {most:.2f} at most"


def print_notes(reports: Iterable[Report]) -> None:
    """Print each different note once, on stderr."""
    for note in dict.fromkeys(note for report in reports for note in report.notes):
        click.echo(f"reelnet: note: {note}", err=True)


@dataclass(frozen=True)
class ProgressBar:
    """One bar.

    Attributes:
        update: Told what is done and what is to do.
        set_text: Told what is done just now.
    """

    update: Callable[[int, int], None]
    set_text: Callable[[str], None]


HIDDEN_BAR = ProgressBar(lambda done, total: None, lambda text: None)
"""A bar that is not shown."""


@contextmanager
def progress_bars(*, quiet: bool) -> Iterator[Callable[[str], ProgressBar]]:
    """Gives a function that starts a bar with a title.

    Nothing is shown with `quiet`, nor when stderr is no terminal.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda title: HIDDEN_BAR
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
    # rich would send what is printed meanwhile to its own console, and so stdout's data to stderr.
    with progress.Progress(
        *columns, console=Console(stderr=True), redirect_stdout=False, redirect_stderr=False
    ) as shown:

        def start(title: str) -> ProgressBar:
            task = shown.add_task(title, total=None, now="")

            def move(done: int, total: int) -> None:
                shown.update(task, completed=done, total=total)
                if done == total:
                    shown.update(task, now="")

            return ProgressBar(move, lambda text: shown.update(task, now=text))

        yield start
