"""The arguments and options that several commands take, as decorators, and the parameter types behind them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reelnet.reel import Run
    from reelnet.render.rendition import Rendition
    from reelnet.template.model import Template

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class FiniteNumber(click.FloatRange):
    """A finite number in a range; `FloatRange` alone accepts `nan` in every range."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert to a float, or fail with a usage error."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


class WholeNumber(click.IntRange):
    """A whole number in a range."""

    name = "whole number"


class Step(click.types.IntParamType):
    """The number of a training step, `first` or `last`."""

    name = "step"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert to an integer unless it is `first` or `last`, or fail with a usage error."""
        if value in ("first", "last"):
            return str(value)
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is not a step; give its number, 'first' or 'last'.", param, ctx)


COUNT = WholeNumber(1)

SEED = WholeNumber(0, 2**63 - 1)
"""The seeds that torch accepts."""


def combine_options(*options: Decorator) -> Decorator:
    """Combine options into one decorator; help lists them in this order."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


run = click.argument("run", type=click.Path())
quiet = click.option("--quiet", is_flag=True, help="No progress bars.")
jobs = click.option(
    "--jobs",
    type=COUNT,
    metavar="N",
    help="Write up to N files at a time, each in its own process. By default one for every 8 processors.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
results = combine_options(
    click.option(
        "--report",
        "report_path",
        type=click.Path(path_type=Path),
        metavar="FILE.json",
        help="Keep the reports, with all that 'reelnet again' needs to make the files again.",
    ),
    as_json,
    quiet,
)
set_key = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A key of the template to change; may be repeated.",
)

# A command that makes a run.
new_run = click.option(
    "--run", required=True, type=click.Path(), metavar="DIR", help="The run folder to make."
)
force = click.option("--force", is_flag=True, help="Replace what exists already.")
seed = click.option(
    "--seed", type=SEED, default=0, show_default=True, help="For the weights and the order of the pictures."
)

layers = click.option(
    "--layer",
    "--layers",
    "layers",
    multiple=True,
    metavar="NAME ...",
    help="The layers to show, one or more, or 'all'.",
)

# What is shown, and how it is laid out; see `LayoutOptions`.
layout = combine_options(
    layers,
    click.option(
        "--template",
        default="article",
        show_default=True,
        metavar="NAME",
        help="The look: a template's name (see 'reelnet templates list') or file.",
    ),
    set_key,
    click.option(
        "--scale", type=WholeNumber(1, 256), help="Output pixels per map value; by default cells are 56 px."
    ),
    click.option(
        "--density",
        type=WholeNumber(1, 4),
        help="Output pixels per pixel of the layout; by default 1 for GIF or with a scale or a whole size, else 2.",
    ),
)
fps = click.option(
    "--fps", type=FiniteNumber(0.01, 1000), help="Frames per second; by default the template's."
)

# What may be lost to meet a cap.
reductions = combine_options(
    click.option(
        "--max-error",
        type=FiniteNumber(0, 240),
        help="With a cap: the largest allowed error of a value, in 1/240ths of the color range; 4 by default.",
    ),
    click.option(
        "--keep",
        metavar="WHAT",
        default="",
        help="With a cap: what must not be reduced: frames, levels, channels, scale, or several with commas.",
    ),
)


@dataclass(frozen=True)
class LayoutOptions:
    """What is shown, and how it is laid out; commands with `layout` and `fps` collect their values here.

    Attributes:
        layers: The values of `--layer`.
        template: The name or file of the template.
        settings: Keys of the template to change, each as `KEY=VALUE`.
        scale: Output pixels per map value; None for the template's.
        density: Output pixels per pixel of the layout; None for the template's, or what suits the format.
        fps: Frames per second; None for the template's.
    """

    layers: tuple[str, ...]
    template: str
    settings: tuple[str, ...]
    scale: int | None
    density: int | None
    fps: float | None = None

    def open_inputs(self, run: str) -> tuple[Run, Template]:
        """Open the run and load the template."""
        from reelnet.export.fitting_template import load_template_for
        from reelnet.reel import open_run
        from reelnet.template.settings import parse_options

        opened = open_run(run)
        layer = self.layers[0] if len(self.layers) == 1 and self.layers[0] != "all" else None
        return opened, load_template_for(opened, self.template, parse_options(self.settings), layer)

    def build_renditions(self, run: Run, template: Template, layers: Sequence[str]) -> list[Rendition]:
        """Lay out the run once for each layer.

        Raises:
            TemplateError: The template does not fit a layer; the error has the mistakes for all layers.
        """
        from reelnet.export.layers import lay_out_layers
        from reelnet.render.rendition import LayoutRequest

        request = LayoutRequest(template, None, self.scale, self.fps, density=self.density)
        return lay_out_layers(run, request, layers)


def split_words(text: str) -> tuple[str, ...]:
    """Split a text at its commas; empty words are dropped."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


class LayersCommand(click.Command):
    """A command whose option `--layer` or `--layers` takes all the words up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does, with `--layer A B` read as `--layer A --layer B`."""
        options = [param for param in self.params if isinstance(param, click.Option)]
        try:
            args = repeat_layers(
                args,
                with_value={name for option in options if not option.is_flag for name in option.opts},
                arguments=sum(isinstance(param, click.Argument) for param in self.params),
            )
        except ValueError as error:
            ctx.fail(str(error))
        return super().parse_args(ctx, args)


def repeat_layers(args: list[str], *, with_value: Collection[str], arguments: int) -> list[str]:
    """Rewrite `--layer A B` as `--layer A --layer B`, and `--layers` alike; the words end at the next option.

    Args:
        args: The words of the command.
        with_value: The options that take a value.
        arguments: The number of arguments of the command. If there are fewer elsewhere, the last words after the
            last `--layer` are the missing ones, as RUN in `--layer A RUN -o FILE`.

    Raises:
        ValueError: No word follows the option.
    """
    end = args.index("--") if "--" in args else len(args)
    words = deque(args[:end])
    groups: list[tuple[str, list[str]]] = []
    missing = arguments - len(args[end + 1 :])
    while words:
        name, equals, first = (word := words.popleft()).partition("=")
        if name not in ("--layer", "--layers") or name not in with_value:
            groups.append(("", [word, *([words.popleft()] if word in with_value and words else [])]))
            missing -= not word.startswith("-")
            continue
        values = [first] if equals else []
        while words and not words[0].startswith("-"):
            values.append(words.popleft())
        if not values:
            raise ValueError(f"{name} needs one name or more")
        groups.append((name, values))
    rewritten: list[str] = []
    for name, values in reversed(groups):
        count = min(max(missing, 0), len(values) - 1) if name else 0
        missing -= count
        kept = values[: len(values) - count]
        rewritten[:0] = [
            *(word for value in kept for word in filter(None, (name, value))),
            *values[len(kept) :],
        ]
    return rewritten + args[end:]
