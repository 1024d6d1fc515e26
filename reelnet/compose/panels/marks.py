"""Marks of right and wrong, told apart by their form; few fonts have them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reelnet.compose.canvas import polyline

TICK = ((0.12, 0.54), (0.39, 0.81), (0.90, 0.20))
"""Corners (x, y) of a tick in a square of side 1."""
CROSS = ((0.17, 0.17), (0.83, 0.83)), ((0.17, 0.83), (0.83, 0.17))
"""The two strokes of a cross."""


@lru_cache(maxsize=32)
def mark(side: int, *, right: bool) -> NDArray[np.uint8]:
    """Coverage (side, side) of a tick, or of a cross."""
    strokes = (TICK,) if right else CROSS
    width = max(1.2, 0.15 * side)
    drawn = [polyline([(x * side, y * side) for x, y in stroke], width, (side, side)) for stroke in strokes]
    mask: NDArray[np.uint8] = np.maximum.reduce(drawn)
    mask.flags.writeable = False
    return mask
