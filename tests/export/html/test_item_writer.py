"""Items as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reelnet.export.html.color_table import ColorTable
from reelnet.export.html.item_writer import ItemWriter
from reelnet.render.description.items import DiscItem, Item, LineItem, PolygonItem, RectItem, TextItem
from reelnet.render.typography import TextStyle
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink

RGB = np.zeros((256, 3), np.uint8)
RED, BLUE = (Ink(np.array([[255, 255, 255], color], np.uint8)) for color in ((255, 0, 0), (0, 0, 255)))
ZIGZAG = ((0.0, 0.0), (10.0, 5.0), (20.0, 0.0), (30.0, 5.123))


@pytest.fixture
def writer() -> ItemWriter:
    return ItemWriter((RGB, RGB), 2, ColorTable(has_dark=False), [])


def write(writer: ItemWriter, item: Item) -> list[Any]:
    (written,) = writer.write(item, None)
    return written


def test_lengths_are_css_pixels_and_colors_are_numbers(writer: ItemWriter) -> None:
    assert write(writer, RectItem(Box(2, 4, 5, 6), RED)) == ["r", 1, 2, 2.5, 3, 0]
    assert write(writer, DiscItem(3, 4, 2.333, BLUE)) == ["d", 1.5, 2, 1.17, 1]
    assert write(writer, DiscItem(3, 4, 2, RED, 3)) == ["d", 1.5, 2, 1, 0, 1.5]


def test_texts_begin_on_their_baseline(writer: ItemWriter) -> None:
    style = TextStyle(32, bold=True)
    text = write(writer, TextItem("añ", 10, 20, 40, style, RED))
    assert text == ["t", "añ", 5, (20 + style.ascent) / 2, 20, 16, 600, 0]
    assert write(writer, TextItem("a", 10, 20, 40, style, RED, 90))[-1] == 90


def test_parts_of_lines(writer: ItemWriter) -> None:
    whole = LineItem((ZIGZAG,), 3, RED)
    assert write(writer, whole) == ["l", 0, 4, None, 1.5, 0]
    assert writer.points.lists == [[0, 0, 5, 2.5, 10, 0, 15, 2.56]]
    clipped = LineItem((ZIGZAG,), 3, RED, clip=Box(0, 0, 8, 8))
    assert write(writer, clipped) == ["l", 0, 4, None, 1.5, 0, [0, 0, 4, 4]]
    round_ends = LineItem((ZIGZAG,), 3, RED, has_round_ends=True)
    assert write(writer, round_ends) == ["l", 0, 4, None, 1.5, 0, None, None, 1]
    line = tuple((y, x) for x, y in ZIGZAG)
    lines = (line,)
    parts = [write(writer, LineItem(lines, 2, BLUE, span=span))[1:3] for span in ((0, 3), (1, 3), (2, 4))]
    assert parts == [[1, 3], [1, [1, 3]], [1, [2, 4]]]
    several = LineItem((ZIGZAG, line), 2, RED, span=(0, 2))
    assert write(writer, several)[1:3] == [2, 5]
    assert writer.points.lists[2] == [0, 0, 5, 2.5, None, None, 0, 0, 2.5, 5]


def test_a_dashed_ring_has_a_dash_at_the_top(writer: ItemWriter) -> None:
    item = write(writer, DiscItem(100, 100, 50, RED, 2, (4, 0.5)))
    assert (item[0], item[4]) == ("l", 1)
    points = writer.points.lists[item[1]]
    breaks = [place for place in range(0, len(points), 2) if points[place] is None]
    assert len(breaks) == 3
    first = np.array(points[: breaks[0]], float).reshape(-1, 2) - 50
    assert np.hypot(*first.T) == pytest.approx(25, abs=0.01)
    angles = np.degrees(np.arctan2(*first.T[::-1]))
    assert (angles.min(), angles.max()) == pytest.approx((-112.5, -67.5), abs=0.1)


def test_polygons_have_lists_of_their_own(writer: ItemWriter) -> None:
    assert write(writer, PolygonItem(ZIGZAG[:3], RED)) == ["p", 0, 0]
    write(writer, LineItem((ZIGZAG,), 1, RED))
    assert writer.points.lists[0] == [0, 0, 5, 2.5, 10, 0]
