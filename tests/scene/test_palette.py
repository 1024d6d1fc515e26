"""Colours and their indices."""

from __future__ import annotations

import numpy as np
import pytest

from reelnet.errors import ReelnetError
from reelnet.scene.palette.palette import Palette
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


def test_more_than_255_colours_need_16_bits() -> None:
    palette = Palette()
    ink = palette.colours(np.array([(n, 1, 2) for n in range(256)], np.uint8))
    colormap = palette.colormap(ANCHORS)
    palette.mix()
    assert "256 colours" in (palette.shortage or "")
    assert palette.deep
    assert ink.indices.dtype == np.uint16
    assert (palette.rgb[ink.indices] == ink.colours).all()
    assert (palette.rgb[colormap.indices] == colormap.colours).all()
    # Number 255 is for what does not change.
    assert 255 not in {*map(int, ink.indices), *map(int, colormap.indices)}


def test_too_many_colours_are_an_error() -> None:
    palette = Palette()
    shades = np.arange(40_000)
    palette.colours(np.stack([shades % 256, shades // 256, shades * 0], axis=1).astype(np.uint8))
    with pytest.raises(ReelnetError, match=r"40,?001 colours"):
        palette.mix()


def test_pictures_share_255_colours_with_the_levels() -> None:
    palette = Palette()
    photos = [np.random.default_rng(n).integers(0, 256, (1, 32, 32, 3), np.uint8) for n in range(3)]
    pictures = [palette.picture(photo, 128) for photo in photos]
    palette.colours(np.array([(0, 0, n) for n in range(60)], np.uint8))
    colormap = palette.colormap(ANCHORS)
    palette.mix()
    assert palette.shortage is None
    # Of 255, 60 are taken and 63 are kept for the levels; the pictures' shares make way.
    assert palette.levels >= 63
    assert all(40 <= len(picture.few_colours) <= 44 for picture in pictures)
    assert colormap.indices.dtype == np.uint8
    for photo, picture in zip(photos, pictures, strict=True):
        assert (palette.rgb[picture.on(np.zeros((1, 1), np.uint16))] == photo).all()
        assert picture.on(np.zeros((1, 1), np.uint8)).max() < 255


def test_colormaps_beside_pictures_keep_all_levels_in_16_bits() -> None:
    palette = Palette()
    palette.picture(np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), np.uint8), 64)
    palette.colours(np.array([(0, 0, n) for n in range(100)], np.uint8))
    colormap = palette.colormap(ANCHORS)
    palette.mix()
    shallow, deep = (colormap.on(np.zeros((1, 1), depth)) for depth in (np.uint8, np.uint16))
    assert palette.levels == len(colormap.colours) == len(shallow) == len(deep) == 255
    assert (palette.rgb[deep] == colormap.colours).all()
    # In 8 bits neighbours share a colour, of 255 - 100 - 64 that are left, and each is the nearest that there is.
    assert shallow.max() < 255
    assert 63 <= len(np.unique(shallow)) <= 91
    assert np.abs(palette.rgb[shallow].astype(int) - colormap.colours).max() <= 12
    assert tuple(palette.rgb[shallow[127]]) == tuple(palette.rgb[deep[127]]) == (255, 255, 255)


def test_more_colours_than_16_bits_lose_their_last_bits() -> None:
    palette = Palette()
    photo = np.random.default_rng(5).integers(0, 256, (1, 300, 300, 3), np.uint8)
    picture = palette.picture(photo, 64)
    palette.mix()
    assert len(palette.rgb) <= 2**16
    shown = palette.rgb[picture.on(np.zeros((1, 1), np.uint16))].astype(int)
    # 90,000 colours without order: of 5 bits each there are 32,768.
    assert np.abs(shown - photo).max() <= 4


def test_few_colours_of_a_picture_need_no_16_bits() -> None:
    palette = Palette()
    photo = np.random.default_rng(5).integers(0, 256, (1, 8, 8, 3), np.uint8)
    picture = palette.picture(photo, 64)
    assert palette.picture(photo.copy(), 64) is picture
    palette.mix()
    assert not palette.deep
    assert not palette.reduced
    assert (palette.rgb[picture.on(np.zeros((1, 1), np.uint8))] == photo).all()


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
