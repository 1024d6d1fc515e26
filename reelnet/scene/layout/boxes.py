"""Boxes: which sizes panels and stacks of them need.

Widths are settled first, from the top down; then heights, which may depend on them (text wraps); then places
(see `placing`). The words and rules are those of CSS flexible boxes (CSS Flexible Box Layout Module Level 1), less
what frames of a video have no use for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from reelnet.template.model import Direction, ItemSpec, StackSpec

T = TypeVar("T")

LAYOUT_GRID = 8
"""In columns panels begin at multiples of this many pixels, and so the cells' rows fall
into step with H.264's 8×8 transform blocks: the same frames of 56-pixel cells take a sixth of the bytes that they
take out of step."""


@dataclass(frozen=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int


@dataclass(frozen=True)
class Box:
    """A rectangle on the canvas, in pixels from its top left."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column after the box."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """First row after the box."""
        return self.y + self.height

    def expand(self, margin: int) -> Box:
        """The box with `margin` more pixels on each side."""
        return Box(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)


@dataclass(frozen=True)
class Measure:
    """What a panel needs.

    Attributes:
        width: Natural width in pixels.
        height: Height in pixels at its natural width.
        least: The width below which it cannot go; None for its natural one.
        tall: The height at another width, where that differs.
    """

    width: int
    height: int
    least: int | None = None
    tall: Callable[[int], int] | None = None


@dataclass(frozen=True)
class Leaf(Generic[T]):
    """Something with a natural size; `place` says what it asked for itself."""

    item: T
    measure: Measure
    place: ItemSpec = field(default_factory=ItemSpec)
    grow: float = 0.0

    @property
    def natural(self) -> int:
        """The width that it would like."""
        return self.place.width or self.measure.width

    @property
    def least(self) -> int:
        """The width below which it cannot go."""
        if self.place.width:
            return self.place.width
        return self.measure.width if self.measure.least is None else self.measure.least

    def height(self, width: int) -> int:
        """The height that it would like at a width."""
        return self.place.height or self.needs(width).height

    def needs(self, width: int) -> Size:
        """Below what it cannot go at a width, whatever it asked for."""
        measure = self.measure
        least = measure.width if measure.least is None else measure.least
        return Size(least, measure.tall(width) if measure.tall else measure.height)


@dataclass(frozen=True)
class Group(Generic[T]):
    """Leaves and groups beside, under or over each other."""

    direction: Direction
    items: Sequence[Leaf[T] | Group[T]]
    style: StackSpec = field(default_factory=StackSpec)

    @property
    def place(self) -> ItemSpec:
        """What it asked for itself."""
        return self.style

    @property
    def grow(self) -> float:
        """Its share of the room that is left over; none unless the author says."""
        return self.style.grow if self.style.grow is not None else 0.0

    @property
    def natural(self) -> int:
        """The width that the items would like."""
        return self.style.width or self._across([item.natural for item in self.items])

    @property
    def least(self) -> int:
        """The width below which the items cannot go."""
        return self.style.width or self._across([item.least for item in self.items])

    @property
    def columns(self) -> int:
        """Columns of a grid."""
        return min(self.style.columns, len(self.items))

    def _across(self, widths: list[int]) -> int:
        match self.direction:
            case Direction.ROW:
                inner = sum(widths) + self.style.gap * (len(widths) - 1)
            case Direction.GRID:
                inner = sum(by_column(widths, self.columns)) + self.style.gap * (self.columns - 1)
            case _:
                inner = max(widths)
        return inner + 2 * self.style.padding

    def height(self, width: int) -> int:
        """The height that it would like at a width."""
        return self.style.height or self.needs(width).height

    def needs(self, width: int) -> Size:
        """Below what the items cannot go at a width, whatever the stack asked for."""
        heights = self.heights(self.widths(width))
        gap, inner = self.style.gap, max(heights)
        if self.direction is Direction.COLUMN:
            inner = sum(heights) + gap * (len(heights) - 1)
        elif self.direction is Direction.GRID:
            rows = stepped(by_row(heights, self.columns))
            inner = sum(rows) + gap * (len(rows) - 1)
        least = self._across([item.least for item in self.items])
        return Size(least, inner + 2 * self.style.padding)

    def heights(self, widths: Sequence[int]) -> list[int]:
        """The heights that the items need at their widths; in a column, in step with the rhythm."""
        found = [item.height(width) for item, width in zip(self.items, widths, strict=True)]
        return stepped(found) if self.direction is Direction.COLUMN else found

    def widths(self, width: int) -> list[int]:
        """The items' widths when the group has `width`."""
        inner = width - 2 * self.style.padding
        gap = self.style.gap
        match self.direction:
            case Direction.ROW:
                room = inner - gap * (len(self.items) - 1)
                least = [item.least for item in self.items]
                natural = [item.natural for item in self.items]
                return shared(least, natural, [item.grow for item in self.items], room)
            case Direction.GRID:
                each = self.column_widths(width)
                return [
                    min(item.place.width or each[number % self.columns], each[number % self.columns])
                    for number, item in enumerate(self.items)
                ]
        return [self._width_across(item, inner) for item in self.items]

    def column_widths(self, width: int) -> list[int]:
        """The widths of a grid's columns when the grid has `width`."""
        room = width - 2 * self.style.padding - self.style.gap * (self.columns - 1)
        least = by_column([item.least for item in self.items], self.columns)
        natural = by_column([item.natural for item in self.items], self.columns)
        grow = [max(item.grow for item in self.items[k :: self.columns]) for k in range(self.columns)]
        return shared(least, natural, grow, room)

    def _width_across(self, item: Leaf[T] | Group[T], inner: int) -> int:
        usual = "stretch" if self.direction is Direction.COLUMN else "start"
        if (item.place.align_self or self.style.align or usual) == "stretch" and not item.place.width:
            return inner
        return min(inner, item.natural)


def stepped(heights: Sequence[int]) -> list[int]:
    """Heights by which each item but the last ends in step with the rhythm."""
    return [-(-height // LAYOUT_GRID) * LAYOUT_GRID for height in heights[:-1]] + list(heights[-1:])


def by_column(values: Sequence[int], columns: int) -> list[int]:
    """The greatest of each column of a grid filled row by row."""
    return [max(values[k::columns]) for k in range(columns)]


def by_row(values: Sequence[int], columns: int) -> list[int]:
    """The greatest of each row of a grid filled row by row."""
    return [max(values[k : k + columns]) for k in range(0, len(values), columns)]


def shared(least: Sequence[int], natural: Sequence[int], grow: Sequence[float], room: int) -> list[int]:
    """Lengths that add up to `room`, if that can be: some grow, or all give way as far as they can."""
    over = room - sum(natural)
    if over >= 0:
        return [a + b for a, b in zip(natural, parts(grow, over), strict=True)]
    slack = [a - b for a, b in zip(natural, least, strict=True)]
    given = parts([float(each) for each in slack], min(-over, sum(slack)))
    return [a - b for a, b in zip(natural, given, strict=True)]


def parts(shares: Sequence[float], over: int) -> list[int]:
    """`over` pixels by shares, to the pixel; nothing if no one has a share."""
    total, done, found = sum(shares), 0.0, []
    for share in shares:
        before = round(over * done / total) if total else 0
        done += share
        found.append((round(over * done / total) if total else 0) - before)
    return found
