"""Samples as a person sees them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError


def as_pictures(samples: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Turn samples, or pictures that were given for them, into pictures.

    Values that lie in 0..1 and uint8 values are taken as brightness; any others (normalised inputs, say) are
    stretched, all samples alike, so that the least becomes black and the greatest white.

    Args:
        samples: (samples, height, width), (samples, 1 or 3, height, width) or (samples, height, width, 3).

    Returns:
        uint8 (samples, height, width), or (samples, height, width, 3) in colour.

    Raises:
        ReelnetError: The samples are no pictures.
    """
    array = np.asarray(samples)
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    elif array.ndim == 4 and array.shape[1] == 3:
        array = array.transpose(0, 2, 3, 1)
    if array.size == 0 or array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] != 3):
        raise ReelnetError(
            f"samples of shape {samples.shape} are no pictures; give pictures of them with shown=, "
            "(samples, height, width) or (samples, height, width, 3)"
        )
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    values = np.nan_to_num(array.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = values.min(), values.max()
    if low < 0 or high > 1:
        values = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return np.rint(values * 255).astype(np.uint8)
