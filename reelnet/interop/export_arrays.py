"""Exports the arrays of a run to one file."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from reelnet._support.atomic_path import atomic_path
from reelnet.errors import UsageError
from reelnet.interop.import_arrays import GROUP_KINDS
from reelnet.runs.run import RunReader
from reelnet.runs.verify import Progress


def export_arrays(run: RunReader, path: Path, progress: Progress | None = None) -> None:
    """Write an `.npz` file that `numpy.load` reads and from which `import_arrays` creates the same run.

    One step is held in memory at a time.

    Args:
        run: The run.
        path: The file; an existing one is replaced.
        progress: Called after each layer with the number of layers done and their total.

    Raises:
        UsageError: The file name has another suffix.
        RunError: The file of a step is missing, truncated or altered.
        ReelnetError: The file cannot be written.
    """
    if path.suffix.lower() != ".npz":
        raise UsageError(f"{path}: arrays are written as .npz; name it {path.stem}.npz")
    run.require_steps()
    groups = {kind: group for group, kind in GROUP_KINDS.items()}
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        _write_array(archive, "steps", np.array(run.steps, np.int64))
        _write_array(archive, "samples", run.samples)
        _write_array(archive, "inputs", run.inputs)
        if run.labels is not None:
            _write_array(archive, "labels", np.array(run.labels, np.str_))
        if run.classes is not None:
            _write_array(archive, "classes", np.array(run.classes, np.str_))
        for name, values in run.metrics.items():
            _write_array(archive, f"metrics/{name}", values)
        for done, (name, tap) in enumerate(run.taps.items(), 1):
            if tap.bounds is not None:
                _write_array(archive, f"bounds/{name}", np.array(tap.bounds, np.float64))
            rows = (run.read(name, [step])[0] for step in run.steps)
            key, shape = f"{groups[tap.kind]}/{name}", (len(run.steps), *tap.shape)
            _write_rows(archive, key, shape, np.dtype(tap.dtype), rows)
            if progress is not None:
                progress(done, len(run.taps))


def _write_array(archive: zipfile.ZipFile, name: str, array: NDArray[np.generic]) -> None:
    _write_rows(archive, name, array.shape, array.dtype, [np.ascontiguousarray(array)])


def _write_rows(
    archive: zipfile.ZipFile,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype[np.generic],
    rows: Iterable[NDArray[np.generic]],
) -> None:
    # ZipInfo's default date, 1980, makes the same run give the same bytes.
    with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
        header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(member, header)
        for row in rows:
            member.write(row.tobytes())
