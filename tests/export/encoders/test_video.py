"""MP4 files, decoded by PyAV and compared with the definition of BT.709."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from reelnet.reel import Run
from tests.make_run import Floats, noise, write_run
from tests.rendering import EVERY_STEP, WHITE_ANCHORS, box_maps, color_values, decode_mp4, to_pixels

BT709, LIMITED = 1, 1
"""Code points of ITU-T H.273 for primaries, transfer and matrix; FFmpeg's number of the limited range."""


def training(path: Path, steps: int = 7) -> Run:
    """A small run with a curve."""
    return write_run(
        path / "run",
        noise(steps, 3, 2, 7),
        labels=["a", "b", "c"],
        metrics={"loss": np.linspace(3, 1, steps).tolist()},
    )


@pytest.mark.parametrize("fps", [10, 12, 29.97, 30, 60, 0.5])
def test_frames_times_and_duration(tmp_path: Path, fps: float) -> None:
    report = training(tmp_path).reel("plain", fps=fps).save(tmp_path / "a.mp4")
    each = 1 / Fraction(str(fps))
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        duration = stream.duration * stream.time_base
        frames = list(container.decode(stream))
    assert len(frames) == report.frames == 7
    assert abs(duration - 7 * each) < Fraction(1, 1000)
    for number, frame in enumerate(frames):
        assert frame.pts is not None
        assert frame.time_base is not None
        assert abs(frame.pts * frame.time_base - number * each) < Fraction(1, 1000)
    assert report.duration == pytest.approx(float(7 * each))


@pytest.mark.parametrize("template", ["plain", "article"])
def test_streams_that_browsers_play(tmp_path: Path, template: str) -> None:
    reel = training(tmp_path).reel(template, scale=3)
    report = reel.save(tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as container:
        codec = container.streams.video[0].codec_context
        frame = next(container.decode(video=0))
        assert codec.name == "h264"
        assert codec.pix_fmt == "yuv420p"
        assert (codec.color_primaries, codec.color_trc, codec.colorspace) == (BT709, BT709, BT709)
        assert codec.color_range == LIMITED
        assert (frame.width, frame.height) == (report.width, report.height) == reel.frame(0).size
        assert frame.width % 2 == 0
        assert frame.height % 2 == 0


def test_the_index_is_at_the_front(tmp_path: Path) -> None:
    training(tmp_path).reel().save(tmp_path / "a.mp4")
    data, at, kinds = (tmp_path / "a.mp4").read_bytes(), 0, []
    while at < len(data):
        kinds.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4], "big")
    assert at == len(data)
    assert kinds[0] == b"ftyp"
    assert kinds.index(b"moov") < kinds.index(b"mdat")


def test_flat_cells_and_white_keep_their_color(tmp_path: Path) -> None:
    values = np.linspace(-1, 1, 120).reshape(3, 10, 4)
    maps = np.repeat(np.repeat(values[..., None, None], 7, axis=3), 7, axis=4).astype(np.float32)
    write_run(tmp_path / "run", maps).reel("plain").save(tmp_path / "a.mp4")
    frames = decode_mp4(tmp_path / "a.mp4")
    for shown, flat in zip(frames, values, strict=True):
        for sample, channel in np.ndindex(10, 4):
            cell = shown[56 * channel + 56 : 56 * channel + 112, 56 * sample : 56 * sample + 56]
            off = cell.astype(float) - color_values(flat[sample, channel], anchors=WHITE_ANCHORS)
            assert np.abs(off.mean(axis=(0, 1))).max() <= 3 + 1  # one for the colormap's levels
            assert np.sqrt((off**2).mean()) <= 3


def test_white_stays_white(tmp_path: Path) -> None:
    maps = noise(5, 4, 3, 7)
    maps[:, 1] = 0
    reel = write_run(tmp_path / "run", maps, metrics={"loss": [4.0, 3.0, 2.0, 1.5, 1.4]}).reel(
        settings=EVERY_STEP
    )
    reel.save(tmp_path / "a.mp4")
    for step, shown in enumerate(decode_mp4(tmp_path / "a.mp4")):
        white = (to_pixels(reel.frame(step)) == 255).all(axis=2)
        # More than a transform block away from other colors.
        around = np.lib.stride_tricks.sliding_window_view(np.pad(white, 8, constant_values=True), (17, 17))
        inside = around.all(axis=(2, 3))
        assert inside.mean() > 0.2
        assert shown[inside].min() >= 252
        assert (shown[inside] < 253).mean() < 1e-4


def test_noise_keeps_the_mean_of_each_pixel_of_a_map(tmp_path: Path) -> None:
    maps = noise(4, 6, 4, 7)
    write_run(tmp_path / "run", maps).reel("plain").save(tmp_path / "a.mp4")
    for shown, values in zip(decode_mp4(tmp_path / "a.mp4"), maps, strict=True):
        wanted: Floats = color_values(box_maps(values, 56, 8), anchors=WHITE_ANCHORS)
        off = shown[56:].astype(float) - wanted
        means = off.reshape(4 * 7, 8, 6 * 7, 8, 3).mean(axis=(1, 3))
        assert np.abs(means).mean() < 1.5
        assert np.abs(means).max() <= 8


def test_one_step_is_one_frame(tmp_path: Path) -> None:
    report = training(tmp_path, steps=1).reel(settings=EVERY_STEP).save(tmp_path / "a.mp4")
    assert report.frames == len(decode_mp4(tmp_path / "a.mp4")) == 1


@pytest.mark.parametrize("name", ["a:b.mp4", "run 10:30.mp4", "%03d.mp4", "ü ñ.mp4", "-a.mp4"])
def test_file_names_with_a_meaning_for_ffmpeg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    reel = training(tmp_path).reel("plain", scale=1)
    monkeypatch.chdir(tmp_path)
    reel.save(name)
    assert len(decode_mp4(tmp_path / name)) == 7
