"""The log: the steps that count, as its lines tell it one after the other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reelnet.errors import RunError
from reelnet.runs.format.commit import Commit
from reelnet.runs.format.segment import Segment
from reelnet.runs.header import KEEP, TapInfo, reason, unreadable
from reelnet.runs.storage.protocol import Store

Row = tuple[Segment, int]
"""A step in a segment, by its position there."""


class Log:
    """What a log says so far. A later line counts more than an earlier one.

    Args:
        taps: What is recorded.

    Attributes:
        steps: For each step that counts, in no order: where it lies.
        missing: For each step that could not be recorded: why.
        lines: Number of lines that were read.
        number: How often the log was written anew.
    """

    def __init__(self, taps: Mapping[str, TapInfo]) -> None:
        self._taps = taps
        self.steps: dict[int, Commit | Row] = {}
        self.missing: dict[int, str] = {}
        self.lines = 0
        self.number = 0

    def add(self, lines: bytes, where: str) -> None:
        """Read further lines.

        Args:
            lines: Whole lines.
            where: Names the log in errors.

        Raises:
            RunError: One is no line of a log.
        """
        for text in lines.split(b"\n")[:-1]:
            self.lines += 1
            try:
                self._add(json.loads(text))
            except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
                raise RunError(
                    f"{where}:{self.lines}: not a line of a log ({reason(error)}); {KEEP}"
                ) from error

    def put(self, found: Commit | Segment) -> None:
        """Have a commit or a segment count from now on."""
        if isinstance(found, Commit):
            self.steps[found.step] = found
            self.missing.pop(found.step, None)
        else:
            for row, step in enumerate(found.steps):
                if step not in found.without:
                    self.steps[step] = (found, row)

    def drop(self, steps: Iterable[int]) -> None:
        """Have some steps count no more."""
        for step in steps:
            self.steps.pop(step, None)

    def supersede(self, step: int) -> None:
        """Have all steps after one count no more: the training goes on from there."""
        self.drop([each for each in self.steps if each > step])
        self.missing = {each: reason for each, reason in self.missing.items() if each <= step}

    def segments(self) -> dict[Segment, list[int]]:
        """The segments, with the positions in each that still count, ascending."""
        found: dict[Segment, list[int]] = {}
        for step in sorted(self.steps):
            place = self.steps[step]
            if not isinstance(place, Commit):
                found.setdefault(place[0], []).append(place[1])
        return found

    def loose(self) -> list[Commit]:
        """The steps in files of their own, ascending."""
        return [place for _, place in sorted(self.steps.items()) if isinstance(place, Commit)]

    def text(self) -> bytes:
        """The shortest log that says the same."""
        lines: list[Mapping[str, Any]] = [{"log": self.number}]
        for segment, rows in self.segments().items():
            gone = {*segment.steps} - {segment.steps[row] for row in rows}
            lines.append(replace(segment, without=frozenset(gone)).line())
        lines += [commit.line() for commit in self.loose()]
        lines += [{"step": step, "missing": reason} for step, reason in sorted(self.missing.items())]
        return b"".join(map(line_of, lines))

    def _add(self, line: Mapping[str, Any]) -> None:
        if "dropped" in line:
            self.drop(map(int, line["dropped"]))
        elif "missing" in line:
            step = int(line["step"])
            if step not in self.steps:
                self.missing[step] = str(line["missing"])
        elif "segment" in line:
            self.put(Segment.of(line, self._taps))
        elif "log" in line:
            # All that was said before is said anew.
            self.number, self.steps, self.missing = int(line["log"]), {}, {}
        else:
            self.put(Commit.of(line, self._taps))


def line_of(content: Mapping[str, Any]) -> bytes:
    """A line of a log."""
    return json.dumps(content, separators=(", ", ": ")).encode() + b"\n"


class LogReader:
    """Follows the log of a run that may still grow.

    Args:
        store: The run's files.
        taps: What is recorded.

    Attributes:
        log: What the log says, as of the last look.

    Raises:
        RunError: The log is not there, or damaged.
    """

    def __init__(self, store: Store, taps: Mapping[str, TapInfo]) -> None:
        self._store, self._taps = store, taps
        self._place: object = None
        self.log = Log(taps)
        self.follow()

    def follow(self) -> bool:
        """Read what was added since; gives whether there was anything.

        Raises:
            RunError: The log is not there, or damaged.
        """
        try:
            tail = self._store.tail(self._place)
        except OSError as error:
            raise unreadable(self._store.full("log.jsonl"), "the log", error) from error
        if tail.fresh:
            self.log = Log(self._taps)
        self.log.add(tail.lines, self._store.full("log.jsonl"))
        self._place = tail.place
        return tail.fresh or bool(tail.lines)
