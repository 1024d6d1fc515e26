"""That only one recorder is at work on a run folder. The lock dies with its process, whatever ends it."""

from __future__ import annotations

import json
import os
import platform
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reelnet.errors import UsageError

NAME = "lock"

_held: dict[str, Mapping[str, Any]] = {}
"""Folders that this process records into, and since when: the system's locks are between processes only."""
_guard = threading.Lock()


class FileLock:
    """Holds the file `lock` of a run folder; a file that a killed process left behind is no obstacle.

    Args:
        folder: The run folder, which is there.

    Raises:
        UsageError: Another recorder holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._path, self._process = folder / NAME, os.getpid()
        self._key = str(folder.resolve())
        with _guard:
            if self._key in _held:
                # Not read from the file: closing it would let go of the lock.
                raise _taken(folder, f"this process{_since(_held[self._key])}")
            _held[self._key] = self._take(folder)

    def _take(self, folder: Path) -> Mapping[str, Any]:
        # Whoever lets go removes the file: what was locked must still be what lies there.
        while True:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            if not _locked(self._file):
                owner = owner_of(_read(self._path))
                os.close(self._file)
                raise _taken(folder, owner)
            if _same(self._file, self._path):
                break
            os.close(self._file)
        os.ftruncate(self._file, 0)
        held = holder()
        os.write(self._file, json.dumps(held).encode() + b"\n")
        return held

    def release(self) -> None:
        """Let others record; a forked process lets go of nothing."""
        if self._process != os.getpid() or self._key not in _held:
            return
        _held.pop(self._key)
        with suppress(OSError):
            # Windows removes no file that is open.
            if os.name != "nt" and _same(self._file, self._path):
                self._path.unlink()
        os.close(self._file)


def _taken(folder: Path, owner: str) -> UsageError:
    return UsageError(
        f"{folder}: is being recorded by {owner}; choose another folder, or wait for that recording"
    )


def _read(path: Path) -> Mapping[str, Any]:
    """Who holds a lock, as its file has it; nothing where it cannot be read."""
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text())
        return found if isinstance(found, dict) else {}
    return {}


def holder() -> dict[str, Any]:
    """This process as the file of a lock names it."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"process": os.getpid(), "host": platform.node(), "since": now}


def owner_of(held: Mapping[str, Any]) -> str:
    """Who holds a lock, and since when, for people."""
    if "process" not in held:
        return "another process"
    return f"process {held['process']} on {held.get('host')}{_since(held)}"


def _since(held: Mapping[str, Any]) -> str:
    with suppress(KeyError, TypeError, ValueError):
        return f" since {datetime.fromisoformat(held['since']).astimezone():%Y-%m-%d %H:%M:%S}"
    return ""


def _same(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _locked(file: int) -> bool:
    """Lock an open file; where the file system has no locks it counts as locked."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            # Not flock: a forked process would hold that on, and over the network it is often none.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True
