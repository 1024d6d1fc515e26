"""The samples' pictures: their size in their cells, and their labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reelnet.render.panels.maps.grid import choose_label_style
from reelnet.render.panels.maps.inputs import fit_pictures
from reelnet.render.typography import body_style
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Size
from reelnet.scene.layout.snap import SnapGrid
from reelnet.template.model import SamplesSpec
from reelnet.template.theme import Theme
from tests.make_run import gray_pictures, noise, write_run
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


@pytest.mark.parametrize(("pitch", "size"), [(80, 14), (40, 13), (30, 14)])
def test_labels_shrink_before_they_are_dropped(tmp_path: Path, pitch: int, size: int) -> None:
    run, theme = write_run(tmp_path / "run", noise(1, 2, 1, 7)), Theme(text=14)
    context, labels = SceneContext.from_run(run, None, theme, SamplesSpec(), SnapGrid()), ("plane", "truck")
    widths = [body_style(theme).width(label) for label in labels]
    assert 36 < max(widths) <= 42
    style = choose_label_style(labels, context, pitch)
    assert style.size == size
    assert max(style.width(label) for label in labels) + 4 <= pitch or style.size == 14
