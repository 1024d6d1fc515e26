"""The group of commands, and how it ends: one line for a mistake, and the right exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from reelnet import __version__
from reelnet.errors import ReelnetError, options

NEEDS_TORCH = ("torch", "torchvision")


class Interruption(ReelnetError):  # noqa: N818
    """Ctrl-C, with a line about what is left."""

    exit_code = 130


class App(click.Group):
    """A group of commands, shown in the order in which they were given.

    Args:
        name: What the program is called in its messages.
        commands: Its commands.
        help: One sentence about the program.
    """

    def __init__(self, name: str, commands: Sequence[click.Command], help: str) -> None:
        super().__init__(
            name,
            commands=commands,
            help=help,
            no_args_is_help=False,
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        )
        self.params.append(_version_option(name))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands' names in the order of use, not of the alphabet."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is answered with the nearest."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            ctx.fail(f"no command {args[0]!r}; {options(args[0], self.commands)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; Ctrl-C becomes an error like others."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interruption("interrupted") from None

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> None:
        """Run the program and exit."""
        extra["standalone_mode"] = False
        code = 0
        try:
            code = super().main(args, prog_name or self.name, **extra) or 0
            sys.stdout.flush()
        except Exception as error:
            found = explain(error, self.name or "")
            if found is None:
                raise
            line, code = found
            _say(line)
        sys.exit(code)


def explain(error: Exception, program: str) -> tuple[str, int] | None:
    """The line and the exit code for an error, or None if it is a defect that should be traced.

    The line is empty where nothing should be said.
    """
    match error:
        case ReelnetError():
            return f"{program}: {error}", error.exit_code
        case click.UsageError():
            where = error.ctx.command_path if error.ctx else program
            message = error.format_message().rstrip(".")
            return f"{program}: {message} (see '{where} --help')", error.exit_code
        case click.ClickException():
            return f"{program}: {error.format_message()}", error.exit_code
        case click.Abort():
            return f"{program}: interrupted", Interruption.exit_code
        case BrokenPipeError():
            _silence_stdout()
            return "", 1
        case OSError():
            if error.filename is None:
                _silence_stdout()
            place = error.filename if error.filename is not None else "cannot write the output"
            return f"{program}: {place}: {error.strerror or error}", 1
        case ModuleNotFoundError() if error.name in NEEDS_TORCH:
            return f"{program}: {error.name} is not installed; training needs it: pip install {error.name}", 1
    return None


def _say(line: str) -> None:
    if line:
        click.echo(" ".join(line.split()), err=True)


def _silence_stdout() -> None:
    # What is still buffered would fail once more when Python exits, with a trace.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _version_option(program: str) -> click.Option:
    def show(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
        if wanted and not ctx.resilient_parsing:
            click.echo(f"{program} {__version__}")
            ctx.exit()

    return click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Show the version.",
    )
