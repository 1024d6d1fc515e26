"""What was written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Found:
    """What a search under a cap found.

    Attributes:
        cap: In bytes; None where only other limits of a platform counted.
        lossless: Whether every pixel has its exact colour.
        max_error_levels: Greatest error of a value, in levels of the colormap, beside what the codec loses.
        mean_error_levels: Mean error of all values, likewise.
        steps_shown: The training steps that are shown, ascending.
        scale: Canvas pixels a map value.
        encodes: How many it took.
        traded: What was given up, one sentence each.
    """

    cap: int | None
    lossless: bool
    max_error_levels: int
    mean_error_levels: float
    steps_shown: tuple[int, ...]
    scale: int
    encodes: int
    traded: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """One finished file.

    Attributes:
        path: Where it lies.
        bytes: Its size on disk.
        frames: Frames in the file; identical neighbours may have been merged into one.
        duration: Of one pass, in seconds.
        width: In pixels.
        height: In pixels.
        seconds: Time that making it took.
        notes: What a person should know about it, one sentence each.
        found: Of a file under a cap; None without one.
    """

    path: str
    bytes: int
    frames: int
    duration: float
    width: int
    height: int
    seconds: float
    notes: tuple[str, ...] = ()
    found: Found | None = None

    def as_json(self) -> dict[str, Any]:
        """The figures by name, for `json.dumps`."""
        figures = asdict(self)
        del figures["notes"]
        found = figures.pop("found")
        if self.found is None:
            return figures
        fill = self.bytes / self.found.cap if self.found.cap else None
        return {**figures, "fill": fill, **found}
