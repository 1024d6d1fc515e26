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

from reelnet.errors import ReelnetError, suggest_names
from reelnet.interop.npy_files import open_arrays, verify_archive
from reelnet.reel import Run
from reelnet.runs.header import TapInfo, TapKind, fold_shape
from reelnet.runs.session import require_free_path
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.storage.open_store import open_store
from reelnet.runs.verify import Progress
from reelnet.runs.writer import RunWriter

SINGLE_ARRAYS = ("steps", "samples", "labels", "inputs")
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
        weights: Parameters by name, (steps, outputs, inputs, height, width).
        bounds: The smallest and largest value that a layer can give, such as (−1, 1) for tanh.
        force: Replace an existing run at `path`.

    Raises:
        UsageError: `path` exists.
        ReelnetError: An array has the wrong shape, type or values, or the folder cannot be written.
    """
    arrays: dict[str, Any] = {"steps": steps, "samples": samples}
    if labels is not None:
        arrays["labels"] = labels
    for group, items in (("taps", taps), ("weights", weights), ("bounds", bounds), ("metrics", metrics)):
        arrays |= {f"{group}/{name}": values for name, values in (items or {}).items()}
    require_free_path(path, force=force)
    content = _RunContent.from_arrays(
        {name: _MemoryArray.from_values(name, values) for name, values in arrays.items()}
    )
    return content.write(path, about={}, force=force, progress=None)


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
        ReelnetError: An array has the wrong shape, type or values, a file is damaged, or the folder cannot be
            written. Then no run is created, and an existing one is kept.
    """
    require_free_path(path, force=force)
    with open_arrays(source) as arrays:
        try:
            content = _RunContent.from_arrays(arrays)
        except ReelnetError as error:
            # Errors of the file itself already name it.
            if str(error).startswith(str(source)):
                raise
            raise ReelnetError(f"{source}: {error}") from error
        if open_store(path).exists():
            # Do not replace a run by arrays that turn out to be damaged.
            verify_archive(source)
        return content.write(path, about={"imported": source.name}, force=force, progress=progress)


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
                reason = " ".join(str(error).split())
                raise ReelnetError(
                    f"{name}: not an array ({reason}); give rows of the same length"
                ) from error
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


@dataclass(frozen=True)
class _RunContent:
    """The checked content of a run. After this only reading or writing a file can fail.

    Attributes:
        steps: The steps, ascending.
        pictures: The samples as people see them.
        inputs: The samples as the network receives them.
        taps: The taps by name.
        values: The values of each tap, (steps, samples, channels, height, width).
        metrics: The values of each metric, (steps,); NaN where a step has no value.
        labels: One text per sample, or None.
    """

    steps: list[int]
    pictures: NDArray[np.uint8]
    inputs: NDArray[Any]
    taps: Mapping[str, TapInfo]
    values: Mapping[str, ArraySource]
    metrics: Mapping[str, NDArray[np.float64]]
    labels: tuple[str, ...] | None

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, ArraySource]) -> _RunContent:
        """Check the arrays of a run.

        Raises:
            ReelnetError: An array is missing, has the wrong shape, type or values, or has an unknown name.
        """
        groups = _group_arrays(arrays)
        found = ", ".join(list(arrays)[:12]) or "none"
        for name in ("steps", "samples"):
            if name not in arrays:
                raise ReelnetError(f"array {name!r} is missing; the arrays are {found}")
        if not groups["taps"]:
            raise ReelnetError(f"no array 'taps/NAME' with the values of a layer; the arrays are {found}")
        steps, pictures = _read_steps(arrays["steps"]), _read_pictures(arrays["samples"])
        taps: dict[str, TapInfo] = {}
        values: dict[str, ArraySource] = {}
        for group, kind in GROUP_KINDS.items():
            for name, array in groups[group].items():
                key = f"{group}/{name}"
                if name in taps:
                    raise ReelnetError(
                        f"{key}: the name {name!r} is also used for the {taps[name].kind.value}"
                    )
                taps[name] = _check_tap(
                    key, array, kind, groups["bounds"].get(name), len(steps), len(pictures)
                )
                values[name] = array
        for name in groups["bounds"]:
            if name not in taps:
                raise ReelnetError(f"bounds/{name}: no layer {name!r}; {suggest_names(name, taps)}")
        return cls(
            steps,
            pictures,
            _read_inputs(arrays.get("inputs", arrays["samples"]), len(pictures)),
            taps,
            values,
            {name: _read_metric(name, array, len(steps)) for name, array in groups["metrics"].items()},
            _read_labels(arrays["labels"], len(pictures)) if "labels" in arrays else None,
        )

    def write(
        self,
        path: str | os.PathLike[str],
        *,
        about: Mapping[str, Any],
        force: bool,
        progress: Progress | None,
    ) -> Run:
        """Create the run.

        Raises:
            UsageError: `path` exists.
            ReelnetError: A file is damaged, or the folder cannot be written; then no run is created.
        """
        writer = RunWriter(
            path,
            taps=self.taps,
            inputs=self.inputs,
            pictures=self.pictures,
            labels=self.labels,
            about=about,
            force=force,
        )
        try:
            for done, snapshot in enumerate(self._snapshots(), 1):
                writer.commit(snapshot)
                if progress is not None:
                    progress(done, len(self.steps))
        except BaseException:
            writer.discard()
            raise
        writer.close()
        return Run(path)

    def _snapshots(self) -> Iterator[Snapshot]:
        rows = {name: array.rows() for name, array in self.values.items()}
        for number, step in enumerate(self.steps):
            arrays = {name: _to_native(next(row)) for name, row in rows.items()}
            metrics = {name: float(values[number]) for name, values in self.metrics.items()}
            yield Snapshot(
                step, arrays, {name: value for name, value in metrics.items() if not math.isnan(value)}
            )


def _group_arrays(arrays: Mapping[str, ArraySource]) -> dict[str, dict[str, ArraySource]]:
    groups: dict[str, dict[str, ArraySource]] = {group: {} for group in GROUPS}
    for key, array in arrays.items():
        group, slash, name = key.partition("/")
        if slash and name and group in groups:
            groups[group][name] = array
        elif key not in SINGLE_ARRAYS:
            known = [*SINGLE_ARRAYS, *(f"{each}/NAME" for each in GROUPS)]
            raise ReelnetError(f"unknown array {key!r}; {suggest_names(key, known)}")
    return groups


def _read_steps(array: ArraySource) -> list[int]:
    _require_shape("steps", array, "(steps,)")
    if array.dtype.kind not in "iu":
        raise ReelnetError(f"steps: type {array.dtype.name}; give integers, for example with astype(int)")
    steps = [int(step) for step in array.load()]
    if not steps:
        raise ReelnetError("steps: the array is empty; give at least one step")
    if steps[0] < 0:
        raise ReelnetError(f"steps: {steps[0]} is negative; count steps from 0")
    for previous, step in itertools.pairwise(steps):
        if step <= previous:
            raise ReelnetError(f"steps: {step} follows {previous}; give each step once, in ascending order")
    return steps


def _read_pictures(array: ArraySource) -> NDArray[np.uint8]:
    shape = array.shape
    if 0 in shape or len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] != 3):
        raise ReelnetError(
            f"samples: shape {shape}; give pictures, (samples, height, width) or (samples, height, width, 3)"
        )
    _require_real_numbers("samples", array)
    values = array.load()
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    real = values.astype(np.float64)
    low, high = float(real.min()), float(real.max())
    if not (low >= 0 and high <= 1):
        raise ReelnetError(f"samples: values from {low:g} to {high:g}; give values from 0 to 1, or uint8")
    return np.rint(real * 255).astype(np.uint8)


def _read_inputs(array: ArraySource, samples: int) -> NDArray[Any]:
    if array.shape[:1] != (samples,) or array.dtype.kind not in "iufb" or array.dtype.itemsize > 8:
        raise ReelnetError(
            f"inputs: {array.dtype.name} of shape {array.shape}; give numbers with one row per sample ({samples})"
        )
    return _to_native(array.load())


def _read_labels(array: ArraySource, samples: int) -> tuple[str, ...]:
    _require_shape("labels", array, "(samples,)", samples)
    if array.dtype.kind not in "iufbUS":
        raise ReelnetError(f"labels: type {array.dtype.name}; give text or numbers")
    labels = array.load().tolist()
    return tuple(each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in labels)


def _read_metric(name: str, array: ArraySource, steps: int) -> NDArray[np.float64]:
    _require_shape(f"metrics/{name}", array, "(steps,)", steps)
    _require_real_numbers(f"metrics/{name}", array)
    return array.load().astype(np.float64)


def _check_tap(
    key: str, array: ArraySource, kind: TapKind, bounds: ArraySource | None, steps: int, samples: int
) -> TapInfo:
    """Check the values of a tap and describe it.

    Args:
        key: Name of the array, such as `taps/conv1`.
        array: The values.
        kind: What the tap records; only activations have samples.
        bounds: The bounds of the tap, if there are any.
        steps: Number of steps.
        samples: Number of samples.

    Raises:
        ReelnetError: An array has the wrong shape, type or values.
    """
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
    info = TapInfo(shape, array.dtype.name, kind=kind, fold=fold_shape(shape) if has_samples else None)
    if bounds is None:
        return info
    values = bounds.load().tolist() if bounds.shape == (2,) and bounds.dtype.kind in "iuf" else []
    if len(values) != 2 or not values[0] < values[1]:
        name = key.partition("/")[2]
        raise ReelnetError(f"bounds/{name}: give the smallest and the largest value, such as (-1, 1)")
    return replace(info, bounds=(float(values[0]), float(values[1])))


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
