"""Colours and their indices."""

from __future__ import annotations

import numpy as np
import pytest

from reelnet.errors import ReelnetError
from reelnet.scene.palette import Palette
from tests.rendering import ANCHORS


def test_shared_colours_have_one_index() -> None:
    palette = Palette()
    first, second = palette.ramp((10, 20, 30), (255, 255, 255)), palette.ramp((90, 80, 70), (255, 255, 255))
    paper = palette.ramp((255, 255, 255), (255, 255, 255), 1)
    palette.mix()
    assert first.indices[0] == second.indices[0] == paper.indices[0]
    assert len({*map(int, first.indices), *map(int, second.indices)}) == 31


def test_every_ink_finds_its_own_colours_again() -> None:
    palette = Palette()
    inks = [palette.ramp((10, 20, 30), (255, 255, 255)), palette.ramp((0, 0, 0), (0, 0, 0), 1)]
    colormap = palette.colormap(ANCHORS)
    palette.mix()
    for ink in [*inks, colormap]:
        assert (palette.rgb[ink.indices] == ink.colours).all()


@pytest.mark.parametrize("others", [0, 1, 2, 40, 131])
def test_the_colormap_gets_what_is_left_over(others: int) -> None:
    palette = Palette()
    palette.colours(np.array([(0, 255, n) for n in range(others)], np.uint8).reshape(-1, 3))
    colormap = palette.colormap(ANCHORS)
    palette.mix()
    assert palette.levels % 2 == 1
    assert 255 - others - palette.levels in (0, 1)
    assert tuple(colormap.colours[0]) == ANCHORS[0]
    assert tuple(colormap.colours[palette.levels // 2]) == (255, 255, 255)
    assert tuple(colormap.colours[-1]) == ANCHORS[-1]
    assert colormap.indices.max() < 255


def test_too_many_colours_are_an_error() -> None:
    palette = Palette()
    palette.colours(np.array([(n, 1, 2) for n in range(256)], np.uint8))
    with pytest.raises(ReelnetError, match=r"256.*255"):
        palette.mix()


def test_255_colours_fit() -> None:
    palette = Palette()
    ink = palette.colours(np.array([(n, 1, 2) for n in range(255)], np.uint8))
    palette.mix()
    assert sorted(map(int, ink.indices)) == list(range(255))


def test_colormaps_share_what_is_left_over() -> None:
    palette = Palette()
    palette.ramp((1, 2, 3), (4, 5, 6), 5)
    first, second = palette.colormap(ANCHORS), palette.colormap(ANCHORS[5:])
    assert palette.colormap(ANCHORS) is first
    palette.mix()
    assert palette.levels == 125
    assert not set(map(int, first.indices)) & set(map(int, second.indices))
    assert tuple(second.colours[0]) == (255, 255, 255)


@pytest.mark.parametrize(("most", "levels"), [(3, 3), (8, 7), (9, 9), (255, 255)])
def test_levels_can_be_limited(most: int, levels: int) -> None:
    palette = Palette(most)
    palette.colormap(ANCHORS)
    palette.mix()
    assert palette.levels == levels
