"""Shared lists of points: a line that grows from step to step is a longer part of one list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Length = int | float
"""A length in CSS pixels."""

Coordinate = Length | None
"""A place in CSS pixels; None where the pen is lifted."""


class PointRange(NamedTuple):
    """Some points.

    Attributes:
        number: Of the list, from 0.
        length: How many of its first points there are.
        tail: Further x and y in turn, which are not in the list.
    """

    number: int
    length: int
    tail: tuple[Coordinate, ...] = ()


class PointLists:
    """The lists of points of a layer.

    Attributes:
        lists: The x and y of the points of each list in turn; None for both lifts the pen.
    """

    def __init__(self) -> None:
        self.lists: list[list[Coordinate]] = []
        self._known: dict[tuple[Coordinate, ...], PointRange] = {}
        self._whole: dict[tuple[Coordinate, ...], int] = {}
        self._by_start: dict[tuple[Coordinate, ...], int] = {}

    def add(self, points: Sequence[Coordinate]) -> PointRange:
        """Find a place for the points of a line, given as x and y in turn.

        Points that continue a list are appended to it. A last point of their own is kept apart, since it may lie
        between two points of the list.
        """
        key = tuple(points)
        if key not in self._known:
            self._known[key] = self._find(key)
        return self._known[key]

    def add_whole(self, points: Sequence[Coordinate]) -> int:
        """The number of a list with exactly these points, to which none will be appended."""
        key = tuple(points)
        if key not in self._whole:
            self._whole[key] = self._start(key)
        return self._whole[key]

    def _find(self, points: tuple[Coordinate, ...]) -> PointRange:
        number = self._by_start.get(points[:2])
        if number is None:
            number = self._by_start[points[:2]] = self._start(points)
            return PointRange(number, len(points) // 2)
        known = self.lists[number]
        for tail in (0, 2):
            body = points[: len(points) - tail]
            common = min(len(body), len(known))
            if body and tuple(known[:common]) == body[:common]:
                known += body[common:]
                return PointRange(number, len(body) // 2, points[len(body) :])
        return PointRange(self._start(points), len(points) // 2)

    def _start(self, points: tuple[Coordinate, ...]) -> int:
        self.lists.append(list(points))
        return len(self.lists) - 1
