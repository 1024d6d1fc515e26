"""Boxes: the sizes that panels and stacks of them need, and where they are placed.

Widths are settled first, from the top down; then heights, which may depend on widths (text wraps); then positions.
The terms and rules are those of CSS flexible boxes (CSS Flexible Box Layout Module Level 1), without what frames of a
video do not need, and with a grid: whatever holds cells begins on it. The spare pixels go to gaps and padding.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Generic, TypeVar

from reelnet.scene.layout.snap import SnapGrid
from reelnet.template.model import Direction, ItemSpec, StackSpec

T = TypeVar("T")


@dataclass(frozen=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int


@dataclass(frozen=True)
class Box:
    """A rectangle on the canvas, in pixels from its top left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column after the box."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row after the box."""
        return self.y + self.height

    def expand(self, margin: int) -> Box:
        """The box with `margin` more pixels on each side."""
        return Box(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)


@dataclass(frozen=True)
class Measure:
    """What a panel needs.

    Attributes:
        width: Natural width in pixels.
        height: Height in pixels at the natural width.
        min_width: The smallest width; None for the natural one.
        height_at: Computes the height at another width; None if the height is always the same.
        min_height_at: Computes the smallest height at a width; None if it is the height.
    """

    width: int
    height: int
    min_width: int | None = None
    height_at: Callable[[int], int] | None = None
    min_height_at: Callable[[int], int] | None = None

    def remember_heights(self) -> Measure:
        """The same, but the height at each width is computed once: to place one panel, many ask for it."""
        return replace(
            self,
            height_at=self.height_at and cache(self.height_at),
            min_height_at=self.min_height_at and cache(self.min_height_at),
        )


@dataclass(frozen=True)
class Leaf(Generic[T]):
    """Something with a natural size.

    Attributes:
        item: What it is.
        measure: What it needs.
        options: The size and alignment that the author asked for.
        grow: Its share of free space.
        snaps: Whether it begins on the grid.
        max_height: The greatest height in pixels, unless the content needs more; None for no limit.
    """

    item: T
    measure: Measure
    options: ItemSpec = field(default_factory=ItemSpec)
    grow: float = 0.0
    snaps: bool = False
    max_height: int | None = None

    @property
    def natural_width(self) -> int:
        """The preferred width."""
        return self.options.width or self.measure.width

    @property
    def min_width(self) -> int:
        """The smallest width."""
        return self.options.width or self._min_content_width

    @property
    def _min_content_width(self) -> int:
        return self.measure.width if self.measure.min_width is None else self.measure.min_width

    def preferred_height(self, width: int) -> int:
        """The preferred height at a width."""
        if self.options.height:
            return self.options.height
        measure = self.measure
        height = measure.height_at(width) if measure.height_at else measure.height
        return height if self.max_height is None else min(height, self.find_max_height(width))

    def find_max_height(self, width: int) -> int:
        """The greatest height at a width; without a limit, a very large one."""
        limit = sys.maxsize if self.max_height is None else self.max_height
        return max(limit, self.min_content(width).height)

    def min_content(self, width: int) -> Size:
        """What the content needs at a width, whatever size the author asked for."""
        measure = self.measure
        least = measure.min_height_at or measure.height_at
        return Size(self._min_content_width, least(width) if least else measure.height)


@dataclass(frozen=True)
class Group(Generic[T]):
    """Leaves and groups next to, below or on top of each other.

    Attributes:
        direction: How the items are arranged.
        items: At least one.
        options: Gaps, padding, alignment, and the size that the author asked for.
        grid: Where items that snap begin.
    """

    direction: Direction
    items: Sequence[Leaf[T] | Group[T]]
    options: StackSpec = field(default_factory=StackSpec)
    grid: SnapGrid = field(default_factory=SnapGrid)

    @cached_property
    def snaps(self) -> bool:
        """Whether it begins on the grid: if one of its items does."""
        return any(item.snaps for item in self.items)

    @cached_property
    def padding(self) -> int:
        """Pixels around all items; with items that snap, at least as many as the author asked for."""
        padding = self.options.padding
        return self.grid.round_up(padding) if self.snaps else padding

    @property
    def grow(self) -> float:
        """Its share of free space; 0 unless the author sets it."""
        return self.options.grow or 0.0

    @cached_property
    def natural_width(self) -> int:
        """The preferred width."""
        return self.options.width or self._sum_widths([item.natural_width for item in self.items])

    @cached_property
    def min_width(self) -> int:
        """The smallest width."""
        return self.options.width or self._sum_widths([item.min_width for item in self.items])

    @property
    def columns(self) -> int:
        """Number of columns of a grid."""
        return min(self.options.columns, len(self.items))

    def _sum_widths(self, widths: list[int]) -> int:
        match self.direction:
            case Direction.ROW:
                inner = sum(self._snap_widths(widths)) + self.options.gap * (len(widths) - 1)
            case Direction.GRID:
                columns = self._snap_widths(_max_per_column(widths, self.columns))
                inner = sum(columns) + self.options.gap * (self.columns - 1)
            case _:
                inner = max(widths)
        return inner + 2 * self.padding

    @cached_property
    def _column_snaps(self) -> list[bool]:
        """Whether each item of a row, or each column of a grid, begins on the grid."""
        count = self.columns if self.direction is Direction.GRID else len(self.items)
        return [any(item.snaps for item in self.items[column::count]) for column in range(count)]

    def _snap_widths(self, widths: Sequence[int]) -> list[int]:
        """Widen columns, so that those that snap begin on the grid."""
        snaps = self._column_snaps
        last = max((column for column, snap in enumerate(snaps) if snap), default=0)
        return [*self._snap_lengths(widths[:last]), *widths[last:]]

    def _snap_lengths(self, lengths: Sequence[int]) -> list[int]:
        """Enlarge lengths, so that what follows each of them begins on the grid."""
        gap = self.options.gap
        return [self.grid.round_up(length + gap) - gap for length in lengths]

    def snap_heights(self, heights: Sequence[int]) -> list[int]:
        """Enlarge all heights but the last, so that all rows begin on the grid."""
        return [*self._snap_lengths(heights[:-1]), *heights[-1:]]

    def preferred_height(self, width: int) -> int:
        """The preferred height at a width."""
        return self.options.height or self.min_content(width).height

    def min_content(self, width: int) -> Size:
        """What the items need at a width, whatever size the author asked for the group."""
        heights = self.item_heights(self.item_widths(width))
        gap, inner = self.options.gap, max(heights)
        if self.direction is Direction.COLUMN:
            inner = sum(heights) + gap * (len(heights) - 1)
        elif self.direction is Direction.GRID:
            rows = self.snap_heights(_max_per_row(heights, self.columns))
            inner = sum(rows) + gap * (len(rows) - 1)
        min_width = self._sum_widths([item.min_width for item in self.items])
        return Size(min_width, inner + 2 * self.padding)

    def item_heights(self, widths: Sequence[int]) -> list[int]:
        """The heights of the items at their widths; in a column, all items begin on the grid."""
        heights = [item.preferred_height(width) for item, width in zip(self.items, widths, strict=True)]
        return self.snap_heights(heights) if self.direction is Direction.COLUMN else heights

    def item_widths(self, width: int) -> list[int]:
        """The widths of the items if the group has `width`."""
        inner = width - 2 * self.padding
        match self.direction:
            case Direction.ROW:
                minimal = [item.min_width for item in self.items]
                natural = [item.natural_width for item in self.items]
                return self._fit_widths(minimal, natural, [item.grow for item in self.items], inner)
            case Direction.GRID:
                columns = self.column_widths(width)
                return [
                    min(item.options.width or columns[number % self.columns], columns[number % self.columns])
                    for number, item in enumerate(self.items)
                ]
        return [self._width_across(item, inner) for item in self.items]

    def column_widths(self, width: int) -> list[int]:
        """The widths of the columns of a grid if the grid has `width`."""
        minimal = _max_per_column([item.min_width for item in self.items], self.columns)
        natural = _max_per_column([item.natural_width for item in self.items], self.columns)
        grow = [max(item.grow for item in self.items[k :: self.columns]) for k in range(self.columns)]
        return self._fit_widths(minimal, natural, grow, width - 2 * self.padding)

    def _fit_widths(
        self, minimal: Sequence[int], natural: Sequence[int], grow: Sequence[float], inner: int
    ) -> list[int]:
        """Distribute the inner width among columns; those that snap begin on the grid."""
        gap, minimal = self.options.gap, self._snap_widths(minimal)
        free = inner - gap * (len(minimal) - 1)
        widths = distribute_lengths(minimal, self._snap_widths(natural), grow, free)
        return align_starts(widths, minimal, grow, gap, self._column_snaps, self.grid)

    def _width_across(self, item: Leaf[T] | Group[T], inner: int) -> int:
        default = "stretch" if self.direction is Direction.COLUMN else "start"
        if _alignment(item, self, default) == "stretch" and not item.options.width:
            return inner
        return min(inner, item.natural_width)


def place_items(node: Leaf[T] | Group[T], box: Box) -> Iterator[tuple[T, Box]]:
    """Give every leaf of `node` its box inside `box`, which must be large enough."""
    if isinstance(node, Leaf):
        yield node.item, box
        return
    for item, item_box in zip(node.items, place_children(node, box), strict=True):
        yield from place_items(item, item_box)


def place_children(group: Group[T], box: Box) -> list[Box]:
    """The boxes of a group's items."""
    inner = box.expand(-group.padding)
    widths = group.item_widths(box.width)
    heights = group.item_heights(widths)
    match group.direction:
        case Direction.COLUMN:
            return _place_column(group, inner, widths, heights)
        case Direction.ROW:
            return _place_row(group, inner, widths, heights)
        case Direction.GRID:
            return _place_grid(group, inner, widths, heights)
    return [
        Box(
            inner.x
            + align_offset(_alignment(item, group, "start"), inner.width - width, _grid_of(item, group)),
            inner.y + align_offset(group.options.justify, inner.height - height, _grid_of(item, group)),
            width,
            height,
        )
        for item, width, height in zip(group.items, widths, heights, strict=True)
    ]


def _place_column(group: Group[T], inner: Box, widths: list[int], heights: list[int]) -> list[Box]:
    gap, grow = group.options.gap, [item.grow for item in group.items]
    free = inner.height - sum(heights) - gap * (len(heights) - 1)
    grown = limit_growth(group.items, widths, heights, split_pixels(grow, free))
    free -= sum(grown)
    least, heights = heights, [height + more for height, more in zip(heights, grown, strict=True)]
    heights = align_starts(heights, least, grow, gap, [item.snaps for item in group.items], group.grid)
    y, boxes = inner.y + align_offset(group.options.justify, free, _grid_of(group, group)), []
    for number, (item, width, height) in enumerate(zip(group.items, widths, heights, strict=True)):
        grid = _grid_of(item, group)
        x = inner.x + align_offset(_alignment(item, group, "stretch"), inner.width - width, grid)
        boxes.append(Box(x, y + _between_offset(group, number, free), width, height))
        y += height + gap
    return boxes


def _place_row(group: Group[T], inner: Box, widths: list[int], heights: list[int]) -> list[Box]:
    gap = group.options.gap
    free = inner.width - sum(widths) - gap * (len(widths) - 1)
    x, boxes = inner.x + align_offset(group.options.justify, free, _grid_of(group, group)), []
    for number, (item, width, height) in enumerate(zip(group.items, widths, heights, strict=True)):
        alignment = _alignment(item, group, "center")
        if alignment == "stretch" and not item.options.height:
            height = inner.height
        y = inner.y + align_offset(alignment, inner.height - height, _grid_of(item, group))
        boxes.append(Box(x + _between_offset(group, number, free), y, width, height))
        x += width + gap
    return boxes


def _place_grid(group: Group[T], inner: Box, widths: list[int], heights: list[int]) -> list[Box]:
    gap, justify = group.options.gap, group.options.justify
    rows, grid = group.snap_heights(_max_per_row(heights, group.columns)), _grid_of(group, group)
    columns = group.column_widths(inner.width + 2 * group.padding)
    left = inner.x + align_offset(justify, inner.width - sum(columns) - gap * (len(columns) - 1), grid)
    top = inner.y + align_offset(justify, inner.height - sum(rows) - gap * (len(rows) - 1), grid)
    boxes = []
    for number, (item, width, height) in enumerate(zip(group.items, widths, heights, strict=True)):
        row, column = divmod(number, group.columns)
        alignment = _alignment(item, group, "start")
        if alignment == "stretch" and not item.options.height:
            height = rows[row]
        x = left + sum(columns[:column]) + gap * column
        y = top + sum(rows[:row]) + gap * row
        offset = align_offset(alignment, rows[row] - height, _grid_of(item, group))
        boxes.append(Box(x, y + offset, width, height))
    return boxes


def limit_growth(
    items: Sequence[Leaf[T] | Group[T]], widths: Sequence[int], heights: Sequence[int], grown: list[int]
) -> list[int]:
    """By how many pixels items of a column become higher, none beyond its limit; what they leave, the others get."""
    limits = [
        item.find_max_height(width) - height
        if isinstance(item, Leaf) and item.max_height is not None
        else None
        for item, width, height in zip(items, widths, heights, strict=True)
    ]
    limited = [
        more if limit is None else min(more, max(0, limit)) for more, limit in zip(grown, limits, strict=True)
    ]
    shares = [item.grow if limit is None else 0.0 for item, limit in zip(items, limits, strict=True)]
    return [
        more + extra
        for more, extra in zip(limited, split_pixels(shares, sum(grown) - sum(limited)), strict=True)
    ]


def _alignment(item: Leaf[T] | Group[T], group: Group[T], default: str) -> str:
    """How an item is aligned across the direction of its group."""
    return item.options.align_self or group.options.align or default


def _grid_of(item: Leaf[T] | Group[T], group: Group[T]) -> SnapGrid:
    """The grid on which an item of a group begins."""
    return group.grid if item.snaps else SnapGrid(1)


def align_offset(alignment: str, free: int, grid: SnapGrid) -> int:
    """Pixels before an item that has `free` pixels to spare, a multiple of the grid."""
    match alignment:
        case "center":
            return grid.center(free)
        case "end":
            return grid.round_down(free)
    return 0


def _between_offset(group: Group[T], number: int, free: int) -> int:
    """Pixels by which `justify: between` moves an item of a group."""
    if group.options.justify != "between" or len(group.items) < 2 or free <= 0:
        return 0
    # What stands before an item that snaps must not move farther than that one.
    return min(
        _grid_of(item, group).round_down(free * place // (len(group.items) - 1))
        for place, item in enumerate(group.items)
        if place >= number
    )


def _max_per_column(values: Sequence[int], columns: int) -> list[int]:
    """The largest value of each column of a grid that is filled row by row."""
    return [max(values[k::columns]) for k in range(columns)]


def _max_per_row(values: Sequence[int], columns: int) -> list[int]:
    """The largest value of each row of a grid that is filled row by row."""
    return [max(values[k : k + columns]) for k in range(0, len(values), columns)]


def distribute_lengths(
    minimal: Sequence[int], natural: Sequence[int], grow: Sequence[float], total: int
) -> list[int]:
    """Lengths that add up to `total` if possible: some grow, or all shrink toward their minimum."""
    free = total - sum(natural)
    if free >= 0:
        return [length + more for length, more in zip(natural, split_pixels(grow, free), strict=True)]
    slack = [length - least for length, least in zip(natural, minimal, strict=True)]
    shrunk = split_pixels([float(each) for each in slack], min(-free, sum(slack)))
    return [length - less for length, less in zip(natural, shrunk, strict=True)]


def align_starts(
    lengths: Sequence[int],
    minimal: Sequence[int],
    grow: Sequence[float],
    gap: int,
    snaps: Sequence[bool],
    grid: SnapGrid,
) -> list[int]:
    """Shorten what stands before items that snap, so that these begin on the grid.

    Args:
        lengths: The lengths of the items, one after the other with gaps.
        minimal: The smallest lengths; with them, all items that snap begin on the grid.
        grow: The items' shares of free space; the next item that grows gets the pixels that others lose.
        gap: Pixels between two items.
        snaps: Which items begin on the grid.
        grid: The grid.
    """
    aligned, start, previous = list(lengths), 0, 0
    for number in range(len(aligned)):
        if snaps[number]:
            excess = start - grid.round_down(start)
            start -= excess
            growing = next((later for later in range(number, len(grow)) if grow[later]), None)
            if growing is not None:
                aligned[growing] += excess
            for earlier in range(number - 1, previous - 1, -1):
                less = min(excess, aligned[earlier] - minimal[earlier])
                aligned[earlier] -= less
                excess -= less
            previous = number
        start += aligned[number] + gap
    return aligned


def split_pixels(shares: Sequence[float], pixels: int) -> list[int]:
    """Split `pixels` by shares, exactly to the pixel; all parts are 0 if all shares are."""
    total, cumulative, parts = sum(shares), 0.0, []
    for share in shares:
        before = round(pixels * cumulative / total) if total else 0
        cumulative += share
        parts.append((round(pixels * cumulative / total) if total else 0) - before)
    return parts
