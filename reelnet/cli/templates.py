"""`reelnet templates`: which there are, what they say, and whether one of your own is right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelnet.cli.app import CommandGroup

if TYPE_CHECKING:
    from reelnet.reel import Reel
    from reelnet.scene.resolve import Scene
    from reelnet.template.model import Template

NAME = click.argument("name")


@click.group(cls=CommandGroup, no_args_is_help=False, short_help="List, show, check and make templates.")
def templates() -> None:
    """List, show, check and make templates: files that say what stands where, in which style, over which time."""


@templates.command("list", short_help="The templates that can be named.")
def list_() -> None:
    """List the templates that can be named, with a sentence about each."""
    from rich.console import Console
    from rich.table import Table

    from reelnet.cli.inspect import align_columns
    from reelnet.template.search_path import SearchPath

    head = ("name", "about", "file")
    rows = [(name, about(name), shortened(file)) for name, file in SearchPath().list_templates().items()]
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        click.echo("\n".join(align_columns([head, *rows])))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in head:
        fold = heading == "about"
        table.add_column(heading, overflow="fold" if fold else "ignore", no_wrap=not fold)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def about(name: str) -> str:
    """A template's own sentence about it, or why it has none."""
    from reelnet.config.source import to_plain
    from reelnet.errors import TemplateError
    from reelnet.template.inheritance import load_node

    try:
        return str(to_plain(load_node(name)).get("about") or "")
    except TemplateError as error:
        return f"invalid: {str(error).splitlines()[0]}"


@templates.command(short_help="The text of a template.")
@NAME
@click.option("--resolved", is_flag=True, help="With what it extends merged in.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A key to change; with --resolved."
)
def show(name: str, resolved: bool, settings: tuple[str, ...]) -> None:
    """Print the template NAME, a name or a file."""
    from reelnet.config.source import to_plain
    from reelnet.template.inheritance import load_node
    from reelnet.template.load import drop_nulls
    from reelnet.template.search_path import SearchPath

    if not resolved:
        if settings:
            raise click.UsageError(
                "--set changes what is resolved; add --resolved", click.get_current_context()
            )
        click.echo(SearchPath().find(name).read_text("utf-8"), nl=False)
        return
    import yaml

    content = drop_nulls(to_plain(load_node(name, settings)))
    click.echo(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100), nl=False)


@templates.command(short_help="Begin a template of your own.")
@NAME
@click.option(
    "--from", "origin", default="article", show_default=True, metavar="NAME", help="What to begin with."
)
@click.option("--extend", is_flag=True, help="Begin with a short file that extends it, instead of a copy.")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
def new(name: str, origin: str, extend: bool, force: bool) -> None:
    """Write the template NAME to templates/NAME.yaml, where it is found by its name, or to the file NAME."""
    from reelnet.template.search_path import create_template_file

    click.echo(create_template_file(name, origin, extend=extend, force=force))


@templates.command(short_help="Whether a template is right.")
@click.argument("file")
@click.option("--run", type=click.Path(), metavar="RUN", help="Check it against this run folder too.")
@click.option("--layer", metavar="NAME", help="The layer to show.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A key to change.")
def check(file: str, run: str | None, layer: str | None, settings: tuple[str, ...]) -> None:
    """Check the template FILE, a name or a file; every mistake gets a line of its own."""
    from reelnet.render.registry import panel_registry
    from reelnet.template.load import load_template

    template = load_template(file, panel_registry(), settings)
    if run is None:
        from reelnet.export.outputs import check_outputs

        if layer is not None:
            raise click.UsageError("--layer needs --run", click.get_current_context())
        check_outputs(template)
        click.echo(f"{file}: right")
        return
    reel = laid_out(template, run, layer)
    scene = reel.scene
    for note in notes(template, scene):
        click.echo(f"reelnet: note: {note}", err=True)
    size, seconds = scene.size, float(scene.timeline.duration)
    click.echo(
        f"{file}: right; {reel.layer} at scale {scene.context.cell.scale}, {size.width}x{size.height}, "
        f"{len(scene.timeline)} frames, {seconds:.2f} s"
    )


def laid_out(template: Template, run: str, layer: str | None) -> Reel:
    """A template and all its outputs for a run, with every mistake of any of them."""
    from reelnet.config.diagnostics import ErrorCollector
    from reelnet.export.outputs import resolve_outputs
    from reelnet.reel import Reel, open_run

    opened, errors, reel = open_run(run), ErrorCollector(template.source_map), None
    with errors.collect():
        reel = Reel.from_run(opened, template, layer=layer)
    with errors.collect():
        if template.outputs:
            resolve_outputs(opened, template, layers=[layer] if layer else [])
    errors.raise_errors()
    if reel is None:
        raise AssertionError("what is wrong was told")
    return reel


def notes(template: Template, scene: Scene) -> Iterator[str]:
    """What is no mistake, but may not be what the author has in mind."""
    from reelnet.scene.layout.measure import find_left_out

    absent = find_left_out(template, [name for name, _ in scene.boxes])
    if absent:
        yield f"this run has nothing to show for {', '.join(absent)}"
    yield from scene.notes


@templates.command(short_help="The JSON Schema of templates.")
def schema() -> None:
    """Print the JSON Schema (draft-07) by which editors complete and check templates."""
    from reelnet.render.registry import panel_registry
    from reelnet.template.json_schema import build_schema

    click.echo(json.dumps(build_schema(panel_registry()), indent=1, ensure_ascii=False))


def shortened(file: Path) -> str:
    """A file's path as one would type it here."""
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(file)
