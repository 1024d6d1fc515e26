"""File sizes with units: `25 MB` is 25,000,000 bytes, `10 MiB` is 10,485,760 bytes."""

from __future__ import annotations

import re
from fractions import Fraction

from reelnet.errors import UsageError

UNITS = {"": 1, "b": 1} | {
    f"{prefix}{suffix}": base ** (exponent + 1)
    for suffix, base in (("b", 1000), ("ib", 1024))
    for exponent, prefix in enumerate("kmg")
}
"""Bytes per unit, by the unit in lower case."""

MAX_SIZE = 1000**4
"""Bytes. A larger size is a typing error."""

MAX_LENGTH = 40
"""Characters of a size that are parsed."""

SIZE_PATTERN = re.compile(r"([0-9][0-9_]*(?:\.[0-9]+)?|\.[0-9]+)\s*([A-Za-z]*)")
BIT_UNIT = re.compile(r"[KMG]i?b")


def parse_size(value: str | int) -> int:
    """The number of bytes of a size, rounded down.

    Args:
        value: A number and kB, MB or GB (powers of 1000), or KiB, MiB or GiB (powers of 1024), such as `2.5 MiB`. A
            number without a unit is bytes.

    Raises:
        UsageError: The value is not a size from 1 byte to 1000 GB.
    """
    # In Python, a bool is an int.
    if isinstance(value, int) and not isinstance(value, bool):
        return _check_range(value, value)
    text = value.strip() if isinstance(value, str) else ""
    match = SIZE_PATTERN.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None:
        raise _size_error(value, "write a number and a unit, such as 3MB, '2.5 MiB' or 500kB")
    number, unit = match[1].replace("_", ""), match[2]
    if BIT_UNIT.fullmatch(unit):
        raise _size_error(value, f"{unit} is a unit of bits; for bytes write {number} {unit[:-1]}B")
    bytes_per_unit = UNITS.get(unit.lower())
    if bytes_per_unit is None:
        raise _size_error(value, f"no unit {unit!r}; write kB, MB or GB (1000s), or KiB, MiB or GiB (1024s)")
    if not unit and "." in number:
        raise _size_error(value, f"bytes must be an integer; with a unit write {number} MB")
    return _check_range(value, int(Fraction(number) * bytes_per_unit))


def format_size(size: int) -> str:
    """A number of bytes with a unit, such as `2.97 MB`; without decimals if it is a multiple of the unit."""
    for unit, bytes_per_unit in (("GB", 1000**3), ("MB", 1000**2), ("kB", 1000)):
        # Two decimals would round 999,996 bytes to 1000.00 kB.
        if size >= bytes_per_unit * 0.999995:
            number = size / bytes_per_unit
            return f"{number:.0f} {unit}" if size % bytes_per_unit == 0 else f"{number:.2f} {unit}"
    return f"{size} B"


def _check_range(value: str | int, size: int) -> int:
    if not 1 <= size <= MAX_SIZE:
        raise _size_error(value, "give a size from 1 byte to 1000 GB")
    return size


def _size_error(value: str | int, problem: str) -> UsageError:
    # Python refuses to convert very large integers to decimal text.
    text = hex(value) if isinstance(value, int) and abs(value) > MAX_SIZE**2 else repr(value)
    return UsageError(f"size {text if len(text) <= 60 else text[:57] + '…'}: {problem}")
