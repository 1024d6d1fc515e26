"""Files that appear complete or not at all, and the cleanup of what killed processes left behind."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from reelnet.errors import ReelnetError

MIN_LEFTOVER_AGE = 3600.0
"""Seconds since the last write before a leftover is removed. A process of another machine may still be writing to a
shared folder, and whether that process is alive cannot be found out from here."""


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; on success, rename that file to `path`.

    Raises:
        ReelnetError: The folder or the file cannot be written. A file that was at `path` is unchanged.
    """
    with temporary_sibling(path, path.suffix) as temporary:
        yield temporary
        temporary.replace(path)


@contextmanager
def temporary_sibling(path: Path, suffix: str = "") -> Iterator[Path]:
    """Yield a new hidden path in the folder of `path`; remove the file or folder that is there at the end.

    Raises:
        ReelnetError: `path` is a folder, or a file cannot be written.
    """
    temporary = path.with_name(f".{_plain_stem(path)}.reelnet-{os.getpid()}-{token_hex(4)}{suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(21, "Is a directory")
        remove_leftovers(path)
        yield temporary
    except OSError as error:
        raise ReelnetError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        # Also after Ctrl-C.
        _remove(temporary)


def remove_leftovers(path: Path) -> None:
    """Remove the hidden files and folders of processes that were killed while they wrote `path`."""
    pattern = re.compile(rf"\.{re.escape(_plain_stem(path))}\.reelnet-(\d+)-[0-9a-f]{{8}}(\..*)?")
    for file in path.parent.iterdir():
        match = pattern.fullmatch(file.name)
        if match is None or not is_process_dead(int(match[1])):
            continue
        if time.time() - _last_write_time(file) < MIN_LEFTOVER_AGE:
            continue
        _remove(file)


def is_process_dead(pid: int) -> bool:
    """Whether a process of this machine is known to have ended. Always false on Windows."""
    # On Windows, os.kill ends the process instead of checking it.
    if os.name == "nt":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        # The process belongs to another user.
        return False
    return False


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    elif path.exists():
        path.unlink(missing_ok=True)


def _plain_stem(path: Path) -> str:
    # FFmpeg reads a % in a file name as the start of a frame number.
    return path.stem.replace("%", "")


def _last_write_time(path: Path) -> float:
    """When a file, or any file in a folder, was last written, in seconds since 1970."""
    times = [0.0]
    for file in (path, *path.glob("*")):
        # Another process may remove the file at the same time.
        with suppress(FileNotFoundError):
            times.append(file.stat().st_mtime)
    return max(times)
