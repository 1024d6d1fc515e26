"""What PDF and SVG draw: the shapes of a frame as they are, text as words of one font, and cells as pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from reelnet._support.font_file import FontFile
from reelnet.render.description.items import (
    CellsItem,
    DiscItem,
    Item,
    LineItem,
    PictureItem,
    Point,
    PolygonItem,
    RasterItem,
    RectItem,
    TextItem,
)
from reelnet.render.panels.maps.labels import rasterize_turned
from reelnet.render.rendition import Rendition
from reelnet.render.typography import TextPart, rasterize_text, split_line
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink
from reelnet.template.color import Rgb

Pixels = NDArray[np.uint8]

TEXT_OVERSAMPLING = 4
"""Text that has to be a picture is drawn this much larger."""


@dataclass(frozen=True)
class Words:
    """Text in one font whose characters follow each other from left to right.

    Attributes:
        text: The characters.
        x: Of the anchor on the baseline.
        y: Of the baseline at the anchor.
        size: Pixels per em.
        font: Where its glyphs come from.
        color: Of the glyphs.
        width: Pixels from its left to its right edge, as laid out.
        anchor: Whether it begins, is centered or ends at (x, y): `left`, `middle` or `right`.
        angle: Degrees counterclockwise by which it is turned about (x, y).
    """

    text: str
    x: float
    y: float
    size: int
    font: FontFile
    color: Rgb
    width: float
    anchor: str = "left"
    angle: int = 0


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels that fill a box.

    Attributes:
        x: Left edge.
        y: Top.
        width: Of all pixels.
        height: Of all pixels.
        pixels: uint8 (rows, columns, 3), or 4 with the opacity.
        clip: The rectangle in which they are visible; None for everywhere.
        is_smooth: Whether it looks better with soft edges: text and photos, not values.
    """

    x: float
    y: float
    width: float
    height: float
    pixels: Pixels
    clip: Box | None = None
    is_smooth: bool = False


Mark = Words | RectItem | LineItem | PolygonItem | DiscItem | Picture
"""All points of a line are shown."""


def list_marks(rendition: Rendition, step: int) -> list[Mark]:
    """All that the frame of one recorded step shows, from the bottom to the top.

    Raises:
        UsageError: The step was not recorded.
        RunError: The file of the step is missing, truncated or altered.
    """
    size, palette = rendition.size, rendition.palette_rgb
    background = RectItem(Box(0, 0, size.width, size.height), rendition.scene.background)
    panels = [*rendition.describe_still(), *rendition.describe_step(step)]
    marks = (mark for panel in panels for item in panel.items for mark in _convert_item(item, palette))
    return [background, *marks]


def _convert_item(item: Item, palette: Pixels) -> Iterator[Mark]:
    match item:
        case TextItem():
            yield from _convert_text(item)
        case RectItem() | PolygonItem() | DiscItem():
            yield item
        case LineItem():
            lines = tuple(piece for line in item.shown_lines for piece in trim_line(line, item))
            if lines:
                yield replace(item, lines=lines, span=None)
        case CellsItem():
            yield from _convert_cells(item, palette)
        case PictureItem() | RasterItem():
            picture = _make_picture(item.box, palette[item.indices], item.is_drawn)
            is_resized = (item.box.height, item.box.width) == item.indices.shape
            yield replace(picture, is_smooth=is_resized and isinstance(item, PictureItem))


def trim_line(line: tuple[Point, ...], item: LineItem) -> Iterator[tuple[Point, ...]]:
    """The parts of a line that are not far outside of what clips it; dashed lines stay whole."""
    clip = item.clip
    if clip is None or item.dash is not None or len(line) < 2:
        yield from [line] if len(line) > 1 else []
        return
    x, y = np.array(line).T
    low_x, high_x = np.minimum(x[1:], x[:-1]), np.maximum(x[1:], x[:-1])
    low_y, high_y = np.minimum(y[1:], y[:-1]), np.maximum(y[1:], y[:-1])
    is_near = (high_x > clip.x - item.width) & (low_x < clip.right + item.width)
    is_near &= (high_y > clip.y - item.width) & (low_y < clip.bottom + item.width)
    edges = np.flatnonzero(np.diff(is_near, prepend=False, append=False))
    for start, stop in edges.reshape(-1, 2).tolist():
        yield line[start : stop + 1]


def _convert_text(item: TextItem) -> Iterator[Mark]:
    """Words, or a picture of a line with letters that change with their neighbors or that no font has."""
    parts, color = split_line(item.text, item.style), item.ink.color
    if any(part.run.shaped or part.run.font is None for part, _ in parts):
        yield _draw_text(item, color)
        return
    runs = [(font, size, [*group]) for (font, size), group in groupby(parts, key=_find_font)]
    (x, y), turn = item.baseline_start, math.radians(item.angle)
    for font, size, run in runs:
        text, start = "".join(part.run.text for part, _ in run), run[0][1]
        anchor = item.anchor
        if len(runs) > 1:
            anchor = "left"
        else:
            start += {"left": 0, "middle": item.width / 2, "right": item.width}[anchor]
        if font is not None and text.strip():
            place = x + start * math.cos(turn), y - start * math.sin(turn)
            yield Words(text, *place, size, font, color, item.width, anchor, item.angle)


def _find_font(part: tuple[TextPart, float]) -> tuple[FontFile | None, int]:
    return part[0].run.font, part[0].size


def _draw_text(item: TextItem, color: Rgb) -> Picture:
    k, style = TEXT_OVERSAMPLING, item.style
    large = replace(style, size=TEXT_OVERSAMPLING * style.size)
    mask = rasterize_turned(item.text, large, item.angle) if item.angle else rasterize_text(item.text, large)
    height, width = mask.shape[0] / k, mask.shape[1] / k
    x, y = item.x, item.y
    if item.angle:
        x, y = x + (item.width - width) / 2, y + (style.line_height - height) / 2
    return Picture(x, y, width, height, _tint(np.asarray(mask), color), is_smooth=True)


def _tint(mask: Pixels, color: Rgb) -> Pixels:
    """Coverage (height, width) as the opacity of one color."""
    pixels = np.empty((*mask.shape, 4), np.uint8)
    pixels[..., :3], pixels[..., 3] = color, mask
    return pixels


def _make_picture(
    box: Box, rgb: Pixels, is_drawn: NDArray[np.bool_] | None = None, clip: Box | None = None
) -> Picture:
    pixels = rgb
    if is_drawn is not None and not is_drawn.all():
        pixels = np.concatenate([rgb, np.where(is_drawn, 255, 0).astype(np.uint8)[..., None]], axis=-1)
    return Picture(box.x, box.y, box.width, box.height, pixels, clip)


def _convert_cells(item: CellsItem, palette: Pixels) -> Iterator[Mark]:
    """One picture per cell, of one pixel per value; what is missing is hatched on top."""
    rows, columns = item.indices.shape[:2]
    blank = item.levels.blank if item.levels is not None else None
    shown = (
        np.ones(item.indices.shape, np.bool_)
        if blank is None
        else ~np.broadcast_to(blank, item.indices.shape)
    )
    for row in range(rows):
        for column in range(columns):
            box = item.cell_box(row, column)
            if item.value_gap:
                yield from _draw_values(item, box, palette[item.indices[row, column]], shown[row, column])
            else:
                yield _make_picture(box, palette[item.indices[row, column]], shown[row, column], item.clip)
            if item.missing is not None and item.missing[row, column].any():
                yield _draw_hatching(item, box, item.missing[row, column])


def _draw_values(item: CellsItem, box: Box, rgb: Pixels, shown: NDArray[np.bool_]) -> Iterator[RectItem]:
    """Values with gaps between them as rectangles."""
    width, height, gap = item.value_width, item.value_height, item.value_gap
    for row, column in np.argwhere(shown).tolist():
        value = Box(box.x + column * width, box.y + row * height, width - gap, height - gap)
        yield RectItem(value, Ink(rgb[row, column, None]))


def _draw_hatching(item: CellsItem, box: Box, missing: NDArray[np.bool_]) -> Picture:
    if item.hatching is None:
        raise AssertionError("missing values have a hatching")
    stripe, ground, side = item.hatching
    y, x = np.arange(box.y, box.bottom)[:, None], np.arange(box.x, box.right)
    is_stripe = ((x + y) // side % 2 == 0)[..., None]
    rgb = np.where(is_stripe, stripe.colors[-1], ground.colors[-1])
    covered = missing.repeat(item.value_height, axis=0).repeat(item.value_width, axis=1)
    if gap := item.value_gap:
        y, x = np.arange(box.height)[:, None] % item.value_height, np.arange(box.width) % item.value_width
        covered &= (y < item.value_height - gap) & (x < item.value_width - gap)
    return _make_picture(box, rgb.astype(np.uint8), covered, item.clip)


def list_words(marks: Sequence[Mark]) -> dict[FontFile, str]:
    """All characters that each font draws, in order."""
    used: dict[FontFile, set[str]] = {}
    for mark in marks:
        if isinstance(mark, Words):
            used.setdefault(mark.font, set()).update(mark.text)
    return {font: "".join(sorted(characters)) for font, characters in used.items()}
