"""Drawing onto a canvas of palette indices."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reelnet.compose.text import coverage, text_size
from reelnet.scene.layout import Box
from reelnet.scene.palette import Ink
from reelnet.scene.panel import Canvas

OVERSAMPLING = 4


def stamp(canvas: Canvas, mask: NDArray[np.uint8], ink: Ink, x: int, y: int) -> None:
    """Put a shape onto the canvas in the shades of an ink; what reaches over the canvas' edge is cut.

    Args:
        canvas: uint8 (height, width), changed in place.
        mask: Coverage of each pixel, uint8 (h, w) from 0 to 255.
        ink: A ramp from the background to the colour.
        x: Column of the mask's left edge.
        y: Row of the mask's upper edge.
    """
    left, top = max(0, -x), max(0, -y)
    mask = mask[top : canvas.shape[0] - y, left : canvas.shape[1] - x]
    region = canvas[y + top : y + top + mask.shape[0], x + left : x + left + mask.shape[1]]
    shade = (mask.astype(np.uint16) * (len(ink.indices) - 1) + 127) // 255
    np.copyto(region, ink.indices[shade], where=shade > 0)


def write(
    canvas: Canvas,
    text: str,
    ink: Ink,
    x: int,
    y: int,
    *,
    size: int,
    bold: bool = False,
    anchor: str = "left",
) -> None:
    """Write a line of text whose box has its top at `y`, and its left, middle or right (`anchor`) at `x`."""
    if not text:
        return
    width = text_size(text, size, bold).width
    offset = {"left": 0, "middle": width // 2, "right": width}[anchor]
    stamp(canvas, coverage(text, size, bold), ink, x - offset, y)


def fill_box(canvas: Canvas, box: Box, ink: Ink) -> None:
    """Cover a rectangle with an ink's full colour."""
    canvas[box.y : box.bottom, box.x : box.right] = ink.indices[-1]


def polyline(points: list[tuple[float, float]], width: float, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Coverage (height, width) of a line through points (x, y), `width` pixels wide, on a field of `size`.

    Args:
        points: In pixels of the field, (0, 0) being its upper left corner.
        width: Of the line, in pixels.
        size: (width, height) of the field.
    """
    k = OVERSAMPLING
    image = Image.new("L", (size[0] * k, size[1] * k))
    draw = ImageDraw.Draw(image)
    drawn = [(x * k, y * k) for x, y in points]
    if len(drawn) > 1:
        draw.line(drawn, fill=255, width=round(width * k), joint="curve")
    return np.asarray(image.reduce(k))


@lru_cache(maxsize=8)
def disc(radius: float) -> NDArray[np.uint8]:
    """Coverage of a filled circle in the middle of an odd square."""
    k, side = OVERSAMPLING, 2 * int(np.ceil(radius)) + 1
    image = Image.new("L", (side * k, side * k))
    middle = side * k / 2
    ImageDraw.Draw(image).ellipse(
        [middle - radius * k, middle - radius * k, middle + radius * k, middle + radius * k], fill=255
    )
    return np.asarray(image.reduce(k))
