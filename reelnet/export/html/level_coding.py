"""The coding of maps over time: differences between steps, in the order in which they repeat most, then deflate.

Measured on the demo (conv6, 291 steps): with the steps outermost the result is 18 % larger, without differences three
times as large; second differences and bit planes gain nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

MISSING_LEVEL = 255
"""Stands for values that are not finite; colormaps have at most 255 levels, numbered from 0."""

DEFLATE_LEVEL, LARGE_DEFLATE_LEVEL = 12, 10
"""The highest level of libdeflate; and the one for large data, which takes a third of the time. The result is 10 to
19 % larger for maps of 28 × 28, and 1 to 6 % for smaller ones."""

LARGE_DATA = 2_000_000
"""Bytes from which data is large."""

RAW_DEFLATE = -15
"""The window bits of zlib for a stream without header and checksum, as browsers read it."""


def order_levels(levels: NDArray[np.uint8]) -> bytes:
    """The bytes of levels (steps, samples, channels, height, width) in the order (channel, y, x, sample, step)."""
    return levels.transpose(2, 3, 4, 1, 0).tobytes()


def order_differences(levels: NDArray[np.uint8]) -> bytes:
    """The differences of levels from the step before, modulo 256, ordered for compression.

    Args:
        levels: uint8 (steps, samples, channels, height, width); the first step is kept as it is.

    Returns:
        One byte per value, in the order (channel, y, x, sample, step).
    """
    differences = levels.copy()
    differences[1:] -= levels[:-1]
    return order_levels(differences)


def compress_blocks(blocks: Iterable[bytes]) -> bytes:
    """Raw deflate (RFC 1951) of concatenated blocks: by libdeflate if the package `deflate` is installed."""
    data = b"".join(blocks)
    try:
        import deflate
    except ImportError:
        compressor = zlib_ng.compressobj(9, wbits=RAW_DEFLATE)
        return compressor.compress(data) + compressor.flush()
    level = DEFLATE_LEVEL if len(data) < LARGE_DATA else LARGE_DEFLATE_LEVEL
    return bytes(deflate.deflate_compress(data, level))
