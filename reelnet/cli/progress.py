"""Progress bars on stderr, for people who watch a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int], None]
"""Told what is done and what is to do."""


@contextmanager
def bars(*, quiet: bool) -> Iterator[Callable[[str], Progress]]:
    """Gives a function that starts a bar with a title and returns what moves it.

    Nothing is shown with `quiet`, nor when stderr is no terminal.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda title: lambda done, total: None
        return

    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(elapsed_when_finished=True),
    )
    # rich would send what is printed meanwhile to its own console, and so stdout's data to stderr.
    with progress.Progress(
        *columns, console=Console(stderr=True), redirect_stdout=False, redirect_stderr=False
    ) as shown:

        def start(title: str) -> Progress:
            task = shown.add_task(title, total=None)
            return lambda done, total: shown.update(task, completed=done, total=total)

        yield start
