"""What a storage of run folders must provide."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from reelnet.errors import RunError

Piece = tuple[int, bytes]
"""An offset in a file, and the bytes to write there."""

SAMPLES_FILE = "samples.safetensors"
"""Name of the file with the samples in a run folder."""

DAMAGED_FOLDER = "damaged"
"""Folder for damaged files that a repaired or resumed run no longer refers to."""


def damaged_names(name: str) -> Iterator[str]:
    """Yield the names that a damaged file may get in that folder; the first free one is used."""
    first = name.replace("/", "-")
    yield first
    for number in itertools.count(1):
        yield f"{first}.{number}"


@dataclass(frozen=True)
class LogTail:
    """The end of a log, from some position on.

    Attributes:
        lines: Complete lines; an unfinished last line is not included.
        position: Where the next read starts. Only the store that returned it can interpret it.
        is_whole_log: Whether the lines are the whole log because it was rewritten, and replace all earlier lines.
    """

    lines: bytes
    position: object
    is_whole_log: bool


class RunLock(Protocol):
    """Keeps other recorders out of a run."""

    def release(self) -> None:
        """Let other recorders in."""


@runtime_checkable
class Store(Protocol):
    """The files of one run, by names such as `steps/00000000.safetensors`. All errors are `OSError`s.

    A file either exists completely or not at all, even if writing it is interrupted. Only the log grows.

    Attributes:
        location: The run's path or URL as the user wrote it, for messages.
        parallel_reads: Number of simultaneous reads that gives the best throughput.
    """

    location: str
    parallel_reads: int

    def __str__(self) -> str: ...

    def full_path(self, name: str) -> str:
        """Return the path or URL of a file, for messages."""

    def exists(self) -> bool:
        """Return whether the folder exists, or anything under the URL."""

    def missing_run_error(self) -> RunError:
        """Build the error for a location without a run header."""

    def is_empty(self) -> bool:
        """Return whether nothing is there but empty folders, a lock, and files that are written before the header."""

    def create_folders(self) -> None:
        """Create the run folder."""

    def list_files(self, folder: str) -> list[str]:
        """Return the sorted names of the files in `steps` or `segments` that are named as reelnet names them."""

    def total_size(self) -> int:
        """Return the bytes of all files."""

    def file_size(self, name: str) -> int:
        """Return the bytes of a file."""

    def read_bytes(self, name: str, max_size: int | None = None) -> bytes:
        """Read a whole file. A file of more than `max_size` bytes is an error."""

    def read_into(self, name: str, offset: int, out: memoryview, row_size: int) -> Iterator[int]:
        """Read from a file into a buffer, one or more rows at a time.

        Args:
            name: Name of the file.
            offset: First byte to read.
            out: The buffer to fill.
            row_size: Bytes of a row.

        Yields:
            The number of bytes read so far, after each part. The last number is less than the size of `out` if the
            file ends early.
        """

    def read_spans(self, name: str, spans: Sequence[tuple[int, int]]) -> list[bytes]:
        """Read several ranges (offset, size) of a file. Ranges beyond the end are shorter, or empty."""

    def write_file(self, name: str, data: bytes) -> None:
        """Create or replace a file."""

    def write_pieces(self, name: str, size: int, pieces: Iterable[Piece]) -> None:
        """Create or replace a file of `size` bytes from pieces in any order. It is on disk when this returns."""

    def remove_files(self, names: Iterable[str]) -> None:
        """Remove files that reelnet could have written; missing ones are ignored. Links are left alone."""

    def set_aside(self, name: str) -> str:
        """Move a damaged file to the folder `damaged` of the run. Returns its new name."""

    def write_damaged(self, name: str, data: bytes) -> str:
        """Write a copy of a damaged file to the folder `damaged` of the run. Returns its name."""

    def remove_run(self) -> None:
        """Remove the files that reelnet has written and nothing else, the header last."""

    def remove_temporary_files(self) -> None:
        """Remove unfinished files of killed processes."""

    def remove_empty_folder(self) -> None:
        """Remove the run folder if it is empty."""

    def append_log(self, lines: bytes) -> None:
        """Append lines to the log, either all of them or, after an error, none."""

    def sync_log(self) -> None:
        """Wait until all lines of the log are on disk."""

    def replace_log(self, lines: bytes) -> None:
        """Replace the lines of the log."""

    def should_rewrite_log(self, stale_bytes: int) -> bool:
        """Return whether the log should be rewritten, given the bytes of its obsolete lines."""

    def read_log(self, position: object) -> LogTail:
        """Read the log from a position that an earlier call returned; None for the whole log."""

    def lock(self) -> RunLock:
        """Keep other recorders out.

        Raises:
            UsageError: Another recorder is using the run.
        """

    def is_locked(self) -> bool:
        """Whether a recorder is using the run, as far as can be told without locking it."""

    def close(self) -> None:
        """Close files that are open for writing."""
