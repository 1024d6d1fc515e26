"""Predict the size of a recording, and keep a run below a size by thinning it out while it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reelnet._support.byte_size import format_size
from reelnet._support.text import format_count
from reelnet.errors import UsageError
from reelnet.record.schedule import Schedule
from reelnet.runs.format.compaction import MIN_SEGMENT_STEPS, SEGMENT_BYTES
from reelnet.runs.header import TapInfo
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter

MIN_SNAPSHOTS = 4
"""Snapshots that a budget must hold: fewer do not make an animation."""

MAX_TAP_OVERHEAD = 320
"""Most bytes that a tap takes per step besides its values: its entries in the file's header and in the log."""

STEP_OVERHEAD = 1024
"""Bytes that a step takes in the log besides its taps, with a few metrics."""

SEGMENTS_PER_BUDGET = 16
"""A segment takes at most this fraction of the budget, because its steps are on disk twice while it is written."""


def estimate_snapshot_bytes(taps: Mapping[str, TapInfo]) -> int:
    """Estimate the bytes of a snapshot on disk."""
    return STEP_OVERHEAD + sum(tap.nbytes + MAX_TAP_OVERHEAD + 2 * len(name) for name, tap in taps.items())


def choose_segment_bytes(
    budget: int | None, taps: Mapping[str, TapInfo], segment_bytes: int = SEGMENT_BYTES
) -> int:
    """Choose the size of segments (files into which the run packs many steps).

    Args:
        budget: Bytes that the steps may take; None for no limit.
        taps: What is recorded.
        segment_bytes: Size without a limit, in bytes of values.

    Returns:
        Bytes of values per segment; 0 if the budget is so small that segments are not worthwhile.
    """
    if budget is None:
        return segment_bytes
    size = min(segment_bytes, budget // SEGMENTS_PER_BUDGET)
    return size if size >= MIN_SEGMENT_STEPS * sum(tap.nbytes for tap in taps.values()) else 0


class ThinningWriter:
    """Commits snapshots to a run; when the budget is used up, it drops every second one and goes on at that rate.

    So the snapshots of the run stay evenly spaced, and the first one stays. The latest snapshot is held in memory if
    it is not due at the current rate, and is committed at the end of the recording.

    Args:
        writer: Writer of the run.
        budget: Bytes that the steps may take; None for no limit.
        taps: What is recorded.
        schedule: The schedule of the recording. It tells how far a resumed run had been thinned out.
        after_step: The step after which the recording resumes; 0 for a new run.

    Raises:
        UsageError: The budget is too small for `MIN_SNAPSHOTS` snapshots.
    """

    def __init__(
        self,
        writer: RunWriter,
        budget: int | None,
        taps: Mapping[str, TapInfo],
        schedule: Schedule,
        after_step: int,
    ) -> None:
        # Steps that are being packed into a segment are on disk twice for a moment.
        self._budget = None if budget is None else budget - choose_segment_bytes(budget, taps)
        self._writer = writer
        self._snapshot_bytes = estimate_snapshot_bytes(taps)
        self._steps = writer.steps
        self._offered, self._stride = len(self._steps), 1
        if budget is not None and len(self._steps) > 1:
            self._restore_stride(schedule, after_step)
        self._pending: Snapshot | None = None
        if budget is not None and budget < MIN_SNAPSHOTS * self._snapshot_bytes:
            raise UsageError(
                f"max_bytes: leaves {format_size(max(0, budget))} for the steps, but one step takes "
                f"{format_size(self._snapshot_bytes)} and a run needs at least {MIN_SNAPSHOTS}; raise max_bytes, or "
                "record fewer layers, channels or samples, or float16"
            )

    def _restore_stride(self, schedule: Schedule, after_step: int) -> None:
        """Find out how far a resumed run had been thinned out, if the schedule can tell."""
        counts = [schedule.count_snapshots(step) for step in self._steps]
        if None in counts:
            return
        # Of all snapshots offered so far, the run has number 0, number `stride`, and so on.
        numbers = [count - 1 for count in counts if count is not None]
        self._offered, self._stride = schedule.count_snapshots(after_step) or 1, max(1, numbers[1])
        # The last one may be off the stride: it was committed because it was the last.
        off_stride = [
            step for step, number in zip(self._steps, numbers, strict=True) if number % self._stride
        ]
        if off_stride:
            self._writer.drop(off_stride)
            self._steps = [step for step in self._steps if step not in off_stride]

    @property
    def last_step(self) -> int | None:
        """The last step of the run; None if it has none."""
        return self._steps[-1] if self._steps else None

    def add(self, snapshot: Snapshot) -> None:
        """Commit the next snapshot, or hold it back if it is not due at the current rate.

        Raises:
            ReelnetError: The snapshot cannot be written.
        """
        number, self._offered = self._offered, self._offered + 1
        # One more must fit: the last one, whenever it comes.
        while number % self._stride == 0 and not self._has_room():
            self._thin_out()
        if number % self._stride:
            self._pending = snapshot
        else:
            self._commit(snapshot)

    def finish(self) -> None:
        """Commit the last snapshot if it was held back.

        Raises:
            ReelnetError: The snapshot cannot be written.
        """
        if self._pending is not None:
            self._commit(self._pending)

    def _commit(self, snapshot: Snapshot) -> None:
        self._writer.commit(snapshot)
        self._pending = None
        self._steps.append(snapshot.step)

    def _has_room(self) -> bool:
        return self._budget is None or (len(self._steps) + 2) * self._snapshot_bytes <= self._budget

    def _thin_out(self) -> None:
        self._stride *= 2
        dropped, self._steps = self._steps[1::2], self._steps[::2]
        if dropped:
            self._writer.drop(dropped)


@dataclass(frozen=True)
class RecordingPlan:
    """What to expect of a recording. Converted to a string, it is a sentence for people.

    Attributes:
        taps: Number of recorded taps.
        samples: Number of samples.
        schedule: The schedule in words.
        snapshot_bytes: Bytes of one snapshot on disk, estimated.
        snapshot_seconds: Seconds that one snapshot takes from the training, as measured so far.
        snapshots: Number of snapshots that will be taken; None if the schedule or the number of steps is unknown.
        max_snapshots: Number of snapshots that `max_bytes` has room for; None without `max_bytes`.
    """

    taps: int
    samples: int
    schedule: str
    snapshot_bytes: int
    snapshot_seconds: float
    snapshots: int | None
    max_snapshots: int | None

    @property
    def final_snapshots(self) -> int | None:
        """Largest number of snapshots that the finished run can hold; None if unknown."""
        known = [count for count in (self.snapshots, self.max_snapshots) if count is not None]
        return min(known, default=None)

    @property
    def bytes(self) -> int | None:
        """Estimated bytes of the finished run; None if unknown."""
        return None if self.final_snapshots is None else self.final_snapshots * self.snapshot_bytes

    @property
    def seconds(self) -> float | None:
        """Estimated seconds that all snapshots together take from the training; None if unknown."""
        return None if self.snapshots is None else self.snapshots * self.snapshot_seconds

    def __str__(self) -> str:
        each = f"{format_size(self.snapshot_bytes)} and {_format_seconds(self.snapshot_seconds)} each"
        what = f"{format_count(self.taps, 'tap')} of {format_count(self.samples, 'sample')}, {self.schedule}"
        if self.snapshots is None or self.bytes is None or self.seconds is None:
            limit = "" if self.max_snapshots is None else f"; at most {self.max_snapshots} are kept"
            return f"{what}: snapshots of {each}{limit}"
        limit = (
            ""
            if self.final_snapshots == self.snapshots
            else f", of which at most {self.final_snapshots} are kept"
        )
        return (
            f"{what}: {self.snapshots} snapshots{limit}, about {format_size(self.bytes)} and "
            f"{_format_seconds(self.seconds)} in total ({each})"
        )


def _format_seconds(seconds: float) -> str:
    if seconds < 1:
        return f"{1000 * seconds:.3g} ms"
    if seconds < 600:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.0f} min" if seconds < 36000 else f"{seconds / 3600:.0f} h"
