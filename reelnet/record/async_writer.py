"""What becomes of snapshots: thinned out and written behind the training, and what cannot be written is told."""

from __future__ import annotations

import logging
from contextlib import suppress

from reelnet.errors import ReelnetError
from reelnet.record.size_budget import Thinning
from reelnet.runs.background import Behind
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter

LOG = logging.getLogger("reelnet")


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
        self._behind = Behind(where)

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

        self._behind.put(write, sum(array.nbytes for array in snapshot.taps.values()))

    def miss(self, step: int, error: Exception) -> None:
        """Say that a step could not be recorded, and mark it as missing."""
        if self._behind.here:
            reason = self._say(step, error)
            self._behind.put(lambda: self._mark(step, reason), 0)

    def flush(self) -> None:
        """Wait until all that was offered is written.

        Raises:
            ReelnetError: Something could not be.
        """
        self._behind.flush()
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
        if not self._behind.here:
            return
        try:
            self._behind.close()
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
            self._writer.miss(step, reason)
