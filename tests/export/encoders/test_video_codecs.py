"""Lossy video codecs: frames, times, colors and quality."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import features

from reelnet.errors import ReelnetError
from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.codec import AV1
from reelnet.export.encoders.codec_options import make_codec_options
from reelnet.export.encoders.content import Content
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.scene.layout.boxes import Size
from tests.export.coding import (
    PACES,
    by_ffmpeg,
    by_pillow,
    cell_pictures,
    colors,
    encode,
    noise_pictures,
    off,
)

CODECS = [
    (".mp4", "h264"),
    (".mp4", "h265"),
    (".mp4", "av1"),
    (".webm", "vp9"),
    (".webm", "av1"),
    (".avif", "av1"),
    (".mov", "prores"),
]
INSIDE = {"h264": "h264", "h265": "hevc", "av1": "libdav1d", "vp9": "vp9", "prores": "prores"}
OFF = {"h264": 8, "h265": 8, "av1": 40, "vp9": 16, "prores": 3}
"""The largest error of 255 at the center of a cell, at the default quality."""


@pytest.mark.parametrize("count", [1, 2, 25])
@pytest.mark.parametrize(("suffix", "codec"), CODECS)
def test_frames_and_colors(tmp_path: Path, suffix: str, codec: str, count: int) -> None:
    pictures = cell_pictures(count)
    assert encode(tmp_path / f"a{suffix}", pictures, settings=EncoderSettings(codec=codec)) == count
    with av.open(str(tmp_path / f"a{suffix}")) as container:
        context = container.streams.video[-1].codec_context
        assert context.name == INSIDE[codec]
        assert (context.width, context.height) == pictures[0].shape[::-1]
        if codec == "h265":
            assert context.codec_tag == "hvc1"
    decoded = by_ffmpeg(tmp_path / f"a{suffix}")
    assert len(decoded.frames) == count
    worst = max(off(frame, picture) for frame, picture in zip(decoded.frames, pictures, strict=True))
    assert worst <= OFF[codec]


def test_short_h265_never_fails(tmp_path: Path) -> None:
    for _ in range(30):
        for count in (1, 2, 3):
            encode(tmp_path / "a.mp4", cell_pictures(count), settings=EncoderSettings(codec="h265"))
            assert by_ffmpeg(tmp_path / "a.mp4").times == pytest.approx([0, 0.1, 0.2][:count], abs=0.00051)


@pytest.mark.parametrize("fps", PACES)
@pytest.mark.parametrize(("suffix", "codec"), CODECS)
def test_times(tmp_path: Path, suffix: str, codec: str, fps: Fraction) -> None:
    encode(tmp_path / f"a{suffix}", cell_pictures(12), fps, EncoderSettings(codec=codec))
    decoded = by_ffmpeg(tmp_path / f"a{suffix}")
    assert decoded.times == pytest.approx([number / float(fps) for number in range(12)], abs=0.00051)
    assert decoded.duration == pytest.approx(12 / float(fps), abs=0.0011)


@pytest.mark.parametrize(("suffix", "codec"), CODECS)
def test_long_constant_and_noisy_frames(tmp_path: Path, suffix: str, codec: str) -> None:
    still, loud = cell_pictures(1)[0], noise_pictures(3)
    pictures, repeats = [still, *loud, still], [9, 1, 2, 1, 5]
    assert (
        encode(tmp_path / f"a{suffix}", pictures, settings=EncoderSettings(codec=codec), repeats=repeats)
        == 18
    )
    frames = by_ffmpeg(tmp_path / f"a{suffix}").frames
    assert len(frames) == 18
    for frame in (*frames[:9], *frames[14:]):
        assert off(frame, still) <= 2 * OFF[codec]


@pytest.mark.skipif(not features.check("avif"), reason="Pillow has no AVIF here")
def test_avif_by_another_decoder(tmp_path: Path) -> None:
    pictures = cell_pictures(6)
    encode(tmp_path / "a.avif", pictures)
    decoded = by_pillow(tmp_path / "a.avif")
    assert len(decoded.frames) == 6
    assert decoded.duration == pytest.approx(0.6)
    for frame, picture in zip(decoded.frames, pictures, strict=True):
        assert off(frame, picture) <= OFF["av1"]


@pytest.mark.parametrize(("suffix", "codec"), [case for case in CODECS if case[1] != "prores"])
def test_quality_trades_bytes_for_error(tmp_path: Path, suffix: str, codec: str) -> None:
    pictures, sizes, errors = noise_pictures(12), [], []
    for quality in (5, 55 if codec == "vp9" else 45):
        encode(tmp_path / f"a{suffix}", pictures, settings=EncoderSettings(codec=codec, quality=quality))
        sizes.append((tmp_path / f"a{suffix}").stat().st_size)
        frames = by_ffmpeg(tmp_path / f"a{suffix}").frames
        errors.append(
            np.mean(
                [
                    (frame - colors(one).astype(float)) ** 2
                    for frame, one in zip(frames, pictures, strict=True)
                ]
            )
        )
    assert sizes == sorted(sizes, reverse=True)
    assert errors == sorted(errors)


def test_a_missing_codec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, _mode: str) -> None:
        raise av.codec.codec.UnknownCodecError(name)

    monkeypatch.setattr(av.codec, "Codec", missing)
    with pytest.raises(ReelnetError, match=r"libsvtav1.*pip install"):
        encode(tmp_path / "a.avif", cell_pictures(1))


def test_av1_takes_a_faster_preset_for_larger_frames() -> None:
    presets = [
        make_codec_options(
            AV1,
            EncoderSettings(),
            StreamInfo(Size(width, height), np.zeros((256, 3), np.uint8), Fraction(10), Content.BLOCKS),
        )["preset"]
        for width, height in ((560, 952), (1920, 1080), (3840, 2160))
    ]
    assert presets == sorted(set(presets), key=int)
