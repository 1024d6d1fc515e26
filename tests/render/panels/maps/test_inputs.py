"""The samples' pictures: their size in their cells, and their labels."""

from __future__ import annotations

import numpy as np
import pytest

from reelnet.render.panels.maps.inputs import fit_pictures
from reelnet.scene.layout.boxes import Size
from tests.make_run import gray_pictures
from tests.rendering import photos


@pytest.mark.parametrize(
    ("side", "box", "shown"),
    [
        (28, 56, 56),  # twice as large
        (28, 63, 56),  # and in a cell that is a little larger
        (28, 96, 84),  # three times: large pixels stay so
        (28, 48, 48),  # no whole factor comes near
        (64, 56, 56),  # averaged down
    ],
)
def test_gray_pictures_fill_their_cells(side: int, box: int, shown: int) -> None:
    pictures, scale = fit_pictures(gray_pictures(3, side), Size(box, box))
    assert pictures.shape[1] * scale == pictures.shape[2] * scale == shown
    if shown % side == 0:
        assert (pictures == gray_pictures(3, side)).all()


@pytest.mark.parametrize(
    ("side", "box", "shown"), [(32, 128, 128), (32, 126, 126), (32, 66, 64), (8, 70, 64)]
)
def test_photos_fill_their_cells_more_often(side: int, box: int, shown: int) -> None:
    pictures, scale = fit_pictures(photos(2, side), Size(box, box))
    assert pictures.shape[1] * scale == shown
    # Resampling keeps the mean color.
    assert np.abs(pictures.mean(axis=(1, 2)) - photos(2, side).mean(axis=(1, 2))).max() < 3
