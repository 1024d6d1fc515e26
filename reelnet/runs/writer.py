"""A run folder while it is being recorded."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError, UsageError
from reelnet.runs.arrays import checksum, finite_range, nonfinite, pack
from reelnet.runs.header import Header, TapInfo
from reelnet.runs.snapshot import Snapshot


class RunWriter:
    """Commits snapshots to a new run folder, one step at a time.

    A step's file is written under a temporary name and renamed, then its line is appended to the log: the
    line is the commit. A process that is killed loses at most the step it was writing.

    Args:
        path: The folder to make.
        taps: The recorded places.
        fed: The samples as the network gets them, (samples, …); where it takes several inputs, all by their
            names, of which the first is `fed`.
        shown: The samples as a person sees them, uint8 (samples, height, width) or (…, 3).
        labels: One short text a sample.
        about: Free facts that `run.json` keeps.
        force: Replace a run that lies at `path`. Anything else that lies there is never touched.

    Raises:
        UsageError: There is something at `path` already.
        ReelnetError: The folder cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        taps: Mapping[str, TapInfo],
        fed: NDArray[np.generic] | Mapping[str, NDArray[np.generic]],
        shown: NDArray[np.uint8],
        labels: tuple[str, ...] | None = None,
        about: Mapping[str, Any] | None = None,
        force: bool = False,
    ) -> None:
        self.path = Path(path)
        self.committed = 0
        self._taps = dict(taps)
        self._log: int | None = None
        refuse_existing(self.path, force=force)
        inputs = fed if isinstance(fed, Mapping) else {"fed": fed}
        samples, _ = pack({**inputs, "shown": shown})
        header = Header(dict(taps), len(shown), checksum(samples), labels, about or {})
        try:
            if self.path.exists():
                clear(self.path)
            (self.path / "steps").mkdir(parents=True, exist_ok=True)
            _write_new(self.path / "samples.safetensors", samples)
            self._log = os.open(self.path / "log.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            # The header comes last: from here on the folder is a run, and opens.
            _write_new(self.path / "run.json", header.to_json().encode())
        except OSError as error:
            self.discard()
            raise ReelnetError(f"{self.path}: cannot write a run here ({error.strerror})") from error
        except BaseException:
            self.discard()
            raise

    def commit(self, snapshot: Snapshot) -> None:
        """Write one step; it counts once this returns.

        Raises:
            ReelnetError: The disk is full, say. The steps committed before stay as they are.
        """
        self._require_form(snapshot)
        file = _file(snapshot.step)
        data, spans = pack(snapshot.taps)
        taps = {}
        for name, span in spans.items():
            low, high = finite_range(snapshot.taps[name]) or (None, None)
            taps[name] = {
                "offset": span.offset,
                "size": span.size,
                "crc32": span.crc32,
                "min": low,
                "max": high,
            }
            if strange := nonfinite(snapshot.taps[name]):
                taps[name]["nonfinite"] = strange
        metrics = {name: _number(value) for name, value in snapshot.metrics.items()}
        line = json.dumps({"step": snapshot.step, "metrics": metrics, "file": file, "taps": taps}) + "\n"
        try:
            _write_new(self.path / file, data)
            self._append(line.encode())
        except OSError as error:
            raise ReelnetError(
                f"{self.path}: cannot write step {snapshot.step} ({error.strerror}); "
                f"the {self.committed} steps before it are safe"
            ) from error
        self.committed += 1

    def miss(self, step: int, reason: str) -> None:
        """Mark a step as one that could not be recorded, and say why.

        Raises:
            ReelnetError: The log cannot be written.
        """
        self._append_line({"step": step, "missing": reason}, f"that step {step} is missing")

    def drop(self, steps: Sequence[int]) -> None:
        """Give up steps that were committed, to make room.

        Raises:
            ReelnetError: The log cannot be written, or a file not be removed.
        """
        self._append_line({"dropped": list(steps)}, "which steps were given up")
        try:
            for step in steps:
                (self.path / _file(step)).unlink(missing_ok=True)
        except OSError as error:
            raise ReelnetError(f"{self.path}: cannot remove step {step} ({error.strerror})") from error
        self.committed -= len(steps)

    def _append_line(self, content: Mapping[str, Any], what: str) -> None:
        try:
            self._append((json.dumps(content) + "\n").encode())
        except OSError as error:
            raise ReelnetError(f"{self.path}: cannot write {what} ({error.strerror})") from error

    def _require_form(self, snapshot: Snapshot) -> None:
        for name, tap in self._taps.items():
            array = snapshot.taps[name]
            if array.shape != tap.shape or array.dtype.name != tap.dtype:
                raise ReelnetError(
                    f"{self.path}: step {snapshot.step}: layer {name!r} gives {array.dtype} {array.shape}, "
                    f"but the run holds {tap.dtype} {tap.shape}; start another run"
                )

    def _append(self, line: bytes) -> None:
        if self._log is None:
            raise ReelnetError(f"{self.path}: the run is closed")
        size = os.fstat(self._log).st_size
        try:
            if os.write(self._log, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            # Half a line would swallow the next commit.
            os.ftruncate(self._log, size)
            raise

    def close(self) -> None:
        """Close the log. The run needs no other ending: every commit is complete by itself."""
        if self._log is not None:
            os.close(self._log)
            self._log = None

    def discard(self) -> None:
        """Close, and remove what was written: a recording that failed before its first step."""
        self.close()
        with suppress(OSError):
            clear(self.path)
            self.path.rmdir()


def refuse_existing(path: Path, *, force: bool) -> None:
    """Make sure that a new run may be made at `path`.

    Raises:
        UsageError: Something is there that is not an empty folder, nor (with `force`) a run.
        ReelnetError: One may not look.
    """
    try:
        if not path.exists() or (path.is_dir() and not any(path.iterdir())):
            return
        ours = _is_header(path / "run.json")
    except OSError as error:
        raise ReelnetError(f"{path}: cannot write a run here ({error.strerror})") from error
    if not ours:
        raise UsageError(f"{path}: exists and is not a run; choose another folder")
    if not force:
        raise UsageError(
            f"{path}: holds a run already; choose another folder, or give --force (force=True) to replace it"
        )


def clear(path: Path) -> None:
    """Remove what reelnet has written into a run folder, and nothing else."""
    # The header goes first: half a removal must not look like a run.
    for name in ("run.json", "log.jsonl", "samples.safetensors", "metrics.json"):
        (path / name).unlink(missing_ok=True)
    steps = path / "steps"
    for file in [*steps.glob("*.safetensors"), *path.glob(".*.tmp"), *steps.glob(".*.tmp")]:
        file.unlink()
    if steps.is_dir() and not any(steps.iterdir()):
        steps.rmdir()


def _is_header(file: Path) -> bool:
    """Whether a file is a `run.json` of reelnet, of whatever format; others use that name, too."""
    if not file.is_file():
        return False
    try:
        content = json.loads(file.read_bytes())
    except ValueError:
        return False
    return isinstance(content, dict) and {"format", "taps", "samples_crc32"} <= content.keys()


def _write_new(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _file(step: int) -> str:
    return f"steps/{step:08d}.safetensors"


def _number(value: float) -> float | str:
    # JSON has no NaN and no infinity; float() reads these words back.
    return value if math.isfinite(value) else str(value)
