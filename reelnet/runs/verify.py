"""Checks a run against its checksums, and repairs a damaged one by setting aside what is damaged."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from reelnet.errors import RunError
from reelnet.runs.format.log import LogWriter, StepLocation, StepLog
from reelnet.runs.format.reader import ValueReader
from reelnet.runs.header import FORMAT_VERSION, REPAIR_HINT, RESTORE_HINT, Header, read_error, read_header
from reelnet.runs.metrics import METRICS_FILE, read_imported_metrics
from reelnet.runs.recovery import COMMIT_SECONDS, list_value_files, read_damaged_log, restore_steps
from reelnet.runs.session import remove_unreferenced_files
from reelnet.runs.snapshot import read_samples
from reelnet.runs.storage.open_store import open_store
from reelnet.runs.storage.protocol import Store

Progress = Callable[[int, int], None]
"""Receives the number of steps that are done, and the total."""


@dataclass(frozen=True)
class RunHealth:
    """The result of checking every byte of a run.

    Attributes:
        step_count: Number of steps of the run, as far as the log is readable.
        damaged_steps: What is wrong with each damaged step, with its file.
        log_problems: What is wrong with lines of the log, and what was restored.
        samples_problem: What is wrong with the samples; empty if they are intact.
        metrics_problem: What is wrong with the imported metrics; empty if they are intact.
    """

    step_count: int
    damaged_steps: dict[int, str] = field(default_factory=dict)
    log_problems: list[str] = field(default_factory=list)
    samples_problem: str = ""
    metrics_problem: str = ""

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
        return [
            *filter(None, [self.samples_problem, self.metrics_problem]),
            *self.log_problems,
            *self.damaged_steps.values(),
        ]


def verify_run(path: str | os.PathLike[str], progress: Progress | None = None) -> RunHealth:
    """Read a whole run and check every checksum.

    Raises:
        RunError: There is no run, or its header or log cannot be read at all.
    """
    store = open_store(path)
    return _check_run(store, read_header(store), progress).health


def repair_run(path: str | os.PathLike[str], progress: Progress | None = None) -> RunHealth:
    """Keep what is intact, and move what is damaged to the folder `damaged` of the run.

    Steps whose log line is damaged or lost are restored from their files. Damaged steps are marked as missing. Only
    files that hold nothing but what the run has elsewhere, or has dropped, are removed.

    Returns:
        What was damaged. Afterwards everything is intact except the samples, which cannot be repaired. Imported
        metrics that are damaged are set aside, too.

    Raises:
        UsageError: A recorder is using the run.
        RunError: There is no run, its header or log cannot be read at all, or it cannot be written.
    """
    store = open_store(path)
    header = read_header(store)
    lock = None
    try:
        lock = store.lock()
        check = _check_run(store, header, progress)
        health, log = check.health, check.log
        keep = {*check.unreadable, *_damaged_files(log, health.damaged_steps)}
        for step in health.damaged_steps:
            log.steps.pop(step, None)
        log.missing |= dict.fromkeys(health.damaged_steps, "damaged, dropped by 'reelnet repair'")
        if health.log_problems:
            _keep_old_log(store)
        LogWriter(store, log).rewrite()
        if header.format != FORMAT_VERSION:
            store.write_file("run.json", replace(header, format=FORMAT_VERSION).to_json())
        remove_unreferenced_files(store, log, keep)
        if health.metrics_problem:
            store.set_aside(METRICS_FILE)
    except OSError as error:
        raise RunError(f"{store}: cannot be repaired ({error.strerror})") from error
    finally:
        store.close()
        if lock is not None:
            lock.release()
    return health


def _damaged_files(log: StepLog, damaged_steps: Mapping[int, str]) -> set[str]:
    """Return the files of damaged steps."""
    locations = [log.steps[step] for step in damaged_steps if step in log.steps]
    return {each[0].file if isinstance(each, tuple) else each.file for each in locations}


def _keep_old_log(store: Store) -> None:
    """Keep a copy of a damaged log, if there is one."""
    with suppress(FileNotFoundError):
        store.write_damaged("log.jsonl", store.read_log(None).lines)


@dataclass(frozen=True)
class _Check:
    """The result of reading a whole run.

    Attributes:
        health: What is damaged.
        log: The log with every step that is in it or could be restored, damaged ones too.
        unreadable: Files that neither the log nor their content explains.
    """

    health: RunHealth
    log: StepLog
    unreadable: list[str]


def _check_run(store: Store, header: Header, progress: Progress | None) -> _Check:
    """Read a whole run, and restore what the log does not say."""
    path = store.full_path("log.jsonl")
    try:
        # Listed before the log is read: while the run is recorded, files come before their lines.
        files = list_value_files(store)
        log, log_problems = read_damaged_log(store, header)
        restored = restore_steps(store, log, files)
        if restored.problems and not log_problems:
            # A step may have been between its file and its line.
            time.sleep(COMMIT_SECONDS)
            log, log_problems = read_damaged_log(store, header)
            restored = restore_steps(store, log, files)
    except OSError as error:
        raise read_error(path, "the log", error) from error
    damaged_steps = restored.lost
    step_count, reader = len(log.steps) + len(damaged_steps), ValueReader(store, header.taps)
    for done, (step, location) in enumerate(sorted(log.steps.items(), key=lambda item: item[0]), 1):
        if problem := _check_step(reader, location, step, list(header.taps)):
            damaged_steps[step] = problem
        if progress is not None:
            progress(done, len(log.steps))
    health = RunHealth(
        step_count,
        dict(sorted(damaged_steps.items())),
        log_problems + restored.problems,
        _check_samples(store, header),
        _check_metrics(store),
    )
    return _Check(health, log, restored.unreadable)


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
    try:
        read_samples(store, header)
    except RunError as error:
        return str(error).removesuffix(f"; {RESTORE_HINT}")
    return ""


def _check_metrics(store: Store) -> str:
    """Describe what is wrong with the imported metrics; empty if they are intact."""
    try:
        read_imported_metrics(store)
    except RunError as error:
        return str(error)
    return ""
