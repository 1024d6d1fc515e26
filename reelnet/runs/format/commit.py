"""A step that counts: where its values lie, and what is known of them without reading them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reelnet.runs.format.arrays import Span
from reelnet.runs.header import TapInfo

Range = tuple[float, float] | None
"""Least and greatest finite value; None where there is none."""


@dataclass(frozen=True)
class Commit:
    """A step in a file of its own: one line of the log.

    Attributes:
        step: Number of optimizer steps.
        metrics: Numbers by name.
        file: Path of the step's file, relative to the run folder.
        spans: Where each tap's values lie in it.
        ranges: For each tap its range at this step.
        nonfinite: For each tap the number of its values that are NaN or infinite, where there are any.
    """

    step: int
    metrics: Mapping[str, float]
    file: str
    spans: Mapping[str, Span]
    ranges: Mapping[str, Range]
    nonfinite: Mapping[str, int]

    @property
    def nbytes(self) -> int:
        """Bytes of the values."""
        return sum(span.size for span in self.spans.values())

    @classmethod
    def of(cls, line: Mapping[str, Any], infos: Mapping[str, TapInfo]) -> Commit:
        """Read a line of the log.

        Raises:
            KeyError, TypeError, ValueError: It is none.
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
                name: Span(int(tap["offset"]), int(tap["size"]), int(tap["crc32"], 16))
                for name, tap in taps.items()
            },
            ranges={name: range_of((tap["min"], tap["max"])) for name, tap in taps.items()},
            nonfinite={name: int(tap["nonfinite"]) for name, tap in taps.items() if tap.get("nonfinite")},
        )

    def line(self) -> dict[str, Any]:
        """The line of the log."""
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
        metrics = {name: number(value) for name, value in self.metrics.items()}
        return {"step": self.step, "metrics": metrics, "file": self.file, "taps": taps}


def number(value: float) -> float | str:
    """A number as JSON has it, which knows no NaN and no infinity; `float` reads the words back."""
    return value if math.isfinite(value) else str(value)


def range_of(pair: Any) -> Range:
    """A range as JSON has it: two numbers, or nothing."""
    if pair is None or pair[0] is None:
        return None
    low, high = pair
    return float(low), float(high)


def joined(one: Range, other: Range) -> Range:
    """The range of two together."""
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])
