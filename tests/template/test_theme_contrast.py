"""Colors of the named themes: legible by WCAG 2, and told apart by color-blind people."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.render.panels.maps.hatching import choose_stripe
from reelnet.scene.limits import Limits
from reelnet.template.color import Rgb
from reelnet.template.theme import THEMES, Theme

TEXT, GRAPHIC, HAIRLINE = 4.5, 3.0, 1.15
"""WCAG 2.2: 1.4.3 for text (AA), 1.4.11 for graphics; a hairline is decoration, but must be seen."""

APART = 20.0
"""Distance in CIELAB (CIE 1976) at which colors can be distinguished, even as thin lines."""
CURVES_APART = 25.0
"""That of two curves' colors, which nothing else tells apart."""

SEEN = {
    "everybody": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
"""What linear RGB looks like at severity 1.0 (Machado, Oliveira and Fernandes 2009, table 1)."""

TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""From linear sRGB, white being D65 (IEC 61966-2-1)."""


def linear(rgb: Rgb) -> NDArray[np.float64]:
    """The light of a color in sRGB, 0 to 1."""
    part = np.array(rgb) / 255
    light: NDArray[np.float64] = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return light


def contrast(one: Rgb, other: Rgb) -> float:
    """The contrast ratio of WCAG 2, 1 to 21."""
    dark, light = sorted(float(linear(each) @ (0.2126, 0.7152, 0.0722)) for each in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB of linear sRGB."""
    part = TO_XYZ @ np.clip(light, 0, 1) / TO_XYZ.sum(axis=1)
    x, y, z = np.where(part > (6 / 29) ** 3, np.cbrt(part), part * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def texts(theme: Theme) -> dict[str, Rgb]:
    """The colors in which words, numbers and the marks of predictions are written."""
    curves = {f"curves[{number}]": color for number, color in enumerate(theme.curves)}
    return {"ink": theme.ink, "muted": theme.muted, "right": theme.right, "wrong": theme.wrong, **curves}


def test_the_formulas() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    # WebAIM: #767676 is the lightest grey that passes on white, and #777777 fails with 4.48.
    assert contrast((0x76, 0x76, 0x76), (255, 255, 255)) == pytest.approx(4.54, abs=0.005)
    assert contrast((0x77, 0x77, 0x77), (255, 255, 255)) == pytest.approx(4.48, abs=0.005)
    # Lindbloom's calculator: sRGB red.
    assert lab(linear((255, 0, 0))) == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
    # Greys look the same to everybody.
    for matrix in SEEN.values():
        assert matrix.sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-5)


@pytest.mark.parametrize("name", THEMES)
def test_text_is_legible(name: str) -> None:
    theme = THEMES[name]
    ratios = {key: contrast(color, theme.background) for key, color in texts(theme).items()}
    assert {key: round(ratio, 2) for key, ratio in ratios.items() if ratio < TEXT} == {}


@pytest.mark.parametrize("name", THEMES)
def test_arrows_frames_and_bars_are_seen(name: str) -> None:
    assert contrast(THEMES[name].accent, THEMES[name].background) >= GRAPHIC


@pytest.mark.parametrize("name", THEMES)
def test_hairlines_are_seen_but_do_not_shout(name: str) -> None:
    theme = THEMES[name]
    assert HAIRLINE <= contrast(theme.faint, theme.background) < contrast(theme.muted, theme.background) / 2


@pytest.mark.parametrize("eye", SEEN)
@pytest.mark.parametrize("name", THEMES)
def test_curves_are_told_apart(name: str, eye: str) -> None:
    seen = [lab(SEEN[eye] @ linear(color)) for color in THEMES[name].curves]
    near = {
        (one, other): round(float(np.linalg.norm(seen[one] - seen[other])), 1)
        for one, other in combinations(range(len(seen)), 2)
    }
    assert {pair: distance for pair, distance in near.items() if distance < CURVES_APART} == {}


@pytest.mark.parametrize("eye", SEEN)
@pytest.mark.parametrize("name", THEMES)
def test_right_and_wrong_are_told_apart(name: str, eye: str) -> None:
    theme = THEMES[name]
    right, wrong = (lab(SEEN[eye] @ linear(color)) for color in (theme.right, theme.wrong))
    assert np.linalg.norm(right - wrong) >= APART


@pytest.mark.parametrize("name", THEMES)
def test_a_value_that_is_missing_is_no_value_and_no_paper(name: str) -> None:
    theme = THEMES[name]
    for stripe in (theme.missing, choose_stripe(theme)):
        for color in (theme.background, *theme.diverging):
            assert np.linalg.norm(lab(linear(stripe)) - lab(linear(color))) >= APART
    assert contrast(theme.missing, choose_stripe(theme)) >= 2


@pytest.mark.parametrize("name", THEMES)
def test_a_cell_of_zeros_is_told_from_the_background(name: str) -> None:
    theme = THEMES[name]
    for low, high in ((0.0, 1.0), (-1.0, 0.0)):
        anchors = Limits(low, high, one_sided=True).select_anchors(theme)
        zero = anchors[0 if high else -1]
        assert HAIRLINE <= contrast(zero, theme.background) < 1.5
        assert anchors[-1 if high else 0] == theme.diverging[-1 if high else 0]


@pytest.mark.parametrize("name", THEMES)
def test_the_ends_of_the_colormap_are_colors_and_equally_far_from_zero(name: str) -> None:
    theme = THEMES[name]
    low, zero, high = (lab(linear(theme.diverging[place])) for place in (0, len(theme.diverging) // 2, -1))
    for end in (low, high):
        assert 30 <= end[0] <= 90
        assert np.hypot(*end[1:]) > 20
    assert abs(low[0] - high[0]) < 8
    assert min(np.linalg.norm(zero - end) for end in (low, high)) > 60
