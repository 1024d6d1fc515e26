"""PDF stills: one page with text, embedded fonts and images that are not interpolated."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTCollection, TTFont
from PIL import Image

from reelnet.reel import Reel, Run
from reelnet.render.text_runs import own_font
from tests.looks.shapes import write_shape
from tests.make_run import MakeRun
from tests.rendering import to_pixels

needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="needs pdftoppm of poppler-utils")

SHAPES = ["digits", "pictures", "series", "vectors", "gaps", "transformer"]
FAR, MAX_FAR = 64, 0.05
"""Difference of two colors that one sees, and share of pixels that may have it: at the edges of letters."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Ten digits."""
    return write_shape(tmp_path_factory.mktemp("runs"), "digits")


def test_page_has_the_width_on_paper(run: Run, tmp_path: Path) -> None:
    report = run.reel("article").save_still(0, tmp_path / "a.pdf", width="17cm")
    data = (tmp_path / "a.pdf").read_bytes()
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", data)
    assert box is not None
    assert float(box[1]) == pytest.approx(17 / 2.54 * 72, abs=0.01)
    assert report.width == round(17 / 2.54 * 96)
    assert report.height / report.width == pytest.approx(float(box[2]) / float(box[1]), abs=1e-2)


def test_fonts_are_embedded_and_images_not_interpolated(run: Run, tmp_path: Path) -> None:
    run.reel("article").save_still(0, tmp_path / "a.pdf")
    data = (tmp_path / "a.pdf").read_bytes()
    fonts = re.findall(rb"/FontName /([^ ]+)", data)
    assert fonts
    assert all(b"OpenSans" in font for font in fonts)
    assert data.count(b"/FontFile2") == len(fonts)
    assert data.count(b"/Subtype /Image") >= 40
    assert b"/Interpolate true" not in data
    assert b"/CreationDate" not in data


def test_settings_of_the_user_change_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.reel("flow").save_still(60, tmp_path / "a.pdf")
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "matplotlibrc").write_text("text.usetex: True\npdf.fonttype: 3\nsavefig.bbox: tight\n")
    code = f"import reelnet; reelnet.open({run.location!r}).reel('flow').save_still(60, 'b.pdf')"
    environment = {"MPLCONFIGDIR": str(folder), "PYTHONHASHSEED": "5", "PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


@needs_poppler
def test_text_can_be_selected(run: Run, tmp_path: Path) -> None:
    run.reel("article").save_still(60, tmp_path / "a.pdf")
    text = subprocess.run(
        ["pdftotext", "-layout", "a.pdf", "-"], cwd=tmp_path, capture_output=True, check=True, text=True
    ).stdout
    assert re.search(r"step +60", text)
    assert "similar" in text.lower()


@needs_poppler
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("template", ["article", "flow"])
def test_page_looks_like_the_frame(tmp_path: Path, shape: str, template: str) -> None:
    run = write_shape(tmp_path, shape)
    reel, step = run.reel(template, density=2), run.steps[len(run.steps) // 2]
    reel.save_still(step, tmp_path / "a.pdf")
    assert measure_difference(reel, step, tmp_path) < MAX_FAR


def measure_difference(reel: Reel, step: int, folder: Path) -> float:
    """The share of pixels in which the page `a.pdf` of a folder differs visibly from a frame."""
    frame = to_pixels(reel.frame(step))
    height, width = frame.shape[:2]
    size = ["-scale-to-x", str(width), "-scale-to-y", str(height)]
    subprocess.run(["pdftoppm", "-png", "-singlefile", *size, "a.pdf", "page"], cwd=folder, check=True)
    with Image.open(folder / "page.png") as page:
        difference = np.abs(to_pixels(page.convert("RGB")).astype(int) - frame).max(axis=-1)
    return float((difference > FAR).mean())


def test_fonts_with_postscript_outlines_are_drawn(make_run: MakeRun, tmp_path: Path) -> None:
    font = write_postscript_font(tmp_path / "own.otf")
    run, step = make_run(), 0
    reel = run.reel("article", density=2, settings=[f"theme.font={font}", f"theme.font_bold={font}"])
    reel.save_still(step, tmp_path / "a.pdf")
    names = re.findall(rb"/FontName /([^ ]+)", (tmp_path / "a.pdf").read_bytes())
    assert not any(b"Own" in name for name in names)
    if shutil.which("pdftoppm") is not None:
        assert measure_difference(reel, step, tmp_path) < MAX_FAR


def test_fonts_of_collections_and_compressed_ones_are_embedded(make_run: MakeRun, tmp_path: Path) -> None:
    fonts = [TTFont(own_font(bold=is_bold).file) for is_bold in (False, True)]
    collection = TTCollection()
    collection.fonts = fonts
    collection.save(tmp_path / "own.ttc")
    fonts[0].flavor = "woff"
    fonts[0].save(tmp_path / "own.woff")
    run = make_run()
    for name in ("own.ttc", "own.woff"):
        run.reel("article", settings=[f"theme.font={tmp_path / name}"]).save_still(0, tmp_path / "a.pdf")
        names = re.findall(rb"/FontName /([^ ]+)", (tmp_path / "a.pdf").read_bytes())
        assert any(found.endswith(b"OpenSans") for found in names)


def write_postscript_font(path: Path) -> Path:
    """A font whose letters and digits are rectangles drawn by PostScript's operators."""
    names = {chr(code): f"u{code}" for code in range(32, 127)}
    pen = T2CharStringPen(500, None)
    pen.moveTo((50, 0))
    for point in ((50, 700), (450, 700), (450, 0)):
        pen.lineTo(point)
    pen.closePath()
    outline = pen.getCharString()
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap({ord(character): name for character, name in names.items()})
    builder.setupCFF("Own", {}, dict.fromkeys([".notdef", *names.values()], outline), {})
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names.values()], (500, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Own", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.save(path)
    return path
