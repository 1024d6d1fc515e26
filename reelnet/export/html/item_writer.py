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
from reelnet.scene.palette.palette import Ink

REGULAR, BOLD = 400, 600
"""Weights of type, as CSS names them."""

MIN_SHARP_SCALE = 8
"""Pixels of a screen per pixel from which enlarged drawings have hard edges."""

MAX_DENSITY = 3
"""Pixels of a picture per CSS pixel: enough for the screens of phones."""

MIN_PHOTO_SIDE, PHOTO_QUALITY = 48, 90
"""Pixels of the shorter side of a photo, and the quality of its WebP."""

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
            case PictureItem() | RasterItem():
                yield from self._write_picture(item, find_dark)
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

    def _write_picture(
        self, item: PictureItem | RasterItem, find_dark: FindDark | None
    ) -> Iterator[list[Any]]:
        """One picture for both schemes, or one for each."""
        dark = find_dark() if find_dark is not None else item
        if not isinstance(dark, PictureItem | RasterItem):
            raise SchemeMismatch(item, dark)
        original = item.original if isinstance(item, PictureItem) else None
        box = self.measure_box(item.box)
        if original is None or not isinstance(dark, PictureItem) or dark.original is None:
            images = [
                self._number_pixels(each, rgb) for each, rgb in zip((item, dark), self._rgb, strict=True)
            ]
            columns = item.indices.shape[1]
            # Larger pixels than those of the screen have hard edges, as in a frame.
            is_smooth = isinstance(item, PictureItem) and item.box.width <= columns
            sharp = MIN_SHARP_SCALE if is_smooth else 1
        else:
            pictures = [_limit_picture(each.pixels, box) for each in (original, dark.original)]
            images = [self._number_image(each, is_photo=_is_photo(each)) for each in pictures]
            columns, sharp = pictures[0].shape[1], original.min_sharp_scale
            if (scale := item.box.width // item.indices.shape[1]) > 1:
                sharp = min(sharp, scale)
        # Rounding must not keep the zoom at which pixels are that large from being enough.
        place, least = ["i", *box], math.floor(1000 * sharp * columns / box[2]) / 1000
        if images[0] == images[1]:
            yield [*place, images[0], least]
            return
        for scheme, image in zip(("light", "dark"), images, strict=True):
            yield [*place, image, least, scheme]

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

    def _number_pixels(self, item: PictureItem | RasterItem, rgb: NDArray[np.uint8]) -> int:
        """The number of the pixels of a frame, transparent where nothing is drawn."""
        pixels = rgb[item.indices]
        if item.is_drawn is not None:
            pixels = np.dstack([pixels, np.where(item.is_drawn, 255, 0).astype(np.uint8)])
        return self._number_image(pixels)

    def _number_image(self, pixels: NDArray[np.uint8], *, is_photo: bool = False) -> int:
        """The number of a picture (height, width, 3 or 4) among the images; equal ones have the same."""
        key = pixels.shape, pixels.tobytes()
        if key not in self._numbers:
            url = encode_data_url(pixels, is_photo=is_photo)
            if url not in self._images:
                self._images.append(url)
            self._numbers[key] = self._images.index(url)
        return self._numbers[key]


class SchemeMismatch(Exception):  # noqa: N818 - it is caught, and the figure then has one scheme
    """With dark colors a scene consists of other items."""


def encode_data_url(pixels: NDArray[np.uint8], *, is_photo: bool = False) -> str:
    """The data URL of a picture, RGB or RGBA: as the smaller one of a WebP without loss and a PNG.

    A photo may be a WebP with a loss that is not seen.
    """
    image, files = Image.fromarray(pixels), []
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("png", {"optimize": True}),
        ("webp", {"lossless": True, "quality": 100}),
        *[("webp", {"quality": PHOTO_QUALITY, "method": 6})] * is_photo,
    ]
    for kind, options in kinds:
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


def _is_photo(pixels: NDArray[np.uint8]) -> bool:
    """Whether a picture has more pixels than those that are drawn by hand, and as many colors."""
    return min(pixels.shape[:2]) >= MIN_PHOTO_SIDE and Image.fromarray(pixels).getcolors(256) is None


def _limit_picture(pixels: NDArray[np.uint8], box: Sequence[float]) -> NDArray[np.uint8]:
    """A picture with at most `MAX_DENSITY` pixels per CSS pixel of its box (x, y, width, height)."""
    sides = [round(MAX_DENSITY * side) for side in box[2:]]
    if pixels.shape[1] <= sides[0]:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((sides[0], sides[1]), Image.Resampling.BOX))


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
