"""Whether all that a run holds is as it was written."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from reelnet.errors import RunError
from reelnet.runs.arrays import checksum
from reelnet.runs.asked import span
from reelnet.runs.begin import keep_only_known
from reelnet.runs.broken import lost_steps, read_broken, segments_without_line
from reelnet.runs.commit import Commit
from reelnet.runs.header import KEEP, Header, read_header, unreadable
from reelnet.runs.log import Log, Row
from reelnet.runs.store import Store, store_at
from reelnet.runs.values import Values

Progress = Callable[[int, int], None]
"""Is told how many steps are read, of how many."""


@dataclass(frozen=True)
class Health:
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


def verify(path: str | os.PathLike[str], progress: Progress | None = None) -> Health:
    """Read all of a run and check every checksum.

    Raises:
        RunError: There is no run, or its header or log cannot be read at all.
    """
    store = store_at(path)
    header = read_header(store)
    return _look(store, header, progress)[0]


def repair(path: str | os.PathLike[str], progress: Progress | None = None) -> Health:
    """Keep what is whole of a run: steps that are damaged are marked as missing, and what no step needs is removed.

    A segment whose line of the log cannot be read is kept by its own index, without metrics.

    Returns:
        What was wrong. The samples cannot be mended; all else is, afterwards.

    Raises:
        UsageError: A recorder is at work on the run.
        RunError: There is no run, its header or log cannot be read at all, or it cannot be written.
    """
    store = store_at(path)
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


def _look(store: Store, header: Header, progress: Progress | None) -> tuple[Health, Log]:
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
    return Health(count, dict(sorted(damaged.items())), told, _wrong_samples(store, header)), log


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
