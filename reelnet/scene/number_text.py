"""Numbers as people read them in pictures: −150, 97.5%, < 0.001, 1,250, 6.2 × 10⁶."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal

MIN_PLAIN, MAX_PLAIN = 1e-6, 1e6
"""Magnitudes from the first up to the second are written without a power of ten."""

EXPONENT = re.compile(r"e([+-]?\d+)")
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def format_number(value: float) -> str:
    """Format a number with all its digits, or with a power of ten if it is very large or small."""
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return typeset_number(str(value))
    if MIN_PLAIN <= abs(value) < MAX_PLAIN:
        text = f"{Decimal(repr(value)):,f}"
        return typeset_number(text.rstrip("0").rstrip(".") if "." in text else text)
    return to_power(value)


def to_power(value: float) -> str:
    """Format a number as a multiple of a power of ten: `6.2 × 10⁶`, or `10⁶` alone."""
    mantissa, exponent = f"{Decimal(repr(value)):e}".lower().split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return typeset_number(f"{mantissa}e{exponent}")


def format_limit(value: float, *, signed: bool) -> str:
    """Format a limit of a colormap with two significant digits, and with a plus sign if it is signed."""
    return ("+" if signed and value > 0 else "") + format_number(float(f"{value:.2g}"))


def format_ticks(values: Sequence[float]) -> list[str]:
    """Format evenly spaced values, all with as many decimals as their distance needs."""
    if len(values) < 2:
        return [format_tick(value) for value in values]
    exponent = math.floor(math.log10(values[1] - values[0]) + 1e-9)
    largest = max(abs(values[0]), abs(values[-1]))
    if exponent >= math.log10(MIN_PLAIN) and largest < MAX_PLAIN:
        return [typeset_number(f"{value:,.{max(0, -exponent)}f}") for value in values]
    digits = min(16, max(0, math.floor(math.log10(largest)) - exponent))
    return [to_power(float(f"{value:.{digits}e}")) if value else "0" for value in values]


def format_tick(value: float) -> str:
    """Format a single round value."""
    return format_number(float(f"{value:.6g}"))


def format_value(value: float, *, percent: bool = False, floor: float = 0.0) -> str:
    """Format a current value with three or four digits; values of one magnitude get the same number.

    Args:
        value: The value; NaN becomes a dash.
        percent: Whether it is a fraction, written as a percentage.
        floor: Values nearer to 0 than this, except 0, are written as being below it.
    """
    if math.isnan(value):
        return "–"
    magnitude = abs(value)
    if percent and math.isfinite(value):
        return format_percent(value, 1)
    if 0 < magnitude < floor:
        return typeset_number(f"< {floor:g}" if value > 0 else f"> -{floor:g}")
    if magnitude == 0 or 0.01 <= magnitude < 100:
        return typeset_number(f"{value:.3f}")
    if MIN_PLAIN <= magnitude < 0.01:
        decimals = 4 if magnitude >= 0.001 else 1 - math.floor(math.log10(magnitude))
        return typeset_number(f"{value:.{decimals}f}")
    if MIN_PLAIN <= magnitude < 1000:
        return typeset_number(f"{value:.1f}")
    if MIN_PLAIN <= magnitude < MAX_PLAIN:
        return typeset_number(f"{value:,.0f}")
    return typeset_number(f"{value:.2e}" if magnitude > 1 else f"{value:.1e}")


def format_percent(fraction: float, decimals: int) -> str:
    """Format a fraction as a percentage that is 0 or 100 only if the fraction is 0 or 1.

    Args:
        fraction: 1 for 100 %.
        decimals: Digits after the decimal point.
    """
    least = 0.1**decimals
    if 0 < abs(fraction) < least / 100:
        return typeset_number(f"< {least:.{decimals}f}%" if fraction > 0 else f"> -{least:.{decimals}f}%")
    text = f"{100 * fraction:,.{decimals}f}%"
    if fraction < 1 and text.startswith("100"):
        return f"> {100 - least:.{decimals}f}%"
    return typeset_number(text)


def typeset_number(text: str) -> str:
    """Use a true minus sign, and write a power of ten in place of an exponent: `6.9e-08` becomes `6.9 × 10^−8`.

    Negative powers have no raised minus sign, because few fonts do.
    """

    def write_power(match: re.Match[str]) -> str:
        power = int(match[1])
        return " × 10" + (str(power).translate(SUPERSCRIPTS) if power >= 0 else f"^{power}")

    text = EXPONENT.sub(write_power, text)
    return re.sub(r"(?<![\d.])1 × 10", "10", text).replace("-", "\u2212")
