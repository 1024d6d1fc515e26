"""The items of a frame: what drawings draw, in output pixels from the upper left corner of the frame.

An item has the ink that it was drawn with; the color of the ink's last shade is that of the item.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.render.typography import TextStyle
from reelnet.scene.layout.boxes import Box
from reelnet.scene.limits import Limits
from reelnet.scene.palette.palette import Indices, Ink

Point = tuple[float, float]
"""x and y in pixels; the center of the pixel in the upper left corner is (0.5, 0.5)."""


@dataclass(frozen=True)
class TextItem:
    """One line of text.

    Attributes:
        text: The characters in logical order.
        x: Left edge of the line, before it is turned.
        y: Top of the line, before it is turned; the baseline is `style.ascent` below.
        width: Pixels of the line as laid out.
        style: Its fonts and their size.
        ink: Its color.
        angle: Degrees counterclockwise by which the line is turned about its middle.
        anchor: Which point of the line stays if other letters make it wider: `left`, `middle` or `right`.
    """

    text: str
    x: float
    y: float
    width: int
    style: TextStyle
    ink: Ink
    angle: int = 0
    anchor: str = "left"

    @property
    def baseline_start(self) -> Point:
        """Where the baseline starts once the line is turned; turned about this point, the rest follows."""
        half, below = self.width / 2, self.style.ascent - self.style.line_height / 2
        x, y = self.x + half, self.y + self.style.line_height / 2
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        return x - half * cos + below * sin, y + half * sin + below * cos


@dataclass(frozen=True)
class RectItem:
    """A filled rectangle."""

    box: Box
    ink: Ink


@dataclass(frozen=True)
class LineItem:
    """Lines through points.

    Attributes:
        lines: The points of each line; lines do not touch each other.
        width: In pixels.
        ink: Their color.
        clip: The rectangle in which they are visible; None for everywhere.
        dash: Pixels that are drawn and that are left out, in turn; None for solid lines.
        span: Position of the first point that is shown and of the first one after it that is not, in all lines; None
            for all points. A line of which each step shows another part is the same object at all steps.
        has_round_ends: Whether half of a circle is at each end; otherwise lines end at their points.
    """

    lines: tuple[tuple[Point, ...], ...]
    width: float
    ink: Ink
    clip: Box | None = None
    dash: tuple[float, float] | None = None
    span: tuple[int, int] | None = None
    has_round_ends: bool = False

    @property
    def shown_lines(self) -> tuple[tuple[Point, ...], ...]:
        """The points that are shown of each line."""
        return self.lines if self.span is None else tuple(line[slice(*self.span)] for line in self.lines)


@dataclass(frozen=True)
class PolygonItem:
    """A filled polygon."""

    points: tuple[Point, ...]
    ink: Ink


@dataclass(frozen=True)
class DiscItem:
    """A filled circle, or a ring.

    Attributes:
        x: Of its center.
        y: Of its center.
        radius: In pixels; of a ring, that of the middle of its line.
        ink: Its color.
        stroke: Width of a ring's line; None for a filled circle.
        dashes: Number of the dashes of a ring, of which one is in the middle at the top, and the share of the ring
            that they take; None for a whole ring.
    """

    x: float
    y: float
    radius: float
    ink: Ink
    stroke: float | None = None
    dashes: tuple[int, float] | None = None

    @property
    def dash(self) -> tuple[float, float] | None:
        """Pixels of the line that are drawn and that are left out, in turn; None for a whole ring."""
        if self.dashes is None:
            return None
        count, share = self.dashes
        length = 2 * math.pi * self.radius / count
        return share * length, (1 - share) * length


@dataclass(frozen=True, eq=False)
class CellLevels:
    """Which values the cells of a `CellsItem` show, as levels of a colormap.

    The arrays broadcast to (rows, columns, height, width). Level k of n stands for
    `low + k / (n - 1) · (high - low)` of the limits, and the outermost ones for all values beyond, too, if the limits
    are exceeded on their side.

    Attributes:
        levels: Level of each value, uint8; undefined where values are missing or blank.
        ink: The colors of all levels.
        tap: Name of the recorded array.
        channels: Position of each value's channel among those that the tap displays.
        samples: Position of each value's sample in the recorded array; −1 where values belong to no sample.
        limits: The values of the first and the last level; if each channel has its own, those of all channels that
            the tap displays.
        reduction: Rows and columns of recorded values that a shown value is the mean of.
        blank: Which places show the background because there is no value, bool; None for none.
        steps: Position of each value's step among the recorded ones, of a mean the last; None if the panel shows one
            step at a time.
        positions: Where each value is in the shown map of its channel, counted row by row; None if it is there where
            it is in its cell.
    """

    levels: NDArray[np.uint8]
    ink: Ink
    tap: str
    channels: NDArray[np.intp]
    samples: NDArray[np.intp]
    limits: Limits
    reduction: tuple[int, int] = (1, 1)
    blank: NDArray[np.bool_] | None = None
    steps: NDArray[np.intp] | None = None
    positions: NDArray[np.intp] | None = None


@dataclass(frozen=True, eq=False)
class CellsItem:
    """Maps in rows and columns of cells.

    Attributes:
        x: Left edge of the first cell.
        y: Top of the first cell.
        row_pitch: Pixels from one row of cells to the next.
        column_pitch: Pixels from one column of cells to the next.
        value_width: Pixels of a value from left to right, with the gap after it.
        value_height: Pixels of a value from top to bottom, with the gap after it.
        indices: Palette index of each value, (rows, columns, height, width).
        missing: Which values are NaN or infinite and hatched, likewise; None for none.
        hatching: The inks of the stripes and of the ground between them, and the width of a stripe in pixels; they
            alternate along each row of pixels, and each row begins a pixel further left than the one above.
        value_gap: Pixels of the background at the right and at the bottom of each value.
        clip: The rectangle in which they are visible; None for everywhere.
        levels: What the values are; None if they are not levels of a colormap.
    """

    x: int
    y: int
    row_pitch: int
    column_pitch: int
    value_width: int
    value_height: int
    indices: Indices
    missing: NDArray[np.bool_] | None = None
    hatching: tuple[Ink, Ink, int] | None = None
    value_gap: int = 0
    clip: Box | None = None
    levels: CellLevels | None = None

    def cell_box(self, row: int, column: int) -> Box:
        """The box of a cell."""
        rows, columns = self.indices.shape[2:]
        x, y = self.x + column * self.column_pitch, self.y + row * self.row_pitch
        return Box(x, y, columns * self.value_width, rows * self.value_height)


@dataclass(frozen=True, eq=False)
class OriginalPicture:
    """A picture as it was before it was resampled for the pixels of a frame.

    Attributes:
        pixels: uint8 (height, width, 3).
        min_sharp_scale: Pixels of a screen per pixel from which its pixels have hard edges.
    """

    pixels: NDArray[np.uint8]
    min_sharp_scale: int


@dataclass(frozen=True, eq=False)
class PictureItem:
    """A picture that fills a box.

    Attributes:
        box: What it fills.
        indices: Palette index of each of its pixels, (height, width), at its natural resolution.
        is_drawn: Which pixels are drawn, likewise; None for all.
        original: The picture before it was resampled; None if there is no other.
    """

    box: Box
    indices: Indices
    is_drawn: NDArray[np.bool_] | None = None
    original: OriginalPicture | None = None


@dataclass(frozen=True, eq=False)
class RasterItem:
    """Pixels that were drawn by other means.

    Attributes:
        box: Where they are.
        indices: Palette indices (height, width).
        is_drawn: Which of them were drawn, likewise.
    """

    box: Box
    indices: Indices
    is_drawn: NDArray[np.bool_]


Item = TextItem | RectItem | LineItem | PolygonItem | DiscItem | CellsItem | PictureItem | RasterItem


@dataclass(frozen=True)
class PanelDescription:
    """What one panel shows.

    Attributes:
        name: Its name in the template.
        box: Its box in the frame.
        items: In drawing order.
    """

    name: str
    box: Box
    items: tuple[Item, ...]
