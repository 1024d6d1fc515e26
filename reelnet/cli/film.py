"""`reelnet film`: reels, cards, pictures and videos as one film. Nothing here imports torch."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reelnet._support.output_path import require_writable
from reelnet.cli import options
from reelnet.cli.app import CommandGroup
from reelnet.cli.output import print_notes, progress_bars
from reelnet.errors import UsageError


class FilmGroup(CommandGroup):
    """A group whose first argument may be the file of a film in place of a command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read `reelnet film FILE …` as `reelnet film make FILE …`."""
        if args and args[0] not in (*self.commands, "--help", "-h"):
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(cls=FilmGroup, short_help="Make a film of several reels.")
def film() -> None:
    """Make a film of reels, cards, pictures and videos. 'reelnet film FILE' is short for 'reelnet film make FILE'."""


@film.command(short_help="Write a film.")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The film to write: .mp4, .webm, .mov, .webp, .gif or .avif.",
)
@click.option("--codec", metavar="NAME", help="h265 or av1 for .mp4, av1 for .webm, prores for .mov.")
@click.option("--max-size", metavar="SIZE", help="The cap of the file, such as 20MB (10^6 bytes), or bytes.")
@click.option("--for", "platform", metavar="NAME", help="Where it is published; see 'reelnet platforms'.")
@options.as_json
@options.quiet
def make(
    file: Path,
    runs: tuple[str, ...],
    output: Path,
    codec: str | None,
    max_size: str | None,
    platform: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the film that FILE describes. RUN is the run folder of its items that name none.

    With several runs, the items of FILE are shown once per run.
    """
    from reelnet.export.film.save_film import resolve_film
    from reelnet.export.report_text import format_report
    from reelnet.export.request import ExportOptions
    from reelnet.films.film import film as compose

    resolve_film(output, ExportOptions(codec=codec, max_size=max_size, platform=platform))
    require_writable(output)
    if output.resolve() == file.resolve():
        raise UsageError(f"-o {output}: is the file that describes the film; give another name")
    composed = compose(file, runs)
    with progress_bars(quiet=quiet) as add_bar:
        bar = add_bar(str(output))
        report = composed.save(
            output, bar.update, on_trial=bar.set_text, codec=codec, max_size=max_size, platform=platform
        )
    print_notes([report])
    click.echo(json.dumps(report.as_json(), indent=2) if as_json else format_report(report))


@film.command(short_help="Write the file of a film to begin with.")
@click.argument("file", type=click.Path(path_type=Path))
@options.force
def new(file: Path, force: bool) -> None:
    """Write a FILE that describes a film of a title, the layers of a run, and an end."""
    from reelnet.films.new_film import create_film_file

    click.echo(create_film_file(file, force=force))
