"""Cells: their shape, and the means that reduced maps show."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from reelnet.export.quantize.level_store import RecordedMaps, quantize
from reelnet.scene.cell import Cell, choose_pitch, describe_reduction
from reelnet.scene.layout.snap import SnapGrid
from tests.make_run import noise, write_run
from tests.rendering import WHITE_ANCHORS, color_bounds, to_pixels

GRID = SnapGrid()


@pytest.mark.parametrize(
    ("shape", "scale", "size"),
    [
        ((7, 7), 8, (56, 56)),
        ((5, 12), 4, (48, 20)),
        ((12, 5), 4, (20, 48)),
        # A sequence becomes a band: at most 4:1, whole transform blocks high.
        ((1, 96), 1, (96, 24)),
        ((1, 96), 2, (192, 48)),
        ((96, 1), 1, (24, 96)),
        ((1, 60), 1, (60, 16)),
        ((8, 96), 1, (96, 24)),
        ((1, 1), 56, (56, 56)),
        # Reduced by area, in the long direction only if the map is oblong enough.
        ((224, 224), Fraction(1, 4), (56, 56)),
        ((55, 55), Fraction(1, 2), (28, 28)),
        ((1, 1000), Fraction(1, 5), (200, 56)),
        ((16, 500), Fraction(1, 2), (250, 64)),
        ((100, 300), Fraction(1, 3), (100, 34)),
    ],
)
def test_cells_have_the_shape_of_their_maps(
    shape: tuple[int, int], scale: int | Fraction, size: tuple[int, int]
) -> None:
    cell = Cell.at_scale(*shape, scale, GRID)
    assert (cell.width, cell.height) == size
    assert max(size) <= 4 * min(size)
    assert cell.scale == max(1, scale)


@pytest.mark.parametrize(
    "shape", [(7, 7), (1, 96), (5, 12), (55, 55), (224, 224), (64, 65), (1, 5000), (3, 1000)]
)
@pytest.mark.parametrize("size", [24, 56, 100])
def test_cells_are_the_largest_that_fit(shape: tuple[int, int], size: int) -> None:
    cell = Cell.fit(*shape, size, GRID, reduce=True)
    assert cell.size <= size
    exact = cell.exact_scale
    larger = exact + 1 if exact >= 1 else 1 / (1 / exact - 1)
    assert Cell.at_scale(*shape, larger, GRID).size > size
    whole = Cell.fit(*shape, size, GRID)
    assert whole.reduction == (1, 1)
    assert whole == cell or whole.scale == 1


def test_a_pixel_of_a_reduced_map_is_the_mean_of_its_values() -> None:
    values = np.random.default_rng(0).normal(size=(2, 3, 10, 7)).astype(np.float16)
    cell = Cell.at_scale(10, 7, Fraction(1, 4), GRID)
    assert cell.reduction == (4, 4)
    found = cell.reduce(values)
    assert found.shape == (2, 3, 3, 2)
    for row in range(3):
        for column in range(2):
            block = values[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4].astype(np.float64)
            assert np.allclose(found[:, :, row, column], block.mean(axis=(2, 3)), rtol=1e-12)


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_not_averaged_away(strange: float) -> None:
    values = np.ones((1, 1, 4, 4), np.float32)
    values[0, 0, 1, 2] = strange
    found = np.isfinite(Cell.at_scale(4, 4, Fraction(1, 2), GRID).reduce(values))
    assert found.tolist() == [[[[True, False], [True, True]]]]


def test_blanks_are_not_averaged() -> None:
    values, blank = np.full((1, 1, 4, 4), 3.0), np.arange(16).reshape(4, 4) >= 10
    values[..., blank] = 0
    cell = Cell.at_scale(4, 4, Fraction(1, 2), GRID)
    assert cell.reduce(values, blank).tolist() == [[[[3, 3], [3, 0]]]]
    assert cell.reduce_mask(blank).tolist() == [[False, False], [False, True]]


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((224, 224), "each pixel is the mean of 4 × 4 values"),
        ((1, 1000), "each pixel is the mean of 4 values"),
        ((1000, 1), "each pixel is the mean of 4 values"),
    ],
)
def test_reductions_in_words(shape: tuple[int, int], words: str) -> None:
    assert describe_reduction(Cell.at_scale(*shape, Fraction(1, 4), GRID)) == words
    assert describe_reduction(Cell.at_scale(*shape, 2, GRID)) == ""


def test_frames_show_the_means(tmp_path: Path) -> None:
    maps = noise(1, 2, 2, 40)
    reel = write_run(tmp_path / "run", maps).reel("plain", settings=["theme.cell=20"])
    means = maps[0].reshape(2, 2, 20, 2, 20, 2).mean(axis=(3, 5))
    shown = to_pixels(reel.frame(0))[24:64, :40]
    wanted = means.transpose(1, 2, 0, 3).reshape(40, 40)
    least, most = color_bounds(wanted, 2 / 150, WHITE_ANCHORS)
    assert ((shown >= least) & (shown <= most)).all()


def test_reduced_maps_are_quantized_and_stay_reduced_with_fewer_channels(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", noise(6, 2, 4, 40))
    rendition = run.reel("plain", settings=["theme.cell=20", "panels.channels.wrap=false"]).rendition
    maps = RecordedMaps(rendition)
    exact, steady = quantize(maps, 0.0, max_error=0), quantize(maps, 1e4, max_error=None)
    assert exact.levels_at(0)["conv1"].shape == (2, 4, 20, 20)
    assert sum(steady.stats.changes) < sum(exact.stats.changes)
    shown = [each.indices.copy() for each in rendition.frames()]
    again = [each.indices.copy() for each in rendition.frames(exact.levels_at)]
    assert all((one == other).all() for one, other in zip(shown, again, strict=True))
    fewer = rendition.with_channels(2)
    assert (fewer.channels, fewer.scene.context.cell.reduction) == (2, (2, 2))
    assert fewer.size.height == rendition.size.height - 40


@pytest.mark.parametrize(
    ("extent", "side", "scale", "density", "pitch"),
    [
        (84, 84, 12, 1, 88),
        (70, 70, 10, 1, 80),
        (64, 64, 8, 1, 72),
        (49, 49, 7, 1, 56),
        (40, 40, 5, 2, 48),
        (40, 40, 5, 1, 44),
        (28, 28, 4, 1, 32),
        (48, 48, 12, 1, 56),
        (54, 54, 6, 1, 60),
    ],
)
def test_cells_are_a_multiple_of_eight_apart_if_their_gap_stays_narrow(
    extent: int, side: int, scale: int, density: int, pitch: int
) -> None:
    grid = SnapGrid(8)
    assert choose_pitch(extent, side, grid, grid.for_values(scale), density) == pitch


@pytest.mark.parametrize(
    ("aspect", "size"),
    [("1", (24, 24)), ("5/2", (56, 24)), ("4", (96, 24)), ("1/2", (24, 48))],
)
def test_cells_of_single_values_have_any_shape(aspect: str, size: tuple[int, int]) -> None:
    cell = Cell.at_scale(1, 1, 24, SnapGrid(), Fraction(aspect))
    assert (cell.width, cell.height) == size
    assert (cell.scale, cell.shown_shape) == (24, (1, 1))
    assert Cell.at_scale(2, 1, 24, SnapGrid(), Fraction(aspect)) == Cell.at_scale(2, 1, 24, SnapGrid())
