"""The beginning of a recording: in a new run, in the place of another, or where one was broken off."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, replace

from reelnet.errors import ReelnetError, UsageError
from reelnet.runs.format.log import Log, LogReader
from reelnet.runs.header import Header, read_header
from reelnet.runs.storage.open_store import open_store
from reelnet.runs.storage.protocol import Lock, Store


@dataclass(frozen=True)
class Found:
    """A run that is ready to be written.

    Attributes:
        lock: What keeps others out.
        log: What the run holds already.
        made: Whether it is new.
    """

    lock: Lock
    log: Log
    made: bool


def begin(store: Store, header: Header, samples: bytes, *, force: bool, resume: int | None) -> Found:
    """Make a run, or go on with one.

    Args:
        store: Where.
        header: Of the recording.
        samples: Content of the file of samples.
        force: Replace a run that is there.
        resume: The step after which to go on; None for a new run.

    Raises:
        UsageError: Something is there that must not be replaced, or nothing to go on with, or another recorder.
        ReelnetError: It cannot be written.
    """
    require_place(store, force=force, resume=resume is not None)
    there = False
    try:
        there = store.exists()
        store.make()
        lock = store.lock()
    except OSError as error:
        _tidy(store, there=there)
        raise ReelnetError(f"{store}: cannot write a run here ({error.strerror})") from error
    try:
        if resume is not None:
            return Found(lock, _resumed(store, header, resume), made=False)
        # Another recorder may have been quicker.
        require_place(store, force=force, resume=False)
        return Found(lock, _made(store, header, samples), made=True)
    except BaseException as error:
        lock.release()
        if resume is None and not isinstance(error, UsageError):
            _tidy(store, there=False)
        raise


def require_place(store: Store, *, force: bool, resume: bool) -> None:
    """Make sure that one may record here.

    Raises:
        UsageError: Something is there that is not an empty folder, nor (with `force`) a run; or there is no run
            to resume; or another recorder is at work on the run that must not be replaced.
        ReelnetError: One may not look.
    """
    try:
        free = not store.exists() or store.is_empty()
        ours = not free and _is_header(store)
    except OSError as error:
        raise ReelnetError(f"{store}: cannot write a run here ({error.strerror})") from error
    if free and resume:
        raise UsageError(f"{store}: no run to go on with; leave out resume to begin one")
    if free:
        return
    if not ours:
        end = ", so there is nothing to go on with" if resume else ""
        raise UsageError(f"{store}: exists and is not a run{end}; choose another folder")
    if not force and not resume:
        # Of a run that grows at this moment nobody should think of replacing it.
        with suppress(OSError):
            store.lock().release()
        raise UsageError(
            f"{store}: holds a run already; choose another folder, or give --force (force=True) to replace it"
        )


def _made(store: Store, header: Header, samples: bytes) -> Log:
    try:
        store.remove_all()
        store.make()
        store.write("samples.safetensors", samples)
        store.rewrite(b"")
        # The header comes last: from here on the folder is a run, and opens.
        store.write("run.json", header.to_json().encode())
    except OSError as error:
        raise ReelnetError(f"{store}: cannot write a run here ({error.strerror})") from error
    return Log(header.taps)


def _resumed(store: Store, header: Header, step: int) -> Log:
    """What counts of a run that goes on after a step."""
    before = read_header(store)
    if difference := _difference(before, header):
        raise UsageError(f"{store}: cannot go on with this run: {difference}; record into another folder")
    log = LogReader(store, header.taps).log
    log.supersede(step)
    log.number += 1
    try:
        if before.format != header.format:
            store.write("run.json", replace(before, format=header.format).to_json().encode())
        # Anew, since a line that its writer could not end would swallow the next.
        store.rewrite(log.text())
        keep_only_known(store, log)
    except OSError as error:
        raise ReelnetError(f"{store}: cannot go on with this run ({error.strerror})") from error
    return log


def keep_only_known(store: Store, log: Log) -> list[str]:
    """Remove files that no line of the log names, and give their names.

    Raises:
        OSError: One cannot be removed.
    """
    known = {commit.file for commit in log.loose()} | {segment.file for segment in log.segments()}
    strays = [name for folder in ("steps", "segments") for name in store.names(folder) if name not in known]
    store.remove(strays)
    store.remove_temporary()
    return strays


def _difference(before: Header, now: Header) -> str:
    """In what two recordings differ so that one cannot go on with the other; empty if in nothing."""
    if missing := [name for name in before.taps if name not in now.taps]:
        return f"layer {missing[0]!r} is not recorded any more"
    for name, tap in now.taps.items():
        if name not in before.taps:
            return f"layer {name!r} was not recorded before"
        old = before.taps[name]
        if (tap.shape, tap.dtype, tap.channels) != (old.shape, old.dtype, old.channels):
            return (
                f"layer {name!r} gives {tap.dtype} {tap.shape}, but the run holds {old.dtype} {old.shape}"
                + (" of other channels" if tap.channels != old.channels else "")
            )
    if now.samples_crc32 != before.samples_crc32:
        return "the samples are others"
    return ""


def _tidy(store: Store, *, there: bool) -> None:
    with suppress(OSError):
        if not there:
            store.remove_all()
            store.remove_folder()


def _is_header(store: Store) -> bool:
    """Whether there is a `run.json` of reelnet, of whatever format; others use that name, too."""
    try:
        content = json.loads(store.read("run.json"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
        return False
    return isinstance(content, dict) and {"format", "taps", "samples_crc32"} <= content.keys()


def require_free_path(path: str | os.PathLike[str], *, force: bool) -> None:
    """Make sure that a new run may be made at `path`.

    Raises:
        UsageError: Something is there that is not an empty folder, nor (with `force`) a run.
        ReelnetError: One may not look.
    """
    require_place(open_store(path), force=force, resume=False)


def resolve_resume_step(path: str | os.PathLike[str], resume: int | bool) -> int | None:
    """The step after which a recording goes on; None where it begins anew.

    Args:
        path: The run.
        resume: What `Recorder` takes.

    Raises:
        UsageError: It is no step, or there is no run.
        RunError: The run is damaged.
    """
    if resume is False:
        return None
    if resume is not True:
        if not isinstance(resume, int) or resume < 0:
            raise UsageError(f"resume={resume!r}: give the step of the checkpoint, 0 or more, or True")
        require_place(open_store(path), force=False, resume=True)
        return resume
    store = open_store(path)
    try:
        if not store.exists() or store.is_empty():
            return None
    except OSError as error:
        raise ReelnetError(f"{store}: cannot go on with a run here ({error.strerror})") from error
    require_place(store, force=False, resume=True)
    return max(LogReader(store, read_header(store).taps).log.steps, default=0)
