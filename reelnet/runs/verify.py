"""Checks a run against its checksums, and repairs a damaged one by dropping what is damaged."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from reelnet.errors import RunError
from reelnet.runs.format.arrays import crc32_hex
from reelnet.runs.format.log import StepLocation, StepLog
from reelnet.runs.format.reader import ValueReader
from reelnet.runs.format.segment import Segment, head_size
from reelnet.runs.header import REPAIR_HINT, Header, TapInfo, read_error, read_header
from reelnet.runs.session import remove_unreferenced_files
from reelnet.runs.step_index import describe_steps
from reelnet.runs.storage.open_store import open_store
from reelnet.runs.storage.protocol import Store

STEP_FILE = re.compile(r"steps/(\d{8,})\.safetensors")

Progress = Callable[[int, int], None]
"""Receives the number of steps that are done, and the total."""


@dataclass(frozen=True)
class RunHealth:
    """The result of checking every byte of a run.

    Attributes:
        step_count: Number of steps of the run, as far as the log is readable.
        damaged_steps: What is wrong with each damaged step, with its file.
        log_problems: What is wrong with lines of the log.
        samples_problem: What is wrong with the samples; empty if they are intact.
    """

    step_count: int
    damaged_steps: dict[int, str] = field(default_factory=dict)
    log_problems: list[str] = field(default_factory=list)
    samples_problem: str = ""

    @property
    def is_intact(self) -> bool:
        """Whether nothing is damaged."""
        return not self.problems()

    @property
    def intact_step_count(self) -> int:
        """Number of undamaged steps."""
        return self.step_count - len(self.damaged_steps)

    def problems(self) -> list[str]:
        """List what is damaged, one line per problem."""
        return [*filter(None, [self.samples_problem]), *self.log_problems, *self.damaged_steps.values()]


def verify_run(path: str | os.PathLike[str], progress: Progress | None = None) -> RunHealth:
    """Read a whole run and check every checksum.

    Raises:
        RunError: There is no run, or its header or log cannot be read at all.
    """
    store = open_store(path)
    return _check_run(store, read_header(store), progress)[0]


def repair_run(path: str | os.PathLike[str], progress: Progress | None = None) -> RunHealth:
    """Drop what is damaged and keep what is intact.

    Damaged steps are marked as missing, and unreferenced files are removed. A segment whose log line is damaged is
    restored from its own index, without metrics.

    Returns:
        What was damaged. Afterwards everything is intact except the samples, which cannot be repaired.

    Raises:
        UsageError: A recorder is using the run.
        RunError: There is no run, its header or log cannot be read at all, or it cannot be written.
    """
    store = open_store(path)
    header = read_header(store)
    lock = None
    try:
        lock = store.lock()
        health, log = _check_run(store, header, progress)
        log.drop(health.damaged_steps)
        log.missing |= dict.fromkeys(health.damaged_steps, "damaged, dropped by 'reelnet repair'")
        log.generation += 1
        store.replace_log(log.to_bytes())
        remove_unreferenced_files(store, log)
    except OSError as error:
        raise RunError(f"{store}: cannot be repaired ({error.strerror})") from error
    finally:
        store.close()
        if lock is not None:
            lock.release()
    return health


def _check_run(store: Store, header: Header, progress: Progress | None) -> tuple[RunHealth, StepLog]:
    """Read a whole run. Returns what is damaged, and the log with every step that is still readable."""
    path = store.full_path("log.jsonl")
    try:
        log, damaged_lines = _read_damaged_log(store.read_log(None).lines, header.taps, path)
        restored = _restore_segments(store, log, header.taps) if damaged_lines else []
        for segment in restored:
            log.add(segment)
        damaged_steps = _find_lost_steps(store, log, damaged_lines)
    except OSError as error:
        raise read_error(path, "the log", error) from error
    log_problems = [
        f"{line.error}: {line.describe_position()}"
        for line in damaged_lines
        if not any(map(line.may_contain, damaged_steps))
    ]
    log_problems += [
        f"{store.full_path(segment.file)}: {describe_steps(segment.steps)}: "
        "their log line is damaged, so their metrics are lost"
        for segment in restored
    ]
    step_count, reader = len(log.steps) + len(damaged_steps), ValueReader(store, header.taps)
    for done, (step, location) in enumerate(sorted(log.steps.items(), key=lambda item: item[0]), 1):
        if problem := _check_step(reader, location, step, list(header.taps)):
            damaged_steps[step] = problem
        if progress is not None:
            progress(done, len(log.steps))
    damaged_steps = dict(sorted(damaged_steps.items()))
    return RunHealth(step_count, damaged_steps, log_problems, _check_samples(store, header)), log


@dataclass(frozen=True)
class _DamagedLine:
    """A line of the log that cannot be parsed.

    Attributes:
        error: What is wrong, with the path of the log and the line number.
        last_before: The largest step in the lines before it; -inf if there is none.
        first_after: The smallest step in the lines after it; inf if there is none.
    """

    error: str
    last_before: float
    first_after: float

    def may_contain(self, step: int) -> bool:
        """Return whether the line may have committed a step."""
        return self.last_before < step < self.first_after

    def describe_position(self) -> str:
        """Describe where in the log the line is."""
        start = f"step {self.last_before}" if self.last_before > -math.inf else "the start of the log"
        end = f"step {self.first_after}" if self.first_after < math.inf else "the end of the log"
        return f"it is between {start} and {end}"


def _read_damaged_log(
    lines: bytes, taps: Mapping[str, TapInfo], path: str
) -> tuple[StepLog, list[_DamagedLine]]:
    """Parse the readable lines of a log, and collect the others."""
    log = StepLog(taps)
    errors: dict[int, str] = {}
    steps: list[tuple[int, int]] = []
    for number, text in enumerate(lines.split(b"\n")[:-1]):
        try:
            log.parse_lines(text + b"\n", path)
        except RunError as error:
            errors[number] = str(error).removesuffix(f"; {REPAIR_HINT}")
        else:
            line = json.loads(text)
            line_steps = line["steps"] if "segment" in line else [line["step"]] if "step" in line else []
            steps += [(number, int(step)) for step in line_steps]
    damaged_lines = [
        _DamagedLine(
            error,
            max((step for number, step in steps if number < damaged), default=-math.inf),
            min((step for number, step in steps if number > damaged), default=math.inf),
        )
        for damaged, error in errors.items()
    ]
    return log, damaged_lines


def _find_lost_steps(store: Store, log: StepLog, damaged_lines: Sequence[_DamagedLine]) -> dict[int, str]:
    """Find step files that a damaged line may have committed and no readable line references."""
    lost = {}
    for name in store.list_files("steps"):
        step = int(match[1]) if (match := STEP_FILE.fullmatch(name)) else -1
        line = next((each for each in damaged_lines if each.may_contain(step)), None)
        if step >= 0 and step not in log.steps and line is not None:
            lost[step] = f"{line.error}: step {step} is lost"
    return lost


def _restore_segments(store: Store, log: StepLog, taps: Mapping[str, TapInfo]) -> list[Segment]:
    """Rebuild the lines of unreferenced segments from their indexes.

    Segments with a damaged index, or with a step that is in the log, are skipped.
    """
    referenced = {segment.file for segment in log.segment_rows()}
    segments = []
    for name in store.list_files("segments"):
        if name in referenced:
            continue
        with suppress(OSError, ValueError, KeyError, TypeError, OverflowError, MemoryError):
            (start,) = store.read_spans(name, [(0, 8)])
            (start,) = store.read_spans(name, [(0, 8 + int.from_bytes(start, "little"))])
            (head,) = store.read_spans(name, [(0, head_size(start, taps))])
            segment = Segment.from_head(name, head, taps)
            if not {*segment.steps} & log.steps.keys():
                segments.append(segment)
    return segments


def _check_step(reader: ValueReader, location: StepLocation, step: int, taps: list[str]) -> str:
    """Describe what is wrong with a step; empty if it is intact."""
    try:
        reader.read_step_bytes(reader.commit_at(location), taps)
    except RunError as error:
        problem = str(error).removesuffix(f"; {REPAIR_HINT}")
        # The error about the damaged index of a segment does not name the step.
        return problem if f"step {step}" in problem else f"{problem}; step {step} is lost"
    return ""


def _check_samples(store: Store, header: Header) -> str:
    """Describe what is wrong with the samples; empty if they are intact."""
    path = store.full_path("samples.safetensors")
    try:
        is_intact = crc32_hex(store.read_bytes("samples.safetensors")) == header.samples_crc32
        return "" if is_intact else f"{path}: the samples are altered or truncated"
    except OSError as error:
        return f"{path}: cannot read the samples ({error.strerror})"
