"""The samples' pictures: their size in their cells, and their labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reelnet.render.panels.maps.inputs import choose_input_size, fit_pictures
from reelnet.runs.header import TapInfo, fold_shape
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Size
from reelnet.scene.layout.snap import SnapGrid
from reelnet.template.model import SamplesSpec
from reelnet.template.theme import Theme
from tests.make_run import gray_pictures, write_run
from tests.render.panels.drawing import lay_out
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
    ("side", "box", "shown"), [(32, 128, 128), (32, 126, 126), (32, 66, 64), (8, 70, 64), (8, 100, 100)]
)
def test_photos_fill_their_cells_more_often(side: int, box: int, shown: int) -> None:
    pictures, scale = fit_pictures(photos(2, side), Size(box, box))
    assert pictures.shape[1] * scale == shown
    # Resampling keeps the mean color.
    assert np.abs(pictures.mean(axis=(1, 2)) - photos(2, side).mean(axis=(1, 2))).max() < 3


def test_sequences_are_lines(tmp_path: Path) -> None:
    positions = np.arange(96)
    sequences = np.stack([positions * 255 / 95, np.where(positions < 48, 0, 255)]).astype(np.uint8)
    run = write_run(
        tmp_path / "run", {"conv1d": (2, 3, 1, 96)}, pictures=sequences[:, None], labels=["ramp", "step"]
    )
    laid_out = lay_out(run, {"inputs": {}, "channels": {}})
    ramp, step = next(each.boxes for each in laid_out.scene.cell_regions if each.is_picture)
    assert (ramp.width, ramp.height) == (96, 48)
    dark = laid_out.frame(0).min(axis=2) < 128
    for box, expected in ((ramp, 1 - sequences[0] / 255), (step, 1 - sequences[1] / 255)):
        line = dark[box.y : box.bottom, box.x : box.right]
        rows = np.array([np.flatnonzero(column).mean() if column.any() else np.nan for column in line.T])
        inside = np.isfinite(rows) & (np.abs(positions - 48) > 2)
        assert inside.sum() > 85
        assert np.abs(rows - (2 + expected * 44))[inside].max() < 2


@pytest.mark.parametrize(
    ("tap", "picture", "transposed", "size"),
    [
        ((1, 4, 7, 7), (28, 28), False, (56, 56)),
        ((1, 4, 6, 12), (28, 28), False, (72, 36)),
        ((1, 10, 1, 1), (28, 28), False, (56, 56)),
        ((1, 40, 1, 1), (28, 28), False, (64, 64)),
        ((1, 40, 1, 1), (14, 28), False, (64, 32)),
        ((1, 40, 1, 1), (28, 28), True, (40, 40)),
        ((1, 40, 1, 1), (2, 12), True, (160, 40)),
        ((1, 4, 1, 96), (1, 96), False, (96, 48)),
        ((1, 4, 1, 96), (1, 96), True, (96, 24)),
    ],
)
def test_inputs_have_the_box_of_maps_or_beside_vectors_their_own_shape(
    tmp_path: Path,
    tap: tuple[int, int, int, int],
    picture: tuple[int, int],
    transposed: bool,
    size: tuple[int, int],
) -> None:
    run = write_run(tmp_path / "run", {"layer": tap}, pictures=np.zeros((1, *picture), np.uint8))
    samples = SamplesSpec(transposed=transposed)
    context = SceneContext.from_run(run, None, Theme(), samples, SnapGrid())
    context = replace(context, taps={"layer": TapInfo(tap, "float32", fold=fold_shape(tap))})
    found = choose_input_size(context.view("layer"), context)
    assert (found.width, found.height) == size
