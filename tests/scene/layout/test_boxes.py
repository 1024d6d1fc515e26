"""Sizes of groups, and the boxes of their items."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelnet.scene.layout.boxes import (
    Box,
    Group,
    Leaf,
    Measure,
    distribute_lengths,
    place_children,
    place_items,
    split_pixels,
)
from reelnet.scene.layout.snap import SnapGrid
from reelnet.template.model import Direction, ItemSpec, StackSpec

Tree = Leaf[str] | Group[str]


def leaf(
    name: str,
    wide: int,
    tall: int,
    grow: float = 0.0,
    least: int | None = None,
    snaps: bool = False,
    **own: Any,
) -> Leaf[str]:
    return Leaf(name, Measure(wide, tall, least), ItemSpec(**own), grow, snaps)


def group(direction: str, *items: Tree, **style: Any) -> Group[str]:
    return Group(Direction(direction), items, StackSpec(**style))


def placed(tree: Group[str], width: int | None = None, height: int | None = None) -> dict[str, Box]:
    width = tree.natural_width if width is None else width
    return dict(
        place_items(tree, Box(0, 0, width, tree.preferred_height(width) if height is None else height))
    )


def test_a_column_adds_heights_and_gaps() -> None:
    tree = group("column", leaf("a", 30, 8), leaf("b", 50, 24), leaf("c", 5, 16), gap=4, padding=3)
    # The height of an item and its gap together are a multiple of 8.
    assert (tree.natural_width, tree.preferred_height(56)) == (50 + 6, 16 + 32 + 16 + 6)
    assert placed(tree) == {"a": Box(3, 3, 50, 12), "b": Box(3, 19, 50, 28), "c": Box(3, 51, 50, 16)}


def test_column_items_begin_on_the_layout_grid() -> None:
    boxes = placed(group("column", leaf("a", 30, 9), leaf("b", 30, 9), leaf("c", 30, 9)))
    assert [box.y for box in boxes.values()] == [0, 16, 32]
    assert boxes["c"].bottom == 41


def test_a_row_adds_widths_and_centers_items() -> None:
    tree = group("row", leaf("a", 30, 8), leaf("b", 50, 24), gap=4, padding=3)
    assert (tree.natural_width, tree.preferred_height(90)) == (30 + 50 + 4 + 6, 30)
    assert placed(tree) == {"a": Box(3, 11, 30, 8), "b": Box(37, 3, 50, 24)}


@pytest.mark.parametrize(("align", "y", "height"), [("start", 0, 8), ("end", 16, 8), ("stretch", 0, 24)])
def test_alignment_in_a_row(align: str, y: int, height: int) -> None:
    assert placed(group("row", leaf("a", 30, 8), leaf("b", 50, 24), align=align))["a"] == Box(
        0, y, 30, height
    )
    alone = group("row", leaf("a", 30, 8, align_self=align), leaf("b", 50, 24))
    assert placed(alone)["a"] == Box(0, y, 30, height)


@pytest.mark.parametrize(("align", "x", "width"), [("start", 0, 20), ("center", 40, 20), ("end", 80, 20)])
def test_alignment_in_a_column(align: str, x: int, width: int) -> None:
    assert placed(group("column", leaf("a", 20, 8), leaf("b", 100, 8), align=align))["a"] == Box(
        x, 0, width, 8
    )


@pytest.mark.parametrize(
    ("justify", "ys"), [("start", (0, 8)), ("center", (24, 32)), ("end", (48, 56)), ("between", (0, 56))]
)
def test_justification_in_a_column(justify: str, ys: tuple[int, int]) -> None:
    boxes = placed(group("column", leaf("a", 20, 8), leaf("b", 20, 8), justify=justify), height=64)
    assert (boxes["a"].y, boxes["b"].y) == ys


@pytest.mark.parametrize("over", [0, 1, 2, 7, 100])
def test_free_space_goes_to_items_that_grow(over: int) -> None:
    tree = group(
        "row", leaf("a", 10, 8), leaf("x", 3, 8, grow=1), leaf("y", 0, 8, grow=1), leaf("b", 20, 8), gap=2
    )
    boxes = placed(tree, tree.natural_width + over)
    assert boxes["b"].right == tree.natural_width + over
    assert (boxes["x"].width - 3) + boxes["y"].width == over
    assert abs((boxes["x"].width - 3) - boxes["y"].width) <= 1
    assert (boxes["a"].width, boxes["b"].width) == (10, 20)


def test_shares_of_growth_are_weights() -> None:
    boxes = placed(group("column", leaf("a", 9, 8, grow=1), leaf("b", 9, 8, grow=3)), height=96)
    assert (boxes["a"].height, boxes["b"].height) == (28, 68)


def test_items_shrink_to_their_minimum() -> None:
    tree = group("row", leaf("a", 100, 8), leaf("b", 100, 8, least=20))
    assert tree.min_width == 120
    boxes = placed(tree, 140)
    assert (boxes["a"].width, boxes["b"].width) == (100, 40)


def test_a_height_may_depend_on_the_width() -> None:
    words = Leaf("w", Measure(100, 8, 10, lambda width: 8 * -(-100 // width)))
    tree = group("column", words, leaf("below", 10, 8))
    assert placed(tree, 40) == {"w": Box(0, 0, 40, 24), "below": Box(0, 24, 40, 8)}


def test_an_overlay_is_as_large_as_its_largest_and_begins_at_one_corner() -> None:
    tree = group("overlay", leaf("a", 32, 16), leaf("b", 20, 40))
    assert (tree.natural_width, tree.preferred_height(32)) == (32, 40)
    assert placed(tree) == {"a": Box(0, 0, 32, 16), "b": Box(0, 0, 20, 40)}
    end = group("overlay", leaf("a", 32, 16), leaf("b", 20, 40), align="end", justify="end")
    assert placed(end) == {"a": Box(0, 24, 32, 16), "b": Box(12, 0, 20, 40)}


def test_a_grid_has_columns_and_rows_of_one_size() -> None:
    items = [leaf("a", 10, 8), leaf("b", 30, 16), leaf("c", 20, 24), leaf("d", 5, 8), leaf("e", 1, 8)]
    tree = group("grid", *items, columns=2, gap=4)
    assert (tree.natural_width, tree.preferred_height(54)) == (20 + 30 + 4, 24 + 32 + 8)
    boxes = placed(tree)
    assert (boxes["b"].x, boxes["d"].x) == (24, 24)
    assert (boxes["c"].y, boxes["e"].y) == (24, 56)


def test_items_with_a_size_of_their_own() -> None:
    boxes = placed(group("column", leaf("a", 30, 8, width=12, height=40), leaf("b", 50, 8)))
    assert boxes["a"] == Box(0, 0, 12, 40)
    assert group("row", leaf("a", 30, 8), width=200, height=99).natural_width == 200


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8), st.integers(0, 5000))
def test_parts_add_up(shares: list[float], over: int) -> None:
    found = split_pixels(shares, over)
    assert sum(found) == (over if sum(shares) else 0)
    assert all(part >= 0 for part in found)


lengths = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 300), st.sampled_from([0.0, 1.0, 2.0])), min_size=1
)


@given(lengths, st.integers(0, 4000))
def test_distributed_lengths_fill_the_total_if_possible(
    items: list[tuple[int, int, float]], room: int
) -> None:
    least, natural = [min(a, b) for a, b, _ in items], [max(a, b) for a, b, _ in items]
    found = distribute_lengths(least, natural, [grow for *_, grow in items], room)
    assert all(a >= b for a, b in zip(found, least, strict=True))
    if room <= sum(natural):
        assert sum(found) == max(room, sum(least))
    elif any(grow for *_, grow in items):
        assert sum(found) == room
    else:
        assert found == natural


def test_cells_in_a_row_begin_on_the_grid() -> None:
    items = [leaf("a", 30, 8), leaf("maps", 50, 50, snaps=True), leaf("b", 9, 9), leaf("c", 9, 9)]
    boxes = placed(group("row", *items, gap=5, padding=3))
    # The padding becomes 8, and 30 + 5 becomes 40; nothing changes after the last item with cells.
    assert boxes["a"] == Box(8, 8 + 21, 35, 8)
    assert boxes["maps"] == Box(48, 8, 50, 50)
    assert [boxes["b"].x, boxes["c"].x] == [48 + 50 + 5, 48 + 50 + 5 + 9 + 5]


def test_what_grows_or_shrinks_before_cells_leaves_them_on_the_grid() -> None:
    row = group("row", leaf("a", 30, 8, grow=1), leaf("maps", 50, 50, snaps=True), leaf("b", 9, 9, grow=1))
    boxes = placed(row, width=133)
    # Of 42 free pixels, 21 would bring the maps to 53; the pixels that are taken from a go to b.
    assert (boxes["a"].width, boxes["maps"].x, boxes["b"].x, boxes["b"].right) == (48, 48, 98, 133)
    row = group("row", leaf("a", 64, 8, least=10), leaf("maps", 50, 50, snaps=True))
    assert placed(row, width=100)["maps"].x == 48
    column = group("column", leaf("a", 9, 30, grow=1), leaf("maps", 50, 50, snaps=True))
    assert placed(column, height=111)["maps"].y == 56


@pytest.mark.parametrize("free", range(20))
def test_items_spread_on_the_grid_do_not_overlap(free: int) -> None:
    items = [leaf("first", 8, 8, snaps=True), leaf("text", 8, 8), leaf("maps", 8, 8, snaps=True)]
    down = placed(group("column", *items, justify="between"), height=24 + free)
    assert down["first"].bottom <= down["text"].y
    assert down["text"].bottom <= down["maps"].y
    assert down["maps"].y % 8 == 0
    across = placed(group("row", *items, justify="between"), width=24 + free)
    assert across["first"].right <= across["text"].x
    assert across["text"].right <= across["maps"].x
    assert across["maps"].x % 8 == 0


@pytest.mark.parametrize(("align", "x"), [("start", 0), ("center", 16), ("end", 32)])
def test_alignment_on_the_grid(align: str, x: int) -> None:
    items = [leaf("maps", 64, 64, snaps=True), leaf("text", 101, 9)]
    assert placed(group("column", *items, align=align))["maps"].x == x
    assert placed(group("row", items[0], leaf("text", 9, 101), align=align))["maps"].y == x


def test_a_group_without_a_grid() -> None:
    items = [leaf("a", 30, 9), leaf("maps", 50, 50, snaps=True)]
    for direction, corner in (("row", (36, 3)), ("column", (3, 15))):
        tree = Group(Direction(direction), items, StackSpec(gap=3, padding=3, align="start"), SnapGrid(1))
        assert (placed(tree)["maps"].x, placed(tree)["maps"].y) == corner


trees = st.recursive(
    st.builds(
        leaf,
        st.just("x"),
        st.integers(20, 90),
        st.integers(1, 90),
        st.sampled_from([0.0, 1.0]),
        st.sampled_from([None, 5, 20]),
        st.booleans(),
    ),
    lambda inner: st.builds(
        lambda kind, items, gap, padding, justify, align: group(
            kind, *items, gap=gap, padding=padding, justify=justify, align=align
        ),
        st.sampled_from(["column", "row", "grid", "overlay"]),
        st.lists(inner, min_size=1, max_size=4),
        st.integers(0, 9),
        st.integers(0, 9),
        st.sampled_from(["start", "center", "end", "between"]),
        st.sampled_from([None, "start", "center", "end", "stretch"]),
    ),
    max_leaves=10,
)


def has_overlay(node: Tree) -> bool:
    """Whether items lie on top of each other."""
    if isinstance(node, Leaf):
        return False
    return node.direction is Direction.OVERLAY or any(map(has_overlay, node.items))


def find_snapping(node: Tree, box: Box) -> list[Box]:
    """The boxes of the leaves that begin on the grid."""
    if isinstance(node, Leaf):
        return [box] if node.snaps else []
    children = zip(node.items, place_children(node, box), strict=True)
    return [found for item, item_box in children for found in find_snapping(item, item_box)]


@given(trees, st.floats(0, 2), st.integers(0, 200))
def test_all_cells_begin_on_the_grid(tree: Tree, fraction: float, tall: int) -> None:
    width = round(tree.min_width + fraction * (tree.natural_width - tree.min_width + 20))
    height = tree.preferred_height(width) + tall
    for box in find_snapping(tree, Box(16, 8, width, height)):
        assert (box.x % 8, box.y % 8) == (0, 0)
        assert box.right <= 16 + width
        assert box.bottom <= 8 + height


@given(trees.filter(lambda tree: not has_overlay(tree)), st.integers(0, 200), st.integers(0, 200))
def test_boxes_lie_inside_and_do_not_overlap(tree: Tree, wide: int, tall: int) -> None:
    width = tree.natural_width + wide
    height = tree.preferred_height(width) + tall
    boxes = [box for _, box in place_items(tree, Box(0, 0, width, height))]
    for number, box in enumerate(boxes):
        assert box.x >= 0
        assert box.y >= 0
        assert box.right <= width
        assert box.bottom <= height
        for other in boxes[:number]:
            apart = (
                box.x >= other.right or other.x >= box.right or box.y >= other.bottom or other.y >= box.bottom
            )
            assert apart or 0 in (box.width, box.height, other.width, other.height)
