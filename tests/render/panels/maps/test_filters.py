"""Filters: every pixel is compared with its weight, in color and in the colormap."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.render.panels.maps.color_cube import SHADES, to_shades
from reelnet.runs.header import TapKind
from reelnet.scene.palette.palette import ColorDepth
from reelnet.scene.panel import HasCells
from tests.make_run import Bytes, Floats, noise, write_run
from tests.render.panels.drawing import LaidOut, assert_cells, lay_out

MAPS = noise(3, 1, 2, 4)
COLOR = noise(3, 6, 3, 3) * np.array([0.1, 0.5, 2.0], np.float32)[:, None, None, None, None]
GRAY = noise(3, 5, 1, 4)
DEEP = noise(3, 5, 2, 3)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    taps = {"conv1": MAPS, "conv1.weight": COLOR, "gray.weight": GRAY, "deep.weight": DEEP}
    kinds = {name: TapKind.WEIGHT for name in taps if name != "conv1"}
    return write_run(tmp_path_factory.mktemp("filters") / "run", taps, kinds=kinds, bounds=None)


def filters(run: Run, **options: Any) -> LaidOut:
    return lay_out(run, {"filters": options})


def shown_filters(layout: LaidOut, step: int, depth: ColorDepth = ColorDepth.FULL) -> list[Bytes]:
    """The pixels of each filter."""
    drawing = layout.scene.drawings[0]
    assert isinstance(drawing, HasCells)
    frame = layout.frame(step, depth)
    return [frame[box.y : box.bottom, box.x : box.right] for box in drawing.cell_regions()[0].boxes]


def expected_colors(weights: Floats, peak: float) -> Floats:
    """The color (height, width, 3) of a filter (3, height, width): gray for 0, on the scale of the whole run."""
    return (np.moveaxis(weights, 0, 2).astype(np.float64) / peak + 1) / 2 * 255


@pytest.mark.parametrize("step", [0, 1, 2])
def test_three_channels_are_red_green_and_blue_around_gray(run: Run, step: int) -> None:
    shown = shown_filters(filters(run, order="recorded"), step)
    assert len(shown) == 6
    for number, pixels in enumerate(shown):
        wanted = expected_colors(COLOR[step, number], float(np.abs(COLOR[:, number]).max()))
        scale = len(pixels) // 3
        assert pixels.shape == (3 * scale, 3 * scale, 3)
        # A color is off by half of the distance of two shades at most.
        errors = np.abs(pixels - wanted.repeat(scale, axis=0).repeat(scale, axis=1))
        assert errors.max() <= 255 / (SHADES - 1) / 2 + 1


def test_gray_is_exactly_0() -> None:
    assert to_shades(np.array([-1.0, 0.0, 1.0, np.nan, 9.0])).tolist() == [0, 15, 30, 15, 30]


def test_frames_of_few_colors_are_similar(tmp_path: Path) -> None:
    weights = noise(2, 40, 3, 5)
    run = write_run(
        tmp_path / "run",
        {"conv1": MAPS[:2], "conv1.weight": weights},
        kinds={"conv1.weight": TapKind.WEIGHT},
        bounds=None,
    )
    layout = filters(run, show="all")
    assert layout.scene.palette.is_16bit
    exact, few = (
        np.stack(shown_filters(layout, 1, depth)).astype(int)
        for depth in (ColorDepth.FULL, ColorDepth.EIGHT_BIT)
    )
    assert len(np.unique(few.reshape(-1, 3), axis=0)) <= 176 < len(np.unique(exact.reshape(-1, 3), axis=0))
    assert np.abs(few - exact).mean() < 20


def test_steps_whose_colors_are_not_reserved_get_the_nearest(tmp_path: Path) -> None:
    # Of 200 steps, the colors of 64 are in the palette.
    weights: Floats = np.linspace(-1, 1, 200, dtype=np.float32)[:, None, None, None, None] * noise(1, 2, 3, 3)
    maps: Floats = np.zeros((200, 1, 1, 2, 2), np.float32)
    run = write_run(
        tmp_path / "run",
        {"conv1": maps, "conv1.weight": weights},
        kinds={"conv1.weight": TapKind.WEIGHT},
        bounds=None,
    )
    layout = filters(run, order="recorded")
    for step in range(40, 50):
        for number, pixels in enumerate(shown_filters(layout, step)):
            wanted = expected_colors(weights[step, number], float(np.abs(weights[:, number]).max()))
            scale = len(pixels) // 3
            assert np.abs(pixels[::scale, ::scale] - wanted).max() <= 2 * 255 / (SHADES - 1)


def test_one_channel_has_the_colors_of_values_each_filter_on_its_scale(run: Run) -> None:
    shown = shown_filters(filters(run, tap="gray.weight", order="recorded"), 2)
    for number, pixels in enumerate(shown):
        values = GRAY[2, number, 0] / np.abs(GRAY[:, number]).max()
        assert_cells(pixels, np.kron(values, np.ones((len(pixels) // 4,) * 2)))


def test_a_choice_in_the_order_of_the_layer(run: Run) -> None:
    all_six = shown_filters(filters(run, order="recorded", cell=30), 1)
    chosen = shown_filters(filters(run, order="recorded", cell=30, show=[4, 1]), 1)
    assert (chosen[0] == all_six[4]).all()
    assert (chosen[1] == all_six[1]).all()


def test_similar_filters_are_side_by_side(tmp_path: Path) -> None:
    one, other = noise(1, 1, 3, 3)[0, 0], noise(2, 1, 3, 3)[1, 0]
    weights = (
        np.stack([one, other, one * 1.01, other * 1.01])[None] * np.array([0.5, 1])[:, None, None, None, None]
    )
    run = write_run(
        tmp_path / "run",
        {"conv1": MAPS[:2], "conv1.weight": weights.astype(np.float32)},
        kinds={"conv1.weight": TapKind.WEIGHT},
        bounds=None,
    )
    shown = shown_filters(filters(run), 1)
    distances = [np.abs(a.astype(int) - b).mean() for a, b in itertools.pairwise(shown)]
    # Pairs are together: the first and the last step of the path are short.
    assert distances[0] < distances[1] > distances[2]


def test_missing_weights_are_hatched(tmp_path: Path) -> None:
    weights = COLOR.copy()
    weights[1, 2, 0, 1, 1] = np.nan
    run = write_run(
        tmp_path / "run",
        {"conv1": MAPS, "conv1.weight": weights},
        kinds={"conv1.weight": TapKind.WEIGHT},
        bounds=None,
    )
    pixels = shown_filters(filters(run, order="recorded"), 1)[2]
    scale = len(pixels) // 3
    middle = pixels[scale : 2 * scale, scale : 2 * scale].reshape(-1, 3)
    assert len(np.unique(middle, axis=0)) == 2
    assert len(np.unique(pixels[:scale, :scale].reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tap": "deep.weight"}, "has shape 5×2×3×3; only filters of 1 or 3 channels"),
        ({"tap": "conv1"}, "'conv1' is not a weight"),
        ({"show": [9]}, "no filter 9"),
    ],
)
def test_options_that_do_not_fit_the_run(run: Run, options: dict[str, Any], words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        filters(run, **options)


def test_without_filters_the_error_says_how_to_record_them(tmp_path: Path) -> None:
    run = write_run(
        tmp_path / "run",
        {"conv1": MAPS, "deep.weight": DEEP},
        kinds={"deep.weight": TapKind.WEIGHT},
        bounds=None,
    )
    with pytest.raises(
        TemplateError, match=r"deep.weight has other shapes; record .* taps=\['conv1.weight'\]"
    ):
        filters(run)
