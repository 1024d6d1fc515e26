"""APNG files: chunks as the specification requires, and sizes in comparison with Pillow."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from struct import unpack

import pytest
from PIL import Image

from reelnet.export.encoders.apng import round_delay
from tests.export.coding import cell_pictures, encode, palette


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG, with verified checksums."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(data):
        length, kind = unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        assert unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        yield kind, body
        at += 12 + length


def test_chunks_are_in_order_and_numbered(tmp_path: Path) -> None:
    encode(tmp_path / "a.apng", cell_pictures(5), Fraction(30_000, 1001))
    found = list(chunks((tmp_path / "a.apng").read_bytes()))
    kinds = [kind for kind, _ in found]
    assert kinds[:6] == [b"IHDR", b"acTL", b"PLTE", b"tRNS", b"fcTL", b"IDAT"]
    assert kinds[6:] == [b"fcTL", b"fdAT"] * 4 + [b"IEND"]
    assert unpack(">II", found[1][1]) == (5, 0)
    numbers = [unpack(">I", body[:4])[0] for kind, body in found if kind in (b"fcTL", b"fdAT")]
    assert numbers == list(range(len(numbers)))
    delays = [Fraction(*unpack(">HH", body[20:24])) for kind, body in found if kind == b"fcTL"]
    assert delays == [Fraction(1001, 30_000)] * 5


@pytest.mark.parametrize(
    "seconds", [Fraction(1, 10), Fraction(1001 * 500, 30_000), Fraction(65_535), Fraction(2, 99_999)]
)
def test_delays_are_rounded_to_16_bit_fractions(seconds: Fraction) -> None:
    found = round_delay(seconds)
    assert max(found.numerator, found.denominator) <= 65_535
    assert abs(found - seconds) < Fraction(1, 10_000) * max(Fraction(1), seconds)


def test_files_are_smaller_than_those_of_pillow(tmp_path: Path) -> None:
    pictures = cell_pictures(20)
    images = []
    for picture in pictures:
        images.append(Image.fromarray(picture).convert("P"))
        images[-1].putpalette(palette().tobytes())
    images[0].save(tmp_path / "b.png", save_all=True, append_images=images[1:], duration=100, optimize=True)
    encode(tmp_path / "a.apng", pictures)
    assert (tmp_path / "a.apng").stat().st_size < (tmp_path / "b.png").stat().st_size
