"""Lines of a log that cannot be read, the steps that they told of, and what of those is still there.

Whether all that a run holds is as it was written.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from reelnet.errors import RunError
from reelnet.runs.format.arrays import checksum, crc32
from reelnet.runs.format.commit import Commit
from reelnet.runs.format.log import Log, Row
from reelnet.runs.format.reader import Values
from reelnet.runs.format.segment import INDEX, Segment, entries_of, index_of
from reelnet.runs.header import KEEP, Header, TapInfo, read_header, unreadable
from reelnet.runs.session import keep_only_known
from reelnet.runs.step_index import span
from reelnet.runs.storage.open_store import open_store
from reelnet.runs.storage.protocol import Store

FILE = re.compile(r"steps/(\d{8,})\.safetensors")


@dataclass(frozen=True)
class Broken:
    """A line that is none.

    Attributes:
        said: What is wrong with it, with the file and its number.
        before: The last step that a line before it tells of; None if none does.
        after: The first step that a line behind it tells of, likewise.
    """

    said: str
    before: int | None
    after: int | None

    def holds(self, step: int) -> bool:
        """Whether the line may have told of a step."""
        return (self.before is None or step > self.before) and (self.after is None or step < self.after)

    @property
    def place(self) -> str:
        """Where the steps lie that it told of, in words."""
        if self.before is None:
            return "there is no step before it" if self.after is None else f"the next step is {self.after}"
        if self.after is None:
            return f"the last step before it is {self.before}"
        return f"it stands between steps {self.before} and {self.after}"


def read_broken(lines: bytes, log: Log, where: str) -> list[Broken]:
    """Have a log read all lines that can be read, and give those that cannot.

    Args:
        lines: Whole lines.
        log: Takes them.
        where: Names the log in what is said.
    """
    texts = lines.split(b"\n")[:-1]
    said: dict[int, str] = {}
    for number, text in enumerate(texts):
        try:
            log.add(text + b"\n", where)
        except RunError as error:
            said[number] = str(error).removesuffix(f"; {KEEP}")
    told = {number: steps_of(text) for number, text in enumerate(texts) if said and number not in said}
    found = []
    for number, each in said.items():
        before = [step for at, steps in told.items() if at < number for step in steps]
        after = [step for at, steps in told.items() if at > number for step in steps]
        found.append(Broken(each, max(before, default=None), min(after, default=None)))
    return found


def steps_of(text: bytes) -> Sequence[int]:
    """The steps that a line of a log tells of; none where it is no line."""
    try:
        line = json.loads(text)
        return (
            [int(line["step"])]
            if "step" in line
            else list(map(int, (line.get("segment") and line["steps"]) or ()))
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()


def lost_steps(store: Store, log: Log, broken: Sequence[Broken]) -> dict[int, str]:
    """For each step whose own file no line names any more, though a broken one may have: what to say of it."""
    found = {}
    for name in store.names("steps"):
        step = int(match[1]) if (match := FILE.fullmatch(name)) else -1
        line = next((each for each in broken if each.holds(step)), None)
        if step >= 0 and step not in log.steps and line is not None:
            found[step] = f"{line.said}: step {step} is lost with it"
    return found


def segments_without_line(store: Store, log: Log, taps: Mapping[str, TapInfo]) -> list[Segment]:
    """The segments that no line names, as their own indexes tell of them: without metrics.

    Steps that the log names otherwise, or calls missing, are not counted in.
    """
    known = {segment.file for segment in log.segments()}
    found = (_of_index(store, name, taps) for name in store.names("segments") if name not in known)
    return [each for each in found if each is not None and not {*each.steps} & log.steps.keys()]


def _of_index(store: Store, file: str, taps: Mapping[str, TapInfo]) -> Segment | None:
    """A segment as its index tells of it; None if that is damaged."""
    try:
        (start,) = store.read_spans(file, [(0, 8)])
        (text,) = store.read_spans(file, [(0, 8 + int.from_bytes(start, "little"))])
        base, entries = entries_of(text)
        size = base + max(int(entries[name]["data_offsets"][1]) for name in INDEX)
        (head,) = store.read_spans(file, [(0, size)])
        index = index_of(head, len(taps))
    except (OSError, ValueError, KeyError, TypeError, OverflowError, MemoryError):
        return None
    if entries.keys() != INDEX.keys() | {f"tap/{name}" for name in taps}:
        return None
    counts = index["nonfinite"]
    strange = {
        name: (int(row.sum()), int(index["steps"][row.nonzero()[0][0]]))
        for name, row in zip(taps, counts, strict=True)
        if row.any()
    }
    return Segment(
        file=file,
        steps=tuple(map(int, index["steps"])),
        metrics={},
        low=np.fmin.reduce(index["min"], axis=1),
        high=np.fmax.reduce(index["max"], axis=1),
        nonfinite=strange,
        head=size,
        crc32=crc32(head),
    )


Progress = Callable[[int, int], None]
"""Is told how many steps are read, of how many."""


@dataclass(frozen=True)
class RunHealth:
    """What became of a look at every byte of a run.

    Attributes:
        steps: Number of steps that the run held, as far as the log tells.
        damaged: For each step that is not whole, what is wrong, with its file.
        log: What is wrong with lines of the log.
        samples: What is wrong with the samples; empty if nothing is.
    """

    steps: int
    damaged: dict[int, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    samples: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.lines()

    @property
    def kept(self) -> int:
        """How many steps are whole."""
        return self.steps - len(self.damaged)

    def lines(self) -> list[str]:
        """What is wrong, a line each."""
        return [*filter(None, [self.samples]), *self.log, *self.damaged.values()]


def verify_run(path: str | os.PathLike[str], progress: Progress | None = None) -> RunHealth:
    """Read all of a run and check every checksum.

    Raises:
        RunError: There is no run, or its header or log cannot be read at all.
    """
    store = open_store(path)
    header = read_header(store)
    return _look(store, header, progress)[0]


def repair_run(path: str | os.PathLike[str], progress: Progress | None = None) -> RunHealth:
    """Keep what is whole of a run: steps that are damaged are marked as missing, and what no step needs is removed.

    A segment whose line of the log cannot be read is kept by its own index, without metrics.

    Returns:
        What was wrong. The samples cannot be mended; all else is, afterwards.

    Raises:
        UsageError: A recorder is at work on the run.
        RunError: There is no run, its header or log cannot be read at all, or it cannot be written.
    """
    store = open_store(path)
    header = read_header(store)
    lock = None
    try:
        lock = store.lock()
        health, log = _look(store, header, progress)
        log.drop(health.damaged)
        log.missing |= dict.fromkeys(health.damaged, "damaged, and given up by a repair")
        log.number += 1
        store.rewrite(log.text())
        keep_only_known(store, log)
    except OSError as error:
        raise RunError(f"{store}: cannot be repaired ({error.strerror})") from error
    finally:
        store.close()
        if lock is not None:
            lock.release()
    return health


def _look(store: Store, header: Header, progress: Progress | None) -> tuple[RunHealth, Log]:
    """Read all of a run; gives what is wrong, and the log with all that it still can tell."""
    log, where = Log(header.taps), store.full("log.jsonl")
    try:
        broken = read_broken(store.tail(None).lines, log, where)
        again = segments_without_line(store, log, header.taps) if broken else []
        for segment in again:
            log.put(segment)
        damaged = lost_steps(store, log, broken)
    except OSError as error:
        raise unreadable(where, "the log", error) from error
    count, values = len(log.steps) + len(damaged), Values(store, header.taps)
    for number, step in enumerate(sorted(log.steps)):
        if said := _wrong_step(values, log.steps[step], step, list(header.taps)):
            damaged[step] = said
        if progress is not None:
            progress(number + 1, len(log.steps))
    told = [f"{each.said}: {each.place}" for each in broken if not any(map(each.holds, damaged))]
    told += [
        f"{store.full(each.file)}: {span(each.steps)}: no line of the log names them any "
        "more, their metrics are lost"
        for each in again
    ]
    return RunHealth(count, dict(sorted(damaged.items())), told, _wrong_samples(store, header)), log


def _wrong_step(values: Values, place: Commit | Row, step: int, taps: list[str]) -> str:
    """What is wrong with a step; empty if nothing is."""
    try:
        values.raw(values.commit(place), taps)
    except RunError as error:
        # Of a segment whose index is damaged each step is told.
        said = str(error).removesuffix(f"; {KEEP}")
        return said if f"step {step}" in said else f"{said}, step {step} is in it"
    return ""


def _wrong_samples(store: Store, header: Header) -> str:
    where = store.full("samples.safetensors")
    try:
        right = checksum(store.read("samples.safetensors")) == header.samples_crc32
        return "" if right else f"{where}: the samples are altered or truncated"
    except OSError as error:
        return f"{where}: cannot read the samples ({error.strerror})"
