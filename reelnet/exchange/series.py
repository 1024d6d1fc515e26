"""Arrays that a run is made of, one row a step, checked before anything is written."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError


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
