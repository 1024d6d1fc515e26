"""The values of a barcode: the units of a layer over the steps, in an order, averaged to rows and columns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from reelnet.render.panels.charts.axis import Axis
from reelnet.runs.header import TapInfo, TapKind, require_activation
from reelnet.scene.channel_signatures import ChannelSignatures
from reelnet.scene.class_scores import ClassScores
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.snap import MIN_PREFERRED
from reelnet.scene.limits import DEFAULT_PERCENTILE, Limits
from reelnet.scene.statistics import round_up
from reelnet.template.theme import LimitKind

MAX_PATH_UNITS = 512
"""Units up to which the order is a short path; more are sorted along the direction in which they differ most."""
COMPARED_STEPS = 64
"""Steps at which units are compared."""


@dataclass(frozen=True)
class Units:
    """The units of a layer.

    Attributes:
        values: Their values at each recorded step, float32 (steps, units).
        channels: Their numbers in the layer.
        limits: The values at the ends of the colormap.
        is_mean_of_maps: Whether a unit is the mean of a map.
    """

    values: NDArray[np.float32]
    channels: tuple[int, ...]
    limits: Limits
    is_mean_of_maps: bool


def is_vector(info: TapInfo) -> bool:
    """Whether a layer gives one value per unit: (samples, units, 1, 1), or (samples, 1, 1, units)."""
    return info.kind is TapKind.ACTIVATION and sum(side > 1 for side in info.shape[1:]) <= 1


def choose_vector(context: SceneContext, tap: str | None) -> str:
    """The layer of that name, or the reel's if it is a vector, or the longest hidden one, or the class output.

    If there is no vector at all, it is the reel's layer.

    Raises:
        ValueError: The layer was not recorded, or is not an activation.
    """
    if tap is not None:
        require_activation(tap, context.require(tap))
        return tap
    scores = ClassScores.find(context)
    is_output = scores is not None and context.layer == scores.tap
    if is_vector(context.require(context.layer)) and not is_output:
        return context.layer
    vectors = [name for name, info in context.taps.items() if is_vector(info)]
    hidden = [name for name in vectors if scores is None or name != scores.tap]
    return max(
        hidden or vectors, key=lambda name: math.prod(context.taps[name].shape[1:]), default=context.layer
    )


def find_units(context: SceneContext, tap: str, samples: tuple[int, ...]) -> Units:
    """The units of a layer for some samples, or their mean."""
    info = context.require(tap)
    is_mean = not is_vector(info)

    def measure(values: NDArray[np.generic]) -> NDArray[np.float32]:
        chosen = values[list(samples)].astype(np.float32)
        with np.errstate(invalid="ignore", over="ignore"):
            per_unit = chosen.mean(axis=(2, 3)) if is_mean else chosen.reshape(len(samples), -1)
            mean: NDArray[np.float32] = per_unit.mean(axis=0)
        return mean

    values = context.statistics.series(tap, ("units", samples), measure)
    count = values.shape[1]
    channels = info.channels if info.channels is not None and len(info.channels) == count else range(count)
    is_free = is_mean or (info.bounds is None and context.theme.limits.kind is LimitKind.AUTO)
    limits = find_limits(values, is_mean=is_mean) if is_free else context.view(tap).limits
    return Units(values, tuple(channels), limits, is_mean)


def find_limits(values: NDArray[np.float32], *, is_mean: bool) -> Limits:
    """Limits of the values of units, or of means of maps (steps, units): they contain 0, and most of these values."""
    finite = values[np.isfinite(values)].astype(np.float64)
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    largest = max(-low, high)
    end = float(np.percentile(np.abs(finite), DEFAULT_PERCENTILE)) if finite.size else 0.0
    end = min(largest, round_up(end)) or largest or 1.0
    bounds = (-end, end) if low < 0 < high else (0.0, end) if high > 0 or low == 0 else (-end, 0.0)
    outside = int(np.count_nonzero((finite < bounds[0]) | (finite > bounds[1])))
    return Limits(
        *bounds,
        one_sided=0.0 in bounds,
        quantity="mean activation" if is_mean else "activation",
        clipped=outside / max(1, finite.size),
        exceeds=(low < bounds[0], high > bounds[1]),
    )


def order_units(values: NDArray[np.float32]) -> NDArray[np.intp]:
    """The units with those side by side that do the same; those that never change come last.

    Args:
        values: float32 (steps, units).
    """
    numbers = np.unique(np.rint(np.linspace(0, len(values) - 1, COMPARED_STEPS)).astype(np.intp))
    series = values[numbers].T.astype(np.float64)
    dead = (series == series[:, :1]).all(axis=1)
    if len(series) <= MAX_PATH_UNITS:
        signatures = ChannelSignatures.from_values(series, dead)
        return np.array(signatures.order_by_similarity(range(len(series))), np.intp)
    centered = np.nan_to_num(series - series.mean(axis=1, keepdims=True))
    _, _, directions = np.linalg.svd(centered, full_matrices=False)
    projection = np.where(dead, np.inf, centered @ directions[0])
    return np.argsort(projection, kind="stable")


@dataclass(frozen=True)
class BarcodeImage:
    """The image of a barcode.

    Attributes:
        values: float64 (rows, columns).
        order: The units from the top down.
        row_height: Pixels of a row.
        column_width: Pixels of a column.
        trim: Pixels by which the first and the last column are narrower, so that the image begins and ends at the
            first and the last step, like the axes of charts.
        units_per_row: The largest number of units of which a row is the mean.
        steps_per_column: The largest number of steps of which a column is the mean.
        last_steps: For each column the index of the last step that it shows, ascending.
    """

    values: NDArray[np.float64]
    order: tuple[int, ...]
    row_height: int
    column_width: int
    trim: int
    units_per_row: int
    steps_per_column: int
    last_steps: NDArray[np.intp]

    @classmethod
    def fit(
        cls,
        units: Units,
        context: SceneContext,
        axis: Axis,
        width: int,
        height: int,
        order: NDArray[np.intp],
    ) -> BarcodeImage:
        """Fit units and steps into about width × height pixels.

        Columns of evenly spaced steps are equally wide, if there is room for all. Otherwise a column of pixels is the
        mean of the steps that fall on it, and one without any is that of the step after it.
        """
        count, grid = units.values.shape[1], context.grid
        values = units.values[:, order].T.astype(np.float64)
        units_per_row = -(-count // height)
        rows = -(-count // units_per_row)
        values = average_groups(values, np.arange(count) // units_per_row, rows)
        row_height = fit_size(height // rows, context)
        steps = np.array(context.steps, np.float64)
        is_even = not axis.log and len(np.unique(np.diff(steps))) <= 1
        if is_even and len(steps) <= width:
            columns, column_width = np.arange(len(steps)), fit_size(width // (len(steps) - 1), context)
        else:
            columns = np.rint(axis.to_fraction(steps) * (grid.round_down(width) - 1)).astype(np.intp)
            column_width = 1
        used, counts = np.unique(columns, return_counts=True)
        means = average_groups(values.T, np.searchsorted(used, columns), len(used)).T
        sources = np.searchsorted(used, np.arange(used[-1] + 1))
        last = np.searchsorted(columns, used, side="right") - 1
        return cls(
            means[:, sources],
            tuple(order.tolist()),
            row_height,
            column_width,
            grid.for_values(column_width).round_down(column_width // 2),
            units_per_row,
            int(counts.max()),
            last[sources].astype(np.intp),
        )

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.values.shape[1]) * self.column_width - 2 * self.trim

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.values.shape[0]) * self.row_height

    def reveal_at(self, step_index: int) -> int:
        """The number of columns that show nothing later than a step."""
        return int(np.searchsorted(self.last_steps, step_index, side="right"))


def fit_size(pixels: int, context: SceneContext) -> int:
    """The size of a row or column, at most `pixels`, or a slightly smaller one that video codecs prefer."""
    most = max(1, pixels)
    return context.grid.prefer_scale(most, most * MIN_PREFERRED, Fraction(most))


def average_groups(values: NDArray[np.float64], groups: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """The mean of the rows (n, m) of each of `count` groups, (count, m); groups are ascending numbers from 0."""
    starts = np.searchsorted(groups, np.arange(count))
    sizes = np.diff([*starts.tolist(), len(groups)])
    with np.errstate(invalid="ignore", over="ignore"):
        means: NDArray[np.float64] = np.add.reduceat(values, starts, axis=0) / sizes[:, None]
    return means
