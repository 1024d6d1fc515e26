"""The faint shapes between the parts of a flow, which say what goes where."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reelnet.render.canvas import OVERSAMPLING, move_points
from reelnet.render.description.coverage import Coverage
from reelnet.render.description.items import PolygonItem
from reelnet.scene.layout.boxes import Box

CURVE_POINTS = 24
"""Points of a curve from one height to another."""


def rasterize_band(left: Box, right: Box, x: int, width: int) -> tuple[NDArray[np.uint8], int]:
    """The coverage (height, width) of a band from the right of one box to the left of another.

    Args:
        left: The box that it comes from.
        right: The box that it goes to; only the rows of both matter.
        x: Where the band begins.
        width: Pixels from there to its end.

    Returns:
        The coverage, and the row of the canvas of its upper edge.
    """
    top, bottom = min(left.y, right.y), max(left.bottom, right.bottom)
    k = OVERSAMPLING
    image = Image.new("L", (width * k, (bottom - top) * k))
    upper = [(across * k, (y - top) * k) for across, y in ease_curve(width, left.y, right.y)]
    lower = [(across * k, (y - top) * k - 1) for across, y in ease_curve(width, left.bottom, right.bottom)]
    ImageDraw.Draw(image).polygon([*upper, *reversed(lower)], 255)
    edges = [*ease_curve(width, left.y - top, right.y - top)]
    edges += reversed([*ease_curve(width, left.bottom - top, right.bottom - top)])
    mask = Coverage.of_shape(
        np.asarray(image.reduce(k)), lambda x, y, ink: [PolygonItem(move_points(edges, x, y), ink)]
    )
    return mask, top


def rasterize_fade(height: int, width: int, *, comes: bool) -> NDArray[np.uint8]:
    """The coverage (height, width) of a band that fades out to the right, where a line goes on below.

    Args:
        height: Of the band in pixels.
        width: Of the band in pixels.
        comes: Whether it fades in instead, from the left.
    """
    fade: NDArray[np.uint8] = np.rint(np.linspace(255, 0, width, endpoint=False)).astype(np.uint8)
    return Coverage.of_picture(np.repeat(fade[None, :: -1 if comes else 1], height, axis=0))


def ease_curve(width: int, start: float, end: float) -> Iterator[tuple[float, float]]:
    """Points (x, y) of a curve that begins and ends level, from `start` to `end`."""
    for part in np.linspace(0, 1, CURVE_POINTS).tolist():
        yield part * width, start + (end - start) * part * part * (3 - 2 * part)
