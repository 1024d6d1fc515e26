"""Coverage that knows the shape that it was made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.render.description.items import Item, PictureItem
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink

Outline = Callable[[int, int, Ink], Sequence[Item]]
"""Makes the items of a shape whose upper left corner is at a column and a row, in an ink."""


class Coverage(np.ndarray[Any, np.dtype[Any]]):
    """How much of each pixel a shape covers, uint8 (height, width) from 0 to 255, or which pixels, bool.

    Attributes:
        outline: Describes the shape; None for arrays that were made from such coverage, such as parts of it.
    """

    outline: Outline | None = None

    @classmethod
    def of_shape(cls, pixels: NDArray[Any], outline: Outline) -> Coverage:
        """Coverage of a shape that can describe itself."""
        coverage = pixels.view(cls)
        coverage.outline = outline
        return coverage

    @classmethod
    def of_picture(cls, pixels: NDArray[np.uint8]) -> Coverage:
        """Coverage of a picture in the shades of one color."""
        return cls.of_shape(pixels, lambda x, y, ink: [_describe_picture(pixels, x, y, ink)])


def _describe_picture(pixels: NDArray[np.uint8], x: int, y: int, ink: Ink) -> PictureItem:
    shades = (pixels.astype(np.intp) * (len(ink.indices) - 1) + 127) // 255
    return PictureItem(Box(x, y, pixels.shape[1], pixels.shape[0]), ink.indices[shades], shades > 0)


def unite_coverage(parts: Sequence[NDArray[np.uint8]]) -> Coverage:
    """The coverage of several shapes of one size; a pixel has the largest of them."""
    united: NDArray[np.uint8] = np.maximum.reduce(parts)
    return Coverage.of_shape(
        np.asarray(united),
        lambda x, y, ink: [item for part in parts for item in describe_shape(part, ink, x, y) or ()],
    )


def describe_shape(coverage: NDArray[Any], ink: Ink, x: int, y: int) -> Sequence[Item] | None:
    """The items of a shape whose upper left corner is at (x, y); None if it does not know what it is."""
    outline = getattr(coverage, "outline", None)
    return None if outline is None else outline(x, y, ink)
