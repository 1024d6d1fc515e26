"""Packs steps into segments while a run is being recorded."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from reelnet.errors import RunError
from reelnet.runs.format.commit import Commit
from reelnet.runs.format.log import LogWriter, StepLog, encode_line
from reelnet.runs.format.reader import ValueReader
from reelnet.runs.format.segment import Segment, SegmentIndex, encode_head
from reelnet.runs.header import TapInfo
from reelnet.runs.storage.protocol import Piece, Store

LOG = logging.getLogger("reelnet")

SEGMENT_BYTES = 128_000_000
"""Approximate bytes of values in a segment."""

MAX_UNPACKED_LOG_BYTES = 4_000_000
"""Bytes of log lines of unpacked steps at which they are packed, however small their values are."""

MIN_SEGMENT_STEPS = 32
"""Fewer steps than this are not packed at the end of a recording."""


class SegmentPacker:
    """Packs the steps of a run into segments.

    The segment's file is written first, then its line in the log, and only then are the steps' own files removed.
    So whenever the process is killed, each step is where the log says.

    Args:
        store: Files of the run.
        log: The log, which is kept up to date.
        taps: Taps of the run.
        segment_bytes: Approximate bytes of values in a segment; 0 turns packing off.
    """

    def __init__(self, store: Store, log: StepLog, taps: Mapping[str, TapInfo], segment_bytes: int) -> None:
        self._store, self._log, self._taps, self._segment_bytes = store, log, taps, segment_bytes
        self._reader, self._log_writer = ValueReader(store, taps), LogWriter(store, log)
        unpacked = log.unpacked_commits()
        self._unpacked_bytes = sum(commit.nbytes for commit in unpacked)
        self._unpacked_log_bytes = sum(len(encode_line(commit.to_line(), 0)) for commit in unpacked)
        self._stale_log_bytes = 0
        self._damaged_steps: set[int] = set()
        self._has_warned = False
        numbers = [_segment_number(name) for name in store.list_files("segments")]
        self._next_number = 1 + max(numbers, default=-1)

    def add(self, commit: Commit, line_size: int) -> None:
        """Count a committed step, and pack all steps if there are enough.

        Args:
            commit: The step, already in the log.
            line_size: Bytes of its log line.
        """
        self._unpacked_bytes += commit.nbytes
        self._unpacked_log_bytes += line_size
        is_full = (
            self._unpacked_bytes >= self._segment_bytes or self._unpacked_log_bytes >= MAX_UNPACKED_LOG_BYTES
        )
        if self._segment_bytes and is_full:
            self._pack()
        else:
            self._rewrite_long_log()

    def finish(self) -> None:
        """Pack the remaining steps, unless there are few."""
        if self._segment_bytes and len(self._log.unpacked_commits()) >= MIN_SEGMENT_STEPS:
            self._pack()
        if self._stale_log_bytes:
            with suppress(OSError):
                self._rewrite_log()

    def remove_dropped(self) -> None:
        """Rewrite segments and log without dropped steps, to free their disk space.

        Raises:
            OSError: A file cannot be written.
            RunError: The index of a segment is damaged.
        """
        for segment, rows in self._log.segment_rows().items():
            if len(rows) + len(segment.dropped) < len(segment.steps):
                self._write_segment([self._reader.commit_at((segment, row)) for row in rows])
        used = {segment.file for segment in self._log.segment_rows()}
        # While the log says which steps were dropped, no one can take these files for lost ones.
        self._store.sync_log()
        self._store.remove_files(name for name in self._store.list_files("segments") if name not in used)
        if all(len(rows) == len(segment.steps) for segment, rows in self._log.segment_rows().items()):
            self._log.dropped.clear()
        self._rewrite_log()

    def _pack(self) -> None:
        """Pack all undamaged steps that are in files of their own. If that fails, they stay there."""
        commits = [
            commit for commit in self._log.unpacked_commits() if commit.step not in self._damaged_steps
        ]
        try:
            if packed := self._write_segment(commits):
                self._store.sync_log()
                self._store.remove_files(commit.file for commit in packed)
        except (OSError, RunError) as error:
            if not self._has_warned:
                LOG.warning(
                    "%s: steps cannot be packed into a segment (%s); they stay in their own files",
                    self._store,
                    error.strerror if isinstance(error, OSError) else error,
                )
            self._has_warned = True
        # Also after a failure, so that packing is not tried again at each step.
        self._unpacked_bytes = self._unpacked_log_bytes = 0

    def _write_segment(self, commits: Sequence[Commit]) -> Sequence[Commit]:
        """Write a segment and add it to the log. Returns the commits that it holds, without damaged steps."""
        file = f"segments/{self._next_number:08d}.safetensors"
        while commits:
            head = encode_head(commits, self._taps)
            size = len(head) + sum(commit.nbytes for commit in commits)
            try:
                self._store.write_pieces(file, size, self._read_pieces(commits, head))
                break
            except _DamagedStepError as error:
                LOG.warning("%s; the step stays in its own file", error)
                self._damaged_steps.add(error.step)
                commits = [commit for commit in commits if commit.step != error.step]
        else:
            return ()
        segment = Segment.from_head(file, head, self._taps)
        self._log_writer.append(segment.to_line())
        self._next_number += 1
        self._log.add(segment)
        self._stale_log_bytes += self._unpacked_log_bytes
        self._rewrite_long_log()
        return commits

    def _read_pieces(self, commits: Sequence[Commit], head: bytes) -> Iterator[Piece]:
        """Yield the content of a segment, holding one step at a time in memory."""
        yield 0, head
        index = SegmentIndex.from_head(head, self._taps)
        for row, commit in enumerate(commits):
            try:
                values = self._reader.read_step_bytes(commit, list(self._taps))
            except RunError as error:
                raise _DamagedStepError(commit.step, str(error)) from error
            for name, data in values.items():
                yield index.offsets[name] + row * index.sizes[name], data

    def _rewrite_long_log(self) -> None:
        """Rewrite the log if it has grown too long. If that fails, the old one is still valid."""
        with suppress(OSError):
            if self._store.should_rewrite_log(self._stale_log_bytes):
                self._rewrite_log()

    def _rewrite_log(self) -> None:
        """Rewrite the log without stale lines."""
        self._log_writer.rewrite()
        self._stale_log_bytes = 0


class _DamagedStepError(Exception):
    def __init__(self, step: int, text: str) -> None:
        super().__init__(text)
        self.step = step


def _segment_number(file: str) -> int:
    """Return the number of a segment from its file name; -1 for any other file."""
    name = file.rpartition("/")[2].partition(".")[0]
    return int(name) if name.isdigit() else -1
