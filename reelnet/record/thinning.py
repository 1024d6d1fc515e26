"""Keeping a run below a size: evenly thinned out while it is recorded."""

from __future__ import annotations

from collections.abc import Mapping

from reelnet.errors import UsageError
from reelnet.export.size import spelled
from reelnet.record.schedule import Schedule
from reelnet.runs.header import TapInfo
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter

LEAST = 4
"""Snapshots that must have room: fewer are no animation."""

ENTRY = 320
"""Bytes that a tap takes in a step beside its values, at most: its entries in the file's header and in the log."""

REST = 1024
"""Bytes that a step takes in the log beside its taps, with a few metrics."""


def bytes_of(taps: Mapping[str, TapInfo]) -> int:
    """Bytes that a snapshot takes on disk, about."""
    return sum(tap.nbytes + ENTRY + 2 * len(name) for name, tap in taps.items()) + REST


class Thinning:
    """Commits snapshots as long as they have room; when they have no more, every second one goes.

    From then on every second snapshot is committed, and so on. So those that are kept are evenly spaced, and the
    first stays. The last one is held in memory where it is not committed, until the end of the recording.

    Args:
        writer: Of the run.
        room: Bytes that the steps may take; None for any number.
        taps: What is recorded.
        schedule: When, which tells of a run that goes on how far it was thinned out before.

    Raises:
        UsageError: A few snapshots are already more.
    """

    def __init__(
        self, writer: RunWriter, room: int | None, taps: Mapping[str, TapInfo], schedule: Schedule
    ) -> None:
        self._writer, self._room = writer, room
        self._values, self._each = sum(tap.nbytes for tap in taps.values()), bytes_of(taps)
        self._kept = writer.steps
        self._used = len(self._kept) * self._each
        # Of the snapshots that were offered, the second that was kept is the one at the stride.
        offered = (schedule.count(self._kept[1]) or 2) - 1 if len(self._kept) > 1 else 1
        self._stride = max(1, offered) if room is not None else 1
        self._offered = len(self._kept) * self._stride
        self._waiting: Snapshot | None = None
        if room is not None and room < LEAST * self._each:
            raise UsageError(
                f"max_bytes: {spelled(max(0, room))} are left for the steps, of which one takes "
                f"{spelled(self._each)} and {LEAST} are the least; give more, or record fewer layers, "
                "channels or samples, or float16"
            )

    def offer(self, snapshot: Snapshot) -> None:
        """Take the snapshot of a further step.

        Raises:
            ReelnetError: It cannot be written.
        """
        number, self._offered = self._offered, self._offered + 1
        # One more must have room: the last, whenever it comes.
        while number % self._stride == 0 and not self._has_room:
            self._thin_out()
        if number % self._stride:
            self._waiting = snapshot
        else:
            self._commit(snapshot)

    def finish(self) -> None:
        """Commit the last snapshot, if it is not yet.

        Raises:
            ReelnetError: It cannot be written.
        """
        if self._waiting is not None:
            self._commit(self._waiting)

    def _commit(self, snapshot: Snapshot) -> None:
        self._writer.commit(snapshot)
        self._waiting = None
        self._kept.append(snapshot.step)
        self._used += self._each

    @property
    def _has_room(self) -> bool:
        return self._room is None or self._used + 2 * self._each <= self._room

    def _thin_out(self) -> None:
        self._stride *= 2
        dropped, self._kept = self._kept[1::2], self._kept[::2]
        if dropped:
            self._writer.drop(dropped)
            # What the log says of a step stays, and so does that it was dropped.
            self._used -= len(dropped) * (self._values - 16)
