"""The standard streams of the program, made safe to write to."""

from __future__ import annotations

import io
import os
import sys


def prepare_streams() -> None:
    """Let closed standard streams lead to the null device, and let no character be one that cannot be printed.

    Without the first, the next file that is opened takes the number of the closed stream, and what FFmpeg and its
    codecs print ends up in it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard_stdout() -> None:
    """Let stdout lead to the null device, after a write to it failed.

    Python flushes its buffer at exit; that would fail once more, with a traceback.
    """
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        # A stream without a number, as in tests.
        return
