"""SVG stills: text is text, maps are exact images, and nothing is loaded or run."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from reelnet.reel import Run
from reelnet.render.description.items import CellsItem
from tests.looks.shapes import write_shape
from tests.make_run import Bytes, MakeRun, noise

SVG = "{http://www.w3.org/2000/svg}"


def save_svg(run: Run, path: Path, template: str = "article", step: int = -1) -> ElementTree.Element:
    run.reel(template).save_still(run.steps[step], path)
    return ElementTree.fromstring(path.read_text("utf-8"))


def decode_images(svg: ElementTree.Element) -> list[Bytes]:
    images = []
    for image in svg.iter(f"{SVG}image"):
        kind, _, data = str(image.get("href")).partition("base64,")
        assert kind == "data:image/png;"
        with Image.open(io.BytesIO(base64.b64decode(data))) as opened:
            images.append(np.asarray(opened))
    return images


def test_text_is_text_with_its_font_inside(tmp_path: Path) -> None:
    svg = save_svg(write_shape(tmp_path, "digits"), tmp_path / "a.svg")
    texts = [text.text or "" for text in svg.iter(f"{SVG}text")]
    assert {"input", "says", "of 60", "step"} <= set(texts)
    style = svg.findtext(f"{SVG}style") or ""
    fonts = [part.partition(")")[0] for part in style.split("base64,")[1:]]
    characters: set[int] = set()
    for font in fonts:
        with TTFont(io.BytesIO(base64.b64decode(font))) as opened:
            characters |= set(opened.getBestCmap())
    assert set(map(ord, "".join(texts))) <= characters
    # Only what is used, not all that Open Sans has.
    assert len(characters) < 100


def test_maps_are_images_of_one_pixel_per_value(tmp_path: Path) -> None:
    run = write_shape(tmp_path, "gaps")
    svg = save_svg(run, tmp_path / "a.svg")
    rendition = run.reel("article", density=4).rendition
    items = [item for panel in rendition.describe_step(run.steps[-1]) for item in panel.items]
    cells = [item for item in items if isinstance(item, CellsItem)]
    expected = {
        rendition.palette_rgb[indices].tobytes()
        for item in cells
        for indices in item.indices.reshape(-1, *item.indices.shape[2:])
    }
    drawn = {image[..., :3].tobytes() for image in decode_images(svg)}
    assert expected <= drawn
    styles = {image.get("style") for image in svg.iter(f"{SVG}image")}
    assert "image-rendering: pixelated" in str(svg.findall(f"{SVG}g")[0].get("style"))
    assert None in styles


@pytest.mark.parametrize(("width", "written"), [("17cm", 17 / 2.54), ("640px", 640 / 96), ("3in", 3)])
def test_width_is_that_on_paper(make_run: MakeRun, tmp_path: Path, width: str, written: float) -> None:
    reel = make_run().reel("article")
    reel.save_still(0, tmp_path / "a.svg", width=width)
    svg = ElementTree.fromstring((tmp_path / "a.svg").read_text("utf-8"))
    box = [float(part) for part in str(svg.get("viewBox")).split()]
    sides = [float(str(svg.get(side)).removesuffix("in")) for side in ("width", "height")]
    assert sides[0] == pytest.approx(written, abs=1e-3)
    assert sides[1] / sides[0] == pytest.approx(box[3] / box[2], abs=1e-3)


def test_pictures_of_one_page_have_names_of_their_own(make_run: MakeRun, tmp_path: Path) -> None:
    run, names = make_run(metrics={"train_loss": [2.0, 1.5, 1.0, 0.5, 0.1]}), list[set[str]]()
    for step in (1, 2):
        svg = save_svg(run, tmp_path / "a.svg", step=step)
        clips = {str(clip.get("id")) for clip in svg.iter(f"{SVG}clipPath")}
        names.append(clips | {str(text.get("class")) for text in svg.iter(f"{SVG}text")})
    assert names[0]
    assert not names[0] & names[1]


def test_names_from_outside_do_nothing(make_run: MakeRun, tmp_path: Path) -> None:
    names = ['<script>alert("1")</script>', "a&b\x1b]0;x\x07", "]]> -->", "$x^2$"]
    run = make_run(taps=noise(3, 4, 2, 4), labels=names)
    svg = save_svg(run, tmp_path / "a.svg")
    kinds = {element.tag.removeprefix(SVG) for element in svg.iter()}
    assert kinds <= {"svg", "g", "title", "style", "clipPath", "rect", "text", "image", "path", "circle"}
    assert not any(name.startswith("on") for element in svg.iter() for name in element.attrib)
    links = [value for element in svg.iter() for name, value in element.attrib.items() if "href" in name]
    assert all(link.startswith("data:image/png;base64,") for link in links)


@pytest.mark.parametrize("label", ["שלום", "مرحبا", "日本語", "\U0010fffd?"])
def test_any_script_is_drawn(make_run: MakeRun, tmp_path: Path, label: str) -> None:
    run = make_run(taps=noise(3, 2, 2, 16), labels=[label, "a"])
    frame = run.reel("article", density=1).frame(0)
    svg = save_svg(run, tmp_path / "a.svg", step=0)
    # Letters that are joined or missing are pictures; what is text must be the label itself.
    texts = [text.text for text in svg.iter(f"{SVG}text")]
    pictures = [image for image in decode_images(svg) if image.shape[2] == 4]
    assert label in texts or pictures
    assert frame.size[0] > 0


def test_the_same_frame_gives_the_same_bytes(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    for name in ("a.svg", "b.svg"):
        save_svg(run, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
