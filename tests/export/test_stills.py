"""Stills and clips show the frames of the animation."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reelnet.errors import ReelnetError, UsageError
from reelnet.reel import Run
from tests.make_run import noise, write_run
from tests.rendering import decode_gif, decode_mp4, to_pixels


def training(path: Path, count: int = 5) -> Run:
    metrics = {
        "train_loss": np.linspace(3, 1, count).tolist(),
        "train_accuracy": np.linspace(0, 1, count).tolist(),
    }
    return write_run(
        path / "run", noise(count, 3, 2, 7), metrics=metrics, steps=[10 * n for n in range(count)]
    )


@pytest.mark.parametrize("template", ["article", "plain"])
def test_a_still_equals_the_frame_and_the_gif(tmp_path: Path, template: str) -> None:
    run = training(tmp_path)
    run.reel(template).save(tmp_path / "a.gif")
    gif = decode_gif(tmp_path / "a.gif")
    for number, step in enumerate(run.steps):
        reel = run.reel(template)
        reel.save_still(step, tmp_path / "still.png")
        with Image.open(tmp_path / "still.png") as image:
            assert image.format == "PNG"
            still = np.asarray(image.convert("RGB"))
        assert (still == gif.frames[number]).all()
        assert (still == to_pixels(reel.frame(step))).all()


def test_stills_do_not_depend_on_their_order(tmp_path: Path) -> None:
    reel = training(tmp_path).reel()
    before = to_pixels(reel.frame(20)).copy()
    reel.frame(40)
    reel.save(tmp_path / "a.gif")
    assert (to_pixels(reel.frame(20)) == before).all()


@pytest.mark.parametrize("step", [-1, 5, 41])
def test_a_step_that_was_not_recorded(tmp_path: Path, step: int) -> None:
    reel = training(tmp_path).reel()
    with pytest.raises(UsageError, match=f"{step}.*0 to 40"):
        reel.frame(step)
    with pytest.raises(UsageError):
        reel.save_still(step, tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


@pytest.mark.parametrize("name", ["a.webm2", "a", "a.gfi", "a.png", "a.jpeg"])
def test_a_suffix_without_a_format(tmp_path: Path, name: str) -> None:
    reel = training(tmp_path).reel()
    with pytest.raises(UsageError, match=r"\.(gif|mp4|webm|apng)"):
        reel.save(tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == ["run"]


def test_the_nearest_suffix_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"did you mean '\.gif'"):
        training(tmp_path).reel().save(tmp_path / "a.giff")


def test_suffixes_in_capitals(tmp_path: Path) -> None:
    training(tmp_path).reel("plain").save(tmp_path / "A.GIF")
    assert len(decode_gif(tmp_path / "A.GIF").frames) == 5


def test_a_still_is_a_png(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.png"):
        training(tmp_path).reel().save_still(0, tmp_path / "a.jpg")


@pytest.mark.parametrize("fps", [10, 12, 24, 29.97, 30, 60])
def test_a_clip_has_one_frame_per_step(tmp_path: Path, fps: float) -> None:
    pytest.importorskip("moviepy")
    reel = training(tmp_path, 13).reel("plain", scale=2, fps=fps)
    clip = reel.clip()
    assert clip.fps == pytest.approx(fps)
    shown = list(clip.iter_frames())
    assert len(shown) == 13
    for step, picture in zip(reel.run.steps, shown, strict=True):
        assert (picture == to_pixels(reel.frame(step))).all()


def test_moviepy_writes_one_frame_per_step(tmp_path: Path) -> None:
    pytest.importorskip("moviepy")
    reel = training(tmp_path, 7).reel("plain", fps=30)
    reel.clip().write_videofile(str(tmp_path / "a.mp4"), audio=False, logger=None)
    assert len(decode_mp4(tmp_path / "a.mp4")) == 7


def test_without_moviepy_the_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "moviepy", None)
    with pytest.raises(ReelnetError, match=r"pip install 'reelnet\[film\]'"):
        training(tmp_path).reel().clip()
