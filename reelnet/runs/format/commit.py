"""A committed step: where its values are stored, and what is known about them without reading them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reelnet.runs.format.arrays import ByteSpan
from reelnet.runs.header import TapInfo

ValueRange = tuple[float, float] | None
"""Smallest and largest finite value; None if there is no finite value."""


@dataclass(frozen=True)
class Commit:
    """One committed step.

    While a step is stored in a file of its own, its commit is one line of the log. For a step in a segment, the
    commit is built from the segment's index.

    Attributes:
        step: Number of optimizer steps.
        metrics: Metric values by name.
        file: Path of the file with the step's values, relative to the run folder.
        spans: Byte range of each tap's values in that file.
        ranges: Value range of each tap at this step.
        nonfinite: Number of NaN and infinite values, for taps that have any.
    """

    step: int
    metrics: Mapping[str, float]
    file: str
    spans: Mapping[str, ByteSpan]
    ranges: Mapping[str, ValueRange]
    nonfinite: Mapping[str, int]

    @property
    def nbytes(self) -> int:
        """Bytes of the values."""
        return sum(span.size for span in self.spans.values())

    @classmethod
    def from_line(cls, line: Mapping[str, Any], infos: Mapping[str, TapInfo]) -> Commit:
        """Parse a line of the log.

        Raises:
            KeyError, TypeError, ValueError: The line is not a valid commit.
        """
        taps = {name: line["taps"][name] for name in infos}
        for name, info in infos.items():
            if taps[name]["size"] != info.nbytes:
                raise ValueError(f"{name} has {taps[name]['size']} bytes instead of {info.nbytes}")
        return cls(
            step=int(line["step"]),
            metrics={name: float(value) for name, value in line["metrics"].items()},
            file=str(line["file"]),
            spans={
                name: ByteSpan(int(tap["offset"]), int(tap["size"]), int(tap["crc32"], 16))
                for name, tap in taps.items()
            },
            ranges={
                name: None if tap["min"] is None else (float(tap["min"]), float(tap["max"]))
                for name, tap in taps.items()
            },
            nonfinite={name: int(tap["nonfinite"]) for name, tap in taps.items() if tap.get("nonfinite")},
        )

    def to_line(self) -> dict[str, Any]:
        """Return the line of the log."""
        taps = {}
        for name, span in self.spans.items():
            low, high = self.ranges[name] or (None, None)
            taps[name] = {
                "offset": span.offset,
                "size": span.size,
                "crc32": f"{span.crc32:08x}",
                "min": low,
                "max": high,
            }
            if self.nonfinite.get(name):
                taps[name]["nonfinite"] = self.nonfinite[name]
        metrics = {name: to_json_number(value) for name, value in self.metrics.items()}
        return {"step": self.step, "metrics": metrics, "file": self.file, "taps": taps}


def to_json_number(value: float) -> float | str:
    """Return a number, or the text that `float` parses for NaN and infinity, which JSON cannot represent."""
    return value if math.isfinite(value) else str(value)
