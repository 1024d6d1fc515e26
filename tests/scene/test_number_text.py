"""Numbers in pictures: real minus signs, few digits, never an exponent with an e."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelnet.scene.number_text import (
    format_limit,
    format_number,
    format_percent,
    format_ticks,
    format_value,
    typeset_number,
)

WRITTEN = re.compile(r"[<>]? ?−?(\d{1,3}(,\d{3})*(\.\d+)?( × 10)?|10)([⁰¹²³⁴⁵⁶⁷⁸⁹]+|\^−\d+)?%?|inf|−inf|–")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-150.0, "−150"),
        (1250.0, "1,250"),
        (0.25, "0.25"),
        (6.9e-5, "0.000069"),
        (620_000.0, "620,000"),
        (6.2e6, "6.2 × 10⁶"),
        (1e8, "10⁸"),
        (-3e-8, "−3 × 10^−8"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert format_number(value) == text


def test_limits_have_two_digits_and_a_sign_beside_negative_ones() -> None:
    assert format_limit(0.7134, signed=True) == "+0.71"
    assert format_limit(-147.0, signed=True) == "−150"
    assert format_limit(6.84, signed=False) == "6.8"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000"),
        (2.30259, "2.303"),
        (-0.5, "−0.500"),
        (123.45, "123.5"),
        (12345.6, "12,346"),
        (0.0031, "0.0031"),
        (3e-5, "0.000030"),
        (1.5e7, "1.50 × 10⁷"),
        (2e-9, "2.0 × 10^−9"),
        (math.inf, "inf"),
        (-math.inf, "−inf"),
        (math.nan, "–"),
    ],
)
def test_current_values(value: float, text: str) -> None:
    assert format_value(value) == text


def test_values_below_what_an_axis_shows() -> None:
    assert format_value(6.9e-5, floor=0.001) == "< 0.001"
    assert format_value(-6.9e-5, floor=0.001) == "> −0.001"
    assert format_value(0.0, floor=0.001) == "0.000"


@pytest.mark.parametrize(
    ("fraction", "decimals", "text"),
    [
        (0.97491, 1, "97.5%"),
        (0.0, 1, "0.0%"),
        (1.0, 1, "100.0%"),
        (0.9996, 1, "> 99.9%"),
        (0.0004, 1, "< 0.1%"),
        (0.997, 0, "> 99%"),
        (0.5, 0, "50%"),
        (-0.25, 0, "−25%"),
    ],
)
def test_percentages_are_0_or_100_only_if_the_fraction_is(fraction: float, decimals: int, text: str) -> None:
    assert format_percent(fraction, decimals) == text


def test_ticks_share_their_decimals() -> None:
    assert format_ticks([0.0, 0.5, 1.0]) == ["0.0", "0.5", "1.0"]
    assert format_ticks([0.0, 5e5, 1e6]) == ["0", "5 × 10⁵", "10⁶"]
    assert format_ticks([0.95, 0.96]) == ["0.95", "0.96"]


@given(st.floats(allow_nan=True, allow_infinity=True), st.booleans(), st.sampled_from([0.0, 0.001]))
def test_any_value_is_written_as_people_write_it(value: float, percent: bool, floor: float) -> None:
    assert WRITTEN.fullmatch(format_value(value, percent=percent and abs(value) < 1e9, floor=floor))


def test_formatted_texts_are_typeset() -> None:
    assert typeset_number("-1.5e+02") == "−1.5 × 10²"
    assert typeset_number("1.0e-05") == "1.0 × 10^−5"
    assert typeset_number("-12.5") == "−12.5"
