"""Call the command line, in this process or as a program."""

from __future__ import annotations

import sys

from click.testing import CliRunner, Result

from reelnet.cli import main


def call(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def call_expecting_error(code: int, *words: object) -> str:
    """The single line on stderr of a call that must fail with the exit code `code`."""
    result = call(*words)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("reelnet: ")
    return result.stderr


def program_command() -> list[str]:
    return [sys.executable, "-m", "reelnet"]
