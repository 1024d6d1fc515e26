"""`reelnet render` and `reelnet frame`: from a run to files. Nothing here imports torch."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reelnet.cli.saving import Job, line, save_all, save_still
from reelnet.cli.targets import require_writable, targets
from reelnet.cli.words import Number

run_argument = click.argument("run", type=click.Path(path_type=Path))
layer_option = click.option(
    "--layer", "layers", multiple=True, metavar="NAME", help="The layer to show; may be repeated, or 'all'."
)
template_option = click.option(
    "--template", default="article", show_default=True, metavar="NAME", help="The look: article or plain."
)
scale_option = click.option(
    "--scale", type=click.IntRange(1, 256), help="Canvas pixels a map value; by default cells are 56 px."
)


@click.command(short_help="Make an animation of a run.")
@run_argument
@click.option(
    "-o",
    "--output",
    "file",
    required=True,
    metavar="FILE",
    help="The file to write; its suffix chooses the format. {layer} in it stands for the layer's name.",
)
@layer_option
@template_option
@scale_option
@click.option("--fps", type=Number(0.01, 1000), help="Frames a second; by default the template's.")
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bars.")
def render(
    run: Path,
    file: str,
    layers: tuple[str, ...],
    template: str,
    scale: int | None,
    fps: float | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make an animation of the run folder RUN: MP4, GIF, as the suffix of FILE says.

    With {layer} in FILE there is one file for each --layer, or for every layer if none is named.
    """
    from reelnet.export.encoder import require_encoder
    from reelnet.runs.run import open_run

    require_encoder(file)
    opened = open_run(run)
    wanted = targets(file, layers, opened.taps)
    jobs = [Job(opened.reel(template, layer=each.layer, scale=scale, fps=fps), each.path) for each in wanted]
    for each in wanted:
        require_writable(each.path)
    reports = save_all(jobs, quiet=quiet)
    if as_json:
        click.echo(json.dumps([report.as_json() for report in reports], indent=2))
    else:
        click.echo("\n".join(map(line, reports)))


@click.command(short_help="Make a picture of one step.")
@run_argument
@click.option("--step", type=int, required=True, help="The training step to show.")
@click.option("-o", "--output", "file", required=True, metavar="FILE.png", help="The picture to write.")
@layer_option
@template_option
@scale_option
def frame(run: Path, step: int, file: str, layers: tuple[str, ...], template: str, scale: int | None) -> None:
    """Make a picture of one step of the run folder RUN: the frame that an animation shows for it."""
    from reelnet.runs.run import open_run

    opened = open_run(run)
    wanted = targets(file, layers, opened.taps)
    jobs = [Job(opened.reel(template, layer=each.layer, scale=scale), each.path) for each in wanted]
    for each in wanted:
        require_writable(each.path)
    for job in jobs:
        click.echo(line(save_still(job.reel, step, job.path)))
