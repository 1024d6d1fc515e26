"""Where the files of a run lie: what reading and writing them takes, whatever the place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from reelnet.errors import RunError

Piece = tuple[int, bytes]
"""Bytes, and the offset in a file where they go."""


class Lock(Protocol):
    """That nobody else records into a run."""

    def release(self) -> None:
        """Let others record."""


class Store(Protocol):
    """A run's files by name, such as `steps/00000000.safetensors`. All its errors are `OSError`s.

    A file is there as a whole or not at all, whatever happens while it is written. The log alone grows.

    Attributes:
        where: The run's place as the user wrote it, for messages.
        at_once: How many reads at a time pay.
    """

    where: str
    at_once: int

    def __str__(self) -> str: ...

    def full(self, name: str) -> str:
        """Where a file lies, for messages."""

    def exists(self) -> bool:
        """Whether there is a folder, or anything under the address."""

    def no_run(self) -> RunError:
        """The error for a place without a header."""

    def is_empty(self) -> bool:
        """Whether nothing lies there but a lock."""

    def make(self) -> None:
        """Make the folder."""

    def names(self, folder: str) -> list[str]:
        """The files in a folder, by their names in the run, sorted; temporary ones not among them."""

    def nbytes(self) -> int:
        """Bytes of all files."""

    def read(self, name: str) -> bytes:
        """All of a file."""

    def read_into(self, name: str, offset: int, out: memoryview, row: int) -> Iterator[int]:
        """Fill `out` from an offset of a file on, one or more rows at a time.

        Args:
            name: Of the file.
            offset: In bytes.
            out: Takes the values.
            row: Bytes of a row.

        Yields:
            After each part how many bytes are there in all; the last time less than asked where the file ends.
        """

    def read_spans(self, name: str, spans: Sequence[tuple[int, int]]) -> list[bytes]:
        """Several parts (offset, size) of a file; one that the file does not hold is shorter, or empty."""

    def write(self, name: str, data: bytes) -> None:
        """Make or replace a file."""

    def assemble(self, name: str, size: int, pieces: Iterable[Piece]) -> None:
        """Make or replace a file of pieces that come in any order; it lies safe on the disk once this returns."""

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, as far as they are there."""

    def remove_all(self) -> None:
        """Remove what reelnet has written, and nothing else; the header first."""

    def remove_temporary(self) -> None:
        """Remove what a killed process left half-written."""

    def remove_folder(self) -> None:
        """Remove the folder, if it is empty."""

    def append(self, lines: bytes) -> None:
        """Add lines to the log; all of them are there afterwards, or none."""

    def rewrite(self, lines: bytes) -> None:
        """Put other lines in the place of the log's."""

    def is_long(self, stale: int) -> bool:
        """Whether the log is worth writing anew, with so many bytes of lines that say nothing any more."""

    def tail(self, place: object) -> Tail:
        """What was added to the log since `place`, which an earlier tail gave; None for all of it."""

    def lock(self) -> Lock:
        """Keep others from recording here.

        Raises:
            UsageError: Another one records.
        """

    def close(self) -> None:
        """Close what is open for writing."""


class Tail:
    """What a log holds from some place on.

    Attributes:
        lines: Whole lines, without what follows the last newline.
        place: Where the next tail begins.
        fresh: Whether this is the whole log, since it was written anew.
    """

    def __init__(self, lines: bytes, place: object, *, fresh: bool) -> None:
        self.lines, self.place, self.fresh = lines, place, fresh
