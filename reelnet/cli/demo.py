"""`reelnet demo`: train the article's network and render its animations."""

from __future__ import annotations

from pathlib import Path

import click

from reelnet.cli import options
from reelnet.cli.output import format_report, require_writable, save_all
from reelnet.cli.train import format_accuracy, reserve_stdout, train_with_progress


@click.command(short_help="Train the article's network and make all its animations.")
@click.option(
    "--run",
    default="runs/demo",
    show_default=True,
    type=click.Path(),
    metavar="DIR",
    help="The run folder to make.",
)
@click.option(
    "--out",
    default="renders",
    show_default=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder for the animations.",
)
@click.option("--steps", type=options.COUNT, default=290, show_default=True, help="Optimizer steps.")
@options.seed
@options.force
@options.quiet
def demo(run: str, out: Path, steps: int, seed: int, force: bool, quiet: bool) -> None:
    """Train the article's network on MNIST and write an MP4, a GIF and a poster PNG for each layer."""
    from reelnet.export.request import ExportRequest
    from reelnet.reel import open_run
    from reelnet.runs.header import displayable_layers
    from reelnet.runs.session import require_free_path

    require_writable(out / "layer.mp4")
    require_free_path(run, force=force)
    with reserve_stdout():
        from reelnet.demo.training import Recipe

        recipe = Recipe(steps=steps, seed=seed, layers=("conv?", "dense3"))
        result = train_with_progress(run, recipe, root=None, force=force, quiet=quiet)
    click.echo(format_accuracy(result))

    opened = open_run(run)
    renditions = {layer: opened.reel(layer=layer).rendition for layer in displayable_layers(opened.taps)}
    requests = [
        ExportRequest(rendition, out / f"{layer}{suffix}", step)
        for layer, rendition in renditions.items()
        for suffix, step in ((".mp4", None), (".gif", None), (".png", opened.steps[-1]))
    ]
    for report in save_all(requests, quiet=quiet):
        click.echo(format_report(report))
