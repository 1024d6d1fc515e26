"""`reelnet platforms`: the limits of the platforms where animations are published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from reelnet.cli import options
from reelnet.cli.output import Column, align_columns, print_table

if TYPE_CHECKING:
    from reelnet.export.platforms.model import Platform


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
        print_table(columns, [row for platform in found for row in make_table_rows(platform)], footer)


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
    return "\n".join(align_columns(lines))
