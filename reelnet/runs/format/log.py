"""The log of a run: which steps are part of it, as recorded line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reelnet.errors import RunError
from reelnet.runs.format.checked_json import encode_checked, parse_checked, require_int, shorten
from reelnet.runs.format.commit import Commit
from reelnet.runs.format.segment import Segment
from reelnet.runs.header import REPAIR_HINT, Header, describe_parse_error, read_error
from reelnet.runs.storage.protocol import Store

REWRITE_START = b'{"log": '
"""The first bytes of the line that starts a rewritten log: the lines before it are obsolete."""

PARSE_ERRORS = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)
"""What parsing a damaged line can raise."""

SegmentRow = tuple[Segment, int]
"""A step in a segment, given by its position there."""

StepLocation = Commit | SegmentRow
"""Where a step is stored: in a file of its own, or in a segment."""


class StepLog:
    """The state of a run after all log lines read so far. Later lines override earlier ones.

    Args:
        header: Header of the run.

    Attributes:
        taps: Taps of the run, in the header's order.
        steps: Location of each step of the run, in no particular order.
        missing: Steps that could not be recorded, with the reason.
        dropped: Steps that were removed from the run, but whose values may still be in its files.
        line_count: Number of lines read.
        next_number: Number of the next line. The first line of a log is line 0.
        generation: How often the log was rewritten.
    """

    def __init__(self, header: Header) -> None:
        self.taps = header.taps
        self._is_checked = header.is_checked
        self.steps: dict[int, StepLocation] = {}
        self.missing: dict[int, str] = {}
        self.dropped: set[int] = set()
        self.line_count = self.next_number = self.generation = 0

    @property
    def last_elapsed(self) -> float | None:
        """Seconds from the beginning of the recording to the last step; None if the steps have no times."""
        elapsed = [elapsed_at(location) for location in self.steps.values()]
        return max((seconds for seconds in elapsed if seconds is not None), default=None)

    def parse_lines(self, lines: bytes, location: str) -> None:
        """Apply further lines.

        Args:
            lines: Complete lines.
            location: The log's path or URL, for errors.

        Raises:
            RunError: A line is not valid, or is not the one that must follow.
        """
        # Lines before a rewritten log are obsolete; some may be gone already.
        start = lines.rfind(b"\n" + REWRITE_START) + 1
        self.line_count += lines.count(b"\n", 0, start)
        for text in lines[start:].split(b"\n")[:-1]:
            self.line_count += 1
            try:
                line = self.parse_line(text)
                self._check_number(line)
                self.apply(line)
            except PARSE_ERRORS as error:
                raise RunError(
                    f"{location}:{self.line_count}: not a log line ({describe_parse_error(error)}); {REPAIR_HINT}"
                ) from error

    def parse_line(self, text: bytes) -> dict[str, Any]:
        """Parse a line without its newline, and check its checksum.

        Raises:
            ValueError: It is damaged.
        """
        return parse_checked(text, required=self._is_checked)

    def _check_number(self, line: Mapping[str, Any]) -> None:
        """Make sure that no line is missing before this one, or doubled.

        Raises:
            ValueError: Another line must follow.
        """
        expected = 0 if "log" in line else self.next_number
        if (number := line.get("line", None if self._is_checked else expected)) != expected:
            raise ValueError(f"this is line {shorten(number)}, but line {expected} must follow here")

    def add(self, item: Commit | Segment) -> None:
        """Add a step, or the steps of a segment."""
        added: dict[int, StepLocation]
        if isinstance(item, Commit):
            added = {item.step: item}
            self.missing.pop(item.step, None)
        else:
            added = {step: (item, row) for row, step in enumerate(item.steps) if step not in item.dropped}
        self.steps.update(added)
        if self.dropped:
            self.dropped.difference_update(added)

    def drop(self, steps: Iterable[int]) -> None:
        """Remove steps from the run."""
        for step in steps:
            self.dropped.add(step)
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
        if self.dropped:
            lines.append({"dropped": sorted(self.dropped)})
        for segment, rows in self.segment_rows().items():
            dropped = {*segment.steps} - {segment.steps[row] for row in rows}
            lines.append(replace(segment, dropped=frozenset(dropped)).to_line())
        lines += [commit.to_line() for commit in self.unpacked_commits()]
        lines += [{"step": step, "missing": reason} for step, reason in sorted(self.missing.items())]
        self.next_number = len(lines)
        return b"".join(encode_line(line, number) for number, line in enumerate(lines))

    def apply(self, line: Mapping[str, Any]) -> None:
        """Apply a parsed line.

        Raises:
            One of `PARSE_ERRORS`: It is not valid.
        """
        if "dropped" in line:
            self.drop(map(require_int, line["dropped"]))
        elif "missing" in line:
            step = require_int(line["step"])
            if step not in self.steps:
                self.missing[step] = str(line["missing"])
        elif "segment" in line:
            self.add(Segment.from_line(line, self.taps))
        elif "log" in line:
            # A rewritten log starts here and repeats everything that is still valid.
            self.generation = require_int(line["log"])
            self.steps, self.missing, self.dropped = {}, {}, set()
            self.next_number = 0
        else:
            self.add(Commit.from_line(line, self.taps))
        self.next_number += 1


def metrics_at(location: StepLocation) -> Mapping[str, float]:
    """Return the metrics of a step."""
    return location.metrics if isinstance(location, Commit) else location[0].metrics_at(location[1])


def elapsed_at(location: StepLocation) -> float | None:
    """Return the seconds from the beginning of the recording to a step; None if unknown."""
    return location.elapsed if isinstance(location, Commit) else location[0].elapsed_at(location[1])


def encode_line(content: Mapping[str, Any], number: int) -> bytes:
    """Encode a line of a log.

    Args:
        content: What it says.
        number: Its number among the lines since the log was last rewritten, from 0.
    """
    return encode_checked({**content, "line": number})


class LogWriter:
    """Appends numbered lines to the log of a run, and rewrites it.

    Args:
        store: Files of the run.
        log: What the log says.
    """

    def __init__(self, store: Store, log: StepLog) -> None:
        self._store, self._log = store, log

    def append(self, content: Mapping[str, Any]) -> int:
        """Append a line. Returns its size in bytes.

        Raises:
            OSError: It cannot be written; the log is as before.
        """
        line = encode_line(content, self._log.next_number)
        self._store.append_log(line)
        self._log.next_number += 1
        return len(line)

    def rewrite(self) -> None:
        """Replace the log by the shortest one with the same content.

        Raises:
            OSError: It cannot be written; the log is as before.
        """
        number = self._log.next_number
        self._log.generation += 1
        try:
            self._store.replace_log(self._log.to_bytes())
        except BaseException:
            self._log.next_number = number
            raise


class LogReader:
    """Reads the log of a run, and follows it while the run is being recorded.

    Args:
        store: Files of the run.
        header: Header of the run.

    Attributes:
        log: The content of the log at the last read.

    Raises:
        RunError: The log is missing or damaged.
    """

    def __init__(self, store: Store, header: Header) -> None:
        self._store, self._header = store, header
        self._position: object = None
        self.log = StepLog(header)
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
            self.log = StepLog(self._header)
        self.log.parse_lines(tail.lines, location)
        self._position = tail.position
        return tail.is_whole_log or bool(tail.lines)
