"""A preview beside a training: a process of its own, which cannot disturb the training."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Libraries would start as many threads as there are processors, which the training needs."""

END_SECONDS = 2


class PreviewProcess:
    """Shows a run in the browser while it is being recorded.

    The process ends when this object is no longer needed, and when this process ends, however that happens.

    Args:
        run: The run folder or URL.
        on_address: Called once, in another thread, with the address of the page.
        on_failure: Called instead, in another thread, with the reason if the preview cannot start.

    Raises:
        OSError: There is no room for another process.
    """

    def __init__(
        self, run: str, on_address: Callable[[str], None], on_failure: Callable[[str], None]
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "reelnet.preview", run],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, **ONE_THREAD, "PYTHONIOENCODING": "utf-8"},
            # Ctrl-C is for the training, which ends the preview. In a session of its own, Linux would give it as much
            # of the processors as the training, whatever its priority.
            process_group=0,
        )
        reader = threading.Thread(target=_read, args=(self._process, on_address, on_failure), daemon=True)
        reader.start()
        self._end = weakref.finalize(self, _end, self._process)

    def wait(self) -> None:
        """Wait until the preview ends by itself."""
        self._process.wait()

    def close(self) -> None:
        """End the preview."""
        self._end()


def _read(
    process: subprocess.Popen[str], on_address: Callable[[str], None], on_failure: Callable[[str], None]
) -> None:
    """Pass on the address, which is the first thing that a preview prints, or the reason why there is none.

    Reads on, so that the preview never waits for a reader, and leaves no zombie.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    has_address, last = False, ""
    with process.stdout:
        for line in process.stdout:
            if not has_address and line.startswith("http://"):
                has_address = True
                on_address(line.strip())
            last = line.strip() or last
    process.wait()
    # A short training may end before its preview has begun.
    if not has_address and not process.stdin.closed:
        on_failure(last or f"exit code {process.returncode}")


def _end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
