"""Rebuilds what a damaged or truncated log no longer says, from the files of the run."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reelnet._support.text import format_count
from reelnet.runs.format.commit import STEP_FILE, Commit
from reelnet.runs.format.log import PARSE_ERRORS, LogReader, StepLog
from reelnet.runs.format.safetensors_header import read_start
from reelnet.runs.format.segment import Segment, collect_metrics, head_size
from reelnet.runs.format.step_file import restore_commit
from reelnet.runs.header import Header, describe_parse_error
from reelnet.runs.step_index import describe_steps
from reelnet.runs.storage.protocol import Store

UNREADABLE_FILE = (*PARSE_ERRORS, OSError, MemoryError)
"""What reading a damaged file can raise."""

MAX_ORDER_PROBLEMS = 20
"""Lines of a log that are doubled or out of order, of which each is described."""

COMMIT_SECONDS = 0.2
"""A recorder needs less time between writing a step and its line."""


@dataclass
class Restored:
    """What was found in files that the log does not refer to.

    Attributes:
        items: Steps and segments that were added to the log.
        problems: A description of each of them.
        lost: Steps whose file is damaged, so that they cannot be restored, with a description.
        unreadable: Files that are damaged.
    """

    items: list[Commit | Segment] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    lost: dict[int, str] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)


def list_value_files(store: Store) -> list[str]:
    """Return the names of the files with values of steps: segments from the newest to the oldest, then steps.

    Raises:
        OSError: They cannot be listed.
    """
    return [*reversed(store.list_files("segments")), *store.list_files("steps")]


def restore_steps(store: Store, log: StepLog, files: Sequence[str]) -> Restored:
    """Add steps to a log that are only in files that it does not refer to.

    Such files are left by a process that was killed between writing a file and its line, or by damage to the log.
    Steps that the log says are dropped or missing are not added. Of steps that several segments hold, because a
    recording was resumed before them, the newest values are added.

    Args:
        store: Files of the run.
        log: The log, to which the steps are added.
        files: Files with values, listed before the log was read: so they cannot be newer than the log.
    """
    restored = Restored()
    for name in find_unreferenced(log, files):
        if match := STEP_FILE.fullmatch(name):
            _restore_step(store, log, name, int(match[1]), restored)
        else:
            _restore_segment(store, log, name, {*files}, restored)
    return restored


def find_unreferenced(log: StepLog, files: Sequence[str]) -> list[str]:
    """Return the segments that a log does not refer to, and the files of steps that it does not mention."""
    referenced = {segment.file for segment in log.segment_rows()}
    return [
        name
        for name in files
        if (
            not _is_known(int(match[1]), log)
            if (match := STEP_FILE.fullmatch(name))
            else name not in referenced
        )
    ]


def describe_lost_lines(store: Store, header: Header, log: StepLog) -> str:
    """Describe steps that are in files but not in the log; empty if there are none.

    Args:
        store: Files of the run.
        header: Header of the run.
        log: The log as it was last read. A recorder may have added to it.

    Raises:
        RunError: The log is damaged.
        OSError: The files cannot be listed.
    """
    files = list_value_files(store)
    if not find_unreferenced(log, files):
        return ""
    log = LogReader(store, header).log
    if not find_unreferenced(log, files):
        return ""
    # A recorder may be between a file and its line.
    time.sleep(COMMIT_SECONDS)
    log = LogReader(store, header).log
    restored = restore_steps(store, log, files)
    if not restored.problems:
        return ""
    steps = sum(
        1 if isinstance(item, Commit) else len(item.steps) - len(item.dropped) for item in restored.items
    )
    what = [format_count(steps, "step")] if steps else []
    what += [format_count(len(restored.unreadable), "damaged file")] if restored.unreadable else []
    return f"the log does not mention {' and '.join(what)} of the run; restore what is intact with 'reelnet repair'"


def _is_known(step: int, log: StepLog) -> bool:
    """Return whether the log says what became of a step."""
    return step in log.steps or step in log.dropped or step in log.missing


def _restore_segment(store: Store, log: StepLog, name: str, files: set[str], restored: Restored) -> None:
    path = store.full_path(name)
    try:
        size = head_size(read_start(store, name), log.taps)
        (head,) = store.read_spans(name, [(0, size)])
        segment = Segment.from_head(name, head, log.taps)
    except UNREADABLE_FILE as error:
        restored.unreadable.append(name)
        restored.problems.append(
            f"{path}: not in the log, and not a segment of this run ({_describe(error)}); its steps are lost"
        )
        return
    wanted = {
        step
        for step in segment.steps
        if not _is_known(step, log)
        or (isinstance(location := log.steps.get(step), Commit) and location.file not in files)
    }
    if not wanted:
        return
    commits = [log.steps.get(step) for step in segment.steps]
    if not segment.metrics and all(isinstance(commit, Commit) for commit in commits):
        metrics = collect_metrics([commit for commit in commits if isinstance(commit, Commit)])
        segment = replace(segment, metrics=metrics)
    segment = replace(segment, dropped=frozenset({*segment.steps} - wanted))
    log.add(segment)
    restored.items.append(segment)
    lost = "" if segment.elapsed is not None or segment.metrics else "; their metrics are lost"
    restored.problems.append(
        f"{path}: {describe_steps(wanted)}: their log line is lost, restored from the segment{lost}"
    )


def _restore_step(store: Store, log: StepLog, name: str, step: int, restored: Restored) -> None:
    path = store.full_path(name)
    try:
        commit, is_complete = restore_commit(store, name, log.taps)
    except UNREADABLE_FILE as error:
        restored.unreadable.append(name)
        restored.lost[step] = (
            f"{path}: not in the log, and not a file of this run ({_describe(error)}); step {step} is lost"
        )
        return
    log.add(commit)
    restored.items.append(commit)
    lost = "" if is_complete else "; its metrics and checksums are lost"
    restored.problems.append(f"{path}: step {step}: its log line is lost, restored from the file{lost}")


def _describe(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return describe_parse_error(error) if isinstance(error, Exception) else type(error).__name__


def read_damaged_log(store: Store, header: Header) -> tuple[StepLog, list[str]]:
    """Read the intact lines of a log, in their order, and describe what is wrong with the others.

    Raises:
        OSError: There is a log, but it cannot be read.
    """
    path, log = store.full_path("log.jsonl"), StepLog(header)
    try:
        texts = store.read_log(None).lines.split(b"\n")[:-1]
    except FileNotFoundError:
        return log, [f"{path}: there is no log"]
    lines, problems = _parse_each(log, texts, path)
    rewritten = max((place for place, line in enumerate(lines) if "log" in line.content), default=0)
    lines = lines[rewritten:]
    if header.is_checked:
        problems += _describe_order(lines, path)
        lines = list({line.number: line for line in reversed(lines)}.values())
        lines.sort(key=lambda line: line.number)
    for line in lines:
        try:
            log.apply(line.content)
        except PARSE_ERRORS as error:
            problems.append(f"{path}:{line.place}: not a log line ({describe_parse_error(error)})")
    return log, problems


@dataclass(frozen=True)
class _Line:
    """An intact line of a log.

    Attributes:
        place: Its position in the file, from 1.
        number: The number that it was written with.
        content: What it says.
    """

    place: int
    number: int
    content: Mapping[str, Any]


def _parse_each(log: StepLog, texts: Sequence[bytes], path: str) -> tuple[list[_Line], list[str]]:
    """Parse each line by itself. Returns the intact ones, and what is wrong with the others."""
    lines: list[_Line] = []
    problems: list[_DamagedLines] = []
    last = -math.inf
    # A line that is doubled many times takes the time and memory of one.
    parsed: dict[bytes, Mapping[str, Any]] = {}
    for place, text in enumerate(texts, 1):
        try:
            content = parsed[text] = parsed.get(text) or log.parse_line(text)
        except PARSE_ERRORS as error:
            if problems and problems[-1].place + problems[-1].count == place:
                problems[-1].count += 1
            else:
                problems.append(_DamagedLines(place, describe_parse_error(error), last))
            continue
        number, steps = content.get("line", place - 1), _steps_of(content)
        lines.append(_Line(place, number if type(number) is int else -1, content))
        last = max(last, *steps, -math.inf)
    first, rest = math.inf, list(lines)
    for problem in reversed(problems):
        while rest and rest[-1].place > problem.place:
            first = min(first, *_steps_of(rest.pop().content), math.inf)
        problem.after = first
    return lines, [problem.describe(path) for problem in problems]


@dataclass
class _DamagedLines:
    """Lines of a log that follow one another and are all damaged.

    Attributes:
        place: Position of the first one in the file, from 1.
        reason: What is wrong with the first one.
        before: The last step in lines before them; minus infinity if there is none.
        after: The first step in lines after them; infinity if there is none.
        count: Number of lines.
    """

    place: int
    reason: str
    before: float
    after: float = math.inf
    count: int = 1

    def describe(self, path: str) -> str:
        """Describe them for people."""
        start = f"step {self.before}" if self.before > -math.inf else "the start of the log"
        end = f"step {self.after}" if self.after < math.inf else "the end of the log"
        where = f"between {start} and {end}"
        if self.count == 1:
            return f"{path}:{self.place}: not a log line ({self.reason}): it is {where}"
        what = f"not a log line ({self.reason}), nor {'is' if self.count == 2 else 'are'} the next"
        return f"{path}:{self.place}: {what} {format_count(self.count - 1, 'line')}: they are {where}"


def _steps_of(content: Mapping[str, Any]) -> list[int]:
    steps = content.get("steps", [content.get("step")])
    return [step for step in steps if type(step) is int] if isinstance(steps, list) else []


def _describe_order(lines: Sequence[_Line], path: str) -> list[str]:
    """Describe where the first lines are doubled or out of order, and how many are missing."""
    problems, seen, last = [], set[int](), -1
    for line in lines:
        if line.number in seen:
            problems.append(f"{path}:{line.place}: line {line.number} is here for a second time")
        elif line.number < last:
            problems.append(f"{path}:{line.place}: line {line.number} is out of order")
        seen.add(line.number)
        last = max(last, line.number)
    if more := len(problems[MAX_ORDER_PROBLEMS:]):
        problems[MAX_ORDER_PROBLEMS:] = [f"{path}: {format_count(more, 'more line')} doubled or out of order"]
    if gaps := last + 1 - len(seen):
        problems.append(f"{path}: {format_count(gaps, 'line')} missing or damaged")
    return problems
