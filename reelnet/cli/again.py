"""`reelnet again`: files once more, from what `--report` kept. Nothing here imports torch."""

from __future__ import annotations

from pathlib import Path

import click

from reelnet.cli.output import report_line, save_all
from reelnet.cli.targets import require_writable


@click.command(short_help="Make the files of a report again.")
@click.argument("report", type=click.Path(path_type=Path))
@click.option("--run", type=click.Path(), metavar="RUN", help="The run folder, if it lies elsewhere now.")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the files go; by default where they were.",
)
@click.option("--quiet", is_flag=True, help="No progress bars.")
@click.pass_context
def again(ctx: click.Context, report: Path, run: str | None, folder: Path | None, quiet: bool) -> None:
    """Make the files of REPORT again, which --report of 'render' or 'export' kept, and compare their bytes.

    The exit code is 1 if one of them has different bytes, which other versions of the libraries can cause.
    """
    from reelnet.export.provenance import Provenance
    from reelnet.reel import open_run

    kept = Provenance.read(report)
    opened = open_run(kept.run if run is None else run)
    kept.require_same_run(opened)
    files = list(kept.resolve_files(opened, folder))
    require_writable(*(each.request.path for each in files))
    for made in save_all([each.request for each in files], quiet=quiet):
        click.echo(report_line(made))
    others = [str(each.request.path) for each in files if not each.is_unchanged]
    if others:
        why = "; ".join(kept.changed_versions()) or "the versions are the same, so the machine must differ"
        click.echo(f"reelnet: not the same bytes as before: {', '.join(others)} ({why})", err=True)
        ctx.exit(1)
