"""The command group, and how the program ends: one line per mistake, and an exit code that says its kind."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any

import click

from reelnet import __version__
from reelnet._support.text import make_printable
from reelnet.cli.streams import discard_stdout, prepare_streams
from reelnet.errors import ReelnetError, suggest_names

NEEDS_TORCH = ("torch", "torchvision")

GC_THRESHOLD = 200_000
"""New objects after which the garbage collector looks for cycles among them."""


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived. A subclass, so that whatever cleans up after Ctrl-C cleans up after SIGTERM, too."""


class Interruption(ReelnetError):  # noqa: N818
    """Ctrl-C or SIGTERM stopped a command.

    Args:
        cause: The exception that stopped it.
        hint: What follows "interrupted" or "terminated" in the message, such as how to go on.
    """

    def __init__(self, cause: BaseException | None, hint: str = "") -> None:
        terminated = isinstance(cause, Terminated)
        super().__init__(("terminated" if terminated else "interrupted") + hint)
        # As in shells: 128 plus the number of the signal.
        self.exit_code = 143 if terminated else 130


class CommandGroup(click.Group):
    """A group that lists its commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order in which they were added."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown name the error suggests the nearest one."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            ctx.fail(f"no command {args[0]!r}; {suggest_names(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


class App(CommandGroup):
    """The program.

    Args:
        name: The name of the program, with which its error messages begin.
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
        version = click.version_option(
            __version__, prog_name=name, message="%(prog)s %(version)s", help="Show the version."
        )
        version(self)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; Ctrl-C and SIGTERM raise `Interruption`."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Interruption(error) from None

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> None:
        """Run the program and exit."""
        extra["standalone_mode"] = False
        # By default, imports alone cause a hundred collections, which take a tenth of the time of short commands.
        gc.set_threshold(GC_THRESHOLD)
        # Pydantic would look for plugins in all installed packages, which takes 10 ms.
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        prepare_streams()
        exit_code = 0
        try:
            with raise_on_sigterm():
                exit_code = super().main(args, prog_name or self.name, **extra) or 0
            sys.stdout.flush()
        except Exception as error:
            described = describe_exit(error, self.name or "")
            if described is None:
                raise
            text, exit_code = described
            # A broken stderr must not change the exit code.
            with contextlib.suppress(OSError):
                for line in text.splitlines():
                    click.echo(make_printable(" ".join(line.split())), err=True)
        sys.exit(exit_code)


@contextlib.contextmanager
def raise_on_sigterm() -> Iterator[None]:
    """Let SIGTERM raise `Terminated` instead of ending the process at once, so that no partial file is left.

    A SIGTERM handler that the calling program has set stays as it is.
    """
    main_thread = threading.current_thread() is threading.main_thread()
    if not main_thread or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    ignore_until = 0.0

    def stop(_number: int, _frame: object) -> None:
        nonlocal ignore_until
        # timeout(1) signals the process and then its group; the second signal must not interrupt the cleanup.
        if monotonic() >= ignore_until:
            ignore_until = monotonic() + 1
            raise Terminated

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def describe_exit(error: Exception, program: str) -> tuple[str, int] | None:
    """The message and the exit code for an error, or None for a defect that deserves a traceback.

    The message has one line for each mistake; it is empty where nothing should be printed.
    """
    match error:
        case ReelnetError():
            # Only where it lists diagnostics are the lines of an error mistakes of their own.
            lines = str(error).splitlines() if hasattr(error, "diagnostics") else [str(error)]
            return "\n".join(f"{program}: {' '.join(line.split())}" for line in lines), error.exit_code
        case click.UsageError():
            command = error.ctx.command_path if error.ctx else program
            message = error.format_message().rstrip(".")
            return f"{program}: {message} (see '{command} --help')", error.exit_code
        case click.ClickException():
            return f"{program}: {error.format_message()}", error.exit_code
        case click.Abort():
            return describe_exit(Interruption(error.__cause__), program)
        case OSError():
            return describe_os_error(error, program), 1
        case ModuleNotFoundError() if error.name in NEEDS_TORCH:
            return f"{program}: {error.name} is not installed; training needs it: pip install {error.name}", 1
    # A stop inside a lock of `threading` may surface as an error of that lock, with the stop as its context.
    context = error.__context__
    while context is not None and not isinstance(context, KeyboardInterrupt):
        context = context.__context__
    return describe_exit(Interruption(context), program) if context is not None else None


def describe_os_error(error: OSError, program: str) -> str:
    """The message for an error of the operating system; empty if the reader of stdout went away."""
    if error.filename is not None:
        return f"{program}: {error.filename}: {error.strerror or error}"
    if isinstance(error, FileNotFoundError):
        # Of what has no file name, only the working folder can be missing.
        return f"{program}: the working folder was deleted; change to another one"
    discard_stdout()
    if isinstance(error, BrokenPipeError):
        return ""
    return f"{program}: cannot write the output: {error.strerror or error}"
