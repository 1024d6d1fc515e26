"""`python -m reelnet.preview RUN`: the preview of a run that its own training has started beside it.

It prints its address, or why there is none, on one line.
It ends when its standard input does, or the training's process.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from reelnet.errors import ReelnetError

if TYPE_CHECKING:
    from reelnet.preview.web.server import PreviewServer

LEAST_PRIORITY = 19

LOOK_SECONDS = 0.5
"""How often the preview looks whether the training's process is there."""


def main(run: str) -> int:
    """Serve a run until standard input ends. Returns the exit code."""
    from reelnet.preview.preview import Preview
    from reelnet.preview.web.server import PreviewServer

    # Only now: where the training keeps all processors busy, the imports alone would take a minute. But before there
    # are other threads, which have the priority of the one that starts them.
    if hasattr(os, "nice"):
        os.nice(LEAST_PRIORITY)
    try:
        with Preview(run) as preview, PreviewServer(preview, Path(run).name) as server:
            print(server.address, flush=True)  # noqa: T201
            for wait in (wait_for_input, wait_for_parent):
                threading.Thread(target=end_after, args=(server, wait), daemon=True).start()
            server.serve_forever()
    except ReelnetError as error:
        print(error, flush=True)  # noqa: T201
        return error.exit_code
    return 0


def end_after(server: PreviewServer, wait: Callable[[], None]) -> None:
    """End a server after something has happened."""
    wait()
    server.shutdown()


def wait_for_input() -> None:
    """Wait until standard input ends."""
    while sys.stdin.buffer.read(4096):
        pass


def wait_for_parent() -> None:
    """Wait until the training's process has ended. Others that it has forked may keep the input open."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
