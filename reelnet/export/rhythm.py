"""The rhythm in which changes meet, and the frames at which a series may change at all.

What changes together costs less in a file. So changes are cheaper in some frames than in others, and where a series
drifts slowly, it is never worth its while to change in one of the dear ones: then what lies between two cheap frames
can be taken together, in a fraction of the time.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from reelnet.export.potts import Bytes, Floats, along

RHYTHM = 0.3
"""Part of the price that a change costs more in every second frame, in every second one of the others, and so on.

What moves much still changes at once, since waiting costs more than this; small drifts wait for each other. With a
rhythm of its own for each row of cells files were up to a quarter larger at the same error."""

DEPTH = 3
"""Halvings that the rhythm knows of."""

SLOW = 0.06, 0.18, 0.5
"""Most that a place may move in a frame, in square roots of the price, for a change to wait: from the middle of four
frames' way to the next eighth frame, of two frames' to the next fourth, and of one frame's to the next second.

A drift by s a frame is cut at a price P into segments of (6 P / s^2)^(1/3) frames; a cut k frames off its best place
then costs s^(4/3) (6 P)^(1/3) k^2, and what waiting saves is `RHYTHM` P. That gives 0.032, 0.092 and 0.26 for a
drift. Series that are cut together differ, and the quickest of them tells: with twice as much files have the same
bytes within 0.2 % (conv1 to conv6), in two thirds of the time."""


def rhythm(frames: int) -> Floats:
    """The price of a change in each frame, at least 1; the last frame changes anyway."""
    some = 1 + RHYTHM * twos_missing(np.arange(frames))
    some[-1] = 1
    return some.astype(np.float32)


def twos_missing(numbers: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many of `DEPTH` halvings each whole number does not allow."""
    missing: NDArray[np.intp] = (numbers[..., None] % 2 ** np.arange(1, DEPTH + 1) != 0).sum(axis=-1)
    return missing


def beginnings(places: Floats, low: Bytes, high: Bytes, price: float) -> NDArray[np.intp]:
    """The frames at which any of some series may change, in ascending order, the first and the last among them.

    Between two of them all frames of each series allow a level together.

    Args:
        places: (frames, count), one column a series.
        low: The lowest level that each frame allows, of the same shape.
        high: The highest, at least `low`.
        price: Of a change, in squared places.
    """
    missing, moved = twos_missing(np.arange(len(places))), np.zeros(len(places), np.float32)
    moved[1:] = np.abs(np.diff(places, axis=0)).max(axis=1)
    wanted = missing == 0
    wanted[-1] = True
    for halvings, slow in enumerate(SLOW, start=1):
        # From a frame as far as the next one at which a change is cheaper, to both sides.
        reach = 2 ** (DEPTH - halvings)
        around = sliding_window_view(np.pad(moved, (reach - 1, reach)), 2 * reach).max(axis=1)
        wanted |= (missing == halvings) & (around > slow * price**0.5)
    for halvings in range(1, DEPTH + 1):
        begins = np.flatnonzero(wanted)
        tight = (along(np.maximum, low, begins) > along(np.minimum, high, begins)).any(axis=1)
        if not tight.any():
            break
        wanted |= np.repeat(tight, np.diff(begins, append=len(places))) & (missing == halvings)
    return np.flatnonzero(wanted)
