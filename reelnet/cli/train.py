"""`reelnet train`, `layers` and `demo`: record a training. These commands import torch when they run."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelnet._support.output_path import require_writable
from reelnet._support.text import format_count, make_printable
from reelnet.cli import options, output
from reelnet.cli.app import Interruption
from reelnet.errors import UsageError
from reelnet.scene.number_text import format_percent

if TYPE_CHECKING:
    from reelnet.demo.training import Recipe, TrainingResult
    from reelnet.record.preview_process import PreviewProcess


network_options = options.combine_options(
    click.option(
        "--model",
        default="article",
        show_default=True,
        metavar="NAME",
        help="article, or torchvision:NAME (random weights) such as torchvision:resnet18.",
    ),
    click.option(
        "--data",
        default="mnist",
        show_default=True,
        metavar="NAME",
        help="mnist, torchvision:NAME, or folder:PATH (one folder of pictures per class).",
    ),
)
picture_options = options.combine_options(
    click.option(
        "--image-size",
        type=options.COUNT,
        help="Side in pixels to which pictures are resized; by default they keep their size.",
    ),
    click.option(
        "--data-root",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Where data is stored or downloaded to; by default the user's cache folder.",
    ),
)


@click.command(cls=options.LayersCommand, short_help="Train a network and record it.")
@options.new_run
@network_options
@click.option("--epochs", type=options.COUNT, help="Passes over the training set; 5 without --steps.")
@click.option("--steps", type=options.COUNT, help="Optimizer steps, instead of --epochs.")
@click.option(
    "--batch-size",
    type=options.COUNT,
    help="Pictures per step; by default 1024, or all of a smaller training set.",
)
@click.option(
    "--lr",
    type=options.FiniteNumber(0, min_open=True),
    default=0.001,
    show_default=True,
    help="Adam's learning rate.",
)
@options.seed
@click.option(
    "--layers",
    "--layer",
    "layers",
    multiple=True,
    metavar="PATTERN ...",
    help="Layers to record: module paths or glob patterns, one or more; by default every convolution "
    "and the last dense layer.",
)
@click.option(
    "--samples", type=options.COUNT, help="Pictures to record; by default 10, or all of a smaller test set."
)
@picture_options
@click.option(
    "--preview",
    "previewed",
    is_flag=True,
    help="Show the run in the browser while it trains; on a terminal, until Ctrl-C.",
)
@options.force
@options.quiet
def train(
    run: str,
    data_root: Path | None,
    previewed: bool,
    force: bool,
    quiet: bool,
    epochs: int | None,
    **settings: Any,
) -> None:
    """Train a network and record, after every step, the outputs of its layers for a few fixed pictures."""
    from reelnet.runs.session import require_free_path

    if epochs is not None:
        settings["epochs"] = epochs
    if epochs is not None and settings["steps"] is not None:
        raise UsageError("--steps and --epochs: give one of them; an epoch is one pass over the training set")
    require_free_path(run, force=force)
    with ExitStack() as ended:
        # Libraries print messages about downloads.
        with redirect_stdout(sys.stderr):
            from reelnet.demo.training import Recipe

            recipe = Recipe(**settings)
            preview = LivePreview(run, ended) if previewed else None
            result = train_with_progress(
                run, recipe, root=data_root, force=force, quiet=quiet, preview=preview
            )
        click.echo(format_accuracy(result))
        if preview is not None and sys.stdout.isatty():
            preview.wait()


@click.command(cls=options.LayersCommand, short_help="List the layers that can be recorded.")
@click.option(
    "--layers",
    "--layer",
    "layers",
    multiple=True,
    metavar="PATTERN ...",
    help="What these patterns record, instead of all that can be recorded.",
)
@network_options
@picture_options
def layers(data_root: Path | None, **settings: Any) -> None:
    """List the layers of a network that can be recorded, with the bytes of ten samples at one step."""
    with redirect_stdout(sys.stderr):
        from reelnet.demo.training import Recipe, list_layers

        found = list_layers(Recipe(**settings), data_root)
    rows = [
        (each.path, each.kind, output.format_shape(each.info.shape), str(each.info.nbytes), each.info.note)
        for each in found
    ]
    rows.insert(0, ("layer", "type", "shape", "bytes a snapshot", "note"))
    click.echo("\n".join(output.align_columns(rows, right=(3,))))


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
@options.jobs
@options.quiet
def demo(run: str, out: Path, steps: int, seed: int, force: bool, jobs: int | None, quiet: bool) -> None:
    """Train the article's network on MNIST and write an MP4, a GIF and a poster PNG for each layer."""
    from reelnet.export.report_text import format_report
    from reelnet.export.request import ExportRequest
    from reelnet.reel import open_run
    from reelnet.runs.header import displayable_layers
    from reelnet.runs.session import require_free_path

    require_writable(out / "layer.mp4")
    require_free_path(run, force=force)
    with redirect_stdout(sys.stderr):
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
    for report in output.save_all(requests, quiet=quiet, jobs=jobs):
        click.echo(format_report(report))


class LivePreview:
    """The preview of a training.

    Args:
        run: The run folder.
        ended: Ends the preview.
    """

    def __init__(self, run: str, ended: ExitStack) -> None:
        self._run, self._ended = run, ended
        self._process: PreviewProcess | None = None

    def start(self, echo: Callable[[str], None]) -> None:
        """Start it; the training goes on without it if that fails.

        Args:
            echo: Prints a line on stderr.
        """
        from reelnet.record.preview_process import PreviewProcess

        run = make_printable(self._run)

        def warn(reason: str) -> None:
            echo(f"reelnet: note: {run}: no preview: {reason}")

        try:
            process = PreviewProcess(self._run, lambda address: echo(f"{run}: preview at {address}"), warn)
        except OSError as error:
            warn(str(error))
            return
        self._process = process
        self._ended.callback(process.close)

    def wait(self) -> None:
        """Wait for Ctrl-C."""
        if self._process is not None:
            click.echo("the preview stays open until Ctrl-C", err=True)
            with suppress(KeyboardInterrupt):
                self._process.wait()


def train_with_progress(
    run: str,
    recipe: Recipe,
    *,
    root: Path | None,
    force: bool,
    quiet: bool,
    preview: LivePreview | None = None,
) -> TrainingResult:
    """Train with a progress bar, and start the preview if there is one.

    After Ctrl-C or SIGTERM, the error says how to render what was recorded.

    Raises:
        Interruption: Ctrl-C or SIGTERM arrived.
        ReelnetError: The network, the data or the run folder cannot be used.
    """
    from reelnet.demo.training import train as train_and_record

    last_step: int | None = None
    try:
        with output.progress_bars(quiet=quiet) as add_bar:
            bar = add_bar("training")

            def on_step(done: int, total: int) -> None:
                nonlocal last_step
                if last_step is None and preview is not None:
                    # Now there is a run folder.
                    preview.start(bar.echo)
                last_step = done
                bar.update(done, total)

            return train_and_record(run, recipe, root=root, force=force, progress=on_step)
    except KeyboardInterrupt as signal:
        if last_step is None:
            raise Interruption(signal, " before the first step; nothing was recorded") from None
        command = f"reelnet render {shlex.quote(str(run))} -o '{{layer}}.mp4'"
        hint = f" after step {last_step}; render what was recorded with: {command}"
        raise Interruption(signal, hint) from None


def format_accuracy(result: TrainingResult) -> str:
    """The result of a training on one line."""
    accuracy, steps = format_percent(result.test_accuracy, 1), format_count(result.steps, "step")
    return f"test accuracy {accuracy} after {steps} (loss {result.test_loss:.4f})"
