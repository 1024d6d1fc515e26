"""`reelnet export` and `platforms`: one file per platform, and what platforms take. Nothing here imports torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelnet._support.output_path import require_writable
from reelnet.cli import options, output
from reelnet.cli.output import Column

if TYPE_CHECKING:
    from reelnet.export.platform_batch import PlatformResult
    from reelnet.export.platforms.model import Platform


COLUMNS = (
    Column("place"),
    Column("file"),
    *(Column(heading, right=True, wrap=False) for heading in ("size", "cap", "fill", "frames", "scale")),
    Column("quality"),
    Column("reduced"),
)


@click.command(cls=options.LayersCommand, short_help="Make a file for each of several platforms.")
@options.run
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
@options.layout
@options.fps
@options.reductions
@options.jobs
@options.results
def export(
    run: str,
    names: tuple[str, ...],
    folder: Path,
    max_error: float | None,
    keep: str,
    jobs: int | None,
    report_path: Path | None,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> None:
    """Make a file of the run folder RUN for each platform, in the format that it prefers and under its cap.

    With several --layer, or 'all', there is one file per layer and platform. Where a cap cannot be met, the
    other files are made all the same; the exit code is then 5.
    """
    from reelnet.export.layers import select_layers
    from reelnet.export.platform_batch import export_request, plan_requests
    from reelnet.export.request import ExportOptions

    layout = options.LayoutOptions(**values)
    opened, template = layout.open_inputs(run)
    renditions = layout.build_renditions(opened, template, select_layers(opened, layout.layers))
    platforms = [name for each in names for name in options.split_words(each)]
    export_options = ExportOptions(max_error=max_error, keep=options.split_words(keep))
    requests = plan_requests(renditions, platforms, folder, export_options)
    if report_path is not None:
        from reelnet.export.provenance import require_replaceable, write_provenance

        require_replaceable(report_path)
    require_writable(*(request.path for request in requests), *([report_path] if report_path else []))
    outcomes = output.save_with_bars(requests, export_request, quiet=quiet, jobs=jobs)
    output.print_notes(outcome.report for outcome in outcomes if outcome.report is not None)
    if report_path is not None:
        pairs = zip(requests, outcomes, strict=True)
        write_provenance(report_path, [(request, each.report) for request, each in pairs if each.report])
    if as_json:
        click.echo(json.dumps([outcome.as_json() for outcome in outcomes], indent=2))
    else:
        output.print_table(COLUMNS, map(table_row, outcomes))
    failed = [outcome for outcome in outcomes if outcome.report is None]
    for outcome in failed:
        click.echo(f"reelnet: {outcome.platform}: {' '.join(outcome.error.split())}", err=True)
    if failed:
        click.get_current_context().exit(5)


def table_row(outcome: PlatformResult) -> tuple[str, ...]:
    """The cells of a file in the table."""
    from reelnet._support.byte_size import format_size
    from reelnet.export.report_text import format_fill, format_quality

    report = outcome.report
    if report is None:
        return (outcome.platform, outcome.path, *"-----", "failed", "no file within the limits")
    return (
        outcome.platform,
        outcome.path,
        format_size(report.bytes),
        "-" if report.cap is None else format_size(report.cap),
        format_fill(report),
        str(report.frames),
        str(report.scale),
        format_quality(report),
        "; ".join(report.traded) or "-",
    )


@click.command(short_help="What each platform takes.")
@click.argument("name", required=False)
@options.as_json
def platforms(name: str | None, as_json: bool) -> None:
    """Show what each platform takes, or all that is known of the platform NAME."""
    from reelnet.export.platforms.describe import TABLE_HEAD, make_table_rows, platform_as_json
    from reelnet.export.platforms.load import find_platform, load_platforms, user_file

    found = list(load_platforms().values()) if name is None else [find_platform(name)]
    if as_json:
        values = [platform_as_json(platform) for platform in found]
        click.echo(json.dumps(values if name is None else values[0], indent=2, ensure_ascii=False))
    elif name is not None:
        click.echo(platform_as_text(found[0]))
    else:
        first, limit, formats, others, *last = TABLE_HEAD
        columns = [
            Column(first, max_width=16, merge=True),
            Column(limit, right=True, wrap=False),
            Column(formats),
            Column(others),
            *(Column(heading, wrap=False, merge=True) for heading in last),
        ]
        footer = ("\n'reelnet platforms NAME' shows the sources.", f"Your own: {user_file()}")
        output.print_table(columns, [row for platform in found for row in make_table_rows(platform)], footer)


def platform_as_text(platform: Platform) -> str:
    """All that is known of a platform, for people."""
    from reelnet.export.platforms.describe import describe_formats, describe_max_size, describe_rules

    lines = [("platform", platform.name), ("title", platform.title)]
    if platform.aliases:
        lines.append(("also", ", ".join(platform.aliases)))
    for group in platform.groups:
        lines.append(("formats", ", ".join(describe_formats(group))))
        lines += [
            ("", each) for each in (describe_max_size(group.constraints), *describe_rules(group.constraints))
        ]
    lines += [
        ("confidence", platform.confidence or "unknown"),
        ("date", platform.date or "unknown"),
        ("source", platform.source),
    ]
    lines += [("note", note) for note in platform.notes]
    return "\n".join(output.align_columns(lines))
