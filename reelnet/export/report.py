"""What was written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


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
    """

    path: str
    bytes: int
    frames: int
    duration: float
    width: int
    height: int
    seconds: float
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The figures by name, for `json.dumps`."""
        figures = asdict(self)
        del figures["notes"]
        return figures
