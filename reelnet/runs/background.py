"""Work that is done behind the training: in order, in a thread of its own, with a bound on what waits."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

from reelnet.errors import ReelnetError

LOG = logging.getLogger("reelnet")

MOST = 64_000_000
"""Bytes that may wait, unless one piece of work alone holds more."""

PAUSE = 0.001
"""Seconds between two looks whether there is room."""

Job = Callable[[], None]


class Behind:
    """A thread that does one job after the other.

    Whoever has more work than there is room for waits. It is said once, and at the end how long it was.

    Args:
        where: What is written, for messages.
        most: Bytes that the jobs that wait may hold; one job always has room.
    """

    def __init__(self, where: str, most: int = MOST) -> None:
        self._where, self._most = where, most
        # No condition variable: Ctrl-C inside of one, which is Python, would leave it locked for ever.
        self._jobs: SimpleQueue[tuple[Job, int] | None] = SimpleQueue()
        self._put, self._put_bytes = 0, 0
        self._done, self._done_bytes = 0, 0
        self._closed = False
        self._waited = 0.0
        # A forked process (of a data loader, say) has a copy of all this, but not the thread.
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._work, name="reelnet-writer", daemon=True)
        self._thread.start()

    @property
    def here(self) -> bool:
        """Whether the thread is one of this process."""
        return self._process == os.getpid()

    def put(self, job: Job, nbytes: int) -> None:
        """Have a job done after those that wait; it must deal with its own errors.

        Args:
            job: What to do.
            nbytes: Bytes that it holds in memory.

        Raises:
            ReelnetError: This is a forked process.
        """
        if not self.here:
            raise ReelnetError("a forked process cannot record; record in the one that began")
        self._make_room(nbytes)
        # Counted afterwards: what Ctrl-C keeps from being put is not waited for.
        self._jobs.put((job, nbytes))
        self._put, self._put_bytes = self._put + 1, self._put_bytes + nbytes

    def flush(self) -> None:
        """Wait until all that was put is done."""
        while self.here and self._done < self._put:
            time.sleep(PAUSE)

    def close(self) -> None:
        """Do what is left, and end the thread."""
        if not self.here or self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        self._thread.join()
        if self._waited:
            LOG.warning("%s: the training waited %.1f s for the disk in all", self._where, self._waited)

    def _make_room(self, nbytes: int) -> None:
        if self._has_room(nbytes):
            return
        if not self._waited:
            LOG.warning("%s: the disk is slower than the training, which waits for it", self._where)
        began = time.perf_counter()
        try:
            while not self._has_room(nbytes):
                time.sleep(PAUSE)
        finally:
            self._waited += time.perf_counter() - began

    def _has_room(self, nbytes: int) -> bool:
        held = self._put_bytes - self._done_bytes
        return self._done >= self._put or held + nbytes <= self._most

    def _work(self) -> None:
        while (found := self._jobs.get()) is not None:
            job, nbytes = found
            try:
                job()
            except Exception:
                # A defect; the thread must live on, or the training would wait for ever.
                LOG.exception("%s: writing failed", self._where)
            # While a job is at work its bytes are held, too.
            del job, found
            self._done_bytes += nbytes
            self._done += 1
