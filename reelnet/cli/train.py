"""`reelnet train` and `reelnet layers`: the commands that import torch, once they run."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelnet._support.text import format_count
from reelnet.cli.app import Interruption
from reelnet.cli.inspect import align_columns, shape_text
from reelnet.cli.output import progress_bars
from reelnet.cli.words import FiniteNumber, PatternsCommand, WholeNumber
from reelnet.errors import UsageError

if TYPE_CHECKING:
    from reelnet.demo.training import Recipe, TrainingResult

# torch takes seeds up to this.
SEED = WholeNumber(0, 2**63 - 1)
COUNT = WholeNumber(1)

model_option = click.option(
    "--model",
    default="article",
    show_default=True,
    metavar="NAME",
    help="article, or torchvision:NAME (random weights) such as torchvision:resnet18.",
)
data_option = click.option(
    "--data",
    default="mnist",
    show_default=True,
    metavar="NAME",
    help="mnist, torchvision:NAME, or folder:PATH (a folder of pictures a class).",
)
image_size_option = click.option(
    "--image-size",
    type=COUNT,
    help="Side in pixels to bring the pictures to; by default they stay as they are.",
)
data_root_option = click.option(
    "--data-root",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where data lies or is downloaded to; by default the user's cache folder.",
)


@click.command(cls=PatternsCommand, short_help="Train a network and record it.")
@click.option("--run", required=True, type=click.Path(), metavar="DIR", help="The run folder to make.")
@model_option
@data_option
@click.option("--epochs", type=COUNT, help="Passes over the training set; 5 if --steps is not given either.")
@click.option("--steps", type=COUNT, help="Optimizer steps, instead of --epochs.")
@click.option("--batch-size", type=COUNT, default=1024, show_default=True, help="Pictures a step.")
@click.option(
    "--lr",
    type=FiniteNumber(0, min_open=True),
    default=0.001,
    show_default=True,
    help="Adam's learning rate.",
)
@click.option(
    "--seed", type=SEED, default=0, show_default=True, help="For the weights and the pictures' order."
)
@click.option(
    "--layers",
    multiple=True,
    metavar="PATTERN ...",
    help="Layers to record: module paths or glob patterns, one or more; by default every convolution.",
)
@click.option("--samples", type=COUNT, default=10, show_default=True, help="Pictures to record.")
@image_size_option
@data_root_option
@click.option("--force", is_flag=True, help="Replace a run that is there already.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def train(
    run: str, data_root: Path | None, force: bool, quiet: bool, epochs: int | None, **settings: Any
) -> None:
    """Train a network and record, after every step, what its layers make of a few fixed pictures."""
    from reelnet.runs.session import require_free_path

    if epochs is not None:
        settings["epochs"] = epochs
    if epochs is not None and settings["steps"] is not None:
        raise UsageError("--steps and --epochs: give one of them; an epoch is one pass over the training set")
    require_free_path(run, force=force)
    with reserve_stdout():
        from reelnet.demo.training import Recipe

        recipe = Recipe(**settings)
        outcome = train_with_progress(run, recipe, root=data_root, force=force, quiet=quiet)
    click.echo(accuracy_line(outcome))


@click.command(cls=PatternsCommand, short_help="List the layers that can be recorded.")
@click.option(
    "--layers",
    multiple=True,
    metavar="PATTERN ...",
    help="What these patterns record, instead of all that can be recorded.",
)
@model_option
@data_option
@image_size_option
@data_root_option
def layers(data_root: Path | None, **settings: Any) -> None:
    """List the layers of a network that can be recorded, with what ten samples of one step take."""
    with reserve_stdout():
        from reelnet.demo.training import Recipe, list_layers

        places = list_layers(Recipe(**settings), data_root)
    rows: list[tuple[str, ...]] = [("layer", "type", "shape", "bytes a snapshot", "note")]
    rows += [
        (place.path, place.kind, shape_text(place.info.shape), str(place.info.nbytes), place.info.note)
        for place in places
    ]
    if not any(place.info.note for place in places):
        rows = [row[:-1] for row in rows]
    click.echo("\n".join(align_columns(rows, right=(3,))))


def train_with_progress(
    run: str, recipe: Recipe, *, root: Path | None, force: bool, quiet: bool
) -> TrainingResult:
    """Train with a progress bar; Ctrl-C and SIGTERM say how to render what was committed.

    Raises:
        Interruption: Ctrl-C or SIGTERM.
        ReelnetError: The network, the data or the run folder does not do.
    """
    from reelnet.demo.training import train as train_and_record

    reached: int | None = None
    try:
        with progress_bars(quiet=quiet) as start:
            move = start("training").update

            def progress(done: int, total: int) -> None:
                nonlocal reached
                reached = done
                move(done, total)

            return train_and_record(run, recipe, root=root, force=force, progress=progress)
    except KeyboardInterrupt as stopped:
        if reached is None:
            raise Interruption(stopped, " before the first step; nothing was recorded") from None
        again = f"reelnet render {shlex.quote(str(run))} -o '{{layer}}.mp4'"
        left = f" after step {reached}; render what was recorded with: {again}"
        raise Interruption(stopped, left) from None


def accuracy_line(outcome: TrainingResult) -> str:
    """What a training came to, as one line for people."""
    percent = f"{100 * outcome.test_accuracy:.2f} %"
    steps = format_count(outcome.steps, "step")
    return f"test accuracy {percent} after {steps} (loss {outcome.test_loss:.4f})"


@contextmanager
def reserve_stdout() -> Iterator[None]:
    """Send what libraries print on the way (about downloads, say) to stderr."""
    with redirect_stdout(sys.stderr):
        yield
