"""Samples as a person sees them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError
from reelnet.runs.folding import near_square


def as_pictures(samples: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Turn samples, or pictures that were given for them, into pictures.

    Of volumes the middle slice is taken; vectors and rows of tokens become near-square grids of cells.
    Values that lie in 0..1 and uint8 values are taken as brightness; any others (normalised inputs, say) are
    stretched, all samples alike, so that the least becomes black and the greatest white.

    Args:
        samples: (samples, height, width), (samples, 1 or 3, height, width) or (samples, height, width, 3);
            (samples, 1 or 3, depth, height, width); (samples, values).

    Returns:
        uint8 (samples, height, width), or (samples, height, width, 3) in colour.

    Raises:
        ReelnetError: The samples are no pictures.
    """
    array = np.asarray(samples)
    if array.ndim == 5:
        array = array[:, :, array.shape[2] // 2]
    elif array.ndim == 2 and array.size > 0:
        array = in_grid(array)
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    elif array.ndim == 4 and array.shape[1] == 3:
        array = array.transpose(0, 2, 3, 1)
    if array.size == 0 or array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] != 3):
        raise ReelnetError(
            f"samples of shape {samples.shape} are no pictures; give pictures of them with shown=, "
            "(samples, height, width) or (samples, height, width, 3)"
        )
    if array.dtype == np.bool_:
        array = array.astype(np.float32)
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    values = np.nan_to_num(array.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = values.min(), values.max()
    if low < 0 or high > 1:
        values = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return np.rint(values * 255).astype(np.uint8)


def in_grid(vectors: NDArray[np.generic]) -> NDArray[np.generic]:
    """Vectors (samples, values) as near-square pictures (samples, height, width), with zeros at the end."""
    height, width = near_square(vectors.shape[1])
    grid = np.zeros((len(vectors), height * width), vectors.dtype)
    grid[:, : vectors.shape[1]] = vectors
    return grid.reshape(-1, height, width)
