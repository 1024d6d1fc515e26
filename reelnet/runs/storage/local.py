"""Runs on a file system: files are renamed when complete, and the log is appended to."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reelnet.errors import RunError
from reelnet.runs.storage.file_lock import LOCK_FILE, FileLock, is_locked
from reelnet.runs.storage.protocol import DAMAGED_FOLDER, SAMPLES_FILE, LogTail, Piece, damaged_names

LOG_FILE = "log.jsonl"

READ_SIZE = 1 << 18
"""Bytes per read: small enough to be in the core's own cache when they are checked."""

MAX_STALE_LOG_BYTES = 1_000_000
"""Bytes of obsolete lines above which rewriting the log pays."""

FOLDERS = ("steps", "segments")
"""Folders with the values of steps."""

OWN_FILE = re.compile(
    r"(run\.json|log\.jsonl|samples\.safetensors|metrics\.json|(steps|segments)/\d{8,19}\.safetensors)"
)
"""Names of the files that reelnet writes. Nothing else is ever removed."""

OWN_TEMPORARY_FILE = re.compile(
    r"((steps|segments)/)?\.(run\.json|log\.jsonl|(samples|\d{8,19})\.safetensors|metrics\.json)\.tmp"
)
"""Names of the files that reelnet writes and then renames."""

SYNC_SECONDS = 1.0
"""Least number of seconds between two waits for the disk while steps are added."""

MAX_LINE_BYTES = 16_000_000
"""A log with a longer line is damaged. Lines of segments have some 4 MB, and parsed JSON takes much more memory."""


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
        self._last_sync = -SYNC_SECONDS

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
        """Return whether nothing is there, or a folder with nothing in it but a lock and what precedes a header."""
        if not self.path.is_dir():
            return not self.path.exists()
        return all(map(_precedes_header, self.path.iterdir()))

    def create_folders(self) -> None:
        """Create the run folder, its parents and its subfolders."""
        for name in FOLDERS:
            (self.path / name).mkdir(parents=True, exist_ok=True)
            self._require_own_folder(name)

    def list_files(self, folder: str) -> list[str]:
        """Return the sorted names of the files in a folder that are named as reelnet names them."""
        return [name for name in self._list_regular_files(folder) if OWN_FILE.fullmatch(name)]

    def _list_regular_files(self, folder: str) -> list[str]:
        """Return the sorted names of the regular files in a folder, unless it is a link."""
        with suppress(FileNotFoundError, NotADirectoryError):
            self._require_own_folder(folder)
            with os.scandir(self.path / folder) as entries:
                names = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
            return [f"{folder}/{name}" if folder else name for name in names]
        return []

    def _require_own_folder(self, folder: str) -> None:
        """Make sure that a subfolder is no link and no file, so that no path leads out of the run.

        Raises:
            OSError: It is something else, or not there.
        """
        if folder and not stat.S_ISDIR(os.lstat(self.path / folder).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, f"{folder} is a link or a file instead of a folder")

    def total_size(self) -> int:
        """Return the bytes of all files in the folder, including files that reelnet did not write."""
        total = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                # A recorder may be renaming its files: a listed file may be gone.
                with suppress(FileNotFoundError):
                    info = (Path(folder) / name).lstat()
                    total += info.st_size if stat.S_ISREG(info.st_mode) else 0
        return total

    def file_size(self, name: str) -> int:
        """Return the bytes of a file."""
        return os.lstat(self._own_path(name)).st_size

    def read_bytes(self, name: str, max_size: int | None = None) -> bytes:
        """Read a whole file."""
        path = self._own_path(name)
        if max_size is not None and os.lstat(path).st_size > max_size:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        with _memory_errors():
            return path.read_bytes()

    def _own_path(self, name: str) -> Path:
        """Return the path of a regular file of the run. A link could lead out of it, and a FIFO would block.

        Raises:
            OSError: It is something else, or not there.
        """
        folder, _, _ = name.rpartition("/")
        self._require_own_folder(folder)
        path = self.path / name
        mode = os.lstat(path).st_mode
        if not stat.S_ISREG(mode):
            kind = (
                "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "a device or pipe"
            )
            raise OSError(errno.EINVAL, f"it is {kind} instead of a file")
        return path

    def read_into(self, name: str, offset: int, out: memoryview, row_size: int) -> Iterator[int]:
        """Read from a file into a buffer, some rows at a time."""
        part_size = max(1, READ_SIZE // row_size) * row_size
        with self._own_path(name).open("rb", buffering=0) as file:
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
        with self._own_path(name).open("rb") as file, _memory_errors():
            end = os.fstat(file.fileno()).st_size
            for offset, size in spans:
                file.seek(min(offset, end))
                # Python takes memory for all bytes that it is asked for.
                parts.append(file.read(max(0, min(size, end - offset))))
        return parts

    def write_file(self, name: str, data: bytes) -> None:
        """Create or replace a file."""
        with self._temporary_path(name) as temporary, temporary.open("xb") as file:
            file.write(data)

    def write_pieces(self, name: str, size: int, pieces: Iterable[Piece]) -> None:
        """Create or replace a file from pieces, and flush it to disk."""
        with self._temporary_path(name) as temporary, temporary.open("xb") as file:
            file.truncate(size)
            for offset, data in pieces:
                file.seek(offset)
                file.write(data)
            # The files that the pieces came from will be removed.
            file.flush()
            os.fsync(file.fileno())

    def remove_files(self, names: Iterable[str]) -> None:
        """Remove files that reelnet could have written; missing ones are ignored."""
        for name in names:
            self._remove(name, OWN_FILE)

    def _remove(self, name: str, pattern: re.Pattern[str]) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):
            if pattern.fullmatch(name):
                self._require_own_folder(name.rpartition("/")[0])
                if stat.S_ISREG(os.lstat(self.path / name).st_mode):
                    (self.path / name).unlink()

    def set_aside(self, name: str) -> str:
        """Move a damaged file to the folder `damaged` of the run. Returns its new name."""
        source, target = self._own_path(name), self._next_damaged_name(name)
        source.rename(self.path / target)
        return target

    def write_damaged(self, name: str, data: bytes) -> str:
        """Write a copy of a damaged file to the folder `damaged` of the run. Returns its name."""
        target = self._next_damaged_name(name)
        self.write_file(target, data)
        return target

    def _next_damaged_name(self, name: str) -> str:
        """Return a free name in the folder `damaged`, which is created."""
        (self.path / DAMAGED_FOLDER).mkdir(exist_ok=True)
        self._require_own_folder(DAMAGED_FOLDER)
        names = (f"{DAMAGED_FOLDER}/{each}" for each in damaged_names(name))
        return next(each for each in names if not os.path.lexists(self.path / each))

    def remove_run(self) -> None:
        """Remove the files that reelnet has written, the header last, so that a killed removal can be repeated."""
        self.remove_files([LOG_FILE, "metrics.json"])
        for folder in FOLDERS:
            self.remove_files(self.list_files(folder))
        self.remove_files(["run.json", SAMPLES_FILE])
        self.remove_temporary_files()
        for folder in FOLDERS:
            with suppress(OSError):
                (self.path / folder).rmdir()

    def remove_temporary_files(self) -> None:
        """Remove unfinished files of killed processes."""
        for folder in ("", *FOLDERS):
            for name in self._list_regular_files(folder):
                self._remove(name, OWN_TEMPORARY_FILE)

    def remove_empty_folder(self) -> None:
        """Remove the run folder if it is empty."""
        if self.is_empty():
            for folder in (*(self.path / name for name in FOLDERS), self.path):
                with suppress(FileNotFoundError):
                    folder.rmdir()

    def append_log(self, lines: bytes) -> None:
        """Append lines to the log."""
        if self._log is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            self._log = os.open(self.path / LOG_FILE, flags, 0o644)
        size = os.fstat(self._log).st_size
        try:
            if os.write(self._log, lines) != len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            # Half a line would merge with the next one.
            os.ftruncate(self._log, size)
            raise
        if time.monotonic() - self._last_sync >= SYNC_SECONDS:
            self.sync_log()

    def sync_log(self) -> None:
        """Wait until all lines of the log are on disk."""
        if self._log is not None:
            # A file system that cannot do that has still taken the lines.
            with suppress(OSError):
                os.fsync(self._log)
            self._last_sync = time.monotonic()

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
        with self._own_path(LOG_FILE).open("rb") as file:
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
            lines = _read_lines(file)
        lines = lines[: lines.rfind(b"\n") + 1]
        # A first line that is still being written may change.
        end = offset + len(lines)
        return LogTail(lines, LogPosition(first_bytes[:end], end), is_whole_log=not is_same_log)

    def lock(self) -> FileLock:
        """Keep other recorders out."""
        return FileLock(self.path)

    def is_locked(self) -> bool:
        """Whether a recorder is using the run."""
        return is_locked(self.path)

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            self.sync_log()
            os.close(self._log)
            self._log = None

    @contextmanager
    def _temporary_path(self, name: str) -> Iterator[Path]:
        """Give a temporary path, and rename it to the file's name at the end."""
        path = self.path / name
        temporary = path.with_name(f".{path.name}.tmp")
        # A file that a killed process left, or a link that someone put there.
        temporary.unlink(missing_ok=True)
        try:
            yield temporary
            _replace_file(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


def _precedes_header(path: Path) -> bool:
    """Return whether something in a folder is there before the header of a run: a process may be killed then."""
    mode = os.lstat(path).st_mode
    if stat.S_ISDIR(mode):
        return path.name in FOLDERS and not any(path.iterdir())
    if not stat.S_ISREG(mode):
        return False
    is_empty_log = path.name == LOG_FILE and os.lstat(path).st_size == 0
    is_early = path.name in (LOCK_FILE, SAMPLES_FILE) or OWN_TEMPORARY_FILE.fullmatch(path.name) is not None
    return is_empty_log or is_early


def _read_lines(file: BinaryIO) -> bytes:
    """Read the rest of a log, but no line that is so long that it cannot be one.

    Raises:
        OSError: There is such a line.
    """
    if os.fstat(file.fileno()).st_size - file.tell() <= MAX_LINE_BYTES:
        return file.read()
    parts = []
    while part := file.read(MAX_LINE_BYTES):
        parts.append(part)
        if len(part) == MAX_LINE_BYTES and b"\n" not in part:
            raise OSError(errno.EINVAL, f"a line has more than {MAX_LINE_BYTES // 1_000_000} MB")
    return b"".join(parts)


@contextmanager
def _memory_errors() -> Iterator[None]:
    """Turn a failure to take memory for a damaged size into an `OSError`."""
    try:
        yield
    except (MemoryError, OverflowError):
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)) from None


def _replace_file(source: Path, target: Path) -> None:
    """Rename over an existing file. On Windows a reader may have it open for a moment, so retry."""
    for delay in (0.01, 0.05, 0.2, 0.5) if os.name == "nt" else ():
        with suppress(PermissionError):
            source.replace(target)
            return
        time.sleep(delay)
    source.replace(target)
