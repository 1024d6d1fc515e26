"""What changed from one picture to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reelnet.scene.panel import Canvas

TRANSPARENT = 255
"""The index that no frame uses, for pixels that stay as they were."""


@dataclass(frozen=True)
class Patch:
    """A rectangle to lay over the picture before.

    Attributes:
        x: Its left edge on the canvas, in pixels.
        y: Its upper edge.
        indices: Palette indices (height, width); `TRANSPARENT` where nothing changed.
        share: The part of its pixels that changed, from 0 to 1.
    """

    x: int
    y: int
    indices: Canvas
    share: float


def patch(before: Canvas | None, now: Canvas, grid: int = 1) -> Patch:
    """The smallest patch that makes `now` of `before`, its corner at a multiple of `grid`.

    The patch holds all of `now` where nothing was before, and a single pixel where nothing changed.
    """
    if before is None:
        return Patch(0, 0, now, 1.0)
    changed = before != now
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not rows.size:
        return Patch(0, 0, now[:1, :1], 1.0)
    y, x = rows[0] // grid * grid, columns[0] // grid * grid
    box = slice(y, rows[-1] + 1), slice(x, columns[-1] + 1)
    indices = np.where(changed[box], now[box], now.dtype.type(TRANSPARENT))
    return Patch(int(x), int(y), indices, float(changed[box].mean()))
