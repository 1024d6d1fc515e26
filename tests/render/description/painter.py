"""Paints descriptions of frames without the code that draws panels."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reelnet.render.description.items import (
    CellsItem,
    DiscItem,
    Item,
    LineItem,
    PanelDescription,
    PictureItem,
    PolygonItem,
    RasterItem,
    RectItem,
    TextItem,
)
from reelnet.render.panels.maps.labels import rasterize_turned
from reelnet.render.typography import rasterize_text
from reelnet.scene.layout.boxes import Box
from reelnet.scene.resolve import Scene
from tests.make_run import Bytes

Mask = NDArray[np.bool_]

OVERSAMPLING = 4


class Painter:
    """Paints items in RGB.

    Attributes:
        rgb: The picture so far, uint8 (height, width, 3).
        near_shapes: The pixels in and around lines, polygons and discs, whose soft edges may differ.
    """

    def __init__(self, scene: Scene) -> None:
        self._palette, size = scene.palette.rgb, scene.size
        background = self._palette[scene.background.indices[0]]
        self.rgb: Bytes = np.full((size.height, size.width, 3), background, np.uint8)
        self.near_shapes: Mask = np.zeros(self.rgb.shape[:2], np.bool_)

    def paint(self, panels: Iterable[PanelDescription]) -> None:
        """Paint the items of some panels on top."""
        for item in (item for panel in panels for item in panel.items):
            self._paint_item(item)

    def _paint_item(self, item: Item) -> None:
        match item:
            case TextItem():
                self._paint_text(item)
            case RectItem():
                self._region(item.box)[...] = item.ink.colors[-1]
            case CellsItem():
                self._paint_cells(item)
            case PictureItem() | RasterItem():
                self._paint_picture(item)
            case _:
                self._paint_shape(item)

    def _region(self, box: Box) -> Bytes:
        region: Bytes = self.rgb[max(0, box.y) : max(0, box.bottom), max(0, box.x) : max(0, box.right)]
        return region

    def _paint_text(self, item: TextItem) -> None:
        mask = rasterize_text(item.text, item.style)
        x, y = item.x, item.y
        if item.angle:
            mask = rasterize_turned(item.text, item.style, item.angle)
            x, y = (
                x + (item.width - mask.shape[1]) / 2,
                y + (item.style.line_height - mask.shape[0]) / 2,
            )
        assert (x, y) == (int(x), int(y))
        shades = (mask.astype(int) * (len(item.ink.colors) - 1) + 127) // 255
        rows, columns = np.nonzero(shades)
        down, across = rows + int(y), columns + int(x)
        inside = (down >= 0) & (across >= 0) & (down < self.rgb.shape[0]) & (across < self.rgb.shape[1])
        self.rgb[down[inside], across[inside]] = item.ink.colors[shades[rows, columns][inside]]

    def _paint_cells(self, item: CellsItem) -> None:
        rows, columns = item.indices.shape[:2]
        before = self.rgb.copy()
        for row in range(rows):
            for column in range(columns):
                box = item.cell_box(row, column)
                pixels = self._palette[self._enlarge(item.indices[row, column], item)]
                if item.missing is not None and item.hatching is not None:
                    stripe, ground, side = item.hatching
                    y, x = np.mgrid[box.y : box.bottom, box.x : box.right]
                    is_stripe = ((x + y) // side % 2 == 0)[..., None]
                    hatched = np.where(is_stripe, stripe.colors[-1], ground.colors[-1])
                    covered = self._enlarge(item.missing[row, column], item)[..., None]
                    pixels = np.where(covered, hatched, pixels)
                if item.value_gap:
                    y, x = np.mgrid[: box.height, : box.width]
                    y, x = y % item.value_height, x % item.value_width
                    gap = (y >= item.value_height - item.value_gap) | (x >= item.value_width - item.value_gap)
                    pixels = np.where(gap[..., None], self._region(box), pixels)
                self._region(box)[...] = pixels
        if item.clip is not None:
            drawn, self.rgb = self.rgb, before
            self._region(item.clip)[...] = drawn[
                item.clip.y : item.clip.bottom, item.clip.x : item.clip.right
            ]

    @staticmethod
    def _enlarge(values: NDArray[np.generic], item: CellsItem) -> NDArray[np.generic]:
        return values.repeat(item.value_height, axis=0).repeat(item.value_width, axis=1)

    def _paint_picture(self, item: PictureItem | RasterItem) -> None:
        box, (height, width) = item.box, item.indices.shape
        y, x = np.arange(box.height) * height // box.height, np.arange(box.width) * width // box.width
        pixels = self._palette[item.indices][y][:, x]
        drawn = np.ones((height, width), np.bool_) if item.is_drawn is None else item.is_drawn
        np.copyto(self._region(box), pixels, where=drawn[y][:, x][..., None])

    def _paint_shape(self, item: LineItem | PolygonItem | DiscItem) -> None:
        image = Image.new("L", (self.rgb.shape[1] * OVERSAMPLING, self.rgb.shape[0] * OVERSAMPLING))
        draw = ImageDraw.Draw(image)
        match item:
            case LineItem():
                draw_lines(draw, item)
            case PolygonItem():
                draw.polygon([(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in item.points], 255)
            case DiscItem():
                draw_disc(draw, item)
        left, top, right, bottom = (each // OVERSAMPLING for each in image.getbbox() or (0, 0, 0, 0))
        box = Box(left, top, right + 1 - left, bottom + 1 - top)
        if isinstance(item, LineItem) and item.clip is not None:
            box = intersect(box, item.clip)
        box = intersect(box, Box(0, 0, self.rgb.shape[1], self.rgb.shape[0]))
        if not box.width or not box.height:
            return
        k = OVERSAMPLING
        coverage = image.reduce(k, (box.x * k, box.y * k, box.right * k, box.bottom * k))
        part, color = np.asarray(coverage)[..., None] / 255, item.ink.colors[-1].astype(float)
        region = self._region(box)
        region[...] = np.rint(part * color + (1 - part) * region).astype(np.uint8)
        wide = intersect(box.expand(1), Box(0, 0, self.rgb.shape[1], self.rgb.shape[0]))
        covered = np.zeros((wide.height, wide.width), np.bool_)
        covered[box.y - wide.y :, box.x - wide.x :][: box.height, : box.width] = part[..., 0] > 0
        self.near_shapes[wide.y : wide.bottom, wide.x : wide.right] |= widen(covered)


def intersect(one: Box, other: Box) -> Box:
    """The part of a box that is in another one."""
    x, y = max(one.x, other.x), max(one.y, other.y)
    right, bottom = min(one.right, other.right), min(one.bottom, other.bottom)
    return Box(x, y, max(0, right - x), max(0, bottom - y))


def widen(mask: Mask) -> Mask:
    """The pixels of a mask and those that touch them."""
    padded = np.pad(mask, 1)
    widened = np.zeros_like(mask)
    for y in range(3):
        for x in range(3):
            widened |= padded[y : y + mask.shape[0], x : x + mask.shape[1]]
    return widened


def draw_lines(draw: ImageDraw.ImageDraw, item: LineItem) -> None:
    """Draw lines, enlarged."""
    k, half = OVERSAMPLING, item.width * OVERSAMPLING / 2
    for line in item.shown_lines:
        draw.line([(x * k, y * k) for x, y in line], 255, max(1, round(item.width * k)), joint="curve")
        for x, y in (line[0], line[-1]) if item.has_round_ends else ():
            draw.ellipse([x * k - half, y * k - half, x * k + half, y * k + half], 255)


def draw_disc(draw: ImageDraw.ImageDraw, item: DiscItem) -> None:
    """Draw a disc, a ring or the dashes of one, enlarged."""
    k, reach = OVERSAMPLING, item.radius + (item.stroke or 0) / 2
    box = [(item.x - reach) * k, (item.y - reach) * k, (item.x + reach) * k, (item.y + reach) * k]
    width = max(1, round((item.stroke or 0) * k))
    if item.stroke is None:
        draw.ellipse(box, 255)
    elif item.dashes is None:
        draw.ellipse(box, outline=255, width=width)
    else:
        count, share = item.dashes
        for number in range(count):
            middle, half = 360 * number / count - 90, 180 * share / count
            draw.arc(box, middle - half, middle + half, 255, width)
