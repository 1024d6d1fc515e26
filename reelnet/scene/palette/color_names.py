"""The colors of a colormap in words, so that a sentence about them is true for any theme."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

from reelnet.scene.limits import Limits
from reelnet.template.color import Rgb
from reelnet.template.theme import LimitKind, Theme

HUES = (
    (15, "red"),
    (42, "orange"),
    (68, "yellow"),
    (165, "green"),
    (195, "turquoise"),
    (255, "blue"),
    (295, "purple"),
    (340, "pink"),
    (360, "red"),
)
"""Hues in degrees, each with the name of those up to it."""
MIN_SATURATION, DARK, BRIGHT = 0.12, 0.2, 0.85
"""HSV saturation below which a color is gray, and lightness at which it is black or white."""


def name_color(color: Rgb) -> str:
    """The everyday name of a color."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in color))
    if saturation < MIN_SATURATION or value < DARK:
        return "black" if value < DARK else "white" if value > BRIGHT else "gray"
    return next(name for limit, name in HUES if 360 * hue <= limit)


def describe_colors(limits: Sequence[Limits], theme: Theme) -> str:
    """Say which colors stand for negative and positive values: `red: negative values, blue: positive`.

    Args:
        limits: Those of all layers in the picture.
        theme: Its colormaps.

    Returns:
        Empty if the colors have no names by which they can be told apart.
    """
    negative, zero, positive = (
        name_color(theme.diverging[place]) for place in (0, len(theme.diverging) // 2, -1)
    )
    signed = [each for each in limits if not each.one_sided or theme.sequential is None]
    has_negative = any(each.low < 0 for each in signed)
    has_positive = any(each.high > 0 for each in signed)
    texts = []
    if has_negative and has_positive and len({negative, zero, positive}) == 3:
        texts.append(f"{negative}: negative values, {positive}: positive")
    elif has_positive and not has_negative and positive != zero:
        texts.append(f"the stronger the {positive}, the higher the value")
    elif has_negative and not has_positive and negative != zero:
        texts.append(f"the stronger the {negative}, the lower the value")
    if theme.sequential is not None and len(signed) < len(limits):
        start, end = name_color(theme.sequential[0]), name_color(theme.sequential[-1])
        if start != end:
            texts.append(f"values of one sign run from {start}, 0, to {end}")
    return "; ".join(texts)


def describe_scales(limits: Sequence[Limits], theme: Theme) -> str:
    """Say what the colors of one or several layers mean, and whether they have one scale.

    Args:
        limits: Those of each layer in the picture.
        theme: Its colormaps, and the rule for limits.
    """
    scale = "each layer on its own scale" if len(limits) > 1 else ""
    if scale and theme.limits.kind in (LimitKind.SHARED, LimitKind.FIXED):
        scale = "all layers on one scale"
    if any(each.by_channel for each in limits):
        scale = f"{scale}, each head on its own" if scale else "each head on its own scale"
    return "; ".join(filter(None, [describe_colors(limits, theme), scale]))
