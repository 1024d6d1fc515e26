"""`reelnet verify` and `reelnet repair`: whether a run is whole, and what is left of one that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reelnet.cli.progress import bars
from reelnet.errors import RunError

if TYPE_CHECKING:
    from reelnet.runs.verify import Health

RESTORE = "restore samples.safetensors from a copy, or record the run again"

run_argument = click.argument("run", type=click.Path())
quiet_option = click.option("--quiet", is_flag=True, help="No progress bar.")


@click.command(short_help="Check every checksum of a run.")
@run_argument
@quiet_option
def verify(run: str, quiet: bool) -> None:
    """Read all of the run RUN and check every checksum.

    What is damaged is told, a line for each file and step; the exit code is then 4.
    """
    from reelnet.runs.verify import verify as check

    with bars(quiet=quiet) as start:
        health = check(run, start(str(run)).move)
    _tell(health)
    if health.damaged or health.log:
        raise RunError(
            f"{run}: {len(health.damaged)} of {health.steps} steps are damaged; "
            f"'reelnet repair {run}' keeps what is whole"
        )
    if health.samples:
        raise RunError(f"{run}: the samples are damaged; {RESTORE}")
    click.echo(f"{run}: all {health.steps} steps are whole")


@click.command(short_help="Keep what is whole of a damaged run.")
@run_argument
@quiet_option
def repair(run: str, quiet: bool) -> None:
    """Keep what is whole of the run RUN, and say what was given up.

    Steps that are damaged are marked as missing, damaged lines of the log go, and so do files that no step needs.
    Where no step is whole, or the samples are damaged, the exit code is 4.
    """
    from reelnet.runs.verify import repair as mend

    with bars(quiet=quiet) as start:
        health = mend(run, start(str(run)).move)
    _tell(health)
    kept = f"kept {health.kept} of {health.steps} steps"
    if health.samples:
        raise RunError(f"{run}: {kept}, but the samples are damaged and cannot be mended; {RESTORE}")
    if health.steps and not health.kept:
        raise RunError(f"{run}: {kept}; restore the run from a copy, or record it again")
    click.echo(f"{run}: was whole" if health.whole else f"{run}: {kept}")


def _tell(health: Health) -> None:
    for line in health.lines():
        click.echo(line)
