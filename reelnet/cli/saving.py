"""Saving reels, and the lines that tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from reelnet.cli.progress import bars

if TYPE_CHECKING:
    from reelnet.export.report import Found, Report
    from reelnet.outputs import Planned
    from reelnet.reel import Reel


def save_all(jobs: Sequence[Planned], *, quiet: bool, **wishes: Any) -> list[Report]:
    """Write each file, animations with a progress bar; notes about the files go to stderr.

    Args:
        jobs: The files.
        quiet: No progress bars.
        wishes: As `Reel.save` takes them, for animations.
    """
    reports = []
    with bars(quiet=quiet) as start:
        for job in jobs:
            if job.step is None:
                reports.append(job.reel.save(job.path, start(str(job.path)), **wishes))
            else:
                reports.append(save_still(job.reel, job.step, job.path))
    tell_notes(reports)
    return reports


def save_still(reel: Reel, step: int, path: Path) -> Report:
    """Save one frame as a picture."""
    from reelnet.export.report import Report

    began = perf_counter()
    reel.save_still(step, path)
    size = reel.scene.size
    return Report(str(path), path.stat().st_size, 1, 0.0, size.width, size.height, perf_counter() - began)


def line(report: Report) -> str:
    """A report as one line for people; MB is 10^6 bytes."""
    what = f"{report.frames} frames, {report.duration:.2f} s" if report.duration else "still"
    size = f"{report.bytes / 1e6:.2f} MB"
    ends = [f"{report.width}x{report.height}", f"took {report.seconds:.1f} s"]
    if report.found is not None:
        ends += [quality(report.found), f"{report.found.encodes} encodes"]
    return ", ".join([f"{report.path}: {size}", what, *ends])


def quality(found: Found) -> str:
    """What a file under a cap lost, in a few words."""
    if found.lossless:
        return "lossless"
    return f"values off by {found.mean_error_levels:.2f} levels on average, {found.max_error_levels} at most"


def tell_notes(reports: Iterable[Report]) -> None:
    """Print each different note once, on stderr."""
    for note in dict.fromkeys(note for report in reports for note in report.notes):
        click.echo(f"reelnet: note: {note}", err=True)
