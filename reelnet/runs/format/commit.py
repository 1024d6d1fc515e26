"""A committed step: where its values are stored, and what is known about them without reading them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reelnet.runs.format.arrays import ByteSpan
from reelnet.runs.format.checked_json import (
    parse_crc32,
    require_int,
    require_range,
    require_seconds,
    shorten,
    to_float,
)
from reelnet.runs.header import TapInfo

ValueRange = tuple[float, float] | None
"""Smallest and largest finite value; None if there is no finite value."""

STEP_FILE = re.compile(r"steps/(\d{8,19})\.safetensors")
"""Names of the files with one step; nothing else in a run folder is read or removed as one."""


def step_file(step: int) -> str:
    """Return the name of the file with the values of a step."""
    return f"steps/{step:08d}.safetensors"


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
        elapsed: Seconds since the recording began; None if unknown.
    """

    step: int
    metrics: Mapping[str, float]
    file: str
    spans: Mapping[str, ByteSpan]
    ranges: Mapping[str, ValueRange]
    nonfinite: Mapping[str, int]
    elapsed: float | None = None

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
        step, taps = require_int(line["step"]), {name: line["taps"][name] for name in infos}
        if line["file"] != step_file(step):
            raise ValueError(f"step {step} cannot be in {shorten(line['file'])}")
        for name, info in infos.items():
            if taps[name]["size"] != info.nbytes:
                raise ValueError(
                    f"{shorten(name)} has {shorten(taps[name]['size'])} bytes, not {info.nbytes}"
                )
        return cls(
            step=step,
            metrics={name: to_float(value) for name, value in line["metrics"].items()},
            file=step_file(step),
            spans={
                name: ByteSpan(require_int(tap["offset"]), tap["size"], parse_crc32(tap["crc32"]))
                for name, tap in taps.items()
            },
            ranges={name: require_range(tap["min"], tap["max"]) for name, tap in taps.items()},
            nonfinite={
                name: require_int(tap["nonfinite"], 1, tap["size"])
                for name, tap in taps.items()
                if "nonfinite" in tap
            },
            elapsed=require_seconds(line.get("elapsed")),
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
        return {
            "step": self.step,
            "elapsed": self.elapsed,
            "metrics": metrics,
            "file": self.file,
            "taps": taps,
        }


def to_json_number(value: float) -> float | str:
    """Return a number, or the text that `float` parses for NaN and infinity, which JSON cannot represent."""
    return value if math.isfinite(value) else str(value)
