"""Packing steps into segments while a run is recorded."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from reelnet.errors import RunError
from reelnet.runs.format.commit import Commit
from reelnet.runs.format.log import Log, line_of
from reelnet.runs.format.reader import Values
from reelnet.runs.format.segment import Layout, plan
from reelnet.runs.header import TapInfo
from reelnet.runs.storage.protocol import Piece, Store

LOG = logging.getLogger("reelnet")

SEGMENT_BYTES = 128_000_000
"""Bytes of values in a segment, about."""

LINES = 4_000_000
"""Bytes in the log from which on steps in files of their own are packed, however small they are."""

MIN_SEGMENT_STEPS = 32
"""Steps that are not worth a segment when a recording ends."""


class Compaction:
    """Packs the steps of a run into segments.

    A segment's file comes first, then its line in the log, and only then the steps' own files go: whenever the
    process is killed, each step lies where the log says.

    Args:
        store: The run's files.
        log: What counts; kept up to date.
        taps: What is recorded.
        size: Bytes of values in a segment, about; with 0 there are none.
    """

    def __init__(self, store: Store, log: Log, taps: Mapping[str, TapInfo], size: int) -> None:
        self._store, self._log, self._taps, self._size = store, log, taps, size
        self._sources = Values(store, taps)
        loose = log.loose()
        self._values = sum(commit.nbytes for commit in loose)
        self._lines = sum(len(line_of(commit.line())) for commit in loose)
        self._stale = 0
        self._damaged: set[int] = set()
        self._said = False
        self._number = 1 + max((number_of(name) for name in store.names("segments")), default=-1)

    def added(self, commit: Commit, line: int) -> None:
        """Count a step that was committed with a line of so many bytes, and pack all if there are enough."""
        self._values += commit.nbytes
        self._lines += line
        if self._size and (self._values >= self._size or self._lines >= LINES):
            self._pack()
        else:
            self._shorten()

    def finish(self) -> None:
        """Pack what is left, unless it is little."""
        if self._size and len(self._log.loose()) >= MIN_SEGMENT_STEPS:
            self._pack()
        if self._stale:
            with suppress(OSError):
                self._write_log()

    def thin_out(self) -> None:
        """Write segments and log anew without steps that were given up, so that their room is free.

        Raises:
            OSError: One cannot be written.
            RunError: The index of one is damaged.
        """
        segments = self._log.segments()
        for segment, rows in segments.items():
            if len(rows) + len(segment.without) < len(segment.steps):
                self._segment([self._sources.commit((segment, row)) for row in rows])
        self._write_log()
        live = {segment.file for segment in self._log.segments()}
        self._store.remove(name for name in self._store.names("segments") if name not in live)

    def _pack(self) -> None:
        """Pack all steps that lie in files of their own, but for damaged ones; where that fails they stay there."""
        commits = [commit for commit in self._log.loose() if commit.step not in self._damaged]
        try:
            if packed := self._segment(commits):
                self._store.remove(commit.file for commit in packed)
        except (OSError, RunError) as error:
            if not self._said:
                why = error.strerror if isinstance(error, OSError) else str(error)
                LOG.warning(
                    "%s: steps cannot be packed into a segment (%s); they stay in their own files",
                    self._store,
                    why,
                )
            self._said = True
        # Also after a failure: not at each step again.
        self._values = self._lines = 0

    def _segment(self, commits: Sequence[Commit]) -> Sequence[Commit]:
        """Write a segment of some steps and have it count; gives those that are in it."""
        file = f"segments/{self._number:08d}.safetensors"
        while commits:
            segment, layout, head = plan(file, commits, self._taps)
            size = segment.head + len(commits) * sum(layout.sizes.values())
            try:
                self._store.assemble(file, size, self._pieces(commits, layout, head))
                break
            except _DamagedError as damaged:
                LOG.warning("%s; the step is left where it is", damaged)
                self._damaged.add(damaged.step)
                commits = [commit for commit in commits if commit.step != damaged.step]
        else:
            return ()
        self._store.append(line_of(segment.line()))
        self._number += 1
        self._log.put(segment)
        self._stale += self._lines
        self._shorten()
        return commits

    def _shorten(self) -> None:
        """Write a log anew that has grown too long; one that cannot be is as good as before."""
        with suppress(OSError):
            if self._store.is_long(self._stale):
                self._write_log()

    def _write_log(self) -> None:
        """Write the log anew, without lines that say nothing any more."""
        self._log.number += 1
        self._store.rewrite(self._log.text())
        self._stale = 0

    def _pieces(self, commits: Sequence[Commit], layout: Layout, head: bytes) -> Iterator[Piece]:
        """The content of a segment, one step after the other in memory."""
        yield 0, head
        for row, commit in enumerate(commits):
            try:
                arrays = self._sources.raw(commit, list(self._taps))
            except RunError as error:
                raise _DamagedError(commit.step, str(error)) from error
            for name, data in arrays.items():
                yield layout.offsets[name] + row * layout.sizes[name], data


class _DamagedError(Exception):
    def __init__(self, step: int, text: str) -> None:
        super().__init__(text)
        self.step = step


def number_of(file: str) -> int:
    """The number of a segment, from its file's name; -1 for another file."""
    name = file.rpartition("/")[2].partition(".")[0]
    return int(name) if name.isdigit() else -1
