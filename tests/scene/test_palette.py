"""Colours and their indices."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from reelnet.errors import ReelnetError
from reelnet.scene.palette import Palette
from reelnet.scene.timeline import Timeline
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


@pytest.mark.parametrize("fps", ["10", "12", "24", "25", "30", "50", "60", "29.97", "0.01"])
def test_a_timeline_shows_every_step_once_without_holes(fps: str) -> None:
    steps = [0, 1, 5, 6, 9]
    shown = list(Timeline(steps, Fraction(fps)))
    assert [each.step for each in shown] == steps
    assert shown[0].pts == 0
    for each, following in pairwise(shown):
        assert each.pts + each.duration == following.pts
    assert shown[-1].pts + shown[-1].duration == 5 / Fraction(fps)
