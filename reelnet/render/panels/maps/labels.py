"""Labels beside cells: whole, on two lines, smaller, turned, or all left out; never cut, and never thinned."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet.render.canvas import stamp, write
from reelnet.render.description.coverage import Coverage
from reelnet.render.description.items import Item, TextItem
from reelnet.render.typography import TextStyle, rasterize_text
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink
from reelnet.scene.panel import Canvas

MIN_SCALE = 0.75
"""Fraction of the size of text below which labels do not shrink."""

MIN_TURNED_PITCH = 1.6
"""Ems from one column to the next that turned labels need."""

MAX_TURNED_EMS = 14
"""Length of the longest label that is turned."""

TWO_LINES, TURNED, LEFT_OUT = 0.95, 0.55, 0.3
"""How well labels on two lines, turned ones and those that are left out can be read; whole ones count 1."""

DIAGONAL = math.sqrt(0.5)

TURN_OVERSAMPLING = 4
"""Turned text is drawn this much larger and averaged, for smooth edges."""

BREAK = re.compile(r"(?<=[\s\-–/_.])(?=\S)")
"""Where a label may be broken into two lines."""


@dataclass(frozen=True)
class Labels:
    """How the labels of columns or rows are written, all in the same way.

    Attributes:
        lines: One or two lines per label; none at all if the labels are left out.
        style: Their font.
        is_turned: Whether they are turned by 45 degrees, so that they rise to the right; below columns they fall.
    """

    lines: tuple[tuple[str, ...], ...]
    style: TextStyle
    is_turned: bool = False

    @classmethod
    def fit_columns(
        cls, labels: Sequence[str], style: TextStyle, pitch: int, margin: int, *, may_turn: bool = True
    ) -> Labels:
        """Fit labels above columns that are `pitch` pixels apart, with `margin` pixels between two of them."""
        return fit_labels(tuple(labels), style, pitch - margin, 1 << 20, pitch if may_turn else None)

    @classmethod
    def fit_rows(cls, labels: Sequence[str], style: TextStyle, width: int, pitch: int) -> Labels:
        """Fit labels into `width` pixels beside rows that are `pitch` pixels apart."""
        return fit_labels(tuple(labels), style, width, pitch, None)

    @classmethod
    def fit_heading(cls, heading: str, style: TextStyle, width: int) -> Labels:
        """Fit a heading into `width` pixels: on one line, in smaller type, or on two lines, or else make it wider."""
        sizes = list(list_sizes(style))
        for max_lines in (1, 2):
            for smaller in sizes:
                if lines := break_label(heading, width, smaller, max_lines):
                    return cls((lines,), smaller)
        return cls(((heading,),), sizes[-1])

    def select(self, numbers: Sequence[int]) -> Labels:
        """The same for some of the labels."""
        return replace(self, lines=tuple(self.lines[number] for number in numbers)) if self.lines else self

    @property
    def legibility(self) -> float:
        """How well they can be read, from 0 to 1."""
        if not self.lines:
            return LEFT_OUT
        if self.is_turned:
            return TURNED
        return TWO_LINES if max(map(len, self.lines)) > 1 else 1.0

    @property
    def width(self) -> int:
        """Pixels of the longest line."""
        return max((self.style.width(line) for lines in self.lines for line in lines), default=0)

    @property
    def height(self) -> int:
        """Pixels that all labels need above columns."""
        if not self.lines:
            return 0
        if self.is_turned:
            return math.ceil(DIAGONAL * (self.width + self.style.line_height))
        return max(map(len, self.lines)) * self.style.line_height

    def overhang(self, pitch: int, cell_width: int) -> int:
        """Pixels by which turned labels reach over the right edge of the last column."""
        if not self.is_turned:
            return 0
        ends = [
            DIAGONAL * (self.style.width(*lines) + self.style.line_height / 2)
            - cell_width / 2
            - pitch * (len(self.lines) - 1 - column)
            for column, lines in enumerate(self.lines)
        ]
        return max(0, math.ceil(max(ends)))

    def draw_above(self, canvas: Canvas, cells: Sequence[Box], bottom: int, ink: Ink) -> None:
        """Write each label above its cell, with the bottom of its last line at `bottom`."""
        for number, cell in enumerate(cells[: len(self.lines)]):
            self.draw_column(canvas, number, cell.x + cell.width // 2, bottom, ink)

    def draw_column(self, canvas: Canvas, number: int, middle: int, bottom: int, ink: Ink) -> None:
        """Write one label above the middle of a column, with the bottom of its last line at `bottom`."""
        style, lines = self.style, self.lines[number]
        if self.is_turned:
            mask = rasterize_turned(lines[0], style)
            stamp(canvas, mask, ink, self._turned_x(middle), bottom - mask.shape[0])
            return
        for line_number, line in enumerate(lines):
            y = bottom - (len(lines) - line_number) * style.line_height
            write(canvas, line, ink, middle, y, style, anchor="middle")

    def draw_falling(self, canvas: Canvas, number: int, middle: int, top: int, ink: Ink) -> None:
        """Write one turned label below the middle of a column, from where it falls to the right."""
        mask = rasterize_turned(self.lines[number][0], self.style, -45)
        stamp(canvas, mask, ink, self._turned_x(middle), top)

    def _turned_x(self, middle: int) -> int:
        """The left edge of a turned label that begins at the middle of a column."""
        return middle - round(DIAGONAL * self.style.line_height / 2)

    def draw_beside(self, canvas: Canvas, cells: Sequence[Box], right: int, ink: Ink) -> None:
        """Write each label left of `right`, level with the middle of its cell."""
        style = self.style
        for lines, cell in zip(self.lines, cells, strict=False):
            y = cell.y + (cell.height - len(lines) * style.line_height) // 2
            for number, line in enumerate(lines):
                write(canvas, line, ink, right, y + number * style.line_height, style, anchor="right")


@lru_cache(maxsize=1024)
def fit_labels(
    labels: tuple[str, ...], style: TextStyle, width: int, height: int, turned_pitch: int | None
) -> Labels:
    """Choose how to write labels: the first way in which all of them fit.

    Args:
        labels: One per column or row.
        style: The font that is preferred.
        width: Pixels for a line.
        height: Pixels for the lines of a label.
        turned_pitch: Pixels from one column to the next if the labels may be turned; None if not.
    """
    for smaller in list_sizes(style):
        for max_lines in (1, 2):
            if max_lines * smaller.line_height > height:
                continue
            lines = tuple(break_label(label, width, smaller, max_lines) for label in labels)
            if all(lines):
                return Labels(lines, smaller)
    if turned_pitch is not None:
        whole = tuple((label,) for label in labels)
        for smaller in list_sizes(style):
            longest = max(map(smaller.width, labels))
            if turned_pitch >= MIN_TURNED_PITCH * smaller.size and longest <= MAX_TURNED_EMS * style.size:
                return Labels(whole, smaller, is_turned=True)
    return Labels((), style)


def list_sizes(style: TextStyle) -> Iterator[TextStyle]:
    """The style, and the same in smaller sizes."""
    smallest = (
        math.ceil(MIN_SCALE * style.size) if style.min_size is None else min(style.min_size, style.size)
    )
    for size in range(style.size, smallest - 1, -1):
        yield replace(style, size=size)


def fit_line_height(style: TextStyle, height: int) -> TextStyle:
    """The style, or the largest smaller one whose lines are at most `height` pixels high, if there is one."""
    return next((smaller for smaller in list_sizes(style) if smaller.line_height <= height), style)


def break_label(label: str, width: int, style: TextStyle, max_lines: int) -> tuple[str, ...]:
    """A label on one or two lines of similar length; empty if it does not fit into `width` pixels."""
    whole = style.width(label)
    if whole <= width:
        return (label,)
    # Where both lines cannot hold it, no place needs a try: a label may have thousands of words.
    if whole > max_lines * width + style.size:
        return ()
    places = [found.start() for found in BREAK.finditer(label)] if max_lines > 1 else []
    ways = [(label[:place].rstrip(), label[place:]) for place in places]
    best = min(ways, key=lambda way: max(map(style.width, way)), default=())
    return best if best and max(map(style.width, best)) <= width else ()


def find_least_width(label: str, style: TextStyle, most: int) -> int:
    """Pixels in which a label fits, on two lines and in the smallest size, but not more than `most`."""
    *_, smallest = list_sizes(style)
    # Where both lines cannot hold it, no place needs a try: a label may have thousands of words.
    if smallest.width(label) > 2 * most + smallest.size:
        return most
    places = [found.start() for found in BREAK.finditer(label)]
    ways = [(label,), *((label[:place].rstrip(), label[place:]) for place in places)]
    return min(most, *(max(map(smallest.width, way)) for way in ways))


@lru_cache(maxsize=256)
def rasterize_turned(text: str, style: TextStyle, degrees: int = 45) -> NDArray[np.uint8]:
    """Coverage of a line of text that rises to the right by 45 degrees, or falls by −45, uint8 (height, width)."""
    k = TURN_OVERSAMPLING
    large = Image.fromarray(rasterize_text(text, replace(style, size=k * style.size)))
    turned = np.asarray(large.rotate(degrees, Image.Resampling.BICUBIC, expand=True).reduce(k))
    turned.flags.writeable = False
    return Coverage.of_shape(turned, partial(_describe_turned, text, style, degrees, turned.shape))


def _describe_turned(
    text: str, style: TextStyle, degrees: int, shape: tuple[int, ...], x: int, y: int, ink: Ink
) -> list[Item]:
    """A turned line of text in the middle of a mask (height, width) whose upper left corner is at (x, y)."""
    width = style.width(text)
    left, top = x + (shape[1] - width) / 2, y + (shape[0] - style.line_height) / 2
    return [TextItem(text, left, top, width, style, ink, degrees)]
