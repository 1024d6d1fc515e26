"""Trails: the past of a path, brightest where it is latest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reelnet.render.panels.answers.trails import Trails
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink

BOX = Box(10, 20, 200, 100)
SHADES = 16
HAIRLINE = 99


def make_ink(first: int) -> Ink:
    """An ink whose shades are index 0, the background, and numbers from `first`."""
    ink = Ink(np.zeros((SHADES, 3), np.uint8))
    ink.indices = np.array([0, *range(first, first + SHADES - 1)], np.uint8)
    return ink


def across(steps: int, y: float) -> NDArray[np.float64]:
    """A way to the right, (steps, 2)."""
    return np.stack([np.linspace(20, 200, steps), np.full(steps, y)], axis=1)


def draw(paths: NDArray[np.float64], step: int, canvas: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """The canvas after a step."""
    drawn = np.zeros((140, 230), np.uint8) if canvas is None else canvas
    inks = [make_ink(1 + number * SHADES) for number in range(paths.shape[1])]
    Trails(paths, (1.4, 3.0), BOX, inks).draw(drawn, step)
    return drawn


def test_only_the_past_is_drawn_and_its_end_is_brightest() -> None:
    path = across(91, 70.5)[:, None]
    drawn = draw(path, 45)
    columns = np.nonzero(drawn.any(axis=0))[0]
    assert 18 <= columns.min() <= 21
    assert 108 <= columns.max() <= 112
    strength = drawn.max(axis=0)
    assert strength[108] >= 14
    assert strength[30] == strength[60] == 6
    # It is wider, too.
    assert drawn[69, 105] > 10
    assert drawn[69, 30] < 3
    assert not draw(path, 0).any()


def test_a_path_with_gaps_and_pauses_is_drawn_where_it_is_known() -> None:
    path = across(91, 70.5)
    path[20:30] = np.nan
    path[50:60] = path[50]
    drawn = draw(path[:, None], 90)
    assert drawn[70, 21:199].all()
    assert not draw(np.full((5, 1, 2), np.nan), 4).any()
    assert not draw(np.full((5, 1, 2), 50.0), 4).any()


def test_it_is_clipped_to_its_box() -> None:
    path = np.stack([across(91, 15.0), across(91, 300.0) * 2], axis=1)
    assert not draw(path, 90).any()


def test_where_trails_cross_the_latest_is_on_top() -> None:
    down = np.stack([np.full(91, 110.5), np.linspace(30, 110, 91)], axis=1)
    late = np.where(np.arange(91)[:, None] < 80, down[0], down[(np.arange(91) - 80).clip(0) * 9])
    drawn = draw(np.stack([across(91, 70.5), late], axis=1), 90)
    assert drawn[70, 110] > SHADES


def test_faint_edges_do_not_cut_hairlines() -> None:
    canvas = np.zeros((140, 230), np.uint8)
    canvas[:, 100] = HAIRLINE
    drawn = draw(across(91, 70.5)[:, None], 90, canvas)
    assert drawn[70, 100] not in (0, HAIRLINE)
    assert (np.delete(drawn[:, 100], [69, 70, 71]) == HAIRLINE).all()


def test_long_runs_are_thinned_but_end_where_they_end() -> None:
    generator = np.random.default_rng(0)
    path = across(5000, 70.5) + generator.normal(0, 0.5, (5000, 2))
    drawn = draw(path[:, None], 4999)
    assert np.nonzero(drawn.any(axis=0))[0].max() >= 197
