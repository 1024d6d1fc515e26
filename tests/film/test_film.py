"""Films by a file or a list: what is seen when, chapters, sound, and mistakes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import reelnet
from reelnet.config.source import parse_yaml, to_plain
from reelnet.errors import ReelnetError, TemplateError, UsageError
from reelnet.films.model import FilmSpec
from reelnet.films.new_film import TEXT
from tests.export.coding import by_ffmpeg
from tests.film.clips import decode_sound, moviepy, numbered_clip, tone
from tests.make_run import noise, write_run

SMALL = {"width": 128, "height": 72, "density": 1}


def solid(color: tuple[int, int, int], seconds: float = 1.0, size: tuple[int, int] = (128, 72)) -> Any:
    return moviepy.ColorClip(size, color, duration=seconds).with_fps(10)


def compose(*items: Any, **keys: Any) -> reelnet.Film:
    return reelnet.film({"canvas": SMALL, "fps": 10, "items": [*items], **keys})


def frames(film: reelnet.Film, path: Path) -> list[Any]:
    film.save(path / "film.mov")
    return by_ffmpeg(path / "film.mov").frames


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(write_run(tmp_path / "run", noise(12, 2, 2, 4)).location)


RED, BLUE = (200, 0, 0), (0, 0, 200)


def test_items_follow_each_other(tmp_path: Path) -> None:
    shown = frames(compose(solid(RED), solid(BLUE, 0.5)), tmp_path)
    assert [tuple(frame[0, 0]) for frame in shown] == [RED] * 10 + [BLUE] * 5


def test_a_crossfade_mixes_both(tmp_path: Path) -> None:
    fade = {"kind": "crossfade", "seconds": 0.4}
    shown = frames(compose(solid(RED), {"clip": solid(BLUE), "transition": fade}), tmp_path)
    assert len(shown) == 16
    assert [tuple(frame[0, 0]) for frame in shown[:6]] == [RED] * 6
    assert [tuple(frame[0, 0]) for frame in shown[10:]] == [BLUE] * 6
    for number, part in enumerate((1 / 8, 3 / 8, 5 / 8, 7 / 8)):
        assert shown[6 + number][0, 0] == pytest.approx([200 * (1 - part), 0, 200 * part], abs=1)


@pytest.mark.parametrize(("kind", "left", "right"), [("wipe", BLUE, RED), ("slide", RED, BLUE)])
def test_wipe_and_slide(tmp_path: Path, kind: str, left: Any, right: Any) -> None:
    shown = frames(compose(solid(RED), solid(BLUE), transition={"kind": kind, "seconds": 0.2}), tmp_path)
    assert len(shown) == 18
    # A quarter and three quarters are blue in the middles of the two frames.
    for frame, edge in zip(shown[8:10], (32, 96), strict=True):
        edge = edge if kind == "wipe" else 128 - edge
        assert tuple(frame[30, edge - 2]) == left
        assert tuple(frame[30, edge + 2]) == right
    assert tuple(shown[7][30, 2]) == RED
    assert tuple(shown[10][30, 2]) == BLUE


def test_every_kind_of_item(tmp_path: Path, run: Path) -> None:
    Image.new("RGB", (1280, 320), RED).save(tmp_path / "wide.png")
    reelnet.save(solid(BLUE, 2, (64, 32)), tmp_path / "small.mov")
    (tmp_path / "talk.yaml").write_text(
        f"""
canvas: {{width: 640, height: 360, density: 1}}
fps: 10
items:
  - card: {{title: Title, text: Words, seconds: 0.5}}
  - reel: {{layers: all, template: plain}}
  - still: {{template: plain, step: first, seconds: 0.3}}
  - {{image: {{file: wide.png, seconds: 0.2}}}}
  - video: {{file: {tmp_path / "small.mov"}, start: 0.5, end: 1}}
"""
    )
    film = reelnet.film(tmp_path / "talk.yaml", str(run))
    report = film.save(tmp_path / "film.mov")
    shown = by_ffmpeg(tmp_path / "film.mov").frames
    reel = reelnet.open(run).reel(
        "plain", fps=10, settings={"canvas": {"width": 640, "height": 360, "density": 1}}
    )
    count = len(reel.scene.timeline.frames)
    slots = round(reel.scene.timeline.duration * 10)
    assert count <= slots
    assert (report.width, report.height, len(shown)) == (640, 360, 5 + slots + 3 + 2 + 5)
    assert len(np.unique(shown[0].reshape(-1, 3), axis=0)) > 2
    assert (shown[5] == np.asarray(reel.frame(reel.run.steps[0]))).all()
    assert (shown[4 + slots] == np.asarray(reel.frame(reel.run.steps[-1]))).all()
    assert (shown[5 + slots] == np.asarray(reel.frame(reel.run.steps[0]))).all()
    image, video = shown[8 + slots], shown[-1]
    # The wide picture fills the width; the small video keeps its size, on multiples of 8.
    assert image[180, [2, 637]] == pytest.approx(np.array([RED, RED]), abs=1)
    assert tuple(image[60, 320]) == (255, 255, 255)
    assert video[180, 320] == pytest.approx(np.array(BLUE), abs=3)
    assert tuple(video[180, 280]) == (255, 255, 255)


def test_items_are_shown_once_per_run(tmp_path: Path, run: Path) -> None:
    other = Path(write_run(tmp_path / "other", noise(6, 2, 2, 4)).location)
    content = {
        "canvas": {"width": 320, "height": 240, "density": 1},
        "fps": 10,
        "intro": [{"card": "Begin", "chapter": "Begin"}],
        "items": [{"reel": {"template": "plain"}, "chapter": "{run} {layer}"}],
        "outro": [{"card": "End", "chapter": "End"}],
    }
    film = reelnet.film(content, [str(run), str(other)])
    layer = reelnet.open(run).reel("plain").layer
    assert [title for _, title in film.chapters] == ["Begin", f"run {layer}", f"other {layer}", "End"]


def test_chapters_are_in_the_file(tmp_path: Path) -> None:
    fade = {"kind": "crossfade", "seconds": 0.4}
    film = compose(
        {"clip": solid(RED), "chapter": "One"},
        solid(BLUE),
        {"clip": solid(RED), "chapter": "Two — ½", "transition": fade},
    )
    for suffix in (".mp4", ".webm", ".mov"):
        film.save(tmp_path / f"a{suffix}")
        with av.open(str(tmp_path / f"a{suffix}")) as container:
            found = [
                [float(each[side] * (each["time_base"] or 1)) for side in ("start", "end")]
                for each in container.chapters()
            ]
            titles = [each["metadata"]["title"] for each in container.chapters()]
        assert titles == ["One", "Two — ½"]
        assert np.allclose(found, [(0, 1.6), (1.6, 2.6)])
        assert len(by_ffmpeg(tmp_path / f"a{suffix}").frames) == 26


def test_chapters_of_any_clip(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'b' would last from 2 s to 1 s"):
        reelnet.save(solid(RED), tmp_path / "a.mp4", chapters=[(0, "a"), (2, "b")])


def write_wav(path: Path, seconds: float, hertz: float) -> None:
    tone(seconds, 0, hertz).write_audiofile(str(path), logger=None)


def test_sound_of_the_film_and_of_its_items(tmp_path: Path) -> None:
    write_wav(tmp_path / "music.wav", 5, 300)
    speaking = solid(RED, 3).with_audio(tone(3, 0, 1000))
    film = compose(
        speaking, solid(BLUE, 1), audio={"file": str(tmp_path / "music.wav"), "fade": 0.5, "gain": -6}
    )
    film.save(tmp_path / "a.mp4")
    _, rate, samples = decode_sound(tmp_path / "a.mp4")
    assert len(samples) / rate == pytest.approx(4, abs=0.03)

    def loudness(start: float, hertz: int) -> float:
        part = samples[round(start * rate) : round(start * rate) + rate // 2]
        return float(np.abs(np.fft.rfft(part))[hertz // 2] / len(part) * 2)

    assert loudness(1, 1000) == pytest.approx(0.5, rel=0.05)
    assert loudness(1, 300) == pytest.approx(0.25, rel=0.05)
    assert loudness(3, 1000) < 0.02
    assert loudness(3.5, 300) < 0.8 * loudness(3, 300)


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("items: []", "1:1: items", "is empty"),
        ("items: [{card: {titel: a}}]", "1:17: items[0].card.titel", "did you mean 'title'"),
        ("items:\n  - card: a\n    reel: {}", "2:5: items[0]", "has card and reel; give one of"),
        ("items:\n  - chapter: a", "2:5: items[0]", "says nothing to show"),
        ("items:\n  - clip: a", "2:5: items[0]", "a file has no clips"),
        ("items:\n  - card: {}", "2:5: items[0].card", "is empty; give a title"),
        ("transition: crosfade\nitems: [card: a]", "1:1: transition.kind", "did you mean 'crossfade'"),
        ("items:\n  - reel: {}", "2:5: items[0].reel", "names no run"),
        ("items:\n  - reel: {run: nowhere}", "2:5: items[0]", "nowhere"),
        ("items:\n  - image: a.png", "2:5: items[0].image", "a.png: no such file"),
        ("items:\n  - image: talk.yaml", "2:5: items[0].image", "no picture"),
        ("items:\n  - video: talk.yaml", "2:5: items[0].video", "no video that FFmpeg can read"),
        ("audio: talk.yaml\nitems: [card: a]", "1:1: audio", "no audio that FFmpeg can read"),
        ("audio: a.mp3\nitems: [card: a]", "1:1: audio", "a.mp3: no such file"),
        (
            "transition: {kind: wipe, seconds: 2}\nitems: [card: a, card: b, card: c]",
            "2:18: items[1]",
            "lasts 3 s, which is shorter than its transitions of 4 s",
        ),
        ("items:\n  - card: " + "long " * 300, "2:5: items[0]", "does not fit on 1920×1080"),
        ("items: 3", "1:1: items", "3 is not a list"),
        ("[]", "1:1", ""),
    ],
)
def test_mistakes_have_a_place(tmp_path: Path, text: str, where: str, message: str) -> None:
    (tmp_path / "talk.yaml").write_text(text)
    with pytest.raises(TemplateError) as caught:
        reelnet.film(tmp_path / "talk.yaml")
    assert f"talk.yaml:{where}" in str(caught.value)
    assert message in str(caught.value)


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    (tmp_path / "talk.yaml").write_text(
        "items:\n  - image: a.png\n  - reel: {run: no}\n  - video: b.mp4\naudio: c.mp3\n"
    )
    with pytest.raises(TemplateError) as caught:
        reelnet.film(tmp_path / "talk.yaml")
    assert [line.split(":")[1] for line in str(caught.value).splitlines()] == ["2", "3", "4", "5"]


def test_a_template_that_does_not_fit(tmp_path: Path, run: Path) -> None:
    (tmp_path / "talk.yaml").write_text(
        f"items:\n  - reel: {{run: {run}, template: plain, set: {{timeline: {{durration: 3}}}}}}\n"
    )
    with pytest.raises(TemplateError, match=r"talk\.yaml:2:5: items\[0\].*duration"):
        reelnet.film(tmp_path / "talk.yaml")


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="reelnet film new"):
        reelnet.film(tmp_path / "talk.yaml")


def test_the_file_to_begin_with_is_a_film(tmp_path: Path, run: Path) -> None:
    (tmp_path / "talk.yaml").write_text(TEXT.format(name="talk.yaml"))
    film = reelnet.film(tmp_path / "talk.yaml", str(run))
    assert film.clip.size == (1920, 1080)
    assert film.chapters[0] == (0.0, "Title")


def test_the_film_of_the_demo_is_valid() -> None:
    file = Path(__file__).parents[2] / "docs/talk.yaml"
    FilmSpec.model_validate(to_plain(parse_yaml(file.read_text("utf-8"), str(file))))


def test_without_moviepy_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moviepy", None)
    with pytest.raises(ReelnetError, match=r"pip install 'reelnet\[film\]'"):
        reelnet.film([{"card": "a"}])


def test_clips_can_be_taken_out(tmp_path: Path) -> None:
    film = compose(numbered_clip(10, 10).resized((128, 72)), solid(BLUE))
    half = moviepy.concatenate_videoclips([film.clip.subclipped(0, 1), solid(RED)])
    reelnet.save(half, tmp_path / "a.mov")
    assert len(by_ffmpeg(tmp_path / "a.mov").frames) == 20
