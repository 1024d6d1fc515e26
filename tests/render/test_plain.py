"""The bare look: every pixel of a cell against colors computed here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.make_run import Floats, gray_pictures, noise, write_run
from tests.rendering import WHITE_ANCHORS, box_maps, color_bounds, color_values, to_pixels

WHITE = (255, 255, 255)
LEVEL = 2 / 150
"""Distance of two levels of the colormap at the most."""


def assert_cells(grid: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], values: Floats) -> None:
    """Make sure that pixels show values, within one level; NaN stands for background."""
    inside = ~np.isnan(values)
    assert (grid[~inside] == WHITE).all()
    least, most = color_bounds(values[inside], LEVEL, WHITE_ANCHORS)
    shown = grid[inside]
    assert ((shown >= least) & (shown <= most)).all()


@pytest.mark.parametrize(
    ("channels", "side", "size"), [(4, 28, (560, 280)), (8, 14, (560, 504)), (16, 7, (560, 952))]
)
def test_sizes_and_pixels_of_the_articles_layers(
    tmp_path: Path, channels: int, side: int, size: tuple[int, int]
) -> None:
    maps = noise(2, 10, channels, side)
    maps[:, 0, 0, 0, :3] = -1, 0, 1
    reel = write_run(tmp_path / "run", maps).reel("plain")
    for step in (0, 1):
        image = reel.frame(step)
        assert image.size == size
        assert_cells(to_pixels(image)[56:], box_maps(maps[step], 56, 56 // side))


def test_ends_and_middle_of_the_colormap_are_exact(tmp_path: Path) -> None:
    maps = np.zeros((1, 3, 1, 7, 7), np.float32)
    maps[0, :, 0] = np.array([-1, 0, 1])[:, None, None]
    shown = to_pixels(write_run(tmp_path / "run", maps).reel("plain").frame(0))[56:]
    assert (shown[:, :56] == (156, 17, 39)).all()
    assert (shown[:, 56:112] == WHITE).all()
    assert (shown[:, 112:] == (17, 77, 140)).all()


def test_the_colormap_follows_its_anchors(tmp_path: Path) -> None:
    values = np.linspace(-1, 1, 4096, dtype=np.float32)
    maps = values.reshape(1, 1, 1, 64, 64)
    shown = to_pixels(write_run(tmp_path / "run", maps).reel("plain", scale=1).frame(0))[64:, :64]
    levels = shown.reshape(-1, 3).astype(int)
    least, most = color_bounds(values, LEVEL, WHITE_ANCHORS)
    assert ((levels >= least) & (levels <= most)).all()
    assert len(np.unique(levels, axis=0)) > 150
    # Nearest level, not the one below: the mean error is none.
    assert np.abs((levels - color_values(values, anchors=WHITE_ANCHORS)).mean(axis=0)).max() < 0.1


def test_the_counter_covers_nothing_but_the_top_left(tmp_path: Path) -> None:
    pictures = gray_pictures(10)
    run = write_run(tmp_path / "run", noise(1, 10, 4, 28), pictures=pictures, steps=[290])
    row = to_pixels(run.reel("plain").frame(290))[:56].astype(int)
    wanted = np.hstack([np.kron(picture, np.ones((2, 2))) for picture in pictures])
    # 32 greys: half their distance is 4.1.
    other = np.argwhere(np.abs(row - wanted[:, :, None]).max(axis=2) > 5)
    assert len(other) > 0
    assert other[:, 0].max() < 12
    assert other[:, 1].max() < 112
    assert (row[:7, :3] == WHITE).all()
    # The background covers nothing but the margin of digits.
    wide = np.argwhere((row == WHITE).all(axis=2) & (np.abs(wanted - 255) > 5))
    assert not len(wide)


def test_the_counter_shows_the_step(tmp_path: Path) -> None:
    maps = np.repeat(noise(1, 10, 1, 7), 2, axis=0)
    reel = write_run(tmp_path / "run", maps, steps=[0, 70]).reel("plain")
    first, second = (to_pixels(reel.frame(step)) for step in (0, 70))
    changed = np.argwhere((first != second).any(axis=2))
    assert len(changed) > 0
    assert changed.max(axis=0)[0] < 18
    assert changed.max(axis=0)[1] < 112


@pytest.mark.parametrize(
    ("side", "scale", "box"),
    [(1, 56, 56), (5, 11, 55), (7, 8, 56), (8, 7, 56), (13, 4, 52), (26, 2, 52), (60, 1, 60)],
)
def test_maps_of_any_side_are_upscaled_whole(tmp_path: Path, side: int, scale: int, box: int) -> None:
    maps = noise(1, 3, 2, side)
    image = write_run(tmp_path / "run", maps).reel("plain", settings=["canvas.snap=false"]).frame(0)
    assert (image.width, image.height) == (3 * box + box % 2, 3 * box + box % 2)
    assert_cells(to_pixels(image)[box : 3 * box, : 3 * box], box_maps(maps[0], box, scale))


@pytest.mark.parametrize(
    ("side", "scale", "cell"), [(1, 56, 56), (5, 12, 60), (6, 8, 48), (8, 8, 64), (10, 6, 60)]
)
def test_values_that_meet_the_grid_of_codecs_are_preferred(
    tmp_path: Path, side: int, scale: int, cell: int
) -> None:
    maps = noise(1, 4, 2, side)
    reel = write_run(tmp_path / "run", maps).reel("plain")
    assert reel.scene.context.cell.scale == scale
    top = -(-cell // 8) * 8
    assert reel.frame(0).size == (4 * cell, top + 2 * cell)
    assert_cells(to_pixels(reel.frame(0))[top:], box_maps(maps[0], cell, scale))


@pytest.mark.parametrize("scale", [1, 3, 5, 8])
@pytest.mark.parametrize("side", [5, 7, 28])
def test_a_scale_that_is_asked_for(tmp_path: Path, side: int, scale: int) -> None:
    samples = 15 if side < 28 else 4
    maps = noise(1, samples, 3, side)
    image = write_run(tmp_path / "run", maps).reel("plain", scale=scale).frame(0)
    box = side * scale
    top = -(-box // 8) * 8
    assert image.width % 2 == 0
    assert image.height % 2 == 0
    # A frame narrower than the counter is as wide as the counter.
    assert image.width == samples * box + samples * box % 2 or samples * box < 90
    shown, values = to_pixels(image).copy(), box_maps(maps[0], box, scale)
    covered = max(0, 18 - top)  # by the counter, when cells are smaller than its text
    values[:covered, :112] = np.nan
    shown[top : top + covered, :112] = WHITE
    assert_cells(shown[top : top + 3 * box, : samples * box], values)


def test_maps_that_are_not_square(tmp_path: Path) -> None:
    maps = noise(1, 3, 2, 5, 12)
    image = write_run(tmp_path / "run", maps).reel("plain", settings=["canvas.snap=false"]).frame(0)
    # As large as squares of 56 pixels.
    assert image.size == (3 * 84, 3 * 35 + 1)
    wanted = np.kron(maps[0].transpose(1, 2, 0, 3).reshape(10, 36), np.ones((7, 7)))
    assert_cells(to_pixels(image)[35:105], wanted)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_types_of_values(tmp_path: Path, dtype: str) -> None:
    maps = noise(1, 3, 2, 7).astype(dtype)
    image = write_run(tmp_path / "run", maps).reel("plain").frame(0)
    assert_cells(to_pixels(image)[56:], box_maps(maps[0].astype(float), 56, 8))


def test_colored_pictures_keep_their_colors(tmp_path: Path) -> None:
    pictures = np.zeros((4, 14, 14, 3), np.uint8)
    plain = [(200, 30, 40), (10, 160, 90), (30, 60, 220), (240, 200, 20)]
    pictures[:] = np.array(plain, np.uint8)[:, None, None]
    run = write_run(tmp_path / "run", noise(1, 4, 1, 7), pictures=pictures)
    row = to_pixels(run.reel("plain").frame(0))[24:80].astype(int)
    for column, wanted in enumerate(plain):
        assert np.abs(row[:, 56 * column : 56 * column + 56] - wanted).max() <= 8


BARE = ["panels.counter.hidden=true", "panels.step.hidden=true"]


@pytest.mark.parametrize(("channels", "blocks"), [(5, 1), (6, 2), (16, 2), (24, 3)])
def test_few_samples_of_many_channels_are_no_tall_strip(tmp_path: Path, channels: int, blocks: int) -> None:
    run = write_run(tmp_path / "run", noise(1, 3, channels, 7))
    image = run.reel("plain", settings=[*BARE, "panels.channels.show=all"]).frame(0)
    rows = -(-channels // blocks) + 1
    assert image.size == (3 * 56 * blocks + 8 * (blocks - 1), 56 * rows)


@pytest.mark.parametrize(("lowest", "seams"), [(0.0, ([55], [111])), (-1.0, None)])
def test_a_hairline_parts_touching_cells_without_negative_values(
    tmp_path: Path, lowest: float, seams: tuple[list[int], list[int]] | None
) -> None:
    maps = np.zeros((1, 2, 2, 7, 7), np.float32)
    maps[0, 0, 0, 0, :2] = lowest, 1.0
    run = write_run(tmp_path / "run", maps, bounds=None)
    is_white = (to_pixels(run.reel("plain", settings=BARE).frame(0)) == 255).all(axis=2)
    columns, rows = np.flatnonzero(is_white[56:].all(axis=0)), np.flatnonzero(is_white[56:].all(axis=1)) + 56
    if seams is None:
        assert is_white[56:].mean() > 0.9
    else:
        assert (columns.tolist(), rows.tolist()) == seams
