"""Drawing onto a canvas of palette indices."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reelnet.render.typography import TextStyle, rasterize_text
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink
from reelnet.scene.panel import Canvas

OVERSAMPLING = 4

M = TypeVar("M", bound=np.generic)


def stamp(canvas: Canvas, mask: NDArray[np.uint8], ink: Ink, x: int, y: int) -> None:
    """Put a shape onto the canvas in the shades of an ink; what reaches over the canvas' edge is cut.

    Args:
        canvas: uint8 (height, width), changed in place.
        mask: Coverage of each pixel, uint8 (h, w) from 0 to 255.
        ink: A ramp from the background to the colour.
        x: Column of the mask's left edge.
        y: Row of the mask's upper edge.
    """
    shade, drawn = (shades.__wrapped__ if mask.flags.writeable else shades)(Shape(mask), len(ink.indices))
    part, region = clip_to_canvas(canvas, shade, x, y)
    if part.shape != shade.shape:
        drawn, _ = clip_to_canvas(canvas, drawn, x, y)
    np.copyto(region, ink.indices.take(part), where=drawn)


class Shape:
    """Coverage that never changes, told from others by what it is, not by what is in it."""

    __slots__ = ("mask",)

    def __init__(self, mask: NDArray[np.uint8]) -> None:
        self.mask = mask

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shape) and other.mask is self.mask

    def __hash__(self) -> int:
        return id(self.mask)


@lru_cache(maxsize=1024)
def shades(shape: Shape, count: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """For each pixel of a shape its shade, one of so many, and whether it is drawn."""
    shade = ((shape.mask.astype(np.uint16) * (count - 1) + 127) // 255).astype(np.uint8)
    return shade, shade > 0


def fill_mask(canvas: Canvas, mask: NDArray[np.bool_], ink: Ink, x: int, y: int) -> None:
    """Put a shape without soft edges onto the canvas in an ink's full colour; see `stamp`."""
    mask, region = clip_to_canvas(canvas, mask, x, y)
    region[mask] = ink.indices[-1]


def clip_to_canvas(canvas: Canvas, mask: NDArray[M], x: int, y: int) -> tuple[NDArray[M], Canvas]:
    """What of a shape at (x, y) lies on the canvas, and what of the canvas lies under it."""
    left, top = max(0, -x), max(0, -y)
    mask = mask[top : max(0, canvas.shape[0] - y), left : max(0, canvas.shape[1] - x)]
    return mask, canvas[y + top : y + top + mask.shape[0], x + left : x + left + mask.shape[1]]


def write(
    canvas: Canvas,
    text: str,
    ink: Ink,
    x: int,
    y: int,
    style: TextStyle,
    *,
    anchor: str = "left",
) -> None:
    """Write a line of text whose box has its top at `y`, and its left, middle or right (`anchor`) at `x`."""
    if not text:
        return
    width = style.width(text)
    offset = {"left": 0, "middle": width // 2, "right": width}[anchor]
    stamp(canvas, rasterize_text(text, style), ink, x - offset, y)


def fill_box(canvas: Canvas, box: Box, ink: Ink) -> None:
    """Cover a rectangle with an ink's full colour; what reaches over the canvas' edge is cut."""
    canvas[max(0, box.y) : max(0, box.bottom), max(0, box.x) : max(0, box.right)] = ink.indices[-1]


def stroke_box(canvas: Canvas, box: Box, width: int, ink: Ink) -> None:
    """Draw the edge of a rectangle in an ink's full colour, `width` pixels wide, inside the rectangle."""
    fill_box(canvas, Box(box.x, box.y, box.width, width), ink)
    fill_box(canvas, Box(box.x, box.bottom - width, box.width, width), ink)
    fill_box(canvas, Box(box.x, box.y, width, box.height), ink)
    fill_box(canvas, Box(box.right - width, box.y, width, box.height), ink)


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
def rasterize_disc(radius: float) -> NDArray[np.uint8]:
    """Coverage of a filled circle in the middle of an odd square."""
    k, side = OVERSAMPLING, 2 * int(np.ceil(radius)) + 1
    image = Image.new("L", (side * k, side * k))
    middle = side * k / 2
    ImageDraw.Draw(image).ellipse(
        [middle - radius * k, middle - radius * k, middle + radius * k, middle + radius * k], fill=255
    )
    return np.asarray(image.reduce(k))


@lru_cache(maxsize=64)
def rasterize_arrow(length: int, width: int, head: int, toward: str) -> NDArray[np.uint8]:
    """Coverage of a straight arrow.

    Args:
        length: From its tail to its tip, in pixels.
        width: Of the shaft, in pixels.
        head: Length of the head in pixels; it is as broad as that, and odd where the shaft is.
        toward: Where the tip is: `left`, `right`, `above` or `below` the tail.
    """
    k, side = OVERSAMPLING, head + (head - width) % 2
    image = Image.new("L", (length * k, side * k))
    draw = ImageDraw.Draw(image)
    top = (side - width) // 2 * k
    draw.rectangle([0, top, (length - head) * k, top + width * k - 1], fill=255)
    draw.polygon([((length - head) * k, 0), (length * k, side * k / 2), ((length - head) * k, side * k)], 255)
    mask = np.asarray(image.reduce(k))
    turned = {"right": mask, "left": mask[:, ::-1], "below": mask.T, "above": mask.T[::-1]}[toward]
    turned.flags.writeable = False
    return turned


def dilate_mask(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The pixels (height + 2, width + 2) that a shape covers, or touches with a side or a corner."""
    covered = np.pad(mask > 0, 2)
    height, width = mask.shape[0] + 2, mask.shape[1] + 2
    near = np.zeros((height, width), np.bool_)
    for y in range(3):
        for x in range(3):
            near |= covered[y : y + height, x : x + width]
    return near
