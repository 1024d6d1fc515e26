"""What can be asked of each format, its limit, and a disk that is full."""

from __future__ import annotations

import errno
from fractions import Fraction
from pathlib import Path

import pytest

from reelnet.errors import UsageError
from reelnet.export.encoders.base import OverLimit, format_of
from reelnet.export.encoders.formats import FORMATS
from reelnet.export.encoders.settings import EncoderOptions, codec_of
from tests.export.coding import encode, noise_pictures

WAYS = [(form.suffix, codec.name) for form in FORMATS.values() for codec in form.codecs]


@pytest.mark.parametrize(
    ("suffix", "asked", "said"),
    [
        (".mp4", EncoderOptions(lossless=True), r"lossless.*\.gif.*\.webm.*\.webp.*\.apng.*\.mov"),
        (".webm", EncoderOptions(lossless=True, codec="av1"), r"\.webm \(av1\): cannot be lossless"),
        (".webp", EncoderOptions(lossless=True, quality=80), "lossless leaves no quality"),
        (".gif", EncoderOptions(quality=10), r"\.gif: has no quality"),
        (".mp4", EncoderOptions(quality=52), "crf 52 is not from 0 to 51"),
        (".mp4", EncoderOptions(preset="fastest"), "did you mean 'faster'"),
        (".mp4", EncoderOptions(codec="av2"), "did you mean 'av1'"),
        (".gif", EncoderOptions(preset="slow"), "no preset"),
    ],
)
def test_what_a_format_does_not_have(suffix: str, asked: EncoderOptions, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        codec_of(FORMATS[suffix], asked)


@pytest.mark.parametrize(
    ("name", "title"), [("a.WEBP", "WebP"), ("x/frame-%05d.png", "PNG sequence"), ("%03d.mp4", "MP4")]
)
def test_a_format_by_its_name(name: str, title: str) -> None:
    assert format_of(name).title == title


@pytest.mark.parametrize(
    ("name", "said"), [("a.wepb", r"did you mean '\.webp'"), ("a.png", r"a-%05d\.png"), ("a", "no suffix")]
)
def test_a_name_of_no_format(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        format_of(name)


def test_too_quick_for_the_format(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.gif: at most 100"):
        encode(tmp_path / "a.gif", noise_pictures(1), Fraction(120))


@pytest.mark.parametrize(("suffix", "codec"), WAYS)
def test_a_limit_stops_early(tmp_path: Path, suffix: str, codec: str) -> None:
    pictures = noise_pictures(240)
    encode(tmp_path / f"a{suffix}", pictures, options=EncoderOptions(codec=codec))
    size = (tmp_path / f"a{suffix}").stat().st_size
    encode(tmp_path / f"b{suffix}", pictures, options=EncoderOptions(codec=codec, limit=size))
    assert (tmp_path / f"b{suffix}").stat().st_size == size
    with pytest.raises(OverLimit):
        encode(tmp_path / f"b{suffix}", pictures, options=EncoderOptions(codec=codec, limit=size - 1))
    with pytest.raises(OverLimit) as stopped:
        encode(tmp_path / f"b{suffix}", pictures, options=EncoderOptions(codec=codec, limit=size // 4))
    assert stopped.value.bytes > size // 4
    assert 0 < stopped.value.frames < 120


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(("suffix", "codec"), WAYS)
def test_a_full_disk(tmp_path: Path, suffix: str, codec: str) -> None:
    full = tmp_path / f"full{suffix}"
    full.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as failed:
        encode(full, noise_pictures(60), options=EncoderOptions(codec=codec))
    assert failed.value.errno == errno.ENOSPC
