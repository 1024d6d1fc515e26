"""What becomes of snapshots: thinned out and written behind the training, and what cannot be written is told."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from reelnet.errors import ReelnetError
from reelnet.record.size_budget import Thinning
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter

LOG = logging.getLogger("reelnet")

MAX_QUEUED_BYTES = 64_000_000
"""Bytes that queued jobs may hold together. A single larger job is still accepted when the queue is empty."""

POLL_SECONDS = 0.001
"""Seconds between two checks of the queue."""

Job = Callable[[], None]


class BackgroundWorker:
    """Runs jobs one after the other in a thread, with a bounded queue.

    `put` blocks while the queue is full. The first time that happens is logged; the total waiting time is logged
    by `close`.

    Args:
        location: The run that is written, for log messages.
        max_queued_bytes: Bytes that queued jobs may hold together. One job always fits.
    """

    def __init__(self, location: str, max_queued_bytes: int = MAX_QUEUED_BYTES) -> None:
        self._location, self._max_queued_bytes = location, max_queued_bytes
        # Not a condition variable: Ctrl-C inside one, which is Python code, would leave it locked forever.
        self._jobs: SimpleQueue[tuple[Job, int] | None] = SimpleQueue()
        self._queued = self._queued_bytes = 0
        self._finished = self._finished_bytes = 0
        self._closed = False
        self._waited_seconds = 0.0
        # A forked process (a data loader worker, say) has a copy of this object, but not the thread.
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run_jobs, name="reelnet-writer", daemon=True)
        self._thread.start()

    @property
    def is_in_process(self) -> bool:
        """Whether the thread runs in this process; false in a forked process."""
        return self._process == os.getpid()

    def put(self, job: Job, nbytes: int) -> None:
        """Queue a job. It must handle its own errors.

        Args:
            job: The function to call.
            nbytes: Bytes that it holds in memory.

        Raises:
            ReelnetError: This is a forked process.
        """
        if not self.is_in_process:
            raise ReelnetError(
                "a forked process cannot record; record in the process that opened the recorder"
            )
        self._wait_for_room(nbytes)
        # Count afterwards: if Ctrl-C prevents the put, `flush` must not wait for it.
        self._jobs.put((job, nbytes))
        self._queued, self._queued_bytes = self._queued + 1, self._queued_bytes + nbytes

    def flush(self) -> None:
        """Wait until all queued jobs have run."""
        while self.is_in_process and self._finished < self._queued:
            time.sleep(POLL_SECONDS)

    def close(self) -> None:
        """Run the remaining jobs and end the thread."""
        if not self.is_in_process or self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        self._thread.join()
        if self._waited_seconds:
            LOG.warning(
                "%s: training waited %.1f s for the disk in total", self._location, self._waited_seconds
            )

    def _wait_for_room(self, nbytes: int) -> None:
        if self._has_room(nbytes):
            return
        if not self._waited_seconds:
            LOG.warning("%s: the disk is slower than the training, which waits for it", self._location)
        start = time.perf_counter()
        try:
            while not self._has_room(nbytes):
                time.sleep(POLL_SECONDS)
        finally:
            self._waited_seconds += time.perf_counter() - start

    def _has_room(self, nbytes: int) -> bool:
        pending_bytes = self._queued_bytes - self._finished_bytes
        return self._finished >= self._queued or pending_bytes + nbytes <= self._max_queued_bytes

    def _run_jobs(self) -> None:
        while (item := self._jobs.get()) is not None:
            job, nbytes = item
            try:
                job()
            except Exception:
                # A bug in the job. The thread must survive, or the training would wait forever.
                LOG.exception("%s: writing failed", self._location)
            # A running job holds its bytes, too: release it before counting them.
            del job, item
            self._finished_bytes += nbytes
            self._finished += 1


class Keeper:
    """Keeps the snapshots of a recording.

    Args:
        writer: Of the run; closed in the end.
        thinning: Commits what has room.
        where: The run, for messages.
        raises: Whether what goes wrong is raised, at the next step; else it is told, and the step is missing.
    """

    def __init__(self, writer: RunWriter, thinning: Thinning, where: str, *, raises: bool) -> None:
        self._writer, self._thinning, self._where, self._raises = writer, thinning, where, raises
        self._failed: Exception | None = None
        self._missing: dict[int, str] = {}
        self._worker = BackgroundWorker(where)

    def offer(self, snapshot: Snapshot) -> None:
        """Have a snapshot written behind the training; it must not change any more.

        Raises:
            ReelnetError: This is a forked process.
        """

        def write() -> None:
            try:
                self._thinning.offer(snapshot)
            except Exception as error:
                if self._raises:
                    self._failed = self._failed or error
                else:
                    self._mark(snapshot.step, self._say(snapshot.step, error))

        self._worker.put(write, sum(array.nbytes for array in snapshot.taps.values()))

    def miss(self, step: int, error: Exception) -> None:
        """Say that a step could not be recorded, and mark it as missing."""
        if self._worker.is_in_process:
            reason = self._say(step, error)
            self._worker.put(lambda: self._mark(step, reason), 0)

    def flush(self) -> None:
        """Wait until all that was offered is written.

        Raises:
            ReelnetError: Something could not be.
        """
        self._worker.flush()
        self.check()

    def check(self) -> None:
        """Raise what went wrong since the last call."""
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed

    def close(self, error: BaseException | None) -> None:
        """Write what is left and close the run; a forked process does nothing of that.

        Args:
            error: What the training raised, which is not to be hidden.

        Raises:
            ReelnetError: Something could not be written.
        """
        if not self._worker.is_in_process:
            return
        try:
            self._worker.close()
            self._thinning.finish()
            self.check()
        except Exception as failed:
            if self._raises and error is None:
                raise
            LOG.warning("%s", failed)
        finally:
            self._writer.close()
        if self._missing:
            first, reason = next(iter(self._missing.items()))
            steps = "1 step is" if len(self._missing) == 1 else f"{len(self._missing)} steps are"
            LOG.warning("%s: %s missing, the first is step %s: %s", self._where, steps, first, reason)

    def _say(self, step: int, error: Exception) -> str:
        reason = " ".join(str(error).split()) or type(error).__name__
        if not self._missing:
            LOG.warning("%s; the step is missing, and the training goes on", reason)
        self._missing[step] = reason
        return reason

    def _mark(self, step: int, reason: str) -> None:
        with suppress(ReelnetError):
            self._writer.mark_missing(step, reason)
