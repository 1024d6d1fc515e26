"""Progress bars on stderr, for people who watch a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        move: Told what is done and what is to do.
        say: Told what is done just now.
    """

    move: Callable[[int, int], None]
    say: Callable[[str], None]


STILL = Bar(lambda done, total: None, lambda text: None)
"""A bar that is not shown."""


@contextmanager
def bars(*, quiet: bool) -> Iterator[Callable[[str], Bar]]:
    """Gives a function that starts a bar with a title.

    Nothing is shown with `quiet`, nor when stderr is no terminal.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda title: STILL
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

        def start(title: str) -> Bar:
            task = shown.add_task(title, total=None, now="")

            def move(done: int, total: int) -> None:
                shown.update(task, completed=done, total=total)
                if done == total:
                    shown.update(task, now="")

            return Bar(move, lambda text: shown.update(task, now=text))

        yield start
