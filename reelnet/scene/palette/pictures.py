"""Fixed pictures: photos, logos and coloured samples, in all their colours and in few."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reelnet.scene.palette.color_reduction import few_colours, pack, unpack
from reelnet.template.color import Rgb


class FixedPicture:
    """Pictures that never change, as indices of a palette once that is mixed.

    Args:
        rgb: uint8 (n, height, width, 3).
        share: Most colours that they have where a frame has few for everything.
        keep: A colour that stays exactly itself among them.

    Attributes:
        packed: Their colours as numbers 0xRRGGBB, uint32 (n, height, width).
        few: Indices in a frame of 8 bits, (n, height, width).
        exact: Indices in a frame of 16 bits, uint16 likewise; the same as `few` if nothing was reduced.
    """

    few: NDArray[np.uint8 | np.uint16]
    exact: NDArray[np.uint8 | np.uint16]

    def __init__(self, rgb: NDArray[np.uint8], share: int, keep: Rgb | None) -> None:
        self._rgb, self._share, self._keep = rgb, share, keep
        self.packed = pack(rgb)
        self.count = len(np.unique(self.packed))

    @property
    def wanted(self) -> int:
        """Colours that they ask for in a frame that has few."""
        return min(self.count, self._share)

    @property
    def reduced(self) -> bool:
        """Whether they have fewer colours than of their own."""
        return self.count > len(self.few_colours)

    def reduce(self, most: int) -> None:
        """Find their few colours (k, 3), and for each pixel which of them it has."""
        self.few_numbers, self.few_colours = _few(self._rgb.tobytes(), self._rgb.shape, most, self._keep)

    def on(self, canvas: NDArray[np.uint8 | np.uint16]) -> NDArray[np.uint8 | np.uint16]:
        """Their indices (n, height, width), in as many colours as the indices of a canvas can tell."""
        return self.exact if self.reduced and canvas.dtype == np.uint16 else self.few


@lru_cache(maxsize=8)
def _few(
    data: bytes, shape: tuple[int, ...], most: int, keep: Rgb | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """See `few_colours`. A scene is resolved again and again, by a search or as a person writes a template."""
    return few_colours(np.frombuffer(data, np.uint8).reshape(shape), most, keep)


def with_fewer(
    pictures: Sequence[NDArray[np.uint32]], most: int
) -> tuple[NDArray[np.uint8], list[NDArray[np.intp]]]:
    """All colours (k, 3) of some pictures, and each picture as numbers of them.

    Where they are more than `most`, the last bits of red, green and blue are given up, as few as can be: seven bits
    are at most 1 of 255 off, six at most 2.

    Args:
        pictures: As packed colours.
        most: Colours in all.
    """
    flat = np.concatenate([picture.ravel() for picture in pictures] or [np.empty(0, np.uint32)])
    for bits in range(8):
        kept = 0x010101 * (0xFF >> bits << bits)
        colours, numbers = np.unique(flat & kept, return_inverse=True)
        if len(colours) <= most:
            break
    ends = np.cumsum([picture.size for picture in pictures])[:-1]
    # The middle of the colours that are now one.
    middle = np.uint32(0x010101 * (1 << bits >> 1))
    parts = np.split(numbers.ravel(), ends) if pictures else []
    found = [part.reshape(picture.shape) for part, picture in zip(parts, pictures, strict=True)]
    return unpack(colours.astype(np.uint32) | middle), found
