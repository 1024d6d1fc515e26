"""The colors of a figure, each with its counterpart in the dark scheme: the same scene in the dark theme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from reelnet.render.rendition import Rendition
from reelnet.scene.palette.palette import Ink
from reelnet.template.color import Rgb
from reelnet.template.model import Template
from reelnet.template.theme import DARK, Theme

COLOR_KEYS = (
    *("base", "background", "ink", "muted", "faint", "accent", "curves", "right", "wrong", "missing"),
    *("diverging", "sequential"),
)
"""Keys of a theme by which an author decides colors."""


def find_dark(rendition: Rendition) -> Rendition | None:
    """The rendition in the colors of the dark theme; None if the template decides its colors."""
    template = rendition.request.template
    if fixes_colors(template):
        return None
    kept = {each.name for each in fields(Theme)} - set(COLOR_KEYS)
    theme = replace(DARK, **{name: getattr(template.theme, name) for name in kept})
    return rendition.with_theme(theme)


def fixes_colors(template: Template) -> bool:
    """Whether a template, or one that it extends, decides colors."""
    theme = template.content.get("theme")
    return isinstance(theme, str) or (isinstance(theme, dict) and any(key in theme for key in COLOR_KEYS))


class ColorTable:
    """Numbers the colors of a figure, shared by all its layers.

    Args:
        has_dark: Whether the figure has a dark scheme besides its own.
    """

    def __init__(self, *, has_dark: bool) -> None:
        self.has_dark = has_dark
        self._numbers: dict[tuple[Rgb, Rgb], int] = {}

    def add(self, color: Rgb, dark: Rgb) -> int:
        """The number of a color, from 0."""
        return self._numbers.setdefault((color, dark), len(self._numbers))

    def as_json(self) -> dict[str, list[str] | None]:
        """The colors by scheme, as `#rrggbb`."""
        pairs = list(zip(*self._numbers, strict=True)) or [(), ()]
        light, dark = ([format_color(color) for color in colors] for colors in pairs)
        return {"light": light, "dark": dark if self.has_dark else None}


class InkPairs:
    """Finds the dark counterpart of an ink, in two scenes that differ in nothing but colors.

    Both scenes ask for their inks in the same order, and so for each item of one there is an item of the other.
    """

    def __init__(self) -> None:
        # Inks are compared by identity; keeping them keeps their numbers.
        self._pairs: dict[int, tuple[Ink, Ink]] = {}

    def find(self, ink: Ink, find_counterpart: Callable[[], Ink] | None) -> Ink:
        """The counterpart of an ink; the ink itself in a figure with one scheme.

        Args:
            ink: An ink of the scene.
            find_counterpart: Finds the ink of the same item in the dark scene; called for an unknown ink only. None
                for a figure with one scheme.
        """
        if find_counterpart is None:
            return ink
        if id(ink) not in self._pairs:
            self._pairs[id(ink)] = ink, find_counterpart()
        return self._pairs[id(ink)][1]


def format_color(color: Rgb) -> str:
    """A color as `#rrggbb`."""
    return "#" + bytes(color).hex()


def resample_colors(colors: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """The colors of a colormap (levels, 3) for another number of levels."""
    places, known = np.linspace(0, len(colors) - 1, count), np.arange(len(colors))
    mixed = [np.interp(places, known, colors[:, part]) for part in range(3)]
    return np.rint(np.stack(mixed, axis=1)).astype(np.uint8)
