"""Colors as palette indices: the palette of a frame of true color is all opaque colors.

The index of a color is 0xFFRRGGBB, a uint32. So such frames are palette indices, too, and what compares, merges and
repeats indices does the same with colors. Indices below 0xFF000000 stand for no color.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.scene.panel import Canvas

ALPHA, RED, GREEN, BLUE = 3, 2, 1, 0
"""The bytes of an index, the lowest first."""


def pack_colors(rgb: NDArray[np.uint8]) -> Canvas:
    """The indices (height, width) of the colors of an RGB image (height, width, 3)."""
    packed = np.empty((*rgb.shape[:2], 4), np.uint8)
    # One channel at a time is faster than all in reverse.
    for number, channel in enumerate((RED, GREEN, BLUE)):
        packed[..., channel] = rgb[..., number]
    packed[..., ALPHA] = 255
    return packed.view("<u4")[..., 0]


def unpack_colors(indices: Canvas) -> NDArray[np.uint8]:
    """The RGB image (height, width, 3) of indices (height, width)."""
    return _bytes(indices)[..., [RED, GREEN, BLUE]]


def unpack_with_alpha(indices: Canvas) -> NDArray[np.uint8]:
    """The RGBA image (height, width, 4) of indices (height, width); what stands for no color is transparent."""
    return _bytes(indices)[..., [RED, GREEN, BLUE, ALPHA]]


def split_channels(indices: Canvas, dtype: type[np.generic]) -> tuple[NDArray[Any], ...]:
    """Red, green and blue of indices, each of their shape, 0 to 255."""
    channels = _bytes(indices)
    return tuple(channels[..., number].astype(dtype) for number in (RED, GREEN, BLUE))


def _bytes(indices: Canvas) -> NDArray[np.uint8]:
    return np.ascontiguousarray(indices, "<u4")[..., None].view(np.uint8)
