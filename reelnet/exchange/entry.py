"""The arrays that a run is made of, checked."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError, options
from reelnet.exchange.series import (
    Series,
    labels_of,
    metrics_of,
    native,
    pictures_of,
    require_tap,
    steps_of,
)
from reelnet.reel import Run
from reelnet.runs.folding import fold_of
from reelnet.runs.header import TapInfo, TapKind
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
            path, taps=self.taps, fed=self.fed, shown=self.shown, labels=self.labels, about=about, force=force
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
            raise ReelnetError(f"array {key!r} means nothing here; {options(key, known)}")
    return groups


def _info(series: Series, kind: TapKind) -> TapInfo:
    _, samples, channels, height, width = series.shape
    shape = samples, channels, height, width
    return TapInfo(
        shape, series.dtype.name, kind=kind, fold=fold_of(shape) if kind is TapKind.ACTIVATION else None
    )


def _bounded(infos: Mapping[str, TapInfo], bounds: Mapping[str, Series]) -> dict[str, TapInfo]:
    found = dict(infos)
    for name, series in bounds.items():
        if name not in infos:
            raise ReelnetError(f"bounds/{name}: there is no layer {name!r}; {options(name, infos)}")
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
