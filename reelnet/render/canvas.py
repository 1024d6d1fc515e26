"""Drawing onto a canvas of palette indices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reelnet.render.description.coverage import Coverage, describe_shape
from reelnet.render.description.described_canvas import DescribedCanvas
from reelnet.render.description.items import (
    DiscItem,
    Item,
    LineItem,
    OriginalPicture,
    PictureItem,
    Point,
    PolygonItem,
    RectItem,
    TextItem,
)
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
    if isinstance(canvas, DescribedCanvas):
        _note_shape(canvas, mask, ink, x, y, partial(_stamp, mask=mask, ink=ink, x=x, y=y))
    _stamp(canvas, mask, ink, x, y)


def _note_shape(
    canvas: DescribedCanvas, mask: NDArray[Any], ink: Ink, x: int, y: int, draw: Callable[[Canvas], None]
) -> None:
    left, top = canvas.origin
    items = describe_shape(mask, ink, left + x, top + y)
    if items is not None:
        canvas.note(items, draw)


def _stamp(canvas: Canvas, mask: NDArray[np.uint8], ink: Ink, x: int, y: int) -> None:
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
    mask = np.asarray(key.mask)
    shades = ((mask.astype(np.uint16) * (count - 1) + 127) // 255).astype(np.uint8)
    return shades, shades > 0


def fill_mask(canvas: Canvas, mask: NDArray[np.bool_], ink: Ink, x: int, y: int) -> None:
    """Draw a shape with hard edges in the full color of an ink; see `stamp`."""
    if isinstance(canvas, DescribedCanvas):
        _note_shape(canvas, mask, ink, x, y, partial(_fill_mask, mask=mask, ink=ink, x=x, y=y))
    _fill_mask(canvas, mask, ink, x, y)


def _fill_mask(canvas: Canvas, mask: NDArray[np.bool_], ink: Ink, x: int, y: int) -> None:
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
        x -= offset
        mask = rasterize_text(text, style)
        if isinstance(canvas, DescribedCanvas):
            left, top = canvas.origin
            item = TextItem(text, left + x, top + y, width, style, ink, anchor=anchor)
            canvas.note([item], partial(_stamp, mask=mask, ink=ink, x=x, y=y))
        _stamp(canvas, mask, ink, x, y)


def draw_picture(
    canvas: Canvas,
    indices: Canvas,
    box: Box,
    is_drawn: NDArray[np.bool_] | None = None,
    original: OriginalPicture | None = None,
) -> None:
    """Fill a box with a picture of palette indices (height, width); each pixel is repeated a whole number of times.

    Args:
        canvas: Changed in place; the box must be on it.
        indices: The picture.
        box: Where it is drawn.
        is_drawn: Which pixels of the picture are drawn, bool (height, width); None for all.
        original: The picture before it was resampled, for surfaces with pixels of another size.
    """
    if isinstance(canvas, DescribedCanvas):
        left, top = canvas.origin
        moved = Box(left + box.x, top + box.y, box.width, box.height)
        draw = partial(_draw_picture, indices=indices, box=box, is_drawn=is_drawn)
        canvas.note([PictureItem(moved, indices, is_drawn, original)], draw)
    _draw_picture(canvas, indices, box, is_drawn)


def _draw_picture(canvas: Canvas, indices: Canvas, box: Box, is_drawn: NDArray[np.bool_] | None) -> None:
    height, width = indices.shape
    enlarged = enlarge_pixels(indices, box.height // height, box.width // width)
    region = canvas[box.y : box.bottom, box.x : box.right]
    if is_drawn is None:
        region[...] = enlarged
    else:
        np.copyto(region, enlarged, where=enlarge_pixels(is_drawn, box.height // height, box.width // width))


def enlarge_pixels(pixels: NDArray[M], down: int, across: int) -> NDArray[M]:
    """Enlarge pixels (height, width) by whole factors, down and across."""
    return pixels.repeat(down, axis=0).repeat(across, axis=1)


def fill_box(canvas: Canvas, box: Box, ink: Ink) -> None:
    """Fill a rectangle with the full color of an ink. It is clipped to the canvas."""
    if isinstance(canvas, DescribedCanvas):
        left, top = canvas.origin
        item = RectItem(Box(left + box.x, top + box.y, box.width, box.height), ink)
        canvas.note([item], partial(_fill_box, box=box, ink=ink))
    _fill_box(canvas, box, ink)


def _fill_box(canvas: Canvas, box: Box, ink: Ink) -> None:
    canvas[max(0, box.y) : max(0, box.bottom), max(0, box.x) : max(0, box.right)] = ink.indices[-1]


def stroke_box(canvas: Canvas, box: Box, width: int, ink: Ink) -> None:
    """Draw the outline of a rectangle in the full color of an ink, `width` pixels wide, inside the rectangle."""
    fill_box(canvas, Box(box.x, box.y, box.width, width), ink)
    fill_box(canvas, Box(box.x, box.bottom - width, box.width, width), ink)
    fill_box(canvas, Box(box.x, box.y, width, box.height), ink)
    fill_box(canvas, Box(box.right - width, box.y, width, box.height), ink)


def polyline(points: Sequence[tuple[float, float]], width: float, size: tuple[int, int]) -> NDArray[np.uint8]:
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
    kept = tuple(map(tuple, lines))
    for points in kept:
        if len(points) > 1:
            scaled = [(x * k, y * k) for x, y in points]
            ImageDraw.Draw(image).line(scaled, fill=255, width=round(width * k), joint="curve")
            rows += [y for _, y in points]
    # Averages take long, and most lines are flat.
    top = max(0, int(min(rows, default=0) - width) - 1)
    bottom = min(size[1], int(max(rows, default=-1) + width) + 2)
    if rows and top < bottom:
        coverage[top:bottom] = image.reduce(k, (0, top * k, size[0] * k, bottom * k))
    return Coverage.of_shape(
        coverage, lambda x, y, ink: [LineItem(tuple(move_points(each, x, y) for each in kept), width, ink)]
    )


def move_points(points: Iterable[Point], x: float, y: float) -> tuple[Point, ...]:
    """Points (x, y), moved to the right and down."""
    return tuple((x + each[0], y + each[1]) for each in points)


@lru_cache(maxsize=8)
def rasterize_disc(radius: float) -> NDArray[np.uint8]:
    """The coverage of a filled circle in the middle of a square with an odd side."""
    k, side = OVERSAMPLING, 2 * int(np.ceil(radius)) + 1
    image = Image.new("L", (side * k, side * k))
    low, high = side * k / 2 - radius * k, side * k / 2 + radius * k
    ImageDraw.Draw(image).ellipse([low, low, high, high], fill=255)
    return Coverage.of_shape(
        np.asarray(image.reduce(k)),
        lambda x, y, ink: [DiscItem(x + side / 2, y + side / 2, radius, ink)],
    )


def harden_edges(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The pixels that a shape covers at least half."""
    return Coverage.of_shape(np.asarray(mask) > 127, lambda x, y, ink: describe_shape(mask, ink, x, y) or ())


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
    corners = _outline_arrow(length, width, head, side, direction)
    return Coverage.of_shape(rotated, lambda x, y, ink: [PolygonItem(move_points(corners, x, y), ink)])


def _outline_arrow(length: int, width: int, head: int, side: int, direction: str) -> tuple[Point, ...]:
    """The corners of the arrow that `rasterize_arrow` draws."""
    top, neck, middle = (side - width) // 2, length - head, side / 2
    right: list[Point] = [
        (0, top),
        (neck, top),
        (neck, 0),
        (length, middle),
        (neck, side),
        (neck, top + width),
        (0, top + width),
    ]
    if direction in ("left", "above"):
        right = [(length - x, y) for x, y in right]
    return tuple((y, x) if direction in ("below", "above") else (x, y) for x, y in right)


def dilate_mask(mask: NDArray[np.uint8], margin: int = 1) -> NDArray[np.bool_]:
    """The pixels (height + 2 · margin, width + 2 · margin) of a shape and within `margin` pixels around it."""
    padded = np.pad(mask > 0, 2 * margin)
    height, width = mask.shape[0] + 2 * margin, mask.shape[1] + 2 * margin
    dilated = np.zeros((height, width), np.bool_)
    for y in range(2 * margin + 1):
        for x in range(2 * margin + 1):
            dilated |= padded[y : y + height, x : x + width]
    return Coverage.of_shape(dilated, partial(_outline_dilated, mask, margin))


def _outline_dilated(mask: NDArray[np.uint8], margin: int, x: int, y: int, ink: Ink) -> list[Item]:
    """The shape of a mask with a line around it."""
    items: list[Item] = []
    for item in describe_shape(mask, ink, x + margin, y + margin) or ():
        items.append(item)
        if isinstance(item, PolygonItem):
            items.append(LineItem(((*item.points, item.points[0]),), 2 * margin, ink))
    return items
