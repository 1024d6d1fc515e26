"""Boxes."""

from __future__ import annotations

import pytest

from reelnet.scene.layout import Box, Group, Leaf, Size, place
from reelnet.template.spec import Direction


def leaf(name: str, width: int, height: int, *, grow: bool = False) -> Leaf[str]:
    return Leaf(name, Size(width, height), grow)


def placed(group: Group[str], width: int | None = None) -> dict[str, Box]:
    size = group.size
    return dict(place(group, Box(0, 0, width if width is not None else size.width, size.height)))


def test_a_column_adds_heights_and_gaps() -> None:
    group = Group(Direction.COLUMN, [leaf("a", 30, 10), leaf("b", 50, 20), leaf("c", 5, 7)], gap=4, padding=3)
    assert group.size == Size(50 + 6, 10 + 20 + 7 + 8 + 6)
    assert placed(group) == {"a": Box(3, 3, 50, 10), "b": Box(3, 17, 50, 20), "c": Box(3, 41, 50, 7)}


def test_a_row_adds_widths_and_stands_on_its_middle() -> None:
    group = Group(Direction.ROW, [leaf("a", 30, 10), leaf("b", 50, 20)], gap=4, padding=3)
    assert group.size == Size(30 + 50 + 4 + 6, 26)
    assert placed(group) == {"a": Box(3, 8, 30, 10), "b": Box(37, 3, 50, 20)}


@pytest.mark.parametrize("over", [0, 1, 2, 7, 100])
def test_what_is_left_over_goes_to_those_that_grow(over: int) -> None:
    items = [leaf("a", 10, 5), leaf("x", 3, 5, grow=True), leaf("y", 0, 5, grow=True), leaf("b", 20, 5)]
    group = Group(Direction.ROW, items, gap=2)
    boxes = placed(group, group.size.width + over)
    assert boxes["b"].right == group.size.width + over
    assert (boxes["x"].width - 3) + boxes["y"].width == over
    assert abs((boxes["x"].width - 3) - boxes["y"].width) <= 1
    assert (boxes["a"].width, boxes["b"].width) == (10, 20)


def test_an_overlay_is_as_large_as_its_largest_and_begins_at_one_corner() -> None:
    group = Group(Direction.OVERLAY, [leaf("a", 30, 10), leaf("b", 20, 40)])
    assert group.size == Size(30, 40)
    assert placed(group) == {"a": Box(0, 0, 30, 10), "b": Box(0, 0, 20, 40)}


def test_groups_in_groups_do_not_overlap() -> None:
    row = Group(Direction.ROW, [leaf("b", 10, 6), leaf("s", 0, 0, grow=True), leaf("c", 10, 9)], gap=1)
    items: list[Leaf[str] | Group[str]] = [leaf("a", 60, 5), row, leaf("d", 8, 5)]
    group = Group(Direction.COLUMN, items, gap=2, padding=1)
    boxes = placed(group)
    assert boxes["c"].right == 61
    assert boxes["b"].y >= boxes["a"].bottom + 2
    assert boxes["d"].y >= boxes["c"].bottom + 2
    assert boxes["d"].bottom + 1 == group.size.height
