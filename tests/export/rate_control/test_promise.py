"""What is promised of every file under a cap, on small runs and caps drawn at random."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.errors import CapError
from tests.export.coding import by_ffmpeg, by_pillow
from tests.make_run import noise, write_run

VIDEOS = (".mp4", ".webm", ".avif")
SUFFIXES = (".gif", ".apng", ".webp", *VIDEOS)


def maps(seed: int) -> NDArray[np.float32]:
    """A run of random length, size and restlessness."""
    random = np.random.default_rng(seed)
    steps, side = int(random.integers(1, 50)), int(random.integers(1, 9))
    shape = steps, int(random.integers(1, 4)), int(random.integers(1, 4)), side, side
    restless = random.choice([0, 0.02, 0.3])
    walk: NDArray[np.float32] = np.tanh(random.normal(0, restless, shape).cumsum(axis=0)).astype(np.float32)
    return walk


@pytest.mark.parametrize("seed", range(36))
def test_any_cap(tmp_path: Path, seed: int) -> None:
    random, suffix = np.random.default_rng(1000 + seed), SUFFIXES[seed % len(SUFFIXES)]
    reel = write_run(tmp_path / "run", maps(seed)).reel("plain")
    whole = reel.save(tmp_path / f"whole{suffix}").bytes
    cap, path = int(whole * random.uniform(0.02, 1.1)), tmp_path / "out" / f"a{suffix}"
    keep = ["scale"] if seed % 5 == 0 else []
    try:
        report = reel.save(path, max_size=cap, max_error=float(random.choice([0, 1, 4])), keep=keep)
    except CapError as refused:
        told = str(refused)
    else:
        told = ""
    if told:
        assert "the smallest possible" in told
        assert not [*path.parent.iterdir()]
        return
    assert path.stat().st_size == report.bytes <= cap
    assert report.encodes <= 8
    decoded = by_ffmpeg(path) if suffix in VIDEOS else by_pillow(path)
    assert len(decoded.frames) == report.frames
    assert decoded.frames[0].shape[:2] == (report.height, report.width)
    # Fewer frames take as long, up to one frame's time, until there are 10 per second; then the animation is shorter.
    whole_duration = float(reel.rendition.timeline.duration)
    if report.duration != pytest.approx(whole_duration, abs=0.1, rel=0.02):
        assert report.duration < whole_duration
        assert report.duration == pytest.approx(len(report.steps_shown) / 10, rel=0.02)
    assert decoded.duration == pytest.approx(report.duration, rel=0.02, abs=0.011)
    assert (report.steps_shown[0], report.steps_shown[-1]) == (reel.run.steps[0], reel.run.steps[-1])


@pytest.mark.parametrize("suffix", [".gif", ".mp4", ".webp"])
@pytest.mark.parametrize("kind", ["one", "two", "constant", "noise"])
def test_few_frames_constant_ones_and_noise(tmp_path: Path, suffix: str, kind: str) -> None:
    values = {
        "one": noise(1, 2, 2, 7),
        "two": noise(2, 2, 2, 7),
        "constant": np.repeat(noise(1, 2, 2, 7), 12, axis=0),
        "noise": noise(40, 2, 2, 7),
    }[kind]
    reel = write_run(tmp_path / "run", values).reel("plain")
    whole = reel.save(tmp_path / f"whole{suffix}").bytes
    path = tmp_path / "out" / f"a{suffix}"
    assert reel.save(path, max_size=whole).bytes <= whole
    try:
        report = reel.save(path, max_size=whole * 2 // 3)
    except CapError:
        assert kind != "noise"
    else:
        assert report.bytes <= whole * 2 // 3


@pytest.mark.parametrize("fps", [10, 12, 24, 25, 30, 50, 60])
@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp", ".mp4"])
def test_delays_are_those_of_the_report(tmp_path: Path, suffix: str, fps: int) -> None:
    walk = np.random.default_rng(2).normal(0, 0.1, (30, 2, 2, 7, 7)).cumsum(axis=0)
    reel = write_run(tmp_path / "run", np.tanh(walk).astype(np.float32)).reel("plain", fps=fps)
    whole = reel.save(tmp_path / f"whole{suffix}").bytes
    report = reel.save(tmp_path / f"a{suffix}", max_size=whole // 2)
    decoded = (by_pillow if suffix != ".mp4" else by_ffmpeg)(tmp_path / f"a{suffix}")
    assert decoded.duration == pytest.approx(report.duration, rel=0.02)
    assert report.duration == pytest.approx(30 / fps, rel=0.02)


FULL = """
import resource, signal, sys
import reelnet
reel = reelnet.open(sys.argv[1]).reel("plain")
# A write beyond this many bytes of a file fails, as it does on a full disk.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    reel.save(sys.argv[2], max_size=60_000)
except reelnet.ReelnetError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
@pytest.mark.parametrize("suffix", [".gif", ".mp4", ".webp", ".apng"])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, suffix: str) -> None:
    write_run(tmp_path / "run", noise(60, 4, 3, 7))
    old = tmp_path / "out" / f"a{suffix}"
    old.parent.mkdir()
    old.write_bytes(b"as it was")
    command = [sys.executable, "-c", FULL, str(tmp_path / "run"), str(old)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{old}: cannot be written" in done.stdout
    assert old.read_bytes() == b"as it was"
    assert [each.name for each in old.parent.iterdir()] == [old.name]
