"""Resolution of export options: codecs, pixel formats and caps that platforms require."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from reelnet.errors import UsageError
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.export.platforms.load import load_platforms
from reelnet.export.platforms.model import OutputConstraints
from reelnet.export.request import ExportOptions
from tests.export.coding import cell_pictures, encode
from tests.make_run import noise, write_run


@pytest.mark.parametrize(
    ("file", "options", "message"),
    [
        ("a.mov", ExportOptions(platform="x"), "x takes yuv420p only, not rgb24.*write .mp4, .webm"),
        ("a.webm", ExportOptions(platform="x", lossless=True), "x takes yuv420p only, not gbrp"),
        (
            "a.mp4",
            ExportOptions(platform="telegram", codec="av1"),
            "telegram takes H.264 only, not AV1; leave the codec out",
        ),
        ("a.mp4", ExportOptions(platform="telegram", codec="h265"), "telegram takes H.264 only, not H.265"),
    ],
)
def test_codecs_that_a_platform_excludes(file: str, options: ExportOptions, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        options.resolve(Path(file))


def test_codecs_that_a_platform_accepts() -> None:
    for file, name in (
        ("a.mp4", "x"),
        ("a.webm", "x"),
        ("a.mp4", "telegram"),
        ("a.gif", "x"),
        ("a.gif", "telegram"),
    ):
        assert ExportOptions(platform=name).resolve(Path(file)).needs_search


def test_the_codec_that_a_platform_requires_is_chosen(user_platform_file: Path) -> None:
    user_platform_file.write_text(
        "wiki: {limits: [{formats: [mp4, gif], size: 1 MB, codec: av1, pixel_format: yuv420p}]}"
    )
    assert "wiki" in load_platforms()
    request = ExportOptions(platform="wiki").resolve(Path("a.mp4"))
    assert request.settings.codec == "av1"
    # Rules for videos do not apply to a GIF.
    request = ExportOptions(platform="wiki").resolve(Path("a.gif"))
    assert request.settings.codec is None


def test_a_codec_that_is_not_recommended_is_noted(tmp_path: Path) -> None:
    reel = write_run(tmp_path / "run", noise(4, 2, 2, 7)).reel("plain")
    told = "github recommends H.264, but this file is VP9"
    assert told in reel.save(tmp_path / "a.webm", platform="github").notes
    assert not [
        note for note in reel.save(tmp_path / "a.mp4", platform="github").notes if "recommends" in note
    ]


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mp4", "h264"), (".mp4", "h265"), (".mp4", "av1"), (".webm", "vp9")]
)
def test_gops_are_closed(tmp_path: Path, suffix: str, codec: str) -> None:
    path = tmp_path / f"a{suffix}"
    encode(path, cell_pictures(30) * 41, settings=EncoderSettings(codec=codec))
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        begins = [number for number, packet in enumerate(packets) if packet.is_keyframe]
        assert len(begins) >= 3
        decoder = container.streams.video[0].codec_context
        decoder.flush_buffers()
        times = [frame.pts for packet in [*packets[begins[1] :], None] for frame in decoder.decode(packet)]
    # In the file, no frame before a key frame comes after it, and none is missing.
    assert len(times) == 1230 - begins[1]
    first = packets[begins[1]].pts
    assert first is not None
    assert all(each is not None and each >= first for each in times)


def resolve_constraints(
    suffix: str, *, max_size: str | int | None = None, platform: str | None = None
) -> OutputConstraints:
    return ExportOptions(max_size=max_size, platform=platform).resolve(Path(f"a{suffix}")).constraints


def test_the_smaller_cap_counts() -> None:
    def cap(max_size: str | int | None, name: str | None, suffix: str = ".gif") -> int | None:
        return resolve_constraints(suffix, max_size=max_size, platform=name).max_bytes

    assert cap("3 MB", "medium") == 3_000_000
    assert cap("30 MB", "medium") == 25_000_000
    assert cap(None, "medium") == 25_000_000
    assert cap("3 MB", None) == 3_000_000
    assert cap(None, None) is None
    assert cap("3 MB", "x", ".mp4") == 3_000_000
    assert cap(None, "x", ".mp4") is None


def test_a_cap_keeps_the_other_rules() -> None:
    found = resolve_constraints(".gif", max_size="1 MB", platform="x")
    assert (found.max_bytes, found.max_frames, found.max_width) == (1_000_000, 350, 1280)
    assert found.platform == "x"
    assert resolve_constraints(".gif") == OutputConstraints()


def test_invalid_constraints() -> None:
    with pytest.raises(UsageError, match="'3 Mb'"):
        resolve_constraints(".gif", max_size="3 Mb")
    with pytest.raises(UsageError, match="no platform 'nowhere'"):
        resolve_constraints(".gif", platform="nowhere")
    with pytest.raises(UsageError, match=r"does not take '\.mp4'"):
        resolve_constraints(".mp4", platform="medium")
