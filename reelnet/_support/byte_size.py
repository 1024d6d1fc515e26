"""Sizes of files, as people write them: `25 MB` is 25,000,000 bytes, `10 MiB` is 10,485,760."""

from __future__ import annotations

import re
from fractions import Fraction

from reelnet.errors import UsageError

UNITS = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
}
"""Bytes a unit, by its name in lower case."""

MOST = 1000**4
"""Bytes; a greater cap is a slip."""

_SIZE = re.compile(r"([0-9][0-9_]*(?:\.[0-9]+)?|\.[0-9]+)\s*([A-Za-z]*)")
_BITS = re.compile(r"[KMG]i?b")
_MOST_LETTERS = 40


def parse_size(value: str | int) -> int:
    """The number of bytes that a size stands for, rounded down.

    Args:
        value: A number with kB, MB or GB (powers of 1000) or KiB, MiB or GiB (powers of 1024), such as `2.5 MiB`;
            a bare number is bytes.

    Raises:
        UsageError: It is not a size, or not one from 1 byte to 1000 GB.
    """
    # A bool is an int to Python, and to nobody else.
    if isinstance(value, int) and not isinstance(value, bool):
        return _in_range(value, value)
    text = value.strip() if isinstance(value, str) else ""
    found = _SIZE.fullmatch(text) if len(text) <= _MOST_LETTERS else None
    if found is None:
        raise _wrong(value, "write a number and a unit, such as 3MB, '2.5 MiB' or 500kB")
    number, unit = found[1].replace("_", ""), found[2]
    if _BITS.fullmatch(unit):
        raise _wrong(value, f"{unit} is a unit of bits; for bytes write {number} {unit[:-1]}B")
    each = UNITS.get(unit.lower())
    if each is None:
        raise _wrong(value, f"no unit {unit!r}; write kB, MB or GB (1000s), or KiB, MiB or GiB (1024s)")
    if not unit and "." in number:
        raise _wrong(value, f"bytes are whole; with a unit write {number} MB")
    return _in_range(value, int(Fraction(number) * each))


def format_size(size: int) -> str:
    """A number of bytes in words, such as `2.97 MB`; a whole number of a unit goes without decimals."""
    for unit, each in (("GB", 1000**3), ("MB", 1000**2), ("kB", 1000)):
        # 999,996 bytes are 1.00 MB: two decimals would give 1000.00 kB.
        if size >= each * 0.999995:
            return f"{size // each} {unit}" if size % each == 0 else f"{size / each:.2f} {unit}"
    return f"{size} B"


def _in_range(value: str | int, size: int) -> int:
    if not 1 <= size <= MOST:
        raise _wrong(value, "give a size from 1 byte to 1000 GB")
    return size


def _wrong(value: str | int, what: str) -> UsageError:
    # Python refuses to write very long numbers in decimals.
    text = hex(value) if isinstance(value, int) and abs(value) > MOST**2 else repr(value)
    return UsageError(f"size {text if len(text) <= 60 else text[:57] + '…'}: {what}")
