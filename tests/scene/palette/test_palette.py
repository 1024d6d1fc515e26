"""Colors and their indices."""

from __future__ import annotations

import numpy as np
import pytest

from reelnet.errors import ReelnetError
from reelnet.scene.palette.palette import PaletteBuilder
from tests.rendering import ANCHORS as DEFAULT_COLORMAP

ANCHORS = (*DEFAULT_COLORMAP[:4], (255, 255, 255), *DEFAULT_COLORMAP[5:])
"""The default colormap, with a white middle."""


def test_shared_colors_have_one_index() -> None:
    builder = PaletteBuilder()
    first, second = builder.ramp((10, 20, 30), (255, 255, 255)), builder.ramp((90, 80, 70), (255, 255, 255))
    background = builder.ramp((255, 255, 255), (255, 255, 255), 1)
    builder.freeze()
    assert first.indices[0] == second.indices[0] == background.indices[0]
    assert len({*map(int, first.indices), *map(int, second.indices)}) == 31


def test_the_indices_of_every_ink_have_its_colors() -> None:
    builder = PaletteBuilder()
    inks = [builder.ramp((10, 20, 30), (255, 255, 255)), builder.ramp((0, 0, 0), (0, 0, 0), 1)]
    colormap = builder.colormap(ANCHORS)
    palette = builder.freeze()
    for ink in [*inks, colormap]:
        assert (palette.rgb[ink.indices] == ink.colors).all()


@pytest.mark.parametrize("others", [0, 1, 2, 40, 131])
def test_the_colormap_gets_the_remaining_colors(others: int) -> None:
    builder = PaletteBuilder()
    builder.colors(np.array([(0, 255, n) for n in range(others)], np.uint8).reshape(-1, 3))
    colormap = builder.colormap(ANCHORS)
    palette = builder.freeze()
    assert palette.levels % 2 == 1
    assert 255 - others - palette.levels in (0, 1)
    assert tuple(colormap.colors[0]) == ANCHORS[0]
    assert tuple(colormap.colors[palette.levels // 2]) == (255, 255, 255)
    assert tuple(colormap.colors[-1]) == ANCHORS[-1]
    assert colormap.indices.max() < 255


def test_more_than_255_colors_need_16_bits() -> None:
    builder = PaletteBuilder()
    ink = builder.colors(np.array([(n, 1, 2) for n in range(256)], np.uint8))
    colormap = builder.colormap(ANCHORS)
    palette = builder.freeze()
    assert "256 colors" in (palette.shortage or "")
    assert palette.is_16bit
    assert ink.indices.dtype == np.uint16
    assert (palette.rgb[ink.indices] == ink.colors).all()
    assert (palette.rgb[colormap.indices] == colormap.colors).all()
    # Number 255 is for what does not change.
    assert 255 not in {*map(int, ink.indices), *map(int, colormap.indices)}


def test_too_many_colors_are_an_error() -> None:
    builder = PaletteBuilder()
    shades = np.arange(40_000)
    builder.colors(np.stack([shades % 256, shades // 256, shades * 0], axis=1).astype(np.uint8))
    with pytest.raises(ReelnetError, match=r"40,?001 colors"):
        builder.freeze()


def test_pictures_share_255_colors_with_the_levels() -> None:
    builder = PaletteBuilder()
    photos = [np.random.default_rng(n).integers(0, 256, (1, 32, 32, 3), np.uint8) for n in range(3)]
    pictures = [builder.picture(photo, 128) for photo in photos]
    builder.colors(np.array([(0, 0, n) for n in range(60)], np.uint8))
    colormap = builder.colormap(ANCHORS)
    palette = builder.freeze()
    assert palette.shortage is None
    # Of 255, 60 are taken and 63 are kept for the levels; the pictures' shares make way.
    assert palette.levels >= 63
    assert all(40 <= len(picture.reduced_colors) <= 44 for picture in pictures)
    assert colormap.indices.dtype == np.uint8
    for photo, picture in zip(photos, pictures, strict=True):
        assert (palette.rgb[picture.indices_for(np.zeros((1, 1), np.uint16))] == photo).all()
        assert picture.indices_for(np.zeros((1, 1), np.uint8)).max() < 255


def test_colormaps_beside_pictures_keep_all_levels_in_16_bits() -> None:
    builder = PaletteBuilder()
    builder.picture(np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), np.uint8), 64)
    builder.colors(np.array([(0, 0, n) for n in range(100)], np.uint8))
    colormap = builder.colormap(ANCHORS)
    palette = builder.freeze()
    shallow, deep = (colormap.indices_for(np.zeros((1, 1), depth)) for depth in (np.uint8, np.uint16))
    assert palette.levels == len(colormap.colors) == len(shallow) == len(deep) == 255
    assert (palette.rgb[deep] == colormap.colors).all()
    # With 8 bits, 255 - 100 - 64 colors are left. Neighbors share one, and each pixel gets the nearest.
    assert shallow.max() < 255
    assert 63 <= len(np.unique(shallow)) <= 91
    assert np.abs(palette.rgb[shallow].astype(int) - colormap.colors).max() <= 12
    assert tuple(palette.rgb[shallow[127]]) == tuple(palette.rgb[deep[127]]) == (255, 255, 255)


def test_more_colors_than_16_bits_lose_their_last_bits() -> None:
    builder = PaletteBuilder()
    photo = np.random.default_rng(5).integers(0, 256, (1, 300, 300, 3), np.uint8)
    picture = builder.picture(photo, 64)
    palette = builder.freeze()
    assert len(palette.rgb) <= 2**16
    shown = palette.rgb[picture.indices_for(np.zeros((1, 1), np.uint16))].astype(int)
    # 90,000 colors without order: of 5 bits each there are 32,768.
    assert np.abs(shown - photo).max() <= 4


def test_reduced_colors_of_a_picture_need_no_16_bits() -> None:
    builder = PaletteBuilder()
    photo = np.random.default_rng(5).integers(0, 256, (1, 8, 8, 3), np.uint8)
    picture = builder.picture(photo, 64)
    assert builder.picture(photo.copy(), 64) is picture
    palette = builder.freeze()
    assert not palette.is_16bit
    assert not palette.reduced_pictures
    assert (palette.rgb[picture.indices_for(np.zeros((1, 1), np.uint8))] == photo).all()


def test_255_colors_fit() -> None:
    builder = PaletteBuilder()
    ink = builder.colors(np.array([(n, 1, 2) for n in range(255)], np.uint8))
    builder.freeze()
    assert sorted(map(int, ink.indices)) == list(range(255))


def test_colormaps_share_the_remaining_colors() -> None:
    builder = PaletteBuilder()
    builder.ramp((1, 2, 3), (4, 5, 6), 5)
    first, second = builder.colormap(ANCHORS), builder.colormap(ANCHORS[4:])
    assert builder.colormap(ANCHORS) is first
    palette = builder.freeze()
    assert palette.levels == 125
    assert not set(map(int, first.indices)) & set(map(int, second.indices))
    assert tuple(second.colors[0]) == (255, 255, 255)


@pytest.mark.parametrize(("most", "levels"), [(3, 3), (8, 7), (9, 9), (255, 255)])
def test_levels_can_be_limited(most: int, levels: int) -> None:
    builder = PaletteBuilder(most)
    builder.colormap(ANCHORS)
    palette = builder.freeze()
    assert palette.levels == levels


@pytest.mark.parametrize(("most", "levels"), [(None, 201), (99, 99)])
def test_colormaps_may_have_more_levels_in_16_bits(most: int | None, levels: int) -> None:
    builder = PaletteBuilder(most, 201)
    builder.colors(np.array([(0, 0, n) for n in range(100)], np.uint8))
    colormap = builder.colormap(ANCHORS)
    palette = builder.freeze()
    deep = colormap.indices_for(np.zeros((1, 1), np.uint16))
    assert palette.levels == len(deep) == levels
    assert (palette.rgb[deep] == colormap.colors).all()
    assert (
        len(np.unique(colormap.indices_for(np.zeros((1, 1), np.uint8))))
        == palette.levels_8bit
        == min(levels, 155)
    )
