"""The group of commands, and how it ends: one line for a mistake, and the right exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any

import click

from reelnet import __version__
from reelnet.errors import ReelnetError, TemplateError, suggest_names

NEEDS_TORCH = ("torch", "torchvision")


class Terminated(KeyboardInterrupt):
    """SIGTERM. Whatever tidies up after Ctrl-C does so after this, too."""


class Interruption(ReelnetError):  # noqa: N818
    """Ctrl-C or SIGTERM, with a line about what is left.

    Args:
        cause: What stopped the program.
        left: How the line goes on after "interrupted" or "terminated".
    """

    def __init__(self, cause: BaseException | None, left: str = "") -> None:
        terminated = isinstance(cause, Terminated)
        super().__init__(("terminated" if terminated else "interrupted") + left)
        # As shells have it: 128 and the signal's number.
        self.exit_code = 143 if terminated else 130


class CommandGroup(click.Group):
    """A group of commands, shown in the order in which they were given."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands' names in the order of use, not of the alphabet."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is answered with the nearest."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            ctx.fail(f"no command {args[0]!r}; {suggest_names(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


class App(CommandGroup):
    """The program: its commands, and how it ends.

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

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; Ctrl-C and SIGTERM become an error like others."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stopped:
            raise Interruption(stopped) from None

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> None:
        """Run the program and exit."""
        extra["standalone_mode"] = False
        code = 0
        try:
            with raise_on_sigterm():
                code = super().main(args, prog_name or self.name, **extra) or 0
            sys.stdout.flush()
        except Exception as error:
            found = describe_exit(error, self.name or "")
            if found is None:
                raise
            line, code = found
            _print_error(line)
        sys.exit(code)


@contextlib.contextmanager
def raise_on_sigterm() -> Iterator[None]:
    """Let SIGTERM raise `Terminated` instead of ending the process at once, so that nothing half-written is left.

    A program that calls this one may have its own way with SIGTERM (ignore it, say); that stays.
    """
    main_thread = threading.current_thread() is threading.main_thread()
    if not main_thread or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    deaf_until = 0.0

    def stop(_number: int, _frame: object) -> None:
        nonlocal deaf_until
        # timeout(1) signals the process and then its group: the second must not cut the tidying short.
        if monotonic() >= deaf_until:
            deaf_until = monotonic() + 1
            raise Terminated

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def describe_exit(error: Exception, program: str) -> tuple[str, int] | None:
    """The line and the exit code for an error, or None if it is a defect that should be traced.

    The line is empty where nothing should be said.
    """
    match error:
        case ReelnetError():
            return "\n".join(f"{program}: {line}" for line in error_lines(error)), error.exit_code
        case click.UsageError():
            where = error.ctx.command_path if error.ctx else program
            message = error.format_message().rstrip(".")
            return f"{program}: {message} (see '{where} --help')", error.exit_code
        case click.ClickException():
            return f"{program}: {error.format_message()}", error.exit_code
        case click.Abort():
            return describe_exit(Interruption(error.__cause__), program)
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
    # A stop inside a lock of Python's threads may come out as that lock's complaint, with the stop behind it.
    behind = error.__context__
    while behind is not None and not isinstance(behind, KeyboardInterrupt):
        behind = behind.__context__
    return describe_exit(Interruption(behind), program) if behind is not None else None


def error_lines(error: ReelnetError) -> list[str]:
    """An error in one line; a template's in one line for each of its mistakes."""
    text = str(error)
    return text.splitlines() if isinstance(error, TemplateError) else [" ".join(text.split())]


def _print_error(line: str) -> None:
    for each in line.splitlines():
        click.echo(" ".join(each.split()), err=True)


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
