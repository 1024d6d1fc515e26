"""Saving reels, and the lines that tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from reelnet.cli.progress import bars

if TYPE_CHECKING:
    from reelnet.export.report import Report
    from reelnet.outputs import Planned
    from reelnet.reel import Reel


def save_all(
    jobs: Sequence[Planned], *, quiet: bool, lossless: bool = False, codec: str | None = None
) -> list[Report]:
    """Write each file, animations with a progress bar; notes about the files go to stderr."""
    reports = []
    with bars(quiet=quiet) as start:
        for job in jobs:
            if job.step is None:
                reports.append(job.reel.save(job.path, start(str(job.path)), lossless=lossless, codec=codec))
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
    return f"{report.path}: {size}, {what}, {report.width}x{report.height}, took {report.seconds:.1f} s"


def tell_notes(reports: Iterable[Report]) -> None:
    """Print each different note once, on stderr."""
    for note in dict.fromkeys(note for report in reports for note in report.notes):
        click.echo(f"reelnet: note: {note}", err=True)
