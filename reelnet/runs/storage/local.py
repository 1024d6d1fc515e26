"""A run in a folder: files under a temporary name that are renamed, and a log that is appended to."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from reelnet.errors import RunError
from reelnet.runs.storage.file_lock import NAME as LOCK
from reelnet.runs.storage.file_lock import FileLock
from reelnet.runs.storage.protocol import Piece, Tail

LOG = "log.jsonl"

PIECE = 1 << 18
"""Bytes that are read in one go: small enough to be still in a core's own cache when they are checked."""

STALE = 1_000_000
"""Bytes of lines that say nothing any more, from which on a log is worth writing anew."""

FOLDERS = ("steps", "segments")
"""Where the values of steps lie."""


@dataclass(frozen=True)
class Place:
    """How far a log was read, in bytes, and how its first line begins, which tells whether it is still the same."""

    head: bytes
    offset: int


class LocalStore:
    """The files of a run in a folder; see `Store`.

    Args:
        path: The folder.
    """

    at_once = 1
    """The memory is the limit: two threads would only wait for each other."""

    def __init__(self, path: Path) -> None:
        self.path, self.where = path, str(path)
        self._log: int | None = None

    def __str__(self) -> str:
        return self.where

    def full(self, name: str) -> str:
        """Where a file lies."""
        return str(self.path / name)

    def exists(self) -> bool:
        """Whether there is anything at the path."""
        return self.path.exists()

    def no_run(self) -> RunError:
        """The error for a place without a header."""
        path = self.path
        if path.is_file():
            return RunError(f"{path}: no such folder, it is a file; a run is a folder, {path.parent} perhaps")
        if not path.is_dir():
            return RunError(f"{path}: no such folder; record a run with 'reelnet train --run {path}'")
        return RunError(f"{path}: not a run, it has no run.json; name the folder of a recording")

    def is_empty(self) -> bool:
        """Whether it is a folder with nothing in it but a lock."""
        return self.path.is_dir() and all(
            each.name == LOCK or (each.name in FOLDERS and not any(each.iterdir()))
            for each in self.path.iterdir()
        )

    def make(self) -> None:
        """Make the folder with those in it, and those above it."""
        for name in FOLDERS:
            (self.path / name).mkdir(parents=True, exist_ok=True)

    def names(self, folder: str) -> list[str]:
        """The files in a folder."""
        with suppress(FileNotFoundError):
            found = sorted(each.name for each in (self.path / folder).iterdir() if each.is_file())
            return [f"{folder}/{name}" for name in found if not name.startswith(".")]
        return []

    def nbytes(self) -> int:
        """Bytes of all files, those of others among them."""
        total = 0
        for file in self.path.rglob("*"):
            # A recorder at work renames its files: what was listed may be gone.
            with suppress(FileNotFoundError):
                total += file.stat().st_size if file.is_file() else 0
        return total

    def read(self, name: str) -> bytes:
        """All of a file."""
        return (self.path / name).read_bytes()

    def read_into(self, name: str, offset: int, out: memoryview, row: int) -> Iterator[int]:
        """Fill `out` from an offset of a file on, some rows at a time."""
        most = max(1, PIECE // row) * row
        with (self.path / name).open("rb", buffering=0) as file:
            file.seek(offset)
            done = end = 0
            while done == end < len(out):
                end = min(end + most, len(out))
                while done < end and (got := file.readinto(out[done:end])):
                    done += got
                yield done

    def read_spans(self, name: str, spans: Sequence[tuple[int, int]]) -> list[bytes]:
        """Several parts of a file."""
        with (self.path / name).open("rb") as file:
            found = []
            for offset, size in spans:
                file.seek(offset)
                found.append(file.read(size))
            return found

    def write(self, name: str, data: bytes) -> None:
        """Make or replace a file."""
        with self._appearing(name) as temporary:
            temporary.write_bytes(data)

    def assemble(self, name: str, size: int, pieces: Iterable[Piece]) -> None:
        """Make or replace a file of pieces."""
        with self._appearing(name) as temporary, temporary.open("wb") as file:
            file.truncate(size)
            for offset, data in pieces:
                file.seek(offset)
                file.write(data)
            file.flush()
            # What it is made of is removed soon.
            os.fsync(file.fileno())

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, as far as they are there."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)

    def remove_all(self) -> None:
        """Remove what reelnet has written; half a removal does not look like a run."""
        self.remove(["run.json", LOG, "samples.safetensors", "metrics.json"])
        self.remove(
            name for folder in FOLDERS for name in self.names(folder) if name.endswith(".safetensors")
        )
        self.remove_temporary()
        for folder in FOLDERS:
            with suppress(OSError):
                (self.path / folder).rmdir()

    def remove_temporary(self) -> None:
        """Remove what a killed process left half-written."""
        for folder in (self.path, *(self.path / name for name in FOLDERS)):
            for file in folder.glob(".*.tmp"):
                file.unlink(missing_ok=True)

    def remove_folder(self) -> None:
        """Remove the folder, if it is empty."""
        if self.is_empty():
            for name in FOLDERS:
                with suppress(FileNotFoundError):
                    (self.path / name).rmdir()
            self.path.rmdir()

    def append(self, lines: bytes) -> None:
        """Add lines to the log."""
        if self._log is None:
            self._log = os.open(self.path / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        size = os.fstat(self._log).st_size
        try:
            if os.write(self._log, lines) != len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            # Half a line would swallow the next commit.
            os.ftruncate(self._log, size)
            raise

    def rewrite(self, lines: bytes) -> None:
        """Put other lines in the place of the log's; readers see the old ones or the new ones."""
        self.close()
        with self._appearing(LOG) as temporary, temporary.open("wb") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())

    def is_long(self, stale: int) -> bool:
        """Whether a fair part of the log says nothing any more."""
        return stale > STALE and stale > (self.path / LOG).stat().st_size // 4

    def tail(self, place: object) -> Tail:
        """What was added to the log."""
        with (self.path / LOG).open("rb") as file:
            head = file.read(64)
            # Appending leaves the first bytes alone; a log that was written anew has a number of its own there.
            same = (
                isinstance(place, Place)
                and head[: len(place.head)] == place.head
                and (offset := place.offset) <= os.fstat(file.fileno()).st_size
            )
            if not same:
                offset = 0
            file.seek(offset)
            lines = file.read()
        lines = lines[: lines.rfind(b"\n") + 1]
        # Of a first line that is still being written nothing is known.
        head = head if offset + len(lines) >= len(head) else head[: offset + len(lines)]
        return Tail(lines, Place(head, offset + len(lines)), fresh=not same)

    def lock(self) -> FileLock:
        """Keep others from recording here."""
        return FileLock(self.path)

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            os.close(self._log)
            self._log = None

    @contextmanager
    def _appearing(self, name: str) -> Iterator[Path]:
        """A temporary path whose file gets its name in the end."""
        path = self.path / name
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            yield temporary
            replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


def replace(source: Path, target: Path) -> None:
    """Rename over a file that may be there; on Windows, a reader may have it open for a moment."""
    for pause in (0.01, 0.05, 0.2, 0.5) if os.name == "nt" else ():
        with suppress(PermissionError):
            source.replace(target)
            return
        time.sleep(pause)
    source.replace(target)
