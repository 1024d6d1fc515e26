"""How often a file plays, and the last picture in front of it."""

from __future__ import annotations

from pathlib import Path
from struct import unpack_from

import numpy as np
import pytest
from PIL import Image

from reelnet.reel import Reel, open_run
from tests.make_run import noise, write_run
from tests.rendering import EVERY_STEP, to_pixels


@pytest.fixture(scope="module")
def run_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plays") / "run"
    write_run(path, noise(4, 3, 2, 7))
    return path


def reel(run_path: Path, *settings: str) -> Reel:
    return Reel.from_run(open_run(run_path), "plain", settings=[*EVERY_STEP, *settings], density=1)


def read_plays(path: Path) -> int | None:
    """How often a file says that it plays: 0 for forever, None if it says nothing."""
    data = path.read_bytes()
    match path.suffix:
        case ".gif":
            at = data.find(b"NETSCAPE2.0\x03\x01")
            repeats = unpack_from("<H", data, at + 13)[0]
            return None if at < 0 else 0 if repeats == 0 else repeats + 1
        case ".webp":
            return int(unpack_from("<H", data, data.index(b"ANIM") + 12)[0])
        case ".apng":
            return int(unpack_from(">I", data, data.index(b"acTL") + 8)[0])
    raise AssertionError(path)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
@pytest.mark.parametrize(("loop", "plays"), [("forever", 0), ("once", 1), ("3", 3)])
def test_a_file_says_how_often_it_plays(
    run_path: Path, tmp_path: Path, suffix: str, loop: str, plays: int
) -> None:
    path = tmp_path / f"a{suffix}"
    report = reel(run_path, f"timeline.loop={loop}").save(path)
    # A GIF that is not repeated says nothing.
    assert read_plays(path) == (None if suffix == ".gif" and plays == 1 else plays)
    assert not any("loop" in note for note in report.notes)


def test_an_avif_says_whether_it_plays_forever(run_path: Path, tmp_path: Path) -> None:
    files = []
    for loop in ("forever", "once", "3"):
        reel(run_path, f"timeline.loop={loop}").save(tmp_path / f"{loop}.avif")
        files.append((tmp_path / f"{loop}.avif").read_bytes())
    assert len(set(files)) == 3


def test_videos_do_not_say_it_and_the_report_says_so(run_path: Path, tmp_path: Path) -> None:
    report = reel(run_path, "timeline.loop=once").save(tmp_path / "a.mp4")
    assert any("timeline.loop has no effect" in note for note in report.notes)
    assert not any("loop" in note for note in reel(run_path).save(tmp_path / "b.mp4").notes)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
def test_a_thumbnail_is_the_last_picture_for_a_twenty_fifth_of_a_second(
    run_path: Path, tmp_path: Path, suffix: str
) -> None:
    path, shown = tmp_path / f"a{suffix}", reel(run_path, "timeline.thumbnail=last")
    report = shown.save(path)
    assert report.frames == 5
    assert report.duration == pytest.approx(0.44)
    assert any("begins with the last picture for 0.04 s" in note for note in report.notes)
    with Image.open(path) as file:
        for position, step in enumerate((3, 0, 1, 2, 3)):
            file.seek(position)
            file.load()
            assert file.info["duration"] == (40 if position == 0 else 100)
            assert (np.asarray(file.convert("RGB")) == to_pixels(shown.frame(step))).all()
    assert [frame.step for frame in shown.scene.timeline] == [0, 1, 2, 3]


def test_files_for_social_networks_begin_with_the_last_picture(run_path: Path, tmp_path: Path) -> None:
    for platform, setting, frames in (
        ("x", None, 5),
        ("medium", None, 4),
        ("x", "timeline.thumbnail=none", 4),
        ("medium", "timeline.thumbnail=last", 5),
    ):
        report = reel(run_path, *filter(None, [setting])).save(tmp_path / "a.gif", platform=platform)
        assert report.frames == frames, (platform, setting)


def test_a_video_begins_with_one_frame_of_the_last_picture(run_path: Path, tmp_path: Path) -> None:
    report = reel(run_path, "timeline.thumbnail=last").save(tmp_path / "a.mp4")
    assert report.frames == 5
    assert report.duration == pytest.approx(0.5)


def test_under_a_cap_the_thumbnail_stays(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", noise(60, 4, 4, 7))
    shown = run.reel("plain", settings=[*EVERY_STEP, "timeline.thumbnail=last"])
    whole = shown.save(tmp_path / "whole.gif").bytes
    report = shown.save(tmp_path / "a.gif", max_size=whole // 3, keep=["channels", "scale"])
    assert report.bytes <= whole // 3
    with Image.open(tmp_path / "a.gif") as file:
        assert file.info["duration"] == 40
        assert (np.asarray(file.convert("RGB")) == to_pixels(shown.frame(59))).mean() > 0.9
