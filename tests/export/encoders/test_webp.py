"""Animated WebP files, decoded by Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from reelnet.errors import ReelnetError
from reelnet.export.encoders.formats import EncoderSettings
from tests.export.coding import by_pillow, cell_pictures, colors, encode


def test_the_container_is_complete_and_loops_endlessly(tmp_path: Path) -> None:
    encode(tmp_path / "a.webp", cell_pictures(4))
    data = (tmp_path / "a.webp").read_bytes()
    assert data[:4] + data[8:16] == b"RIFFWEBPVP8X"
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    with Image.open(tmp_path / "a.webp") as image:
        assert image.info["loop"] == 0


def test_quality_trades_bytes_for_error(tmp_path: Path) -> None:
    slope = np.add.outer(np.arange(96), np.arange(128))
    pictures = [((slope + 3 * number) % 240).astype(np.uint8) for number in range(4)]
    sizes, errors = [], []
    for quality in (5, 50.5, 95):
        encode(tmp_path / "a.webp", pictures, settings=EncoderSettings(quality=quality))
        sizes.append((tmp_path / "a.webp").stat().st_size)
        decoded = by_pillow(tmp_path / "a.webp").frames
        off = [
            np.abs(frame.astype(int) - colors(picture))
            for frame, picture in zip(decoded, pictures, strict=True)
        ]
        errors.append(np.mean(off))
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)
    assert errors[1] < 12


def test_pillow_without_webp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda name: False)
    with pytest.raises(ReelnetError, match="pip install"):
        encode(tmp_path / "a.webp", cell_pictures(1))


def test_the_best_preset_is_never_larger(tmp_path: Path) -> None:
    pictures, sizes = cell_pictures(12), {}
    for preset in ("good", "best"):
        encode(tmp_path / "a.webp", pictures, settings=EncoderSettings(preset=preset))
        sizes[preset] = (tmp_path / "a.webp").stat().st_size
        decoded = by_pillow(tmp_path / "a.webp").frames
        assert all((frame == colors(one)).all() for frame, one in zip(decoded, pictures, strict=True))
    assert sizes["best"] <= sizes["good"]


def test_files_are_no_larger_than_those_of_pillow(tmp_path: Path) -> None:
    pictures = cell_pictures(12)
    images = [Image.fromarray(colors(picture)) for picture in pictures]
    how: dict[str, Any] = {
        "lossless": True,
        "quality": 100,
        "method": 4,
        "kmax": 0,
        "duration": 100,
        "loop": 0,
    }
    images[0].save(tmp_path / "b.webp", save_all=True, append_images=images[1:], **how)
    encode(tmp_path / "a.webp", pictures)
    assert (tmp_path / "a.webp").stat().st_size <= (tmp_path / "b.webp").stat().st_size
