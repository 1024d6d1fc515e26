"""Reading recorded values: few ranges, straight into their place, each checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import RunError
from reelnet.runs.format.arrays import crc32 as crc32_of
from reelnet.runs.format.arrays import unpack
from reelnet.runs.format.commit import Commit
from reelnet.runs.format.log import Row
from reelnet.runs.format.segment import Layout, Segment
from reelnet.runs.header import KEEP, TapInfo, unreadable
from reelnet.runs.step_index import span
from reelnet.runs.storage.protocol import Store


@dataclass(frozen=True)
class Stretch:
    """Values of one tap that lie behind each other in a file, and in the result.

    Attributes:
        first: Position of the first step in the result.
        file: Relative to the run folder.
        offset: First byte in the file.
        steps: The steps.
        crc32: Their checksums.
    """

    first: int
    file: str
    offset: int
    steps: Sequence[int]
    crc32: list[int]


class Values:
    """The arrays of a run.

    Args:
        store: Its files.
        taps: What is recorded.
    """

    def __init__(self, store: Store, taps: Mapping[str, TapInfo]) -> None:
        self._store, self._taps = store, taps
        self._positions = {name: number for number, name in enumerate(taps)}
        self._layouts: dict[str, Layout] = {}

    @property
    def taps(self) -> list[str]:
        """The names of all taps, in the header's order."""
        return list(self._taps)

    def layout(self, segment: Segment) -> Layout:
        """The index of a segment; read and checked once.

        Raises:
            RunError: It is missing, truncated or altered.
        """
        if segment.file not in self._layouts:
            what = span(segment.steps)
            where = self._store.full(segment.file)
            try:
                (head,) = self._store.read_spans(segment.file, [(0, segment.head)])
            except OSError as error:
                raise unreadable(where, what, error) from error
            if len(head) != segment.head or crc32_of(head) != segment.crc32:
                kind = "altered" if len(head) == segment.head else "truncated"
                raise RunError(f"{where}: {what}: {kind}, its index does not match its checksum; {KEEP}")
            self._layouts[segment.file] = Layout.of(head, segment, self._taps)
        return self._layouts[segment.file]

    def commit(self, place: Commit | Row) -> Commit:
        """Where one step lies, in a file of its own or in a segment.

        Raises:
            RunError: The segment's index cannot be read.
        """
        return place if isinstance(place, Commit) else self.layout(place[0]).commit(*place)

    def arrays(self, place: Commit | Row, names: Sequence[str]) -> dict[str, NDArray[np.generic]]:
        """Some taps at one step.

        Raises:
            RunError: The file is missing, truncated or altered.
        """
        found = self.raw(self.commit(place), names)
        return {
            name: unpack(data, self._taps[name].dtype, self._taps[name].shape) for name, data in found.items()
        }

    def raw(self, commit: Commit, names: Sequence[str]) -> dict[str, bytes]:
        """The bytes of some taps at one step.

        Raises:
            RunError: The file is missing, truncated or altered.
        """
        where = self._store.full(commit.file)
        spans = [commit.spans[name] for name in names]
        try:
            found = self._store.read_spans(commit.file, [(part.offset, part.size) for part in spans])
        except OSError as error:
            raise unreadable(where, f"step {commit.step}", error) from error
        for name, part, data in zip(names, spans, found, strict=True):
            require_whole(data, part.size, part.crc32, f"{where}: step {commit.step}, {name}")
        return dict(zip(names, found, strict=True))

    def series(self, name: str, places: Sequence[Commit | Row]) -> NDArray[np.generic]:
        """One tap at several steps: (steps, samples, channels, height, width).

        Raises:
            RunError: A file is missing, truncated or altered.
        """
        info = self._taps[name]
        out = np.empty((len(places), *info.shape), np.dtype(info.dtype).newbyteorder("<"))
        stretches = list(self._stretches(name, places))

        def read(stretch: Stretch) -> None:
            self._read(name, stretch, out[stretch.first : stretch.first + len(stretch.steps)])

        if self._store.at_once == 1 or len(stretches) < 2:
            for stretch in stretches:
                read(stretch)
        else:
            with ThreadPoolExecutor(self._store.at_once) as pool:
                list(pool.map(read, stretches))
        return out.astype(info.dtype, copy=False)

    def _read(self, name: str, stretch: Stretch, out: NDArray[np.generic]) -> None:
        where = self._store.full(stretch.file)
        # As bytes: not all of numpy's types have a buffer.
        rows = out.reshape(len(out), -1).view(np.uint8)
        flat, size, checked, got = rows.reshape(-1).data, rows.shape[1], 0, 0

        def check(data: memoryview) -> None:
            if len(data) != size or crc32_of(data) != stretch.crc32[checked]:
                place = f"{where}: step {stretch.steps[checked]}, {name}"
                require_whole(data, size, stretch.crc32[checked], place)

        try:
            for got in self._store.read_into(stretch.file, stretch.offset, flat, size):
                # While they are still in the processor's cache.
                while (end := (checked + 1) * size) <= got:
                    check(flat[end - size : end])
                    checked += 1
        except OSError as error:
            raise unreadable(where, f"step {stretch.steps[0]}", error) from error
        if checked < len(rows):
            check(flat[checked * size : got])

    def _stretches(self, name: str, places: Sequence[Commit | Row]) -> Iterator[Stretch]:
        tap, at = self._positions[name], 0
        while at < len(places):
            place = places[at]
            if isinstance(place, Commit):
                part = place.spans[name]
                yield Stretch(at, place.file, part.offset, [place.step], [part.crc32])
                at += 1
                continue
            segment, row = place
            end = at + _together(places, at)
            layout, rows = self.layout(segment), slice(row, row + end - at)
            offset = layout.offsets[name] + row * layout.sizes[name]
            crc32 = layout.crc32[tap, rows].tolist()
            yield Stretch(at, segment.file, offset, segment.steps[rows], crc32)
            at = end


def _together(places: Sequence[Commit | Row], at: int) -> int:
    """How many of the places from one on lie behind each other in its segment."""
    segment, row = cast(Row, places[at])
    end, first = at, row - at
    while end < len(places):
        place = places[end]
        if isinstance(place, Commit) or place[0] is not segment or place[1] != first + end:
            break
        end += 1
    return end - at


def require_whole(data: bytes | memoryview, size: int, crc32: int, where: str) -> None:
    """Make sure that values are as they were written; `where` says which.

    Raises:
        RunError: They are truncated or altered.
    """
    if len(data) != size:
        raise RunError(f"{where}: truncated, {len(data)} of {size} bytes are there; {KEEP}")
    if crc32_of(data) != crc32:
        raise RunError(f"{where}: altered, its bytes do not match their checksum; {KEEP}")
