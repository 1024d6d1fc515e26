"""Files that are either whole or not there.

Hidden files beside an animation while it is made, and what killed processes left of them.

Other processes of this machine.
"""

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


OLD = 3600.0
"""Seconds in which nothing was written to what a process left: another machine's may share the folder, and its
processes cannot be asked."""


def beside(path: Path, suffix: str) -> Path:
    """A hidden path in the folder of `path`, another one at each call."""
    return path.with_name(f".{_name(path)}.reelnet-{os.getpid()}-{token_hex(4)}{suffix}")


def sweep(path: Path) -> None:
    """Remove what processes left that were killed while they made `path`."""
    scrap = re.compile(rf"\.{re.escape(_name(path))}\.reelnet-(\d+)-[0-9a-f]{{8}}(\..*)?")
    for each in path.parent.iterdir():
        found = scrap.fullmatch(each.name)
        if found is None or not is_dead(int(found[1])) or time.time() - _written(each) < OLD:
            continue
        if each.is_dir():
            shutil.rmtree(each, ignore_errors=True)
        else:
            each.unlink(missing_ok=True)


def _name(path: Path) -> str:
    # FFmpeg takes a % in a name for a number to come.
    return path.stem.replace("%", "")


def _written(path: Path) -> float:
    """When a file, or one in a folder, was last written, in seconds since 1970."""
    times = [0.0]
    for file in (path, *path.glob("*")):
        # Another process may sweep here, too.
        with suppress(FileNotFoundError):
            times.append(file.stat().st_mtime)
    return max(times)


def is_dead(process: int) -> bool:
    """Whether a process is no more, as far as one can tell; on Windows to ask is to end it, so nobody does."""
    if os.name == "nt":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        # It is another user's.
        return False
    return False
