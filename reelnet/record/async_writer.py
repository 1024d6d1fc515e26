"""Write snapshots in a background thread, and report those that cannot be written."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from reelnet._support.text import format_count, one_line
from reelnet.errors import ReelnetError
from reelnet.record.size_budget import ThinningWriter
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
        # A forked process (a data loader worker, for example) has a copy of this object, but not the thread.
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
            # A running job still holds its bytes: release it before counting them.
            del job, item
            self._finished_bytes += nbytes
            self._finished += 1


class AsyncWriter:
    """Writes the snapshots of a recording in the background of the training.

    Args:
        writer: Writer of the run; `close` closes it.
        thinning_writer: Commits the snapshots, as far as they fit.
        location: The run, for messages.
        raise_errors: Raise errors of the background thread at the next call of `raise_pending_error`; otherwise log
            them and mark the steps as missing.
    """

    def __init__(
        self, writer: RunWriter, thinning_writer: ThinningWriter, location: str, *, raise_errors: bool
    ) -> None:
        self._writer, self._thinning_writer = writer, thinning_writer
        self._location, self._raise_errors = location, raise_errors
        self._pending_error: Exception | None = None
        self._missing: dict[int, str] = {}
        self._worker = BackgroundWorker(location)

    def submit(self, snapshot: Snapshot) -> None:
        """Queue a snapshot, which must not change afterwards.

        Raises:
            ReelnetError: This is a forked process.
        """

        def write() -> None:
            try:
                self._thinning_writer.add(snapshot)
            except Exception as error:
                if self._raise_errors:
                    self._pending_error = self._pending_error or error
                else:
                    self._mark_missing(snapshot.step, self._log_missing(snapshot.step, error))

        self._worker.put(write, sum(array.nbytes for array in snapshot.taps.values()))

    def mark_missing(self, step: int, error: Exception) -> None:
        """Mark a step as missing because of an error; the first one is logged."""
        if self._worker.is_in_process:
            reason = self._log_missing(step, error)
            self._worker.put(lambda: self._mark_missing(step, reason), 0)

    def flush(self) -> None:
        """Wait until all submitted snapshots are written.

        Raises:
            ReelnetError: A snapshot could not be written.
        """
        self._worker.flush()
        self.raise_pending_error()

    def raise_pending_error(self) -> None:
        """Raise the error that occurred in the background since the last call, if any."""
        error, self._pending_error = self._pending_error, None
        if error is not None:
            raise error

    def close(self, training_error: BaseException | None) -> None:
        """Write the remaining snapshots and close the run. A forked process does nothing.

        Args:
            training_error: The exception that ended the training; it must not be hidden by one of the recording.

        Raises:
            ReelnetError: A snapshot could not be written.
        """
        if not self._worker.is_in_process:
            return
        try:
            self._worker.close()
            self._thinning_writer.finish()
            self.raise_pending_error()
        except Exception as error:
            if self._raise_errors and training_error is None:
                raise
            LOG.warning("%s", error)
        finally:
            self._writer.close()
        if self._missing:
            first, reason = next(iter(self._missing.items()))
            steps = format_count(len(self._missing), "step")
            LOG.warning("%s: %s missing, the first is step %s: %s", self._location, steps, first, reason)

    def _log_missing(self, step: int, error: Exception) -> str:
        reason = one_line(error)
        if not self._missing:
            LOG.warning("%s; the step is marked as missing, and the training continues", reason)
        self._missing[step] = reason
        return reason

    def _mark_missing(self, step: int, reason: str) -> None:
        with suppress(ReelnetError):
            self._writer.mark_missing(step, reason)
