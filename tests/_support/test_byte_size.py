"""File sizes with units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelnet._support.byte_size import format_size, parse_size
from reelnet.errors import UsageError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("3MB", 3_000_000),
        ("3 MB", 3_000_000),
        ("  3  MB ", 3_000_000),
        ("3\u00a0MB", 3_000_000),
        ("3mb", 3_000_000),
        ("2.5MiB", 2_621_440),
        ("2.5mib", 2_621_440),
        ("500kB", 500_000),
        ("500KB", 500_000),
        ("500kb", 500_000),
        ("500 KiB", 512_000),
        ("1GB", 1_000_000_000),
        ("1 GiB", 1_073_741_824),
        (".5 MB", 500_000),
        ("100 B", 100),
        ("10_000", 10_000),
        ("1_500.5 kB", 1_500_500),
        (10000, 10_000),
        ("1", 1),
        ("1000 GB", 10**12),
    ],
)
def test_units(written: str | int, meant: int) -> None:
    assert parse_size(written) == meant


def test_fractions_are_exact_and_rounded_down() -> None:
    # As a float, 4.35 × 10^6 is 4349999.999…
    assert parse_size("4.35 MB") == 4_350_000
    assert parse_size("0.0015 kB") == 1
    assert parse_size("1.9999999 kB") == 1999
    assert parse_size("0.7 MiB") == 734_003


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("3 Mb", "unit of bits; for bytes write 3 MB"),
        ("2.5Gb", "for bytes write 2.5 GB"),
        ("3 Mib", "for bytes write 3 MiB"),
        ("25M", "no unit 'M'"),
        ("25 Mbit", "no unit 'Mbit'"),
        ("3 TB", "no unit 'TB'"),
        ("0", "from 1 byte"),
        ("0.0001 kB", "from 1 byte"),
        (0, "from 1 byte"),
        ("-3 MB", "write a number and a unit"),
        (-3, "from 1 byte"),
        ("nan", "write a number and a unit"),
        ("inf MB", "write a number and a unit"),
        ("1e6", "write a number and a unit"),
        ("", "write a number and a unit"),
        ("MB", "write a number and a unit"),
        ("3,5 MB", "write a number and a unit"),
        ("1,000,000", "write a number and a unit"),
        ("٣ MB", "write a number and a unit"),
        ("3 MB per file", "write a number and a unit"),
        ("2.5", "with a unit write 2.5 MB"),
        ("1000.1 GB", "1000 GB"),
        (10**12 + 1, "1000 GB"),
        ("9" * 5000, "write a number and a unit"),
        (True, "write a number and a unit"),
    ],
)
def test_invalid_sizes(wrong: str | int, told: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_size(wrong)
    assert told in str(error.value)
    assert str(wrong)[:20] in str(error.value)
    assert len(str(error.value)) < 200


def test_integers_that_python_does_not_print() -> None:
    for wrong in (10**5000, -(10**5000)):
        with pytest.raises(UsageError, match="give a size from 1 byte to 1000 GB"):
            parse_size(wrong)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1001, "1.00 kB"),
        (12_340, "12.34 kB"),
        (999_994, "999.99 kB"),
        (999_996, "1.00 MB"),
        (2_974_000, "2.97 MB"),
        (25_000_000, "25 MB"),
        (24_999_000, "25.00 MB"),
        (10_485_760, "10.49 MB"),
        (999_999_000, "1.00 GB"),
        (1_000_000_000, "1 GB"),
    ],
)
def test_format_size(size: int, words: str) -> None:
    assert format_size(size) == words


@given(st.integers(1, 10**12))
def test_formatted_sizes_can_be_parsed(size: int) -> None:
    assert abs(parse_size(format_size(size)) - size) <= size * 0.0051
