"""Colors in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reelnet.scene.limits import Limits
from reelnet.scene.palette.color_names import describe_colors, name_color
from reelnet.template.color import Rgb
from reelnet.template.theme import THEMES, Theme

SIGNED, POSITIVE, NEGATIVE = Limits(-1, 1, False), Limits(0, 2, True), Limits(-2, 0, True)


@pytest.mark.parametrize(
    ("color", "name"),
    [
        ((156, 17, 39), "red"),
        ((17, 77, 140), "blue"),
        ((190, 60, 8), "orange"),
        ((0, 128, 0), "green"),
        ((68, 1, 84), "purple"),
        ((253, 231, 37), "yellow"),
        ((255, 255, 255), "white"),
        ((18, 20, 24), "black"),
        ((128, 128, 128), "gray"),
    ],
)
def test_names(color: Rgb, name: str) -> None:
    assert name_color(color) == name


@pytest.mark.parametrize("theme", THEMES.values())
def test_the_named_themes(theme: Theme) -> None:
    assert describe_colors([SIGNED, POSITIVE], theme) == "red: negative values, blue: positive"
    assert describe_colors([POSITIVE], theme) == "the stronger the blue, the higher the value"
    assert describe_colors([NEGATIVE], theme) == "the stronger the red, the lower the value"


def test_colors_of_one_name_are_not_described() -> None:
    blues = replace(Theme(), diverging=((0, 0, 200), (255, 255, 255), (0, 60, 255)))
    assert describe_colors([SIGNED], blues) == ""


def test_a_map_of_its_own_for_one_sign() -> None:
    theme = replace(Theme(), sequential=((68, 1, 84), (33, 145, 140), (253, 231, 37)))
    assert describe_colors([POSITIVE], theme) == "values of one sign run from purple, 0, to yellow"
    assert describe_colors([SIGNED, POSITIVE], theme) == (
        "red: negative values, blue: positive; values of one sign run from purple, 0, to yellow"
    )
