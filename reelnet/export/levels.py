"""Which levels of a colormap are enough where some must be given up, and how far off values then are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LIMIT = 240
"""Levels in which errors are told, whatever number a palette has room for."""


def enough(count: int, levels: int | None) -> NDArray[np.intp]:
    """So many of `count` levels, spread evenly from the first to the last, in ascending order; None for all."""
    some = count if levels is None else min(max(2, levels), count)
    return np.rint(np.linspace(0, count - 1, some)).astype(np.intp)


def coarseness(count: int, levels: int | None) -> float:
    """How much further a value may be from the nearest of so many of `count` levels than from the nearest of all.

    It is told in 240ths of the colormap's range.
    """
    gaps = np.diff(enough(count, levels))
    return float((gaps.max(initial=1) - 1) / 2 * LIMIT / max(1, count - 1))
