"""Creates runs from arrays instead of a training."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reelnet._support.arguments import require_mapping
from reelnet._support.byte_size import format_size
from reelnet._support.text import one_line, to_utf8
from reelnet.errors import ReelnetError, suggest_names
from reelnet.interop.npy_files import MAX_ARRAY_BYTES, open_arrays, verify_archive
from reelnet.reel import Run
from reelnet.runs.class_names import format_class_names
from reelnet.runs.header import TapInfo, TapKind, fold_shape
from reelnet.runs.session import require_free_path
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.storage.open_store import open_store
from reelnet.runs.verify import Progress
from reelnet.runs.writer import RunWriter

SINGLE_ARRAYS = ("steps", "samples", "labels", "classes", "inputs")
"""Names of the arrays that exist once per run."""

GROUP_KINDS = {
    "taps": TapKind.ACTIVATION,
    "weights": TapKind.WEIGHT,
    "gradients": TapKind.GRADIENT,
}
"""What the arrays of a group record; `taps/conv1` is the activation `conv1`."""

GROUPS = (*GROUP_KINDS, "bounds", "metrics")
"""Groups of arrays, of which a run has one per name."""


def write_run(
    path: str | os.PathLike[str],
    *,
    steps: Any,
    samples: Any,
    taps: Mapping[str, Any],
    metrics: Mapping[str, Any] | None = None,
    labels: Any = None,
    classes: Any = None,
    weights: Mapping[str, Any] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    force: bool = False,
) -> Run:
    """Create a run from arrays, such as those of a training in JAX, TensorFlow or MATLAB, or of an old recording.

    Anything that is sliced like an array works (`h5py`, `zarr`, `numpy.memmap`); `taps` and `weights` are read one
    step at a time. torch is not needed.

    Args:
        path: The run folder to create.
        steps: The training steps, (steps,), ascending; 0 is the untrained network.
        samples: The fixed samples as people see them, (samples, height, width) or (…, 3), in 0..1 or uint8.
        taps: The values of each layer, (steps, samples, channels, height, width).
        metrics: The values of each metric, (steps,); NaN where a step has no value.
        labels: One short text or number per sample.
        classes: Names of the classes, in the order of the scores that a layer gives.
        weights: Parameters by name, (steps, outputs, inputs, height, width).
        bounds: The smallest and largest value that a layer can give, such as (−1, 1) for tanh.
        force: Replace an existing run at `path`.

    Raises:
        UsageError: `path` exists, or a group of arrays is not a mapping.
        ReelnetError: An array has the wrong shape, type or values, or the folder cannot be written.
    """
    arrays: dict[str, Any] = {"steps": steps, "samples": samples}
    for name, texts in (("labels", labels), ("classes", classes)):
        if texts is not None:
            arrays[name] = texts
    for group, items in (("taps", taps), ("weights", weights), ("bounds", bounds), ("metrics", metrics)):
        arrays |= {f"{group}/{name}": values for name, values in require_mapping(group, items).items()}
    require_free_path(path, force=force)
    sources = {name: _MemoryArray.from_values(name, values) for name, values in arrays.items()}
    return _create_run(path, sources, force=force)


def import_arrays(
    source: Path, path: str | os.PathLike[str], *, force: bool = False, progress: Progress | None = None
) -> Run:
    """Create a run from an `.npz` file or a folder of `.npy` files, one step at a time.

    Args:
        source: The file or folder. `docs/arrays.md` lists the names of its arrays.
        path: The run folder to create.
        force: Replace an existing run at `path`.
        progress: Called after each step with the number of steps done and their total.

    Raises:
        UsageError: `path` exists, or `source` is neither an `.npz` file nor a folder of `.npy` files.
        ReelnetError: An array has the wrong shape, type or values, or is larger than `MAX_ARRAY_BYTES`, a file is
            damaged, or the folder cannot be written. Then no run is created, and an existing one is kept.
    """
    require_free_path(path, force=force)
    with open_arrays(source) as arrays:
        taps = (array for name, array in arrays.items() if name.partition("/")[0] in GROUP_KINDS)
        step_size = sum(array.row_nbytes for array in taps if 0 not in array.shape)
        if step_size > MAX_ARRAY_BYTES:
            raise ReelnetError(
                f"{source}: the values of one step are {format_size(step_size)}, and at most "
                f"{format_size(MAX_ARRAY_BYTES)} are read at once; import fewer layers, channels or samples"
            )
        if open_store(path).exists():
            # Do not replace a run by arrays that turn out to be damaged.
            verify_archive(source)
        about = {"imported": source.name}
        return _create_run(path, arrays, f"{source}: ", about=about, force=force, progress=progress)


class ArraySource(Protocol):
    """An array that can be read one row at a time."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""

    def rows(self) -> Iterator[NDArray[Any]]:
        """Yield the items along the first dimension."""

    def load(self) -> NDArray[Any]:
        """Return the whole array."""


@dataclass(frozen=True)
class _MemoryArray:
    """An array in memory, or anything that is sliced like one (`h5py`, `zarr`, `numpy.memmap`, JAX)."""

    values: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @classmethod
    def from_values(cls, name: str, values: Any) -> _MemoryArray:
        """Wrap an array, or nested lists of numbers.

        Raises:
            ReelnetError: `values` is neither.
        """
        if not (hasattr(values, "shape") and hasattr(values, "dtype")):
            try:
                values = np.asarray(values)
            except (ValueError, TypeError) as error:
                reason = one_line(error)
                if "inhomogeneous" in reason:
                    reason = "its parts have different shapes"
                wanted = "pictures of one size" if name == "samples" else "rows of equal length"
                raise ReelnetError(f"{name}: not an array ({reason}); give {wanted}") from error
        try:
            return cls(values, tuple(map(int, values.shape)), np.dtype(values.dtype))
        except TypeError as error:
            raise ReelnetError(
                f"{name}: type {values.dtype} is not a numpy type; convert it with numpy.asarray"
            ) from error

    def rows(self) -> Iterator[NDArray[Any]]:
        """Yield the items along the first dimension."""
        return (np.asarray(self.values[number]) for number in range(self.shape[0]))

    def load(self) -> NDArray[Any]:
        """Return the whole array."""
        return np.asarray(self.values[...] if self.shape else self.values)


def _create_run(
    path: str | os.PathLike[str],
    arrays: Mapping[str, ArraySource],
    prefix: str = "",
    *,
    about: Mapping[str, Any] | None = None,
    force: bool,
    progress: Progress | None = None,
) -> Run:
    """Check all arrays, then write the run. After the checks only reading or writing a file can fail.

    Args:
        path: The run folder to create.
        arrays: The arrays by name.
        prefix: Start of error messages.
        about: Free-form facts to store in the run.
        force: Replace an existing run at `path`.
        progress: Called after each step with the number of steps done and their total.

    Raises:
        UsageError: `path` exists.
        ReelnetError: An array is missing, has the wrong shape, type or values, or has an unknown name; a file is
            damaged, or the folder cannot be written. Then no run is created.
    """
    groups = _group_arrays(arrays, prefix)
    steps = _read_steps(f"{prefix}steps", arrays["steps"])
    pictures = _read_pictures(f"{prefix}samples", arrays["samples"])
    inputs = _read_inputs(f"{prefix}inputs", arrays.get("inputs", arrays["samples"]), len(pictures))
    labels = _read_texts(f"{prefix}labels", arrays.get("labels"), "(samples,)", len(pictures))
    classes = _read_texts(f"{prefix}classes", arrays.get("classes"), "(classes,)")
    if classes is not None:
        classes = format_class_names(classes, f"{prefix}classes")
    taps: dict[str, TapInfo] = {}
    rows: dict[str, Iterator[NDArray[Any]]] = {}
    for group, kind in GROUP_KINDS.items():
        for name, array in groups[group].items():
            key = f"{prefix}{group}/{name}"
            if name in taps:
                raise ReelnetError(f"{key}: the name {name!r} is also used for the {taps[name].kind.value}")
            taps[name], rows[name] = _check_tap(key, array, kind, len(steps), len(pictures)), array.rows()
    for name, array in groups["bounds"].items():
        if name not in taps:
            raise ReelnetError(f"{prefix}bounds/{name}: no layer {name!r}; {suggest_names(name, taps)}")
        taps[name] = replace(taps[name], bounds=_read_bounds(f"{prefix}bounds/{name}", array))
    metrics = {
        name: _read_metric(f"{prefix}metrics/{name}", array, len(steps))
        for name, array in groups["metrics"].items()
    }
    writer = RunWriter(
        path,
        taps=taps,
        inputs=inputs,
        pictures=pictures,
        labels=labels,
        classes=classes,
        about=about,
        force=force,
        timed=False,
    )
    try:
        for number, step in enumerate(steps):
            values = {name: _to_native(next(tap_rows)) for name, tap_rows in rows.items()}
            at_step = {name: float(series[number]) for name, series in metrics.items()}
            finite = {name: value for name, value in at_step.items() if not math.isnan(value)}
            writer.commit(Snapshot(step, values, finite))
            if progress is not None:
                progress(number + 1, len(steps))
    except BaseException:
        writer.discard()
        raise
    writer.close()
    return Run(path)


def _group_arrays(arrays: Mapping[str, ArraySource], prefix: str) -> dict[str, dict[str, ArraySource]]:
    """Group the arrays of taps, bounds and metrics by name, and make sure that the required ones exist."""
    groups: dict[str, dict[str, ArraySource]] = {group: {} for group in GROUPS}
    for key, array in arrays.items():
        group, slash, name = key.partition("/")
        if slash and name and group in groups:
            groups[group][name] = array
        elif key not in SINGLE_ARRAYS:
            known = [*SINGLE_ARRAYS, *(f"{each}/NAME" for each in GROUPS)]
            raise ReelnetError(f"{prefix}unknown array {key!r}; {suggest_names(key, known)}")
    found = ", ".join(list(arrays)[:12]) or "none"
    for name in ("steps", "samples"):
        if name not in arrays:
            raise ReelnetError(f"{prefix}array {name!r} is missing; the arrays are {found}")
    if not groups["taps"]:
        raise ReelnetError(f"{prefix}no array 'taps/NAME' with the values of a layer; the arrays are {found}")
    return groups


def _read_steps(key: str, array: ArraySource) -> list[int]:
    _require_shape(key, array, "(steps,)")
    if array.dtype.kind not in "iu":
        raise ReelnetError(f"{key}: type {array.dtype.name}; give integers, for example with astype(int)")
    steps = [int(step) for step in array.load()]
    if not steps:
        raise ReelnetError(f"{key}: the array is empty; give at least one step")
    if steps[0] < 0:
        raise ReelnetError(f"{key}: {steps[0]} is negative; count steps from 0")
    for previous, step in itertools.pairwise(steps):
        if step <= previous:
            raise ReelnetError(f"{key}: {step} follows {previous}; give each step once, in ascending order")
    return steps


def _read_pictures(key: str, array: ArraySource) -> NDArray[np.uint8]:
    shape = array.shape
    if 0 in shape or len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] != 3):
        raise ReelnetError(
            f"{key}: shape {shape}; give pictures, (samples, height, width) or (samples, height, width, 3)"
        )
    _require_real_numbers(key, array)
    values = array.load()
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    real = values.astype(np.float64)
    low, high = float(real.min()), float(real.max())
    if not (low >= 0 and high <= 1):
        raise ReelnetError(f"{key}: values from {low:g} to {high:g}; give values from 0 to 1, or uint8")
    return np.rint(real * 255).astype(np.uint8)


def _read_inputs(key: str, array: ArraySource, samples: int) -> NDArray[Any]:
    if array.shape[:1] != (samples,) or array.dtype.kind not in "iufb" or array.dtype.itemsize > 8:
        raise ReelnetError(
            f"{key}: {array.dtype.name} of shape {array.shape}; give numbers with one row per sample ({samples})"
        )
    return _to_native(array.load())


def _read_texts(
    key: str, array: ArraySource | None, expected: str, rows: int | None = None
) -> tuple[str, ...] | None:
    if array is None:
        return None
    _require_shape(key, array, expected, rows)
    if array.dtype.kind not in "iufbUS":
        raise ReelnetError(f"{key}: type {array.dtype.name}; give text or numbers")
    try:
        labels = array.load().tolist()
    except (ValueError, SystemError) as error:
        raise ReelnetError(f"{key}: not text ({one_line(error)}); save it again") from error
    texts = (each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in labels)
    return tuple(map(to_utf8, texts))


def _read_metric(key: str, array: ArraySource, steps: int) -> NDArray[np.float64]:
    _require_shape(key, array, "(steps,)", steps)
    _require_real_numbers(key, array)
    return array.load().astype(np.float64)


def _read_bounds(key: str, array: ArraySource) -> tuple[float, float]:
    values = array.load().tolist() if array.shape == (2,) and array.dtype.kind in "iuf" else []
    if len(values) != 2 or not -math.inf < values[0] < values[1] < math.inf:
        raise ReelnetError(f"{key}: give the smallest and the largest value, such as (-1, 1)")
    return float(values[0]), float(values[1])


def _check_tap(key: str, array: ArraySource, kind: TapKind, steps: int, samples: int) -> TapInfo:
    """Check the shape and type of a tap's values; only activations have samples."""
    has_samples = kind is TapKind.ACTIVATION
    dimensions = "samples, channels" if has_samples else "outputs, inputs"
    _require_shape(key, array, f"(steps, {dimensions}, height, width)", steps)
    if 0 in array.shape:
        raise ReelnetError(f"{key}: shape {array.shape} holds no values")
    _require_real_numbers(key, array)
    _, first, channels, height, width = array.shape
    if has_samples and first != samples:
        raise ReelnetError(f"{key}: shape {array.shape} has {first} samples, but 'samples' has {samples}")
    shape = first, channels, height, width
    return TapInfo(shape, array.dtype.name, kind=kind, fold=fold_shape(shape) if has_samples else None)


def _require_shape(key: str, array: ArraySource, expected: str, rows: int | None = None) -> None:
    """Check the number of dimensions and of rows against a text such as `(steps, samples)`."""
    dimensions = expected.strip("(),").split(", ")
    if len(array.shape) != len(dimensions):
        raise ReelnetError(f"{key}: shape {array.shape}; give {expected}")
    if rows is not None and array.shape[0] != rows:
        raise ReelnetError(
            f"{key}: {array.shape[0]} rows for {rows} {dimensions[0]}; give as many rows as {dimensions[0]}"
        )


def _require_real_numbers(key: str, array: ArraySource) -> None:
    dtype = array.dtype
    if dtype.kind == "c":
        raise ReelnetError(
            f"{key}: complex values ({dtype.name}); convert them to real numbers, for example with numpy.abs"
        )
    if dtype.kind not in "iufb" or dtype.itemsize > 8:
        raise ReelnetError(
            f"{key}: a run cannot hold values of type {dtype.name}; convert them, for example with astype('float32')"
        )


def _to_native(array: NDArray[Any]) -> NDArray[Any]:
    """Return a contiguous array in this machine's byte order."""
    return np.ascontiguousarray(array, array.dtype.newbyteorder("="))
