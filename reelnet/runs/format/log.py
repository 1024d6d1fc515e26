"""The log of a run: which steps are part of it, as recorded line by line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reelnet.errors import RunError
from reelnet.runs.format.commit import Commit
from reelnet.runs.format.segment import Segment
from reelnet.runs.header import REPAIR_HINT, TapInfo, describe_parse_error, read_error
from reelnet.runs.storage.protocol import Store

SegmentRow = tuple[Segment, int]
"""A step in a segment, given by its position there."""

StepLocation = Commit | SegmentRow
"""Where a step is stored: in a file of its own, or in a segment."""


class StepLog:
    """The state of a run after all log lines read so far. Later lines override earlier ones.

    Args:
        taps: Taps of the run.

    Attributes:
        steps: Location of each step of the run, in no particular order.
        missing: Steps that could not be recorded, with the reason.
        line_count: Number of lines read.
        generation: How often the log was rewritten.
    """

    def __init__(self, taps: Mapping[str, TapInfo]) -> None:
        self._taps = taps
        self.steps: dict[int, StepLocation] = {}
        self.missing: dict[int, str] = {}
        self.line_count = 0
        self.generation = 0

    def parse_lines(self, lines: bytes, location: str) -> None:
        """Apply further lines.

        Args:
            lines: Complete lines.
            location: The log's path or URL, for errors.

        Raises:
            RunError: A line is not valid.
        """
        for text in lines.split(b"\n")[:-1]:
            self.line_count += 1
            try:
                self._apply(json.loads(text))
            except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
                raise RunError(
                    f"{location}:{self.line_count}: not a log line ({describe_parse_error(error)}); {REPAIR_HINT}"
                ) from error

    def add(self, item: Commit | Segment) -> None:
        """Add a step, or the steps of a segment."""
        if isinstance(item, Commit):
            self.steps[item.step] = item
            self.missing.pop(item.step, None)
        else:
            for row, step in enumerate(item.steps):
                if step not in item.dropped:
                    self.steps[step] = (item, row)

    def drop(self, steps: Iterable[int]) -> None:
        """Remove steps from the run."""
        for step in steps:
            self.steps.pop(step, None)

    def drop_after(self, last: int) -> None:
        """Remove all steps after `last`: a resumed recording replaces them."""
        self.drop([step for step in self.steps if step > last])
        self.missing = {step: reason for step, reason in self.missing.items() if step <= last}

    def segment_rows(self) -> dict[Segment, list[int]]:
        """Return the segments, each with the ascending positions of its steps that are part of the run."""
        rows: dict[Segment, list[int]] = {}
        for _, location in sorted(self.steps.items(), key=lambda item: item[0]):
            if not isinstance(location, Commit):
                rows.setdefault(location[0], []).append(location[1])
        return rows

    def unpacked_commits(self) -> list[Commit]:
        """Return the steps that are stored in files of their own, ascending."""
        commits = [location for location in self.steps.values() if isinstance(location, Commit)]
        return sorted(commits, key=lambda commit: commit.step)

    def to_bytes(self) -> bytes:
        """Encode the shortest log with the same content."""
        lines: list[Mapping[str, Any]] = [{"log": self.generation}]
        for segment, rows in self.segment_rows().items():
            dropped = {*segment.steps} - {segment.steps[row] for row in rows}
            lines.append(replace(segment, dropped=frozenset(dropped)).to_line())
        lines += [commit.to_line() for commit in self.unpacked_commits()]
        lines += [{"step": step, "missing": reason} for step, reason in sorted(self.missing.items())]
        return b"".join(map(encode_line, lines))

    def _apply(self, line: Mapping[str, Any]) -> None:
        if "dropped" in line:
            self.drop(map(int, line["dropped"]))
        elif "missing" in line:
            step = int(line["step"])
            if step not in self.steps:
                self.missing[step] = str(line["missing"])
        elif "segment" in line:
            self.add(Segment.from_line(line, self._taps))
        elif "log" in line:
            # A rewritten log starts here and repeats everything that is still valid.
            self.generation, self.steps, self.missing = int(line["log"]), {}, {}
        else:
            self.add(Commit.from_line(line, self._taps))


def encode_line(content: Mapping[str, Any]) -> bytes:
    """Encode a line of a log."""
    return json.dumps(content, separators=(", ", ": ")).encode() + b"\n"


class LogReader:
    """Reads the log of a run, and follows it while the run is being recorded.

    Args:
        store: Files of the run.
        taps: Taps of the run.

    Attributes:
        log: The content of the log at the last read.

    Raises:
        RunError: The log is missing or damaged.
    """

    def __init__(self, store: Store, taps: Mapping[str, TapInfo]) -> None:
        self._store, self._taps = store, taps
        self._position: object = None
        self.log = StepLog(taps)
        self.follow()

    def follow(self) -> bool:
        """Read what was appended since the last read, and return whether there was anything.

        Raises:
            RunError: The log is missing or damaged.
        """
        location = self._store.full_path("log.jsonl")
        try:
            tail = self._store.read_log(self._position)
        except OSError as error:
            raise read_error(location, "the log", error) from error
        if tail.is_whole_log:
            self.log = StepLog(self._taps)
        self.log.parse_lines(tail.lines, location)
        self._position = tail.position
        return tail.is_whole_log or bool(tail.lines)
