"""`reelnet metrics`: numbers from elsewhere onto a run."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Add metrics of another tool to a run.")
@click.argument("run", type=click.Path())
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--step-column", metavar="NAME", help="The column of steps, if its name is none of the usual.")
@click.option("--only", multiple=True, metavar="PATTERN", help="Only the metrics whose names match.")
@click.option("--prefix", default="", metavar="TEXT", help="What to put before their names.")
def metrics(
    run: str, files: tuple[Path, ...], step_column: str | None, only: tuple[str, ...], prefix: str
) -> None:
    """Add to the run folder RUN what another tool has logged: CSV, JSON lines, TensorBoard's files."""
    from reelnet.exchange.metrics import add_metrics
    from reelnet.reel import open_run

    opened = open_run(run)
    for file in files:
        added = add_metrics(opened, file, step_column=step_column, only=only, prefix=prefix)
        for name, count in added.counts.items():
            click.echo(f"{name}: {count} of {len(opened.steps)} steps")
        if added.left_out:
            first, count = added.left_out[0], len(added.left_out)
            steps = "1 step is" if count == 1 else f"{count} steps are"
            click.echo(f"{file}: {steps} left out, the run has not recorded step {first}", err=True)
