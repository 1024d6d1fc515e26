"""Where the bytes of an output path go: links are followed, and only a regular file is ever replaced."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from reelnet.errors import ReelnetError, UsageError

MAX_LINKS = 40
"""Links in a row that are followed, as on Linux."""

FILE_KINDS = {
    stat.S_IFDIR: "a folder; name a file in it",
    stat.S_IFIFO: "a named pipe; name a file",
    stat.S_IFSOCK: "a socket; name a file",
    stat.S_IFCHR: "a device; name a file",
    stat.S_IFBLK: "a device; name a file",
}
"""What cannot be replaced by a file, and what to do instead, by the type in `st_mode`."""


def resolve_output(path: Path) -> Path:
    """Follow links at the end of an output path. A file renamed to the result keeps the links as they are.

    Raises:
        UsageError: A folder, a pipe or a device is at `path`, or its name is not Unicode.
        ReelnetError: The path is relative, and the working folder was deleted.
        OSError: It cannot be looked at, such as a chain of links without an end.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"{path}: the name is not valid Unicode in this locale; choose another one"
        ) from None
    try:
        path.absolute()
    except FileNotFoundError:
        raise ReelnetError(
            f"{path}: the working folder was deleted; change to another one, or give an absolute path"
        ) from None
    target = path
    for _ in range(MAX_LINKS):
        if not target.is_symlink():
            break
        target = target.parent / target.readlink()
        # /dev/stdout leads there: it stands for an open file, which must not be renamed over.
        if target.parts[:2] == ("/", "proc"):
            raise UsageError(f"{path}: is {FILE_KINDS[stat.S_IFCHR]}")
    else:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    try:
        kind = stat.S_IFMT(target.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return target
    if kind in FILE_KINDS:
        raise UsageError(f"{path}: is {FILE_KINDS[kind]}")
    return target


def require_writable(*paths: Path) -> None:
    """Check before the first file is written, as far as possible, that all of them can be.

    Raises:
        UsageError: A path is a folder, a pipe or a device, or two paths are the same file.
        ReelnetError: A folder is a file or is read-only.
    """
    targets: set[str] = set()
    for path in paths:
        target = resolve_output(path)
        real = os.path.realpath(target)
        if real in targets:
            raise UsageError(f"{path}: two files would have this name; give each its own")
        targets.add(real)
        folder = target.parent
        while not os.path.lexists(folder):
            folder = folder.parent
        if not folder.is_dir():
            raise ReelnetError(f"{folder}: is a file, so {path} cannot be written; choose another folder")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ReelnetError(f"{folder}: no permission to write {path} here; choose another folder")
