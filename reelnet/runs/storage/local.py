"""Runs on a file system: files are renamed when complete, and the log is appended to."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from reelnet.errors import RunError
from reelnet.runs.storage.file_lock import LOCK_FILE, FileLock
from reelnet.runs.storage.protocol import LogTail, Piece

LOG_FILE = "log.jsonl"

READ_SIZE = 1 << 18
"""Bytes per read: small enough to be in the core's own cache when they are checked."""

MAX_STALE_LOG_BYTES = 1_000_000
"""Bytes of obsolete lines above which rewriting the log pays."""

FOLDERS = ("steps", "segments")
"""Folders with the values of steps."""


@dataclass(frozen=True)
class LogPosition:
    """How far a log was read.

    Attributes:
        first_bytes: Start of the first line, which tells whether the log was rewritten since.
        offset: Bytes read so far.
    """

    first_bytes: bytes
    offset: int


class LocalStore:
    """The files of a run in a folder; see `Store`.

    Args:
        path: The run folder.
        max_stale_log_bytes: Bytes of obsolete lines above which the log is rewritten.
    """

    # Memory bandwidth is the limit: two threads would only wait for each other.
    parallel_reads = 1

    def __init__(self, path: Path, max_stale_log_bytes: int = MAX_STALE_LOG_BYTES) -> None:
        self.path, self.location = path, str(path)
        self._max_stale_log_bytes = max_stale_log_bytes
        self._log: int | None = None

    def __str__(self) -> str:
        return self.location

    def full_path(self, name: str) -> str:
        """Return the path of a file."""
        return str(self.path / name)

    def exists(self) -> bool:
        """Return whether there is anything at the path."""
        return self.path.exists()

    def missing_run_error(self) -> RunError:
        """Build the error for a path without a run header."""
        path = self.path
        if path.is_file():
            return RunError(f"{path}: is a file, but a run is a folder; did you mean {path.parent}?")
        if not path.is_dir():
            return RunError(f"{path}: no such folder; record a run with 'reelnet train --run {path}'")
        return RunError(f"{path}: not a run, there is no run.json; give the folder of a recording")

    def is_empty(self) -> bool:
        """Return whether nothing is there, or a folder with nothing in it but a lock."""
        if not self.path.is_dir():
            return not self.path.exists()
        return all(
            each.name == LOCK_FILE or (each.name in FOLDERS and not any(each.iterdir()))
            for each in self.path.iterdir()
        )

    def create_folders(self) -> None:
        """Create the run folder, its parents and its subfolders."""
        for name in FOLDERS:
            (self.path / name).mkdir(parents=True, exist_ok=True)

    def list_files(self, folder: str) -> list[str]:
        """Return the sorted names of the files in a folder, without temporary files."""
        with suppress(FileNotFoundError):
            names = sorted(each.name for each in (self.path / folder).iterdir() if each.is_file())
            return [f"{folder}/{name}" for name in names if not name.startswith(".")]
        return []

    def total_size(self) -> int:
        """Return the bytes of all files in the folder, including files that reelnet did not write."""
        total = 0
        for file in self.path.rglob("*"):
            # A recorder may be renaming its files: a listed file may be gone.
            with suppress(FileNotFoundError):
                total += file.stat().st_size if file.is_file() else 0
        return total

    def read_bytes(self, name: str) -> bytes:
        """Read a whole file."""
        return (self.path / name).read_bytes()

    def read_into(self, name: str, offset: int, out: memoryview, row_size: int) -> Iterator[int]:
        """Read from a file into a buffer, some rows at a time."""
        part_size = max(1, READ_SIZE // row_size) * row_size
        with (self.path / name).open("rb", buffering=0) as file:
            file.seek(offset)
            done = end = 0
            while done == end < len(out):
                end = min(end + part_size, len(out))
                while done < end and (count := file.readinto(out[done:end])):
                    done += count
                yield done

    def read_spans(self, name: str, spans: Sequence[tuple[int, int]]) -> list[bytes]:
        """Read several ranges of a file."""
        parts = []
        with (self.path / name).open("rb") as file:
            for offset, size in spans:
                file.seek(offset)
                parts.append(file.read(size))
        return parts

    def write_file(self, name: str, data: bytes) -> None:
        """Create or replace a file."""
        with self._temporary_path(name) as temporary:
            temporary.write_bytes(data)

    def write_pieces(self, name: str, size: int, pieces: Iterable[Piece]) -> None:
        """Create or replace a file from pieces, and flush it to disk."""
        with self._temporary_path(name) as temporary, temporary.open("wb") as file:
            file.truncate(size)
            for offset, data in pieces:
                file.seek(offset)
                file.write(data)
            # The files that the pieces came from will be removed.
            file.flush()
            os.fsync(file.fileno())

    def remove_files(self, names: Iterable[str]) -> None:
        """Remove files, as far as they exist."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)

    def remove_run(self) -> None:
        """Remove the files that reelnet has written, the header first: a partly removed run is no run."""
        self.remove_files(["run.json", LOG_FILE, "samples.safetensors", "metrics.json"])
        for folder in FOLDERS:
            self.remove_files(name for name in self.list_files(folder) if name.endswith(".safetensors"))
        self.remove_temporary_files()
        for folder in FOLDERS:
            with suppress(OSError):
                (self.path / folder).rmdir()

    def remove_temporary_files(self) -> None:
        """Remove unfinished files of killed processes."""
        for folder in (self.path, *(self.path / name for name in FOLDERS)):
            for file in folder.glob(".*.tmp"):
                file.unlink(missing_ok=True)

    def remove_empty_folder(self) -> None:
        """Remove the run folder if it is empty."""
        if self.is_empty():
            for folder in (*(self.path / name for name in FOLDERS), self.path):
                with suppress(FileNotFoundError):
                    folder.rmdir()

    def append_log(self, lines: bytes) -> None:
        """Append lines to the log."""
        if self._log is None:
            self._log = os.open(self.path / LOG_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        size = os.fstat(self._log).st_size
        try:
            if os.write(self._log, lines) != len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            # Half a line would merge with the next one.
            os.ftruncate(self._log, size)
            raise

    def replace_log(self, lines: bytes) -> None:
        """Replace the lines of the log; readers see either the old or the new ones."""
        self.close()
        self.write_pieces(LOG_FILE, len(lines), [(0, lines)])

    def should_rewrite_log(self, stale_bytes: int) -> bool:
        """Return whether a large part of the log is obsolete."""
        log_size = (self.path / LOG_FILE).stat().st_size
        return stale_bytes > self._max_stale_log_bytes and stale_bytes > log_size // 4

    def read_log(self, position: object) -> LogTail:
        """Read the log from a position on."""
        with (self.path / LOG_FILE).open("rb") as file:
            first_bytes = file.read(64)
            # Appending does not change the first bytes; a rewritten log has its own generation number there.
            is_same_log = (
                isinstance(position, LogPosition)
                and first_bytes[: len(position.first_bytes)] == position.first_bytes
                and (offset := position.offset) <= os.fstat(file.fileno()).st_size
            )
            if not is_same_log:
                offset = 0
            file.seek(offset)
            lines = file.read()
        lines = lines[: lines.rfind(b"\n") + 1]
        # A first line that is still being written may change.
        end = offset + len(lines)
        return LogTail(lines, LogPosition(first_bytes[:end], end), is_whole_log=not is_same_log)

    def lock(self) -> FileLock:
        """Keep other recorders out."""
        return FileLock(self.path)

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            os.close(self._log)
            self._log = None

    @contextmanager
    def _temporary_path(self, name: str) -> Iterator[Path]:
        """Give a temporary path, and rename it to the file's name at the end."""
        path = self.path / name
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            yield temporary
            _replace_file(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


def _replace_file(source: Path, target: Path) -> None:
    """Rename over an existing file. On Windows a reader may have it open for a moment, so retry."""
    for delay in (0.01, 0.05, 0.2, 0.5) if os.name == "nt" else ():
        with suppress(PermissionError):
            source.replace(target)
            return
        time.sleep(delay)
    source.replace(target)
