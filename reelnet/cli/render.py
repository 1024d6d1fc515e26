"""`reelnet render` and `reelnet frame`: from a run to files. Nothing here imports torch."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reelnet.cli.output import report_line, save_all
from reelnet.cli.targets import require_writable, resolve_targets
from reelnet.cli.words import FiniteNumber, WholeNumber, split_words

run_argument = click.argument("run", type=click.Path())
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
    "--scale", type=WholeNumber(1, 256), help="Canvas pixels a map value; by default cells are 56 px."
)
fps_option = click.option(
    "--fps", type=FiniteNumber(0.01, 1000), help="Frames a second; by default the template's."
)
max_error_option = click.option(
    "--max-error",
    type=FiniteNumber(0, 240),
    help="Under a cap: most by which a value may be off, in 240ths of the colormap; 4 by default.",
)
keep_option = click.option(
    "--keep",
    metavar="WHAT",
    default="",
    help="Under a cap: what stays: frames, levels, scale, or several with commas.",
)
report_option = click.option(
    "--report",
    "kept",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="Keep the reports, with all that 'reelnet again' needs to make the files again.",
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
@fps_option
@click.option("--lossless", is_flag=True, help="Insist on every pixel's exact colour.")
@click.option("--codec", metavar="NAME", help="h265 or av1 for .mp4, av1 for .webm, prores for .mov.")
@click.option(
    "--max-size", metavar="SIZE", help="The cap of each file, such as 3MB (10^6 bytes), 2.5MiB, or bytes."
)
@click.option("--for", "platform", metavar="NAME", help="Where it is published; see 'reelnet platforms'.")
@max_error_option
@keep_option
@report_option
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bars.")
def render(
    run: str,
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
    max_error: float | None,
    keep: str,
    kept: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make an animation of the run folder RUN in the format that the suffix of FILE says.

    These are .mp4, .gif, .webm, .webp, .apng, .avif and .mov; a name such as frame-%05d.png gives a still a frame.

    With {layer} in FILE there is one file for each --layer, or for every layer if none is named. Without -o,
    the files that the template names under outputs are made.
    """
    from reelnet.export.encoders.formats import find_format
    from reelnet.export.outputs import resolve_outputs
    from reelnet.export.request import ExportOptions, ExportRequest
    from reelnet.reel import open_run
    from reelnet.render.registry import panel_registry
    from reelnet.runs.header import displayable_layers
    from reelnet.template.load import load_template

    options = ExportOptions(lossless, codec, max_size, platform, max_error, split_words(keep))
    if file is not None:
        find_format(file)
    opened, loaded = open_run(run), load_template(template, panel_registry(), settings)
    maps = displayable_layers(opened.taps)
    if file is None:
        wanted = maps if "all" in layers else layers
        jobs = resolve_outputs(opened, loaded, layers=wanted, scale=scale, fps=fps, options=options)
    else:
        jobs = [
            ExportRequest(
                opened.reel(loaded, layer=each.layer, scale=scale, fps=fps).rendition,
                each.path,
                options=options,
            )
            for each in resolve_targets(file, layers, maps)
        ]
    if options.needs_cap and not any(job.options.has_cap for job in jobs):
        raise click.UsageError(
            "--max-error and --keep are for a cap; add --max-size or --for", click.get_current_context()
        )
    for job in jobs:
        job.check()
    require_writable(*(job.path for job in jobs), *([kept] if kept else []))
    reports = save_all(jobs, quiet=quiet)
    if kept is not None:
        from reelnet.export.provenance import write_provenance

        write_provenance(kept, list(zip(jobs, reports, strict=True)))
    if as_json:
        click.echo(json.dumps([report.as_json() for report in reports], indent=2))
    else:
        click.echo("\n".join(map(report_line, reports)))


@click.command(short_help="Make a picture of one step.")
@run_argument
@click.option("--step", type=int, required=True, help="The training step to show.")
@click.option("-o", "--output", "file", required=True, metavar="FILE.png", help="The picture to write.")
@layer_option
@template_option
@set_option
@scale_option
def frame(
    run: str,
    step: int,
    file: str,
    layers: tuple[str, ...],
    template: str,
    settings: tuple[str, ...],
    scale: int | None,
) -> None:
    """Make a picture of one step of the run folder RUN: the frame that an animation shows for it."""
    from reelnet.export.request import ExportRequest
    from reelnet.reel import open_run
    from reelnet.render.registry import panel_registry
    from reelnet.runs.header import displayable_layers
    from reelnet.template.load import load_template

    opened, loaded = open_run(run), load_template(template, panel_registry(), settings)
    jobs = [
        ExportRequest(opened.reel(loaded, layer=each.layer, scale=scale).rendition, each.path, step)
        for each in resolve_targets(file, layers, displayable_layers(opened.taps))
    ]
    require_writable(*(job.path for job in jobs))
    for report in save_all(jobs, quiet=True):
        click.echo(report_line(report))
