"""The arrays of a run in one file."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from reelnet._support.atomic_path import atomic_path
from reelnet.errors import UsageError
from reelnet.reel import Run
from reelnet.runs.header import TapInfo, TapKind

GROUPS = {TapKind.ACTIVATION: "taps", TapKind.WEIGHT: "weights", TapKind.GRADIENT: "gradients"}


def export_arrays(run: Run, path: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Write an `.npz` from which `import_arrays` makes the same run: what `numpy.load` reads, one step at a time.

    Args:
        run: The run.
        path: The file; one that is there is replaced.
        progress: Told how many layers are done, and how many there are.

    Raises:
        UsageError: The file's name has another suffix.
        RunError: A step's file is missing, truncated or altered.
        ReelnetError: The file cannot be written.
    """
    if path.suffix.lower() != ".npz":
        raise UsageError(f"{path}: arrays are written as .npz; name it {path.stem}.npz")
    run.require_steps()
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        _put(archive, "steps", np.array(run.steps, np.int64))
        _put(archive, "samples", run.samples)
        _put(archive, "inputs", run.inputs)
        if run.labels is not None:
            _put(archive, "labels", np.array(run.labels, np.str_))
        for name, values in run.metrics.items():
            _put(archive, f"metrics/{name}", values)
        for done, (name, tap) in enumerate(run.taps.items(), 1):
            if tap.bounds is not None:
                _put(archive, f"bounds/{name}", np.array(tap.bounds, np.float64))
            _put_tap(archive, run, name, tap)
            if progress is not None:
                progress(done, len(run.taps))


def _put_tap(archive: zipfile.ZipFile, run: Run, name: str, tap: TapInfo) -> None:
    rows = (run.read(name, [step])[0] for step in run.steps)
    _put_rows(archive, f"{GROUPS[tap.kind]}/{name}", (len(run.steps), *tap.shape), np.dtype(tap.dtype), rows)


def _put(archive: zipfile.ZipFile, name: str, array: NDArray[np.generic]) -> None:
    _put_rows(archive, name, array.shape, array.dtype, [np.ascontiguousarray(array)])


def _put_rows(
    archive: zipfile.ZipFile,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype[np.generic],
    rows: Iterable[NDArray[np.generic]],
) -> None:
    # ZipInfo's own date, 1980, so that the same run gives the same bytes.
    with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
        npy.write_array_header_1_0(
            member, {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        )
        for row in rows:
            member.write(row.tobytes())
