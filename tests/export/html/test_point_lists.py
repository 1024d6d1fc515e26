"""Points of lines are stored once, however long the lines are."""

from __future__ import annotations

from reelnet.export.html.point_lists import PointLists, PointRange


def test_a_growing_line_is_one_list() -> None:
    points = PointLists()
    found = [points.add([0, 0, 1, 2, 2, 4, 3, 6][: 2 * count]) for count in (2, 4, 3, 2)]
    assert points.lists == [[0, 0, 1, 2, 2, 4, 3, 6]]
    assert found == [PointRange(0, 2), PointRange(0, 4), PointRange(0, 3), PointRange(0, 2)]


def test_an_end_between_two_points_is_kept_apart() -> None:
    points = PointLists()
    points.add([0, 0, 1, 2, 2, 4])
    assert points.add([0, 0, 1, 2, 1.5, 3]) == PointRange(0, 2, (1.5, 3))
    assert points.lists == [[0, 0, 1, 2, 2, 4]]


def test_other_lines_have_other_lists() -> None:
    points = PointLists()
    assert points.add([0, 0, 1, 1]) == PointRange(0, 2)
    assert points.add([0, 0, 9, 9, 8, 8]) == PointRange(1, 3)
    assert points.add([None, None, 5, 5]) == PointRange(2, 2)
    # Nothing is appended to the corners of a polygon.
    assert points.add_whole([5, 5, 6, 6]) == points.add_whole([5, 5, 6, 6]) == 3
    points.add([5, 5, 6, 6, 7, 7])
    assert points.lists[3] == [5, 5, 6, 6]
