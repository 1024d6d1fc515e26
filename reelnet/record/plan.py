"""What a recording will take, before it has."""

from __future__ import annotations

from dataclasses import dataclass

from reelnet.export.size import spelled


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
        each = f"{spelled(self.snapshot_bytes)} and {_time(self.snapshot_seconds)} each"
        what = f"{_counted(self.taps, 'tap')} of {_counted(self.samples, 'sample')}, {self.when}"
        if self.snapshots is None or self.bytes is None or self.seconds is None:
            limit = "" if self.most is None else f"; no more than {self.most} are kept"
            return f"{what}: snapshots of {each}{limit}"
        kept = "" if self.kept == self.snapshots else f", of which no more than {self.kept} are kept"
        return (
            f"{what}: {self.snapshots} snapshots{kept}, about {spelled(self.bytes)} and {_time(self.seconds)} "
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
