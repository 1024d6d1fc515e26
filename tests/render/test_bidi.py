"""The order of letters in a line, by the examples of UAX #9: capitals stand for Hebrew letters."""

from __future__ import annotations

import pytest

from reelnet.render.bidi import base_direction, resolve_levels, visual_order

HEBREW: dict[str, str | int | None] = {chr(ord("A") + number): chr(0x5D0 + number) for number in range(26)}
MIRROR = str.maketrans("()[]", ")(][")
LATIN = {ord(str(letter)): capital for capital, letter in HEBREW.items()}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("car means CAR.", "car means RAC."),
        ("abc", "abc"),
        ("ABC 123 abc", "abc 123 CBA"),
        ("ABC 12.5% DEF", "FED 12.5% CBA"),
        ("abc DEF 12 GHI", "abc IHG 12 FED"),
        ("DEF (abc)", "(abc) FED"),
        # Examples of rule N0.
        ("AB(CD[&ef]!)gh", "gh(![ef&]DC)BA"),
        ("ABC book(s)", "book(s) CBA"),
        ("-5 AB", "BA 5-"),
        ("ab-12,5 %", "ab-12,5 %"),
        ("", ""),
    ],
)
def test_the_order_from_left_to_right(text: str, shown: str) -> None:
    letters = text.translate(str.maketrans(HEBREW))
    levels = resolve_levels(letters)
    # Fonts mirror what is read from right to left.
    mirrored = [
        letter.translate(MIRROR) if level % 2 else letter
        for letter, level in zip(letters, levels, strict=True)
    ]
    assert "".join(mirrored[index] for index in visual_order(levels)).translate(LATIN) == shown


def test_numbers_after_arabic_letters_keep_their_order() -> None:
    text = "\u0628 12,5"
    assert [text[index] for index in visual_order(resolve_levels(text))] == [*"12,5 ", "\u0628"]
    # After Arabic, a percent sign does not belong to the number before it.
    assert resolve_levels("\u0628 5%") == [1, 1, 2, 1]


def test_overrides_do_not_turn_a_text_round() -> None:
    text = "ab\u202ecd\u202c"
    assert "".join(text[index] for index in visual_order(resolve_levels(text))) == text


@pytest.mark.parametrize(
    ("text", "direction"), [("12 %", 0), ("1 \u05d0 a", 1), ("a \u05d0", 0), ("\u200f a", 1)]
)
def test_the_first_letter_tells_the_direction(text: str, direction: int) -> None:
    assert base_direction(text) == direction
