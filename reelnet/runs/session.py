"""Opens a run for recording: a new one, a replacement of an old one, or one to resume."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from reelnet.errors import ReelnetError, UsageError
from reelnet.runs.format.checked_json import parse_json
from reelnet.runs.format.commit import step_file
from reelnet.runs.format.log import LogReader, LogWriter, StepLog
from reelnet.runs.header import MAX_HEADER_BYTES, Header, read_header
from reelnet.runs.recovery import list_value_files, restore_steps
from reelnet.runs.storage.open_store import open_store
from reelnet.runs.storage.protocol import SAMPLES_FILE, RunLock, Store

LOG = logging.getLogger("reelnet")


def open_session(
    store: Store, header: Header, samples: bytes, *, force: bool, resume: int | None
) -> tuple[RunLock, StepLog]:
    """Create a run, or open one to resume it.

    Args:
        store: Files of the run.
        header: Header of the recording.
        samples: Content of `samples.safetensors`.
        force: Replace an existing run.
        resume: The step to resume after; None for a new run.

    Returns:
        The lock that keeps other recorders out, and the log.

    Raises:
        UsageError: Something exists that must not be replaced, there is no run to resume, the run does not match
            the recording, another recorder is using it, or its header would be too large.
        ReelnetError: The run cannot be written.
    """
    _require_target(store, force=force, resume=resume is not None)
    existed = True
    try:
        existed = store.exists()
        store.create_folders()
        lock = store.lock()
    except OSError as error:
        if not existed:
            _remove_run(store)
        raise ReelnetError(f"{store}: cannot write a run here ({error.strerror})") from error
    try:
        if resume is not None:
            return lock, _resume_run(store, header, resume)
        # Another recorder may have been faster.
        _require_target(store, force=force, resume=False)
        return lock, _create_run(store, header, samples)
    except BaseException as error:
        lock.release()
        if resume is None and not isinstance(error, UsageError):
            _remove_run(store)
        raise


def require_free_path(path: str | os.PathLike[str], *, force: bool) -> None:
    """Make sure that a new run may be created at `path`.

    Raises:
        UsageError: `path` exists and is neither an empty folder nor (with `force`) a run.
        ReelnetError: `path` cannot be accessed.
    """
    _require_target(open_store(path), force=force, resume=False)


def resolve_resume_step(path: str | os.PathLike[str], resume: int | bool) -> int | None:
    """Find the step to resume a recording after; None to start a new one.

    Args:
        path: The run.
        resume: The step, False for a new run, or True for the last step of the run, if there is one.

    Raises:
        UsageError: `resume` is not a step, or there is no run.
        RunError: The run is damaged.
        ReelnetError: `path` cannot be accessed.
    """
    if resume is False:
        return None
    if not isinstance(resume, int) or resume < 0:
        raise UsageError(f"resume={resume!r}: give the step of the checkpoint, 0 or more, or True")
    store = open_store(path)
    with explain_os_errors(f"{store}: cannot resume a run here"):
        if resume is True and store.is_empty():
            return None
    _require_target(store, force=False, resume=True)
    if resume is not True:
        return resume
    header = read_header(store)
    with explain_os_errors(f"{store}: cannot resume a run here"):
        files = list_value_files(store)
        log = LogReader(store, header).log
        restore_steps(store, log, files)
    return max(log.steps, default=0)


def remove_unreferenced_files(store: Store, log: StepLog, damaged: Collection[str]) -> None:
    """Remove step and segment files that the log does not reference, and temporary files.

    Damaged files are moved to the folder `damaged` instead, also those of steps that the log calls missing: a repair
    may have been killed before it moved them.

    Args:
        store: Files of the run.
        log: The log.
        damaged: Files that are damaged.

    Raises:
        OSError: A file cannot be removed.
    """
    referenced = {commit.file for commit in log.unpacked_commits()}
    referenced |= {segment.file for segment in log.segment_rows()}
    damaged = {*damaged, *map(step_file, log.missing)}
    for name in list_value_files(store):
        if name not in referenced and name in damaged:
            store.set_aside(name)
        elif name not in referenced:
            store.remove_files([name])
    store.remove_temporary_files()


@contextmanager
def explain_os_errors(message: str, hint: str = "") -> Iterator[None]:
    """Turn an `OSError` into a `ReelnetError`.

    Args:
        message: Start of the message, before the reason in parentheses.
        hint: End of the message.

    Raises:
        ReelnetError: The block raised an `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise ReelnetError(f"{message} ({error.strerror}){hint}") from error


def _require_target(store: Store, *, force: bool, resume: bool) -> None:
    """Make sure that a recording may be written to a store.

    Raises:
        UsageError: Something exists that is neither an empty folder nor (with `force` or `resume`) a run, there is no
            run to resume, or another recorder is using the run.
        RunError: The run to resume has a damaged header.
        ReelnetError: The store cannot be accessed.
    """
    with explain_os_errors(f"{store}: cannot write a run here"):
        is_free = store.is_empty()
        is_run = not is_free and _has_header(store)
        is_damaged = not is_free and not is_run and bool(list_value_files(store))
    if is_free and resume:
        raise UsageError(f"{store}: no run to resume; omit 'resume' to start a new one")
    if is_free:
        return
    if is_damaged and resume:
        # The error says what is wrong with the header.
        read_header(store)
    if not is_run:
        reason = ", so there is nothing to resume" if resume else ""
        raise UsageError(f"{store}: exists and is not a run{reason}; choose another folder")
    if not force and not resume:
        # A run that is being recorded gets that error instead, which does not suggest replacing it.
        with suppress(OSError):
            store.lock().release()
        raise UsageError(
            f"{store}: a run exists already; use --force (force=True) to replace it, Recorder(resume=True) to "
            "continue its recording, or choose another folder"
        )


def _has_header(store: Store) -> bool:
    """Return whether there is a `run.json` of reelnet, in any format version; other tools use that name, too."""
    try:
        content = parse_json(store.read_bytes("run.json", MAX_HEADER_BYTES))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
        return False
    return isinstance(content, dict) and {"format", "taps", "samples_crc32"} <= content.keys()


def _create_run(store: Store, header: Header, samples: bytes) -> StepLog:
    content = header.to_json()
    if len(content) > MAX_HEADER_BYTES:
        raise UsageError(
            f"{store}: run.json would have {len(content):,} bytes, at most {MAX_HEADER_BYTES:,} are possible; "
            "give fewer facts in 'about', or record fewer layers"
        )
    with explain_os_errors(f"{store}: cannot write a run here"):
        store.remove_run()
        store.create_folders()
        store.write_file(SAMPLES_FILE, samples)
        store.replace_log(b"")
        # The header comes last: with it the folder becomes a run that can be opened.
        store.write_file("run.json", content)
    return StepLog(header)


def _resume_run(store: Store, header: Header, step: int) -> StepLog:
    old_header = read_header(store)
    if difference := _describe_difference(old_header, header):
        raise UsageError(f"{store}: cannot resume this run: {difference}; record into another folder")
    with explain_os_errors(f"{store}: cannot resume this run"):
        files = list_value_files(store)
        log = LogReader(store, old_header).log
        restored = restore_steps(store, log, files)
        for problem in restored.problems:
            LOG.warning("%s", problem)
        log.drop_after(step)
        # Rewrite the log, since an unfinished last line would merge with the next one.
        LogWriter(store, log).rewrite()
        # A header of an earlier version allows checksums in the log, but this version demands them.
        if old_header.format != header.format:
            store.write_file("run.json", replace(old_header, format=header.format).to_json())
        remove_unreferenced_files(store, log, restored.unreadable)
    return log


def _describe_difference(old: Header, new: Header) -> str:
    """Describe why a recording cannot continue a run; empty if it can."""
    for name in old.taps:
        if name not in new.taps:
            return f"layer {name!r} is no longer recorded"
    for name, tap in new.taps.items():
        if name not in old.taps:
            return f"layer {name!r} was not recorded before"
        old_tap = old.taps[name]
        if (tap.shape, tap.dtype, tap.channels) != (old_tap.shape, old_tap.dtype, old_tap.channels):
            channels = " of other channels" if tap.channels != old_tap.channels else ""
            return (
                f"layer {name!r} gives {tap.dtype} {tap.shape}, "
                f"but the run holds {old_tap.dtype} {old_tap.shape}{channels}"
            )
    if None not in (old.classes, new.classes) and old.classes != new.classes:
        return "the classes are different"
    if new.samples_crc32 != old.samples_crc32:
        return "the samples are different"
    return ""


def _remove_run(store: Store) -> None:
    with suppress(OSError):
        store.remove_run()
        store.remove_empty_folder()
