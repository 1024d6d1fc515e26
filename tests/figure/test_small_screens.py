"""Figures where there is little room: phones, narrow columns and paper; and pictures on dense screens."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

from reelnet.export.html.embed import write_embedding
from reelnet.reel import Run
from tests.export.html.reading import ReadFigure
from tests.figure.browser import OpenPage, open_page, to_address, wait_for_maps, wait_until
from tests.figure.conftest import STEPS, make_maps, make_metrics
from tests.make_run import write_run

MIN_TEXT, WHOLE_FACTOR_SHARE = 8, 0.9
"""CSS pixels of the smallest text, and how much of its size may be given up for whole factors of the maps."""

PHONES = [(320, 568), (375, 667)]


@pytest.fixture(scope="session")
def wide_file(figure_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A figure that is much wider than a phone."""
    file = tmp_path_factory.mktemp("wide") / "wide.html"
    figure_run.reel("overview", density=1).save(file)
    return file


@contextmanager
def open_phone(browser: Browser, file: Path, size: tuple[int, int], **options: Any) -> Iterator[OpenPage]:
    """Open a figure on a phone."""
    with open_page(browser, to_address(file), size, has_touch=True, is_mobile=True, **options) as opened:
        wait_for_maps(opened.page)
        yield opened


def read_number(opened: OpenPage, script: str) -> float:
    return float(opened.page.evaluate(script))


@pytest.mark.parametrize("size", PHONES)
def test_texts_of_wide_figures_can_be_read(browser: Browser, wide_file: Path, size: tuple[int, int]) -> None:
    sizes = [item[5] for item in ReadFigure.read(wide_file).items(STEPS - 1) if item[0] == "t"]
    with open_phone(browser, wide_file, size) as opened:
        picture = opened.page.locator(".picture").bounding_box()
        width = ReadFigure.read(wide_file).scene["size"][0]
        assert picture is not None
        assert min(sizes) * picture["width"] / width > WHOLE_FACTOR_SHARE * MIN_TEXT
        # The picture is scrolled in its stage, from side to side alone; the page is not.
        assert read_number(opened, "document.documentElement.scrollWidth") == size[0]
        hidden = "({clientWidth, scrollWidth}) => scrollWidth - clientWidth"
        assert read_number(opened, f"({hidden})(document.querySelector('.stage'))") > 100
        tall = "({clientHeight, scrollHeight}) => scrollHeight - clientHeight"
        assert read_number(opened, f"({tall})(document.querySelector('.stage'))") == 0


def test_edges_hint_at_what_is_beyond(browser: Browser, wide_file: Path) -> None:
    with open_phone(browser, wide_file, (375, 667)) as opened:
        hint = "(side) => getComputedStyle(document.querySelector('.view'), side).content"
        assert [opened.page.evaluate(hint, side) for side in ("::before", "::after")] == ["none", '"‹"']
        opened.page.evaluate("document.querySelector('.stage').scrollLeft = 9999")
        wait_until(lambda: opened.page.evaluate(hint, "::after") == "none")
        assert opened.page.evaluate(hint, "::before") == '"‹"'


def test_keys_bring_values_into_view(browser: Browser, wide_file: Path) -> None:
    with open_phone(browser, wide_file, (375, 667)) as opened:
        opened.page.keyboard.press("Tab")
        for _ in range(40):
            opened.page.keyboard.press("ArrowRight")
        assert read_number(opened, "document.querySelector('.stage').scrollLeft") > 0
        mark = opened.page.locator(".mark").bounding_box()
        assert mark is not None
        assert mark["x"] >= 0
        assert mark["x"] + mark["width"] <= 375


@pytest.mark.parametrize("size", [*PHONES, (667, 375)])
def test_a_cell_that_is_enlarged_leaves_the_controls_free(
    browser: Browser, figure_file: Path, size: tuple[int, int]
) -> None:
    with open_phone(browser, figure_file, size) as opened:
        opened.page.locator(".picture canvas").last.tap(position={"x": 4, "y": 4})
        box, controls = (opened.page.locator(each).bounding_box() for each in ("dialog[open]", ".controls"))
        assert box is not None
        assert controls is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= controls["y"]


@pytest.mark.parametrize("size", [(1280, 800), (800, 700), (800, 500), (667, 375)])
def test_an_enlarged_cell_shows_all_of_its_chart_while_steps_are_compared(
    browser: Browser, figure_file: Path, size: tuple[int, int]
) -> None:
    with open_page(browser, to_address(figure_file), size) as opened:
        wait_for_maps(opened.page)
        opened.page.get_by_role("button", name="Compare").click()
        opened.page.locator(".picture canvas").last.click(position={"x": 4, "y": 4})
        names = ("dialog", "dialog canvas", "dialog .chart", ".controls")
        dialog, canvas, chart, controls = (opened.page.locator(each).bounding_box() for each in names)
        assert dialog is not None
        assert canvas is not None
        assert chart is not None
        assert controls is not None
        assert canvas["height"] == pytest.approx(canvas["width"], abs=1)
        assert canvas["height"] >= 48
        assert chart["y"] >= canvas["y"] + canvas["height"]
        assert chart["y"] + chart["height"] <= dialog["y"] + dialog["height"] <= controls["y"]


@pytest.mark.parametrize("width", [320, 640, 800])
def test_long_names_of_layers_leave_room_for_the_slider(browser: Browser, tmp_path: Path, width: int) -> None:
    names = [f"encoder.layers.{number}.self_attention.output.dense" for number in (10, 11)]
    run = write_run(
        tmp_path / "run",
        dict.fromkeys(names, (4, 3, 5, 5)),
        values={layer: partial(make_maps, layer) for layer in names},
        layer=names[0],
        steps=range(STEPS),
        metrics=make_metrics,
    )
    run.reel("plain", density=1).save(tmp_path / "a.html", layers="all")
    with open_page(browser, to_address(tmp_path / "a.html"), (width, 800)) as opened:
        wait_for_maps(opened.page)
        slider = opened.slider.bounding_box()
        assert slider is not None
        assert slider["width"] >= 120
        assert read_number(opened, "document.documentElement.scrollWidth") == width


def test_pictures_that_are_compared_fit_the_window_with_their_captions(
    browser: Browser, figure_run: Run, tmp_path: Path
) -> None:
    figure_run.reel("plain", density=1).save(tmp_path / "a.html")
    for size in ((500, 700), (1280, 600)):
        with open_page(browser, to_address(tmp_path / "a.html"), size) as opened:
            wait_for_maps(opened.page)
            opened.page.get_by_role("button", name="Compare").click()
            assert read_number(opened, "document.documentElement.scrollHeight - innerHeight") <= 1


@pytest.mark.parametrize("size", PHONES)
def test_controls_stay_in_the_window(browser: Browser, figure_file: Path, size: tuple[int, int]) -> None:
    with open_phone(browser, figure_file, size) as opened:
        opened.page.get_by_role("button", name="Compare").click()
        assert read_number(opened, "document.documentElement.scrollHeight") > size[1]
        for top in (0, 200, 9999):
            opened.page.evaluate("(top) => scrollTo(0, top)", top)
            controls = opened.page.locator(".controls").bounding_box()
            assert controls is not None
            assert controls["y"] + controls["height"] <= size[1] + 1


def test_pictures_that_are_compared_are_below_each_other_where_texts_would_be_small(
    browser: Browser, wide_file: Path
) -> None:
    for width, is_side_by_side in ((800, False), (1700, True)):
        with open_page(browser, to_address(wide_file), (width, 900)) as opened:
            wait_for_maps(opened.page)
            opened.page.get_by_role("button", name="Compare").click()
            before, now = (each.bounding_box() for each in opened.page.locator(".picture").all())
            assert before is not None
            assert now is not None
            assert (before["y"] == now["y"]) == is_side_by_side


@pytest.mark.parametrize("width", [320, 640])
def test_narrow_columns_are_high_enough(browser: Browser, wide_file: Path, width: int) -> None:
    figure = ReadFigure.read(wide_file).scene
    (across, high), least = figure["size"], figure["layers"][0]["least"]
    host = wide_file.with_name(f"host-{width}.html")
    line = write_embedding(wide_file.name, across, high, least)
    host.write_text(f'<!doctype html><meta name="viewport" content="width=device-width"><body>{line}')
    with open_page(browser, to_address(host), (width, 900)) as opened:
        frame = opened.page.frames[1]
        wait_for_maps(frame)
        shown = "document.querySelector('.picture').clientWidth"
        assert frame.evaluate(shown) > WHOLE_FACTOR_SHARE * across * least
        assert frame.evaluate("document.documentElement.scrollHeight - innerHeight") <= 1
        # The height that the page gets on request is that of the figure.
        opened.page.evaluate(
            """() => {
              addEventListener("message", ({ data }) => { document.title = data.height; });
              frames[0].postMessage("reelnet-height", "*");
            }"""
        )
        wait_until(lambda: opened.page.title() != "")
        content = frame.evaluate("document.querySelector('#figure').offsetHeight")
        assert float(opened.page.title()) == pytest.approx(content, abs=1)


needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="needs pdftoppm of poppler-utils")


@needs_poppler
@pytest.mark.parametrize("kind", ["narrow", "wide"])
def test_paper_has_the_whole_step_on_one_light_page(
    browser: Browser, figure_file: Path, wide_file: Path, tmp_path: Path, kind: str
) -> None:
    file = figure_file if kind == "narrow" else wide_file
    with open_page(browser, to_address(file, "step=4"), (375, 667), color_scheme="dark") as opened:
        wait_for_maps(opened.page)
        opened.page.get_by_role("button", name="Compare").click()
        opened.seek(7)
        opened.page.pdf(path=tmp_path / "a.pdf", format="A4", print_background=False)
        assert opened.page.evaluate("document.querySelector('.picture').dataset.scheme") == "dark"
    text = subprocess.run(
        ["pdftotext", "a.pdf", "-"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert text.stdout.count("\f") == 1
    assert "7" in text.stdout
    assert "Before" not in text.stdout
    subprocess.run(["pdftoppm", "-png", "-singlefile", "-r", "50", "a.pdf", "page"], cwd=tmp_path, check=True)
    page = np.asarray(Image.open(tmp_path / "page.png").convert("L"))
    assert np.median(page) == 255
    # Nothing is cut off: the edges of the paper are empty.
    assert all(edge.min() == 255 for edge in (page[:2], page[-2:], page[:, :2], page[:, -2:]))
    assert page.min() < 100


@pytest.fixture(scope="session")
def picture_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on photos of 96 × 96 pixels."""
    smooth = np.linspace(0, 255, 96)
    photo = np.stack([np.broadcast_to(smooth, (96, 96)), np.broadcast_to(smooth[:, None], (96, 96))], axis=-1)
    noise = np.random.default_rng(0).integers(0, 255, (4, 96, 96, 1))
    photos = np.concatenate([np.broadcast_to(photo, (4, 96, 96, 2)), noise], axis=-1).astype(np.uint8)
    return write_run(
        tmp_path_factory.mktemp("pictures") / "run",
        {"conv1": (4, 3, 5, 5)},
        values={"conv1": partial(make_maps, "conv1")},
        steps=range(3),
        metrics=make_metrics,
        bounds=(-1.0, 1.0),
        pictures=photos,
    )


def list_pictures(opened: OpenPage) -> list[dict[str, Any]]:
    """Width in device pixels, natural width and rendering of the samples in a figure."""
    script = """() => Promise.all([...document.querySelectorAll("image")].map(async (each) => {
      const image = new Image();
      image.src = each.getAttribute("href");
      await image.decode();
      const { width, height } = each.getBoundingClientRect();
      return {
        isSquare: width === height && width > 0,
        width: width * devicePixelRatio,
        natural: image.width,
        rendering: each.style.imageRendering,
      };
    }))"""
    # The other pictures are those of the colorbar.
    return [each for each in opened.page.evaluate(script) if each["isSquare"]]


@pytest.mark.parametrize("density", [1, 2])
def test_photos_have_the_pixels_of_the_screen(
    browser: Browser, picture_run: Run, tmp_path: Path, density: int
) -> None:
    picture_run.reel("article", layer="conv1", density=1).save(tmp_path / "a.html")
    with open_page(browser, to_address(tmp_path / "a.html"), device_scale_factor=density) as opened:
        wait_for_maps(opened.page)
        pictures = list_pictures(opened)
        assert len(pictures) == 4
        for each in pictures:
            assert each["natural"] >= min(96, each["width"] - 1)
            assert each["rendering"] == "auto"


def test_tiny_inputs_keep_their_pixels(browser: Browser, figure_file: Path) -> None:
    with open_page(browser, to_address(figure_file), device_scale_factor=2) as opened:
        wait_for_maps(opened.page)
        pictures = list_pictures(opened)
        assert len(pictures) == 4
        for each in pictures:
            assert each["natural"] < each["width"] / 3
            assert each["rendering"] == "pixelated"
