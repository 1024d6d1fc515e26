"""`reelnet render`, `frame` and `again`: write the files of a run. Nothing here imports torch."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelnet._support.output_path import require_writable
from reelnet.cli import options
from reelnet.cli.output import save_all
from reelnet.cli.render_many import FilesToRender, check_file, render_many
from reelnet.errors import UsageError

if TYPE_CHECKING:
    from reelnet.export.request import ExportOptions, ExportRequest
    from reelnet.reel import Run
    from reelnet.template.model import Template


@click.command(cls=options.LayersCommand, short_help="Make an animation of a run.")
@options.run
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    help="The file to write; its suffix chooses the format. {layer} in it stands for the layer's name, and {run}, "
    "{platform} and {suffix} likewise. Without it, the template's outputs are written.",
)
@options.layout
@options.fps
@click.option("--lossless", is_flag=True, help="Insist on the exact color of every pixel.")
@click.option("--codec", metavar="NAME", help="h265 or av1 for .mp4, av1 for .webm, prores for .mov.")
@click.option(
    "--max-size", metavar="SIZE", help="The cap of each file, such as 3MB (10^6 bytes), 2.5MiB, or bytes."
)
@click.option(
    "--split", is_flag=True, help="Write the values of an .html into files beside it, for a web server."
)
@click.option(
    "--for",
    "platforms",
    default="",
    metavar="NAMES",
    help="Where it is published, several with commas; see 'reelnet platforms'.",
)
@options.reductions
@options.jobs
@click.option("--keep-going", is_flag=True, help="After a file that cannot be made, make the others.")
@click.option(
    "--skip-done", is_flag=True, help="Make only files that are not there as they would be made now."
)
@options.results
def render(
    run: str,
    file: str | None,
    lossless: bool,
    codec: str | None,
    max_size: str | None,
    split: bool,
    platforms: str,
    max_error: float | None,
    keep: str,
    jobs: int | None,
    keep_going: bool,
    skip_done: bool,
    report_path: Path | None,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> None:
    """Make an animation of the run folder RUN in the format of FILE's suffix.

    The formats are .mp4, .gif, .webm, .webp, .apng, .avif and .mov; a name such as frame-%05d.png writes one still
    per frame, and .html an interactive figure, in which several layers have a menu.

    With {layer} in FILE there is one file for each --layer, or for every layer if --layer is not given. Without -o,
    the files under 'outputs' in the template are made.

    RUN may be a pattern, in quotes, such as 'runs/*', and FILE then has a {run}. Each file has its report beside it,
    and index.html shows all files.
    """
    from reelnet.export.layers import select_layers
    from reelnet.export.outputs import resolve_outputs
    from reelnet.export.report_text import format_embedding, format_report
    from reelnet.export.request import ExportOptions
    from reelnet.many.patterns import is_many

    kept, places = options.split_words(keep), tuple(dict.fromkeys(options.split_words(platforms)))
    layout = options.LayoutOptions(**values)
    export_options = ExportOptions(lossless, codec, max_size, None, max_error, kept, split)
    if keep_going or skip_done or is_many(run, file, places):
        if report_path is not None:
            raise UsageError("each of many files has its report beside it; leave --report out")
        wanted = FilesToRender(run, file, layout, places, export_options)
        render_many(
            wanted, jobs=jobs, keep_going=keep_going, skip_done=skip_done, as_json=as_json, quiet=quiet
        )
        return
    export_options = replace(export_options, platform=next(iter(places), None))
    check_file(file, layout)
    opened, template = layout.open_inputs(run)
    if file is None:
        requests = resolve_outputs(
            opened,
            template,
            layers=select_layers(opened, layout.layers),
            scale=layout.scale,
            fps=layout.fps,
            density=layout.density,
            options=export_options,
        )
    else:
        requests = build_requests(opened, template, file, layout, export_options=export_options)
    if export_options.needs_cap and not any(request.options.has_cap for request in requests):
        click.get_current_context().fail("--max-error and --keep are for a cap; add --max-size or --for")
    for request in requests:
        request.check()
    if report_path is not None:
        from reelnet.export.provenance import require_replaceable, write_provenance

        require_replaceable(report_path)
    require_writable(*(request.path for request in requests), *([report_path] if report_path else []))
    reports = save_all(requests, quiet=quiet, jobs=jobs)
    if report_path is not None:
        write_provenance(report_path, list(zip(requests, reports, strict=True)))
    if as_json:
        click.echo(json.dumps([report.as_json() for report in reports], indent=2))
    else:
        click.echo("\n".join(map(format_report, reports)))
        for line in filter(None, map(format_embedding, reports)):
            click.echo(line)


@click.command(cls=options.LayersCommand, short_help="Make a picture of one step.")
@options.run
@click.option(
    "--step",
    type=options.Step(),
    required=True,
    metavar="N",
    help="The training step to show: its number, 'first' or 'last'.",
)
@click.option(
    "-o",
    "--output",
    "file",
    required=True,
    metavar="FILE",
    help="The picture to write: .png, .pdf or .svg.",
)
@options.layout
@click.option(
    "--width",
    metavar="LENGTH",
    help="Width on paper, such as 17cm: the size of a PDF or SVG, written into a PNG.",
)
@click.option(
    "--dpi",
    type=options.FiniteNumber(10, 10_000),
    help="Pixels per inch, written into the PNG; with --width, its least resolution.",
)
def frame(run: str, step: int | str, file: str, width: str | None, dpi: float | None, **values: Any) -> None:
    """Make a picture of one step of the run folder RUN: the frame that an animation shows for it.

    A PDF or SVG has text as text, curves as paths, and maps as images of one pixel per value.
    """
    from reelnet.export.report_text import format_report
    from reelnet.export.request import ExportOptions

    export_options = ExportOptions(width=width, dpi=dpi)
    export_options.resolve_still(Path(file))
    layout = options.LayoutOptions(**values)
    opened, template = layout.open_inputs(run)
    if isinstance(step, str):
        opened.require_steps()
        step = opened.steps[0 if step == "first" else -1]
    requests = build_requests(opened, template, file, layout, step=step, export_options=export_options)
    require_writable(*(request.path for request in requests))
    for report in save_all(requests, quiet=True):
        click.echo(format_report(report))


@click.command(short_help="Make the files of a report again.")
@click.argument("report", type=click.Path(path_type=Path))
@click.option("--run", type=click.Path(), metavar="RUN", help="The run folder, if it lies elsewhere now.")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the files go; by default where they were.",
)
@options.jobs
@options.quiet
def again(report: Path, run: str | None, folder: Path | None, jobs: int | None, quiet: bool) -> None:
    """Make the files again that 'render' or 'export' described in REPORT, and compare their bytes.

    The exit code is 1 if a file differs, which other versions of the libraries can cause.
    """
    from reelnet.export.provenance import Provenance
    from reelnet.export.report_text import format_report
    from reelnet.reel import open_run

    provenance = Provenance.read(report)
    opened = open_run(provenance.run if run is None else run)
    provenance.require_same_run(opened)
    files = list(provenance.resolve_files(opened, folder))
    require_writable(*(file.request.path for file in files))
    for saved in save_all([file.request for file in files], quiet=quiet, jobs=jobs):
        click.echo(format_report(saved))
    changed = [str(file.request.path) for file in files if not file.is_unchanged]
    if changed:
        causes = [*provenance.changed_versions(), *provenance.changed_files(files)]
        why = "; ".join(causes) or "the versions and fonts are the same, so the machine must differ"
        click.echo(f"reelnet: not the same bytes as before: {', '.join(changed)} ({why})", err=True)
        click.get_current_context().exit(1)


def build_requests(
    run: Run,
    template: Template,
    file: str,
    layout: options.LayoutOptions,
    *,
    step: int | None = None,
    export_options: ExportOptions | None = None,
) -> list[ExportRequest]:
    """The requests of `-o FILE`.

    Args:
        run: The run.
        template: The template that lays it out.
        file: The path; `{layer}` in it stands for the name of the layer.
        layout: The other options. Without `--layer`, a path with `{layer}` stands for every layer.
        step: The training step of a still; None for an animation.
        export_options: The options of an animation.

    Raises:
        UsageError: A layer is unknown, several layers would go to one file other than a figure, or `file` has an
            unknown field.
    """
    from reelnet.config.diagnostics import OptionError
    from reelnet.export.layers import ALL_LAYERS, select_layers
    from reelnet.export.outputs import expand_layer, merge_figures
    from reelnet.export.request import ExportOptions, ExportRequest

    layers = select_layers(run, layout.layers or (ALL_LAYERS,) * ("{layer}" in file))
    several, export_options = len(layers) > 1, export_options or ExportOptions()
    try:
        expand_layer(file, "", several=several)
    except OptionError as error:
        raise UsageError(f"-o {error}") from None
    requests = [
        ExportRequest(
            rendition, Path(expand_layer(file, rendition.layer, several=several)), step, export_options
        )
        for rendition in layout.build_renditions(run, template, layers)
    ]
    return [*merge_figures(requests)]
