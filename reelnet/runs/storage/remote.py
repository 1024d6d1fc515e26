"""Runs in an object store, or any other file system of fsspec: files are uploaded whole, the log in parts."""

from __future__ import annotations

import errno
import json
import os
import re
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from reelnet._support.text import one_line
from reelnet.errors import RunError, UsageError
from reelnet.runs.storage.file_lock import LOCK_FILE, current_owner, format_owner, is_owner_dead
from reelnet.runs.storage.protocol import DAMAGED_FOLDER, SAMPLES_FILE, LogTail, Piece, damaged_names

LOG_PART = re.compile(r"log/(\d{8})\.jsonl")

OWN_FILE = re.compile(
    r"(run\.json|samples\.safetensors|metrics\.json|lock"
    r"|(steps|segments)/\d{8,19}\.safetensors|log/\d{8}\.jsonl)"
)
"""Names of the files that reelnet writes. Nothing else is ever removed."""

BUCKET_SCHEMES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory")
"""URL schemes of stores that need no folders."""

EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}
"""The extra of reelnet that installs what a URL scheme needs."""

MAX_LOG_PARTS = 128
"""Parts of a log above which rewriting it pays."""

LEASE_SECONDS = 60
"""Seconds after its last renewal at which a lease expires."""

LEASE_RENEWAL_SECONDS = 15
"""Seconds between two renewals of a lease."""


class RemoteStore:
    """The files of a run under a URL; see `Store`.

    Object stores can neither rename nor append, but an upload is either complete or not there. So the log consists
    of numbered parts that never change. A part that starts a rewritten log replaces all parts before it.

    Args:
        url: A URL such as `s3://bucket/run`.
        max_log_parts: Parts of the log above which it is rewritten.

    Raises:
        UsageError: The URL scheme is unknown, or needs a package that is not installed.
    """

    parallel_reads = 8

    def __init__(self, url: str, max_log_parts: int = MAX_LOG_PARTS) -> None:
        self.location = url.rstrip("/")
        self._max_log_parts = max_log_parts
        self._scheme = url.partition("://")[0]
        self._fs, self._root = _open_filesystem(self.location, self._scheme)
        # Numbers of the first part of the log and of the next one to write; -1 before they are known.
        self._first_part, self._next_part = 0, -1

    def __str__(self) -> str:
        return self.location

    def full_path(self, name: str) -> str:
        """Return the URL of a file."""
        return f"{self.location}/{name}"

    def exists(self) -> bool:
        """Return whether there is anything under the URL."""
        return bool(self._list_paths())

    def missing_run_error(self) -> RunError:
        """Build the error for a URL without a run header."""
        return RunError(f"{self.location}: not a run, there is no run.json; give the URL of a recording")

    def is_empty(self) -> bool:
        """Return whether there is no file but a lock and what precedes a header."""
        sizes = self._list_sizes()
        names = {path.removeprefix(f"{self._root}/"): size for path, size in sizes.items()}
        return all(
            name in (LOCK_FILE, SAMPLES_FILE) or (size == 0 and LOG_PART.fullmatch(name))
            for name, size in names.items()
        )

    def create_folders(self) -> None:
        """Create the folders, if the file system has any."""
        if self._scheme not in BUCKET_SCHEMES:
            with _normalize_errors():
                for folder in ("", "/steps", "/segments", "/log"):
                    self._fs.makedirs(self._root + folder, exist_ok=True)

    def list_files(self, folder: str) -> list[str]:
        """Return the sorted names of the files in a folder."""
        names = sorted(f"{folder}/{path.rpartition('/')[2]}" for path in self._list_paths(folder))
        return [name for name in names if OWN_FILE.fullmatch(name)]

    def total_size(self) -> int:
        """Return the bytes of all files."""
        return sum(self._list_sizes().values())

    def file_size(self, name: str) -> int:
        """Return the bytes of a file."""
        with _normalize_errors():
            return int(self._fs.info(f"{self._root}/{name}")["size"])

    def read_bytes(self, name: str, max_size: int | None = None) -> bytes:
        """Read a whole file."""
        with _normalize_errors():
            return bytes(self._fs.cat_file(f"{self._root}/{name}", end=max_size))

    def read_into(self, name: str, offset: int, out: memoryview, row_size: int) -> Iterator[int]:
        """Read from a file into a buffer in a single request, since requests cost more than bytes."""
        with _normalize_errors():
            data = self._fs.cat_file(f"{self._root}/{name}", start=offset, end=offset + len(out))
        out[: len(data)] = data
        yield len(data)

    def read_spans(self, name: str, spans: Sequence[tuple[int, int]]) -> list[bytes]:
        """Read several ranges of a file simultaneously."""
        with _normalize_errors():
            paths = [f"{self._root}/{name}"] * len(spans)
            starts, ends = [offset for offset, _ in spans], [offset + size for offset, size in spans]
            return list(self._fs.cat_ranges(paths, starts, ends, on_error="raise"))

    def write_file(self, name: str, data: bytes) -> None:
        """Upload a file."""
        with _normalize_errors():
            self._fs.pipe_file(f"{self._root}/{name}", data)

    def write_pieces(self, name: str, size: int, pieces: Iterable[Piece]) -> None:
        """Upload a file whose pieces are first assembled in memory."""
        whole = bytearray(size)
        for offset, data in pieces:
            whole[offset : offset + len(data)] = data
        self.write_file(name, bytes(whole))

    def remove_files(self, names: Iterable[str]) -> None:
        """Remove files that reelnet could have written; missing ones are ignored."""
        for name in filter(OWN_FILE.fullmatch, names):
            with suppress(FileNotFoundError), _normalize_errors():
                self._fs.rm_file(f"{self._root}/{name}")

    def set_aside(self, name: str) -> str:
        """Move a damaged file to the folder `damaged` of the run. Returns its new name."""
        target = self._next_damaged_name(name)
        with _normalize_errors():
            self._fs.mv(f"{self._root}/{name}", f"{self._root}/{target}")
        return target

    def write_damaged(self, name: str, data: bytes) -> str:
        """Write a copy of a damaged file to the folder `damaged` of the run. Returns its name."""
        target = self._next_damaged_name(name)
        self.write_file(target, data)
        return target

    def _next_damaged_name(self, name: str) -> str:
        """Return a free name in the folder `damaged`, which is created."""
        with _normalize_errors():
            self._fs.makedirs(f"{self._root}/{DAMAGED_FOLDER}", exist_ok=True)
        taken = {path.rpartition("/")[2] for path in self._list_paths(DAMAGED_FOLDER)}
        return f"{DAMAGED_FOLDER}/{next(each for each in damaged_names(name) if each not in taken)}"

    def remove_run(self) -> None:
        """Remove the files that reelnet has written, the header last, so that a killed removal can be repeated."""
        for folder in ("log", "steps", "segments"):
            self.remove_files(self.list_files(folder))
        self.remove_files(["metrics.json", "run.json", SAMPLES_FILE])
        self._first_part, self._next_part = 0, -1

    def remove_temporary_files(self) -> None:
        """Do nothing: there are no temporary files."""

    def remove_empty_folder(self) -> None:
        """Remove the folders, if the file system has any and they are empty."""
        if self._scheme not in BUCKET_SCHEMES and self.is_empty():
            with _normalize_errors():
                self._fs.rm(self._root, recursive=True)

    def append_log(self, lines: bytes) -> None:
        """Add a part to the log. If its number is taken, another recorder is using the run."""
        number = self._next_part_number()
        try:
            with _normalize_errors():
                self._fs.pipe_file(f"{self._root}/log/{number:08d}.jsonl", lines, mode="create")
        except FileExistsError:
            raise FileExistsError(errno.EEXIST, "another recorder is writing to it") from None
        self._next_part = number + 1

    def replace_log(self, lines: bytes) -> None:
        """Add a part that starts the log anew, and remove the parts before it."""
        self.append_log(lines)
        self._first_part = self._next_part - 1
        # The parts before it are obsolete whether or not they can be removed.
        with suppress(OSError):
            self.remove_files(name for name, number in self._list_log_parts() if number < self._first_part)

    def sync_log(self) -> None:
        """Do nothing: an uploaded part is stored."""

    def should_rewrite_log(self, stale_bytes: int) -> bool:
        """Return whether the log has too many parts to be read quickly."""
        return self._next_part_number() - self._first_part > self._max_log_parts

    def read_log(self, position: object) -> LogTail:
        """Read the log; the position is the number of the last part that was read."""
        last = position if isinstance(position, int) else -1
        for _ in range(10):
            parts = self._list_log_parts()
            if not parts:
                break
            paths = [f"{self._root}/{name}" for name, number in parts if number > last]
            # A recorder may have just removed listed parts because a newer one replaces them; then list again.
            with suppress(FileNotFoundError), _normalize_errors():
                # The result of `cat` is a dict, or the bytes if there is a single path.
                content: Any = self._fs.cat(paths, recursive=False, on_error="raise") if paths else b""
                if isinstance(content, dict):
                    content = b"".join(content[path] for path in sorted(content))
                return LogTail(content, parts[-1][1], is_whole_log=position is None)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def lock(self) -> Lease:
        """Keep other recorders out."""
        return Lease(self)

    def is_locked(self) -> bool:
        """Whether a recorder is using the run."""
        return seconds_left(read_lease(self)) > 0

    def close(self) -> None:
        """Do nothing: no file is kept open."""

    def _next_part_number(self) -> int:
        """Return the number of the next part of the log."""
        if self._next_part < 0:
            parts = self._list_log_parts()
            self._first_part, self._next_part = (parts[0][1], parts[-1][1] + 1) if parts else (0, 0)
        return self._next_part

    def _list_log_parts(self) -> list[tuple[str, int]]:
        """Return the name and number of each part of the log, ascending."""
        matches = [(name, LOG_PART.fullmatch(name)) for name in self.list_files("log")]
        return sorted(((name, int(match[1])) for name, match in matches if match), key=lambda part: part[1])

    def _list_sizes(self) -> dict[str, int]:
        """Return the size of each file of the run by its path."""
        with _normalize_errors():
            self._fs.invalidate_cache()
            files = self._fs.find(self._root, detail=True)
        return {str(path): int(each["size"] or 0) for path, each in files.items()}

    def _list_paths(self, folder: str = "") -> list[str]:
        """Return the paths of the files in a folder, or of the files and folders of the run."""
        with suppress(FileNotFoundError), _normalize_errors():
            self._fs.invalidate_cache()
            paths = (
                self._fs.find(f"{self._root}/{folder}") if folder else self._fs.ls(self._root, detail=False)
            )
            return [str(path) for path in paths]
        return []


class Lease:
    """Locks a run where there are no file locks, by the object `lock`, which is renewed while the lock is held.

    Args:
        store: Files of the run.

    Raises:
        UsageError: Another recorder holds an unexpired lease.
    """

    def __init__(self, store: RemoteStore) -> None:
        self._store, self._id, self._process = store, uuid.uuid4().hex, os.getpid()
        self._owner = current_owner()
        lease = read_lease(store)
        if (seconds := seconds_left(lease)) > 0:
            raise UsageError(
                f"{store}: is being recorded by {format_owner(lease)}; choose another URL, "
                f"or try again in {min(LEASE_SECONDS, seconds):.0f} s if that process was killed"
            )
        self._renew()
        if read_lease(store).get("owner") != self._id:
            raise UsageError(
                f"{store}: another recorder started there at the same moment; choose another URL"
            )
        self._released = threading.Event()
        threading.Thread(target=self._renew_until_released, name="reelnet-lease", daemon=True).start()

    def release(self) -> None:
        """Let other recorders in. In a forked process this does nothing."""
        if self._process == os.getpid() and not self._released.is_set():
            self._released.set()
            with suppress(OSError):
                self._store.remove_files([LOCK_FILE])

    def _renew_until_released(self) -> None:
        while not self._released.wait(LEASE_RENEWAL_SECONDS):
            with suppress(OSError):
                self._renew()

    def _renew(self) -> None:
        content = {"owner": self._id, **self._owner, "time": time.time()}
        self._store.write_file(LOCK_FILE, json.dumps(content).encode())


def read_lease(store: RemoteStore) -> dict[str, Any]:
    """Read the lease of a run; empty if there is no valid one."""
    try:
        lease = json.loads(store.read_bytes(LOCK_FILE))
        return {**lease, "time": float(lease["time"]), "owner": str(lease["owner"])}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}


def seconds_left(lease: Mapping[str, Any]) -> float:
    """Seconds until a lease expires; 0 or less if it has expired, or if its process is known to have ended."""
    return 0.0 if is_owner_dead(lease) else lease.get("time", 0.0) + LEASE_SECONDS - time.time()


def _open_filesystem(url: str, scheme: str) -> tuple[Any, str]:
    """Return fsspec's file system for a URL, and the path in it."""
    package = f"reelnet[{EXTRAS[scheme]}]" if scheme in EXTRAS else "fsspec"
    try:
        from fsspec.core import url_to_fs

        filesystem, root = url_to_fs(url)
    except ImportError as error:
        raise UsageError(
            f"{url}: {scheme}:// needs a package that is not installed ({error}); run pip install '{package}'"
        ) from error
    except ValueError as error:
        raise UsageError(f"{url}: unknown URL scheme {scheme}:// ({error})") from error
    return filesystem, root.rstrip("/")


@contextmanager
def _normalize_errors() -> Iterator[None]:
    """Turn any error of a file system into an `OSError` with a message."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from error
    except FileExistsError as error:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
    except OSError as error:
        raise type(error)(error.errno or errno.EIO, error.strerror or one_line(error)) from error
    except Exception as error:
        raise OSError(errno.EIO, one_line(error)) from error
