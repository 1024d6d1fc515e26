"""Samples in color: exact in formats with more than 256 colors, reduced in the others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reelnet.errors import TemplateError, UsageError
from reelnet.reel import Reel, Run
from tests.cli.calls import call, call_expecting_error
from tests.export.coding import by_ffmpeg, by_pillow
from tests.make_run import Bytes, noise, write_run
from tests.rendering import decode_mp4, photos

SAMPLES, SIDE, STEPS = 5, 28, 4


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    maps = noise(STEPS, SAMPLES, 2, 7)
    return write_run(tmp_path_factory.mktemp("photos") / "run", maps, pictures=photos(SAMPLES, SIDE))


@pytest.fixture(scope="module")
def reel(run: Run) -> Reel:
    return Reel.from_run(run, "plain", scale=8, density=1)


def wanted(run: Run) -> Bytes:
    """The row of samples, enlarged to 2×2 pixels."""
    return np.concatenate(list(run.samples.repeat(2, axis=1).repeat(2, axis=2)), axis=1)


def row(frame: Bytes) -> Bytes:
    """Their position, below the counter."""
    return frame[24:80, : 56 * SAMPLES]


def test_photos_need_more_colors_than_a_gif_has(run: Run) -> None:
    assert len(np.unique(run.samples.reshape(-1, 3), axis=0)) > 1000


def test_a_frame_shows_every_color(run: Run, reel: Reel) -> None:
    assert (row(np.asarray(reel.frame(2))) == wanted(run)).all()


@pytest.mark.parametrize("suffix", [".webp", ".apng", ".mov"])
def test_lossless_formats_show_every_color(reel: Reel, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"reel{suffix}"
    report = reel.save(path)
    assert report.lossless
    assert report.notes == ()
    frames = by_ffmpeg(path).frames if suffix == ".mov" else by_pillow(path).frames
    assert len(frames) == STEPS
    for step, frame in enumerate(frames):
        assert (frame == np.asarray(reel.frame(step))).all()


def test_lossless_webm_shows_every_color(reel: Reel, tmp_path: Path) -> None:
    assert reel.save(tmp_path / "reel.webm", lossless=True).lossless
    for step, frame in enumerate(by_ffmpeg(tmp_path / "reel.webm").frames):
        assert (frame == np.asarray(reel.frame(step))).all()


def test_stills_show_every_color(reel: Reel, tmp_path: Path) -> None:
    reel.save(tmp_path / "reel-%d.png")
    reel.save_still(3, tmp_path / "still.png")
    for name in ("reel-3.png", "still.png"):
        with Image.open(tmp_path / name) as image:
            assert (np.asarray(image.convert("RGB")) == np.asarray(reel.frame(3))).all()


def test_mp4_keeps_the_colors_of_photos(run: Run, reel: Reel, tmp_path: Path) -> None:
    reel.save(tmp_path / "reel.mp4")
    for frame in decode_mp4(tmp_path / "reel.mp4"):
        off = np.abs(row(frame).astype(int) - wanted(run))
        # The samples consist of aligned 2×2 pixels, so that only rounding and the codec change chroma.
        assert off.mean() < 3


def test_a_gif_reduces_the_colors_of_photos_and_notes_it(run: Run, reel: Reel, tmp_path: Path) -> None:
    report = reel.save(tmp_path / "reel.gif")
    assert not report.lossless
    assert any("256 colors" in note and "64 of their" in note for note in report.notes)
    assert any(re.search(r"the colormap has \d+ of 255 levels", note) for note in report.notes)
    for step, frame in enumerate(by_pillow(tmp_path / "reel.gif").frames):
        few = np.asarray(reel.frame(step, eight_bit=True))
        assert (frame == few).all()
        exact = np.asarray(reel.frame(step))
        # Outside of photos, only levels that share a color differ.
        assert np.abs(few[80:].astype(int) - exact[80:]).max() <= 6
        assert len(np.unique(row(few).reshape(-1, 3), axis=0)) <= 64
        off = row(few).astype(int) - row(exact)
        assert 0 < np.abs(off).mean() < 12


def test_the_command_line_prints_the_note(run: Run, tmp_path: Path) -> None:
    result = call("render", run.path, "--quiet", "-o", tmp_path / "reel.gif")
    assert "values exact, photos with fewer colors" in result.stdout
    assert "note: a GIF has 256 colors" in result.stderr


def test_a_gif_of_photos_cannot_be_lossless(reel: Reel, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"64 of their .*\.webp"):
        reel.save(tmp_path / "reel.gif", lossless=True)
    assert not list(tmp_path.iterdir())


def test_under_a_cap_photos_stay_exact(reel: Reel, tmp_path: Path) -> None:
    report = reel.save(tmp_path / "reel.webp", max_size="1 MB")
    assert report.lossless
    gif = reel.save(tmp_path / "reel.gif", max_size="1 MB")
    assert not gif.lossless


def test_grey_samples_stay_at_8_bits(tmp_path: Path) -> None:
    reel = Reel.from_run(write_run(tmp_path / "grey", noise(2, 3, 2, 7)))
    assert reel.palette_rgb.shape == (256, 3)
    assert reel.rendition.draw_step(0).dtype == np.uint8


def many_inks(tmp_path: Path) -> Path:
    """A template with more than 255 text colors."""
    words = {
        f"line{n}": {"kind": "text", "text": f"Line {n}", "color": f"#{n * 9:02x}{255 - n * 7:02x}40"}
        for n in range(20)
    }
    path = tmp_path / "many.yaml"
    items = [*words, "channels"]
    path.write_text(json.dumps({"panels": words, "layout": {"column": items}}), encoding="utf-8")
    return path


def test_more_colors_than_the_format_allows(tmp_path: Path) -> None:
    run, template = write_run(tmp_path / "grey", noise(2, 3, 2, 7)), many_inks(tmp_path)
    reel = Reel.from_run(run, template, density=1)
    with pytest.raises(TemplateError, match=r"panels.*colors.*255.*GIF"):
        reel.save(tmp_path / "reel.gif")
    assert not (tmp_path / "reel.gif").exists()
    assert reel.save(tmp_path / "reel.apng").lossless
    for step, frame in enumerate(by_pillow(tmp_path / "reel.apng").frames):
        assert (frame == np.asarray(reel.frame(step))).all()


def test_the_command_line_reports_too_many_colors(tmp_path: Path) -> None:
    run, template = write_run(tmp_path / "grey", noise(2, 3, 2, 7)), many_inks(tmp_path)
    told = call_expecting_error(3, "render", run.path, "--template", template, "-o", tmp_path / "reel.gif")
    assert "a frame has 255" in told
    assert not (tmp_path / "reel.gif").exists()
