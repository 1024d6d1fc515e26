"""Formats by suffix, the settings they accept, caps, and full disks."""

from __future__ import annotations

import errno
from fractions import Fraction
from pathlib import Path

import pytest

from reelnet.errors import UsageError
from reelnet.export.encoders.base import CapExceeded
from reelnet.export.encoders.formats import FORMATS, EncoderSettings, find_format
from tests.export.coding import encode, noise_pictures

WAYS = [(form.suffix, codec.name) for form in FORMATS.values() for codec in form.codecs]


@pytest.mark.parametrize(
    ("suffix", "settings", "message"),
    [
        (".mp4", EncoderSettings(lossless=True), r"lossless.*\.gif.*\.webm.*\.webp.*\.apng.*\.mov"),
        (".webm", EncoderSettings(lossless=True, codec="av1"), r"\.webm \(av1\): cannot be lossless"),
        (".webp", EncoderSettings(lossless=True, quality=80), "lossless and a quality exclude"),
        (".gif", EncoderSettings(quality=10), r"\.gif: has no quality"),
        (".mp4", EncoderSettings(quality=52), "crf 52 is not from 0 to 51"),
        (".mp4", EncoderSettings(preset="fastest"), "did you mean 'faster'"),
        (".mp4", EncoderSettings(codec="av2"), "did you mean 'av1'"),
        (".gif", EncoderSettings(preset="slow"), "no preset"),
    ],
)
def test_settings_that_a_format_does_not_support(
    suffix: str, settings: EncoderSettings, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        FORMATS[suffix].find_codec(settings)


@pytest.mark.parametrize(
    ("name", "title"),
    [("a.WEBP", "WebP"), ("a.HTML", "HTML"), ("x/frame-%05d.png", "PNG sequence"), ("%03d.mp4", "MP4")],
)
def test_format_of_a_path(name: str, title: str) -> None:
    assert find_format(name).title == title


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.htm", r"did you mean '\.html'"),
        (".html", "reel.html"),
        ("a.wepb", r"did you mean '\.webp'"),
        ("a.png", r"a-%05d\.png"),
        ("a", "no suffix"),
    ],
)
def test_path_without_a_format(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_format(name)


def test_frame_rate_above_the_limit(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.gif: at most 100"):
        encode(tmp_path / "a.gif", noise_pictures(1), Fraction(120))


@pytest.mark.parametrize(("suffix", "codec"), WAYS)
def test_a_cap_stops_the_encode(tmp_path: Path, suffix: str, codec: str) -> None:
    pictures = noise_pictures(240)
    encode(tmp_path / f"a{suffix}", pictures, settings=EncoderSettings(codec=codec))
    size = (tmp_path / f"a{suffix}").stat().st_size
    encode(tmp_path / f"b{suffix}", pictures, settings=EncoderSettings(codec=codec, cap=size))
    assert (tmp_path / f"b{suffix}").stat().st_size == size
    with pytest.raises(CapExceeded):
        encode(tmp_path / f"b{suffix}", pictures, settings=EncoderSettings(codec=codec, cap=size - 1))
    with pytest.raises(CapExceeded) as stopped:
        encode(tmp_path / f"b{suffix}", pictures, settings=EncoderSettings(codec=codec, cap=size // 4))
    assert stopped.value.bytes > size // 4
    assert 0 < stopped.value.frames < 120


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(("suffix", "codec"), WAYS)
def test_a_full_disk(tmp_path: Path, suffix: str, codec: str) -> None:
    full = tmp_path / f"full{suffix}"
    full.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as failed:
        encode(full, noise_pictures(60), settings=EncoderSettings(codec=codec))
    assert failed.value.errno == errno.ENOSPC
