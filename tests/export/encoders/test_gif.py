"""GIF files, decoded by Pillow and parsed block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.content import Content
from reelnet.export.encoders.formats import DEFAULT_SETTINGS
from reelnet.export.encoders.gif import GifEncoder
from reelnet.render.compositor import Frame
from reelnet.scene.layout.boxes import Size
from tests.make_run import Bytes, noise, write_run
from tests.rendering import EVERY_STEP, Gif, decode_gif, to_pixels

SIDE = 16


@dataclass(frozen=True)
class Block:
    """One frame of a GIF and its control extension."""

    delay: int
    transparent: int | None
    local_table: bool


def blocks(data: bytes) -> Iterator[Block]:
    """Parse every byte of a GIF (GIF89a)."""
    assert data[:6] == b"GIF89a"
    assert data[10] & 0x80, "no global color table"
    at, control = 13 + 3 * 2 ** ((data[10] & 7) + 1), b""
    while data[at] != 0x3B:
        if data[at] == 0x21:
            if data[at + 1] == 0xF9:
                control = data[at + 3 : at + 7]
            at += 2
        else:
            assert data[at] == 0x2C
            delay, see_through = int.from_bytes(control[1:3], "little"), control[0] & 1
            yield Block(delay, control[3] if see_through else None, bool(data[at + 9] & 0x80))
            at += 10 + (3 * 2 ** ((data[at + 9] & 7) + 1) if data[at + 9] & 0x80 else 0) + 1
        while data[at]:
            at += data[at] + 1
        at += 1
    assert at == len(data) - 1


def palette() -> Bytes:
    """256 different colors."""
    return np.stack([np.arange(256), 255 - np.arange(256), np.arange(256) // 2], axis=1).astype(np.uint8)


def encode(path: Path, pictures: Sequence[Bytes], fps: Fraction) -> tuple[Gif, int]:
    """Encode palette indices, one frame each."""
    encoder = GifEncoder(path, StreamInfo(Size(SIDE, SIDE), palette(), fps, Content.BLOCKS), DEFAULT_SETTINGS)
    for number, picture in enumerate(pictures):
        encoder.add(Frame(picture, number / fps, 1 / fps))
    written = encoder.finish()
    encoder.close()
    return decode_gif(path), written


def pictures(count: int) -> list[Bytes]:
    """Different frames of random indices below 255."""
    random = np.random.default_rng(1)
    return [random.integers(0, 255, (SIDE, SIDE), dtype=np.uint8) for _ in range(count)]


@pytest.mark.parametrize("template", ["plain", "article"])
def test_every_frame_is_exact(tmp_path: Path, template: str) -> None:
    maps = noise(5, 3, 2, 7)
    maps[3] = maps[2]
    metrics = {"train_loss": [2.0, 1.5, 1.2, 0.8, 0.7]}
    reel = write_run(tmp_path / "run", maps, metrics=metrics).reel(template, settings=EVERY_STEP)
    report = reel.save(tmp_path / "a.gif")
    gif = decode_gif(tmp_path / "a.gif")
    assert len(gif.frames) == report.frames == 5
    for step, shown in enumerate(gif.frames):
        assert (shown == to_pixels(reel.frame(step))).all()
    assert (report.width, report.height) == gif.frames[0].shape[1::-1]
    assert report.bytes == (tmp_path / "a.gif").stat().st_size
    assert report.duration == 0.5


def test_random_pictures_are_exact(tmp_path: Path) -> None:
    wanted = pictures(6)
    wanted[3] = wanted[2].copy()
    wanted[3][5, 6] += 1  # one pixel
    gif, written = encode(tmp_path / "a.gif", wanted, Fraction(10))
    assert len(gif.frames) == written == 6
    for shown, indices in zip(gif.frames, wanted, strict=True):
        assert (shown == palette()[indices]).all()


def test_one_global_color_table_and_an_endless_loop(tmp_path: Path) -> None:
    write_run(tmp_path / "run", noise(4, 3, 2, 7)).reel().save(tmp_path / "a.gif")
    data = (tmp_path / "a.gif").read_bytes()
    found = list(blocks(data))
    assert len(found) == 4
    assert not any(block.local_table for block in found)
    assert {block.transparent for block in found} <= {None, 255}
    assert data.count(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00") == 1
    assert decode_gif(tmp_path / "a.gif").loop == 0


def test_no_frame_uses_the_transparent_index(tmp_path: Path) -> None:
    maps = noise(3, 3, 2, 7)
    maps[1, 0, 0, 0, 0] = np.nan
    for template in ("plain", "article"):
        reel = write_run(tmp_path / template, maps, metrics={"loss": [3.0, 2.0, 1.0]}).reel(template)
        assert max(int(frame.indices.max()) for frame in reel.rendition.frames()) < 255


@pytest.mark.parametrize("fps", [10, 12, 24, 25, 30, 50, 60, 29.97])
def test_delays_add_up_to_the_duration(tmp_path: Path, fps: float) -> None:
    report = write_run(tmp_path / "run", noise(37, 1, 1, 1)).reel("plain", fps=fps).save(tmp_path / "a.gif")
    delays = decode_gif(tmp_path / "a.gif").delays
    assert delays == [block.delay for block in blocks((tmp_path / "a.gif").read_bytes())]
    assert abs(sum(delays) - 3700 / fps) <= 1
    assert max(delays) - min(delays) <= 1
    assert abs(report.duration - 37 / fps) < 1e-9


def test_identical_frames_are_merged(tmp_path: Path) -> None:
    first, second, third = pictures(3)
    gif, written = encode(tmp_path / "a.gif", [first, first, first, second, third, third], Fraction(10))
    assert gif.delays == [30, 10, 20]
    assert written == len(gif.frames) == 3


def test_a_run_that_never_changes_is_one_frame(tmp_path: Path) -> None:
    gif, written = encode(tmp_path / "a.gif", pictures(1) * 25, Fraction(30))
    assert (written, len(gif.frames)) == (1, 1)
    (only,) = blocks((tmp_path / "a.gif").read_bytes())
    assert only.delay == round(2500 / 30)


def test_frames_that_recur_later_are_not_merged(tmp_path: Path) -> None:
    first, second = pictures(2)
    gif, _ = encode(tmp_path / "a.gif", [first, second, first], Fraction(10))
    assert len(gif.frames) == 3
    assert (gif.frames[2] == gif.frames[0]).all()


def test_the_last_frame_has_its_own_delay(tmp_path: Path) -> None:
    first, second = pictures(2)
    gif, _ = encode(tmp_path / "a.gif", [first, first, first, second], Fraction(5))
    assert gif.delays == [60, 20]
    gif, _ = encode(tmp_path / "b.gif", [first, second, second, second], Fraction(5))
    assert gif.delays == [20, 60]


def test_a_frame_longer_than_the_longest_delay_is_repeated(tmp_path: Path) -> None:
    first, second = pictures(2)
    encode(tmp_path / "a.gif", [first] * 8 + [second], Fraction(1, 100))
    delays = [block.delay for block in blocks((tmp_path / "a.gif").read_bytes())]
    assert sum(delays) == 90_000
    assert max(delays) <= 65_535


@pytest.mark.parametrize(("fps", "noted"), [(10, False), (50, False), (12, True), (60, True)])
def test_frame_rates_that_a_gif_cannot_play_are_noted(tmp_path: Path, fps: float, noted: bool) -> None:
    report = write_run(tmp_path / "run", noise(2, 1, 1, 1)).reel("plain", fps=fps).save(tmp_path / "a.gif")
    assert bool(report.notes) is noted
