"""`reelnet render` and `reelnet frame`: from a run to files. Nothing here imports torch."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reelnet.cli.saving import line, save_all
from reelnet.cli.targets import require_writable, targets
from reelnet.cli.words import Number

USUAL_ERROR = 4.0
run_argument = click.argument("run", type=click.Path(path_type=Path))
layer_option = click.option(
    "--layer", "layers", multiple=True, metavar="NAME", help="The layer to show; may be repeated, or 'all'."
)
template_option = click.option(
    "--template",
    default="article",
    show_default=True,
    metavar="NAME",
    help="The look: a template's name (see 'reelnet templates list') or file.",
)
set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A key of the template to change; may be repeated.",
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
    metavar="FILE",
    help="The file to write; its suffix chooses the format. {layer} in it stands for the layer's name. "
    "Without it, the template's outputs are written.",
)
@layer_option
@template_option
@set_option
@scale_option
@click.option("--fps", type=Number(0.01, 1000), help="Frames a second; by default the template's.")
@click.option("--lossless", is_flag=True, help="Insist on every pixel's exact colour.")
@click.option("--codec", metavar="NAME", help="av1 for .mp4 and .webm, prores for .mov.")
@click.option(
    "--max-size", metavar="SIZE", help="The cap of each file, such as 3MB (10^6 bytes), 2.5MiB, or bytes."
)
@click.option("--for", "platform", metavar="NAME", help="Where it is published; see 'reelnet platforms'.")
@click.option(
    "--max-error",
    type=Number(0, 240),
    default=USUAL_ERROR,
    show_default=True,
    help="Under a cap: most by which a value may be off, in 240ths of the colormap.",
)
@click.option(
    "--keep", metavar="WHAT", default="", help="Under a cap: what stays; frames, scale, or both with a comma."
)
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bars.")
def render(
    run: Path,
    file: str | None,
    layers: tuple[str, ...],
    template: str,
    settings: tuple[str, ...],
    scale: int | None,
    fps: float | None,
    lossless: bool,
    codec: str | None,
    max_size: str | None,
    platform: str | None,
    max_error: float,
    keep: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make an animation of the run folder RUN in the format that the suffix of FILE says.

    These are .mp4, .gif, .webm, .webp, .apng, .avif and .mov; a name such as frame-%05d.png gives a still a frame.

    With {layer} in FILE there is one file for each --layer, or for every layer if none is named. Without -o,
    the files that the template names under outputs are made.
    """
    from reelnet.compose.registry import registry
    from reelnet.export.encoder import require_encoder
    from reelnet.outputs import Planned, planned
    from reelnet.runs.header import layers_of
    from reelnet.runs.run import open_run
    from reelnet.template.load import load_template

    if max_size is None and platform is None and (keep or max_error != USUAL_ERROR):
        raise click.UsageError(
            "--max-error and --keep are for a cap; add --max-size or --for", click.get_current_context()
        )
    if file is not None:
        require_encoder(file)
    opened, loaded = open_run(run), load_template(template, registry(), settings)
    maps = layers_of(opened.taps)
    if file is None:
        wanted = maps if "all" in layers else layers
        jobs = planned(opened, loaded, layers=wanted, scale=scale, fps=fps)
    else:
        jobs = [
            Planned(opened.reel(loaded, layer=each.layer, scale=scale, fps=fps), each.path)
            for each in targets(file, layers, maps)
        ]
    for job in jobs:
        require_writable(job.path)
    reports = save_all(
        jobs,
        quiet=quiet,
        lossless=lossless,
        codec=codec,
        max_size=max_size,
        platform=platform,
        max_error=max_error,
        keep=[word.strip() for word in keep.split(",") if word.strip()],
    )
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
@set_option
@scale_option
def frame(
    run: Path,
    step: int,
    file: str,
    layers: tuple[str, ...],
    template: str,
    settings: tuple[str, ...],
    scale: int | None,
) -> None:
    """Make a picture of one step of the run folder RUN: the frame that an animation shows for it."""
    from reelnet.compose.registry import registry
    from reelnet.outputs import Planned
    from reelnet.runs.header import layers_of
    from reelnet.runs.run import open_run
    from reelnet.template.load import load_template

    opened, loaded = open_run(run), load_template(template, registry(), settings)
    jobs = [
        Planned(opened.reel(loaded, layer=each.layer, scale=scale), each.path, step)
        for each in targets(file, layers, layers_of(opened.taps))
    ]
    for job in jobs:
        require_writable(job.path)
    for report in save_all(jobs, quiet=True):
        click.echo(line(report))
