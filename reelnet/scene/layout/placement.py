"""Where panels stand: a box for each, inside the box of the whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from reelnet.scene.layout.boxes import LAYOUT_GRID, Box, Group, Leaf, by_row, parts, stepped
from reelnet.template.model import Direction

T = TypeVar("T")


def place(node: Leaf[T] | Group[T], box: Box) -> Iterator[tuple[T, Box]]:
    """Give every leaf of `node` its box inside `box`, whose width and height must do."""
    if isinstance(node, Leaf):
        yield node.item, box
        return
    for item, each in zip(node.items, inside(node, box), strict=True):
        yield from place(item, each)


def inside(node: Group[T], box: Box) -> list[Box]:
    """The boxes of a stack's items."""
    style, pad = node.style, node.style.padding
    inner = Box(box.x + pad, box.y + pad, box.width - 2 * pad, box.height - 2 * pad)
    widths = node.widths(box.width)
    heights = node.heights(widths)
    match node.direction:
        case Direction.COLUMN:
            return _down(node, inner, widths, heights)
        case Direction.ROW:
            return _along(node, inner, widths, heights)
        case Direction.GRID:
            return _grid(node, inner, widths, heights)
    return [
        Box(
            inner.x + shift(aligned(item, style.align or "start"), inner.width - width),
            inner.y + shift(style.justify, inner.height - height),
            width,
            height,
        )
        for item, width, height in zip(node.items, widths, heights, strict=True)
    ]


def _down(node: Group[T], inner: Box, widths: list[int], heights: list[int]) -> list[Box]:
    gap = node.style.gap
    over = inner.height - sum(heights) - gap * (len(heights) - 1)
    heights = [a + b for a, b in zip(heights, parts([item.grow for item in node.items], over), strict=True)]
    over = inner.height - sum(heights) - gap * (len(heights) - 1)
    y, boxes = inner.y + shift(node.style.justify, over), []
    for number, (item, width, height) in enumerate(zip(node.items, widths, heights, strict=True)):
        x = inner.x + shift(aligned(item, node.style.align or "stretch"), inner.width - width)
        boxes.append(Box(x, y + between(node, number, over), width, height))
        y += height + gap
    return boxes


def _along(node: Group[T], inner: Box, widths: list[int], heights: list[int]) -> list[Box]:
    gap = node.style.gap
    over = inner.width - sum(widths) - gap * (len(widths) - 1)
    x, boxes = inner.x + shift(node.style.justify, over), []
    for number, (item, width, height) in enumerate(zip(node.items, widths, heights, strict=True)):
        how = aligned(item, node.style.align or "center")
        if how == "stretch" and not item.place.height:
            height = inner.height
        # Not in the rhythm: a line of text stands on the middle of what is beside it.
        y = inner.y + {"center": (inner.height - height) // 2, "end": inner.height - height}.get(how, 0)
        boxes.append(Box(x + between(node, number, over), y, width, height))
        x += width + gap
    return boxes


def _grid(node: Group[T], inner: Box, widths: list[int], heights: list[int]) -> list[Box]:
    gap, columns = node.style.gap, node.columns
    rows, across = stepped(by_row(heights, columns)), node.column_widths(inner.width + 2 * node.style.padding)
    over = inner.width - sum(across) - gap * (columns - 1)
    down = inner.height - sum(rows) - gap * (len(rows) - 1)
    left, y, boxes = inner.x + shift(node.style.justify, over), inner.y + shift(node.style.justify, down), []
    for number, (item, width, height) in enumerate(zip(node.items, widths, heights, strict=True)):
        row, column = divmod(number, columns)
        how = aligned(item, node.style.align or "start")
        if how == "stretch" and not item.place.height:
            height = rows[row]
        boxes.append(
            Box(
                left + sum(across[:column]) + gap * column,
                y + sum(rows[:row]) + gap * row + shift(how, rows[row] - height),
                width,
                height,
            )
        )
    return boxes


def aligned(item: Leaf[T] | Group[T], usual: str) -> str:
    """Where an item stands across its stack's direction."""
    return item.place.align_self or usual


def shift(how: str, over: int) -> int:
    """Pixels before something that has `over` pixels to spare; in step with the rhythm."""
    if how == "end":
        return over
    return (over + LAYOUT_GRID) // (2 * LAYOUT_GRID) * LAYOUT_GRID if how == "center" and over > 0 else 0


def between(node: Group[T], number: int, over: int) -> int:
    """Pixels by which `justify: between` moves the item `number` of a stack on."""
    if node.style.justify != "between" or len(node.items) < 2 or over <= 0:
        return 0
    return over * number // (len(node.items) - 1)
