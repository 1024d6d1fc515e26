"""Colors of classes: legible on every background, and told apart."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from reelnet.render.panels.answers.class_colors import MAX_CLASSES, choose_class_colors
from reelnet.scene.palette.color_reduction import to_oklab
from reelnet.template.color import Rgb
from reelnet.template.theme import THEMES
from tests.template.test_theme_contrast import contrast

APART = 0.09
"""Distance in Oklab; that of two shades which can just be told apart side by side is 0.02."""


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("count", [2, 3, 7, 10, MAX_CLASSES])
def test_colors_are_legible_and_apart(theme: str, count: int) -> None:
    background = THEMES[theme].background
    colors = choose_class_colors(count, background)
    assert len(colors) == count
    assert min(contrast(color, background) for color in colors) >= 4.5
    points = to_oklab(np.array(colors, np.uint8))
    assert min(np.linalg.norm(one - other) for one, other in combinations(points, 2)) >= APART


@pytest.mark.parametrize(
    "background", [(0, 0, 0), (128, 128, 128), (110, 110, 120), (200, 30, 30), (255, 240, 0)]
)
def test_colors_are_legible_on_any_background(background: Rgb) -> None:
    colors = choose_class_colors(MAX_CLASSES, background)
    assert min(contrast(color, background) for color in colors) >= 4.4
