"""`reelnet platforms`: where reels are published, and what each place takes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reelnet.export.platforms.model import Platform


@click.command(short_help="What each platform takes.")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def platforms(name: str | None, as_json: bool) -> None:
    """Show what each platform takes, or all that is known of the platform NAME."""
    from reelnet.export.platforms.describe import platform_as_json
    from reelnet.export.platforms.load import find_platform, load_platforms

    if name is not None:
        found = find_platform(name)
        click.echo(dump_json(platform_as_json(found)) if as_json else platform_as_text(found))
    elif as_json:
        click.echo(dump_json([platform_as_json(each) for each in load_platforms().values()]))
    else:
        print_table(load_platforms().values())


def print_table(every: Iterable[Platform]) -> None:
    """Print the table: fitted to a terminal, and with one line a row for anything else."""
    from rich.console import Console
    from rich.table import Table

    from reelnet.cli.inspect import align_columns
    from reelnet.export.platforms.describe import TABLE_HEAD, make_table_rows
    from reelnet.export.platforms.load import user_file

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        rows = [row for each in every for row in make_table_rows(each)]
        click.echo("\n".join(align_columns([TABLE_HEAD, *rows], right=(1,))))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(TABLE_HEAD[0], overflow="fold", max_width=16)
    table.add_column(TABLE_HEAD[1], no_wrap=True, justify="right")
    table.add_column(TABLE_HEAD[2])
    table.add_column(TABLE_HEAD[3])
    for heading in TABLE_HEAD[4:]:
        table.add_column(heading, no_wrap=True)
    for each in every:
        first, *others = make_table_rows(each)
        table.add_row(*first)
        for row in others:
            # What was said in the line above is not said again.
            table.add_row("", *row[1:4], "", "")
    console.print(table)
    console.print("\n'reelnet platforms NAME' tells where the figures come from.", style="dim")
    console.print(f"Your own: {user_file()}", style="dim", soft_wrap=True)


def platform_as_text(platform: Platform) -> str:
    """All that is known of a platform, for people."""
    from reelnet.cli.inspect import align_columns
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
    return "\n".join(align_columns(lines))


def dump_json(value: Any) -> str:
    """JSON that people can read, too."""
    return json.dumps(value, indent=2, ensure_ascii=False)
