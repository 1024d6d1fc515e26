"""Drawing onto a canvas of palette indices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
"""Shapes are drawn this much larger and averaged, for smooth edges."""

M = TypeVar("M", bound=np.generic)


def stamp(canvas: Canvas, mask: NDArray[np.uint8], ink: Ink, x: int, y: int) -> None:
    """Draw a shape in the shades of an ink. It is clipped to the canvas.

    Args:
        canvas: Palette indices (height, width), changed in place.
        mask: Coverage of each pixel, uint8 (h, w) from 0 to 255.
        ink: A ramp from the background to the color.
        x: Column of the mask's left edge.
        y: Row of the mask's upper edge.
    """
    quantize = _quantize_coverage.__wrapped__ if mask.flags.writeable else _quantize_coverage
    shades, is_drawn = quantize(_MaskKey(mask), len(ink.indices))
    visible, region = clip_to_canvas(canvas, shades, x, y)
    if visible.shape != shades.shape:
        is_drawn, _ = clip_to_canvas(canvas, is_drawn, x, y)
    np.copyto(region, ink.indices.take(visible), where=is_drawn)


class _MaskKey:
    """A mask as a cache key: compared by identity, not by its values."""

    __slots__ = ("mask",)

    def __init__(self, mask: NDArray[np.uint8]) -> None:
        self.mask = mask

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _MaskKey) and other.mask is self.mask

    def __hash__(self) -> int:
        return id(self.mask)


@lru_cache(maxsize=1024)
def _quantize_coverage(key: _MaskKey, count: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Round the coverage of each pixel to one of `count` shades, and return which pixels are drawn at all."""
    shades = ((key.mask.astype(np.uint16) * (count - 1) + 127) // 255).astype(np.uint8)
    return shades, shades > 0


def fill_mask(canvas: Canvas, mask: NDArray[np.bool_], ink: Ink, x: int, y: int) -> None:
    """Draw a shape with hard edges in the full color of an ink; see `stamp`."""
    mask, region = clip_to_canvas(canvas, mask, x, y)
    region[mask] = ink.indices[-1]


def clip_to_canvas(canvas: Canvas, mask: NDArray[M], x: int, y: int) -> tuple[NDArray[M], Canvas]:
    """The part of a mask at (x, y) that is on the canvas, and the region of the canvas below it."""
    left, top = max(0, -x), max(0, -y)
    mask = mask[top : max(0, canvas.shape[0] - y), left : max(0, canvas.shape[1] - x)]
    return mask, canvas[y + top : y + top + mask.shape[0], x + left : x + left + mask.shape[1]]


def write(
    canvas: Canvas, text: str, ink: Ink, x: int, y: int, style: TextStyle, *, anchor: str = "left"
) -> None:
    """Draw a line of text whose top is at `y` and whose left, middle or right (`anchor`) is at `x`."""
    if text:
        width = style.width(text)
        offset = {"left": 0, "middle": width // 2, "right": width}[anchor]
        stamp(canvas, rasterize_text(text, style), ink, x - offset, y)


def fill_box(canvas: Canvas, box: Box, ink: Ink) -> None:
    """Fill a rectangle with the full color of an ink. It is clipped to the canvas."""
    canvas[max(0, box.y) : max(0, box.bottom), max(0, box.x) : max(0, box.right)] = ink.indices[-1]


def stroke_box(canvas: Canvas, box: Box, width: int, ink: Ink) -> None:
    """Draw the outline of a rectangle in the full color of an ink, `width` pixels wide, inside the rectangle."""
    fill_box(canvas, Box(box.x, box.y, box.width, width), ink)
    fill_box(canvas, Box(box.x, box.bottom - width, box.width, width), ink)
    fill_box(canvas, Box(box.x, box.y, width, box.height), ink)
    fill_box(canvas, Box(box.right - width, box.y, width, box.height), ink)


def polyline(points: list[tuple[float, float]], width: float, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The coverage (height, width) of a line through points.

    Args:
        points: (x, y) in pixels; (0, 0) is the upper left corner.
        width: Width of the line in pixels.
        size: (width, height) of the result.
    """
    return polylines([points], width, size)


def polylines(
    lines: Iterable[Sequence[tuple[float, float]]], width: float, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """The coverage (height, width) of several lines that do not touch; see `polyline`."""
    k, coverage = OVERSAMPLING, np.zeros(size[::-1], np.uint8)
    image, rows = Image.new("L", (size[0] * k, size[1] * k)), []
    for points in lines:
        if len(points) > 1:
            scaled = [(x * k, y * k) for x, y in points]
            ImageDraw.Draw(image).line(scaled, fill=255, width=round(width * k), joint="curve")
            rows += [y for _, y in points]
    # Averages take long, and most lines are flat.
    top = max(0, int(min(rows, default=0) - width) - 1)
    bottom = min(size[1], int(max(rows, default=-1) + width) + 2)
    if rows and top < bottom:
        coverage[top:bottom] = image.reduce(k, (0, top * k, size[0] * k, bottom * k))
    return coverage


@lru_cache(maxsize=8)
def rasterize_disc(radius: float) -> NDArray[np.uint8]:
    """The coverage of a filled circle in the middle of a square with an odd side."""
    k, side = OVERSAMPLING, 2 * int(np.ceil(radius)) + 1
    image = Image.new("L", (side * k, side * k))
    low, high = side * k / 2 - radius * k, side * k / 2 + radius * k
    ImageDraw.Draw(image).ellipse([low, low, high, high], fill=255)
    return np.asarray(image.reduce(k))


@lru_cache(maxsize=64)
def rasterize_arrow(length: int, width: int, head: int, direction: str) -> NDArray[np.uint8]:
    """The coverage of a straight arrow.

    Args:
        length: From its tail to its tip, in pixels.
        width: Width of the shaft in pixels.
        head: Length of the head in pixels; its width is the same, or one more so that it is odd where the shaft is.
        direction: Where the tip is: `left`, `right`, `above` or `below` the tail.
    """
    k, side = OVERSAMPLING, head + (head - width) % 2
    image = Image.new("L", (length * k, side * k))
    draw = ImageDraw.Draw(image)
    top = (side - width) // 2 * k
    draw.rectangle([0, top, (length - head) * k, top + width * k - 1], fill=255)
    draw.polygon([((length - head) * k, 0), (length * k, side * k / 2), ((length - head) * k, side * k)], 255)
    mask = np.asarray(image.reduce(k))
    rotated = {"right": mask, "left": mask[:, ::-1], "below": mask.T, "above": mask.T[::-1]}[direction]
    rotated.flags.writeable = False
    return rotated


def dilate_mask(mask: NDArray[np.uint8], margin: int = 1) -> NDArray[np.bool_]:
    """The pixels (height + 2 · margin, width + 2 · margin) of a shape and within `margin` pixels around it."""
    padded = np.pad(mask > 0, 2 * margin)
    height, width = mask.shape[0] + 2 * margin, mask.shape[1] + 2 * margin
    dilated = np.zeros((height, width), np.bool_)
    for y in range(2 * margin + 1):
        for x in range(2 * margin + 1):
            dilated |= padded[y : y + height, x : x + width]
    return dilated
