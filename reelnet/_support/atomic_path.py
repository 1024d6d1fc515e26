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

from reelnet._support.output_path import resolve_output
from reelnet.errors import ReelnetError

MIN_LEFTOVER_AGE = 3600.0
"""Seconds since the last write before a leftover is removed. A process of another machine may still be writing to a
shared folder, and whether that process is alive cannot be found out from here."""

MAX_STEM_BYTES, MAX_SUFFIX_BYTES = 100, 16
"""Bytes of a name that its temporary names repeat. File systems allow 255 bytes, and 143 if names are encrypted."""


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; on success, rename that file to `path`.

    If `path` is a link, the file that it points to is replaced.

    Raises:
        UsageError: `path` is a folder, a pipe or a device.
        ReelnetError: The folder or the file cannot be written. A file that was at `path` is unchanged.
    """
    with temporary_sibling(path, path.suffix) as temporary:
        yield temporary
        temporary.replace(resolve_output(path))


@contextmanager
def temporary_sibling(path: Path, suffix: str = "") -> Iterator[Path]:
    """Yield a new hidden path in the folder of `path`; remove the file or folder that is there at the end.

    If `path` is a link, the folder is that of the file that it points to.

    Raises:
        UsageError: `path` is a folder, a pipe or a device.
        ReelnetError: A file cannot be written.
    """
    temporary = None
    try:
        target = resolve_output(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(target)
        name = (
            f".{_plain_stem(target)}.reelnet-{os.getpid()}-{token_hex(4)}{_shorten(suffix, MAX_SUFFIX_BYTES)}"
        )
        temporary = target.with_name(name)
        yield temporary
    except OSError as error:
        raise ReelnetError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        # Also after Ctrl-C.
        if temporary is not None:
            _remove(temporary)


def remove_leftovers(path: Path) -> None:
    """Remove the hidden files and folders of processes that were killed while they wrote `path`.

    Those that cannot be removed, such as another user's, stay.
    """
    pattern = re.compile(rf"\.{re.escape(_plain_stem(path))}\.reelnet-(\d+)-[0-9a-f]{{8}}(\..*)?")
    try:
        files = [*path.parent.iterdir()]
    except PermissionError:
        # A folder may be written but not listed.
        return
    for file in files:
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
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _plain_stem(path: Path) -> str:
    # FFmpeg reads a % in a file name as the start of a frame number.
    return _shorten(path.stem.replace("%", ""), MAX_STEM_BYTES)


def _shorten(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode(errors="ignore")


def _last_write_time(path: Path) -> float:
    """When a file, or any file in a folder, was last written, in seconds since 1970."""
    times = [0.0]
    for file in (path, *path.glob("*")):
        # Another process may remove the file at the same time.
        with suppress(FileNotFoundError):
            times.append(file.lstat().st_mtime)
    return max(times)
