"""A run in an object store, or anywhere else that fsspec reaches: files that are put as a whole, a log in parts."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from reelnet.errors import RunError, UsageError
from reelnet.runs.storage.lease import NAME as LOCK
from reelnet.runs.storage.lease import Lease
from reelnet.runs.storage.protocol import Piece, Tail

PART = re.compile(r"log/(\d{8})\.jsonl")

BUCKETS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory")
"""Kinds of addresses where folders need not be made."""

EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}
"""The extra of reelnet that brings what a kind of address needs."""


class RemoteStore:
    """The files of a run under an address; see `Store`.

    There is no renaming and no appending, but a put is there as a whole or not at all. The log is made of
    numbered parts, of which none is ever changed; a part that begins a log anew stands for all before it.

    Args:
        url: Such as `s3://bucket/run`.

    Raises:
        UsageError: A package is missing, or there is no such kind of address.
    """

    at_once = 8
    parts = 128
    """Parts of a log after which it is worth writing anew."""

    def __init__(self, url: str) -> None:
        self.where = url.rstrip("/")
        self._kind = url.partition("://")[0]
        self._fs, self._root = _opened(self.where, self._kind)
        self._first, self._next = 0, -1

    def __str__(self) -> str:
        return self.where

    def full(self, name: str) -> str:
        """The address of a file."""
        return f"{self.where}/{name}"

    def exists(self) -> bool:
        """Whether there is anything under the address."""
        return bool(self._listed())

    def no_run(self) -> RunError:
        """The error for an address without a header."""
        return RunError(f"{self.where}: no run there, it has no run.json; name the address of a recording")

    def is_empty(self) -> bool:
        """Whether nothing lies there but a lock."""
        return all(name.rpartition("/")[2] == LOCK for name in self._listed())

    def make(self) -> None:
        """Make folders where the place has such."""
        if self._kind not in BUCKETS:
            with _errors():
                for folder in ("", "/steps", "/segments", "/log"):
                    self._fs.makedirs(self._root + folder, exist_ok=True)

    def names(self, folder: str) -> list[str]:
        """The files in a folder."""
        with _errors():
            self._fs.invalidate_cache()
            try:
                found = self._fs.find(f"{self._root}/{folder}")
            except FileNotFoundError:
                return []
        return sorted(f"{folder}/{name.rpartition('/')[2]}" for name in found)

    def nbytes(self) -> int:
        """Bytes of all files."""
        with _errors():
            self._fs.invalidate_cache()
            found = self._fs.find(self._root, detail=True)
        return sum(int(each["size"] or 0) for each in found.values())

    def read(self, name: str) -> bytes:
        """All of a file."""
        with _errors():
            data: bytes = self._fs.cat_file(f"{self._root}/{name}")
            return data

    def read_into(self, name: str, offset: int, out: memoryview, row: int) -> Iterator[int]:
        """Fill `out` from an offset of a file on, in one request, which costs more than its bytes."""
        with _errors():
            data = self._fs.cat_file(f"{self._root}/{name}", start=offset, end=offset + len(out))
        out[: len(data)] = data
        yield len(data)

    def read_spans(self, name: str, spans: Sequence[tuple[int, int]]) -> list[bytes]:
        """Several parts of a file, at the same time."""
        with _errors():
            paths = [f"{self._root}/{name}"] * len(spans)
            starts, ends = [at for at, _ in spans], [at + size for at, size in spans]
            found: list[bytes] = self._fs.cat_ranges(paths, starts, ends, on_error="raise")
            return found

    def write(self, name: str, data: bytes) -> None:
        """Put a file."""
        with _errors():
            self._fs.pipe_file(f"{self._root}/{name}", data)

    def assemble(self, name: str, size: int, pieces: Iterable[Piece]) -> None:
        """Put a file of pieces, which are put together in memory."""
        whole = bytearray(size)
        for offset, data in pieces:
            whole[offset : offset + len(data)] = data
        self.write(name, bytes(whole))

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, as far as they are there."""
        for name in names:
            with suppress(FileNotFoundError), _errors():
                self._fs.rm_file(f"{self._root}/{name}")

    def remove_all(self) -> None:
        """Remove what reelnet has written."""
        self.remove(["run.json", "samples.safetensors", "metrics.json"])
        for folder in ("log", "steps", "segments"):
            self.remove(name for name in self.names(folder) if name.endswith((".safetensors", ".jsonl")))
        self._first, self._next = 0, -1

    def remove_temporary(self) -> None:
        """Nothing is ever half-written."""

    def remove_folder(self) -> None:
        """Remove the folders where the place has such."""
        if self._kind not in BUCKETS and self.is_empty():
            with _errors():
                self._fs.rm(self._root, recursive=True)

    def append(self, lines: bytes) -> None:
        """Add a part to the log. If one of its number is there, another recorder is at work."""
        number = self._number()
        try:
            with _errors():
                self._fs.pipe_file(f"{self._root}/log/{number:08d}.jsonl", lines, mode="create")
        except FileExistsError:
            raise FileExistsError(errno.EEXIST, "another recorder writes there") from None
        self._next = number + 1

    def rewrite(self, lines: bytes) -> None:
        """Add a part that begins the log anew, and remove those before it."""
        self.append(lines)
        self._first = self._next - 1
        self.remove(name for name, number in self._parts() if number < self._first)

    def is_long(self, stale: int) -> bool:
        """Whether the log has so many parts that it is slow to read."""
        return self._number() - self._first > self.parts

    def tail(self, place: object) -> Tail:
        """What was added to the log; `place` is the number of the last part that was read."""
        last = place if isinstance(place, int) else -1
        for _ in range(10):
            parts = self._parts()
            if not parts:
                break
            wanted = [f"{self._root}/{name}" for name, number in parts if number > last]
            # A recorder at work may have removed the parts that were listed, since a newer one stands for them.
            with suppress(FileNotFoundError), _errors():
                found = self._fs.cat(wanted, recursive=False, on_error="raise") if wanted else {}
                lines = b"".join(found[key] for key in sorted(found)) if isinstance(found, dict) else found
                return Tail(lines, parts[-1][1], fresh=place is None)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def lock(self) -> Lease:
        """Keep others from recording there."""
        return Lease(self)

    def close(self) -> None:
        """Nothing is open."""

    def _number(self) -> int:
        """The number of the next part of the log."""
        if self._next < 0:
            parts = self._parts()
            self._first, self._next = (parts[0][1], parts[-1][1] + 1) if parts else (0, 0)
        return self._next

    def _parts(self) -> list[tuple[str, int]]:
        """Name and number of each part of the log, ascending."""
        found = [(name, PART.fullmatch(name)) for name in self.names("log")]
        return sorted(((name, int(match[1])) for name, match in found if match), key=lambda part: part[1])

    def _listed(self) -> list[str]:
        with _errors():
            self._fs.invalidate_cache()
            try:
                return [str(name) for name in self._fs.ls(self._root, detail=False)]
            except FileNotFoundError:
                return []


def _opened(url: str, kind: str) -> tuple[Any, str]:
    extra = f"reelnet[{EXTRAS[kind]}]" if kind in EXTRAS else "fsspec"
    try:
        from fsspec.core import url_to_fs

        filesystem, root = url_to_fs(url)
    except ImportError as error:
        raise UsageError(f"{url}: {kind}:// needs a package ({error}); pip install '{extra}'") from error
    except ValueError as error:
        raise UsageError(f"{url}: no such kind of address ({error})") from error
    return filesystem, root.rstrip("/")


@contextmanager
def _errors() -> Iterator[None]:
    """Have whatever a file system raises as an `OSError` with words."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from error
    except FileExistsError as error:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
    except OSError as error:
        raise type(error)(error.errno or errno.EIO, error.strerror or _words(error)) from error
    except Exception as error:
        raise OSError(errno.EIO, _words(error)) from error


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
