"""After an error, a file is either complete or absent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reelnet.errors import ReelnetError, RunError
from reelnet.reel import Run
from tests.make_run import noise, write_run
from tests.rendering import decode_gif

SUFFIXES = [".gif", ".mp4"]
OLD = b"what was here before"


def training(path: Path, steps: int = 6) -> Run:
    return write_run(path / "run", noise(steps, 3, 2, 7), metrics={"loss": np.linspace(3, 1, steps).tolist()})


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("old", [True, False])
def test_a_missing_step_leaves_no_file(tmp_path: Path, out: Path, suffix: str, old: bool) -> None:
    reel = training(tmp_path).reel()
    (tmp_path / "run/steps/00000003.safetensors").unlink()
    if old:
        (out / f"a{suffix}").write_bytes(OLD)
    with pytest.raises(RunError, match=r"00000003.*step 3"):
        reel.save(out / f"a{suffix}")
    assert names(out) == ([f"a{suffix}"] if old else [])
    if old:
        assert (out / f"a{suffix}").read_bytes() == OLD


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("at", [1, 3, 6])
def test_ctrl_c_leaves_no_file(tmp_path: Path, out: Path, suffix: str, at: int) -> None:
    def interrupt(done: int, _all: int) -> None:
        if done == at:
            raise KeyboardInterrupt

    (out / f"a{suffix}").write_bytes(OLD)
    with pytest.raises(KeyboardInterrupt):
        training(tmp_path).reel().save(out / f"a{suffix}", progress=interrupt)
    assert names(out) == [f"a{suffix}"]
    assert (out / f"a{suffix}").read_bytes() == OLD


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".png"])
def test_a_folder_at_the_path(tmp_path: Path, out: Path, suffix: str) -> None:
    (out / f"a{suffix}").mkdir()
    with pytest.raises(ReelnetError, match=f"a{suffix}"):
        save(training(tmp_path), out / f"a{suffix}")
    assert names(out) == [f"a{suffix}"]


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".png"])
def test_a_file_where_a_folder_should_be(tmp_path: Path, out: Path, suffix: str) -> None:
    (out / "file").write_bytes(OLD)
    for place in (out / "file" / f"a{suffix}", out / "file" / "deeper" / f"a{suffix}"):
        with pytest.raises(ReelnetError, match=r"file.*cannot be written"):
            save(training(tmp_path / place.parent.name), place)
    assert (out / "file").read_bytes() == OLD


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("suffix", [*SUFFIXES, ".png"])
def test_a_read_only_folder(tmp_path: Path, out: Path, suffix: str) -> None:
    out.chmod(0o500)
    with pytest.raises(ReelnetError, match="cannot be written"):
        save(training(tmp_path), out / f"a{suffix}")
    out.chmod(0o700)
    assert names(out) == []


def test_folders_are_created(tmp_path: Path) -> None:
    save(training(tmp_path), tmp_path / "x" / "y" / "a.gif")
    assert len(decode_gif(tmp_path / "x/y/a.gif").frames) == 6


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_progress_is_reported_after_each_frame(tmp_path: Path, suffix: str) -> None:
    told: list[tuple[int, int]] = []
    training(tmp_path).reel("plain").save(
        tmp_path / f"a{suffix}", lambda done, all_: told.append((done, all_))
    )
    assert told == [(n, 6) for n in range(1, 7)]


FULL_DISK = """
import resource, signal, sys
import reelnet
from reelnet.errors import ReelnetError
run, limit, paths = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
reel = reelnet.open(run).reel(density=1)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for path in paths:
    try:
        reel.save(path)
    except ReelnetError as error:
        assert error.exit_code == 1, error.exit_code
        assert path in str(error), error
    else:
        sys.exit(f"{path} was written")
"""


@pytest.mark.parametrize("part", [0.02, 0.5, 0.95, 1.0])
def test_a_full_disk_leaves_no_file(tmp_path: Path, out: Path, part: float) -> None:
    run = training(tmp_path, 30)
    sizes = [run.reel().save(tmp_path / f"whole{suffix}").bytes for suffix in SUFFIXES]
    for suffix, size in zip(SUFFIXES, sizes, strict=True):
        (out / f"a{suffix}").write_bytes(OLD)
        limit = str(int(part * size) - 1)
        command = [sys.executable, "-c", FULL_DISK, str(run.path), limit, str(out / f"a{suffix}")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert names(out) == ["a.gif", "a.mp4"]
    assert all((out / f"a{suffix}").read_bytes() == OLD for suffix in SUFFIXES)


def save(run: Run, path: Path) -> None:
    """Save an animation or a still, depending on the suffix."""
    if path.suffix == ".png":
        run.reel().save_still(0, path)
    else:
        run.reel().save(path)
