"""Writes a run while it is being recorded."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError, RunError
from reelnet.runs.format.arrays import crc32_hex, pack_arrays
from reelnet.runs.format.commit import Commit
from reelnet.runs.format.compaction import SEGMENT_BYTES, SegmentPacker
from reelnet.runs.format.log import LogWriter
from reelnet.runs.format.step_file import pack_step
from reelnet.runs.header import Header, TapInfo
from reelnet.runs.session import explain_os_errors, open_session
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.step_index import describe_steps
from reelnet.runs.storage.open_store import open_store
from reelnet.runs.storage.protocol import Store


class RunWriter:
    """Commits snapshots to a run, one step at a time.

    The file of a step is written under a temporary name and renamed. Then its line is appended to the log, which
    commits the step. A killed process loses at most the step that it was writing. Steps are packed into segments
    along the way, and at the end. Several threads may use the same writer.

    Args:
        path: The run folder to create, a URL such as `s3://bucket/run`, or a store.
        taps: The taps to record.
        inputs: The samples as the network receives them, (samples, …). For a network with several inputs, all of
            them by name; the first one is named `fed`.
        pictures: The samples as people see them, uint8 (samples, height, width) or (…, 3).
        labels: One short text per sample.
        classes: Names of the classes, in the order of the network's scores.
        class_output: The tap that gives the model's output; empty if none does, None if that is not known.
        about: Free-form facts to store in `run.json`.
        force: Replace an existing run at `path`. Anything else at `path` is never touched.
        resume: Resume the existing run at `path` after this step; later steps of the run are replaced.
        segment_bytes: Approximate bytes of values in a segment; 0 keeps all steps in files of their own.
        timed: Whether to store when each step was committed. False for values that were computed elsewhere.

    Raises:
        UsageError: Something exists at `path`, there is no matching run to resume, or another recorder is using it.
        ReelnetError: The folder cannot be written.
        RunError: The run to resume is damaged.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | Store,
        *,
        taps: Mapping[str, TapInfo],
        inputs: NDArray[np.generic] | Mapping[str, NDArray[np.generic]],
        pictures: NDArray[np.uint8],
        labels: tuple[str, ...] | None = None,
        classes: tuple[str, ...] | None = None,
        class_output: str | None = None,
        about: Mapping[str, Any] | None = None,
        force: bool = False,
        resume: int | None = None,
        segment_bytes: int = SEGMENT_BYTES,
        timed: bool = True,
    ) -> None:
        self._store: Store = open_store(path)
        self._guard = threading.RLock()
        named_inputs = inputs if isinstance(inputs, Mapping) else {"fed": inputs}
        samples, _ = pack_arrays({**named_inputs, "shown": pictures})
        header = Header(
            dict(taps),
            len(pictures),
            crc32_hex(samples),
            labels,
            about or {},
            classes=classes,
            class_output=class_output,
        )
        self._lock, self._log = open_session(self._store, header, samples, force=force, resume=resume)
        self._is_new = resume is None
        # A resumed run keeps the order of its taps, since segments identify taps by it.
        self._taps = self._log.taps
        self._log_writer = LogWriter(self._store, self._log)
        last_elapsed = self._log.last_elapsed if self._log.steps else 0.0
        # If the steps of a resumed run have no times, it is unknown when its recording began.
        self._start = time.monotonic() - last_elapsed if timed and last_elapsed is not None else None
        self._packer = SegmentPacker(self._store, self._log, self._taps, segment_bytes)
        if self._log.dropped:
            # If this fails, the log still says which steps of a segment are replaced.
            with suppress(OSError, RunError):
                self._packer.remove_dropped()
        self._is_open = True

    @property
    def steps(self) -> list[int]:
        """The steps in the run, ascending."""
        return sorted(self._log.steps)

    def commit(self, snapshot: Snapshot) -> None:
        """Write one step. It is part of the run once this returns.

        Raises:
            ReelnetError: The arrays differ from the taps, or the step cannot be written, because the disk is full,
                for example. The steps committed before remain intact.
        """
        self._check_arrays(snapshot)
        metrics = {name: float(value) for name, value in snapshot.metrics.items()}
        elapsed = None if self._start is None else round(time.monotonic() - self._start, 3)
        arrays = {name: np.ascontiguousarray(snapshot.taps[name]) for name in self._taps}
        data, commit = pack_step(snapshot.step, arrays, metrics, elapsed)
        with self._exclusive_access():
            message = f"{self._store.full_path(commit.file)}: cannot write step {snapshot.step}"
            with explain_os_errors(message, f"; the {len(self._log.steps)} steps before it are safe"):
                self._store.write_file(commit.file, data)
                line_size = self._log_writer.append(commit.to_line())
            self._log.add(commit)
            self._packer.add(commit, line_size)

    def mark_missing(self, step: int, reason: str) -> None:
        """Record that a step is missing, and why.

        Raises:
            ReelnetError: The log cannot be written.
        """
        with self._exclusive_access():
            with explain_os_errors(f"{self._store}: cannot record that step {step} is missing"):
                self._log_writer.append({"step": step, "missing": reason})
            self._log.missing[step] = reason

    def drop(self, steps: Sequence[int]) -> None:
        """Remove committed steps, to free disk space.

        Raises:
            ReelnetError: The log cannot be written, or a file cannot be removed.
        """
        with self._exclusive_access():
            with explain_os_errors(f"{self._store}: cannot record which steps were dropped"):
                self._log_writer.append({"dropped": list(steps)})
            locations = [self._log.steps[step] for step in steps if step in self._log.steps]
            self._log.drop(steps)
            with explain_os_errors(f"{self._store}: cannot remove {describe_steps(steps)}"):
                self._store.remove_files(each.file for each in locations if isinstance(each, Commit))
                self._packer.remove_dropped()

    def close(self) -> None:
        """Pack the remaining steps into a segment, and unlock the run.

        A run that was not closed is still valid, since every commit is complete by itself.
        """
        with self._guard:
            if not self._is_open:
                return
            self._is_open = False
            try:
                self._packer.finish()
            finally:
                self._store.close()
                self._lock.release()

    def discard(self) -> None:
        """Close and remove a new run, after a recording that failed before its first step.

        A resumed run is only closed.
        """
        with self._guard:
            self._is_open = False
            self._store.close()
            with suppress(OSError):
                if self._is_new:
                    self._store.remove_run()
            self._lock.release()
            with suppress(OSError):
                if self._is_new:
                    self._store.remove_empty_folder()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _exclusive_access(self) -> Iterator[None]:
        with self._guard:
            if not self._is_open:
                raise ReelnetError(f"{self._store}: the run is closed")
            yield

    def _check_arrays(self, snapshot: Snapshot) -> None:
        for name, tap in self._taps.items():
            array = snapshot.taps[name]
            if array.shape != tap.shape or array.dtype.name != tap.dtype:
                raise ReelnetError(
                    f"{self._store}: step {snapshot.step}: layer {name!r} gives {array.dtype} {array.shape}, "
                    f"but the run holds {tap.dtype} {tap.shape}; record another run"
                )
