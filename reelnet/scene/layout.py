"""Boxes: from the panels' natural sizes to pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from reelnet.template.spec import Direction

T = TypeVar("T")


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


@dataclass(frozen=True)
class Leaf(Generic[T]):
    """Something with a natural size; `grow` takes the width that is left over in a row."""

    item: T
    size: Size
    grow: bool = False


@dataclass(frozen=True)
class Group(Generic[T]):
    """Leaves and groups beside, under or over each other."""

    direction: Direction
    items: Sequence[Leaf[T] | Group[T]]
    gap: int = 0
    padding: int = 0
    grow: bool = field(default=False, init=False)

    @property
    def size(self) -> Size:
        """The size that the items need."""
        widths = [item.size.width for item in self.items]
        heights = [item.size.height for item in self.items]
        gaps = self.gap * (len(self.items) - 1)
        width = sum(widths) + gaps if self.direction is Direction.ROW else max(widths)
        height = sum(heights) + gaps if self.direction is Direction.COLUMN else max(heights)
        return Size(width + 2 * self.padding, height + 2 * self.padding)


def place(node: Leaf[T] | Group[T], box: Box) -> Iterator[tuple[T, Box]]:
    """Give every leaf of `node` its box inside `box`.

    A column's items have its whole width, a row's items stand on the middle line of its height, and what
    width is left over in a row goes to the items that grow.
    """
    if isinstance(node, Leaf):
        yield node.item, box
        return
    x, y = box.x + node.padding, box.y + node.padding
    width, height = box.width - 2 * node.padding, box.height - 2 * node.padding
    growing = sum(item.grow for item in node.items)
    over = width - (node.size.width - 2 * node.padding)
    for item in node.items:
        size = item.size
        match node.direction:
            case Direction.OVERLAY:
                yield from place(item, Box(x, y, size.width, size.height))
            case Direction.COLUMN:
                yield from place(item, Box(x, y, width, size.height))
                y += size.height + node.gap
            case Direction.ROW:
                wide = size.width
                if item.grow:
                    wide += over // growing
                    over, growing = over - over // growing, growing - 1
                yield from place(item, Box(x, y + (height - size.height) // 2, wide, size.height))
                x += wide + node.gap
