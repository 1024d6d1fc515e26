"""Heads of a compass: they never cover each other, move steadily, and are where they belong if there is room."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.render.panels.answers.heads import draw_in_discs, rasterize_ring, spread_heads

CENTER, RADIUS, DISTANCE = (300.0, 300.0), 250.0, 50.0


def walks(steps: int, heads: int, seed: int) -> NDArray[np.float64]:
    """Ways from the center to one of three places at the edge."""
    generator = np.random.default_rng(seed)
    angles = 2 * np.pi * (np.arange(heads) % 3) / 3
    ends = np.array(CENTER) + RADIUS * np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    part = np.linspace(0, 1, steps)[:, None, None]
    noise = generator.normal(0, 3, (steps, heads, 2)) * (1 - part)
    ways: NDArray[np.float64] = (1 - part) * np.array(CENTER) + part * ends + noise
    return ways


@pytest.mark.parametrize("heads", [2, 10, 24])
def test_heads_never_cover_each_other_and_stay_inside(heads: int) -> None:
    distance = DISTANCE if heads < 20 else 32.0
    drawn = spread_heads(walks(80, heads, 1), distance, CENTER, RADIUS)
    between = np.linalg.norm(drawn[:, :, None] - drawn[:, None], axis=3)
    between[:, np.arange(heads), np.arange(heads)] = np.inf
    assert between.min() >= distance - 1
    assert np.linalg.norm(drawn - np.array(CENTER), axis=2).max() <= RADIUS + 1e-6


def test_heads_with_room_are_in_their_true_places() -> None:
    places = np.array([[[100.0, 300.0], [300.0, 100.0], [320.0, 420.0]]] * 5)
    assert spread_heads(places, DISTANCE, CENTER, RADIUS) == pytest.approx(places, abs=0.5)


def test_heads_in_one_place_surround_it_closely() -> None:
    places = np.full((3, 7, 2), 300.0)
    drawn = spread_heads(places, DISTANCE, CENTER, RADIUS)
    away = np.linalg.norm(drawn - 300, axis=2)
    # Seven discs fit into a hexagon around one of them.
    assert away.max() <= 1.5 * DISTANCE
    assert np.abs(drawn.mean(axis=1) - 300).max() <= DISTANCE / 2


def test_heads_go_straight_to_places_far_away() -> None:
    ends = walks(2, 3, 1)[-1]
    drawn = spread_heads(np.stack([np.full((3, 2), 300.0), ends]), DISTANCE, CENTER, RADIUS)
    assert drawn[-1] == pytest.approx(ends, abs=0.5)


def test_heads_move_steadily_and_always_in_the_same_way() -> None:
    places = walks(120, 10, 2)
    drawn = spread_heads(places, DISTANCE, CENTER, RADIUS)
    assert (drawn == spread_heads(places, DISTANCE, CENTER, RADIUS)).all()
    # The past does not depend on what is to come.
    assert (drawn[:40] == spread_heads(places[:40], DISTANCE, CENTER, RADIUS)).all()
    steps = np.linalg.norm(np.diff(drawn, axis=0), axis=2)
    assert np.percentile(steps, 99) <= 0.4 * DISTANCE


def test_a_dashed_ring_has_gaps() -> None:
    solid, dashed = rasterize_ring(30.0, 3.0), rasterize_ring(30.0, 3.0, dashed=True)
    assert solid.shape == dashed.shape == (61, 61)
    assert 0.5 < dashed.sum() / solid.sum() < 0.65
    assert dashed[2, 30] == 255
    area = np.pi * (30**2 - 27**2)
    assert solid.sum() / 255 == pytest.approx(area, rel=0.02)


def test_pictures_are_drawn_by_what_is_ink() -> None:
    paper = np.full((1, 20, 20), 255, np.uint8)
    paper[:, 8:12, 8:12] = 0
    for pictures, on_dark in ((paper, True), (paper, False), (255 - paper, True), (255 - paper, False)):
        (mask,) = draw_in_discs(pictures, 20, on_dark=on_dark)
        assert mask[mask.shape[0] // 2, mask.shape[1] // 2] > 250
        assert mask[0, 0] == 0
        # The ink, not the paper, fills the disc.
        assert 0.4 < (mask > 128).sum() / (np.pi * 20**2) < 0.7
    photo = np.tile(np.linspace(60, 200, 20).astype(np.uint8), (1, 20, 1))
    bright, dark = (draw_in_discs(photo, 20, on_dark=on_dark)[0] for on_dark in (True, False))
    middle = bright.shape[0] // 2
    assert bright[middle, -5] > bright[middle, 4]
    assert dark[middle, -5] < dark[middle, 4]


def test_a_sequence_is_drawn_as_a_line() -> None:
    (mask,) = draw_in_discs(np.linspace(0, 255, 50).astype(np.uint8)[None, None], 20, on_dark=True)
    rows, columns = np.nonzero(mask > 128)
    assert np.corrcoef(rows, columns)[0, 1] < -0.95
