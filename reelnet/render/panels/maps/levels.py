"""Values as levels of a colormap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reelnet.scene.limits import Limits


def to_levels(values: NDArray[np.generic], limits: Limits, levels: int) -> NDArray[np.uint8]:
    """Round values, (samples, channels, height, width) if channels have limits of their own, to levels of a colormap.

    Values beyond the limits, including infinite ones, get the outermost level on their side; the level of NaN is
    undefined. With symmetric limits and an odd number of levels, 0 is exactly the middle level.
    """
    positions = to_level_positions(values, limits, levels)
    nearest: NDArray[np.uint8] = np.rint(positions, out=positions).astype(np.uint8)
    return nearest


def to_level_positions(values: NDArray[np.generic], limits: Limits, levels: int) -> NDArray[np.float64]:
    """The exact positions of values among the levels, from 0 to `levels` − 1; see `to_levels`."""
    # In double precision, because the range of single precision numbers overflows single precision.
    scaled = values.astype(np.float64)
    scaled -= limits.low
    span = limits.scale_ends(values) - limits.low
    scaled *= (levels - 1) / np.where(span == 0, 1.0, span)
    # The sum tells whether all values are finite, which is faster than checking each.
    with np.errstate(invalid="ignore", over="ignore"):
        finite = np.isfinite(scaled.sum())
    if not finite:
        np.nan_to_num(scaled, copy=False, nan=0.0, posinf=levels - 1, neginf=0.0)
    return np.clip(scaled, 0, levels - 1, out=scaled)
