"""Keeping a run below a size: evenly thinned out while it is recorded.

What a recording will take, before it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reelnet._support.byte_size import format_size
from reelnet.errors import UsageError
from reelnet.record.schedule import Schedule
from reelnet.runs.format.compaction import MIN_SEGMENT_STEPS, SEGMENT_BYTES
from reelnet.runs.header import TapInfo
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter

LEAST = 4
"""Snapshots that must have room: fewer are no animation."""

ENTRY = 320
"""Bytes that a tap takes in a step beside its values, at most: its entries in the file's header and in the log."""

PACKING = 16
"""The part of the room that is left for steps that are being packed into a segment."""

REST = 1024
"""Bytes that a step takes in the log beside its taps, with a few metrics."""


def bytes_of(taps: Mapping[str, TapInfo]) -> int:
    """Bytes that a snapshot takes on disk, about."""
    return sum(tap.nbytes + ENTRY + 2 * len(name) for name, tap in taps.items()) + REST


def packed_at(room: int | None, taps: Mapping[str, TapInfo]) -> int:
    """Bytes of values that a segment takes in a run of so much room; 0 where none are worth while."""
    if room is None:
        return SEGMENT_BYTES
    size = min(SEGMENT_BYTES, room // PACKING)
    return size if size >= MIN_SEGMENT_STEPS * sum(tap.nbytes for tap in taps.values()) else 0


class Thinning:
    """Commits snapshots as long as they have room; when they have no more, every second one goes.

    From then on every second snapshot is committed, and so on. So those that are kept are evenly spaced, and the
    first stays. The last one is held in memory where it is not committed, until the end of the recording.

    Args:
        writer: Of the run.
        room: Bytes that the steps may take; None for any number.
        taps: What is recorded.
        schedule: When, which tells of a run that goes on how far it was thinned out before.
        after: The step after which the recording goes on; 0 for a new one.

    Raises:
        UsageError: A few snapshots are already more.
    """

    def __init__(
        self, writer: RunWriter, room: int | None, taps: Mapping[str, TapInfo], schedule: Schedule, after: int
    ) -> None:
        # Steps that are being packed are there twice for a moment.
        self._writer, self._room = writer, None if room is None else room - packed_at(room, taps)
        self._each = bytes_of(taps)
        self._kept = writer.steps
        self._offered, self._stride = len(self._kept), 1
        if room is not None and len(self._kept) > 1:
            self._go_on(schedule, after)
        self._used = len(self._kept) * self._each
        self._waiting: Snapshot | None = None
        if room is not None and room < LEAST * self._each:
            raise UsageError(
                f"max_bytes: {format_size(max(0, room))} are left for the steps, of which one takes "
                f"{format_size(self._each)} and {LEAST} are the least; give more, or record fewer layers, "
                "channels or samples, or float16"
            )

    def _go_on(self, schedule: Schedule, after: int) -> None:
        """Find out how far the run was thinned out before, where the schedule tells."""
        numbers = [schedule.count(step) for step in self._kept]
        if None in numbers:
            return
        # Of the snapshots that were offered, the second that was kept is the one at the stride.
        offered = [number - 1 for number in numbers if number is not None]
        self._offered, self._stride = schedule.count(after) or 1, max(1, offered[1])
        # The last one may stand between: it was kept for being the last.
        between = [step for step, at in zip(self._kept, offered, strict=True) if at % self._stride]
        if between:
            self._writer.drop(between)
            self._kept = [step for step in self._kept if step not in between]

    @property
    def last(self) -> int | None:
        """The last step that the run holds; None where it holds none."""
        return self._kept[-1] if self._kept else None

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
            self._used -= len(dropped) * self._each


@dataclass(frozen=True)
class Plan:
    """What is to be expected of a recording.

    Attributes:
        taps: Number of recorded places.
        samples: Number of samples.
        when: The schedule in words.
        snapshot_bytes: Bytes of one snapshot on disk.
        snapshot_seconds: Time that one takes of the training, as measured so far.
        snapshots: How many there will be; None where only time tells, or the number of training steps is not known.
        most: Snapshots that have room under `max_bytes`; None for any number.
    """

    taps: int
    samples: int
    when: str
    snapshot_bytes: int
    snapshot_seconds: float
    snapshots: int | None
    most: int | None

    @property
    def kept(self) -> int | None:
        """How many snapshots the run will hold in the end, at most."""
        known = [count for count in (self.snapshots, self.most) if count is not None]
        return min(known, default=None)

    @property
    def bytes(self) -> int | None:
        """Bytes of the run, about; None if not known."""
        return None if self.kept is None else self.kept * self.snapshot_bytes

    @property
    def seconds(self) -> float | None:
        """Time that all snapshots take of the training, about; None if not known."""
        return None if self.snapshots is None else self.snapshots * self.snapshot_seconds

    def __str__(self) -> str:
        each = f"{format_size(self.snapshot_bytes)} and {_time(self.snapshot_seconds)} each"
        what = f"{_counted(self.taps, 'tap')} of {_counted(self.samples, 'sample')}, {self.when}"
        if self.snapshots is None or self.bytes is None or self.seconds is None:
            limit = "" if self.most is None else f"; no more than {self.most} are kept"
            return f"{what}: snapshots of {each}{limit}"
        kept = "" if self.kept == self.snapshots else f", of which no more than {self.kept} are kept"
        return (
            f"{what}: {self.snapshots} snapshots{kept}, about {format_size(self.bytes)} and {_time(self.seconds)} "
            f"in all ({each})"
        )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{1000 * seconds:.3g} ms"
    if seconds < 600:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.0f} min" if seconds < 36000 else f"{seconds / 3600:.0f} h"
