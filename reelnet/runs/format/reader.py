"""Reads recorded values: few byte ranges, directly into the result, each checked against its checksum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet._support.text import make_printable
from reelnet.errors import RunError
from reelnet.runs.format.arrays import crc32 as compute_crc32
from reelnet.runs.format.arrays import unpack_array
from reelnet.runs.format.commit import Commit
from reelnet.runs.format.log import PARSE_ERRORS, StepLocation
from reelnet.runs.format.segment import Segment, SegmentIndex
from reelnet.runs.header import REPAIR_HINT, TapInfo, describe_parse_error, read_error
from reelnet.runs.step_index import describe_steps
from reelnet.runs.storage.protocol import Store

SMALL_READ_BYTES = 16_000_000
"""For fewer bytes the size of the file is not checked in advance."""


@dataclass(frozen=True)
class ContiguousRead:
    """Values of one tap at several steps that are contiguous both in a file and in the result.

    Attributes:
        first: Position of the first step in the result.
        file: Path relative to the run folder.
        offset: First byte in the file.
        steps: The steps.
        crc32: Checksum of each step's values.
    """

    first: int
    file: str
    offset: int
    steps: Sequence[int]
    crc32: list[int]


class ValueReader:
    """Reads the arrays of a run.

    Args:
        store: Files of the run.
        taps: Taps of the run.
    """

    def __init__(self, store: Store, taps: Mapping[str, TapInfo]) -> None:
        self._store, self._taps = store, taps
        self._tap_numbers = {name: number for number, name in enumerate(taps)}
        self._indexes: dict[str, SegmentIndex] = {}

    def read_index(self, segment: Segment) -> SegmentIndex:
        """Read and check the index of a segment. It is cached.

        Raises:
            RunError: The index is missing, truncated or altered.
        """
        if segment.file not in self._indexes:
            steps = describe_steps(segment.steps)
            path = self._store.full_path(segment.file)
            try:
                (head,) = self._store.read_spans(segment.file, [(0, segment.head_size)])
            except OSError as error:
                raise read_error(path, steps, error) from error
            if len(head) != segment.head_size or compute_crc32(head) != segment.crc32:
                damage = "altered" if len(head) == segment.head_size else "truncated"
                raise RunError(
                    f"{path}: {steps}: {damage}, its index does not match its checksum; {REPAIR_HINT}"
                )
            try:
                index = SegmentIndex.from_head(head, self._taps)
                if index.steps != segment.steps:
                    raise ValueError("its steps differ from those in the log")
            except PARSE_ERRORS as error:
                raise RunError(
                    f"{path}: {steps}: its index is not valid ({describe_parse_error(error)}); {REPAIR_HINT}"
                ) from error
            self._indexes[segment.file] = index
        return self._indexes[segment.file]

    def commit_at(self, location: StepLocation) -> Commit:
        """Return the commit of a step, from the segment's index if the step is in a segment.

        Raises:
            RunError: The segment's index cannot be read.
        """
        return location if isinstance(location, Commit) else self.read_index(location[0]).commit_at(*location)

    def read_step(self, location: StepLocation, names: Sequence[str]) -> dict[str, NDArray[np.generic]]:
        """Read some taps at one step.

        Raises:
            RunError: The file is missing, truncated or altered.
        """
        values = self.read_step_bytes(self.commit_at(location), names)
        infos = self._taps
        return {
            name: unpack_array(data, infos[name].dtype, infos[name].shape) for name, data in values.items()
        }

    def read_step_bytes(self, commit: Commit, names: Sequence[str]) -> dict[str, bytes]:
        """Read some taps at one step as bytes.

        Raises:
            RunError: The file is missing, truncated or altered.
        """
        path = self._store.full_path(commit.file)
        spans = [commit.spans[name] for name in names]
        try:
            parts = self._store.read_spans(commit.file, [(span.offset, span.size) for span in spans])
        except OSError as error:
            raise read_error(path, f"step {commit.step}", error) from error
        for name, span, data in zip(names, spans, parts, strict=True):
            _check_values(data, span.size, span.crc32, path, commit.step, name)
        return dict(zip(names, parts, strict=True))

    def read_series(self, name: str, locations: Sequence[StepLocation]) -> NDArray[np.generic]:
        """Read one tap at several steps.

        Returns:
            An array (steps, samples, channels, height, width).

        Raises:
            RunError: A file is missing, truncated or altered.
        """
        info = self._taps[name]
        reads = list(self._plan_reads(name, locations))
        for part in reads:
            self._check_size(part, len(part.steps) * info.nbytes, name)
        try:
            out = np.empty((len(locations), *info.shape), np.dtype(info.dtype).newbyteorder("<"))
        except (MemoryError, ValueError):
            raise RunError(
                f"{self._store}: {make_printable(name)}: {len(locations)} steps of {info.nbytes:,} bytes do not fit "
                "in memory; read fewer steps at once"
            ) from None

        def read(part: ContiguousRead) -> None:
            self._read_into(name, part, out[part.first : part.first + len(part.steps)])

        if self._store.parallel_reads == 1 or len(reads) < 2:
            for part in reads:
                read(part)
        else:
            with ThreadPoolExecutor(self._store.parallel_reads) as pool:
                list(pool.map(read, reads))
        return out.astype(info.dtype, copy=False)

    def require_values(self, location: StepLocation) -> None:
        """Make sure that the file of a step is as large as its taps say, before anything is computed from shapes.

        Raises:
            RunError: The file is missing or truncated.
        """
        for name, info in self._taps.items():
            for part in self._plan_reads(name, [location]):
                self._check_size(part, info.nbytes, name)

    def _check_size(self, part: ContiguousRead, size: int, name: str) -> None:
        """Make sure that a file holds values, before much memory is taken for them.

        Raises:
            RunError: The file is missing or truncated.
        """
        if size <= SMALL_READ_BYTES:
            return
        path = self._store.full_path(part.file)
        try:
            available = max(0, self._store.file_size(part.file) - part.offset)
        except OSError as error:
            raise read_error(path, f"step {part.steps[0]}", error) from error
        if available < size:
            row = min(available * len(part.steps) // size, len(part.steps) - 1)
            raise _truncated_error(path, part.steps[row], name, available, size)

    def _read_into(self, name: str, part: ContiguousRead, out: NDArray[np.generic]) -> None:
        path = self._store.full_path(part.file)
        # Viewed as bytes because not every numpy type supports the buffer protocol.
        rows = out.reshape(len(out), -1).view(np.uint8)
        flat, size, checked, end = rows.reshape(-1).data, rows.shape[1], 0, 0

        try:
            for end in self._store.read_into(part.file, part.offset, flat, size):
                # Check the rows while they are still in the processor's cache.
                while (row_end := (checked + 1) * size) <= end:
                    row = flat[row_end - size : row_end]
                    _check_values(row, size, part.crc32[checked], path, part.steps[checked], name)
                    checked += 1
        except OSError as error:
            raise read_error(path, f"step {part.steps[0]}", error) from error
        if checked < len(rows):
            row = flat[checked * size : end]
            _check_values(row, size, part.crc32[checked], path, part.steps[checked], name)

    def _plan_reads(self, name: str, locations: Sequence[StepLocation]) -> Iterator[ContiguousRead]:
        """Group the steps into runs that are contiguous in a file."""
        tap, first = self._tap_numbers[name], 0
        while first < len(locations):
            location = locations[first]
            if isinstance(location, Commit):
                span = location.spans[name]
                yield ContiguousRead(first, location.file, span.offset, [location.step], [span.crc32])
                first += 1
                continue
            segment, row = location
            end = first + 1
            while end < len(locations) and locations[end] == (segment, row + end - first):
                end += 1
            index, rows = self.read_index(segment), slice(row, row + end - first)
            offset = index.offsets[name] + row * index.sizes[name]
            crc32 = index.crc32[tap, rows].tolist()
            yield ContiguousRead(first, segment.file, offset, segment.steps[rows], crc32)
            first = end


def _check_values(data: bytes | memoryview, size: int, crc32: int, path: str, step: int, name: str) -> None:
    """Check the bytes of a tap at a step.

    Raises:
        RunError: They are truncated or altered.
    """
    if len(data) != size:
        raise _truncated_error(path, step, name, len(data), size)
    if compute_crc32(data) != crc32:
        raise RunError(
            f"{path}: step {step}, {make_printable(name)}: altered, the bytes do not match their checksum; "
            f"{REPAIR_HINT}"
        )


def _truncated_error(path: str, step: int, name: str, available: int, size: int) -> RunError:
    return RunError(
        f"{path}: step {step}, {make_printable(name)}: truncated, the file has {available} of {size} bytes; "
        f"{REPAIR_HINT}"
    )
