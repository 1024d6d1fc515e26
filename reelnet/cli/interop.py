"""`reelnet metrics`: numbers from elsewhere onto a run.

`reelnet import` and `reelnet export-arrays`: runs from arrays, and arrays from runs.
"""

from __future__ import annotations

from pathlib import Path

import click

from reelnet._support.text import format_count
from reelnet.cli.output import progress_bars


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
    from reelnet.interop.metrics import add_metrics
    from reelnet.reel import open_run

    opened = open_run(run)
    for file in files:
        added = add_metrics(opened, file, step_column=step_column, only=only, prefix=prefix)
        for name, count in added.counts.items():
            click.echo(f"{name}: {count} of {len(opened.steps)} steps")
        if added.left_out:
            steps = format_count(len(added.left_out), "step")
            click.echo(
                f"{file}: skipped {steps}, the run has not recorded step {added.left_out[0]}", err=True
            )


@click.command("import", short_help="Make a run from arrays.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--run", required=True, type=click.Path(), help="The run folder to make.")
@click.option("--force", is_flag=True, help="Replace a run that is there already.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def import_(file: Path, run: str, force: bool, quiet: bool) -> None:
    """Make a run from FILE: an .npz file, or a folder of .npy files."""
    from reelnet.interop.import_arrays import import_arrays

    with progress_bars(quiet=quiet) as start:
        made = import_arrays(file, run, force=force, progress=start("steps").update)
    click.echo(f"{run}: {len(made.steps)} steps of {', '.join(made.taps)} for {len(made.samples)} samples")


@click.command("export-arrays", short_help="Write a run's arrays into one file.")
@click.argument("run", type=click.Path())
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE.npz", help="The file."
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def export_arrays(run: str, output: Path, quiet: bool) -> None:
    """Write the arrays of the run folder RUN into an .npz file, from which `import` makes the same run."""
    from reelnet.interop.export_arrays import export_arrays
    from reelnet.reel import open_run

    with progress_bars(quiet=quiet) as start:
        export_arrays(open_run(run), output, start("layers").update)
    click.echo(f"{output}: {output.stat().st_size} bytes")
