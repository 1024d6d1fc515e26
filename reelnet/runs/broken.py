"""Lines of a log that cannot be read, the steps that they told of, and what of those is still there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reelnet.errors import RunError
from reelnet.runs.arrays import crc32
from reelnet.runs.header import KEEP, TapInfo
from reelnet.runs.log import Log
from reelnet.runs.segment import INDEX, Segment, entries_of, index_of
from reelnet.runs.store import Store

FILE = re.compile(r"steps/(\d{8,})\.safetensors")


@dataclass(frozen=True)
class Broken:
    """A line that is none.

    Attributes:
        said: What is wrong with it, with the file and its number.
        before: The last step that a line before it tells of; None if none does.
        after: The first step that a line behind it tells of, likewise.
    """

    said: str
    before: int | None
    after: int | None

    def holds(self, step: int) -> bool:
        """Whether the line may have told of a step."""
        return (self.before is None or step > self.before) and (self.after is None or step < self.after)

    @property
    def place(self) -> str:
        """Where the steps lie that it told of, in words."""
        if self.before is None:
            return "there is no step before it" if self.after is None else f"the next step is {self.after}"
        if self.after is None:
            return f"the last step before it is {self.before}"
        return f"it stands between steps {self.before} and {self.after}"


def read_broken(lines: bytes, log: Log, where: str) -> list[Broken]:
    """Have a log read all lines that can be read, and give those that cannot.

    Args:
        lines: Whole lines.
        log: Takes them.
        where: Names the log in what is said.
    """
    texts = lines.split(b"\n")[:-1]
    said: dict[int, str] = {}
    for number, text in enumerate(texts):
        try:
            log.add(text + b"\n", where)
        except RunError as error:
            said[number] = str(error).removesuffix(f"; {KEEP}")
    told = {number: steps_of(text) for number, text in enumerate(texts) if said and number not in said}
    found = []
    for number, each in said.items():
        before = [step for at, steps in told.items() if at < number for step in steps]
        after = [step for at, steps in told.items() if at > number for step in steps]
        found.append(Broken(each, max(before, default=None), min(after, default=None)))
    return found


def steps_of(text: bytes) -> Sequence[int]:
    """The steps that a line of a log tells of; none where it is no line."""
    try:
        line = json.loads(text)
        return (
            [int(line["step"])]
            if "step" in line
            else list(map(int, (line.get("segment") and line["steps"]) or ()))
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()


def lost_steps(store: Store, log: Log, broken: Sequence[Broken]) -> dict[int, str]:
    """For each step whose own file no line names any more, though a broken one may have: what to say of it."""
    found = {}
    for name in store.names("steps"):
        step = int(match[1]) if (match := FILE.fullmatch(name)) else -1
        line = next((each for each in broken if each.holds(step)), None)
        if step >= 0 and step not in log.steps and line is not None:
            found[step] = f"{line.said}: step {step} is lost with it"
    return found


def segments_without_line(store: Store, log: Log, taps: Mapping[str, TapInfo]) -> list[Segment]:
    """The segments that no line names, as their own indexes tell of them: without metrics.

    Steps that the log names otherwise, or calls missing, are not counted in.
    """
    known = {segment.file for segment in log.segments()}
    found = (_of_index(store, name, taps) for name in store.names("segments") if name not in known)
    return [each for each in found if each is not None and not {*each.steps} & log.steps.keys()]


def _of_index(store: Store, file: str, taps: Mapping[str, TapInfo]) -> Segment | None:
    """A segment as its index tells of it; None if that is damaged."""
    try:
        (start,) = store.read_spans(file, [(0, 8)])
        (text,) = store.read_spans(file, [(0, 8 + int.from_bytes(start, "little"))])
        base, entries = entries_of(text)
        size = base + max(int(entries[name]["data_offsets"][1]) for name in INDEX)
        (head,) = store.read_spans(file, [(0, size)])
        index = index_of(head, len(taps))
    except (OSError, ValueError, KeyError, TypeError, OverflowError, MemoryError):
        return None
    if entries.keys() != INDEX.keys() | {f"tap/{name}" for name in taps}:
        return None
    counts = index["nonfinite"]
    strange = {
        name: (int(row.sum()), int(index["steps"][row.nonzero()[0][0]]))
        for name, row in zip(taps, counts, strict=True)
        if row.any()
    }
    return Segment(
        file=file,
        steps=tuple(map(int, index["steps"])),
        metrics={},
        low=np.fmin.reduce(index["min"], axis=1),
        high=np.fmax.reduce(index["max"], axis=1),
        nonfinite=strange,
        head=size,
        crc32=crc32(head),
    )
