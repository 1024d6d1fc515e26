"""`reelnet demo`: the article's animations, from nothing."""

from __future__ import annotations

from pathlib import Path

import click

from reelnet.cli.output import report_line, save_all
from reelnet.cli.targets import require_writable
from reelnet.cli.train import COUNT, SEED, accuracy_line, reserve_stdout, train_with_progress

SUFFIXES = (".mp4", ".gif")


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
@click.option("--steps", type=COUNT, default=290, show_default=True, help="Optimizer steps.")
@click.option(
    "--seed", type=SEED, default=0, show_default=True, help="For the weights and the pictures' order."
)
@click.option("--force", is_flag=True, help="Replace a run that is there already.")
@click.option("--quiet", is_flag=True, help="No progress bars.")
def demo(run: str, out: Path, steps: int, seed: int, force: bool, quiet: bool) -> None:
    """Train the article's network on MNIST and write an MP4, a GIF and a poster PNG for each layer."""
    from reelnet.export.encoders.formats import find_format
    from reelnet.export.request import ExportRequest
    from reelnet.reel import open_run
    from reelnet.runs.header import displayable_layers
    from reelnet.runs.session import require_free_path

    for suffix in SUFFIXES:
        find_format(out / f"layer{suffix}")
    require_writable(out / "layer.mp4")
    require_free_path(run, force=force)
    with reserve_stdout():
        from reelnet.demo.training import Recipe

        recipe = Recipe(steps=steps, seed=seed, layers=("conv?", "dense3"))
        outcome = train_with_progress(run, recipe, root=None, force=force, quiet=quiet)
    click.echo(accuracy_line(outcome))

    opened = open_run(run)
    renditions = {layer: opened.reel(layer=layer).rendition for layer in displayable_layers(opened.taps)}
    jobs = [
        ExportRequest(rendition, out / f"{layer}{suffix}")
        for layer, rendition in renditions.items()
        for suffix in SUFFIXES
    ]
    jobs += [
        ExportRequest(rendition, out / f"{layer}.png", opened.steps[-1])
        for layer, rendition in renditions.items()
    ]
    for report in save_all(jobs, quiet=quiet):
        click.echo(report_line(report))
