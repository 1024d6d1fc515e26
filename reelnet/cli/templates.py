"""`reelnet templates`: list, show, create and check templates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelnet._support.text import make_printable
from reelnet.cli import options
from reelnet.cli.app import CommandGroup
from reelnet.cli.output import Column, print_table

if TYPE_CHECKING:
    from reelnet.reel import Run
    from reelnet.template.model import Template

name_argument = click.argument("name")


@click.group(cls=CommandGroup, no_args_is_help=False, short_help="List, show, check and make templates.")
def templates() -> None:
    """List, show, check and make templates: files that describe layout, style and timing."""


@templates.command("list", short_help="The templates that can be named.")
def list_() -> None:
    """List the templates that can be named, with a sentence about each."""
    from reelnet.template.search_path import SearchPath

    columns = (Column("name", wrap=False), Column("about"), Column("file", wrap=False))
    files = SearchPath().list_templates()
    print_table(columns, [(name, describe_template(name), shorten_path(files[name])) for name in files])


def describe_template(name: str) -> str:
    """The `about` sentence of a template, or the first error if it is invalid."""
    from reelnet.config.source import to_plain
    from reelnet.errors import TemplateError
    from reelnet.template.load import load_node

    try:
        return str(to_plain(load_node(name)).get("about") or "")
    except TemplateError as error:
        return f"invalid: {str(error).splitlines()[0]}"


def shorten_path(file: Path) -> str:
    """The path of a file relative to the working folder, if it lies inside."""
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except (ValueError, FileNotFoundError):
        # It lies elsewhere, or the working folder was deleted.
        return str(file)


@templates.command(short_help="The text of a template.")
@name_argument
@click.option("--resolved", is_flag=True, help="With what it extends merged in.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A key to change; with --resolved."
)
def show(name: str, resolved: bool, settings: tuple[str, ...]) -> None:
    """Print the template NAME, a name or a file."""
    from reelnet.config.source import read_text, to_plain
    from reelnet.template.load import drop_nulls, load_node
    from reelnet.template.search_path import SearchPath
    from reelnet.template.settings import parse_options

    if not resolved:
        if settings:
            click.get_current_context().fail("--set changes what is resolved; add --resolved")
        click.echo(read_text(SearchPath().find(name)), nl=False)
        return
    import yaml

    content = drop_nulls(to_plain(load_node(name, parse_options(settings))))
    click.echo(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100), nl=False)


@templates.command(short_help="Begin a template of your own.")
@name_argument
@click.option(
    "--from", "origin", default="article", show_default=True, metavar="NAME", help="What to begin with."
)
@click.option("--extend", is_flag=True, help="Begin with a short file that extends it, instead of a copy.")
@options.force
def new(name: str, origin: str, extend: bool, force: bool) -> None:
    """Write the template NAME to templates/NAME.yaml, where it is found by its name, or to the file NAME."""
    from reelnet.template.search_path import create_template_file

    click.echo(create_template_file(name, origin, extend=extend, force=force))


@templates.command(cls=options.LayersCommand, short_help="Whether a template is valid.")
@click.argument("file")
@click.option("--run", type=click.Path(), metavar="RUN", help="Check it against this run folder too.")
@options.layers
@options.set_key
def check(file: str, run: str | None, layers: tuple[str, ...], settings: tuple[str, ...]) -> None:
    """Check the template FILE, a name or a file; every mistake gets a line of its own."""
    from reelnet.config.diagnostics import ErrorCollector, InvalidTemplate, raise_diagnostics
    from reelnet.export.fitting_template import load_template_for
    from reelnet.export.layers import select_layers
    from reelnet.export.outputs import check_outputs
    from reelnet.reel import open_run
    from reelnet.render.registry import panel_registry
    from reelnet.template.load import load_draft
    from reelnet.template.settings import parse_options

    if run is not None:
        opened = open_run(run)
        names: Sequence[str | None] = select_layers(opened, layers) or [None]
        template = load_template_for(opened, file, parse_options(settings), names[0])
        errors, results = ErrorCollector(template.source_map), []
        for layer in names:
            with errors.collect():
                results.append(f"{file}: OK; {check_layout(opened, template, layer)}")
        errors.raise_errors()
        click.echo("\n".join(results))
        return
    if layers:
        click.get_current_context().fail("--layer needs --run")
    draft = load_draft(file, panel_registry(), parse_options(settings))
    found = list(draft.diagnostics)
    try:
        check_outputs(draft.template)
    except InvalidTemplate as error:
        found += error.diagnostics
    raise_diagnostics(found)
    click.echo(f"{file}: OK")


def check_layout(run: Run, template: Template, layer: str | None) -> str:
    """Lay a run out by a template and its outputs, and describe the result on one line.

    Notes about what is valid, but may not be intended, go to stderr.

    Raises:
        TemplateError: The template or an output does not fit the run; the error lists every mistake.
    """
    from reelnet.config.diagnostics import ErrorCollector
    from reelnet.export.outputs import resolve_outputs
    from reelnet.scene.layout.measure import find_left_out

    errors, reel = ErrorCollector(template.source_map), None
    with errors.collect():
        reel = run.reel(template, layer=layer)
    with errors.collect():
        if template.outputs:
            resolve_outputs(run, template, layers=[layer] if layer else [])
    errors.raise_errors()
    assert reel is not None
    scene, notes = reel.scene, list(reel.scene.notes)
    if absent := find_left_out(template, [name for name, _ in scene.boxes]):
        notes.insert(0, f"this run has nothing to show for {', '.join(absent)}")
    for note in notes:
        click.echo(f"reelnet: note: {make_printable(note)}", err=True)
    size, seconds = scene.size, float(scene.timeline.duration)
    return (
        f"{make_printable(reel.layer)} at scale {scene.context.cell.scale}, {size.width}x{size.height}, "
        f"{len(scene.timeline)} frames, {seconds:.2f} s"
    )


@templates.command(short_help="The JSON Schema of templates.")
def schema() -> None:
    """Print the JSON Schema (draft-07) by which editors complete and check templates."""
    from reelnet.render.registry import panel_registry
    from reelnet.template.json_schema import build_schema

    click.echo(json.dumps(build_schema(panel_registry()), indent=1, ensure_ascii=False))
