"""`reelnet import`, `export-arrays` and `metrics`: arrays and numbers of other tools."""

from __future__ import annotations

from pathlib import Path

import click

from reelnet._support.text import format_count, make_printable
from reelnet.cli import options
from reelnet.cli.output import progress_bars


@click.command("import", short_help="Make a run from arrays.")
@click.argument("file", type=click.Path(path_type=Path))
@options.new_run
@options.force
@options.quiet
def import_(file: Path, run: str, force: bool, quiet: bool) -> None:
    """Make a run from FILE: an .npz file, or a folder of .npy files."""
    from reelnet.interop.import_arrays import import_arrays

    with progress_bars(quiet=quiet) as add_bar:
        made = import_arrays(file, run, force=force, progress=add_bar("steps").update)
    taps = make_printable(", ".join(made.taps))
    click.echo(f"{run}: {len(made.steps)} steps of {taps} for {len(made.samples)} samples")


@click.command("export-arrays", short_help="Write a run's arrays into one file.")
@options.run
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE.npz", help="The file."
)
@options.quiet
def export_arrays(run: str, output: Path, quiet: bool) -> None:
    """Write the arrays of the run folder RUN into an .npz file, from which `import` makes the same run."""
    from reelnet.interop.export_arrays import export_arrays
    from reelnet.reel import open_run

    with progress_bars(quiet=quiet) as add_bar:
        export_arrays(open_run(run), output, add_bar("layers").update)
    click.echo(f"{output}: {output.stat().st_size} bytes")


@click.command(short_help="Add metrics of another tool to a run.")
@options.run
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--step-column", metavar="NAME", help="The column of steps, if its name is not a usual one.")
@click.option("--only", multiple=True, metavar="PATTERN", help="Only the metrics whose names match.")
@click.option("--prefix", default="", metavar="TEXT", help="Text to put before their names.")
def metrics(
    run: str, files: tuple[Path, ...], step_column: str | None, only: tuple[str, ...], prefix: str
) -> None:
    """Add metrics that another tool has logged to the run folder RUN: CSV, JSON lines, TensorBoard's files."""
    from reelnet.interop.metrics import add_metrics
    from reelnet.reel import open_run

    opened = open_run(run)
    for file in files:
        added = add_metrics(opened, file, step_column=step_column, only=only, prefix=prefix)
        for name, count in added.counts.items():
            click.echo(f"{make_printable(name)}: {count} of {len(opened.steps)} steps")
        if added.left_out:
            steps = format_count(len(added.left_out), "step")
            click.echo(
                f"{file}: skipped {steps}, the run has not recorded step {added.left_out[0]}", err=True
            )
        for note in added.notes:
            click.echo(make_printable(f"{file}: {note}"), err=True)
