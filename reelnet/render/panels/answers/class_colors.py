"""Colors of classes: readable as text on the theme's background, and easily told apart."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from reelnet.scene.limits import contrast_ratio
from reelnet.scene.palette.color_reduction import LMS_TO_LAB, RGB_TO_LMS, from_oklab
from reelnet.template.color import Rgb

MAX_CLASSES = 12
"""More hues cannot be told apart."""
MIN_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3: text at level AA."""
FIRST_HUE = 38.0
"""Hue of the first class in degrees of OKLCH: orange-red."""
MAX_CHROMA = 0.17
DARK_LIGHTNESS, LIGHT_LIGHTNESS = 0.79, 0.50
"""Mean lightness on dark and on light backgrounds."""
ALTERNATION = 0.045
"""By how much lightness differs from the mean, up and down in turn, so that neighboring hues differ in it, too."""
YELLOW_HUE, YELLOW_LIFT = 105.0, 0.06
"""On dark backgrounds yellows are brighter than the mean, and blues darker: a dark yellow is an olive."""
LIGHTNESS_STEP = 0.01


@lru_cache(maxsize=32)
def choose_class_colors(count: int, background: Rgb) -> tuple[Rgb, ...]:
    """Choose a color per class: hues all around OKLCH (Ottosson, 2020), in the order of the classes.

    Args:
        count: Number of classes, up to `MAX_CLASSES`.
        background: What the colors stand on; their contrast to it is at least `MIN_CONTRAST`.
    """
    is_dark = contrast_ratio(background, (255, 255, 255)) > contrast_ratio(background, (0, 0, 0))
    mean, step = (DARK_LIGHTNESS, LIGHTNESS_STEP) if is_dark else (LIGHT_LIGHTNESS, -LIGHTNESS_STEP)
    colors = []
    for number in range(count):
        hue = FIRST_HUE + 360 * number / max(count, 6)
        lift = YELLOW_LIFT * math.cos(math.radians(hue - YELLOW_HUE)) * is_dark
        lightness = mean + lift + (ALTERNATION if number % 2 else -ALTERNATION)
        colors.append(_find_color(lightness, hue, step, background))
    return tuple(colors)


def _find_color(lightness: float, hue: float, step: float, background: Rgb) -> Rgb:
    """The color of a hue that has enough contrast and is nearest to a lightness."""
    while True:
        color = _to_rgb(lightness, hue)
        if contrast_ratio(color, background) >= MIN_CONTRAST or not 0 < lightness < 1:
            return color
        lightness += step


def _to_rgb(lightness: float, hue: float) -> Rgb:
    """The color of a lightness and a hue, as vivid as sRGB allows up to `MAX_CHROMA`."""
    angle = math.radians(hue)
    chroma = np.linspace(MAX_CHROMA, 0, 35)
    points = np.stack([np.full(35, lightness), chroma * math.cos(angle), chroma * math.sin(angle)], axis=1)
    linear = (points @ np.linalg.inv(LMS_TO_LAB).T) ** 3 @ np.linalg.inv(RGB_TO_LMS).T
    inside = ((linear >= -1e-3) & (linear <= 1 + 1e-3)).all(axis=1)
    red, green, blue = from_oklab(points[[int(np.argmax(inside))]])[0].tolist()
    return red, green, blue
