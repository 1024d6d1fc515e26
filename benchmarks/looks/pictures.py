"""Data to train with: color pictures of ten things with long names, oblong pictures of strokes, and series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

OVERSAMPLING = 4
"""Pictures are drawn this much larger and averaged, for smooth edges."""

Rgb = tuple[int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True)
class Brush:
    """Draws on a picture in coordinates of the thing: (0, 0) is its middle, 1 is about its height.

    Attributes:
        draw: Draws on the oversampled picture.
        side: Of the oversampled picture, in pixels.
        middle: Of the thing, in pixels.
        size: Pixels per unit.
        random: Varies colors.
    """

    draw: ImageDraw.ImageDraw
    side: int
    middle: Point
    size: float
    random: np.random.Generator

    def vary(self, color: Rgb) -> Rgb:
        """A color that differs a little in every picture."""
        red, green, blue = (int(np.clip(part + self.random.normal(0, 10), 0, 255)) for part in color)
        return red, green, blue

    def sky(self, top: Rgb, bottom: Rgb) -> None:
        """Fill the picture with a gradient."""
        ends = np.array([self.vary(top), self.vary(bottom)], float)
        for y in range(self.side):
            red, green, blue = (ends[0] + (ends[1] - ends[0]) * y / self.side).astype(int).tolist()
            self.draw.line([(0, y), (self.side, y)], (red, green, blue))

    def ground(self, y: float, color: Rgb) -> None:
        """Fill what is below a height."""
        top = min(self.middle[1] + y * self.size, self.side)
        self.draw.rectangle([0, top, self.side, self.side], self.vary(color))

    def disc(self, x: float, y: float, radius: float, color: Rgb, height: float | None = None) -> None:
        """Draw a disc, or an ellipse with another radius along y."""
        (left, top), (right, bottom) = self._places(
            [(x - radius, y - (height or radius)), (x + radius, y + (height or radius))]
        )
        self.draw.ellipse([left, top, right, bottom], self.vary(color))

    def shape(self, points: Sequence[Point], color: Rgb) -> None:
        """Draw a filled polygon."""
        self.draw.polygon(self._places(points), self.vary(color))

    def line(self, points: Sequence[Point], color: Rgb, width: float) -> None:
        """Draw a line of a width in units."""
        self.draw.line(self._places(points), self.vary(color), max(1, round(width * self.size)), "curve")

    def _places(self, points: Sequence[Point]) -> list[Point]:
        return [(self.middle[0] + x * self.size, self.middle[1] + y * self.size) for x, y in points]


def _mushroom(brush: Brush) -> None:
    brush.sky((120, 160, 110), (60, 90, 50))
    brush.shape([(-0.1, 0), (0.1, 0), (0.14, 0.42), (-0.14, 0.42)], (238, 226, 205))
    brush.disc(0, -0.05, 0.36, (196, 40, 34), 0.26)
    brush.ground(0.42, (70, 80, 40))
    for x, y in ((-0.17, -0.1), (0.02, -0.2), (0.18, -0.06), (0, 0.02)):
        brush.disc(x, y, 0.045, (250, 244, 235))


def _full_moon(brush: Brush) -> None:
    brush.sky((10, 14, 40), (40, 48, 90))
    brush.disc(0, 0, 0.3, (236, 230, 200))
    for x, y, radius in ((-0.1, -0.08, 0.07), (0.1, 0.05, 0.05), (-0.03, 0.14, 0.04)):
        brush.disc(x, y, radius, (205, 198, 168))


def _snowman(brush: Brush) -> None:
    brush.sky((150, 190, 225), (210, 225, 240))
    brush.ground(0.3, (246, 248, 252))
    brush.disc(0, 0.2, 0.24, (252, 252, 255))
    brush.disc(0, -0.14, 0.16, (252, 252, 255))
    brush.shape([(-0.1, -0.28), (0.1, -0.28), (0.1, -0.44), (-0.1, -0.44)], (30, 30, 40))
    brush.shape([(0, -0.16), (0.18, -0.12), (0, -0.1)], (240, 130, 40))


def _sailing_boat(brush: Brush) -> None:
    brush.sky((120, 185, 235), (190, 220, 240))
    brush.ground(0.2, (24, 84, 140))
    brush.shape([(-0.32, 0.16), (0.34, 0.16), (0.2, 0.32), (-0.2, 0.32)], (125, 70, 35))
    brush.shape([(0, -0.4), (0, 0.12), (0.28, 0.12)], (250, 250, 246))
    brush.shape([(-0.03, -0.32), (-0.03, 0.12), (-0.24, 0.12)], (215, 75, 60))


def _sunflower(brush: Brush) -> None:
    brush.sky((95, 165, 225), (170, 210, 150))
    brush.line([(0, 0), (0.02, 0.6)], (60, 120, 50), 0.06)
    for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        brush.disc(0.24 * np.cos(angle), -0.05 + 0.24 * np.sin(angle), 0.1, (248, 196, 40))
    brush.disc(0, -0.05, 0.17, (95, 58, 26))


def _traffic_light(brush: Brush) -> None:
    brush.sky((165, 172, 180), (110, 116, 124))
    brush.line([(0, 0.3), (0, 0.7)], (60, 62, 66), 0.08)
    brush.shape([(-0.16, -0.42), (0.16, -0.42), (0.16, 0.38), (-0.16, 0.38)], (34, 36, 38))
    for y, color in ((-0.27, (228, 48, 40)), (-0.02, (238, 186, 40)), (0.23, (56, 176, 92))):
        brush.disc(0, y, 0.1, color)


def _fir_tree(brush: Brush) -> None:
    brush.sky((205, 218, 226), (150, 170, 150))
    brush.line([(0, 0.3), (0, 0.46)], (90, 62, 40), 0.1)
    for top, width in ((-0.44, 0.18), (-0.24, 0.26), (-0.02, 0.34)):
        brush.shape([(0, top), (width, top + 0.34), (-width, top + 0.34)], (28, 92, 56))


def _beach_ball(brush: Brush) -> None:
    brush.sky((225, 205, 160), (205, 180, 130))
    brush.disc(0, 0, 0.34, (250, 250, 250))
    for start, color in ((0, (220, 60, 50)), (120, (46, 120, 200)), (240, (245, 195, 50))):
        angles = np.radians(np.linspace(start, start + 60, 9))
        brush.shape(
            [(0.0, 0.0), *((0.34 * np.cos(a), 0.34 * np.sin(a)) for a in angles.tolist())],
            color,
        )


def _umbrella(brush: Brush) -> None:
    brush.sky((130, 140, 155), (95, 104, 118))
    brush.line([(0, -0.1), (0, 0.36), (0.06, 0.42), (0.12, 0.36)], (40, 40, 44), 0.04)
    angles = np.radians(np.linspace(180, 360, 19)).tolist()
    brush.shape([(0.4 * np.cos(a), -0.02 + 0.34 * np.sin(a)) for a in angles], (146, 52, 150))
    brush.line([(-0.13, -0.02), (0, -0.36), (0.13, -0.02)], (110, 36, 118), 0.025)


def _lighthouse(brush: Brush) -> None:
    brush.sky((245, 165, 105), (120, 90, 130))
    brush.shape([(-0.09, -0.28), (0.09, -0.28), (0.16, 0.46), (-0.16, 0.46)], (246, 244, 240))
    for top in (-0.12, 0.16):
        brush.shape(
            [(-0.11, top), (0.11, top), (0.13, top + 0.13), (-0.13, top + 0.13)],
            (202, 48, 44),
        )
    brush.disc(0, -0.34, 0.09, (255, 232, 130))
    brush.ground(0.46, (60, 56, 66))


THINGS: dict[str, Callable[[Brush], None]] = {
    "red mushroom": _mushroom,
    "full moon at night": _full_moon,
    "snowman": _snowman,
    "sailing boat": _sailing_boat,
    "sunflower": _sunflower,
    "traffic light": _traffic_light,
    "fir tree": _fir_tree,
    "striped beach ball": _beach_ball,
    "open umbrella": _umbrella,
    "lighthouse at dusk": _lighthouse,
}
"""What draws each class, by the name of the class."""

CLASSES = tuple(THINGS)


def draw_picture(thing: str, side: int, random: np.random.Generator) -> NDArray[np.float32]:
    """A picture of a thing, float32 (side, side, 3) in 0..1."""
    large = side * OVERSAMPLING
    image = Image.new("RGB", (large, large))
    x, y = (large * (0.5 + random.uniform(-0.1, 0.1, 2))).tolist()
    THINGS[thing](Brush(ImageDraw.Draw(image), large, (x, y), large * random.uniform(0.7, 1.05), random))
    pixels = np.asarray(image.reduce(OVERSAMPLING), np.float32) / 255
    noise = random.normal(0, 0.015, pixels.shape)
    return np.clip(pixels + noise, 0, 1).astype(np.float32)


def draw_pictures(count: int, side: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Pictures of all things in turn, float32 (count, 3, side, side), and the number of each one's class."""
    random = np.random.default_rng(seed)
    classes = np.arange(count) % len(CLASSES)
    pictures = np.stack([draw_picture(CLASSES[number], side, random) for number in classes])
    return np.moveaxis(pictures, 3, 1), classes


def draw_strokes(
    count: int, height: int, width: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Oblong gray pictures of one to four strokes, float32 (count, 1, height, width), and their number less one."""
    random = np.random.default_rng(seed)
    strokes = np.arange(count) % 4 + 1
    pictures = np.zeros((count, height * OVERSAMPLING, width * OVERSAMPLING), np.float32)
    for picture, number in zip(pictures, strokes, strict=True):
        image = Image.new("L", picture.shape[::-1], 255)
        draw, step = ImageDraw.Draw(image), picture.shape[1] / (number + 1)
        for place in range(number):
            x = step * (place + 1) + random.normal(0, step / 12)
            slant, reach = random.normal(0, 6), picture.shape[0] * random.uniform(0.25, 0.42)
            middle = picture.shape[0] / 2
            draw.line([(x - slant, middle - reach), (x + slant, middle + reach)], 0, 2 * OVERSAMPLING)
        picture[:] = np.asarray(image)
    small = pictures.reshape(count, height, OVERSAMPLING, width, OVERSAMPLING).mean((2, 4)) / 255
    return small[:, None].astype(np.float32), strokes - 1


def draw_waves(count: int, length: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Series of four kinds, float32 (count, 1, length), and the number of each one's kind; see `WAVES`."""
    random = np.random.default_rng(seed)
    time, kinds = np.linspace(0, 1, length), np.arange(count) % len(WAVES)
    series = []
    for kind in kinds:
        turns = random.uniform(3, 6) * time + random.uniform()
        peak = 2 * np.exp(-(((time - random.uniform(0.3, 0.7)) / 0.04) ** 2))
        form = [np.sin(2 * np.pi * turns), np.sign(np.sin(2 * np.pi * turns)), 2 * (turns % 1) - 1, peak]
        series.append(form[kind] + random.normal(0, 0.1, length))
    return np.stack(series)[:, None].astype(np.float32), kinds


WAVES = ("sine", "square wave", "sawtooth", "single pulse")
"""The names of the kinds of series."""
