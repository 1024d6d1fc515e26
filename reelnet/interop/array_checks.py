"""The arrays that a run is made of, checked.

Arrays that a run is made of, one row a step, checked before anything is written.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError, suggest_names
from reelnet.reel import Run
from reelnet.runs.header import TapInfo, TapKind, fold_shape
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter

Progress = Callable[[int, int], None]
"""Told how many steps are done, and how many there are."""

SINGLE = ("steps", "samples", "labels", "inputs")
"""Names of the arrays that a run has one of."""

KINDS = {
    "taps": TapKind.ACTIVATION,
    "weights": TapKind.WEIGHT,
    "gradients": TapKind.GRADIENT,
}
"""What comes before the name of a place, by what its values are."""

GROUPS = (*KINDS, "bounds", "metrics")


@dataclass(frozen=True)
class Entry:
    """What a run is made of: nothing can be wrong with it any more but the files that it lies in.

    Attributes:
        steps: Ascending.
        shown: The samples as a person sees them.
        fed: The samples as the network got them.
        taps: The form of each place.
        series: Its values, (steps, samples, channels, height, width).
        metrics: Numbers of each step by name; NaN where a step has none.
        labels: One text a sample, or None.
    """

    steps: list[int]
    shown: NDArray[np.uint8]
    fed: NDArray[Any]
    taps: Mapping[str, TapInfo]
    series: Mapping[str, Series]
    metrics: Mapping[str, NDArray[np.float64]]
    labels: tuple[str, ...] | None

    @classmethod
    def of(cls, arrays: Mapping[str, Series]) -> Entry:
        """Check the arrays that a run is made of, by their names.

        Raises:
            ReelnetError: One lacks, is of another form, or has a name that means nothing.
        """
        groups = _grouped(arrays)
        for name in ("steps", "samples"):
            if name not in arrays:
                raise ReelnetError(f"there is no array {name!r}; there are {_listed(arrays)}")
        steps, shown = steps_of(arrays["steps"]), pictures_of(arrays["samples"])
        if not groups["taps"]:
            raise ReelnetError(
                f"there is no array 'taps/NAME', the values of a layer; there are {_listed(arrays)}"
            )
        infos: dict[str, TapInfo] = {}
        series: dict[str, Series] = {}
        for group, kind in KINDS.items():
            for name, each in groups[group].items():
                if name in infos:
                    raise ReelnetError(
                        f"{group}/{name}: {name!r} is there already, as {infos[name].kind.value}"
                    )
                require_tap(
                    f"{group}/{name}", each, len(steps), len(shown) if kind is TapKind.ACTIVATION else None
                )
                infos[name], series[name] = _info(each, kind), each
        return cls(
            steps,
            shown,
            _inputs(arrays, shown),
            _bounded(infos, groups["bounds"]),
            series,
            metrics_of(groups["metrics"], len(steps)),
            labels_of(arrays["labels"], len(shown)) if "labels" in arrays else None,
        )

    def write(
        self,
        path: str | os.PathLike[str],
        *,
        about: Mapping[str, Any],
        force: bool,
        progress: Progress | None,
    ) -> Run:
        """Make the run.

        Raises:
            UsageError: `path` is taken.
            ReelnetError: A file is damaged, or the folder cannot be written; then there is no run.
        """
        writer = RunWriter(
            path,
            taps=self.taps,
            inputs=self.fed,
            pictures=self.shown,
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
        rows = {name: series.rows() for name, series in self.series.items()}
        for number, step in enumerate(self.steps):
            arrays = {name: native(next(each)) for name, each in rows.items()}
            numbers = {name: float(values[number]) for name, values in self.metrics.items()}
            yield Snapshot(
                step, arrays, {name: value for name, value in numbers.items() if not math.isnan(value)}
            )


def _grouped(arrays: Mapping[str, Series]) -> dict[str, dict[str, Series]]:
    groups: dict[str, dict[str, Series]] = {group: {} for group in GROUPS}
    for key, series in arrays.items():
        group, slash, name = key.partition("/")
        if slash and name and group in groups:
            groups[group][name] = series
        elif key not in SINGLE:
            known = [*SINGLE, *(f"{each}/NAME" for each in GROUPS)]
            raise ReelnetError(f"array {key!r} means nothing here; {suggest_names(key, known)}")
    return groups


def _info(series: Series, kind: TapKind) -> TapInfo:
    _, samples, channels, height, width = series.shape
    shape = samples, channels, height, width
    return TapInfo(
        shape, series.dtype.name, kind=kind, fold=fold_shape(shape) if kind is TapKind.ACTIVATION else None
    )


def _bounded(infos: Mapping[str, TapInfo], bounds: Mapping[str, Series]) -> dict[str, TapInfo]:
    found = dict(infos)
    for name, series in bounds.items():
        if name not in infos:
            raise ReelnetError(f"bounds/{name}: there is no layer {name!r}; {suggest_names(name, infos)}")
        values = series.whole().tolist() if series.shape == (2,) and series.dtype.kind in "iuf" else []
        if len(values) != 2 or not values[0] < values[1]:
            raise ReelnetError(f"bounds/{name}: give the least and the greatest value, (-1, 1) say")
        found[name] = replace(infos[name], bounds=(float(values[0]), float(values[1])))
    return found


def _inputs(arrays: Mapping[str, Series], shown: NDArray[np.uint8]) -> NDArray[Any]:
    if "inputs" not in arrays:
        return native(arrays["samples"].whole())
    series = arrays["inputs"]
    if (
        not series.shape
        or series.shape[0] != len(shown)
        or series.dtype.kind not in "iufb"
        or series.dtype.itemsize > 8
    ):
        raise ReelnetError(
            f"inputs: {series.dtype.name} of shape {series.shape}; "
            f"give numbers, one row for each of {len(shown)} samples"
        )
    return native(series.whole())


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(list(names)[:12]) or "none"


class Series(Protocol):
    """An array whose rows can be had one by one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""

    def rows(self) -> Iterator[NDArray[Any]]:
        """What it holds at each place of its first dimension."""

    def whole(self) -> NDArray[Any]:
        """All of it at once."""


@dataclass(frozen=True)
class Given:
    """An array in memory, or anything that is sliced like one (`h5py`, `zarr`, `numpy.memmap`, JAX).

    Attributes:
        values: It.
        shape: Of the whole.
        dtype: Of the values.
    """

    values: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, name: str, values: Any) -> Given:
        """Take an array, or nested lists of numbers.

        Raises:
            ReelnetError: It is neither.
        """
        if not (hasattr(values, "shape") and hasattr(values, "dtype")):
            try:
                values = np.asarray(values)
            except (ValueError, TypeError) as error:
                reason = " ".join(str(error).split())
                raise ReelnetError(f"{name}: no array ({reason}); give rows of one length") from error
        try:
            return cls(values, tuple(map(int, values.shape)), np.dtype(values.dtype))
        except TypeError as error:
            raise ReelnetError(f"{name}: {values.dtype} is no type of numpy's; give numpy arrays") from error

    def rows(self) -> Iterator[NDArray[Any]]:
        """What it holds at each place of its first dimension."""
        return (np.asarray(self.values[number]) for number in range(self.shape[0]))

    def whole(self) -> NDArray[Any]:
        """All of it at once."""
        return np.asarray(self.values[...] if self.shape else self.values)


def steps_of(series: Series) -> list[int]:
    """The steps, ascending whole numbers from 0.

    Raises:
        ReelnetError: They are not.
    """
    _require_dims("steps", series, "(steps,)", 1)
    if series.dtype.kind not in "iu":
        raise ReelnetError(f"steps: {series.dtype.name}; give whole numbers, with astype(int) say")
    steps = [int(step) for step in series.whole()]
    if not steps:
        raise ReelnetError("steps: there are none; give at least one")
    if steps[0] < 0:
        raise ReelnetError(f"steps: {steps[0]} comes first; give whole numbers from 0")
    for before, step in itertools.pairwise(steps):
        if step <= before:
            raise ReelnetError(f"steps: {step} comes after {before}; give each step once, ascending")
    return steps


def pictures_of(series: Series) -> NDArray[np.uint8]:
    """The samples as a person sees them: uint8 (samples, height, width) or (…, 3).

    Raises:
        ReelnetError: They are no pictures, or not in 0..1.
    """
    shape = series.shape
    if 0 in shape or len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] != 3):
        raise ReelnetError(
            f"samples: shape {shape}; give pictures, (samples, height, width) or (samples, height, width, 3)"
        )
    _require_numbers("samples", series)
    values = series.whole()
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    real = values.astype(np.float64)
    low, high = float(real.min()), float(real.max())
    if not (low >= 0 and high <= 1):
        raise ReelnetError(f"samples: from {low:g} to {high:g}; give 0 to 1, or uint8")
    return np.rint(real * 255).astype(np.uint8)


def labels_of(series: Series, samples: int) -> tuple[str, ...]:
    """One text a sample.

    Raises:
        ReelnetError: There are more or fewer, or they are neither texts nor numbers.
    """
    _require_dims("labels", series, "(samples,)", 1)
    if series.dtype.kind not in "iufbUS":
        raise ReelnetError(f"labels: {series.dtype.name}; give texts or numbers")
    _require_length("labels", series, samples, "samples")
    listed = series.whole().tolist()
    return tuple(each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in listed)


def metrics_of(given: Mapping[str, Series], steps: int) -> dict[str, NDArray[np.float64]]:
    """The numbers of each step by name.

    Raises:
        ReelnetError: There are more or fewer than steps, or they are no real numbers.
    """
    found = {}
    for name, series in given.items():
        key = f"metrics/{name}"
        _require_dims(key, series, "(steps,)", 1)
        _require_numbers(key, series)
        _require_length(key, series, steps, "steps")
        found[name] = series.whole().astype(np.float64)
    return found


def require_tap(key: str, series: Series, steps: int, samples: int | None) -> None:
    """Make sure that an array is what a tap gave at each step.

    Args:
        key: Its name.
        series: It.
        steps: How many there are.
        samples: How many samples there are; None for a parameter of the network, which has none.

    Raises:
        ReelnetError: It is not.
    """
    if samples is None:
        _require_dims(key, series, "(steps, outputs, inputs, height, width)", 5)
    else:
        _require_dims(key, series, "(steps, samples, channels, height, width)", 5)
    if 0 in series.shape[1:]:
        raise ReelnetError(f"{key}: shape {series.shape} holds no values")
    _require_numbers(key, series)
    _require_length(key, series, steps, "steps")
    if samples is not None and series.shape[1] != samples:
        raise ReelnetError(
            f"{key}: {series.shape[1]} samples in shape {series.shape}, but samples has {samples}"
        )


def native(row: NDArray[Any]) -> NDArray[Any]:
    """Values in this machine's order of bytes."""
    return np.ascontiguousarray(row, row.dtype.newbyteorder("="))


def _require_dims(key: str, series: Series, form: str, count: int) -> None:
    if len(series.shape) != count:
        raise ReelnetError(f"{key}: shape {series.shape}; give {form}")


def _require_length(key: str, series: Series, count: int, what: str) -> None:
    if series.shape[0] != count:
        raise ReelnetError(f"{key}: {series.shape[0]} rows for {count} {what}; give one each")


def _require_numbers(key: str, series: Series) -> None:
    kind, size = series.dtype.kind, series.dtype.itemsize
    if kind == "c":
        raise ReelnetError(f"{key}: complex values ({series.dtype.name}); give a part of them, numpy.abs say")
    if kind not in "iufb" or size > 8:
        raise ReelnetError(
            f"{key}: {series.dtype.name} is no type that a run holds; give float32, say, with astype"
        )
