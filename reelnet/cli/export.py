"""`reelnet export`: a file for each place of publication. Nothing here imports torch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelnet.cli.output import export_all, fill_text, quality_text
from reelnet.cli.render import (
    fps_option,
    keep_option,
    layer_option,
    max_error_option,
    report_option,
    run_argument,
    scale_option,
    set_option,
    template_option,
)
from reelnet.cli.targets import require_writable
from reelnet.cli.words import split_words

if TYPE_CHECKING:
    from reelnet.export.platform_batch import PlatformResult

TABLE_HEADINGS = ("place", "file", "size", "cap", "fill", "frames", "scale", "quality", "given up")
RIGHT_ALIGNED_COLUMNS = (2, 3, 4, 5, 6)


@click.command(short_help="Make a file for each of several platforms.")
@run_argument
@click.option(
    "--for",
    "names",
    required=True,
    multiple=True,
    metavar="NAMES",
    help="Platforms, with commas; see 'reelnet platforms'.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The folder for the files, each named LAYER-PLATFORM.SUFFIX.",
)
@layer_option
@template_option
@set_option
@scale_option
@fps_option
@max_error_option
@keep_option
@report_option
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bars.")
@click.pass_context
def export(
    ctx: click.Context,
    run: str,
    names: tuple[str, ...],
    folder: Path,
    layers: tuple[str, ...],
    template: str,
    settings: tuple[str, ...],
    scale: int | None,
    fps: float | None,
    max_error: float | None,
    keep: str,
    kept: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a file of the run folder RUN for each platform, in the format that it prefers and under its cap.

    With several --layer, or 'all', there is one for each layer and platform. Where a cap cannot be met, the
    other files are made all the same; the exit code is then 5.
    """
    from reelnet.export.platform_batch import plan_requests
    from reelnet.export.request import ExportOptions
    from reelnet.reel import open_run
    from reelnet.render.registry import panel_registry
    from reelnet.runs.header import displayable_layers
    from reelnet.template.load import load_template

    opened, loaded = open_run(run), load_template(template, panel_registry(), settings)
    wanted: Sequence[str | None] = (
        displayable_layers(opened.taps) if "all" in layers else [*dict.fromkeys(layers)]
    )
    renditions = [
        opened.reel(loaded, layer=layer, scale=scale, fps=fps).rendition for layer in wanted or [None]
    ]
    options = ExportOptions(max_error=max_error, keep=split_words(keep))
    jobs = plan_requests(renditions, [name for each in names for name in split_words(each)], folder, options)
    require_writable(*(job.path for job in jobs), *([kept] if kept else []))
    found = export_all(jobs, quiet=quiet)
    if kept is not None:
        from reelnet.export.provenance import write_provenance

        done = zip(jobs, found, strict=True)
        write_provenance(kept, [(job, each.report) for job, each in done if each.report is not None])
    if as_json:
        click.echo(json.dumps([each.as_json() for each in found], indent=2))
    else:
        print_table(found)
    failed = [each for each in found if each.report is None]
    for each in failed:
        click.echo(f"reelnet: {each.platform}: {' '.join(each.error.split())}", err=True)
    if failed:
        ctx.exit(5)


def print_table(found: Iterable[PlatformResult]) -> None:
    """Print the table: fitted to a terminal, and with one line a row for anything else."""
    from rich.console import Console
    from rich.table import Table

    from reelnet.cli.inspect import align_columns

    lines = list(map(table_row, found))
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        click.echo("\n".join(align_columns([TABLE_HEADINGS, *lines], right=RIGHT_ALIGNED_COLUMNS)))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(TABLE_HEADINGS):
        narrow = number in RIGHT_ALIGNED_COLUMNS
        table.add_column(heading, no_wrap=narrow, justify="right" if narrow else "left", overflow="fold")
    for each in lines:
        table.add_row(*each)
    console.print(table)


def table_row(each: PlatformResult) -> tuple[str, ...]:
    """A line of the table."""
    from reelnet._support.byte_size import format_size

    report = each.report
    if report is None:
        return (each.platform, each.path, *"-----", "failed", "no file within the limits")
    return (
        each.platform,
        each.path,
        format_size(report.bytes),
        "-" if report.cap is None else format_size(report.cap),
        fill_text(report),
        str(report.frames),
        str(report.scale),
        quality_text(report),
        "; ".join(report.traded) or "-",
    )
