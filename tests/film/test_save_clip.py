"""Any clip of moviepy, written and decoded again: frames, colors, sound, caps."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import reelnet
from reelnet.errors import CapError, UsageError
from reelnet.reel import Reel
from tests.export.coding import by_ffmpeg, by_pillow
from tests.film.clips import HEIGHT, WIDTH, decode_sound, moviepy, numbered_clip, numbered_frame, tone
from tests.make_run import noise, write_run


def small_reel(path: Path, theme: str = "light", steps: int = 9) -> Reel:
    run = write_run(path / f"run-{theme}", noise(steps, 2, 2, 4))
    return run.reel("plain", scale=8, fps=10, settings={"theme": theme})


def crossfade(path: Path) -> tuple[Any, list[int]]:
    """Two reels that fade into each other, and the numbers of the frames outside of the fade."""
    first, second = small_reel(path).clip(), small_reel(path, "dark").clip()
    fade = [moviepy.vfx.CrossFadeIn(0.4)]
    film = moviepy.CompositeVideoClip([first, second.with_start(0.5).with_effects(fade)])
    return film, [*range(5), *range(9, 14)]


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_clip_of_a_reel_is_the_file_of_the_reel(tmp_path: Path, suffix: str) -> None:
    reel = small_reel(tmp_path, steps=5)
    reel.save(tmp_path / f"a{suffix}")
    reelnet.save(reel.clip(), tmp_path / f"b{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("count", "fps"), [(1, 10), (10, 10), (7, 24), (13, 29.97), (31, 30000 / 1001), (61, 60)]
)
def test_every_frame_is_written(tmp_path: Path, count: int, fps: float) -> None:
    report = reelnet.save(numbered_clip(count, fps), tmp_path / "a.mov")
    decoded = by_ffmpeg(tmp_path / "a.mov")
    assert report.frames == len(decoded.frames) == count
    for number, frame in enumerate(decoded.frames):
        assert (frame == numbered_frame(number)).all()
    assert decoded.times == pytest.approx([number / fps for number in range(count)], abs=1e-3)


def test_clips_of_reels_follow_each_other_without_a_frame_between(tmp_path: Path) -> None:
    reel = small_reel(tmp_path)
    film = moviepy.concatenate_videoclips([reel.clip()] * 4)
    reelnet.save(film, tmp_path / "a.mov")
    decoded = by_ffmpeg(tmp_path / "a.mov").frames
    assert len(decoded) == 36
    for number, frame in enumerate(decoded):
        assert (frame == np.asarray(reel.frame(reel.run.steps[number % 9]))).all()


@pytest.mark.parametrize("suffix", [".webp", ".mov"])
def test_lossless_formats_keep_all_colors(tmp_path: Path, suffix: str) -> None:
    film, _ = crossfade(tmp_path)
    report = reelnet.save(film, tmp_path / f"a{suffix}")
    decoded = (by_pillow if suffix == ".webp" else by_ffmpeg)(tmp_path / f"a{suffix}")
    assert report.lossless
    assert len(decoded.frames) == 14
    for number, frame in enumerate(decoded.frames):
        assert (frame == film.get_frame((number + 0.5) / 10)).all()


def test_a_gif_has_the_exact_colors_outside_of_transitions(tmp_path: Path) -> None:
    film, outside = crossfade(tmp_path)
    reelnet.save(film, tmp_path / "a.gif")
    decoded = by_pillow(tmp_path / "a.gif").frames
    assert len(decoded) == 14
    for number, frame in enumerate(decoded):
        wanted = film.get_frame((number + 0.5) / 10).astype(int)
        assert np.abs(frame - wanted).mean() <= (0 if number in outside else 3), number


@pytest.mark.parametrize("count", [2, 40])
def test_a_gif_of_frames_with_palettes_of_their_own(tmp_path: Path, count: int) -> None:
    """40 frames are three blocks, which different threads compress, with a new palette every 20 frames."""
    reelnet.save(numbered_clip(count, 10), tmp_path / "a.gif")
    for number, frame in enumerate(by_pillow(tmp_path / "a.gif").frames):
        assert (frame == numbered_frame(number)).all(), number


def test_colors_of_an_mp4_are_bt709_and_tagged(tmp_path: Path) -> None:
    reelnet.save(numbered_clip(6, 10), tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_range, context.colorspace, context.color_primaries, context.color_trc) == (
            1,
            1,
            1,
            1,
        )
    errors = [
        np.abs(frame.astype(int) - numbered_frame(number)).mean()
        for number, frame in enumerate(by_ffmpeg(tmp_path / "a.mp4").frames)
    ]
    # The codec and swscale's decoding included; with the wrong matrix, it would be 10 and more.
    assert np.mean(errors) < 1.5


def test_transitions_of_an_mp4_are_the_frames_of_the_clip(tmp_path: Path) -> None:
    film, _ = crossfade(tmp_path)
    reelnet.save(film, tmp_path / "a.mp4")
    decoded = by_ffmpeg(tmp_path / "a.mp4").frames
    assert len(decoded) == 14
    for number, frame in enumerate(decoded):
        wanted = film.get_frame((number + 0.5) / 10).astype(int)
        # moviepy's own writer is off by 5 and more.
        assert np.abs(frame - wanted).mean() < 2.5, number


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "aac"), (".mov", "aac"), (".webm", "libopus")])
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_sound_is_heard_when_it_should_be(tmp_path: Path, suffix: str, codec: str, rate: int) -> None:
    film = numbered_clip(30, 10).with_audio(tone(3, start=1.5, rate=rate))
    report = reelnet.save(film, tmp_path / f"a{suffix}")
    name, decoded_rate, samples = decode_sound(tmp_path / f"a{suffix}")
    assert name.removeprefix("lib") == codec.removeprefix("lib")
    assert len(samples) / decoded_rate == pytest.approx(3, abs=0.03)
    begin = np.flatnonzero(np.abs(samples) > 0.25)[0] / decoded_rate
    assert begin == pytest.approx(1.5, abs=0.01)
    heard = samples[round(1.8 * decoded_rate) : round(2.8 * decoded_rate)]
    assert np.argmax(np.abs(np.fft.rfft(heard))) == pytest.approx(440, abs=1)
    assert report.frames == len(by_ffmpeg(tmp_path / f"a{suffix}").frames) == 30


def test_sound_that_ends_early_is_followed_by_silence(tmp_path: Path) -> None:
    film = numbered_clip(20, 10).with_audio(tone(0.8, start=0))
    reelnet.save(film, tmp_path / "a.mp4")
    _, rate, samples = decode_sound(tmp_path / "a.mp4")
    assert len(samples) / rate == pytest.approx(2, abs=0.03)
    assert np.abs(samples[rate:]).max() < 0.01


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_a_format_without_sound_says_so(tmp_path: Path, suffix: str) -> None:
    report = reelnet.save(numbered_clip(3, 10).with_audio(tone(0.3, 0)), tmp_path / f"a{suffix}")
    assert any("has no sound" in note for note in report.notes)


def moving_clip() -> Any:
    """Noise that moves over a gradient, which takes many bytes; with sound."""
    random = np.random.default_rng(0).integers(0, 40, (96, 128, 3), np.uint8)
    shade = np.linspace(0, 200, 128, dtype=np.uint8)[None, :, None]
    clip = moviepy.VideoClip(lambda t: np.roll(random, int(30 * t), axis=1) + shade, duration=2)
    return clip.with_fps(20).with_audio(tone(2, 0))


@pytest.mark.parametrize("suffix", [".mp4", ".webp"])
def test_a_cap_is_kept_and_used(tmp_path: Path, suffix: str) -> None:
    whole = reelnet.save(moving_clip(), tmp_path / f"whole{suffix}")
    cap = 50_000 + (whole.bytes - 50_000) // (2 if suffix == ".mp4" else 4)
    trials: list[str] = []
    report = reelnet.save(moving_clip(), tmp_path / f"a{suffix}", max_size=cap, on_trial=trials.append)
    assert 0.9 * cap < report.bytes == (tmp_path / f"a{suffix}").stat().st_size <= cap
    assert report.encodes == len(trials) <= (5 if suffix == ".mp4" else 6)
    assert "instead of" in report.traded[0]
    assert report.frames == 40


def test_a_cap_that_is_not_reached_changes_nothing(tmp_path: Path) -> None:
    whole = reelnet.save(numbered_clip(5, 10), tmp_path / "a.mp4")
    capped = reelnet.save(numbered_clip(5, 10), tmp_path / "b.mp4", platform="github")
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert (whole.encodes, capped.encodes, capped.traded) == (1, 1, ())


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".webp"])
def test_a_cap_that_cannot_be_met(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(CapError, match=r"smallest possible is [\d.]+ kB.*Make the film shorter"):
        reelnet.save(moving_clip(), tmp_path / f"a{suffix}", max_size=2_000)
    assert [*tmp_path.iterdir()] == []


def test_limits_of_a_platform(tmp_path: Path) -> None:
    with pytest.raises(CapError, match=r"400 frames long, but x takes at most 350"):
        reelnet.save(numbered_clip(400, 50), tmp_path / "a.gif", platform="x")


def test_a_mask_is_black(tmp_path: Path) -> None:
    white = moviepy.ColorClip((WIDTH, HEIGHT), (255, 255, 255), duration=1).with_fps(10)
    reelnet.save(white.with_opacity(0.5), tmp_path / "a.mov")
    assert np.unique(by_ffmpeg(tmp_path / "a.mov").frames[0]).tolist() == [128]


def test_odd_sides_are_made_even(tmp_path: Path) -> None:
    odd = moviepy.VideoClip(lambda t: numbered_frame(0)[1:, 1:], duration=1).with_fps(10)
    report = reelnet.save(odd, tmp_path / "a.mp4")
    assert (report.width, report.height) == (WIDTH, HEIGHT)
    assert any(f"{WIDTH - 1}×{HEIGHT - 1}" in note for note in report.notes)
    assert reelnet.save(odd, tmp_path / "a.gif").width == WIDTH - 1


@pytest.mark.parametrize(
    ("change", "name", "message"),
    [
        (lambda clip: "talk.mov", "a.mp4", r"str is no moviepy clip"),
        (lambda clip: clip.with_duration(None), "a.mp4", r"no duration"),
        (lambda clip: clip.with_fps(None), "a.mp4", r"fps=30"),
        (lambda clip: clip.with_duration(0.01), "a.mp4", r"shorter than a frame"),
        (lambda clip: clip, "a.apng", r"\.mp4, \.webm"),
        (lambda clip: clip, "a-%03d.png", r"\.mp4, \.webm"),
        (lambda clip: clip, "a.html", r"\.mp4, \.webm"),
        (lambda clip: clip, "a.mp5", r"\.mp4"),
        (lambda clip: clip.with_fps(200), "a.gif", r"at most 100 frames per second"),
    ],
)
def test_mistakes(tmp_path: Path, change: Any, name: str, message: str) -> None:
    clip = numbered_clip(3, 10)
    clip.fps = 10
    changed = change(clip)
    with pytest.raises(UsageError, match=message):
        reelnet.save(changed, tmp_path / name)
    assert [*tmp_path.iterdir()] == []


def test_sound_of_three_channels(tmp_path: Path) -> None:
    sound = moviepy.AudioClip(lambda t: np.zeros((*np.shape(t), 3)), duration=1, fps=44_100)
    with pytest.raises(UsageError, match="3 channels"):
        reelnet.save(numbered_clip(3, 10).with_audio(sound), tmp_path / "a.mp4")


def test_saving_does_not_import_moviepy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has a clip has moviepy; all else says what is wrong."""
    monkeypatch.setitem(sys.modules, "moviepy", None)
    with pytest.raises(UsageError, match=r"no moviepy clip"):
        reelnet.save(3, tmp_path / "a.mp4")


def test_frame_rates_are_exact(tmp_path: Path) -> None:
    reelnet.save(numbered_clip(30, 30000 / 1001), tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].average_rate == Fraction(30000, 1001)
