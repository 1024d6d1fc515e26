"""The search under a cap: never over it, always decodable or refused, and what the report says is true."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.errors import CapError, UsageError
from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.codec import H264
from reelnet.export.encoders.content import Content, find_content
from reelnet.export.encoders.encode import encode_frames
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.reel import Reel, Run
from reelnet.render.compositor import Frame
from tests.export.coding import by_pillow
from tests.make_run import write_run
from tests.rendering import decode_mp4


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Values that wander: 60 steps, 4 samples, 3 channels of 7×7."""
    walk = np.random.default_rng(5).normal(0, 0.06, (60, 4, 3, 7, 7)).cumsum(axis=0)
    return write_run(tmp_path_factory.mktemp("run") / "run", np.tanh(walk).astype(np.float32))


@pytest.fixture(scope="module")
def reel(run: Run) -> Reel:
    return run.reel("plain", density=1)


@pytest.fixture(scope="module")
def whole(reel: Reel, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """The sizes without a cap."""
    folder = tmp_path_factory.mktemp("whole")
    return {suffix: reel.save(folder / f"a{suffix}").bytes for suffix in (".gif", ".mp4", ".apng", ".webp")}


@pytest.mark.parametrize("suffix", [".gif", ".apng"])
def test_what_fits_is_lossless_in_one_encode(
    reel: Reel, whole: dict[str, int], tmp_path: Path, suffix: str
) -> None:
    report = reel.save(tmp_path / f"a{suffix}", max_size=whole[suffix])
    assert (report.lossless, report.encodes, report.traded) == (True, 1, ())
    assert report.bytes == whole[suffix]


@pytest.mark.parametrize("part", [0.9, 0.6, 0.4, 0.2, 0.08])
@pytest.mark.parametrize("suffix", [".gif", ".mp4", ".apng", ".webp"])
def test_caps_are_kept(reel: Reel, whole: dict[str, int], tmp_path: Path, suffix: str, part: float) -> None:
    cap, path = int(part * whole[suffix]), tmp_path / f"a{suffix}"
    report = reel.save(path, max_size=cap)
    assert path.stat().st_size == report.bytes <= cap
    assert report.encodes <= 8
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_the_error_that_is_told_is_the_error_that_is_there(
    run: Run, reel: Reel, whole: dict[str, int], tmp_path: Path
) -> None:
    path = tmp_path / "a.gif"
    report = reel.save(path, max_size=int(0.6 * whole[".gif"]), keep=("frames", "scale"))
    assert report.bytes >= 0.9 * 0.6 * whole[".gif"]
    errors = decoded_errors(path, run, reel)
    # Places are kept in 256ths of a level.
    slack = 240 / (reel.scene.palette.levels - 1) / 256
    assert report.max_error_levels == pytest.approx(errors.max(), abs=slack)
    assert report.mean_error_levels == pytest.approx(errors.mean(), abs=slack)
    assert 0 < errors.max() <= 4


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_first_and_last_stay_exact_with_fewer_levels(
    run: Run, reel: Reel, whole: dict[str, int], tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    report = reel.save(path, max_size=int(0.6 * whole[suffix]), max_error=1, keep=("frames", "scale"))
    found = re.search(r"(\d+) of (\d+) colormap levels .* up to ([\d.]+) of 240", " ".join(report.traded))
    assert found is not None
    levels, every, more = int(found[1]), int(found[2]), float(found[3])
    assert (levels < every, every) == (True, reel.scene.palette.levels)
    errors = decoded_errors(path, run, reel)
    assert (errors[[0, -1]] == 0).all()
    assert report.max_error_levels == pytest.approx(errors.max(), abs=240 / (every - 1) / 256)
    assert report.mean_error_levels == pytest.approx(errors.mean(), abs=240 / (every - 1) / 256)
    assert 1 < errors.max() <= 1 + more + 0.05


def decoded_errors(path: Path, run: Run, reel: Reel) -> NDArray[np.float64]:
    """How far each value is off in an animation's 60 frames, in 240ths; one in its own color is not. First and last
    frame must be exact, with all that is on them."""
    levels = reel.scene.palette.levels
    colors = {tuple(map(int, rgb)): index for index, rgb in enumerate(reel.palette_rgb[:levels])}
    # The colormap spans -1 to 1.
    places = (run.read("conv1").astype(np.float64) + 1) / 2 * (levels - 1)
    decoded, seen, errors = by_pillow(path), [], []
    for picture, delay in zip(decoded.frames, np.diff([*decoded.times, decoded.duration]), strict=True):
        seen += [picture] * round(delay * 10)
    assert len(seen) == 60
    for step, picture in enumerate(seen):
        shown = np.array([colors[tuple(map(int, rgb))] for rgb in picture[60::8, 4::8].reshape(-1, 3)])
        exact = places[step].transpose(1, 2, 0, 3).reshape(-1)
        errors.append(np.where(np.rint(exact) == shown, 0, np.abs(exact - shown)) * 240 / (levels - 1))
        if step in (0, 59):
            assert (np.asarray(reel.frame(step)) == picture).all()
    return np.array(errors)


def test_frames_or_scale_give_way_when_values_do_not_do(
    reel: Reel, whole: dict[str, int], tmp_path: Path
) -> None:
    small = int(0.3 * whole[".gif"])
    frames = reel.save(tmp_path / "a.gif", max_size=small, keep=["scale"], max_error=1)
    scale = reel.save(tmp_path / "b.gif", max_size=small, keep=["frames", "channels"], max_error=1)
    assert frames.scale == 8
    assert (frames.steps_shown[0], frames.steps_shown[-1]) == (0, 59)
    assert len(frames.steps_shown) < 60
    assert scale.scale < 8
    assert len(scale.steps_shown) == 60
    with pytest.raises(CapError, match=r"with channels and frames and scale kept"):
        reel.save(tmp_path / "c.gif", max_size=small, keep=["frames", "scale", "channels"], max_error=1)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_reductions_come_in_order(reel: Reel, whole: dict[str, int], tmp_path: Path, suffix: str) -> None:
    """Large maps and well-chosen steps are worth more than many frames of small ones."""
    seen = set[str]()
    for part in (0.4, 0.3, 0.2, 0.15, 0.1, 0.06):
        report = reel.save(tmp_path / f"a{suffix}", max_size=int(part * whole[suffix]))
        found = re.search(r"(\d+) of \d+ colormap levels", " ".join(report.traded))
        frames, levels = len(report.steps_shown), int(found[1]) if found else None
        if levels is not None:
            seen.add("levels")
            assert frames <= 48
        channels = [text for text in report.traded if text == "2 of 3 channels shown"]
        if channels:
            seen.add("channels")
            assert (frames <= 48, levels) == (True, 15)
        if report.scale < 8:
            seen.add("scale")
            assert channels
            assert report.scale >= 5
        if frames < 48:
            seen.add("fewer frames")
            assert report.scale == 5
    assert {"levels", "channels"} <= seen


def test_only_a_new_scale_lays_the_scene_out(reel: Reel, whole: dict[str, int], tmp_path: Path) -> None:
    entered = set[str]()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            entered.add(f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_name}")

    sys.setprofile(note)
    try:
        report = reel.save(tmp_path / "a.gif", max_size=int(0.5 * whole[".gif"]), keep=["scale"], max_error=1)
    finally:
        sys.setprofile(None)
    assert len(report.steps_shown) < 60
    assert "search.py:search" in entered
    assert "resolve.py:resolve" not in entered


def test_few_frames_play_at_10_per_second(reel: Reel, whole: dict[str, int], tmp_path: Path) -> None:
    """The duration stays as long as there are 10 frames per second; then the animation ends earlier."""
    report = reel.save(tmp_path / "a.mp4", max_size=int(0.1 * whole[".mp4"]), keep=["scale"])
    assert report.frames < 48
    assert report.duration == pytest.approx(report.frames / 10, rel=0.02)
    assert len(decode_mp4(tmp_path / "a.mp4")) == report.frames


def test_a_video_with_room_to_spare_says_so(reel: Reel, whole: dict[str, int], tmp_path: Path) -> None:
    roomy = reel.save(tmp_path / "a.mp4", max_size=2 * whole[".mp4"])
    assert roomy.encodes == 1
    quality = H264.default_quality(find_content(reel.rendition))
    assert [note for note in roomy.notes if f"more bytes would not be visible: crf {quality} is" in note]
    full = reel.save(tmp_path / "a.mp4", max_size=whole[".mp4"])
    assert not [note for note in full.notes if "would not be visible" in note]


def test_a_video_of_values_of_an_odd_size_is_not_called_lossless(reel: Reel, tmp_path: Path) -> None:
    odd = Reel.from_run(reel.run, reel.template, scale=3)
    report = odd.save(tmp_path / "a.mp4", max_size="50 MB")
    assert [note for note in report.notes if "more bytes would not help: the colors" in note]
    assert not [note for note in report.notes if "visually lossless" in note]


def test_qualities_keep_their_meaning_at_another_scale(
    reel: Reel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values of 12 pixels are encoded at another CRF than those of 8 pixels, where a video is reduced to these."""
    used = dict[Content, set[float | None]]()

    def note(frames: Iterable[Frame], path: Path, stream: StreamInfo, settings: EncoderSettings) -> int:
        used.setdefault(stream.content, set()).add(settings.quality)
        return encode_frames(frames, path, stream, settings)

    monkeypatch.setattr("reelnet.export.rate_control.trials.encode_frames", note)
    large = Reel.from_run(reel.run, reel.template, scale=12)
    cap = int(0.22 * large.save(tmp_path / "whole.mp4").bytes)
    used.clear()
    report = large.save(tmp_path / "a.mp4", max_size=cap, keep=["frames", "channels"])
    assert report.scale == 8
    own, blocks = find_content(large.rendition), find_content(reel.rendition)
    assert own is not blocks
    floor = H264.quality_limits[own].floor
    assert max(filter(None, used[own])) <= floor
    assert max(filter(None, used[blocks])) == pytest.approx(H264.quality_limits[blocks].floor)


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_a_long_animation_is_sampled(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few of the encodes of a search are of all frames, and the file fills its cap as any other."""
    walk = np.random.default_rng(6).normal(0, 0.06, (700, 2, 2, 4, 4)).cumsum(axis=0)
    reel = write_run(tmp_path / "run", np.tanh(walk).astype(np.float32)).reel("plain")
    whole, frames = reel.save(tmp_path / f"whole{suffix}").bytes, list[int]()

    def count(given: Iterable[Frame], *arguments: Any) -> int:
        kept = [*given]
        frames.append(len(kept))
        return encode_frames(kept, *arguments)

    monkeypatch.setattr("reelnet.export.rate_control.size_model.encode_frames", count)
    monkeypatch.setattr("reelnet.export.rate_control.trials.encode_frames", count)
    report = reel.save(tmp_path / f"a{suffix}", max_size=int(0.7 * whole))
    assert 0.97 * 0.7 * whole <= report.bytes <= 0.7 * whole
    assert len(report.steps_shown) == 700
    assert frames.count(700) == report.encodes <= 3
    assert max(each for each in frames if each < 700) < 60


def test_a_platforms_other_limits(reel: Reel, tmp_path: Path) -> None:
    report = reel.save(tmp_path / "a.gif", platform="x")
    assert report.lossless
    with pytest.raises(UsageError, match=r"medium.*webp|webp.*medium"):
        reel.save(tmp_path / "a.webp", platform="medium")


@pytest.mark.parametrize("suffix", [".apng", ".webp", ".gif", ".mp4"])
def test_a_cap_below_a_files_head_is_refused(reel: Reel, tmp_path: Path, suffix: str) -> None:
    with pytest.raises(CapError, match="cannot fit in 60 B"):
        reel.save(tmp_path / f"a{suffix}", max_size=60, keep=["frames", "scale"])
    assert not [*tmp_path.iterdir()]


def test_what_cannot_be(reel: Reel, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'frames'"):
        reel.save(tmp_path / "a.gif", max_size=100, keep=["frame"])
    with pytest.raises(CapError, match=r"without loss; the lossless size is [\d.]+ kB"):
        reel.save(tmp_path / "a.gif", max_size=5000, lossless=True)
    with pytest.raises(UsageError, match="a cap applies to a single file"):
        reel.save(tmp_path / "a-%05d.png", max_size=100)
    old = tmp_path / "old.gif"
    old.write_bytes(b"as it was")
    with pytest.raises(CapError, match=r"the smallest possible is (about )?[\d.]+ k?B"):
        reel.save(old, max_size=300)
    assert old.read_bytes() == b"as it was"
    assert [each.name for each in tmp_path.iterdir()] == ["old.gif"]
