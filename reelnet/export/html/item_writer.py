"""The items of a frame as JSON: lists of a letter and lengths in CSS pixels, as docs/figures.md describes."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet.export.html.color_table import ColorTable, InkPairs
from reelnet.export.html.point_lists import Coordinate, Length, PointLists, PointRange
from reelnet.render.description.items import (
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
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Indices, Ink

REGULAR, BOLD = 400, 600
"""Weights of type, as CSS names them."""

DASH_SEGMENTS = 6
"""Straight parts of which a dash of a ring consists."""

FindDark = Callable[[], Item]
"""Returns the same item of the scene with dark colors."""


class ItemWriter:
    """Writes items of one layer.

    Args:
        rgb: The color of each palette index, in the scheme of the template and in the dark one.
        density: Output pixels per CSS pixel.
        colors: The colors of the figure.
        images: Data URLs of the figure's pictures, to which those of the layer are added.

    Attributes:
        points: The points of lines and polygons.
    """

    def __init__(
        self,
        rgb: tuple[NDArray[np.uint8], NDArray[np.uint8]],
        density: int,
        colors: ColorTable,
        images: list[str],
    ) -> None:
        self._rgb, self._density, self._colors, self._images = rgb, density, colors, images
        self._inks = InkPairs()
        self._numbers: dict[tuple[object, ...], int] = {}
        # A curve is the same object at all steps; keeping it keeps its number.
        self._lines: dict[int, tuple[object, PointRange]] = {}
        self.points = PointLists()

    @property
    def has_dark(self) -> bool:
        """Whether the figure has a dark scheme besides its own."""
        return self._colors.has_dark

    def write(self, item: Item, find_dark: FindDark | None) -> Iterator[list[Any]]:
        """The JSON of an item. Cells are data, not items.

        Args:
            item: The item.
            find_dark: Finds its dark counterpart; None for a figure with one scheme.
        """
        match item:
            case TextItem():
                yield self._write_text(item, find_dark)
            case RectItem(box):
                yield ["r", *self.measure_box(box), self.number_ink(item, find_dark)]
            case LineItem():
                yield self._write_line(item, find_dark)
            case PolygonItem(points):
                number = self.points.add_whole(self._join_lines([points]))
                yield ["p", number, self.number_ink(item, find_dark)]
            case DiscItem():
                yield self._write_disc(item, find_dark)
            case PictureItem(box, indices, is_drawn) | RasterItem(box, indices, is_drawn):
                dark = find_dark() if find_dark is not None else item
                if not isinstance(dark, PictureItem | RasterItem):
                    raise SchemeMismatch(item, dark)
                images = [
                    self._number_image(each, is_drawn, rgb)
                    for each, rgb in zip((indices, dark.indices), self._rgb, strict=True)
                ]
                # Larger pixels than those of the screen have hard edges, as in a frame.
                smooth = int(isinstance(item, PictureItem) and box.width <= indices.shape[1])
                if images[0] == images[1]:
                    yield ["i", *self.measure_box(box), images[0], smooth]
                    return
                for scheme, image in zip(("light", "dark"), images, strict=True):
                    yield ["i", *self.measure_box(box), image, smooth, scheme]
            case _:
                raise TypeError(f"{type(item).__name__} is no item of a panel")

    def number_ink(self, item: Any, find_dark: FindDark | None) -> int:
        """The number of the full color of an item's ink."""
        ink: Ink = item.ink

        def find_ink() -> Ink:
            dark: Any = find_dark() if find_dark is not None else item
            if type(dark) is not type(item):
                raise SchemeMismatch(item, dark)
            found: Ink = dark.ink
            return found

        other = self._inks.find(ink, None if find_dark is None else find_ink)
        return self._colors.add(ink.color, other.color)

    def measure(self, length: float) -> Length:
        """A length in CSS pixels, with at most two decimals."""
        rounded = round(float(length) / self._density, 2)
        return int(rounded) if rounded == int(rounded) else rounded

    def measure_box(self, box: Box) -> list[Length]:
        """The left edge, the top, the width and the height of a box."""
        return [self.measure(each) for each in (box.x, box.y, box.width, box.height)]

    def _write_text(self, item: TextItem, find_dark: FindDark | None) -> list[Any]:
        style = item.style
        lengths = [self.measure(each) for each in (*item.baseline_start, item.width, style.size)]
        weight = BOLD if style.bold else REGULAR
        color = self.number_ink(item, find_dark)
        return ["t", item.text, *lengths, weight, color, *[item.angle] * bool(item.angle)]

    def _write_line(self, item: LineItem, find_dark: FindDark | None) -> list[Any]:
        lines, span = item.lines, item.span
        if span is not None and len(lines) > 1:
            lines, span = item.shown_lines, None
        number, count, tail = self._find_lines(lines, is_whole=span is not None)
        part: Any = count if span is None else [*span] if span[0] else span[1]
        clip = item.clip and self.measure_box(item.clip)
        dash = item.dash and [self.measure(each) for each in item.dash]
        rest = _trim([clip, dash, int(item.has_round_ends) or None])
        color = self.number_ink(item, find_dark)
        return ["l", number, part, [*tail] or None, self.measure(item.width), color, *rest]

    def _write_disc(self, item: DiscItem, find_dark: FindDark | None) -> list[Any]:
        color = self.number_ink(item, find_dark)
        if item.stroke is not None and item.dashes is not None:
            number, count, _ = self.points.add(self._join_lines(_split_ring(item, *item.dashes)))
            return ["l", number, count, None, self.measure(item.stroke), color]
        place = [self.measure(each) for each in (item.x, item.y, item.radius)]
        return ["d", *place, color, *([] if item.stroke is None else [self.measure(item.stroke)])]

    def _find_lines(self, lines: Sequence[Sequence[Point]], *, is_whole: bool = False) -> PointRange:
        """The points of lines in the shared lists, or in a list of their own."""
        if id(lines) not in self._lines:
            joined = self._join_lines(lines)
            found = PointRange(self.points.add_whole(joined), 0) if is_whole else self.points.add(joined)
            self._lines[id(lines)] = lines, found
        return self._lines[id(lines)][1]

    def _join_lines(self, lines: Sequence[Sequence[Point]]) -> list[Coordinate]:
        """The x and y of all points, with the pen lifted between lines."""
        joined: list[Coordinate] = []
        for line in lines:
            if joined:
                joined += [None, None]
            for point in line:
                joined += map(self.measure, point)
        return joined

    def _number_image(
        self, indices: Indices, is_drawn: NDArray[np.bool_] | None, rgb: NDArray[np.uint8]
    ) -> int:
        """The number of a picture among the images; equal ones have the same."""
        key = (
            *(indices.shape, indices.dtype.str, indices.tobytes()),
            *(None if is_drawn is None else is_drawn.tobytes(), id(rgb)),
        )
        if key not in self._numbers:
            pixels = rgb[indices]
            if is_drawn is not None:
                pixels = np.dstack([pixels, np.where(is_drawn, 255, 0).astype(np.uint8)])
            url = encode_data_url(pixels)
            if url not in self._images:
                self._images.append(url)
            self._numbers[key] = self._images.index(url)
        return self._numbers[key]


class SchemeMismatch(Exception):  # noqa: N818 - it is caught, and the figure then has one scheme
    """With dark colors a scene consists of other items."""


def encode_data_url(pixels: NDArray[np.uint8]) -> str:
    """The data URL of a picture, RGB or RGBA: as the smaller one of a WebP without loss and a PNG."""
    image, files = Image.fromarray(pixels), []
    for kind, options in (("png", {"optimize": True}), ("webp", {"lossless": True, "quality": 100})):
        file = io.BytesIO()
        reduced = image
        if kind == "png" and pixels.shape[2] == 3 and (few := image.getcolors(256)) is not None:
            reduced = image.quantize(max(2, len(few)), dither=Image.Dither.NONE)
            if np.any(np.asarray(reduced.convert("RGB")) != pixels):
                reduced = image
        reduced.save(file, kind, **options)
        files.append((len(file.getvalue()), kind, file.getvalue()))
    _, kind, data = min(files)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _split_ring(item: DiscItem, count: int, share: float) -> list[list[Point]]:
    """The dashes of a ring, of which one is in the middle at the top; they take a share of it."""
    lines, half = [], math.pi * share / count
    for number in range(count):
        middle = 2 * math.pi * number / count - math.pi / 2
        angles = np.linspace(middle - half, middle + half, DASH_SEGMENTS + 1).tolist()
        lines.append(
            [(item.x + item.radius * math.cos(a), item.y + item.radius * math.sin(a)) for a in angles]
        )
    return lines


def _trim(values: list[Any]) -> list[Any]:
    """Values without the empty ones at the end."""
    while values and values[-1] is None:
        values = values[:-1]
    return values
