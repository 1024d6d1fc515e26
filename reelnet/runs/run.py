"""A recorded training, opened for reading."""

from __future__ import annotations

import operator
import os
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, SupportsIndex, cast

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from reelnet.errors import RunError, UsageError, options
from reelnet.runs.added import columns, read_added
from reelnet.runs.arrays import checksum, unpack
from reelnet.runs.header import MEND, TapInfo, read_header, unreadable
from reelnet.runs.log import Commit, read_log
from reelnet.runs.snapshot import Snapshot

if TYPE_CHECKING:
    from reelnet.reel import Reel
    from reelnet.template.spec import Template


class Run:
    """A run folder, opened for reading; what is recorded later is not seen.

    Nothing but the header and the log is read on opening; arrays are read when asked for, and checked.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._header = read_header(self.path)
        log = read_log(self.path, self._header.taps)
        self._commits, self.missing = log.commits, log.missing
        self._by_step = {commit.step: commit for commit in self._commits}

    @property
    def steps(self) -> list[int]:
        """The committed training steps, ascending; 0 is the untrained network."""
        return [commit.step for commit in self._commits]

    @property
    def labels(self) -> tuple[str, ...] | None:
        """One short text a sample, or None."""
        return self._header.labels

    @property
    def about(self) -> Mapping[str, Any]:
        """Free facts: model, data, seed, versions."""
        return self._header.about

    @cached_property
    def taps(self) -> dict[str, TapInfo]:
        """The recorded places by name, with their value range over the whole run."""
        taps = {}
        for name, tap in self._header.taps.items():
            ranges = [found for commit in self._commits if (found := commit.ranges.get(name))]
            if ranges:
                tap = replace(tap, min=min(low for low, _ in ranges), max=max(high for _, high in ranges))
            taps[name] = tap
        return taps

    @cached_property
    def nonfinite(self) -> dict[str, tuple[int, int]]:
        """For each tap with values that are NaN or infinite their number over the run, and the first such step."""
        found: dict[str, tuple[int, int]] = {}
        for commit in self._commits:
            for name, count in commit.nonfinite.items():
                before, first = found.get(name, (0, commit.step))
                found[name] = before + count, first
        return found

    @cached_property
    def metrics(self) -> dict[str, NDArray[np.float64]]:
        """For each metric its values, one a committed step; NaN where a step has none.

        Those that were added later follow those of the recording.
        """
        return self.recorded_metrics | columns(read_added(self.path), self.steps)

    @property
    def recorded_metrics(self) -> dict[str, NDArray[np.float64]]:
        """The metrics without those that were added later."""
        names = dict.fromkeys(name for commit in self._commits for name in commit.metrics)
        return {
            name: np.array([commit.metrics.get(name, np.nan) for commit in self._commits]) for name in names
        }

    @property
    def samples(self) -> NDArray[np.uint8]:
        """The samples as a person sees them: uint8 (samples, height, width), or (…, 3) in colour."""
        return self._sample_arrays["shown"].astype(np.uint8, copy=False)

    @property
    def inputs(self) -> NDArray[np.generic]:
        """The samples as the network got them, (samples, …)."""
        return self._sample_arrays["fed"]

    @property
    def nbytes(self) -> int:
        """Bytes of the run on disk."""
        total = 0
        for file in self.path.rglob("*"):
            # A recorder at work renames its files: what was listed may be gone.
            with suppress(FileNotFoundError):
                total += file.stat().st_size if file.is_file() else 0
        return total

    def read(
        self, tap: str, steps: Iterable[SupportsIndex] | SupportsIndex | slice | None = None
    ) -> NDArray[np.generic]:
        """The recorded values of one tap, as they were.

        Args:
            tap: Its name.
            steps: Which steps, in the order wanted; all by default. A slice goes by position among the recorded
                steps, as with a list: `slice(0, 5)` are the first five, `slice(None, None, 10)` is every tenth.

        Returns:
            An array (steps, samples, channels, height, width) of the recorded type.

        Raises:
            UsageError: There is no such tap or step.
            RunError: A step's file is missing, truncated or altered.
        """
        info, wanted = self.tap(tap), self._wanted(steps)
        out = np.empty((len(wanted), *info.shape), info.dtype)
        for row, step in zip(out, wanted, strict=True):
            row[...] = self.snapshot(step, [tap]).taps[tap]
        return out

    def snapshot(self, step: SupportsIndex, taps: Iterable[str] | None = None) -> Snapshot:
        """One committed step with the given taps (all by default).

        Raises:
            UsageError: There is no such tap or step.
            RunError: The step's file is missing, truncated or altered.
        """
        step = self.require_step(step)
        commit = self._by_step[step]
        names = list(self._header.taps if taps is None else [taps] if isinstance(taps, str) else taps)
        infos = {name: self.tap(name) for name in names}
        try:
            with (self.path / commit.file).open("rb") as file:
                arrays = {name: self._array(file, commit, name, info) for name, info in infos.items()}
        except OSError as error:
            raise unreadable(self.path / commit.file, f"step {step}", error) from error
        return Snapshot(step, arrays, commit.metrics)

    def tap(self, name: str) -> TapInfo:
        """A recorded place by name.

        Raises:
            UsageError: There is none of that name.
        """
        if not isinstance(name, str) or name not in self.taps:
            raise UsageError(f"{self.path}: no layer {name!r} was recorded; {options(str(name), self.taps)}")
        return self.taps[name]

    def require_step(self, step: SupportsIndex) -> int:
        """A step as a plain number, once it is sure that it was committed.

        Raises:
            UsageError: It was not, or it is no whole number.
            RunError: No step was.
        """
        self.require_steps()
        first, last = self._commits[0].step, self._commits[-1].step
        try:
            # True is 1 to Python, but nobody means a step by it.
            number = None if isinstance(step, bool) else operator.index(step)
        except TypeError:
            number = None
        if number is None:
            given = " ".join(reprlib.repr(step).split())
            raise UsageError(
                f"{self.path}: {given} is no step; give a whole number, steps run from {first} to {last}"
            )
        if number not in self._by_step:
            near = min(self.steps, key=lambda known: abs(known - number))
            raise UsageError(
                f"{self.path}: no step {number}; steps run from {first} to {last}, the nearest is {near}"
            )
        return number

    def require_steps(self) -> None:
        """Make sure that there is something to show.

        Raises:
            RunError: No step was committed.
        """
        if not self._commits:
            raise RunError(f"{self.path}: an empty run, no step was committed; record it again")

    def reel(
        self,
        template: str | os.PathLike[str] | Template = "article",
        *,
        layer: str | None = None,
        scale: int | None = None,
        fps: float | None = None,
        settings: Sequence[str] = (),
    ) -> Reel:
        """Lay the run out for showing or saving; see `reelnet.reel.Reel.of`."""
        from reelnet.reel import Reel

        return Reel.of(self, template, layer=layer, scale=scale, fps=fps, settings=settings)

    def __repr__(self) -> str:
        steps = f"steps {self.steps[0]} to {self.steps[-1]}" if self._commits else "no steps"
        return (
            f"<Run {str(self.path)!r}: {steps}, {self._header.samples} samples, taps {', '.join(self.taps)}>"
        )

    def _repr_html_(self) -> str:
        from reelnet.notebook import run_table

        return run_table(self)

    def _wanted(self, steps: Iterable[SupportsIndex] | SupportsIndex | slice | None) -> list[int]:
        if steps is None:
            return self.steps
        if isinstance(steps, slice):
            try:
                return self.steps[steps]
            except (TypeError, ValueError) as error:
                raise UsageError(
                    f"{self.path}: {steps} selects no steps ({error}); give whole numbers, slice(0, 5) say"
                ) from None
        return [self.require_step(step) for step in _listed(steps)]

    @cached_property
    def _sample_arrays(self) -> dict[str, NDArray[np.generic]]:
        path = self.path / "samples.safetensors"
        try:
            data = path.read_bytes()
            if checksum(data) != self._header.samples_crc32:
                raise RunError(f"{path}: altered or truncated, its checksum does not match run.json; {MEND}")
            return load(data)
        except OSError as error:
            raise unreadable(path, "the samples", error) from error
        except SafetensorError as error:
            raise RunError(f"{path}: not a safetensors file ({error}); {MEND}") from error

    def _array(self, file: BinaryIO, commit: Commit, name: str, info: TapInfo) -> NDArray[np.generic]:
        span, where = commit.spans[name], f"{self.path / commit.file}: step {commit.step}, {name}"
        file.seek(span.offset)
        data = file.read(span.size)
        if len(data) != span.size:
            raise RunError(f"{where}: truncated, {len(data)} of {span.size} bytes are there; {MEND}")
        if checksum(data) != span.crc32:
            raise RunError(f"{where}: altered, its bytes do not match the checksum in log.jsonl; {MEND}")
        return unpack(data, info.dtype, info.shape)


def open_run(path: str | os.PathLike[str]) -> Run:
    """Open a run folder for reading; `reelnet.open` is this function.

    Raises:
        RunError: There is no run at `path`, or its header or log is damaged.
    """
    return Run(path)


def _listed(steps: Iterable[SupportsIndex] | SupportsIndex) -> list[SupportsIndex]:
    # A text is one wrong step, not one for each letter. An array without dimensions looks like an iterable.
    if isinstance(steps, str | bytes) or not isinstance(steps, Iterable) or getattr(steps, "ndim", 1) == 0:
        return [cast(SupportsIndex, steps)]
    return list(steps)
