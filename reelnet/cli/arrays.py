"""`reelnet import` and `reelnet export-arrays`: runs from arrays, and arrays from runs."""

from __future__ import annotations

from pathlib import Path

import click

from reelnet.cli.progress import bars


@click.command("import", short_help="Make a run from arrays.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--run", required=True, type=click.Path(), help="The run folder to make.")
@click.option("--force", is_flag=True, help="Replace a run that is there already.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def import_(file: Path, run: str, force: bool, quiet: bool) -> None:
    """Make a run from FILE: an .npz file, or a folder of .npy files."""
    from reelnet.exchange.incoming import import_arrays

    with bars(quiet=quiet) as start:
        made = import_arrays(file, run, force=force, progress=start("steps").move)
    click.echo(f"{run}: {len(made.steps)} steps of {', '.join(made.taps)} for {len(made.samples)} samples")


@click.command("export-arrays", short_help="Write a run's arrays into one file.")
@click.argument("run", type=click.Path())
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE.npz", help="The file."
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def export_arrays(run: str, output: Path, quiet: bool) -> None:
    """Write the arrays of the run folder RUN into an .npz file, from which `import` makes the same run."""
    from reelnet.exchange.outgoing import export_arrays
    from reelnet.reel import open_run

    with bars(quiet=quiet) as start:
        export_arrays(open_run(run), output, start("layers").move)
    click.echo(f"{output}: {output.stat().st_size} bytes")
