"""Locks a run folder for one recorder. The lock ends with its process, however the process ends."""

from __future__ import annotations

import errno
import json
import os
import platform
import stat
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reelnet._support.atomic_path import is_process_dead
from reelnet.errors import UsageError

LOCK_FILE = "lock"

_owned_locks: dict[str, Mapping[str, Any]] = {}
"""Folders that this process records into, with the content of their lock files.

The system's locks only work between processes."""

_guard = threading.Lock()


class FileLock:
    """Locks the file `lock` of a run folder. A file left by a killed process is not locked.

    Args:
        folder: The run folder, which exists.

    Raises:
        UsageError: Another recorder has locked it.
    """

    def __init__(self, folder: Path) -> None:
        self._path, self._process = folder / LOCK_FILE, os.getpid()
        self._key = str(folder.resolve())
        with _guard:
            if self._key in _owned_locks:
                # Do not read the owner from the file: closing the file would release the lock.
                raise _locked_error(folder, f"this process{_format_start(_owned_locks[self._key])}")
            _owned_locks[self._key] = self._acquire(folder)

    def _acquire(self, folder: Path) -> Mapping[str, Any]:
        # The previous owner removes the file when it releases the lock, so check that the locked file is still there.
        while True:
            # Not through a link, which could lead to a file of someone else.
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            self._file = os.open(self._path, flags, 0o644)
            if not stat.S_ISREG(os.fstat(self._file).st_mode):
                os.close(self._file)
                raise OSError(errno.EINVAL, f"{LOCK_FILE} is a device or pipe instead of a file")
            if not _try_lock(self._file):
                owner = format_owner(_read_owner(self._path))
                os.close(self._file)
                raise _locked_error(folder, owner)
            if _is_same_file(self._file, self._path):
                break
            os.close(self._file)
        os.ftruncate(self._file, 0)
        owner_info = current_owner()
        os.write(self._file, json.dumps(owner_info).encode() + b"\n")
        return owner_info

    def release(self) -> None:
        """Let other recorders in. In a forked process this does nothing."""
        if self._process != os.getpid() or self._key not in _owned_locks:
            return
        _owned_locks.pop(self._key)
        with suppress(OSError):
            # Windows cannot remove an open file.
            if os.name != "nt" and _is_same_file(self._file, self._path):
                self._path.unlink()
        os.close(self._file)


def is_locked(folder: Path) -> bool:
    """Whether a recorder holds the lock of a run folder, as far as can be told from this machine."""
    with _guard:
        if str(folder.resolve()) in _owned_locks:
            # Closing the file would release the lock.
            return True
        path = folder / LOCK_FILE
        return path.is_file() and not is_owner_dead(_read_owner(path))


def is_owner_dead(owner: Mapping[str, Any]) -> bool:
    """Whether the owner of a lock is a process of this machine that has ended."""
    process = owner.get("process")
    return owner.get("host") == platform.node() and isinstance(process, int) and is_process_dead(process)


def current_owner() -> dict[str, Any]:
    """Describe this process for a lock file."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"process": os.getpid(), "host": platform.node(), "since": now}


def format_owner(owner: Mapping[str, Any]) -> str:
    """Describe the owner of a lock for people, from the content of the lock file."""
    if "process" not in owner:
        return "another process"
    return f"process {owner['process']} on {owner.get('host')}{_format_start(owner)}"


def _format_start(owner: Mapping[str, Any]) -> str:
    with suppress(KeyError, TypeError, ValueError):
        return f" since {datetime.fromisoformat(owner['since']).astimezone():%Y-%m-%d %H:%M:%S}"
    return ""


def _locked_error(folder: Path, owner: str) -> UsageError:
    return UsageError(
        f"{folder}: is being recorded by {owner}; choose another folder, or wait for that recording"
    )


def _read_owner(path: Path) -> Mapping[str, Any]:
    """Read the owner from a lock file; empty if the file cannot be read."""
    with suppress(OSError, ValueError):
        content = json.loads(path.read_text())
        return content if isinstance(content, dict) else {}
    return {}


def _is_same_file(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _try_lock(file: int) -> bool:
    """Lock an open file, and return whether that worked. On a file system without locks it counts as locked."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            # Not flock: a forked process would keep that lock, and network file systems often lack it.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True
