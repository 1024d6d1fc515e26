"""Lossless formats: exact pixels and times."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from reelnet.export.encoders.formats import EncoderSettings
from tests.export.coding import (
    PACES,
    Decoded,
    by_ffmpeg,
    by_pillow,
    cell_pictures,
    colors,
    encode,
    noise_pictures,
)
from tests.make_run import Bytes

LOSSLESS = EncoderSettings(lossless=True)
JOINING: list[tuple[str, Callable[[Path], Decoded]]] = [
    (".gif", by_pillow),
    (".apng", by_pillow),
    (".webp", by_pillow),
]
EXACT = [*JOINING, (".webm", by_ffmpeg), (".mov", by_ffmpeg)]
CASES: dict[str, list[Bytes]] = {
    "one": cell_pictures(1),
    "two": cell_pictures(2),
    "cells": cell_pictures(20),
    "noise": noise_pictures(12),
    "odd sides": noise_pictures(3, 33, 35),
    "one pixel": [np.zeros((16, 16), np.uint8), np.pad(np.full((1, 1), 9, np.uint8), ((13, 2), (7, 8)))],
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("suffix", "decode"), EXACT)
def test_every_pixel(tmp_path: Path, suffix: str, decode: Callable[[Path], Decoded], case: str) -> None:
    pictures = CASES[case]
    assert encode(tmp_path / f"a{suffix}", pictures, settings=LOSSLESS) == len(pictures)
    decoded = decode(tmp_path / f"a{suffix}")
    assert len(decoded.frames) == len(pictures)
    for frame, picture in zip(decoded.frames, pictures, strict=True):
        assert (frame == colors(picture)).all()


@pytest.mark.parametrize("fps", PACES)
@pytest.mark.parametrize(("suffix", "decode"), EXACT)
def test_times(tmp_path: Path, suffix: str, decode: Callable[[Path], Decoded], fps: Fraction) -> None:
    encode(tmp_path / f"a{suffix}", cell_pictures(30), fps, LOSSLESS)
    decoded = decode(tmp_path / f"a{suffix}")
    slack = {".gif": 0.0051, ".apng": 1e-6, ".webp": 0.00051, ".webm": 0.00051, ".mov": 1e-4}[suffix]
    assert decoded.times == pytest.approx([number / float(fps) for number in range(30)], abs=slack)
    assert decoded.duration == pytest.approx(30 / float(fps), abs=2 * slack)


@pytest.mark.parametrize(("suffix", "decode"), JOINING)
def test_identical_neighbors_are_merged(
    tmp_path: Path, suffix: str, decode: Callable[[Path], Decoded]
) -> None:
    one, two = cell_pictures(2)
    assert encode(tmp_path / f"a{suffix}", [one, one, two, one, one, one], repeats=[1, 2, 1, 1, 1, 4]) == 3
    decoded = decode(tmp_path / f"a{suffix}")
    assert decoded.times == pytest.approx([0, 0.3, 0.4])
    assert decoded.duration == pytest.approx(1.0)
    assert [(frame == colors(two)).all() for frame in decoded.frames] == [False, True, False]


@pytest.mark.parametrize(("suffix", "decode"), JOINING)
def test_a_constant_animation_is_one_frame(
    tmp_path: Path, suffix: str, decode: Callable[[Path], Decoded]
) -> None:
    assert encode(tmp_path / f"a{suffix}", cell_pictures(1) * 40) == 1
    decoded = decode(tmp_path / f"a{suffix}")
    assert len(decoded.frames) == 1
    assert decoded.duration == pytest.approx(4.0)


@pytest.mark.parametrize(("suffix", "decode"), EXACT)
def test_a_longer_frame(tmp_path: Path, suffix: str, decode: Callable[[Path], Decoded]) -> None:
    one, two = cell_pictures(2)
    encode(tmp_path / f"a{suffix}", [one, two], settings=LOSSLESS, repeats=[7, 3])
    decoded = decode(tmp_path / f"a{suffix}")
    assert decoded.duration == pytest.approx(1.0, abs=0.001)
    for time, frame in zip(decoded.times, decoded.frames, strict=True):
        assert (frame == colors(one if time < 0.699 else two)).all()


@pytest.mark.parametrize(("suffix", "decode"), JOINING)
def test_a_frame_longer_than_the_longest_delay(
    tmp_path: Path, suffix: str, decode: Callable[[Path], Decoded]
) -> None:
    one, two = cell_pictures(2)
    encode(tmp_path / f"a{suffix}", [one, two], repeats=[800_000, 1])
    decoded = decode(tmp_path / f"a{suffix}")
    assert decoded.duration == pytest.approx(80_000.1)
    assert (decoded.frames[-1] == colors(two)).all()
    assert all((frame == colors(one)).all() for frame in decoded.frames[:-1])
