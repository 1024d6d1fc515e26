"""Errors of temporary files that lie in the system's folder for them, not beside the output."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from reelnet.errors import ReelnetError


@contextmanager
def explain_scratch_errors() -> Iterator[None]:
    """Name the folder of temporary files in errors of the operating system; it may be full while the output's is not.

    Raises:
        ReelnetError: The operating system raised an error inside.
    """
    try:
        yield
    except OSError as error:
        folder = tempfile.tempdir or "the system"
        raise ReelnetError(
            f"{folder}: no space for temporary files ({error.strerror or error}); set TMPDIR to another folder"
        ) from error
