"""Reducing the colors of photos: closer to the original than median cut, and no picture at the cost of others."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from reelnet.scene.palette.color_reduction import from_oklab, reduce_colors, to_oklab
from tests.make_run import Bytes
from tests.rendering import photos


def errors(pictures: Bytes, shown: Bytes) -> list[float]:
    """How far each picture is off, on an average, as one sees it."""
    off = to_oklab(pictures.reshape(-1, 3)) - to_oklab(shown.reshape(-1, 3))
    return [float(np.sqrt(own.mean())) for own in (off**2).sum(axis=1).reshape(len(pictures), -1)]


@pytest.mark.parametrize("most", [16, 64, 128])
@pytest.mark.parametrize("count", [1, 10])
def test_nearer_than_by_median_cut(most: int, count: int) -> None:
    pictures = photos(count)
    numbers, colors = reduce_colors(pictures, most)
    assert numbers.max() < len(colors) <= most
    strip = Image.fromarray(pictures.reshape(-1, 32, 3))
    cut = np.asarray(strip.quantize(most, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB"))
    ours, theirs = errors(pictures, colors[numbers]), errors(pictures, cut.reshape(pictures.shape))
    assert np.mean(ours) < 0.85 * np.mean(theirs)
    assert max(ours) < 0.85 * max(theirs)


def test_a_rare_picture_keeps_its_colors() -> None:
    red = np.zeros((1, 16, 16, 3), np.uint8)
    red[..., 0] = np.linspace(120, 255, 16)
    blue = np.repeat(photos(1, 16) // np.array([8, 8, 1], np.uint8), 63, axis=0)
    numbers, colors = reduce_colors(np.concatenate([blue, red]).astype(np.uint8), 32)
    assert np.abs(colors[numbers[-1]].astype(int) - red[0]).mean() < 8


@pytest.mark.parametrize("most", [2, 3, 64])
def test_no_more_colors_stay_exact(most: int) -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (most, 3), np.uint8)[None, None].repeat(4, axis=1)
    numbers, colors = reduce_colors(pictures, most)
    assert (colors[numbers] == pictures).all()


def test_a_kept_color_stays_exact() -> None:
    pictures = photos(2)
    pictures[0, :10] = (250, 251, 252)
    numbers, colors = reduce_colors(pictures, 8, keep=(250, 251, 252))
    assert (colors[numbers[0, :10]] == (250, 251, 252)).all()
    assert len(colors) <= 8
    assert (colors[numbers[1]] != (250, 251, 252)).any(axis=2).all()


def test_oklab() -> None:
    # Ottosson's table of XYZ to Oklab, for white and for the red of sRGB.
    found = to_oklab(np.array([(255, 255, 255), (255, 0, 0)], np.uint8))
    np.testing.assert_allclose(found, [(1, 0, 0), (0.62796, 0.22486, 0.12585)], atol=1e-4)
    colors = np.random.default_rng(1).integers(0, 256, (500, 3), np.uint8)
    assert (from_oklab(to_oklab(colors)) == colors).all()
