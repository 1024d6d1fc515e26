"""What kind of thing an input path leads to: only regular files are read, since others may never end."""

from __future__ import annotations

import stat
from pathlib import Path

from reelnet._support.byte_size import format_size
from reelnet.errors import ReelnetError, UsageError

KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFIFO: "named pipe",
    stat.S_IFSOCK: "socket",
}
"""The kinds by the type in `st_mode`; all others are devices."""


def describe_kind(path: Path) -> str:
    """Return "file", "folder", "named pipe", "socket" or "device", or an empty string if nothing is there."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return ""
    return KINDS.get(stat.S_IFMT(mode), "device")


def describe_irregular(path: Path) -> str:
    """Say that something is no file, such as `is a named pipe, not a file`; empty if it is one, or is not there."""
    kind = describe_kind(path)
    return f"is a {kind}, not a file" if kind not in ("", "file") else ""


def require_regular(path: Path, max_bytes: int | None = None) -> None:
    """Check that `path` is a regular file, if it exists.

    Args:
        path: The path.
        max_bytes: The most bytes that a file may have; None for any number.

    Raises:
        UsageError: It is a folder, a pipe, a socket or a device.
        ReelnetError: The file has more bytes.
    """
    if problem := describe_irregular(path):
        raise UsageError(f"{path}: {problem}")
    if max_bytes is not None and path.is_file() and (size := path.stat().st_size) > max_bytes:
        raise ReelnetError(f"{path}: {format_size(size)}, and at most {format_size(max_bytes)} are read")
