"""A file that a page has had written, so that it can be opened as long as it is still that file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reelnet.errors import ReelnetError

OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
"""A pipe that has taken the place of a file must not be waited for."""


@dataclass(frozen=True)
class RenderedFile:
    """A file as it was when it had been written.

    Attributes:
        path: The file.
        identity: What tells it from any other file, and from itself once it is changed.
    """

    path: Path
    identity: tuple[int, ...]

    @classmethod
    def find(cls, path: Path) -> RenderedFile | None:
        """The file at a path; None if there is none, as for the pattern of a sequence."""
        return cls(path, _identify(path.stat())) if path.is_file() else None

    def open(self) -> BinaryIO:
        """Open it.

        Raises:
            ReelnetError: It is gone, or there is another file now.
        """
        try:
            file = os.fdopen(os.open(self.path, OPEN_FLAGS), "rb")
        except OSError:
            raise ReelnetError("the file is gone; render it again") from None
        # Also a link that has taken its place leads to another file.
        if _identify(os.fstat(file.fileno())) != self.identity:
            file.close()
            raise ReelnetError("the file was replaced meanwhile; render it again")
        return file


def _identify(state: os.stat_result) -> tuple[int, ...]:
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns
