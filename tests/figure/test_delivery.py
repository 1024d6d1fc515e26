"""Where figures are shown: values as the browser decodes them, files on a web server, frames and notebooks."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Frame, Page

from reelnet.export.html import figure as figure_module
from reelnet.export.html.embed import write_embedding
from reelnet.reel import Run
from tests.export.html.reading import ReadFigure
from tests.figure.browser import open_page, to_address, wait_for_maps, wait_until
from tests.figure.conftest import STEPS
from tests.make_run import Bytes

DECODE = """async (name) => {
  const { loadLevels, readScene } = await import("./scene.js");
  const figure = new DOMParser().parseFromString(await (await fetch(name)).text(), "text/html");
  document.body.replaceChildren(...figure.querySelectorAll("script[id]"));
  const scene = await readScene();
  const found = [];
  for (const layer of scene.layers) {
    const levels = await loadLevels(scene, layer, () => {});
    const ends = [...layer.maps.slice(1).map(({ offset }) => offset), levels.length];
    for (const [number, { offset }] of layer.maps.entries()) {
      const digest = await crypto.subtle.digest("SHA-256", levels.subarray(offset, ends[number]));
      found.push([...new Uint8Array(digest)].map((each) => each.toString(16).padStart(2, "0")).join(""));
    }
  }
  return found;
}"""
"""The checksum of each block of maps of a figure, decoded by the script of the package."""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files, and says nothing."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """A web server for a folder; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def read_pixels(page: Page | Frame) -> list[Any]:
    """The pixels of the maps that the page has drawn."""
    script = "() => [...document.querySelectorAll('canvas')].map((each) => each.toDataURL())"
    return list(page.evaluate(script))


def shows(page: Page | Frame, pixels: list[Any]) -> bool:
    """Whether the page has drawn these pixels."""
    return read_pixels(page) == pixels


def seek(page: Page | Frame, index: int) -> None:
    page.locator("input[type=range]").evaluate(
        "(slider, index) => { slider.value = index; slider.dispatchEvent(new Event('input')); }", index
    )


def compute_digest(levels: Bytes) -> str:
    """The checksum of levels (step, sample, channel, y, x) in the order of a file."""
    return hashlib.sha256(levels.transpose(2, 3, 4, 1, 0).tobytes()).hexdigest()


@pytest.fixture(scope="session")
def figures(figure_run: Run, layers_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with figures of several kinds, and the script that reads them."""
    folder = tmp_path_factory.mktemp("figures")
    shutil.copyfile(layers_file, folder / "article.html")
    for template in ("barcode", "evolution", "filmstrip", "plain"):
        figure_run.reel(template, layer="conv2", density=1).save(folder / f"{template}.html")
    (folder / "scene.js").write_bytes(files("reelnet").joinpath("figure", "scene.js").read_bytes())
    (folder / "index.html").write_text("<!doctype html><body>")
    return folder


@pytest.mark.parametrize("name", ["article", "barcode", "evolution", "filmstrip", "plain"])
def test_values_decoded_in_the_page_are_those_of_the_run(
    browser: Browser, figures: Path, figure_run: Run, name: str
) -> None:
    figure = ReadFigure.read(figures / f"{name}.html")
    expected, recorded = [], 0
    for number, layer in enumerate(figure.scene["layers"]):
        for place, block in enumerate(layer["maps"]):
            levels = figure.levels(number, place)
            expected.append(compute_digest(levels))
            if block["still"] or "revealed" in block:
                continue
            # Values of the recorded steps as they are.
            shown = figure_run.read(block["tap"])[:, block["samples"]][:, :, block["channels"]]
            count = len(block["colors"]["light"]) // 6
            exact = np.rint((shown.astype(np.float64) + 1) / 2 * (count - 1)).astype(np.uint8)
            assert compute_digest(exact) == expected[-1]
            recorded += 1
    assert recorded >= {"article": 2, "plain": 1}.get(name, 0)
    with serve(figures) as address, open_page(browser, f"{address}/index.html") as opened:
        assert opened.page.evaluate(DECODE, f"{name}.html") == expected


def test_split_figures_load_their_values_from_a_server(
    browser: Browser, figure_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reel = figure_run.reel("plain", layer="conv2", density=1)
    reel.save(tmp_path / "whole.html")
    monkeypatch.setattr(figure_module, "CHUNK_STEPS", 5)
    reel.save(tmp_path / "a b.html", split=True)
    assert len([*(tmp_path / "a b.data").iterdir()]) == 3
    with serve(tmp_path) as address, open_page(browser, f"{address}/a b.html") as split:
        wait_for_maps(split.page)
        wait_until(lambda: len(split.requests) == 4)
        with open_page(browser, to_address(tmp_path / "whole.html")) as whole:
            wait_for_maps(whole.page)
            for index in (0, 4, 5, STEPS - 1):
                seek(whole.page, index)
                seek(split.page, index)
                expected = read_pixels(whole.page)
                wait_until(partial(shows, split.page, expected))
        assert split.errors == []


@pytest.mark.parametrize("width", [320, 480, 800, 1100])
def test_frames_on_a_page_need_no_scrolling(
    browser: Browser, figure_run: Run, figure_file: Path, width: int
) -> None:
    size = figure_run.reel("article", layer="conv2", density=1).scene.size
    least = ReadFigure.read(figure_file).scene["layers"][0]["least"]
    line = write_embedding(figure_file.name, size.width, size.height, least)
    host = figure_file.with_name(f"host-{width}.html")
    host.write_text(f'<!doctype html><body style="margin: 0">{line}')
    with open_page(browser, to_address(host), (width, 900)) as opened:
        frame = opened.page.frames[1]
        wait_for_maps(frame)
        inside = frame.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )
        outside = frame.evaluate("[innerWidth, innerHeight]")
        assert inside[0] <= outside[0]
        assert inside[1] <= outside[1]
        # A page that asks for the height can give the picture all of the width.
        opened.page.evaluate(
            """() => {
              const frame = document.querySelector("iframe");
              addEventListener("message", ({ data }) => { frame.style.height = `${data.height}px`; });
              frame.style.aspectRatio = "auto";
              frames[0].postMessage("reelnet-height", "*");
            }"""
        )
        picture = "document.querySelector('.picture').clientWidth"
        wait_until(lambda: frame.evaluate(picture) > 0.89 * min(width, size.width))
        assert frame.evaluate("document.documentElement.scrollHeight <= innerHeight + 1")


def test_a_notebook_page_shows_the_figure(browser: Browser, figure_run: Run, tmp_path: Path) -> None:
    reel = figure_run.reel("article", layer="conv2")
    # As `jupyter nbconvert --to html` writes the output of a cell.
    output = f'<div class="jp-OutputArea-output" style="overflow: auto">{reel._repr_html_()}</div>'
    (tmp_path / "notebook.html").write_text(f"<!doctype html><meta charset='utf-8'>{output}", "utf-8")
    for size in ((900, 1000), (900, 500), (400, 900)):
        with open_page(browser, to_address(tmp_path / "notebook.html"), size) as opened:
            frame = opened.page.frames[1]
            wait_for_maps(frame)
            box = opened.page.locator("iframe").bounding_box()
            assert box is not None
            assert box["height"] <= 0.8 * size[1] + 1
            assert box["x"] + box["width"] <= size[0]
            assert frame.evaluate("document.documentElement.scrollHeight <= innerHeight + 1")
            seek(frame, 3)
            text = f"step 3 of {STEPS - 1}"
            assert frame.locator("input").get_attribute("aria-valuetext") == text
            assert opened.errors == []


def test_texts_in_narrow_notebooks_can_be_read(browser: Browser, figure_run: Run, tmp_path: Path) -> None:
    reel = figure_run.reel("overview", density=1)
    reel.save(tmp_path / "a.html")
    figure = ReadFigure.read(tmp_path / "a.html").scene
    page = f"<!doctype html><meta charset='utf-8'>{reel._repr_html_()}"
    (tmp_path / "notebook.html").write_text(page, "utf-8")
    with open_page(browser, to_address(tmp_path / "notebook.html"), (400, 900)) as opened:
        frame = opened.page.frames[1]
        wait_for_maps(frame)
        shown = frame.evaluate("document.querySelector('.picture').clientWidth")
        assert shown > 0.9 * figure["size"][0] * figure["layers"][0]["least"]
        assert frame.evaluate("document.documentElement.scrollHeight <= innerHeight + 1")


def test_hostile_names_do_nothing(browser: Browser, figure_run: Run, tmp_path: Path) -> None:
    attack = "</script><img src=x onerror='document.title=1'><script>document.title=2</script>"
    settings = [f"panels.title.text={json.dumps(attack)}"]
    figure_run.reel("article", layer="conv2", density=1, settings=settings).save(tmp_path / "a.html")
    with open_page(browser, to_address(tmp_path / "a.html")) as opened:
        wait_for_maps(opened.page)
        title = opened.page.title()
        assert title.startswith("conv2 of")
        assert opened.page.locator("img").count() == 0
        # The title is on two lines.
        shown = str(opened.page.locator("svg").first.text_content())
        assert attack.replace(" ", "") in shown.replace(" ", "")
        assert opened.errors == []
