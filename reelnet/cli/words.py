"""How words on the command line become values, where click's own ways do not do."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import click


class FiniteNumber(click.FloatRange):
    """A finite number; FloatRange alone lets `nan` through every range."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or a usage error."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


class WholeNumber(click.IntRange):
    """A whole number in a range."""

    name = "whole number"


def split_words(text: str) -> tuple[str, ...]:
    """The words of a text that are parted by commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


class PatternsCommand(click.Command):
    """A command whose option `--layers` takes all the words up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does, with `--layers A B` read as `--layers A --layers B`."""
        try:
            args = repeat_option("--layers", args)
        except ValueError as error:
            ctx.fail(str(error))
        return super().parse_args(ctx, args)


def repeat_option(option: str, args: list[str]) -> list[str]:
    """Write `option A B` as `option A option B`; the words end at the next option.

    Raises:
        ValueError: No word follows the option.
    """
    end = args.index("--") if "--" in args else len(args)
    out: list[str] = []
    words = deque(args[:end])
    while words:
        name, equals, first = (word := words.popleft()).partition("=")
        if name != option:
            out.append(word)
            continue
        values = [first] if equals else []
        while words and not words[0].startswith("-"):
            values.append(words.popleft())
        if not values:
            raise ValueError(f"{option} needs one pattern or more")
        for value in values:
            out += [option, value]
    return out + args[end:]
