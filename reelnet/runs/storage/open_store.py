"""Choose the store for a path or URL."""

from __future__ import annotations

import os
import re
from pathlib import Path

from reelnet.errors import UsageError
from reelnet.runs.storage.local import LocalStore
from reelnet.runs.storage.protocol import Store

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def open_store(path: str | os.PathLike[str] | Store) -> Store:
    """Open the store of the run at a path, or at a URL such as `s3://bucket/run`. A store is returned unchanged.

    Raises:
        UsageError: `path` is neither a path nor a URL, the URL scheme is unknown, or it needs a package that is not
            installed.
    """
    if not isinstance(path, str | os.PathLike) and isinstance(path, Store):
        return path
    text = path_to_text(path)
    if isinstance(path, str) and _URL.match(text) and not text.startswith("file://"):
        # Most runs are folders, and start faster without it.
        from reelnet.runs.storage.remote import RemoteStore

        return RemoteStore(text)
    return LocalStore(Path(text.removeprefix("file://")))


def path_to_text(path: object) -> str:
    """Convert a run's path or URL to text.

    Raises:
        UsageError: `path` is not a path.
    """
    if isinstance(path, str | os.PathLike) and isinstance(text := os.fspath(path), str):
        return text
    raise UsageError(f"{path!r} is not a path; give the run folder as a str or Path, or a URL")
