"""Files that are either whole or not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reelnet.errors import ReelnetError
from reelnet.export.scraps import beside, sweep


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; what was written there takes `path`'s place when all went well.

    Raises:
        ReelnetError: The folder cannot be made or written, or the disk is full. What lay at `path` is as before.
    """
    temporary = beside(path, path.suffix)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(21, "Is a directory")
        sweep(path)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ReelnetError(f"{path}: cannot be written ({reason})") from error
    finally:
        # Also after Ctrl-C; after success there is nothing of that name.
        if temporary.parent.is_dir():
            temporary.unlink(missing_ok=True)
