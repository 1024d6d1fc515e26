"""A run while it is being recorded."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError
from reelnet.runs.format.arrays import checksum, finite_range, nonfinite, pack
from reelnet.runs.format.commit import Commit
from reelnet.runs.format.compaction import SEGMENT_BYTES, Compaction
from reelnet.runs.format.log import line_of
from reelnet.runs.header import Header, TapInfo
from reelnet.runs.session import Found, begin
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.step_index import span
from reelnet.runs.storage.open_store import open_store
from reelnet.runs.storage.protocol import Store


class RunWriter:
    """Commits snapshots to a run, one step at a time.

    A step's file is written under a temporary name and renamed, then its line is appended to the log: the
    line is the commit. A process that is killed loses at most the step it was writing. Steps are packed into
    segments on the way, and at the end. May be used from several threads.

    Args:
        path: The folder to make, or an address such as `s3://bucket/run`.
        taps: The recorded places.
        inputs: The samples as the network gets them, (samples, …); where it takes several inputs, all by their
            names, of which the first is `fed`.
        pictures: The samples as a person sees them, uint8 (samples, height, width) or (…, 3).
        labels: One short text a sample.
        about: Free facts that `run.json` keeps.
        force: Replace a run that lies at `path`. Anything else that lies there is never touched.
        resume: Go on with a run that lies at `path`, after this step; what it holds of later ones is superseded.
        segment_bytes: Bytes of values that a segment holds, about; with 0 all steps stay in files of their own.

    Raises:
        UsageError: There is something at `path` already, or no such run to go on with; or another recorder is at
            work there.
        ReelnetError: The folder cannot be written.
        RunError: The run to go on with is damaged.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        taps: Mapping[str, TapInfo],
        inputs: NDArray[np.generic] | Mapping[str, NDArray[np.generic]],
        pictures: NDArray[np.uint8],
        labels: tuple[str, ...] | None = None,
        about: Mapping[str, Any] | None = None,
        force: bool = False,
        resume: int | None = None,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self._store: Store = open_store(path)
        self._taps = dict(taps)
        self._guard = threading.RLock()
        named = inputs if isinstance(inputs, Mapping) else {"fed": inputs}
        samples, _ = pack({**named, "shown": pictures})
        header = Header(self._taps, len(pictures), checksum(samples), labels, about or {})
        found: Found = begin(self._store, header, samples, force=force, resume=resume)
        self._lock, self._log, self._made = found.lock, found.log, found.made
        self._compaction = Compaction(self._store, self._log, self._taps, segment_bytes)
        self._open = True

    @property
    def step_count(self) -> int:
        """How many steps count."""
        return len(self._log.steps)

    @property
    def steps(self) -> list[int]:
        """The steps that count, ascending."""
        return sorted(self._log.steps)

    def commit(self, snapshot: Snapshot) -> None:
        """Write one step; it counts once this returns.

        Raises:
            ReelnetError: The disk is full, say. The steps committed before stay as they are.
        """
        self._require_form(snapshot)
        file = f"steps/{snapshot.step:08d}.safetensors"
        data, spans = pack(snapshot.taps)
        arrays = snapshot.taps.items()
        commit = Commit(
            step=snapshot.step,
            metrics={name: float(value) for name, value in snapshot.metrics.items()},
            file=file,
            spans=spans,
            ranges={name: finite_range(array) for name, array in arrays},
            nonfinite={name: count for name, array in arrays if (count := nonfinite(array))},
        )
        line = line_of(commit.line())
        with self._at_work():
            try:
                self._store.write(file, data)
                self._store.append(line)
            except OSError as error:
                raise ReelnetError(
                    f"{self._store.full(file)}: cannot write step {snapshot.step} ({error.strerror}); "
                    f"the {self.step_count} steps before it are safe"
                ) from error
            self._log.put(commit)
            self._compaction.added(commit, len(line))

    def mark_missing(self, step: int, reason: str) -> None:
        """Mark a step as one that could not be recorded, and say why.

        Raises:
            ReelnetError: The log cannot be written.
        """
        with self._at_work():
            self._append({"step": step, "missing": reason}, f"that step {step} is missing")
            self._log.missing[step] = reason

    def drop(self, steps: Sequence[int]) -> None:
        """Give up steps that were committed, to make room.

        Raises:
            ReelnetError: The log cannot be written, or a file not be removed.
        """
        with self._at_work():
            self._append({"dropped": list(steps)}, "which steps were given up")
            places = [self._log.steps[step] for step in steps if step in self._log.steps]
            self._log.drop(steps)
            try:
                self._store.remove(place.file for place in places if isinstance(place, Commit))
                self._compaction.thin_out()
            except OSError as error:
                raise ReelnetError(
                    f"{self._store}: cannot remove {span(steps)} ({error.strerror})"
                ) from error

    def close(self) -> None:
        """Pack what is left into a segment, and let go of the run.

        The run needs no other ending: every commit is complete by itself.
        """
        with self._guard:
            if not self._open:
                return
            self._open = False
            try:
                self._compaction.finish()
            finally:
                self._store.close()
                self._lock.release()

    def discard(self) -> None:
        """Close, and remove what was written: a recording that failed before its first step.

        A run that was there before stays.
        """
        with self._guard:
            self._open = False
            self._store.close()
            with suppress(OSError):
                if self._made:
                    self._store.remove_all()
            self._lock.release()
            with suppress(OSError):
                if self._made:
                    self._store.remove_folder()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        with self._guard:
            if not self._open:
                raise ReelnetError(f"{self._store}: the run is closed")
            yield

    def _append(self, content: Mapping[str, Any], what: str) -> None:
        try:
            self._store.append(line_of(content))
        except OSError as error:
            raise ReelnetError(f"{self._store}: cannot write {what} ({error.strerror})") from error

    def _require_form(self, snapshot: Snapshot) -> None:
        for name, tap in self._taps.items():
            array = snapshot.taps[name]
            if array.shape != tap.shape or array.dtype.name != tap.dtype:
                raise ReelnetError(
                    f"{self._store}: step {snapshot.step}: layer {name!r} gives {array.dtype} {array.shape}, "
                    f"but the run holds {tap.dtype} {tap.shape}; start another run"
                )
