"""Pictures from files: their size, their colors, and invalid files."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.scene.palette.palette import ColorDepth
from tests.make_run import Bytes, noise, write_run
from tests.render.panels.drawing import WHITE, LaidOut, lay_out


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("image") / "run", noise(2, 4, 1, 7))


def logo(run: Run, file: Path, theme: dict[str, Any] | None = None, **options: Any) -> LaidOut:
    """The picture over channels."""
    panels = {"logo": {"kind": "image", "file": str(file)} | options, "channels": {"labels": False}}
    return lay_out(run, panels, theme=theme or {})


def blocks(width: int, height: int) -> Bytes:
    """A picture of four colors."""
    colors = np.array([[(200, 30, 40), (10, 160, 90)], [(30, 60, 220), (240, 200, 20)]], np.uint8)
    return colors.repeat(height // 2, axis=0).repeat(width // 2, axis=1)


def shown(layout: LaidOut, width: int, height: int, depth: ColorDepth = ColorDepth.FULL) -> Bytes:
    """The part of the panel that the picture should fill; the rest is background."""
    panel = layout.panel("logo", 0, depth)
    assert len(panel) == -(-height // 8) * 8
    assert (panel[:, width:] == panel[0, -1]).all()
    return panel[:height, :width]


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_natural_size(run: Run, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"logo.{suffix}"
    image = Image.fromarray(blocks(64, 32))
    if suffix == "png":
        image.save(file)
    else:
        image.save(file, quality=100, subsampling=0)
    off = np.abs(shown(logo(run, file), 64, 32).astype(int) - blocks(64, 32))
    # JPEG rings where colors meet, even at its best quality.
    assert off.max() <= (0 if suffix == "png" else 8)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"image_width": 128}, (128, 64)),
        ({"image_height": 96}, (192, 96)),
        ({"image_width": 32}, (32, 16)),
        ({"image_width": 150, "image_height": 32}, (64, 32)),
        ({"image_width": 20, "image_height": 200}, (20, 10)),
    ],
)
def test_the_aspect_is_kept(run: Run, tmp_path: Path, options: dict[str, Any], size: tuple[int, int]) -> None:
    file = tmp_path / "logo.png"
    Image.fromarray(blocks(64, 32)).save(file)
    picture = shown(logo(run, file, colors=128, **options), *size)
    # The four colors meet in the middle; the corners are uniform.
    assert (picture[0, 0] == (200, 30, 40)).all()
    assert (picture[-1, -1] == (240, 200, 20)).all()
    half = size[0] // 2, size[1] // 2
    for y, x in ((0, 0), (0, 1), (1, 0), (1, 1)):
        wanted = blocks(2, 2)[y, x].astype(int)
        part = picture[y * half[1] : (y + 1) * half[1], x * half[0] : (x + 1) * half[0]]
        assert np.abs(part.astype(int).mean(axis=(0, 1)) - wanted).max() <= 8


def test_whole_factors_keep_pixels_sharp(run: Run, tmp_path: Path) -> None:
    file, pattern = tmp_path / "logo.png", (np.indices((5, 7)).sum(axis=0) % 2 * 255).astype(np.uint8)
    Image.fromarray(pattern).save(file)
    picture = shown(logo(run, file, image_width=21), 21, 15)
    assert (picture == np.kron(pattern, np.ones((3, 3)))[..., None]).all()


def test_other_factors_average(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "logo.png"
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(file)
    picture = shown(logo(run, file, image_width=5), 5, 2)
    assert picture[0, :, 0].tolist() in ([0, 0, 127, 255, 255], [0, 0, 128, 255, 255])


def test_a_smaller_box_makes_the_picture_smaller(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "logo.png"
    Image.fromarray(blocks(64, 32)).save(file)
    panel = logo(run, file, width=40, height=24).panel("logo", 0)
    assert panel.shape[:2] == (24, 40)
    inked = (panel != WHITE).any(axis=2)
    assert inked.sum() == 40 * 20
    assert inked.any(axis=0).all()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_transparency_shows_the_background(run: Run, tmp_path: Path, theme: str) -> None:
    file, rgba = tmp_path / "logo.png", np.zeros((16, 24, 4), np.uint8)
    rgba[:, 8:] = (200, 40, 80, 128)
    rgba[:, 16:, 3] = 255
    Image.fromarray(rgba).save(file)
    background = np.array({"light": (255, 255, 255), "dark": (18, 20, 24)}[theme])
    picture = shown(logo(run, file, {"base": theme}), 24, 16).astype(int)
    assert (picture[:, :8] == background).all()
    assert np.abs(picture[:, 8:16] - (background * 127 + np.array([200, 40, 80]) * 128) / 255).max() <= 1
    assert (picture[:, 16:] == (200, 40, 80)).all()


@pytest.mark.parametrize("colors", [2, 5, 32, 128])
def test_it_has_at_most_its_share_of_colors(run: Run, tmp_path: Path, colors: int) -> None:
    file = tmp_path / "photo.png"
    y, x = np.mgrid[0:64, 0:64] * 4
    photo = np.stack([x, y, (x + y) // 2], axis=2).astype(np.uint8)
    photo[:8, :8] = WHITE
    Image.fromarray(photo).save(file)
    layout = logo(run, file, colors=colors)
    assert (shown(layout, 64, 64) == photo).all()
    picture = shown(layout, 64, 64, ColorDepth.EIGHT_BIT)
    found = np.unique(picture.reshape(-1, 3), axis=0)
    assert colors / 2 < len(found) <= colors
    # Pixels in the background's color keep it, and more colors mean smaller errors.
    assert (picture[:8, :8] == WHITE).all()
    assert np.abs(picture.astype(int) - photo).mean() < {2: 60, 5: 45, 32: 20, 128: 10}[colors]


def test_the_exif_orientation_is_applied(run: Run, tmp_path: Path) -> None:
    file, exif = tmp_path / "photo.png", Image.Exif()
    exif[0x0112] = 6  # the top row is to the right
    Image.fromarray(blocks(64, 32)).save(file, exif=exif)
    picture = shown(logo(run, file), 32, 64)
    assert (picture == np.rot90(blocks(64, 32), -1)).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pictures_of_every_mode(run: Run, tmp_path: Path, mode: str) -> None:
    file, values = tmp_path / "logo.png", np.zeros((8, 16), np.uint8)
    values[:, 8:] = 255
    if mode == "I;16":
        Image.fromarray(values.astype(np.uint16) * 257).save(file)
    else:
        Image.fromarray(values).convert(mode).save(file)
    picture = shown(logo(run, file), 16, 8)
    assert (picture[..., 0] == values).all()
    assert (picture[..., 1] == values).all()


def header(width: int, height: int) -> bytes:
    """A PNG whose header claims a size, with almost no pixels."""
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", size), (b"IDAT", zlib.compress(bytes(100))))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def test_invalid_pictures(run: Run, tmp_path: Path) -> None:
    whole = tmp_path / "whole.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)).save(whole)
    files = {
        "missing.png": (None, "does not exist"),
        "words.png": (b"no picture at all", "neither a PNG nor a JPEG"),
        "empty.png": (b"", "neither a PNG nor a JPEG"),
        "cut.png": (whole.read_bytes()[:2000], "cannot be read as a picture"),
        "large.png": (header(10_000, 5_001), "more than 50 million pixels"),
        "huge.png": (header(60_000, 60_000), "more than 50 million pixels"),
    }
    for name, (content, words) in files.items():
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(TemplateError, match=f"file: .*{name}.*{words}"):
            logo(run, file)
    with pytest.raises(TemplateError, match="cannot be read as a picture"):
        logo(run, tmp_path)


@pytest.mark.parametrize("options", [{"colors": 1}, {"colors": 129}, {"image_width": 0}, {"file": ""}])
def test_invalid_options(run: Run, tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        lay_out(run, {"image": {"file": str(tmp_path / "logo.png")} | options})
